"""Scenarios on their way to a solution: those whose devices are in the same states are solved together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models.hydraulics.gas_devices import next_status, only_first
from network_models.hydraulics.gas_kernel import solve_many
from network_models.hydraulics.gas_links import link_numbers
from network_models.hydraulics.gas_network import GasNetwork
from network_models.hydraulics.gas_result import GasResult
from network_models.hydraulics.gas_structure import Structure, make_structure, node_scales, tied_flows

MOST_ITERATIONS = 100
MOST_SWITCHES = 40
SWITCHES_AT_ONCE = 10
"""Rounds in which all devices that want to may switch; afterwards one of them at a time."""
START_SPEED = 5.0
"""m/s in every pipe to begin with, at the highest fixed pressure."""


class Batch:
    """The state of all scenarios.

    Parameters
    ----------
    inputs
        Arrays of the fields of ``GasScenarios``, with a row a scenario or one row for all.
    start
        A result to begin from, or None.
    """

    def __init__(self, network: GasNetwork, inputs: dict[str, np.ndarray], start: GasResult | None) -> None:
        self.network, self.inputs = network, inputs
        self.count = max(len(value) for value in inputs.values())
        self.fixed = ~np.isnan(network.fixed_pressure)
        self.wanted = self._spread(inputs["status"])
        self.used = self.status = self.wanted.copy()
        self.cold = start is None
        self.steps = np.zeros(self.count, np.int64)
        self.found = np.zeros(self.count, bool)
        self.settled = np.zeros(self.count, bool)
        self.supplied = np.ones((self.count, network.n_nodes), bool)
        if start is None:
            self._begin()
        else:
            self._begin_from(start)

    def _spread(self, value: np.ndarray) -> np.ndarray:
        rows = np.atleast_2d(value)
        return rows.copy() if len(rows) == self.count else np.repeat(rows, self.count, axis=0)

    def _begin(self) -> None:
        top = self.inputs["fixed_pressure"][:, self.fixed].max(axis=1, keepdims=True)
        width = self.inputs["diameter"]
        area = np.where(width < np.inf, width, 0.1) ** 2
        self.squared = self._spread(np.repeat(top**2, self.network.n_nodes, axis=1))
        self.flow = self._spread(area * (np.pi / 4.0 * START_SPEED * self.network.gas.density(top)))

    def _begin_from(self, start: GasResult) -> None:
        lowest = np.nanmin(self.inputs["fixed_pressure"])
        self.squared = self._spread(np.nan_to_num(start.pressures, nan=lowest) ** 2)
        self.flow = self._spread(start.flows)
        self.status = np.where(self.wanted > 1, self._spread(start.status), self.wanted)
        self.used = self.status.copy()

    def run(self, accuracy: float) -> None:
        """Solve, switch devices, solve again, until nothing wants to switch."""
        waiting = np.arange(self.count)
        for turn in range(MOST_SWITCHES):
            for status, members in _alike(self.status[waiting]):
                self._solve(status, waiting[members], accuracy)
            self.cold = False
            before = self.status[waiting]
            after = self.switched(waiting)
            if turn >= SWITCHES_AT_ONCE:
                after = only_first(before, after)
            moves = (after != before).any(axis=1) & np.isfinite(self.squared[waiting]).all(axis=1)
            self.settled[waiting[~moves]] = True
            self.status[waiting] = after
            waiting = waiting[moves]
            if not len(waiting):
                return

    def row(self, name: str, which: np.ndarray) -> np.ndarray:
        """Input of some scenarios, or the one row that holds for all."""
        value = self.inputs[name]
        return value if len(value) == 1 else value[which]

    def switched(self, which: np.ndarray) -> np.ndarray:
        """States that the devices of some scenarios want to take next."""
        if not self.network.has_devices:
            return self.status[which]
        pressure = np.sqrt(np.maximum(self.squared[which], 0.0))
        ratio, held = self.row("ratio", which), self.row("set_pressure", which)
        return next_status(
            self.network, ratio, held, self.wanted[which], self.status[which], pressure, self.flow[which]
        )

    def _solve(self, status: np.ndarray, which: np.ndarray, accuracy: float) -> None:
        structure = structure_of(self.network, status, self.fixed)
        squared, flow = self.squared[which], np.ascontiguousarray(self.flow[which][:, structure.laws])
        steps = self._newton(structure, which, squared, flow, accuracy)
        demand = self.row("demand", which)
        self.squared[which] = squared
        self.flow[which] = tied_flows(self.network, structure, demand, flow)
        self.steps[which] += np.abs(steps)
        self.found[which] = steps > 0
        self.supplied[which] = structure.supplied
        self.used[which] = structure.status

    def _newton(
        self, structure: Structure, which: np.ndarray, squared: np.ndarray, flow: np.ndarray, accuracy: float
    ) -> np.ndarray:
        network, gas, order = self.network, self.network.gas, structure.elimination
        given = (self.row(name, which) for name in ("fixed_pressure", "ratio", "set_pressure"))
        scale, shift = node_scales(network, structure, *given)
        diameter = self.row("diameter", which)
        usual = diameter.base is network.diameter
        numbers = structure.numbers if usual else link_numbers(network, structure.laws, diameter)
        steps = np.zeros(len(which), np.int64)
        solve_many(
            np.ascontiguousarray(self.row("demand", which) * structure.supplied),
            scale,
            shift,
            squared,
            flow,
            structure.kernel_rows,
            structure.kernel_cols,
            structure.core,
            structure.leaf,
            structure.parent,
            structure.sign,
            structure.ends,
            structure.places,
            order.column,
            order.row,
            order.first_dense,
            order.target,
            order.n,
            order.size,
            structure.link_laws,
            numbers,
            structure.lift,
            gas.z_coefficients,
            gas.gas_constant * gas.temperature,
            accuracy,
            MOST_ITERATIONS,
            self.cold,
            steps,
        )
        return steps


def structure_of(network: GasNetwork, status: np.ndarray, fixed: np.ndarray) -> Structure:
    """Structure of a network in given states, made once and kept with the network."""
    key = status.tobytes()
    if key not in network.structures:
        network.structures[key] = make_structure(network, status, fixed)
    return network.structures[key]


def _alike(status: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Different rows of states, and the positions of each."""
    if (status == status[0]).all():
        yield status[0], np.arange(len(status))
        return
    rows, which = np.unique(status, axis=0, return_inverse=True)
    for k, row in enumerate(rows):
        yield row, np.flatnonzero(which.ravel() == k)
