"""What is asked of a gas network and what is found, for one scenario or many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from network_models.hydraulics.gas_network import GasNetwork


@dataclass(frozen=True)
class GasScenarios:
    """What differs between scenarios; each array has a row a scenario (or is None: as in the network).

    Parameters
    ----------
    demand, fixed_pressure
        (n_scenarios, n_nodes) kg/s and Pa; the same nodes have a fixed pressure as in the network.
    diameter, ratio, set_pressure
        (n_scenarios, n_links) as in ``GasNetwork``.
    status
        (n_scenarios, n_links) of ``GasStatus``: a failure closes its link.
    """

    demand: np.ndarray | None = None
    fixed_pressure: np.ndarray | None = None
    diameter: np.ndarray | None = None
    ratio: np.ndarray | None = None
    set_pressure: np.ndarray | None = None
    status: np.ndarray | None = None


@dataclass(frozen=True)
class GasResult:
    """State of a network; arrays have a leading axis of scenarios where scenarios were given.

    Parameters
    ----------
    diameters, demands, ratios, set_pressures
        (..., n_links) m, (..., n_nodes) kg/s, (..., n_links) and (..., n_links) Pa that were solved for.
    pressures
        (..., n_nodes) Pa absolute; NaN at nodes cut off from every source and where a squared pressure is negative.
    flows
        (..., n_links) kg/s from tail to head, 0 in closed links.
    status
        (..., n_links) of ``GasStatus``.
    iterations
        (...) Newton steps taken, in all states of the devices together.
    solved
        (...) whether the state is a physical one.
    reason
        (...) why not, naming a node or link; '' where solved.
    """

    network: GasNetwork
    diameters: np.ndarray
    demands: np.ndarray
    ratios: np.ndarray
    set_pressures: np.ndarray
    pressures: np.ndarray
    flows: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    solved: np.ndarray
    reason: np.ndarray

    @cached_property
    def mass_residual(self) -> np.ndarray:
        """kg/s that each node gains, (..., n_nodes); 0 at sources and at nodes cut off."""
        from network_models.hydraulics.gas_residuals import mass_residual

        return mass_residual(self)

    @cached_property
    def law_residual(self) -> np.ndarray:
        """Pa by which each open link misses its law, (..., n_links), computed afresh; 0 in closed links."""
        from network_models.hydraulics.gas_residuals import law_residual

        return law_residual(self)

    @property
    def velocities(self) -> np.ndarray:
        """m/s at the end of each link with the lower pressure, (..., n_links); NaN where there is no diameter."""
        ends = np.stack([self.pressures[..., self.network.tail], self.pressures[..., self.network.head]])
        area = np.pi / 4.0 * self.diameters**2
        return np.abs(self.flows) / (area * self.network.gas.density(ends.min(axis=0)))

    @property
    def outside_limits(self) -> np.ndarray:
        """Nodes whose pressure breaks ``pressure_min`` or ``pressure_max`` by more than 1 Pa, (..., n_nodes) bool."""
        low, high = self.network.pressure_min - 1.0, self.network.pressure_max + 1.0
        return (self.pressures < low) | (self.pressures > high)
