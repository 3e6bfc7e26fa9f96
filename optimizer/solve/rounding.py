"""Payments and carry-over in whole CNY, all sums kept.

Every exact amount goes to the whole number below or above it. Projects' payments must add up to their spending, and
budgets must hold: a network flow, whose matrix is totally unimodular, so that a vertex of it is whole (Hoffman and
Kruskal 1956) and exists because the exact amounts are a feasible flow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.errors import PlanError
from optimizer.problem import Problem
from optimizer.solve.lp import LinearProgramme
from optimizer.solve.payments import Payments, Shares

NEAR = 1e-3

Key = tuple[int, int, int]


@dataclass(frozen=True)
class WholePayments:
    """``payment`` (candidate, source, period) and ``carry_over`` (source, owner, period), int64 CNY."""

    payment: np.ndarray
    carry_over: np.ndarray


def settle_payments(problem: Problem, spending: np.ndarray) -> WholePayments:
    """Payments of a plan in whole CNY.

    Parameters
    ----------
    spending
        (candidate, period) int64 CNY.

    Raises
    ------
    PlanError
        If the spending cannot be paid within the rules.
    """
    if problem.funding.sizes["source"] == 0:
        nothing = np.zeros((spending.shape[0], 0, spending.shape[1]), np.int64)
        return WholePayments(nothing, np.zeros(problem.funding["budget"].shape, np.int64))
    return _Rounding(problem, spending, Payments(problem, spending).solve()).solve()


class _Rounding:
    def __init__(self, problem: Problem, spending: np.ndarray, shares: Shares) -> None:
        self.spending = spending
        self.pooled, self.budget = problem.funding["pooled"].values, problem.funding["budget"].values
        self.county = problem.sequence["candidate_county"].values
        self.payment = np.floor(shares.paid + NEAR).astype(np.int64)
        self.carry_over = np.floor(shares.carried + NEAR).astype(np.int64)
        self.loose = _loose(shares.paid - self.payment, 0)
        self.loose_carry = _loose(shares.carried - self.carry_over, len(self.loose))
        self.programme = LinearProgramme()

    def solve(self) -> WholePayments:
        self._add_projects()
        self._add_budgets()
        n = len(self.loose) + len(self.loose_carry)
        up = self.programme.minimise(np.zeros(n), np.ones(n))
        if up is None:
            raise PlanError("payments: no rounding to whole CNY keeps every budget.")
        for key, i in self.loose.items():
            self.payment[key] += round(up[i])
        for key, i in self.loose_carry.items():
            self.carry_over[key] += round(up[i])
        return WholePayments(self.payment, self.carry_over)

    def _add_projects(self) -> None:
        """Payments of a project in a period add up to its spending."""
        mine: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for (c, _, t), i in self.loose.items():
            mine[c, t].append((i, 1.0))
        missing = self.spending - self.payment.sum(axis=1)
        for c, t in sorted({*mine, *((int(c), int(t)) for c, t in np.argwhere(missing))}):
            self.programme.add(mine[c, t], float(missing[c, t]), float(missing[c, t]))

    def _add_budgets(self) -> None:
        """Payments and what is carried on stay within budget and what was carried over."""
        drawn: dict[Key, list[tuple[int, float]]] = defaultdict(list)
        for (c, k, t), i in self.loose.items():
            drawn[k, self._owner(c, k), t].append((i, 1.0))
        for (k, o, t), i in self.loose_carry.items():
            drawn[k, o, t].append((i, 1.0))
            drawn[k, o, t + 1].append((i, -1.0))
        for key, terms in sorted(drawn.items()):
            room = np.floor(self.budget[key] + NEAR) - self._used[key]
            self.programme.add(terms, -np.inf, float(room))

    def _owner(self, candidate: int, source: int) -> int:
        return 0 if self.pooled[source] else int(self.county[candidate]) + 1

    @cached_property
    def _used(self) -> np.ndarray:
        """CNY of each budget taken by the amounts rounded down, (source, owner, period)."""
        used = self.carry_over.copy()
        used[:, :, 1:] -= self.carry_over[:, :, :-1]
        for k, pooled in enumerate(self.pooled):
            np.add.at(used[k], np.zeros_like(self.county) if pooled else self.county + 1, self.payment[:, k, :])
        return used


def _loose(fraction: np.ndarray, first: int) -> dict[Key, int]:
    """Columns for the entries that are not whole."""
    return {(int(a), int(b), int(c)): first + i for i, (a, b, c) in enumerate(np.argwhere(fraction > NEAR))}
