"""Travel times against SciPy's Dijkstra on road-like grids: interleaved, medians, results equal.

One thread is compared by the processor time of that thread, all threads by the clock; the measures of both programs
alternate, so that a change of load on the machine meets both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from benchmarks.registry import write_json
from network_models import warm
from network_models.graph import Graph
from network_models.paths import travel_times

Row = dict[str, Any]


class Case(NamedTuple):
    """A square grid of ``side`` x ``side`` nodes and the number of sources, measured ``repeats`` times."""

    side: int
    sources: int
    repeats: int

    @property
    def name(self) -> str:
        return f"grid/{self.side}x{self.side}"


SMOKE = (Case(40, 40, 3),)
FULL = (Case(60, 200, 7), Case(140, 100, 7), Case(500, 16, 5))


class Clock(NamedTuple):
    """How many threads the kernel may use (None: all), and what is measured."""

    name: str
    threads: int | None
    now: Callable[[], float]


CLOCKS = (
    Clock("one thread, processor time", 1, time.thread_time),
    Clock("all threads, wall time", None, time.perf_counter),
)


def run(smoke: bool, json_path: str | None = None, **options: Any) -> list[Row]:
    """Measure, print a line a case and return the rows.

    Parameters
    ----------
    smoke
        A small grid only.
    json_path
        File for the rows.
    options
        ``only``: measure the cases whose name contains this; the rest is for other suites.

    Returns
    -------
    Rows with ``value`` and ``seconds`` (median, this program), ``reference`` (median, SciPy), ``ratio`` and ``status``:
    'equal', or 'failed' where the results differ in one bit.
    """
    for _ in warm():
        pass
    only = options.get("only") or ""
    cases = [case for case in (SMOKE if smoke else FULL) if only in case.name]
    rows = [_measure(case, clock) for case in cases for clock in CLOCKS]
    if json_path:
        write_json(Path(json_path), rows)
    return rows


def road_grid(side: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs of a road-like grid: uneven lengths, four classes of speed, some links missing, some one-way.

    Returns
    -------
    tail, head (n_arcs,) and weight (n_arcs,) in seconds; no two arcs join the same nodes in the same direction.
    """
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    metres = rng.uniform(300.0, 1500.0, len(u))
    speed = rng.choice([20.0, 40.0, 60.0, 100.0], len(u), p=[0.4, 0.35, 0.2, 0.05]) / 3.6
    there, back = rng.random(len(u)) > 0.1, rng.random(len(u)) > 0.15
    tail, head = np.concatenate([u[there], v[there & back]]), np.concatenate([v[there], u[there & back]])
    return tail, head, np.concatenate([(metres / speed)[there], (metres / speed)[there & back]])


def _measure(case: Case, clock: Clock) -> Row:
    tail, head, weight = road_grid(case.side)
    n = case.side**2
    graph, matrix = Graph.from_arrays(tail, head, weight, n), csr_matrix((weight, (tail, head)), shape=(n, n))
    sources = np.linspace(0, n - 1, case.sources).astype(np.int64)
    ours, theirs, equal = [], [], True
    with _threads(clock.threads):
        for _ in range(case.repeats):
            seconds, found = _timed(clock, lambda: travel_times(graph, sources))
            ours.append(seconds)
            seconds, expected = _timed(clock, lambda: dijkstra(matrix, indices=sources))
            theirs.append(seconds)
            equal &= bool(np.array_equal(found, expected))
    return _row(case, clock, graph, median(ours), median(theirs), equal)


def _row(case: Case, clock: Clock, graph: Graph, ours: float, theirs: float, equal: bool) -> Row:
    status = "equal" if equal else "failed"
    size = f"{graph.n_nodes} nodes, {graph.n_arcs} arcs, {case.sources} sources"
    print(f"{case.name:14} {clock.name:27} {ours:8.3f} s  SciPy {theirs:8.3f} s  {theirs / ours:5.2f}x  {status}")
    return {
        "instance": f"{case.name}@{clock.threads or 'all'}",
        "size": size,
        "value": ours,
        "bound": None,
        "gap": None,
        "status": status,
        "seconds": ours,
        "reference": theirs,
        "ratio": theirs / ours,
        "measured": clock.name,
        "repeats": case.repeats,
    }


def _timed(clock: Clock, work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    began = clock.now()
    result = work()
    return clock.now() - began, result


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(count or before)
    try:
        yield
    finally:
        numba.set_num_threads(before)
