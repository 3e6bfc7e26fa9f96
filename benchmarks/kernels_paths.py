"""Shortest paths against SciPy, NetworKit, igraph, rustworkx and pandana: interleaved, one thread, results equal.

Both sides are measured by the processor time of the process, with one thread each, and take turns. A program that
searches from each source alone is measured with a sample of the sources, and its time is scaled to all of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numba import get_num_threads, set_num_threads

from benchmarks.dimacs import Roads, graph_files, read_graph, read_queries, road_like
from benchmarks.peers_paths import Peer, peers_of, scipy_matrix
from network_models._dissection import dissect
from network_models.accessibility import access, covered, kept_fresh
from network_models.graph import Graph
from network_models.hierarchy import Hierarchy, both_ways
from network_models.paths import nearest, travel_times

Row = dict[str, Any]
PEERS = ("scipy", "networkit", "igraph", "rustworkx", "pandana")
LARGE_ENOUGH = 200_000
"""Nodes of a published graph from which times are compared; on smaller ones only answers are."""


class Size(NamedTuple):
    """How much of everything."""

    sources: int
    square: int
    candidates: int
    repeats: int


FULL, SMOKE = Size(1000, 2000, 10_000, 4), Size(48, 64, 96, 2)


def rows(*, smoke: bool = False, folder: Path | None = None, only: str = "") -> list[Row]:
    """Measure all tasks on a generated graph and the large ones of a folder, and check all queries of the folder.

    Returns
    -------
    list
        ``value`` and ``ratio``: median of the peer's time by ours; ``seconds`` and ``reference``: medians of ours and
        the peer's; ``spread``: of the ratios, largest less smallest by their median; ``status``: 'equal', 'alone' where
        there is no peer, or 'failed' where a result differs.
    """
    found: list[Row] = []
    with one_thread():
        for roads in _graphs(smoke, folder):
            if only in roads.name:
                found += _tasks(roads, SMOKE if smoke else FULL)
        if only in "scaling":
            found += _scaling(smoke)
        for path in graph_files(folder) if folder else []:
            if only in path.name and not (smoke and path.stat().st_size > 1e6):
                found += _queries(path)
    return found


def _graphs(smoke: bool, folder: Path | None) -> Iterator[Roads]:
    yield road_like(3000 if smoke else 250_000)
    for path in graph_files(folder) if folder and not smoke else []:
        roads = read_graph(path)
        if roads.n_nodes >= LARGE_ENOUGH:
            yield roads


def _tasks(roads: Roads, size: Size) -> list[Row]:
    """Every task on a graph; what is only ours first."""
    rng, graph = np.random.default_rng(7), roads.graph()
    found = [_own(roads, "order", lambda: dissect(*both_ways(graph.indptr, graph.head)), 1)]
    graph.hierarchy.times(np.arange(1), None)
    found.append(_own(roads, "customise", lambda: _customised(graph), size.repeats))
    peers = peers_of(roads, PEERS)
    sources = rng.choice(roads.n_nodes, size.sources, replace=False)
    starts, goals = (rng.choice(roads.n_nodes, size.square, replace=False) for _ in range(2))
    for peer in peers:
        if peer.name != "pandana":
            found.append(_against(roads, "all nodes", graph, peer, sources, None, size.repeats))
        found.append(_against(roads, "square", graph, peer, starts, goals, size.repeats))
    found.append(_new_weights(roads, peers[0], starts, goals, size.repeats))
    return found + _without_tables(roads, graph, rng, size)


def _customised(graph: Graph) -> Hierarchy:
    made = Hierarchy.customised(graph.shape, graph.weight)
    assert len(made.up.start) == len(made.down.start)
    return made


def _against(
    roads: Roads, task: str, graph: Graph, peer: Peer, sources: np.ndarray, targets: np.ndarray | None, repeats: int
) -> Row:
    """All sources by us, a sample of them by a peer."""
    sample = min(peer.sample, len(sources))
    ours, theirs, equal = [], [], True
    for i in range(repeats):
        part = np.roll(sources, -i * sample)
        seconds, found = timed(travel_times, graph, part, targets, "hierarchy")
        ours.append(seconds)
        seconds, expected = timed(peer.times, part[:sample], targets)
        theirs.append(seconds * len(sources) / sample)
        equal &= same(found[:sample], expected)
        del found
    width = "all" if targets is None else len(targets)
    return row(roads, task, f"{len(sources)} x {width}", peer.name, (ours, theirs), equal)


def _new_weights(roads: Roads, peer: Peer, starts: np.ndarray, goals: np.ndarray, repeats: int) -> Row:
    """New weights, then a square table: what a scenario of roads costs."""
    rng, first = np.random.default_rng(8), roads.graph()
    assert first.hierarchy is not None
    ours, theirs, equal = [], [], True
    for _ in range(repeats):
        changed = roads._replace(weight=roads.weight * rng.integers(50, 200, len(roads.weight)) // 100 + 1)
        theirs_now = peers_of(changed, (peer.name,))[0]
        seconds, found = timed(_reweighted, first, changed, starts, goals)
        ours.append(seconds)
        seconds, expected = timed(theirs_now.times, starts[: theirs_now.sample], goals)
        theirs.append(seconds * len(starts) / len(expected))
        equal &= same(found[: len(expected)], expected)
    return row(roads, "new weights", f"{len(starts)} x {len(goals)}", peer.name, (ours, theirs), equal)


def _reweighted(graph: Graph, roads: Roads, starts: np.ndarray, goals: np.ndarray) -> np.ndarray:
    return travel_times(graph.with_weights(roads.weight.astype(np.int32)), starts, goals, "hierarchy")


def _without_tables(roads: Roads, graph: Graph, rng: np.random.Generator, size: Size) -> list[Row]:
    """Sums over all nodes for many candidates, against SciPy's table summed up, with and without its limit."""
    from scipy.sparse.csgraph import dijkstra

    matrix, amount = scipy_matrix(roads), rng.random(roads.n_nodes)
    candidates = rng.choice(roads.n_nodes, size.candidates, replace=False)
    seen = np.sort(dijkstra(matrix, indices=candidates[:3]).ravel())
    found = []
    for share in (0.001, 0.03, 1.0):
        limit = float(seen[int(share * (len(seen) - 1))])
        ours, equal = [], True
        free: list[float] = []
        bound: list[float] = []
        for i in range(size.repeats):
            part = np.roll(candidates, -20 * i)
            seconds, sums = timed(covered, graph, part, limit, amount, "hierarchy")
            ours.append(seconds)
            for times, stop in ((free, np.inf), (bound, limit)):
                sample = part[:20]
                seconds, table = timed(partial(dijkstra, matrix, indices=sample, limit=stop))
                times.append(seconds * len(part) / len(sample))
                equal &= np.allclose(sums[: len(sample)], (np.round(table) <= limit) @ amount, rtol=1e-9)
        name = f"covered, {share:.1%} within"
        found.append(row(roads, name, f"{len(candidates)} x all", "scipy", (ours, free), equal))
        found.append(row(roads, name, f"{len(candidates)} x all", "scipy limit=", (ours, bound), equal))
    some = candidates[: size.sources]
    found.append(_nearest(roads, graph, matrix, some[: max(size.sources // 5, 5)], size.repeats))
    for name, work in (
        ("5 nearest", lambda: nearest(graph, np.arange(roads.n_nodes), some, 5, "hierarchy")),
        ("mean time", lambda: access(graph, some, amount, method="hierarchy")),
        ("kept fresh", lambda: kept_fresh(graph, some, amount, 1e-6, method="hierarchy")),
    ):
        found.append(_own(roads, name, work, size.repeats, f"{len(some)} x all"))
    return found


def _nearest(roads: Roads, graph: Graph, matrix: Any, targets: np.ndarray, repeats: int) -> Row:
    """The nearest of some targets for every node."""
    from scipy.sparse.csgraph import dijkstra

    nodes, turned = np.arange(roads.n_nodes), matrix.T.tocsr()
    ours, theirs, equal = [], [], True
    for _ in range(repeats):
        seconds, (_, found) = timed(nearest, graph, nodes, targets, 1, "hierarchy")
        ours.append(seconds)
        seconds, expected = timed(partial(dijkstra, turned, indices=targets, min_only=True))
        theirs.append(seconds)
        equal &= same(found[:, 0], expected)
    return row(roads, "nearest", f"of {len(targets)} for all nodes", "scipy min_only", (ours, theirs), equal)


def _queries(path: Path) -> list[Row]:
    """All queries of a graph, in milliseconds and in seconds, by the hierarchy."""
    roads = read_graph(path)
    queries = read_queries(path, roads)
    if not len(queries):
        return []
    found = []
    for kind, name in ((np.int32, "int32"), (np.float64, "float64")):
        graph = roads.graph(kind)
        sources, at = np.unique(queries[:, 0], return_inverse=True)
        targets, to = np.unique(queries[:, 1], return_inverse=True)
        seconds, table = timed(travel_times, graph, sources, targets, "hierarchy")
        answers = np.where(np.isinf(table), -1, table)[at, to]
        equal = (
            np.array_equal(answers, queries[:, 2]) if kind is np.int32 else np.allclose(answers, queries[:, 2], 1e-9)
        )
        by_hand = travel_times(graph, sources[:20], targets, "dijkstra")
        equal &= np.array_equal(by_hand, table[:20]) if kind is np.int32 else np.allclose(by_hand, table[:20], 1e-9)
        one = row(roads, f"queries {name}", f"{len(queries)} queries", None, ([seconds], []), bool(equal))
        found.append(one)
    return found


def _scaling(smoke: bool) -> list[Row]:
    """Cost against nodes, sources and threads: all nodes from some sources, wall time where threads are told apart."""
    found = []
    for n in (1000, 2000) if smoke else (4000, 16_000, 64_000, 250_000):
        roads = road_like(n)
        graph = roads.graph()
        assert graph.hierarchy.times(np.arange(1), None).shape == (1, n)
        sources = np.random.default_rng(5).choice(n, 1000, replace=False)
        for count in (1, 16, 64, 256, 1000) if n in {2000, 250_000} else (256,):
            work = partial(travel_times, graph, sources[:count], None, "hierarchy")
            found.append(_own(roads, f"scaling, {count} sources", work, 3, f"{count} x all"))
    sums = partial(access, graph, sources, np.ones(n), method="hierarchy")
    for threads in (1, os.cpu_count() or 1):
        set_num_threads(threads)
        seconds = [timed(sums, clock=time.perf_counter)[0] for _ in range(3)]
        one = row(roads, f"scaling, {threads} threads", "1000 x all", None, (seconds, []), True)
        found.append({**one, "measured": "wall time"})
    set_num_threads(1)
    return found


def _own(roads: Roads, task: str, work: Callable[[], Any], repeats: int, size: str = "") -> Row:
    return row(roads, task, size, None, ([timed(work)[0] for _ in range(repeats)], []), True)


def row(
    roads: Roads, task: str, size: str, peer: str | None, times: tuple[list[float], list[float]], equal: bool
) -> Row:
    """A row of the benchmark; the first of several measures only warms up."""
    ours, theirs = (values[1:] or values for values in times)
    ratios = [b / a for a, b in zip(ours, theirs, strict=False)]
    ratio = median(ratios) if ratios else None
    return {
        "instance": f"{roads.name}/{task}",
        "size": f"{roads.n_nodes} nodes, {len(roads.tail)} arcs{', ' + size if size else ''}",
        "value": ratio,
        "bound": None,
        "gap": None,
        "status": ("equal" if ratios or "queries" in task else "alone") if equal else "failed",
        "seconds": median(ours),
        "reference": median(theirs) if theirs else None,
        "peer": peer,
        "ratio": ratio,
        "spread": (max(ratios) - min(ratios)) / ratio if ratio else None,
        "measured": "one thread, processor time",
    }


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether milliseconds equal what another program found, as float64 with inf for none."""
    return bool(np.array_equal(found, np.where(np.isinf(expected), -1, np.round(expected)).astype(np.int64)))


def timed(work: Callable[..., Any], *given: Any, clock: Callable[[], float] = time.process_time) -> tuple[float, Any]:
    """Processor time of the process, or what another clock says, and the result."""
    began = clock()
    result = work(*given)
    return clock() - began, result


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for our kernels meanwhile."""
    before = get_num_threads()
    set_num_threads(1)
    try:
        yield
    finally:
        set_num_threads(before)
