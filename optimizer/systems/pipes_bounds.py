"""Between what the potentials and flows of any plan lie: what the model's constants are made of. No Pyomo."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.systems.pipes_gates import Gates
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_reach import Reach

ROUNDING = 1e-9


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
        (size, period) units a year: the most that can flow through a size; 0 for less than any place behind it wants, since
        places are served in full or not at all.
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
        self.below, self.behind, least = self._wanted()
        most = np.minimum(self.reach.passes()[:, None], self.below[d["size_arc"]])
        self.flow = np.where(most * (1 + ROUNDING) < least[d["size_arc"]], 0.0, most)

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

    def _wanted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All that is wanted behind arcs and supplies by places that can be served, and the least of a place behind arcs."""
        d, net = self.net.d, self.net
        wanted = np.zeros((net.n_nodes, d["quantity"].shape[1]))
        np.add.at(wanted, d["origin_node"], self.quantity)
        single = np.full(wanted.shape, np.inf)
        np.minimum.at(single, d["origin_node"], np.where(self.quantity > 0, self.quantity, np.inf))
        leaving: dict[int, list[int]] = defaultdict(list)
        for tail, head in zip(d["arc_tail"].tolist(), d["arc_head"].tolist(), strict=True):
            leaving[tail].append(head)
        after = [_reached(h, t, leaving) for t, h in zip(d["arc_tail"], d["arc_head"], strict=True)]
        below = [wanted[nodes].sum(axis=0) for nodes in after]
        least = [single[nodes].min(axis=0) for nodes in after]
        behind = [wanted[_reached(n, -1, leaving)].sum(axis=0) for n in d["supply_node"]]
        periods = wanted.shape[1]
        return tuple(np.array(rows).reshape(-1, periods) for rows in (below, behind, least))  # type: ignore[return-value]


def _reached(start: int, never: int, leaving: dict[int, list[int]]) -> list[int]:
    """Nodes that ways from one lead to without another; a way in a forest does not come back to where it was."""
    seen, front = {int(start)}, [int(start)]
    while front:
        for node in leaving[front.pop()]:
            if node not in seen and node != never:
                seen.add(node)
                front.append(node)
    return sorted(seen)
