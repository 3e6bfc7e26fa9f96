"""What a flow can reach at best: the highest potential behind a supply, the lowest that a place needs before it. No Pyomo.

Both follow the way that loses least, in the largest sizes, with every lift, for one flow all the way. What flows on in a
forest was in every pipe before, so a place that is served has at least its own wants in every pipe on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optimizer.systems.pipes_network import NONE, Network

GRID = 48
"""Flows at which the highest potential is worked out, for the most that a size can pass."""
HALVINGS = 30
ABOVE = 1e-6
"""Relative: how far a flow is moved up, more than the error of the halvings."""


@dataclass(frozen=True)
class Reach:
    """Potentials by node and flow.

    Parameters
    ----------
    net
        The network.
    low
        (node,) potential at the smallest pressure in a pipe.
    lift
        (arc,) m: the largest lift of a booster.
    most
        (supply,) units a year that a supply can give at most.
    """

    net: Network
    low: np.ndarray
    lift: np.ndarray
    most: np.ndarray

    @cached_property
    def part(self) -> np.ndarray:
        """(node,) number of the part of the network that a node belongs to."""
        d, n = self.net.d, self.net.n_nodes
        joined = sp.coo_matrix((np.ones(self.net.n_arcs), (d["arc_tail"], d["arc_head"])), shape=(n, n))
        return np.asarray(connected_components(joined, directed=False)[1])

    @cached_property
    def widest(self) -> np.ndarray:
        """(arc,) the size of the largest diameter, -1 where there is none."""
        widest = np.full(self.net.n_arcs, NONE)
        order = np.argsort(self.net.d["size_diameter"], kind="stable")
        widest[self.net.d["size_arc"][order]] = order
        return widest

    def least_loss(self, flow: np.ndarray) -> np.ndarray:
        """(arc, column) potential lost at flows of the same shape, less the lift; inf where nothing carries them."""
        d = self.net.d
        lost = np.full(flow.shape, np.inf)
        arcs = np.flatnonzero(self.widest >= 0)
        if len(arcs):
            size = np.repeat(self.widest[arcs], flow.shape[1])
            lost[arcs] = self.net.loss(size, flow[arcs].ravel()).reshape(len(arcs), -1) - self.lift[arcs, None]
        room = np.zeros(self.net.n_arcs)
        np.maximum.at(room, d["size_arc"], d["size_capacity"])
        return np.where(flow > room[:, None] * (1 + ABOVE), np.inf, lost)

    def highest(self, flow: np.ndarray) -> np.ndarray:
        """(node, column) the highest potential with a flow all the way from a supply; -inf where it cannot get.

        Parameters
        ----------
        flow
            (node, column) units a year; the same for all nodes of a part.
        """
        d, at = self.net.d, np.full(flow.shape, -np.inf)
        source = np.where(flow[d["supply_node"]] <= self.most[:, None] * (1 + ABOVE), self.net.source()[:, None], -np.inf)
        np.maximum.at(at, d["supply_node"], source)
        lost = self.least_loss(flow[d["arc_tail"]])
        for _ in range(self.net.n_nodes):
            before = at.copy()
            passed = before[d["arc_tail"]] - lost
            np.maximum.at(at, d["arc_head"], np.where(passed >= self.low[d["arc_head"]][:, None] - ABOVE, passed, -np.inf))
            if np.array_equal(at, before):
                break
        return at

    def needed(self, flow: np.ndarray, node: np.ndarray, need: np.ndarray) -> np.ndarray:
        """(node, column) the lowest potential from which a flow gets to the node of its column; inf where it cannot.

        Parameters
        ----------
        flow
            (node, column) as in :meth:`highest`.
        node, need
            (thing,) node, place in its part's columns and potential that is needed there.
        """
        d, at = self.net.d, np.full(flow.shape, np.inf)
        at[node[:, 0], node[:, 1]] = need
        lost = self.least_loss(flow[d["arc_tail"]])
        for _ in range(self.net.n_nodes):
            before = at.copy()
            asked = np.maximum(before[d["arc_head"]] + lost, self.low[d["arc_tail"]][:, None])
            np.minimum.at(at, d["arc_tail"], asked)
            if np.array_equal(at, before):
                break
        return at

    def passes(self) -> np.ndarray:
        """(size,) units a year that a size can pass at most so that the pressure behind it is left; 0 for none."""
        d, room = self.net.d, self.net.d["size_capacity"]
        if not len(room):
            return np.zeros(0)
        grid = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, GRID)]) * float(room.max())
        high = self.highest(np.broadcast_to(grid, (self.net.n_nodes, len(grid))))
        arc = d["size_arc"]
        left = high[d["arc_tail"][arc]] + self.lift[arc, None] - self.low[d["arc_head"][arc]][:, None]
        size = np.repeat(np.arange(len(room)), len(grid))
        lost = self.net.loss(size, np.tile(grid, len(room))).reshape(len(room), -1)
        first = np.argmax(np.column_stack([lost > left, np.ones(len(room), bool)]), axis=1)
        return np.minimum(room, self._between(grid, left, first))

    def _between(self, grid: np.ndarray, left: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The largest flow under a point of the grid at which what is left at the point before is not yet lost."""
        low, high = grid[np.maximum(first - 1, 0)], grid[np.minimum(first, len(grid) - 1)]
        size, spare = np.arange(len(first)), left[np.arange(len(first)), np.maximum(first - 1, 0)]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            holds = self.net.loss(size, middle) <= spare
            low, high = np.where(holds, middle, low), np.where(holds, high, middle)
        return np.where(first == 0, 0.0, np.where(first == len(grid), np.inf, high * (1 + ABOVE)))
