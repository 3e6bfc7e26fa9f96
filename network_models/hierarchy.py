"""A customizable hierarchy of a graph: ordered once for its shape, customised for its weights, then swept.

The order and the arcs of the hierarchy depend on the shape alone (:class:`Shape`) and are shared by all graphs with the
same arcs, reversed or not; the order is also kept on disk. What depends on the weights is a :class:`Hierarchy`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from network_models import _elimination as elimination
from network_models import _routes as routes
from network_models import _sweeps as sweeps
from network_models import _updates as updates
from network_models._dissection import dissect
from network_models._lanes import LANES
from network_models._memory import table
from network_models._nearest import nearest_lists
from network_models._numba import get_num_threads
from network_models._orders import kept_order
from network_models._threads import deal

FULLEST = 40
"""Arcs of a hierarchy for each node beyond which a graph is no road network and gets none."""


class Shape:
    """The order of a graph's nodes and the arcs of its hierarchy.

    Parameters
    ----------
    indptr, head
        The graph as compressed sparse rows.

    Raises
    ------
    ValueError
        No small cuts divide the graph, so that its hierarchy would be larger than is useful.
    """

    def __init__(self, indptr: np.ndarray, head: np.ndarray) -> None:
        starts, heads = both_ways(indptr, head)
        n = len(starts) - 1
        ids = kept_order(starts, heads, dissect)
        self.rank, self.first, self.high = elimination.join(starts, heads, ids, FULLEST * n + len(heads))
        if self.first[-1] == 0 and len(heads):
            raise ValueError(f"no hierarchy: found no small cuts in {n} nodes, {len(head)} arcs; use method='dijkstra'")
        self.place = elimination.places(indptr, head, self.rank, self.first, self.high)
        self.parent = np.full(n, -1, np.int32)
        below = np.flatnonzero(np.diff(self.first))
        self.parent[below] = self.high[self.first[below]]

    def turned(self, arcs: np.ndarray) -> Shape:
        """Shape of the graph with every arc turned round; its arc ``i`` is arc ``arcs[i]`` of this one."""
        other = copy(self)
        other.__dict__.pop("arcs", None)
        other.place = np.where(self.place[arcs] < 0, -1, self.place[arcs] ^ 1)
        return other

    @property
    def n_nodes(self) -> int:
        return len(self.rank)

    @cached_property
    def arcs(self) -> routes.Arcs:
        """The arcs both ways round, for what looks at few of them."""
        both = routes.lower(self.first, self.high), routes.lain_on(self.place, len(self.high))
        return routes.Arcs(self.parent, self.first, self.high, *both[0], *both[1])


class Swept(NamedTuple):
    """A sweep and the rows of its targets, filled up to a multiple of 16."""

    down: sweeps.Descent
    goals: np.ndarray


@dataclass(frozen=True)
class Hierarchy:
    """A customised hierarchy.

    Parameters
    ----------
    shape
        Order and arcs.
    weight
        (n_arcs,) of the graph, float64 seconds or int32 milliseconds.
    basic
        (n, 2) weights of the hierarchy's arcs, each the best way through lower nodes: what routes are unpacked from.
    exact
        (n, 2) the same through any nodes: travel times.
    needed
        (n, 2) whether some best way depends on the arc.
    """

    shape: Shape
    weight: np.ndarray
    basic: np.ndarray
    exact: np.ndarray
    needed: np.ndarray

    @classmethod
    def customised(cls, shape: Shape, weight: np.ndarray) -> Hierarchy:
        """Hierarchy for a set of weights."""
        basic = np.empty((len(shape.high), 2), weight.dtype)
        elimination.carry(shape.place, weight, none_of(weight), basic)
        elimination.customise(shape.first, shape.high, basic)
        exact, needed = basic.copy(), np.empty(basic.shape, np.bool_)
        elimination.perfect(shape.first, shape.high, exact, needed)
        return cls(shape, weight, basic, exact, needed)

    def revised(self, weight: np.ndarray) -> Hierarchy:
        """Hierarchy for weights that differ in few arcs; the same as :meth:`customised`, sooner."""
        arcs, changed = self.shape.arcs, self.shape.place[np.flatnonzero(weight != self.weight)]
        basic, exact, needed = self.basic.copy(), self.exact.copy(), self.needed.copy()
        altered = updates.revise_basic(arcs, weight, changed, basic, none_of(weight))
        updates.revise_exact(arcs, basic, altered, exact, needed)
        return Hierarchy(self.shape, weight, basic, exact, needed)

    @cached_property
    def up(self) -> sweeps.Ascent:
        shape = self.shape
        arcs = elimination.kept_up(shape.first, shape.high, self.exact, self.needed, none_of(self.exact))
        return sweeps.Ascent(shape.parent, *arcs)

    @cached_property
    def down(self) -> sweeps.Descent:
        kept = self.shape.first, self.shape.high, self.exact, self.needed, none_of(self.exact), sweeps.BLOCK
        return sweeps.Descent(*elimination.kept_down(*kept))

    @cached_property
    def gates(self) -> sweeps.Gates:
        return sweeps.gates_of(self.down)

    def times(self, sources: np.ndarray, targets: np.ndarray | None) -> np.ndarray:
        """Travel times (n_sources, n_targets), from all sources to some targets or all nodes."""
        width = self.shape.n_nodes if targets is None else len(targets)
        out = table(len(sources), width, self.exact.dtype)
        if out.size:
            down, goals = self._swept(targets)
            work = self.up, down, goals, self._batches(sources), out
            _deal(sweeps.fill_table, work, len(sources), len(down.tail))
        return out

    def sums(self, sources: np.ndarray, amounts: np.ndarray, limit: float, rate: float, kind: int) -> np.ndarray:
        """By source: amount of the nodes within the limit, and that amount by time (kind 1) or decayed (kind 2)."""
        out = np.zeros((len(sources), 2))
        rows = np.empty_like(amounts)
        rows[self.down.row[self.shape.rank]] = amounts
        if len(sources):
            asked = rows, limit_of(self.exact, limit), float(rate), kind, self._batches(sources)
            work = self.up, self.down, self.gates, *asked, out
            _deal(sweeps.fill_sums, work, len(sources), len(self.down.tail))
        return out

    def counts(self, sources: np.ndarray, limit: float) -> np.ndarray:
        """Number of sources within the limit of each node, (n_nodes,)."""
        out = np.zeros(self.shape.n_nodes, np.int64)
        if len(sources):
            work = self.up, self.down, self.gates, self._batches(sources)
            sweeps.counts(*work, limit_of(self.exact, limit), out)
        return out[self.down.row[self.shape.rank]]

    def nearest(self, sources: np.ndarray, targets: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (-1 for none) and times of the ``k`` nearest targets of each source, both (n_sources, k)."""
        rank = self.shape.rank
        times, names = nearest_lists(self.up, self.down, self.down.row[rank[targets]], k, none_of(self.exact))
        rows = self.down.row[rank[sources]]
        return names[rows].astype(np.int64), times[rows]

    def route(self, source: int, target: int) -> np.ndarray:
        """Arcs of a fastest way in order, none where there is no way."""
        ends = int(self.shape.rank[source]), int(self.shape.rank[target])
        return routes.fastest(self.shape.arcs, self.basic, self.weight, *ends, none_of(self.weight))

    def _batches(self, sources: np.ndarray) -> sweeps.Batch:
        """Sources by rank: those of a batch then lie near one another and share most of their ancestors."""
        ranks = self.shape.rank[sources]
        order = np.argsort(ranks, kind="stable")
        more = -len(order) % LANES
        places = np.concatenate([order, np.full(more, -1)])
        return sweeps.Batch(np.concatenate([ranks[order], np.repeat(ranks[order[-1:]], more)]), places)

    def _swept(self, targets: np.ndarray | None) -> Swept:
        rank = self.shape.rank if targets is None else self.shape.rank[targets]
        down = self.down
        if targets is not None and len(targets) * FEW < self.shape.n_nodes:
            down = sweeps.restrict(down, np.unique(down.row[rank]))
        rows = down.row[rank]
        return Swept(down, np.concatenate([rows, np.repeat(rows[-1:], -len(rows) % LANES)]))


