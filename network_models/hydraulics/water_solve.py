"""Steady flow in a water network: heads, flows and states of one scenario or of many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkStatus, WaterNetwork
from network_models.hydraulics.water_prepared import Prepared, prepare
from network_models.hydraulics.water_zones import cut_off

UNSUPPLIED_PRESSURE = -500.0
"""Metres below which the closed links around a node are looked at."""


@dataclass(frozen=True)
class Scenarios:
    """What differs between scenarios; each array has a row a scenario (or is None: as in the network).

    Parameters
    ----------
    demand
        (n_scenarios, n_nodes) m3/s.
    diameter
        (n_scenarios, n_links) m.
    fixed_head
        (n_scenarios, n_nodes) m, NaN at junctions.
    status, setting
        (n_scenarios, n_links) as in ``WaterNetwork``; a setting of NaN at a pump is a speed of 1.
    """

    demand: np.ndarray | None = None
    diameter: np.ndarray | None = None
    fixed_head: np.ndarray | None = None
    status: np.ndarray | None = None
    setting: np.ndarray | None = None


@dataclass(frozen=True)
class WaterResult:
    """State of a network; arrays have a leading axis of scenarios where scenarios were given.

    Parameters
    ----------
    heads, outflows
        (..., n_nodes) m; m3/s drawn at junctions, emitters and pressure counted.
    flows
        (..., n_links) m3/s from tail to head, 0 in closed links.
    status, settings
        (..., n_links) of ``LinkStatus``; speeds of pumps and settings of valves.
    outlets
        (..., n_outlets) m3/s of emitters, then of demands that pressure drives; where ``start`` goes on from.
    iterations
        (...) iterations taken.
    converged
        (...) whether flows balance and no link wants to change its state.
    change
        (...) sum of the last changes of flow over the sum of flows.
    """

    network: WaterNetwork
    diameters: np.ndarray
    heads: np.ndarray
    outflows: np.ndarray
    flows: np.ndarray
    status: np.ndarray
    settings: np.ndarray
    outlets: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    change: np.ndarray

    @property
    def pressures(self) -> np.ndarray:
        """Metres of water above the ground, (..., n_nodes); the level in tanks, 0 at reservoirs of their own head."""
        return self.heads - self.network.elevation

    @cached_property
    def isolated(self) -> np.ndarray:
        """Nodes that nothing which passes water joins to a fixed head, (..., n_nodes) bool; their heads mean nothing.

        Closed links pass nothing, nor do pumps and valves that pass less than ``LEAK``.
        """
        from network_models.hydraulics.water_zones import isolated

        return isolated(self.network, self.status, self.flows)

    @cached_property
    def mass_residual(self) -> np.ndarray:
        """Flow that each junction gains or loses, (..., n_nodes) m3/s; 0 at nodes of fixed head."""
        from network_models.hydraulics.water_residuals import mass_residual

        return mass_residual(self.network, self.flows, self.outflows)

    @cached_property
    def energy_residual(self) -> np.ndarray:
        """Difference of heads less the head loss at the flow, (..., n_links) m; 0 where a link sets no head loss."""
        from network_models.hydraulics.water_residuals import energy_residual

        return energy_residual(self.network, self.diameters, self.heads, self.flows, self.status, self.settings)


def solve(
    network: WaterNetwork,
    demands: ArrayLike | None = None,
    diameters: ArrayLike | None = None,
    scenarios: Scenarios | None = None,
    *,
    start: WaterResult | None = None,
    accuracy: float = 1e-7,
    max_iterations: int = 200,
    strict: bool = True,
) -> WaterResult:
    """Heads, flows and states by the global gradient method (Todini and Pilati 1988; EPANET 2.2 manual, chapter 12).

    Parameters
    ----------
    network
        The network; its order of elimination is made at the first call and kept.
    demands
        (n_nodes,) or (n_scenarios, n_nodes) m3/s in place of the network's.
    diameters
        (n_links,) or (n_scenarios, n_links) m in place of the network's.
    scenarios
        More that differs between scenarios.
    start
        Flows and states to start from; a result of one scenario or of equally many. A network with several
        consistent states may then end in another of them.
    accuracy
        Largest sum of changes of flow over the sum of flows; after 40 iterations 1e-5 is enough, which is what rounding
        leaves in very stiff links (PBVs), and the least that a file of EPANET can ask for.
    max_iterations
        Iterations at most.
    strict
        Refuse what did not converge, and demands behind closed links; else ``converged`` tells.

    Raises
    ------
    NetworkError
        Arrays that do not fit; with ``strict``, a scenario without a balanced solution: the node or link at fault.
    """
    prepared = prepare(network)
    given = scenarios or Scenarios()
    case, diameter, single = prepared.case(
        given.demand if demands is None else demands,
        given.diameter if diameters is None else diameters,
        given,
        start,
    )
    found = prepared.run(case, accuracy, max_iterations)
    picked = 0 if single else slice(None)
    result = WaterResult(
        network,
        diameter[0] if len(diameter) == 1 else diameter,
        found.head[picked],
        prepared.outflows(case, found)[picked],
        found.flow[picked],
        found.status[picked],
        prepared.settings(case, found)[picked],
        found.outflow[picked],
        found.iterations[picked],
        found.code[picked] == 0,
        found.change[picked],
    )
    if strict:
        _refuse_unsolved(prepared, result, found.code, found.row, max_iterations)
    return result


def _refuse_unsolved(
    prepared: Prepared, result: WaterResult, code: np.ndarray, row: np.ndarray, max_iterations: int
) -> None:
    if code.any():
        s = int(np.argmax(code != 0))
        raise NetworkError(
            _scenario(result, s) + _fault(prepared, result, s, int(code[s]), int(row[s]), max_iterations)
        )
    low = np.atleast_2d(result.pressures) < UNSUPPLIED_PRESSURE
    if low.any():
        s = int(np.argmax(low.any(axis=1)))
        cut = cut_off(result.network, np.atleast_2d(result.status)[s], np.atleast_2d(result.outflows)[s])
        if cut:
            raise NetworkError(_scenario(result, s) + cut)


def _scenario(result: WaterResult, s: int) -> str:
    return f"scenario {s}: " if result.heads.ndim > 1 else ""


def _fault(prepared: Prepared, result: WaterResult, s: int, code: int, row: int, max_iterations: int) -> str:
    network = result.network
    cut = cut_off(network, np.atleast_2d(result.status)[s], np.atleast_2d(result.outflows)[s])
    if cut:
        return cut
    if code == 2:
        name = network.node_names[int(prepared.system.layout.core[row])]
        return f"the equations have no solution at node {name!r}: nothing that passes water joins it to a source."
    energy = np.abs(np.atleast_2d(result.energy_residual)[s])
    k = int(np.argmax(energy))
    state = LinkStatus(int(np.atleast_2d(result.status)[s, k])).name.lower().replace("_", " ")
    return (
        f"no balance after {max_iterations} iterations; link {network.link_names[k]!r} ({state}) is off by "
        f"{energy[k]:.3g} m. Valves or pumps near it may work against each other."
    )
