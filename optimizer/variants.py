"""What a candidate would be in, period by period, if it were built in another year, in another size, or not at all."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from optimizer.plan import states_over_time
from optimizer.problem import Problem

Start = tuple[int, int]
"""Transition, and the period in which it is started."""


class Paths:
    """States (period,) of single candidates, as :func:`optimizer.plan.states_over_time` has them.

    Parameters
    ----------
    start
        (transition, period) 0/1 of the plan.
    """

    def __init__(self, problem: Problem, start: np.ndarray) -> None:
        self.problem, self.horizon = problem, problem.horizon
        seq = problem.sequence
        self._lead, self._from, self._to = (seq[n].values for n in ("lead_years", "from_state", "to_state"))
        self._owner = seq["transition_candidate"].values
        self._none = states_over_time(problem, np.zeros_like(start))
        self.starts: dict[int, list[Start]] = {}
        for p, t in np.argwhere(start):
            self.starts.setdefault(int(self._owner[p]), []).append((int(p), int(t)))

    def path(self, candidate: int, starts: list[Start]) -> np.ndarray:
        """(period,) states after some starts, which follow one another."""
        states = self._none[candidate].copy()
        for p, t in sorted(starts, key=lambda one: one[1]):
            states[self.horizon.service_period(t, int(self._lead[p])) :] = self._to[p]
        return states

    def dropped(self, candidate: int) -> np.ndarray:
        """Never started: what stood before the horizon, or is in flight, stays."""
        return np.asarray(self._none[candidate].copy())

    def moved(self, candidate: int, periods: int) -> np.ndarray:
        """Every start later (or earlier) by some periods, no earlier than the first; never where that is after the last."""
        starts = [(p, max(0, t + periods)) for p, t in self.starts.get(candidate, [])]
        return self.path(candidate, [one for one in starts if one[1] < self.horizon.n_periods])

    def resized(self, candidate: int, transition: int) -> np.ndarray:
        """Another transition in place of the first one started, in its year; later ones are left out.

        Raises
        ------
        ValueError
            The transition is none of those that :meth:`choices` lists.
        """
        if transition not in self.choices(candidate):
            raise ValueError(f"transition {transition}: expected one of {self.choices(candidate)}")
        return self.path(candidate, [(transition, min(t for _, t in self.starts[candidate]))])

    def choices(self, candidate: int) -> list[int]:
        """Transitions that could have been started in place of a candidate's first one."""
        if candidate not in self.starts:
            return []
        first = min(self.starts[candidate], key=lambda one: one[1])[0]
        return [p for p in self._leaving.get(int(self._from[first]), []) if p != first]

    @cached_property
    def _leaving(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for p, state in enumerate(self._from):
            found.setdefault(int(state), []).append(p)
        return found
