"""A network of pipes as arrays, and what flows in it by period: trees, flows, potentials. No Pyomo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimizer.problem import SystemProblem
from optimizer.systems import pipes_laws as laws

NONE = -1


@dataclass(frozen=True)
class Standing:
    """What stands in one period.

    Parameters
    ----------
    size
        (arc,) index of the size that lies there, -1 for none.
    lift
        (arc,) m lifted.
    reduced
        (arc,) whether a reducer stands at its end.
    supply
        (supply,) capacity in units a year, 0 where nothing stands.
    connected
        (origin,) bool.
    """

    size: np.ndarray
    lift: np.ndarray
    reduced: np.ndarray
    supply: np.ndarray
    connected: np.ndarray


class Network:
    """Arrays of a prepared system by name, and the laws on them."""

    def __init__(self, system: SystemProblem) -> None:
        data: xr.Dataset = system.data
        self.name, self.attrs = system.name, data.attrs
        self.d = {str(n): v.values for n, v in data.variables.items()}
        self.medium = str(data.attrs["medium"])
        self.n_nodes, self.n_arcs = data.sizes["node"], data.sizes["arc"]
        self.n_supplies, self.n_origins = data.sizes["supply"], data.sizes["origin"]
        self.datum = float(self.d["node_elevation"].min()) if self.n_nodes else 0.0
        self.height = self.d["node_elevation"] - self.datum
        self.fed_by = {int(n): k for k, n in enumerate(self.d["supply_node"])}

    # ---- laws
    def loss(self, size: np.ndarray, flow: np.ndarray, height: np.ndarray | None = None) -> np.ndarray:
        """Potential lost at peak in pipes of some sizes; ``flow`` in units a year at mean, 0 or more."""
        size = np.asarray(size)
        arc = self.d["size_arc"][size]
        length, diameter = self.d["arc_length"][arc], self.d["size_diameter"][size]
        peak = np.maximum(flow, 0.0) * self.attrs["peak"]
        if self.medium == "water":
            return laws.water_loss(length, diameter, self.attrs["roughness"], peak)
        height = self.height if height is None else height
        ends = height[..., self.d["arc_tail"][arc]], height[..., self.d["arc_head"][arc]]
        return laws.gas_loss(length, diameter, self.attrs["roughness"], peak, *ends)

    def potential(self, pressure: float | np.ndarray, height: np.ndarray | None = None) -> np.ndarray:
        """(node,) potential of a pressure above the ground at every node."""
        return laws.potential(self.medium, pressure, self.height if height is None else height)

    def source(self, height: np.ndarray | None = None) -> np.ndarray:
        """(supply,) potential at the outlet of every supply."""
        height = self.height if height is None else height
        return laws.potential(self.medium, self.d["supply_pressure"], height[..., self.d["supply_node"]])

    def pressure(self, at: np.ndarray, height: np.ndarray | None = None) -> np.ndarray:
        """(node,) pressure above the ground of potentials."""
        return laws.pressure(self.medium, at, self.height if height is None else height)

    # ---- what stands
    def standing(self, states: np.ndarray, capacity: np.ndarray, period: int) -> Standing:
        """What stands in a period.

        Parameters
        ----------
        states
            (candidate, period) state in service.
        capacity
            (state,) of the problem's sequence.
        """
        here = np.zeros(len(capacity), bool)
        here[states[:, period]] = True
        size = np.full(self.n_arcs, NONE)
        on = np.flatnonzero(here[self.d["size_state"]])
        size[self.d["size_arc"][on]] = on
        lift, reduced = np.zeros(self.n_arcs), np.zeros(self.n_arcs, bool)
        on = np.flatnonzero(here[self.d["lift_state"]])
        lift[self.d["lift_arc"][on]] = self.d["lift_height"][on]
        reduced[self.d["reduce_arc"][here[self.d["reduce_state"]]]] = True
        supply, connected = self.d["supply_capacity"].copy(), np.zeros(self.n_origins, bool)
        on = np.flatnonzero(here[self.d["station_state"]])
        supply[self.d["station_supply"][on]] = capacity[self.d["station_state"][on]]
        connected[self.d["connect_origin"][here[self.d["connect_state"]]]] = True
        return Standing(size, lift, reduced, supply, connected)

    # ---- flows and potentials on a forest
    def order(self, standing: Standing) -> np.ndarray:
        """Arcs that lie and are fed, each after the one before it; a node is entered once."""
        leaving: dict[int, list[int]] = {}
        for lying in np.flatnonzero(standing.size >= 0):
            leaving.setdefault(int(self.d["arc_tail"][lying]), []).append(int(lying))
        reached = {int(n) for k, n in enumerate(self.d["supply_node"]) if standing.supply[k] > 0}
        front, order = sorted(reached), []
        while front:
            at = front.pop()
            for a in leaving.get(at, []):
                node = int(self.d["arc_head"][a])
                if node not in reached:
                    reached.add(node)
                    front.append(node)
                    order.append(a)
        return np.array(order, np.int64)

    def fed(self, standing: Standing, order: np.ndarray) -> np.ndarray:
        """(node,) bool, whether a supply or a fed pipe is there."""
        fed = np.zeros(self.n_nodes, bool)
        fed[self.d["supply_node"][standing.supply > 0]] = True
        fed[self.d["arc_head"][order]] = True
        return fed

    def flows(self, order: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """(arc,) units a year through the pipes of a forest, from what is drawn at the nodes."""
        through, flow = drawn.astype(float).copy(), np.zeros(self.n_arcs)
        for a in order[::-1]:
            flow[a] = through[self.d["arc_head"][a]]
            through[self.d["arc_tail"][a]] += flow[a]
        return flow

    def potentials(
        self, standing: Standing, order: np.ndarray, loss: np.ndarray, height: np.ndarray | None = None
    ) -> np.ndarray:
        """(node,) potential along the pipes of a forest, NaN where nothing is fed.

        Parameters
        ----------
        loss
            (arc,) lost; zero everywhere gives the potentials at rest.
        height
            (..., node) m above the datum, in place of those of the tables; several draws at once where it has more axes.
        """
        source = self.source(height)
        at = np.full((*source.shape[:-1], self.n_nodes), np.nan)
        limit = self.potential(float(self.attrs["reduced"]), height) if standing.reduced.any() else None
        on = standing.supply > 0
        at[..., self.d["supply_node"][on]] = source[..., on]
        for a in order:
            tail, head = self.d["arc_tail"][a], self.d["arc_head"][a]
            at[..., head] = at[..., tail] + standing.lift[a] - loss[..., a]
            if limit is not None and standing.reduced[a]:
                at[..., head] = np.minimum(at[..., head], limit[..., head])
        return at

    def losses(self, standing: Standing, flow: np.ndarray, height: np.ndarray | None = None) -> np.ndarray:
        """(..., arc) potential lost at peak by the sizes that lie."""
        lying = np.flatnonzero(standing.size >= 0)
        found = self.loss(standing.size[lying], flow[lying], height)
        lost = np.zeros((*found.shape[:-1], self.n_arcs))
        lost[..., lying] = found
        return lost

    def drawn(self, share: np.ndarray, period: int) -> np.ndarray:
        """(node,) units a year drawn by the places that are served."""
        drawn = np.zeros(self.n_nodes)
        np.add.at(drawn, self.d["origin_node"], share * self.d["quantity"][:, period])
        return drawn
