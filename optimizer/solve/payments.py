"""Who pays what, once it is settled what is built when: payments by county, system, source and period.

A linear programme with every rule of money, preferred and earlier sources first. Each project of a group is paid in
the group's proportion; whole CNY follow in :mod:`optimizer.solve.rounding`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.errors import PlanError
from optimizer.model.funding import repayment
from optimizer.problem import Problem
from optimizer.solve.lp import LinearProgramme

THOUSAND = 1e3
SHORTAGE_PRICE = 1e4
ONE_CNY = 1.0
LATER_COSTS = 1e-3

Group = tuple[int, int, int]
"""County, system, period."""
Term = tuple[int, float]


@dataclass(frozen=True)
class Shares:
    """Exact payments: ``paid`` (candidate, source, period) and ``carried`` (source, owner, period), CNY as floats."""

    paid: np.ndarray
    carried: np.ndarray


class Payments:
    """The linear programme of money for a given spending, in 10^3 CNY.

    Parameters
    ----------
    spending
        (candidate, period) int64 CNY.
    """

    def __init__(self, problem: Problem, spending: np.ndarray) -> None:
        self.problem, self.spending = problem, spending
        self.fund = {str(name): problem.funding[name].values for name in problem.funding.data_vars}
        self.county = problem.sequence["candidate_county"].values
        self.system = problem.system_of_candidate()
        self.last = problem.horizon.n_periods - 1
        self.sources = range(problem.funding.sizes["source"])
        self.programme = LinearProgramme()
        self.shortages = 0

    @cached_property
    def spent(self) -> dict[Group, int]:
        """CNY by group."""
        spent: dict[Group, int] = defaultdict(int)
        for c, t in np.argwhere(self.spending):
            spent[int(self.county[c]), int(self.system[c]), int(t)] += int(self.spending[c, t])
        return dict(sorted(spent.items()))

    @cached_property
    def paid(self) -> dict[tuple[int, int, int, int], int]:
        """Columns of payments by (source, *group)."""
        keys = [(k, *group) for group in self.spent for k in self.sources if self.fund["eligible"][k, group[1]]]
        return {key: i for i, key in enumerate(keys)}

    @cached_property
    def carried(self) -> dict[tuple[int, int, int], int]:
        """Columns of carry-over by (source, owner, period)."""
        able = (self.fund["budget"] > 0) & (self.fund["carry_over_share"] > 0)[:, None, None]
        keys = [(int(k), int(o), int(t)) for k, o, t in np.argwhere(able) if t < self.last]
        return {key: len(self.paid) + i for i, key in enumerate(keys)}

    def solve(self) -> Shares:
        """Payments that obey every rule.

        Raises
        ------
        PlanError
            If there are none, which a solved model does not let happen.
        """
        self._balances()
        self._own_shares()
        self._budgets()
        self._debt_services()
        caps = [self.fund["carry_over_share"][k] * self.fund["budget"][k, o, t] / THOUSAND for k, o, t in self.carried]
        highest = np.array([*(self._highest(key) for key in self.paid), *caps, *[np.inf] * self.shortages])
        cost = [float(self.fund["preference"][k]) * (1 + LATER_COSTS * t) for k, _, _, t in self.paid]
        weights = np.array([*cost, *[0.0] * len(caps), *[SHORTAGE_PRICE] * self.shortages])
        x = self.programme.minimise(weights, highest)
        short = np.inf if x is None else x[len(self.paid) + len(self.carried) :].sum() * THOUSAND
        if x is None or short > ONE_CNY * max(1, len(self.paid)):
            raise PlanError(
                f"payments: the plan's spending cannot be paid within the rules (short by {short:.0f} CNY)."
            )
        return self._spread(x)

    def _highest(self, key: tuple[int, int, int, int]) -> float:
        return float(self.fund["max_share"][key[0]]) * self.spent[key[1:]] / THOUSAND

    def _shortage(self, sign: float) -> Term:
        """A priced slack, so that rounding of the solver never leaves the programme empty."""
        self.shortages += 1
        return len(self.paid) + len(self.carried) + self.shortages - 1, sign

    def _balances(self) -> None:
        for group, amount in self.spent.items():
            mine = [(self.paid[k, *group], 1.0) for k in self.sources if (k, *group) in self.paid]
            self.programme.add([*mine, self._shortage(1.0)], amount / THOUSAND, amount / THOUSAND)

    def _own_shares(self) -> None:
        for group, amount in self.spent.items():
            share = float(self.fund["own_share"][group[0]])
            own = [(self.paid[k, *group], 1.0) for k in self._own if (k, *group) in self.paid]
            if share > 0:
                self.programme.add([*own, self._shortage(1.0)], share * amount / THOUSAND, np.inf)

    @property
    def _own(self) -> Iterator[int]:
        return (k for k in self.sources if self.fund["source_kind"][k] == "own")

    def _budgets(self) -> None:
        drawn: dict[tuple[int, int, int], list[Term]] = defaultdict(list)
        for (k, county, _, t), i in self.paid.items():
            drawn[k, 0 if self.fund["pooled"][k] else county + 1, t].append((i, 1.0))
        for key in sorted({*drawn, *self.carried}):
            flows = [
                *drawn.get(key, []),
                *self._kept(key, 1.0),
                *self._kept((key[0], key[1], key[2] - 1), -1.0),
            ]
            self.programme.add([*flows, self._shortage(-1.0)], -np.inf, float(self.fund["budget"][key]) / THOUSAND)

    def _kept(self, key: tuple[int, int, int], sign: float) -> list[Term]:
        return [(self.carried[key], sign)] if key in self.carried else []

    def _debt_services(self) -> None:
        drawn: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for (k, county, _, t), i in self.paid.items():
            if self.fund["source_kind"][k] == "bond":
                drawn[county].append((k, t, i))
        for county, bonds in drawn.items():
            for t in range(1, self.last + 2):
                ceiling = float(self.fund["debt_service_ceiling"][county, min(t, self.last)])
                yearly = [(i, repayment(self.problem, k, tau, t)) for k, tau, i in bonds]
                if np.isfinite(ceiling):
                    self.programme.add([*yearly, self._shortage(-1.0)], -np.inf, ceiling / THOUSAND)

    def _spread(self, x: np.ndarray) -> Shares:
        paid = np.zeros((self.spending.shape[0], len(self.sources), self.spending.shape[1]))
        for c, t in np.argwhere(self.spending):
            group = int(self.county[c]), int(self.system[c]), int(t)
            for k in self.sources:
                if (k, *group) in self.paid:
                    paid[c, k, t] = self.spending[c, t] * (x[self.paid[k, *group]] * THOUSAND / self.spent[group])
        carried = np.zeros(self.fund["budget"].shape)
        for key, i in self.carried.items():
            carried[key] = x[i] * THOUSAND
        return Shares(paid, carried)
