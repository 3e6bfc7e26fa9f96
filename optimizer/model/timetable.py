"""When a transition may start, when it serves, what it pays in which period, and what is left of it at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.horizon import Horizon
from optimizer.problem import Lock, Problem


def split_whole(amount: int, shares: np.ndarray) -> list[int]:
    """Split whole CNY by shares: largest remainder, ties to the earlier year, sums kept."""
    exact = amount * np.asarray(shares, float)
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: amount - int(whole.sum())]] += 1
    return [int(w) for w in whole]


def residual_fraction(rate: float, lifetime: int, age: int) -> float:
    """Share of the overnight cost that an asset of some age is still worth (annuity method, formulation.md)."""
    if rate == 0:
        return (lifetime - age) / lifetime
    return (1 - (1 + rate) ** -(lifetime - age)) / (1 - (1 + rate) ** -lifetime)


@dataclass(frozen=True)
class Timetable:
    """Everything about time and money of single transitions, derived once from a Problem."""

    problem: Problem

    @property
    def horizon(self) -> Horizon:
        return self.problem.horizon

    @cached_property
    def in_flight(self) -> dict[int, Lock]:
        """Locks of works under way, by transition."""
        return {lock.transition: lock for lock in self.problem.locks if lock.kind == "in_flight"}

    @cached_property
    def starts(self) -> list[tuple[int, ...]]:
        """Periods in which each transition may start (`window`, `finished_in_horizon`); none for works in flight."""
        return [self._starts(p) for p in range(self.problem.sequence.sizes["transition"])]

    def _starts(self, p: int) -> tuple[int, ...]:
        if p in self.in_flight:
            return ()
        first, last = self._window[p]
        horizon = self.horizon
        window = [t for t in range(horizon.n_periods) if first <= horizon.starts[t] <= last]
        return tuple(t for t in window if horizon.allow_unfinished or self._finishes(p, t))

    def _finishes(self, p: int, start: int) -> bool:
        last_paid = self.horizon.starts[start] + len(self._yearly[p]) - 1
        return self.service(p, start) < self.horizon.n_periods and last_paid < self.horizon.end

    @cached_property
    def _yearly(self) -> list[list[int]]:
        """CNY paid in each construction year, trailing zeros dropped."""
        seq = self.problem.sequence
        costs, shares = seq["overnight_cost"].values, seq["spend_share"].values
        used = [row[: max(1, len(np.trim_zeros(row, "b")))] for row in shares]
        return [split_whole(int(c), row) for c, row in zip(costs, used, strict=True)]

    @cached_property
    def _lead(self) -> list[int]:
        return [int(v) for v in self.problem.sequence["lead_years"].values]

    @cached_property
    def _served(self) -> dict[int, list[int]]:
        """First period in service of a start in each period, by lead time."""
        horizon = self.problem.horizon
        return {n: [horizon.service_period(t, n) for t in range(horizon.n_periods)] for n in set(self._lead)}

    @cached_property
    def _window(self) -> list[tuple[int, int]]:
        """First and last year in which each transition's candidate may start."""
        seq = self.problem.sequence
        owner = seq["transition_candidate"].values
        first, last = seq["earliest_year"].values[owner], seq["latest_year"].values[owner]
        return [(int(a), int(b)) for a, b in zip(first, last, strict=True)]

    @cached_property
    def _life(self) -> list[int]:
        return [int(v) for v in self.problem.sequence["lifetime"].values]

    @cached_property
    def _cost(self) -> list[int]:
        return [int(v) for v in self.problem.sequence["overnight_cost"].values]

    def service(self, p: int, start: int) -> int:
        """First period in service of transition ``p`` started in period ``start``."""
        return self._served[self._lead[p]][start]

    def service_in_flight(self, p: int) -> int:
        """First period in service of a work in flight."""
        return self.horizon.first_period_from(self.in_flight[p].year)

    def under_way(self, p: int, start: int) -> range:
        """Periods in which a work counts as under way."""
        return range(start, max(start + 1, min(self.service(p, start), self.horizon.n_periods)))

    def spending(self, p: int, start: int) -> dict[int, int]:
        """CNY by period of a start: construction years and replacements within the horizon."""
        paid = self._by_period((self.horizon.starts[start] + k, a) for k, a in enumerate(self._yearly[p]))
        served = self.service(p, start)
        replaced = self._replacements(p, self.horizon.starts[served]) if served < self.horizon.n_periods else []
        return self._by_period(replaced, paid)

    def spending_in_flight(self, p: int) -> dict[int, int]:
        """CNY by period that a work in flight still costs, with replacements."""
        lock = self.in_flight[p]
        return self._by_period(self._replacements(p, lock.year), self._by_period(lock.payments))

    def _replacements(self, p: int, served_year: int) -> list[tuple[int, int]]:
        life, cost = self._life[p], self._cost[p]
        if life == 0:
            return []
        return [
            (year, cost)
            for year in range(served_year + life, self.horizon.end, life)
            if year >= self.horizon.first_year
        ]

    def _by_period(self, payments: Iterable[tuple[int, int]], into: dict[int, int] | None = None) -> dict[int, int]:
        result = dict(into or {})
        for year, amount in payments:
            period = self.horizon.period_of(year)
            if 0 <= period < self.horizon.n_periods and amount:
                result[period] = result.get(period, 0) + amount
        return result

    def residual(self, p: int, start: int) -> float:
        """CNY that a start is still worth at the end of the horizon, undiscounted."""
        served = self.service(p, start)
        if served >= self.horizon.n_periods:
            return float(sum(self.spending(p, start).values()))
        return self._residual_from(p, self.horizon.starts[served])

    def residual_in_flight(self, p: int) -> float:
        """CNY that a work in flight is worth at the end of the horizon, undiscounted."""
        return self._residual_from(p, self.in_flight[p].year)

    def _residual_from(self, p: int, served_year: int) -> float:
        life, cost = self._life[p], float(self._cost[p])
        if served_year >= self.horizon.end:
            return float(sum(self.spending_in_flight(p).values()))
        if life == 0:
            return 0.0
        age = (self.horizon.end - served_year) % life
        replaced_at_end = age == 0
        return 0.0 if replaced_at_end else cost * residual_fraction(self.horizon.discount_rate, life, age)
