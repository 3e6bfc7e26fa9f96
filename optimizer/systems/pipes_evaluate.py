"""A network of pipes valued in any states of its candidates: the nonlinear kernels on all components asked for at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.evaluation import Amount, Part, Unit
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_parts import Copies, Parts
from optimizer.systems.pipes_simulate import Run

TOGETHER = 4096
"""Units in one network at most."""


def evaluation(problem: Problem, system: SystemProblem, plan: Plan) -> PipesEvaluation:
    """The network of a plan; places are asked to be served where they are connected, as the plan's own are."""
    del plan
    return PipesEvaluation(problem, system)


class PipesEvaluation:
    """What places are served at the pressure they need, less what supplies and lifts cost (docs/evaluate.md)."""

    def __init__(self, problem: Problem, system: SystemProblem) -> None:
        self._parts = Parts(Network(system), problem.sequence)

    @property
    def parts(self) -> Sequence[Part]:
        """Networks that no corridor joins."""
        return self._parts.listed

    def valued(self, units: Sequence[Unit]) -> list[Amount]:
        """Every unit at peak demand; water and energy are paid for also where pressure is short."""
        found: list[Amount] = []
        for first in range(0, len(units), TOGETHER):
            found += self._together(units[first : first + TOGETHER])
        return found

    def _together(self, units: Sequence[Unit]) -> list[Amount]:
        copies, n = self._parts.side_by_side(units), len(units)
        net, d, attrs = copies.net, copies.net.d, copies.net.attrs
        run = Run(net, copies.standing, np.ones(net.n_origins), 0)
        amount = d["quantity"][:, 0] * run.good
        supplied = np.where(copies.standing.supply > 0, run.given[d["supply_node"]], 0.0)
        value = attrs["gain"] * copies.summed("origin", amount, n)
        value -= copies.summed("supply", supplied * d["supply_cost"], n)
        value -= attrs["energy"] * copies.summed("lift", self._lifted(copies, run), n)
        most = max((len(self.parts[u.part].counties) for u in units), default=0)
        served = np.bincount(copies.unit["origin"] * most + copies.county, amount, minlength=n * most).reshape(n, most)
        return [Amount(float(value[i]), served[i, : len(self.parts[u.part].counties)]) for i, u in enumerate(units)]

    def _lifted(self, copies: Copies, run: Run) -> np.ndarray:
        """(lift,) units a year times m, where a booster of that lift stands."""
        arc, height = copies.net.d["lift_arc"], copies.net.d["lift_height"]
        return np.where(copies.standing.lift[arc] == height, run.true[arc] * height, 0.0)
