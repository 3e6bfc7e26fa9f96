"""A proven lower bound on the cost of a design, by spatial branch and bound over flows and sizes."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from network_models.design.arrays import DesignNetwork
from optimizer.design.relaxation import THIN, Box, Relaxation, Solved

LARGE_ERROR = 0.01
"""Error of a loss, in ranges of head over the network, from which on flows are branched before sizes."""
SETTLED = 1e-3
"""Spread of sizes, in shares of a link's mean cost, below which there is nothing to branch on."""
MARGIN = 0.2
PASSES = 12
SLACK, WORTH, EMPTY = 1e-9, 1e-6, 1e-7
"""In total demands: added to every narrowed range, the least narrowing that is made, and how far an empty range overlaps."""


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
    """Branch and bound on one network; the load whose first relaxation costs most stands for all (each alone bounds)."""

    def __init__(self, network: DesignNetwork, clock: Callable[[], float] = time.monotonic) -> None:
        self.network, self.clock = network, clock
        relaxations = [Relaxation(network, s) for s in range(len(network.layout.demand))]
        firsts = [self._first(relaxation) for relaxation in relaxations] if len(relaxations) > 1 else [0.0]
        self.relaxation = relaxations[int(np.argmax(firsts))]
        self.floor = cheapest_sizes(network)
        self.ends = balance_of(network)
        r = self.relaxation
        self.range = max(float(r.highest.max() - r.lowest[: r.n].min()), 1e-9)

    @staticmethod
    def _first(relaxation: Relaxation) -> float:
        solved = relaxation.solve(relaxation.whole()) if relaxation.bounded else None
        return -math.inf if solved is None else solved.cost

    def run(self, seconds: float, limit: Callable[[], float], gap: float = 1e-6) -> Bound:
        """Bound until the bound is within ``gap`` of the cost that ``limit`` says, or for so long.

        Parameters
        ----------
        limit
            Cost of the best design known by now (inf: none).
        """
        began, relaxation = self.clock(), self.relaxation
        if not relaxation.bounded:
            return Bound(self.floor, 0, False)
        root = self._narrowed(relaxation.whole())
        if root is None:
            return Bound(math.inf, 0, True)
        heap, number, boxes, left_out = [(self.floor, 0, root)], 0, 0, math.inf
        while heap and heap[0][0] < limit() * (1.0 - gap):
            left = seconds - (self.clock() - began)
            if left <= 0:
                return Bound(min(heap[0][0], left_out), boxes, False)
            parent, _, box = heapq.heappop(heap)
            solved = relaxation.solve(box, left)
            boxes += 1
            if solved is None:
                continue
            cost = max(parent, solved.cost)
            if not math.isfinite(solved.cost):
                return Bound(min(parent, left_out), boxes, False)
            if cost >= limit() * (1.0 - gap):
                left_out = min(left_out, cost)
                continue
            for part in self._split(box, solved):
                number += 1
                heapq.heappush(heap, (cost, number, part))
        least = min(left_out, heap[0][0] if heap else math.inf, limit())
        return Bound(least, boxes, True)

    def _narrowed(self, box: Box) -> Box | None:
        low, high = box.low.copy(), box.high.copy()
        demand = self.relaxation.demand / self.relaxation.scale
        return replace(box, low=low, high=high) if narrow(self.ends, demand, low, high) else None

    def _split(self, box: Box, solved: Solved) -> list[Box]:
        """Two parts of a box: of a link's flows where its loss is far from the law, else of its sizes."""
        pieces, share = solved.pieces, np.maximum(solved.share, 1e-12)
        k, d = pieces.link, pieces.size
        m, used = self.relaxation.m, solved.share > 1e-7
        u = np.clip(solved.flow / share, pieces.low, pieces.high)
        r = self.relaxation.factor(pieces.high, k, d)
        error = np.bincount(k[used], np.abs(solved.loss - share * r * u**self.relaxation.power)[used], m)
        error[box.high - box.low <= 1e3 * THIN] = 0.0
        cost = self.relaxation.sizes.cost[k, d]
        mean = np.bincount(k, solved.share * cost, m)
        spread = np.bincount(k, solved.share * np.abs(cost - mean[k]), m)
        spread[box.first == box.last] = 0.0
        if error.max() > LARGE_ERROR * self.range or spread.max() <= SETTLED * mean.mean():
            return self._split_flow(box, int(error.argmax()), np.bincount(k, pieces.sign * solved.flow, m))
        link = int(spread.argmax())
        return self._split_size(box, link, float((solved.share * d)[k == link].sum()))

    def _split_flow(self, box: Box, k: int, flow: np.ndarray) -> list[Box]:
        low, high = float(box.low[k]), float(box.high[k])
        width = high - low
        at = min(max(float(flow[k]), low + MARGIN * width), high - MARGIN * width)
        if low < 0.0 < high and min(-low, high) > 0.1 * width:
            at = 0.0
        parts = []
        for side in range(2):
            lows, highs = box.low.copy(), box.high.copy()
            (lows if side else highs)[k] = at
            part = self._narrowed(replace(box, low=lows, high=highs))
            parts += [] if part is None else [part]
        return parts

    @staticmethod
    def _split_size(box: Box, k: int, mean: float) -> list[Box]:
        at = min(max(int(mean), int(box.first[k])), int(box.last[k]) - 1)
        first, last = box.first.copy(), box.last.copy()
        first[k], last[k] = at + 1, at
        return [replace(box, last=last), replace(box, first=first)]


Ends = list[list[tuple[int, int]]]


def balance_of(network: DesignNetwork) -> Ends:
    """Links at every junction, +1 where they lead to it."""
    ends: Ends = [[] for _ in range(network.layout.n_junctions)]
    for k, (a, b) in enumerate(zip(network.layout.tail.tolist(), network.layout.head.tolist(), strict=True)):
        if a < len(ends):
            ends[a].append((k, -1))
        if b < len(ends):
            ends[b].append((k, 1))
    return ends


def narrow(ends: Ends, demand: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Narrow ranges of flow in place by the balances of the junctions; False: no flow is left."""
    for _ in range(PASSES):
        changed = False
        for drawn, links in zip(demand.tolist(), ends, strict=True):
            flows = [(low[k], high[k]) if s > 0 else (-high[k], -low[k]) for k, s in links]
            least, most = sum(f[0] for f in flows), sum(f[1] for f in flows)
            for (k, s), (a, b) in zip(links, flows, strict=True):
                new_a, new_b = max(a, drawn - (most - b) - SLACK), min(b, drawn - (least - a) + SLACK)
                if new_a > new_b + EMPTY:
                    return False
                if new_a > a + WORTH or new_b < b - WORTH:
                    changed = True
                    new_a, new_b = min(new_a, new_b), max(new_a, new_b)
                    low[k], high[k] = (new_a, new_b) if s > 0 else (-new_b, -new_a)
        if not changed:
            break
    return True
