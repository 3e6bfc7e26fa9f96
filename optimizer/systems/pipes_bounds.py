"""Between what the potentials and flows of any plan lie: what the model's constants are made of. No Pyomo."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.systems.pipes_network import Network


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
    flow
        (size, period) units a year: the most that can flow through a size.
    """

    def __init__(self, net: Network) -> None:
        self.net, d = net, net.d
        self.low = net.potential(float(net.attrs["transit"]))
        self.most = net.potential(float(net.attrs["most"])) if np.isfinite(net.attrs["most"]) else np.full(net.n_nodes, np.inf)
        self.lift = np.zeros(net.n_arcs)
        np.maximum.at(self.lift, d["lift_arc"], d["lift_height"])
        self.high = np.maximum(np.minimum(self._highest(), self.most), self.low)
        self.below, self.behind = self._wanted()
        self.flow = np.minimum(d["size_capacity"][:, None], self.below[d["size_arc"]])

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

    def _wanted(self) -> tuple[np.ndarray, np.ndarray]:
        d, net = self.net.d, self.net
        wanted = np.zeros((net.n_nodes, d["quantity"].shape[1]))
        np.add.at(wanted, d["origin_node"], d["quantity"])
        leaving: dict[int, list[int]] = defaultdict(list)
        for tail, head in zip(d["arc_tail"].tolist(), d["arc_head"].tolist(), strict=True):
            leaving[tail].append(head)
        below = [wanted[_reached(h, t, leaving)].sum(axis=0) for t, h in zip(d["arc_tail"], d["arc_head"], strict=True)]
        behind = [wanted[_reached(n, -1, leaving)].sum(axis=0) for n in d["supply_node"]]
        return np.array(below).reshape(net.n_arcs, -1), np.array(behind).reshape(net.n_supplies, -1)


def _reached(start: int, never: int, leaving: dict[int, list[int]]) -> list[int]:
    """Nodes that ways from one lead to without another; a way in a forest does not come back to where it was."""
    seen, front = {int(start)}, [int(start)]
    while front:
        for node in leaving[front.pop()]:
            if node not in seen and node != never:
                seen.add(node)
                front.append(node)
    return sorted(seen)
