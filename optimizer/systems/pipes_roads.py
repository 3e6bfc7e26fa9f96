"""What a network loses when roads fail that its supplies are hauled over: a longer way costs more, none leaves them dry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.region import Region
from optimizer.systems.evaluation import OUT, Amount, Leg, Unit
from optimizer.systems.pipes_config import PipesSettings, read_settings
from optimizer.systems.pipes_evaluate import PipesEvaluation
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_simulate import Run
from optimizer.systems.tables import Values

Arrays = tuple[np.ndarray, np.ndarray]


def journeys(
    region: Region, settings: Mapping[str, Any], choice: str, problem: Problem, system: SystemProblem, plan: Plan
) -> PipesJourneys:
    """Journeys from where a supply is hauled from to where it stands under a plan."""
    return PipesJourneys(Values(region, choice), read_settings(system.name, settings), problem, system, plan)


class PipesJourneys:
    """Supplies that are hauled, built by candidates or there already."""

    def __init__(
        self, values: Values, settings: PipesSettings, problem: Problem, system: SystemProblem, plan: Plan
    ) -> None:
        self.problem, self.d = problem, {str(n): v.values for n, v in system.data.variables.items()}
        kinds = [settings.supplies[str(kind)] for kind in self.d["supply_kind"]]
        self.rate = np.array([values.optional(kind.per_hour) for kind in kinds])
        self.states = states_over_time(problem, plan.decisions["start"].values)
        self.supplied = self._supplied(Network(system))
        self.evaluation = PipesEvaluation(problem, system)
        self.hauled = [k for k, kind in enumerate(kinds) if kind.hauled_from and self.supplied[k].any()]
        self.origins = [self._places(str(kinds[k].hauled_from)) for k in self.hauled]

    def _supplied(self, net: Network) -> np.ndarray:
        """(supply, period) units a year, as the network of each period draws them."""
        capacity, given = self.problem.sequence["capacity"].values.astype(float), []
        for t in range(self.states.shape[1]):
            standing = net.standing(self.states, capacity, t)
            run = Run(net, standing, np.ones(net.n_origins), t)
            given.append(np.where(standing.supply > 0, run.given[net.d["supply_node"]], 0.0))
        return np.column_stack(given)

    def _places(self, kind: str) -> tuple[str, ...]:
        return tuple(str(p) for p in self.d["supply"][self.d["supply_kind"] == kind])

    @property
    def legs(self) -> Sequence[Leg]:
        """One a hauled supply, from the nearest that it may come from."""
        return [Leg(tails, str(self.d["supply"][k])) for tails, k in zip(self.origins, self.hauled, strict=True)]

    def lost(self, rows: np.ndarray, minutes: np.ndarray, km: np.ndarray) -> Arrays:
        """Hauling for longer costs more; a station that no road leads to serves nobody; see :class:`Journeys`."""
        del km
        supplies, reached = np.array(self.hauled, np.int64)[rows], np.isfinite(minutes)
        longer = minutes[reached] - self.d["supply_minutes"][supplies[reached]]
        dearer = (self.rate[supplies[reached]] * longer / 60) @ self.supplied[supplies[reached]]
        value, served = self._dry(supplies[~reached])
        return value + dearer, served

    def _dry(self, supplies: np.ndarray) -> Arrays:
        """What is lost without some supplies; one that no candidate built cannot be taken away."""
        value = np.zeros(self.problem.horizon.n_periods)
        served = np.zeros((len(self.problem.county_ids), len(value)))
        gone = self.d["supply_candidate"][supplies]
        for part, one in enumerate(self.evaluation.parts):
            out = np.isin(one.candidates, gone[gone >= 0])
            if out.any():
                before, after = (self._valued(part, mask) for mask in (np.zeros_like(out), out))
                for t, (old, new) in enumerate(zip(before, after, strict=True)):
                    value[t] += old.value - new.value
                    served[one.counties, t] += old.served - new.served
        return value, served

    def _valued(self, part: int, out: np.ndarray) -> list[Amount]:
        states = self.states[self.evaluation.parts[part].candidates]
        left = np.where(out[:, None], OUT, states)
        return self.evaluation.valued([Unit(part, t, left[:, t]) for t in range(left.shape[1])])
