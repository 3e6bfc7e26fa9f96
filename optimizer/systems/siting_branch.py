"""Branch and bound on the Lagrangian relaxation of a siting problem: over sites, then over whole customers.

Best bound first; every node raises its own prices from its parent's (Beasley 1988; Holmberg et al. 1999), settles what
reduced costs prove and is split on the site, or the pair, about which the mean choice is least sure.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from network_models.siting.arrays import CLOSED, FREE, OPEN, WHOLE, Pairs, Siting, Solution
from network_models.siting.ascent import Ascent, ascend, settle
from network_models.siting.relaxation import relax
from optimizer.systems.siting_plans import Solutions

ROOT_ROUNDS, ROOT_STEP, ROOT_PATIENCE = 3000, 1.5, 30
NODE_ROUNDS, NODE_STEP, NODE_PATIENCE = 200, 0.4, 8
PROBE_ROUNDS = 3
ROOT_TRIES = (PROBE_ROUNDS, PROBE_ROUNDS, ROOT_ROUNDS)
"""The first may have to compile, the second tells the pace of the third."""
TIME_PART = 0.2
"""Most of the time left that one ascent may take."""
UNSURE = 0.05
"""A site whose share of the mean choice is this near to 0 or 1 is not worth a branch while a customer is less sure."""
TRY_EVERY = 10
DIVE_EVERY = 100
NODE_EFFORT = 0.02
CAPTIVE = 4.0
ANYBODY = -1
NEAR = 1e-4
"""How near to a multiple of the grain of values a bound counts as that multiple."""


class Limits(NamedTuple):
    """When to stop: relative gap, time.monotonic() of the end, an event, the seed of local search."""

    gap: float
    until: float
    stop: threading.Event
    seed: int


class Found(NamedTuple):
    """What is proved.

    Parameters
    ----------
    solution
        The best one; its value is inf where none was met.
    bound
        No solution is better.
    status, keep
        (m,) and (m, n): what solutions better than ``others`` may have.
    others
        No solution that has something else is better than this.
    nodes
        Nodes of the tree.
    """

    solution: Solution
    bound: float
    status: np.ndarray
    keep: np.ndarray
    others: float
    nodes: int


@dataclass(order=True)
class Node:
    """A part of the solutions: what is settled, and where its prices stood."""

    bound: float
    order: int
    status: np.ndarray = field(compare=False)
    keep: np.ndarray = field(compare=False)
    """Pairs that may be used, as bits."""
    price: np.ndarray = field(compare=False)
    choice: tuple[int, int] | None = field(compare=False, default=None)


class Tree:
    """Best-first search."""

    def __init__(self, siting: Siting, limits: Limits, say: Callable[[float, float], None]) -> None:
        self.siting, self.limits, self.say = siting, limits, say
        self.solutions = Solutions(siting, limits.seed)
        self.pairs = siting.pairs()
        self.site_of_pair = np.repeat(np.arange(len(siting.fixed)), np.diff(self.pairs.ptr))
        self.heap: list[Node] = []
        self.order, self.nodes, self.dives, self.pace = itertools.count(), 0, 0, 0.0

    @property
    def cutoff(self) -> float:
        """What is not below this is not worth a look: values come in grains, and the gap asked for is not closed further."""
        value = self.solutions.value
        if not np.isfinite(value):
            return float(np.inf)
        return float(value - max(self.siting.grain * (1 - NEAR), self.limits.gap * abs(value)))

    @property
    def bound(self) -> float:
        """Proved for all solutions."""
        return self._rounded(min(min((n.bound for n in self.heap), default=np.inf), self.cutoff))

    def _rounded(self, bound: float) -> float:
        """A bound as high as the grain of values allows."""
        grain = self.siting.grain
        if not (grain and np.isfinite(bound)):
            return float(bound)
        return float(min(np.ceil(bound / grain - NEAR / 10) * grain, self.solutions.value))

    def run(self) -> Found:
        """Search until the gap is closed or the limits are met."""
        root = self._root()
        if root is not None:
            self._push(root)
        while self.heap and self.heap[0].bound < self.cutoff and not self._over():
            self._split(heapq.heappop(self.heap), dive=self.nodes // DIVE_EVERY > self.dives)
            self.say(self.solutions.value, self.bound)
        status, keep = self._left()
        return Found(self.solutions.best, self.bound, status, keep, self._rounded(self.cutoff), self.nodes)

    def _split(self, node: Node, dive: bool) -> None:
        """Split a node; a dive goes on with the better part to the bottom, where there are whole solutions."""
        self.dives += dive
        while True:
            made = sorted(self._children(node))
            for child in made[dive:]:
                self._push(child)
            if not dive or not made:
                return
            node = made[0]
            if node.bound >= self.cutoff or self._over():
                self._push(node)
                return

    def _over(self) -> bool:
        return time.monotonic() > self.limits.until or self.limits.stop.is_set()

    def _push(self, node: Node) -> None:
        if node.bound < self.cutoff:
            heapq.heappush(self.heap, node)

    def _left(self) -> tuple[np.ndarray, np.ndarray]:
        """What the open nodes together leave open."""
        m, n = self.siting.shape
        nodes = [node for node in self.heap if node.bound < self.cutoff]
        keep = np.zeros((m, n), bool)
        if not nodes:
            return np.full(m, CLOSED), keep
        kept = self._unpacked(np.bitwise_or.reduce([node.keep for node in nodes]))
        keep[self.site_of_pair[kept], self.pairs.customer[kept]] = True
        statuses = np.array([node.status for node in nodes])
        return np.where((statuses == statuses[0]).all(axis=0), statuses[0], FREE), keep

    def _root(self) -> Node | None:
        """Prices from nothing, solutions, prices again toward the best of them."""
        every = np.ones(len(self.pairs.customer), bool)
        price, status = _third_cheapest(self.siting.cost), np.zeros(self.siting.shape[0], np.int64)
        node = Node(-np.inf, next(self.order), status, every, price)
        guess = float(price.sum() + np.abs(self.siting.fixed).sum())
        for rounds in ROOT_TRIES:
            first = self._ascend(self.pairs, node, guess, rounds, ROOT_STEP, ROOT_PATIENCE)
        if first.bound == np.inf:
            return None
        self._lean(self.pairs, status, self._read(self.pairs, status, first), first, 0.3)
        node = Node(first.bound, node.order, status, every, first.price)
        return self._raised(node, ROOT_ROUNDS, ROOT_STEP / 3, ROOT_PATIENCE, 1.0)

    def _children(self, node: Node) -> list[Node]:
        if node.choice is None:
            return []
        site, customer = node.choice
        made = []
        for side in (True, False):
            status, keep = node.status.copy(), self._unpacked(node.keep)
            if customer == ANYBODY:
                status[site] = OPEN if side else CLOSED
            elif side:
                keep &= (self.pairs.customer != customer) | (self.site_of_pair == site)
                status[site] = OPEN
            else:
                keep &= (self.pairs.customer != customer) | (self.site_of_pair != site)
            child = Node(node.bound, next(self.order), status, keep, node.price.copy())
            raised = self._raised(child, NODE_ROUNDS, NODE_STEP, NODE_PATIENCE, NODE_EFFORT)
            if raised is not None:
                made.append(raised)
        return made

    def _raised(self, node: Node, rounds: int, step: float, patience: int, effort: float) -> Node | None:
        """The node (its pairs not packed yet) with its bound raised, what follows settled, and what to split it on.

        None when it is done with.
        """
        self.nodes += 1
        pairs, place = self._pairs_of(node)
        if not self._served(pairs, node):
            return None
        target = self.cutoff if np.isfinite(self.cutoff) else 1.1 * abs(node.bound) + 1.0
        ascent = self._ascend(pairs, node, target, rounds, step, patience)
        bound = max(node.bound, ascent.bound)
        if bound >= self.cutoff:
            return None
        chosen = self._read(pairs, node.status, ascent)
        if self.nodes % TRY_EVERY == 0 or effort >= 1:
            self._lean(pairs, node.status, chosen, ascent, effort)
        _, status, kept = settle(pairs, node.status, ascent.price, self.cutoff)
        keep = node.keep.copy()
        keep[place[~kept]] = False
        choice = self._choice(pairs, status, ascent)
        if choice is None or bound >= self.cutoff:
            return None
        return Node(bound, node.order, status, np.packbits(keep), ascent.price, choice)

    def _ascend(self, pairs: Pairs, node: Node, target: float, rounds: int, step: float, patience: int) -> Ascent:
        """An ascent that takes no more than a part of the time that is left, as the pace of the last one tells."""
        began = time.monotonic()
        affordable = TIME_PART * max(self.limits.until - began, 0.0) / self.pace if self.pace else 0.0
        rounds = int(np.clip(affordable, min(PROBE_ROUNDS, rounds), rounds))
        ascent = ascend(pairs, node.status, node.price, target, rounds, step, patience)
        self.pace = (time.monotonic() - began) / max(ascent.used, 1)
        return ascent

    def _unpacked(self, keep: np.ndarray) -> np.ndarray:
        return np.unpackbits(keep, count=len(self.pairs.customer)).astype(bool)

    def _pairs_of(self, node: Node) -> tuple[Pairs, np.ndarray]:
        place = np.flatnonzero(node.keep & (node.status != CLOSED)[self.site_of_pair])
        ptr = np.searchsorted(self.site_of_pair[place], np.arange(len(node.status) + 1)).astype(np.int64)
        return self.pairs._replace(ptr=ptr, customer=self.pairs.customer[place], cost=self.pairs.cost[place]), place

    def _served(self, pairs: Pairs, node: Node) -> bool:
        """Whether every customer has a pair left; one with a single pair takes it, which opens the site."""
        n = len(node.price)
        ways = np.bincount(pairs.customer, minlength=n)
        if (ways == 0).any():
            return False
        captive = np.flatnonzero(ways[pairs.customer] == 1)
        if len(captive):
            sites = np.searchsorted(pairs.ptr, captive, side="right") - 1
            node.status[sites[node.status[sites] == FREE]] = OPEN
            customers = pairs.customer[captive]
            high = CAPTIVE * float(np.abs(node.price).max() + 1.0)
            node.price[customers] = np.maximum(node.price[customers], pairs.cost[captive] + high)
        return True

    def _read(self, pairs: Pairs, status: np.ndarray, ascent: Ascent) -> np.ndarray:
        """Sites that the best prices choose; the choice is a solution where it serves every customer once."""
        m, n = self.siting.shape
        chosen, served = np.zeros(m, np.bool_), np.zeros(n)
        lists = np.empty(len(pairs.customer), np.int64), np.empty(len(pairs.customer)), np.zeros(m, np.int64)
        relax(pairs, status, ascent.price, chosen, served, lists)
        if (np.abs(served - 1.0) > 1e-9).any():
            return chosen
        share = np.zeros((m, n))
        for i in np.flatnonzero(chosen):
            at = slice(pairs.ptr[i], pairs.ptr[i] + lists[2][i])
            share[i, pairs.customer[lists[0][at]]] = lists[1][at]
        self.solutions.take(chosen & share.any(axis=1), share)
        return chosen

    def _lean(self, pairs: Pairs, status: np.ndarray, chosen: np.ndarray, ascent: Ascent, effort: float) -> None:
        self.solutions.lean(status, chosen, ascent.site_share, self._matrix(pairs, ascent.pair_share), effort)

    def _matrix(self, pairs: Pairs, of_pair: np.ndarray) -> np.ndarray:
        full = np.zeros(self.siting.shape)
        full[np.repeat(np.arange(len(pairs.ptr) - 1), np.diff(pairs.ptr)), pairs.customer] = of_pair
        return full

    def _choice(self, pairs: Pairs, status: np.ndarray, ascent: Ascent) -> tuple[int, int] | None:
        """Site (and customer, else -1) to split on; None where all is settled, and then the node is solved."""
        doubt = np.where(status == FREE, np.minimum(ascent.site_share, 1.0 - ascent.site_share), -1.0)
        site = int(np.argmax(doubt))
        if self.siting.mode == WHOLE:
            return (site, ANYBODY) if doubt[site] > UNSURE else self._pair_choice(pairs, ascent)
        if doubt[site] >= 0.0:
            return site, ANYBODY
        self.solutions.serve(status == OPEN)
        return None

    def _pair_choice(self, pairs: Pairs, ascent: Ascent) -> tuple[int, int] | None:
        """The pair of a customer with several that is least sure, heavy customers first."""
        ways = np.bincount(pairs.customer, minlength=len(ascent.price))
        several = ways[pairs.customer] > 1
        if not several.any():
            self._settled(pairs)
            return None
        doubt = np.minimum(ascent.pair_share, 1.0 - ascent.pair_share) + 1e-6
        score = np.where(several, doubt * self.siting.demand[pairs.customer], -1.0)
        k = int(np.argmax(score))
        return int(np.searchsorted(pairs.ptr, k, side="right") - 1), int(pairs.customer[k])

    def _settled(self, pairs: Pairs) -> None:
        site = np.repeat(np.arange(len(pairs.ptr) - 1), np.diff(pairs.ptr))
        site_of = np.empty(len(pairs.weight), np.int64)
        site_of[pairs.customer] = site
        self.solutions.take_whole(site_of)


def _third_cheapest(cost: np.ndarray) -> np.ndarray:
    ranked = np.sort(np.where(np.isfinite(cost), cost, cost[np.isfinite(cost)].max()), axis=0)
    return ranked[min(2, len(ranked) - 1)].astype(float)
