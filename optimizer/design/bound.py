"""A proven lower bound on the cost of a design, by spatial branch and bound over flows, heads and sizes."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from network_models.design.arrays import DesignNetwork
from optimizer.design.contract import Contraction, Node
from optimizer.design.hull import cheapest_mixture
from optimizer.design.program import NO_CUTS, Point, Program
from optimizer.design.relaxation import THIN, Box, Relaxation

MARGIN = 0.2
SETTLED = 1e-7
"""Scores of branching, in shares of the limit, below which there is nothing to branch on."""


@dataclass(frozen=True)
class Bound:
    """The bound, boxes solved, and whether nothing cheaper than the limit is left."""

    value: float
    boxes: int
    proved: bool


def cheapest_sizes(network: DesignNetwork) -> float:
    """A bound without hydraulics: every link at its cheapest size."""
    return float(network.sizes.cost[:, 0].sum())


class Proof:
    """Branch and bound on one network."""

    def __init__(self, network: DesignNetwork, clock: Callable[[], float] = time.monotonic) -> None:
        self.network, self.clock = network, clock
        self.relaxation = Relaxation(network)
        self.floor = cheapest_sizes(network)
        spread = float((network.sizes.cost.max(axis=1) - network.sizes.cost.min(axis=1)).max())
        self.unit = spread if spread > 0 else 1.0
        self.program = Program(self.relaxation, self.unit)
        self.contraction = Contraction(self.relaxation, self.program, clock)

    def run(self, seconds: float, limit: Callable[[], float], gap: float = 5e-7) -> Bound:
        """Bound until the bound is within ``gap`` of the cost that ``limit`` says, or for so long.

        Once a first design is known all begins anew, with the box of all designs narrowed by its cost.

        Parameters
        ----------
        limit
            Cost of the best design known by now (inf: none).
        """
        end = self.clock() + seconds
        if not self.relaxation.bounded:
            return Bound(self.floor, 0, False)
        root = Node(self.relaxation.whole(), [], NO_CUTS)
        heap: list[tuple[float, int, Node]] = [(self.floor, 0, root)]
        number, boxes, left_out, narrowed = 0, 0, math.inf, False
        while heap and heap[0][0] < (cut := limit() * (1.0 - gap)):
            if self.clock() >= end:
                return Bound(min(heap[0][0], left_out), boxes, False)
            if first := math.isfinite(cut) and not narrowed:
                heap, left_out, narrowed = [(min(heap[0][0], left_out), 0, root)], math.inf, True
            parent, _, node = heapq.heappop(heap)
            boxes += 1
            solved = self.contraction.solve(node, cut, end, first)
            if solved is None:
                left_out = min(left_out, cut)
                continue
            point, node = solved
            cost = max(parent, point.bound * self.unit)
            if cost >= cut:
                left_out = min(left_out, cost)
                continue
            parts = self._split(node, point)
            left_out = left_out if parts else min(left_out, cost)
            for part in parts:
                number += 1
                heapq.heappush(heap, (cost, number, replace(node, box=part)))
        least = min(left_out, heap[0][0] if heap else math.inf)
        return Bound(least, boxes, True)

    def _split(self, node: Node, point: Point) -> list[Box]:
        """Two parts of a box: of a chain's flows or of a link's sizes, whichever hides more cost."""
        r, box = self.relaxation, node.box
        hidden, rounding, mean = self._hidden(box, point)
        hidden[box.high - box.low <= 1e3 * THIN] = 0.0
        rounding[box.first[r.link] == box.last[r.link]] = 0.0
        by_chain = np.bincount(self.contraction.chains + 1, hidden)[1:]
        if max(by_chain.max(initial=0.0), rounding.max()) <= SETTLED * self.unit:
            return self._anything(box)
        if by_chain.max(initial=0.0) >= rounding.max():
            k = int(np.where(self.contraction.chains == by_chain.argmax(), hidden, -1.0).argmax())
            return self._split_flow(box, k, float(point.flow[k]))
        lane = int(rounding.argmax())
        return self._split_size(box, int(r.link[lane]), float(mean[lane]))

    def _hidden(self, box: Box, point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the lanes at a point cost more at their flow if sizes may be mixed; what mixing saves; the mean size."""
        r = self.relaxation
        loss = (point.heads[r.tail] - point.heads[r.head]) * np.where(point.flow < 0, -1.0, 1.0)
        cost, saved, mean = np.zeros(r.lanes), np.zeros(r.lanes), np.zeros(r.lanes)
        for lane in range(r.lanes):
            k = int(r.link[lane])
            d = np.arange(box.last[k], box.first[k] - 1, -1)
            d = d[~r.closed[k, d]]
            if not len(d):
                continue
            u = abs(point.flow[lane])
            falls = r.factor(np.full(len(d), u), k, d) * u**r.power
            cost[lane], saved[lane], mean[lane] = cheapest_mixture(falls, r.sizes.cost[k, d], d, loss[lane])
            cost[lane] += max(loss[lane] - falls[-1], 0.0) * self._metre(point, lane)
        return np.maximum(cost - point.cost[r.link] * self.unit, 0.0), saved, mean

    def _metre(self, point: Point, lane: int) -> float:
        """What a metre of loss in a lane is worth, at least a little."""
        return abs(float(point.pull[lane])) * self.unit + 1e-3 * self.unit / self.relaxation.range

    def _anything(self, box: Box) -> list[Box]:
        """Parts of the widest flow, else of the most sizes."""
        k, link = int((box.high - box.low).argmax()), int((box.last - box.first).argmax())
        if box.high[k] - box.low[k] > 1e3 * THIN:
            return self._split_flow(box, k, float(box.low[k] + box.high[k]) / 2.0)
        if box.last[link] > box.first[link]:
            return self._split_size(box, link, float(box.first[link] + box.last[link]) / 2.0)
        return []

    @staticmethod
    def _split_flow(box: Box, k: int, flow: float) -> list[Box]:
        low, high = float(box.low[k]), float(box.high[k])
        width = high - low
        at = min(max(flow, low + MARGIN * width), high - MARGIN * width)
        if low < 0.0 < high and min(-low, high) > 0.1 * width:
            at = 0.0
        parts = [box.copy(), box.copy()]
        parts[0].high[k] = parts[1].low[k] = at
        return parts

    @staticmethod
    def _split_size(box: Box, k: int, mean: float) -> list[Box]:
        at = min(max(int(mean), int(box.first[k])), int(box.last[k]) - 1)
        parts = [box.copy(), box.copy()]
        parts[0].last[k], parts[1].first[k] = at, at + 1
        return parts
