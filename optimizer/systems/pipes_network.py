"""A network of pipes as arrays, and what flows in it by period: trees, flows, potentials. No Pyomo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from optimizer.problem import SystemProblem
from optimizer.systems import pipes_laws as laws

NONE = -1
STANDING = ("size", "lift", "reduce", "station", "connect")
"""Dimensions whose rows are states in which something stands, `<name>_state`."""


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
        arrays = {str(n): v.values for n, v in data.variables.items()}
        self._fill(system.name, data.attrs, arrays, float(arrays["node_elevation"].min(initial=np.inf)))

    @classmethod
    def of_arrays(cls, name: str, attrs: Mapping[str, Any], arrays: dict[str, np.ndarray], datum: float) -> Network:
        """A network of arrays that no dataset holds; heights are above ``datum`` (m)."""
        network = cls.__new__(cls)
        network._fill(name, attrs, arrays, datum)
        return network

    def _fill(self, name: str, attrs: Mapping[str, Any], arrays: dict[str, np.ndarray], datum: float) -> None:
        self.name, self.attrs, self.d, self.datum = name, attrs, arrays, datum
        self.medium = str(attrs["medium"])
        self.n_nodes, self.n_arcs = len(arrays["node_elevation"]), len(arrays["arc_tail"])
        self.n_supplies, self.n_origins = len(arrays["supply_node"]), len(arrays["origin_node"])
        self.height = arrays["node_elevation"] - datum
        self.fed_by = {int(n): k for k, n in enumerate(arrays["supply_node"])}

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
        on = {name: here[self.d[f"{name}_state"]] for name in STANDING}
        return self.assembled(on, capacity[self.d["station_state"]])

    def assembled(self, on: Mapping[str, np.ndarray], capacity: np.ndarray) -> Standing:
        """What stands, from which rows of :data:`STANDING` do, and the capacity (station,) of stations that do."""
        size = np.full(self.n_arcs, NONE)
        lying = np.flatnonzero(on["size"])
        size[self.d["size_arc"][lying]] = lying
        lift, reduced = np.zeros(self.n_arcs), np.zeros(self.n_arcs, bool)
        lift[self.d["lift_arc"][on["lift"]]] = self.d["lift_height"][on["lift"]]
        reduced[self.d["reduce_arc"][on["reduce"]]] = True
        supply, connected = self.d["supply_capacity"].copy(), np.zeros(self.n_origins, bool)
        supply[self.d["station_supply"][on["station"]]] = capacity[on["station"]]
        connected[self.d["connect_origin"][on["connect"]]] = True
        return Standing(size, lift, reduced, supply, connected)

    # ---- flows and potentials on a forest
    def order(self, standing: Standing) -> np.ndarray:
        """Arcs that lie and are fed, those nearest to a supply first; a node is entered once, by the arc listed first."""
        tail, head = self.d["arc_tail"], self.d["arc_head"]
        reached = np.zeros(self.n_nodes, bool)
        reached[self.d["supply_node"][standing.supply > 0]] = True
        left, order = np.flatnonzero(standing.size >= 0), []
        while len(left):
            left = left[~reached[head[left]]]
            leaving = left[reached[tail[left]]]
            if not len(leaving):
                break
            _, first = np.unique(head[leaving], return_index=True)
            order.append(leaving[np.sort(first)])
            reached[head[order[-1]]] = True
        return np.concatenate(order) if order else np.zeros(0, np.int64)

    def levels(self, order: np.ndarray) -> list[np.ndarray]:
        """The arcs of an order by how many lie before them: within a level, none is before another."""
        place = np.full(self.n_nodes, NONE)
        place[self.d["arc_head"][order]] = np.arange(len(order))
        before, levels, start = place[self.d["arc_tail"][order]], [], 0
        while start < len(order):
            later = before[start:] >= start
            end = start + int(later.argmax()) if later.any() else len(order)
            levels.append(order[start:end])
            start = end
        return levels

    def fed(self, standing: Standing, order: np.ndarray) -> np.ndarray:
        """(node,) bool, whether a supply or a fed pipe is there."""
        fed = np.zeros(self.n_nodes, bool)
        fed[self.d["supply_node"][standing.supply > 0]] = True
        fed[self.d["arc_head"][order]] = True
        return fed

    def fed_from(self, standing: Standing, order: np.ndarray) -> np.ndarray:
        """(node,) index of the supply whose water or gas comes there, -1 where none does."""
        source = np.full(self.n_nodes, NONE)
        on = np.flatnonzero(standing.supply > 0)
        source[self.d["supply_node"][on]] = on
        for a in order:
            source[self.d["arc_head"][a]] = source[self.d["arc_tail"][a]]
        return source

    def flows(self, order: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """(arc,) units a year through the pipes of a forest, from what is drawn at the nodes."""
        through, flow = drawn.astype(float).copy(), np.zeros(self.n_arcs)
        for level in reversed(self.levels(order)):
            flow[level] = through[self.d["arc_head"][level]]
            np.add.at(through, self.d["arc_tail"][level], flow[level])
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
        for level in self.levels(order):
            head = self.d["arc_head"][level]
            at[..., head] = at[..., self.d["arc_tail"][level]] + standing.lift[level] - loss[..., level]
            if limit is not None:
                low = head[standing.reduced[level]]
                at[..., low] = np.minimum(at[..., low], limit[..., low])
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
