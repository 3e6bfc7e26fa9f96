"""Between what the potentials and flows of any plan lie: what the model's constants are made of. No Pyomo."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.systems.pipes_gates import Gates
from optimizer.systems.pipes_network import NONE, Network
from optimizer.systems.pipes_reach import Reach
from optimizer.systems.pipes_sums import largest_sums


class Bounds:
    """Bounds that hold for every plan whose pipes are a forest.

    Parameters
    ----------
    low, high
        (node,) potential at the smallest pressure in a pipe, and the highest that supplies and lifts can give.
    most
        (node,) potential at the largest pressure allowed.
    lift
        (arc,) m: the largest lift of a booster.
    below
        (arc, period) units a year: the most that places behind an arc can want.
    behind
        (supply, period) the same behind a supply.
    gates
        What can feed every place (docs/pipes.md).
    quantity
        (origin, period) units a year, 0 for places that nothing can serve.
    flow
        (size, period) units a year: the most that can flow through a size, a sum of what some places behind it want, since places
        are served in full or not at all.
    """

    def __init__(self, net: Network, capacity: np.ndarray) -> None:
        self.net, self.capacity, d = net, capacity, net.d
        self.low = net.potential(float(net.attrs["transit"]))
        self.most = net.potential(float(net.attrs["most"])) if np.isfinite(net.attrs["most"]) else np.full(net.n_nodes, np.inf)
        self.lift = np.zeros(net.n_arcs)
        np.maximum.at(self.lift, d["lift_arc"], d["lift_height"])
        self.high = np.maximum(np.minimum(self._highest(), self.most), self.low)
        self.reach = Reach(net, self.low, self.lift, self._most())
        self.gates = Gates(net, self.reach)
        self.quantity = np.where(self.gates.possible, d["quantity"], 0.0)
        behind, below = self._places_behind()
        self.behind = np.array([self.quantity[places].sum(axis=0) for places in behind]).reshape(-1, d["quantity"].shape[1])
        self.below = np.array([self.quantity[places].sum(axis=0) for places in below]).reshape(-1, d["quantity"].shape[1])
        self.flow = self._flow(below)

    def _most(self) -> np.ndarray:
        """(supply,) the most that one can give, in whatever state."""
        d = self.net.d
        most = np.where(d["supply_candidate"] < 0, d["supply_capacity"], 0.0)
        np.maximum.at(most, d["station_supply"], self.capacity[d["station_state"]])
        return most

    def _highest(self) -> np.ndarray:
        """(node,) the highest potential over ways of as many arcs as there are nodes; a way enters a node once."""
        d, high = self.net.d, np.full(self.net.n_nodes, -np.inf)
        high[d["supply_node"]] = self.net.source()
        for _ in range(self.net.n_nodes):
            before = high.copy()
            np.maximum.at(high, d["arc_head"], before[d["arc_tail"]] + self.lift)
            if np.array_equal(high, before) or (high >= self.most).all():
                break
        return high

    def _places_behind(self) -> tuple[list[list[int]], list[list[int]]]:
        """The places that ways lead to from each supply, and through each arc."""
        d = self.net.d
        places, leaving = defaultdict(list), defaultdict(list)
        for o, node in enumerate(d["origin_node"].tolist()):
            places[node].append(o)
        ends = list(zip(d["arc_tail"].tolist(), d["arc_head"].tolist(), strict=True))
        for tail, head in ends:
            leaving[tail].append(head)

        def behind(start: int, never: int) -> list[int]:
            return [o for node in _reached(start, never, leaving) for o in places[node]]

        return [behind(int(node), NONE) for node in d["supply_node"]], [behind(head, tail) for tail, head in ends]

    def _flow(self, below: list[list[int]]) -> np.ndarray:
        """(size, period) the largest sum of wants behind each that it can pass."""
        arc, flow = self.net.d["size_arc"], np.zeros((len(self.net.d["size_arc"]), self.quantity.shape[1]))
        passes = np.broadcast_to(self.reach.passes()[:, None], flow.shape)
        for a, places in enumerate(below):
            mine = np.flatnonzero(arc == a)
            flow[mine] = largest_sums(self.quantity[places], passes[mine])
        return flow


def _reached(start: int, never: int, leaving: dict[int, list[int]]) -> list[int]:
    """Nodes that ways from one lead to without another; a way in a forest does not come back to where it was."""
    seen, front = {start}, [start]
    while front:
        for node in leaving[front.pop()]:
            if node not in seen and node != never:
                seen.add(node)
                front.append(node)
    return sorted(seen)
