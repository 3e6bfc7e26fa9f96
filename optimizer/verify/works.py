"""Time and money of single works, worked out again: whole CNY, calendar years, nothing taken from the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.problem import Lock, Problem


@dataclass(frozen=True)
class Work:
    """A transition that is started, or was before the horizon (``start`` None)."""

    transition: int
    candidate: int
    start: int | None
    service_year: int
    service_period: int
    payments: tuple[tuple[int, int], ...]


class Works:
    """Every work of a plan, and what follows from it year by year.

    Parameters
    ----------
    start
        (transition, period) 0/1, rounded.
    """

    def __init__(self, problem: Problem, start: np.ndarray) -> None:
        self.problem, self.start = problem, start
        horizon = problem.horizon
        self.periods = horizon.n_periods
        edges = np.cumsum([horizon.first_year, *horizon.lengths])
        self.begins, self.end = [int(y) for y in edges[:-1]], int(edges[-1])
        self.column = {str(name): problem.sequence[name].values for name in problem.sequence.data_vars}

    @cached_property
    def all(self) -> list[Work]:
        """Works started in the horizon, then works in flight."""
        started = [self._started(int(p), int(t)) for p, t in np.argwhere(self.start)]
        return started + [self._in_flight(lock) for lock in self.problem.locks if lock.kind == "in_flight"]

    def _started(self, p: int, t: int) -> Work:
        lead = int(self.column["lead_years"][p])
        year = self.begins[t] + lead
        period = t if lead == 0 else self._first_from(year)
        shares = np.trim_zeros(self.column["spend_share"][p], "b")
        amounts = whole_parts(int(self.column["overnight_cost"][p]), [float(s) for s in shares] or [1.0])
        paid = [(self.begins[t] + k, amount) for k, amount in enumerate(amounts)]
        served = self.begins[period] if period < self.periods else self.end
        if period < self.periods:
            paid += self._replacements(p, served)
        return Work(p, int(self.column["transition_candidate"][p]), t, served, period, tuple(paid))

    def _in_flight(self, lock: Lock) -> Work:
        p = lock.transition
        paid = [*lock.payments, *self._replacements(p, lock.year)]
        return Work(p, int(self.column["transition_candidate"][p]), None, lock.year, self._first_from(lock.year), tuple(paid))

    def _first_from(self, year: int) -> int:
        return next((t for t, begin in enumerate(self.begins) if begin >= year), self.periods)

    def _replacements(self, p: int, served: int) -> list[tuple[int, int]]:
        life, cost, year, paid = int(self.column["lifetime"][p]), int(self.column["overnight_cost"][p]), served, []
        while (year := year + life) < self.end:
            if year >= self.begins[0]:
                paid.append((year, cost))
        return paid

    def period_of(self, year: int) -> int | None:
        """Period that holds a year, None outside the horizon."""
        if not self.begins[0] <= year < self.end:
            return None
        return max(t for t, begin in enumerate(self.begins) if begin <= year)

    @cached_property
    def spending(self) -> np.ndarray:
        """(candidate, period) CNY before shared trenches."""
        spent = np.zeros((len(self.column["candidate_system"]), self.periods), np.int64)
        for work in self.all:
            for year, amount in work.payments:
                period = self.period_of(year)
                if period is not None:
                    spent[work.candidate, period] += amount
        return spent

    @cached_property
    def in_service(self) -> np.ndarray:
        """(transition, period) whether a work has been completed."""
        done = np.zeros((len(self.column["lead_years"]), self.periods), bool)
        for work in self.all:
            done[work.transition, work.service_period :] = True
        return done

    @cached_property
    def states(self) -> np.ndarray:
        """(candidate, period) state in service."""
        initial = np.flatnonzero(self.column["state_initial"])
        states = np.empty_like(self.spending)
        states[self.column["state_candidate"][initial]] = initial[:, None]
        for work in sorted(self.all, key=lambda w: (w.service_period, -1 if w.start is None else w.start)):
            states[work.candidate, work.service_period :] = self.column["to_state"][work.transition]
        return states

    @cached_property
    def residual(self) -> float:
        """CNY that all assets are worth at the end, undiscounted."""
        return sum(self._residual(work) for work in self.all)

    def _residual(self, work: Work) -> float:
        if work.service_period >= self.periods and work.service_year >= self.end:
            return float(sum(a for year, a in work.payments if self.period_of(year) is not None))
        rate, life = self.problem.horizon.discount_rate, int(self.column["lifetime"][work.transition])
        age = (self.end - work.service_year) % life
        left = life - age if age else 0
        cost = float(self.column["overnight_cost"][work.transition])
        if rate == 0:
            return cost * left / life
        return cost * sum((1 + rate) ** -k for k in range(1, left + 1)) / sum((1 + rate) ** -k for k in range(1, life + 1))

    def discount(self, period: int) -> float:
        """Factor of a flow in a period, from its middle."""
        middle = self.begins[period] - self.begins[0] + self.problem.horizon.lengths[period] / 2
        return float((1 + self.problem.horizon.discount_rate) ** -middle)


def whole_parts(amount: int, shares: list[float]) -> list[int]:
    """Whole CNY by share; what is left over goes to the largest remainders, earlier years first."""
    exact = [amount * s for s in shares]
    parts = [int(e + 1e-9) for e in exact]
    for i in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[: amount - sum(parts)]:
        parts[i] += 1
    return parts
