"""A whole plan through the kernels, and variants of it by what changed: the engine for local search, risks and 'what if'.

An archetype takes part by its method ``evaluation``, which cuts a system into parts that do not touch each other. Each part
in each period is a unit; a variant is valued by the units that it changes, and a unit met before is not computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from optimizer.errors import InputError
from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem
from optimizer.suggest import did_you_mean
from optimizer.systems.evaluation import OUT, Amount, Evaluation, Unit
from optimizer.systems.registry import archetype

MILLION = 1e6
MOST_KEPT = 200_000
"""Units of a system whose amounts are kept; then all are forgotten."""

Variant = Mapping[int, np.ndarray]
"""States (period,) of the candidates that differ from the plan's; ``OUT`` where one is out of service."""
Key = tuple[int, int, bytes]


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


Values = dict[str, SystemValue]
"""By system."""


class _Place(NamedTuple):
    """Where a candidate stands: its system, part, and row among the part's candidates."""

    system: str
    part: int
    row: int


class Evaluator:
    """A plan, ready to be valued as it is and in variants.

    Parameters
    ----------
    problem, plan
        Starts are the plan's; services stay assigned as the plan has them, in variants as well.
    states
        (candidate, period) in place of those that follow from the plan's starts.
    """

    def __init__(self, problem: Problem, plan: Plan, states: np.ndarray | None = None) -> None:
        self.problem, self.plan = problem, plan
        self.states = states_over_time(problem, plan.decisions["start"].values) if states is None else states
        self.names = [str(name) for name in problem.sequence["candidate"].values]
        self.systems: dict[str, Evaluation] = {
            name: archetype(one.archetype).evaluation(problem, one, plan) for name, one in problem.systems.items()
        }
        self._places = {
            int(c): _Place(name, part, row)
            for name, system in self.systems.items()
            for part, one in enumerate(system.parts)
            for row, c in enumerate(one.candidates)
        }
        self._known: dict[str, dict[Key, Amount]] = {name: {} for name in self.systems}

    # ---- values
    @cached_property
    def base(self) -> Values:
        """Every system as planned, all its parts in all periods together."""
        shape = len(self.problem.county_ids), self.problem.horizon.n_periods
        found = {}
        for name, system in self.systems.items():
            value, served = np.zeros(shape[1]), np.zeros(shape)
            for (part, t), amount in self._amounts[name].items():
                value[t] += amount.value
                served[system.parts[part].counties, t] += amount.served
            found[name] = SystemValue(value, served)
        return found

    def variant(self, changes: Variant) -> Values:
        """Every system in a variant."""
        return self.many([changes])[0]

    def many(self, variants: Sequence[Variant]) -> list[Values]:
        """Every system in every variant; all units that none has met yet are computed together."""
        touched = [self._touched(changes) for changes in variants]
        self._compute(touched)
        return [self._summed(units) for units in touched]

    def without(self, candidates: Iterable[str]) -> Values:
        """Every system when candidates are out of service in every period.

        Raises
        ------
        InputError
            A name that no candidate has.
        """
        return self.variant({self.index(name): self.out for name in candidates})

    def index(self, name: str) -> int:
        """Number of a candidate.

        Raises
        ------
        InputError
            A name that no candidate has.
        """
        if name not in self.names:
            raise InputError(f"--drop: found {name!r}, expected a candidate of the run{did_you_mean(name, self.names)}")
        return self.names.index(name)

    @property
    def out(self) -> np.ndarray:
        """(period,) states of a candidate that is out of service throughout."""
        return np.full(self.problem.horizon.n_periods, OUT)

    def discounted(self, value: np.ndarray) -> float:
        """10^6 CNY at the beginning, of CNY a year by period, (period,); each period counted at its middle."""
        return float(value @ self._weights) / MILLION

    def mean(self, amount: np.ndarray) -> float:
        """Mean over the horizon of units a year, (county, period), of all counties."""
        lengths = np.array(self.problem.horizon.lengths)
        return float(amount.sum(axis=0) @ lengths / lengths.sum())

    # ---- units
    @cached_property
    def _amounts(self) -> dict[str, dict[tuple[int, int], Amount]]:
        """By system, every part in every period as planned."""
        found, periods = {}, range(self.problem.horizon.n_periods)
        for name, system in self.systems.items():
            units = [Unit(i, t, self.states[part.candidates, t]) for i, part in enumerate(system.parts) for t in periods]
            found[name] = {(u.part, u.period): amount for u, amount in zip(units, system.valued(units), strict=True)}
        return found

    def _touched(self, changes: Variant) -> dict[str, dict[Key, Unit]]:
        """By system, the units that a variant changes."""
        local: dict[tuple[str, int], np.ndarray] = {}
        for candidate, states in changes.items():
            place = self._places.get(int(candidate))
            if place is not None:
                key = place.system, place.part
                if key not in local:
                    local[key] = self.states[self._candidates(*key)]
                local[key][place.row] = states
        found: dict[str, dict[Key, Unit]] = {}
        for (name, part), states in local.items():
            for t in np.flatnonzero((states != self.states[self._candidates(name, part)]).any(axis=0)):
                unit = Unit(part, int(t), states[:, t].copy())
                found.setdefault(name, {})[part, unit.period, unit.states.tobytes()] = unit
        return found

    def _candidates(self, name: str, part: int) -> np.ndarray:
        return self.systems[name].parts[part].candidates

    def _compute(self, touched: Sequence[Mapping[str, Mapping[Key, Unit]]]) -> None:
        for name, system in self.systems.items():
            known = self._known[name]
            wanted = {key: unit for units in touched for key, unit in units.get(name, {}).items()}
            if len(known) + len(wanted) > MOST_KEPT:
                known.clear()
            new = {key: unit for key, unit in wanted.items() if key not in known}
            if new:
                known.update(zip(new, system.valued(list(new.values())), strict=True))

    def _summed(self, touched: Mapping[str, Mapping[Key, Unit]]) -> Values:
        """The plan's values with those of the units that changed put in place of its own."""
        found = dict(self.base)
        for name, units in touched.items():
            value, served = found[name].value.copy(), found[name].served.copy()
            for key, unit in units.items():
                new, old, t = self._known[name][key], self._amounts[name][unit.part, unit.period], unit.period
                value[t] += new.value - old.value
                served[self.systems[name].parts[unit.part].counties, t] += new.served - old.served
            found[name] = SystemValue(value, served)
        return found

    @cached_property
    def _weights(self) -> np.ndarray:
        horizon = self.problem.horizon
        return np.array([horizon.discount(t) * years for t, years in enumerate(horizon.lengths)])
