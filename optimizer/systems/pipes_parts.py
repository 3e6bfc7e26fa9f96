"""A network's independent components, and copies of them side by side as one network. No Pyomo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from optimizer.systems.evaluation import Part, Unit
from optimizer.systems.pipes_network import STANDING, Network, Standing

OWNED = {"size": "arc", "lift": "arc", "reduce": "arc", "station": "supply", "connect": "origin"}
"""Dimensions of states, and the dimension of what they belong to."""
ENDS = {"arc_tail": "arc", "arc_head": "arc", "supply_node": "supply", "origin_node": "origin"}
PLAIN = {
    "node_elevation": "node", "arc_length": "arc", "size_diameter": "size", "size_capacity": "size",
    "lift_height": "lift", "supply_pressure": "supply", "supply_capacity": "supply", "supply_cost": "supply",
}  # fmt: skip


class Parts:
    """What no pipe that lies or could be laid joins to anything else, nor any candidate that builds both.

    Parameters
    ----------
    net
        The network.
    sequence
        Of the problem: to whom states belong, and their capacities.
    """

    def __init__(self, net: Network, sequence: xr.Dataset) -> None:
        self.net, self.owner = net, sequence["state_candidate"].values
        self.capacity = sequence["capacity"].values.astype(float)
        of_node = self._components()
        of = {"node": of_node, **{dim: of_node[net.d[end]] for end, dim in ENDS.items() if end != "arc_head"}}
        of |= {name: of[dim][net.d[f"{name}_{dim}"]] for name, dim in OWNED.items()}
        self.n_parts = int(of_node.max(initial=-1)) + 1
        self.rows = {dim: _grouped(parts, self.n_parts) for dim, parts in of.items()}
        self.place = {dim: _places(rows, len(of[dim])) for dim, rows in self.rows.items()}
        self.listed = [self._part(i) for i in range(self.n_parts)]
        self.county = _county_places(net, self.rows["origin"], self.listed)
        self.candidate = {name: self._candidate_places(name) for name in STANDING}

    def _components(self) -> np.ndarray:
        """(node,) component of every node."""
        net, owners = self.net, []
        for name, dim in OWNED.items():
            thing = net.d[f"{name}_{dim}"]
            node = net.d["arc_tail" if dim == "arc" else f"{dim}_node"][thing]
            owners.append(np.column_stack([node, net.n_nodes + self.owner[net.d[f"{name}_state"]]]))
        edges = np.concatenate([np.column_stack([net.d["arc_tail"], net.d["arc_head"]]), *owners])
        size = net.n_nodes + int(self.owner.max(initial=0)) + 1
        joined = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
        labels = connected_components(joined, directed=False)[1][: net.n_nodes]
        return np.asarray(np.unique(labels, return_inverse=True)[1])

    def _part(self, part: int) -> Part:
        states = [self.net.d[f"{name}_state"][self.rows[name][part]] for name in STANDING]
        counties = self.net.d["origin_county"][self.rows["origin"][part]]
        return Part(np.unique(self.owner[np.concatenate(states)]), np.unique(counties))

    def _candidate_places(self, name: str) -> np.ndarray:
        """Place of the candidate of every state among those of its part."""
        states, found = self.net.d[f"{name}_state"], np.zeros(len(self.net.d[f"{name}_state"]), np.int64)
        for part, rows in enumerate(self.rows[name]):
            found[rows] = np.searchsorted(self.listed[part].candidates, self.owner[states[rows]])
        return found

    def side_by_side(self, units: Sequence[Unit]) -> Copies:
        """One network of all units, each a copy of its part."""
        return Copies(self, units)


class Copies:
    """Units as one network.

    Attributes
    ----------
    net
        With one column of quantities: each origin's in the period of its unit.
    standing
        What stands.
    unit
        By dimension, the unit of every row.
    county
        (origin,) place of its county among those of its part.
    """

    def __init__(self, parts: Parts, units: Sequence[Unit]) -> None:
        old, self.parts = parts.net.d, parts
        rows = {dim: [listed[u.part] for u in units] for dim, listed in parts.rows.items()}
        counts = {dim: np.array([len(r) for r in found]) for dim, found in rows.items()}
        self.unit = {dim: np.repeat(np.arange(len(units)), count) for dim, count in counts.items()}
        self.row = {dim: np.concatenate(found) for dim, found in rows.items()}
        offset = {dim: np.cumsum(count) - count for dim, count in counts.items()}

        def moved(values: np.ndarray, dim: str, among: str) -> np.ndarray:
            """Rows of ``among`` that rows of ``dim`` point to, as numbered here."""
            return np.asarray(parts.place[among][values[self.row[dim]]] + offset[among][self.unit[dim]])

        period = np.array([u.period for u in units])
        origin = self.row["origin"]
        arrays = {name: old[name][self.row[dim]] for name, dim in PLAIN.items()}
        arrays |= {end: moved(old[end], dim, "node") for end, dim in ENDS.items()}
        arrays |= {f"{name}_{dim}": moved(old[f"{name}_{dim}"], name, dim) for name, dim in OWNED.items()}
        arrays["quantity"] = old["quantity"][origin, period[self.unit["origin"]]][:, None]
        self.net = Network.of_arrays(parts.net.name, parts.net.attrs, arrays, parts.net.datum)
        self.county = parts.county[origin]
        self.standing = self._standing(units)

    def _standing(self, units: Sequence[Unit]) -> Standing:
        first = np.cumsum([0, *(len(u.states) for u in units)])
        states = np.concatenate([u.states for u in units])
        on = {}
        for name in STANDING:
            at = first[self.unit[name]] + self.parts.candidate[name][self.row[name]]
            on[name] = states[at] == self._states(name)
        return self.net.assembled(on, self.parts.capacity[self._states("station")])

    def _states(self, name: str) -> np.ndarray:
        return np.asarray(self.parts.net.d[f"{name}_state"][self.row[name]])

    def summed(self, dim: str, amounts: np.ndarray, n_units: int) -> np.ndarray:
        """(unit,) sums of amounts along a dimension."""
        return np.bincount(self.unit[dim], amounts, minlength=n_units)


def _grouped(parts: np.ndarray, n_parts: int) -> list[np.ndarray]:
    """Rows of every part, rising."""
    order = np.argsort(parts, kind="stable")
    return list(np.split(order, np.searchsorted(parts[order], np.arange(1, n_parts))))


def _places(rows: list[np.ndarray], size: int) -> np.ndarray:
    """Place of every row among those of its part."""
    place = np.zeros(size, np.int64)
    for listed in rows:
        place[listed] = np.arange(len(listed))
    return place


def _county_places(net: Any, rows: list[np.ndarray], parts: list[Part]) -> np.ndarray:
    """(origin,) place of its county among those of its part."""
    place = np.zeros(net.n_origins, np.int64)
    for part, listed in zip(parts, rows, strict=True):
        place[listed] = np.searchsorted(part.counties, net.d["origin_county"][listed])
    return place
