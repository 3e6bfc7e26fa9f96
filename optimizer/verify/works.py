"""Time and money of single works, worked out again: whole CNY, calendar years, nothing taken from the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.problem import Lock, Problem


@dataclass(frozen=True)
class Work:
    """A transition that is started, or was before the horizon (``start`` None).

    ``service_year``: the year its age counts from; ``payments``: (calendar year, CNY), replacements included.
    """

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
        (transition, period) int64, rounded.
    """

    def __init__(self, problem: Problem, start: np.ndarray) -> None:
        self.problem, self.start = problem, start
        horizon = problem.horizon
        self.periods = len(horizon.lengths)
        edges = np.cumsum([horizon.first_year, *horizon.lengths])
        self.begins, self.end = [int(y) for y in edges[:-1]], int(edges[-1])
        self.column = {str(name): problem.sequence[name].values for name in problem.sequence.data_vars}
        self._period_of = {
            year: t for t, first in enumerate(self.begins) for year in range(first, first + horizon.lengths[t])
        }

    # ---- names for messages
    def name(self, candidate: int | np.integer[Any]) -> str:
        """Candidate and county, for messages."""
        county = self.problem.sequence["county"].values[self.column["candidate_county"][candidate]]
        return f"{self.problem.sequence['candidate'].values[candidate]} (county {county})"

    def way(self, transition: int | np.integer[Any]) -> str:
        """What a transition changes, for messages."""
        options = [
            str(self.column["state_option"][self.column[end][transition]]) or "nothing"
            for end in ("from_state", "to_state")
        ]
        return f"{self.name(int(self.column['transition_candidate'][transition]))}, {' to '.join(options)}"

    def year(self, period: int | np.integer[Any]) -> str:
        """A period as its calendar years."""
        first, last = self.begins[period], [*self.begins[1:], self.end][period] - 1
        return str(first) if first == last else f"{first}-{last}"

    # ---- single works
    @cached_property
    def all(self) -> list[Work]:
        """Works started in the horizon, then works in flight."""
        started = [self._started(int(p), int(t)) for p, t in np.argwhere(self.start)]
        return started + [self._in_flight(lock) for lock in self.problem.locks if lock.kind == "in_flight"]

    def _started(self, p: int, t: int) -> Work:
        lead = int(self.column["lead_years"][p])
        period = t if lead == 0 else self.first_from(self.begins[t] + lead)
        shares = np.trim_zeros(self.column["spend_share"][p], "b")
        amounts = whole_parts(int(self.column["overnight_cost"][p]), [float(s) for s in shares] or [1.0])
        paid = [(self.begins[t] + k, amount) for k, amount in enumerate(amounts)]
        served = self.begins[period] if period < self.periods else self.end
        replaced = self._replacements(p, served)
        return Work(p, int(self.column["transition_candidate"][p]), t, served, period, (*paid, *replaced))

    def _in_flight(self, lock: Lock) -> Work:
        p, year = lock.transition, lock.year
        paid = (*lock.payments, *self._replacements(p, year))
        return Work(p, int(self.column["transition_candidate"][p]), None, year, self.first_from(year), paid)

    def first_from(self, year: int) -> int:
        """First period that begins in a year or later; the number of periods if none does."""
        return next((t for t, begin in enumerate(self.begins) if begin >= year), self.periods)

    def period_of(self, year: int) -> int | None:
        """Period that holds a year, None outside the horizon."""
        return self._period_of.get(year)

    def _replacements(self, p: int, served: int) -> list[tuple[int, int]]:
        life, cost = int(self.column["lifetime"][p]), int(self.column["overnight_cost"][p])
        if life == 0:
            return []
        return [(year, cost) for year in range(served + life, self.end, life) if year >= self.begins[0]]

    # ---- what follows from all of them
    @cached_property
    def started(self) -> np.ndarray:
        """(transition, period) how often started by the end of the period; works in flight once throughout."""
        started = np.cumsum(self.start, axis=1)
        for work in self.all:
            if work.start is None:
                started[work.transition] += 1
        return started

    @cached_property
    def in_service(self) -> np.ndarray:
        """(transition, period) whether a work has been completed."""
        done = np.zeros(self.start.shape, bool)
        for work in self.all:
            done[work.transition, work.service_period :] = True
        return done

    @cached_property
    def states(self) -> np.ndarray:
        """(candidate, period) state in service: entered, and not left."""
        here = np.repeat(self.column["state_initial"].astype(np.int64)[:, None], self.periods, axis=1)
        np.add.at(here, self.column["to_state"], self.in_service.astype(np.int64))
        np.subtract.at(here, self.column["from_state"], self.in_service.astype(np.int64))
        owner = self.column["state_candidate"]
        states = np.empty((len(self.column["candidate_system"]), self.periods), np.int64)
        initial = np.flatnonzero(self.column["state_initial"])
        states[owner[initial]] = initial[:, None]
        for t in range(self.periods):
            present = np.flatnonzero(here[:, t] > 0)
            states[owner[present], t] = present
        return states

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
    def residual(self) -> float:
        """CNY that all assets are worth at the end, undiscounted."""
        return sum(self._residual(work) for work in self.all)

    def _residual(self, work: Work) -> float:
        """An annuity still to run over a whole one: sums of discounted years, not the closed form of the model."""
        if work.service_year >= self.end:
            return float(sum(amount for year, amount in work.payments if self.period_of(year) is not None))
        rate, life = self.problem.horizon.discount_rate, int(self.column["lifetime"][work.transition])
        if life == 0:
            return 0.0
        age = (self.end - work.service_year) % life
        worth = [(1 + rate) ** -k for k in range(1, life + 1)]
        left = sum(worth[: life - age]) if age else 0.0
        return float(self.column["overnight_cost"][work.transition]) * left / sum(worth)

    def discount(self, period: int) -> float:
        """Factor of a flow in a period, from its middle."""
        middle = self.begins[period] - self.begins[0] + self.problem.horizon.lengths[period] / 2
        return float((1 + self.problem.horizon.discount_rate) ** -middle)


def whole_parts(amount: int, shares: list[float]) -> list[int]:
    """Whole CNY by share; what is left over goes to the largest remainders, earlier years first."""
    exact = [amount * s for s in shares]
    parts = [math.floor(e + 1e-9) for e in exact]
    for i in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[: amount - sum(parts)]:
        parts[i] += 1
    return parts
