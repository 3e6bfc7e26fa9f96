"""What a plan is worth when single works are missing or fail: the decisions that are left, valued by the checker's eyes.

An archetype takes part by a function ``carried(system, decisions, capacity)`` in its module, which cuts its decisions down
to what given capacities carry. Systems of other archetypes stay as planned and are named in ``Evaluator.untouched``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from optimizer.errors import InputError
from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem
from optimizer.suggest import did_you_mean
from optimizer.systems.registry import carrier, checker

MILLION = 1e6
COLUMNS = ["candidate", "county", "system", "served_lost", "value_lost"]


@dataclass(frozen=True)
class SystemValue:
    """What a system earns and serves.

    Parameters
    ----------
    value
        (period,) CNY a year.
    served
        (county, period) units a year.
    """

    value: np.ndarray
    served: np.ndarray


class Evaluator:
    """A plan, ready to be evaluated with other capacities; only systems that a change touches are looked at again.

    Parameters
    ----------
    problem, plan
        The plan's starts and decisions are taken as they are; services are not assigned anew.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.states = states_over_time(problem, plan.decisions["start"].values)
        self.capacity = problem.sequence["capacity"].values[self.states].astype(float)
        self.names = [str(name) for name in problem.sequence["candidate"].values]
        self.untouched = [name for name, one in problem.systems.items() if carrier(one.archetype) is None]

    @cached_property
    def base(self) -> dict[str, SystemValue]:
        """Every system as planned."""
        return {name: self._valued(name, self.plan.systems[name]) for name in self.problem.systems}

    def with_capacity(self, capacity: np.ndarray) -> dict[str, SystemValue]:
        """Every system when candidates have these capacities, (candidate, period) units a year."""
        return {name: self._left(name, capacity) for name in self.problem.systems}

    def without(self, candidates: Iterable[str]) -> dict[str, SystemValue]:
        """Every system when candidates carry nothing in any period.

        Raises
        ------
        InputError
            A name that no candidate has.
        """
        capacity = self.capacity.copy()
        for name in candidates:
            if name not in self.names:
                raise InputError(f"--drop: found {name!r}, expected a candidate of the run{did_you_mean(name, self.names)}")
            capacity[self.names.index(name)] = 0.0
        return self.with_capacity(capacity)

    def discounted(self, value: np.ndarray) -> float:
        """10^6 CNY at the beginning, of CNY a year by period, (period,); each period counted at its middle."""
        return float(value @ self._weights) / MILLION

    def failures(self) -> pd.DataFrame:
        """Loss by every single candidate in service that fails for good: rows by value lost, the largest first.

        Returns
        -------
        Columns ``candidate``, ``county``, ``system`` (that loses), ``served_lost`` (units a year, mean over the horizon) and
        ``value_lost`` (10^6 CNY, discounted). A candidate whose failure takes nothing has no row.
        """
        rows = [row for c in np.flatnonzero((self.capacity > 0).any(axis=1)) for row in self._failure(int(c))]
        return pd.DataFrame(rows, columns=COLUMNS).sort_values("value_lost", ascending=False, ignore_index=True)

    def _failure(self, candidate: int) -> Iterable[tuple[str, str, str, float, float]]:
        sequence, lengths = self.problem.sequence, np.array(self.problem.horizon.lengths)
        left = self.without([self.names[candidate]])
        county = str(sequence["county"].values[sequence["candidate_county"].values[candidate]])
        for name, base in self.base.items():
            served = float((base.served - left[name].served).sum(axis=0) @ lengths / lengths.sum())
            value = self.discounted(base.value - left[name].value)
            if served > 0 or value > 0:
                yield self.names[candidate], county, name, served, value

    def _left(self, name: str, capacity: np.ndarray) -> SystemValue:
        system = self.problem.systems[name]
        carried, changed = carrier(system.archetype), (capacity != self.capacity).any(axis=1)
        if carried is None or not changed.any():
            return self.base[name]
        return self._valued(name, carried(system, self.plan.systems[name], capacity))

    def _valued(self, name: str, decisions: xr.Dataset) -> SystemValue:
        system = self.problem.systems[name]
        eye = checker(system.archetype)
        return SystemValue(
            eye.value(self.problem, system, decisions),
            eye.served(self.problem, system, decisions),
        )

    @cached_property
    def _weights(self) -> np.ndarray:
        horizon = self.problem.horizon
        lengths = np.array(horizon.lengths, float)
        middle = np.cumsum(lengths) - 0.5 * lengths
        return np.asarray(lengths * (1 + horizon.discount_rate) ** -middle)