SMALL = 1_000_000
"""Sources times arcs below which threads cost more than they save."""
FEW = 2
"""A sweep is restricted to what the targets depend on where they are fewer than one node in so many."""


def _deal(kernel: Callable[..., None], work: tuple[Any, ...], n_sources: int, n_arcs: int) -> None:
    """Do the batches of sources in as many threads as Numba may use, where that pays."""
    n = -(-n_sources // LANES)
    deal(kernel, work, n, min(n, get_num_threads()) if n_sources * n_arcs > SMALL else 1)


def none_of(times: np.ndarray) -> np.int32 | np.float64:
    """'No way' in the type of the times."""
    return np.int32(np.iinfo(np.int32).max) if times.dtype == np.int32 else np.float64(np.inf)


def limit_of(times: np.ndarray, limit: float) -> np.int32 | np.float64:
    """Longest time within a limit in the type of the times; never 'none'."""
    if times.dtype == np.int32:
        return np.int32(min(max(np.floor(limit), -1), np.iinfo(np.int32).max - 1))
    return np.float64(min(limit, np.finfo(np.float64).max))


def both_ways(indptr: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every node, whichever way an arc leads: ascending, no loops, none twice."""
    n = len(indptr) - 1
    tail = np.repeat(np.arange(n), np.diff(indptr))
    joined = tail != head
    a, b = tail[joined], head[joined].astype(np.int64)
    keys = np.unique(np.concatenate([a * n + b, b * n + a]))
    starts = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(keys // max(n, 1), minlength=n), out=starts[1:])
    return starts, (keys % max(n, 1)).astype(np.int32)
