"""Travel times against SciPy on random graphs, and the edges: unreachable, parallel, zero, empty."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from network_models.graph import Graph
from network_models.paths import coverage, nearest, route, travel_times, ways


def reference(tail, head, weight, n) -> np.ndarray:
    """SciPy's distances; the lightest of parallel arcs, zero weights as 1e-300, since SciPy drops zeros."""
    lightest: dict[tuple[int, int], float] = {}
    for u, v, w in zip(tail, head, weight, strict=True):
        lightest[int(u), int(v)] = min(float(w), lightest.get((int(u), int(v)), np.inf))
    if not lightest:
        return np.where(np.eye(n, dtype=bool), 0.0, np.inf)
    rows, columns = zip(*lightest, strict=True)
    return dijkstra(csr_matrix((np.maximum(list(lightest.values()), 1e-300), (rows, columns)), shape=(n, n)))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 30), st.integers(0, 90), st.integers(0, 2**32 - 1))
def test_equal_to_scipy_on_random_graphs(n: int, arcs: int, seed: int):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n, arcs), rng.integers(0, n, arcs)
    weight = rng.integers(0, 6, arcs) * rng.choice([0.5, 1.0, 60.0])
    graph = Graph.from_arrays(tail, head, weight, n)
    expected = reference(tail, head, weight, n)
    found = travel_times(graph, np.arange(n))
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-290)
    some = rng.integers(0, n, 3)
    assert np.array_equal(travel_times(graph, some, some[::-1]), found[np.ix_(some, some[::-1])])


def road_like(n: int = 1500, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    tail = rng.integers(0, n, 3 * n)
    head = np.clip(tail + rng.integers(-40, 41, 3 * n), 0, n - 1)
    return tail, head, rng.uniform(1, 600, 3 * n)


def test_parallel_sources_equal_scipy_and_carry_a_second_attribute():
    tail, head, weight = road_like()
    graph = Graph.from_arrays(tail, head, weight, 1500)
    sources, targets = np.arange(0, 1500, 3), np.arange(5, 1500, 7)
    found = ways(graph, sources, targets, 2.0 * weight)
    expected = reference(tail, head, weight, 1500)[np.ix_(sources, targets)]
    assert np.allclose(found.seconds, expected, rtol=1e-12)
    assert np.allclose(found.carried, 2.0 * expected, rtol=1e-9)


def test_unreachable_is_inf():
    graph = Graph.from_arrays([0], [1], [5.0], 3)
    assert travel_times(graph, [0]).tolist() == [[0.0, 5.0, np.inf]]
    assert travel_times(graph, [1], [0]).tolist() == [[np.inf]]
    assert ways(graph, [1], [0], np.ones(1)).carried.tolist() == [[np.inf]]


def test_no_sources_no_targets_no_arcs():
    graph = Graph.from_arrays([], [], [], 2)
    assert travel_times(graph, []).shape == (0, 2)
    assert travel_times(graph, [0, 1], []).shape == (2, 0)
    assert travel_times(graph, [1]).tolist() == [[np.inf, 0.0]]


def test_single_node_closed_arc_and_loop():
    alone = Graph.from_arrays([0, 0], [0, 0], [0.0, 3.0], 1)
    assert travel_times(alone, [0, 0]).tolist() == [[0.0], [0.0]]
    assert travel_times(Graph.from_arrays([], [], [], 0), []).shape == (0, 0)
    closed = Graph.from_arrays([0], [1], [np.inf], 2)
    assert ways(closed, [0], None, [1.0]).carried.tolist() == [[0.0, np.inf]]
    assert route(closed, 0, 1)[0].size == 0


def all_ways(tail, head, weight, carried, n: int, source: int) -> dict[int, tuple[float, float]]:
    """Least (time, amount) of every node by relaxing all arcs until nothing changes."""
    best = {source: (0.0, 0.0)}
    for _ in range(n):
        for u, v, w, c in zip(tail.tolist(), head.tolist(), weight.tolist(), carried.tolist(), strict=True):
            if u in best:
                best[v] = min(best.get(v, (np.inf, np.inf)), (best[u][0] + w, best[u][1] + c))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_of_equally_fast_ways_the_least_carried_whatever_the_order_of_arcs(n: int, arcs: int, seed: int):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n, arcs), rng.integers(0, n, arcs)
    weight, carried = rng.integers(0, 3, arcs).astype(float), rng.integers(0, 5, arcs).astype(float)
    mixed = rng.permutation(arcs)
    graph = Graph.from_arrays(tail, head, weight, n)
    other = Graph.from_arrays(tail[mixed], head[mixed], weight[mixed], n)
    found = ways(graph, np.arange(n), None, carried)
    again = ways(other, np.arange(n), None, carried[mixed])
    assert np.array_equal(found.seconds, again.seconds)
    assert np.array_equal(found.carried, again.carried)
    assert np.array_equal(found.seconds, travel_times(graph, np.arange(n)))
    for source in range(n):
        best = all_ways(tail, head, weight, carried, n, source)
        for target in range(n):
            assert (found.seconds[source, target], found.carried[source, target]) == best.get(target, (np.inf, np.inf))
            nodes, along = route(graph, source, target, carried)
            if target in best:
                assert (weight[along].sum(), carried[along].sum()) == best[target]
                assert nodes[:-1].tolist() == tail[along].tolist()
                assert nodes[1:].tolist() == head[along].tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 15), st.integers(0, 50), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_nearest_and_coverage_agree_with_the_whole_table(n: int, arcs: int, k: int, seed: int):
    rng = np.random.default_rng(seed)
    graph = Graph.from_arrays(
        rng.integers(0, n, arcs), rng.integers(0, n, arcs), rng.integers(0, 4, arcs).astype(float), n
    )
    sources, targets = rng.integers(0, n, 4), rng.integers(0, n, 5)
    table = travel_times(graph, sources, targets)
    order = np.argsort(table, axis=1, kind="stable")[:, :k]
    position, seconds = nearest(graph, sources, targets, k)
    assert position.shape == seconds.shape == (4, k)
    width = order.shape[1]
    assert np.array_equal(seconds[:, :width], np.take_along_axis(table, order, axis=1))
    assert np.array_equal(position[:, :width], np.where(np.isfinite(seconds[:, :width]), order, -1))
    assert (position[:, width:] == -1).all()
    for limit in (0.0, 2.0, np.inf):
        assert np.array_equal(coverage(graph, sources, limit, targets), np.isfinite(table) & (table <= limit))


def test_carried_and_k_are_checked():
    graph = Graph.from_arrays([0, 1], [1, 0], [1.0, 1.0], 2)
    with pytest.raises(ValueError, match="carried: found 1 entries; expected one for each of 2 arcs"):
        ways(graph, [0], None, [1.0])
    with pytest.raises(ValueError, match=r"carried 1: found -2\.0"):
        ways(graph, [0], None, [1.0, -2.0])
    with pytest.raises(ValueError, match="k: found 0"):
        nearest(graph, [0], [1], 0)


def test_an_edge_without_the_attribute_is_named():
    roads = nx.Graph([("a", "b")])
    with pytest.raises(ValueError, match="edge 'a', 'b': found no attribute 'minutes'"):
        Graph.from_networkx(roads, "minutes")


def test_route_nearest_coverage():
    graph = Graph.from_arrays([0, 1, 0, 2], [1, 2, 2, 3], [1.0, 1.0, 5.0, 1.0], 5)
    nodes, arcs = route(graph, 0, 3)
    assert (nodes.tolist(), arcs.tolist()) == ([0, 1, 2, 3], [0, 1, 3])
    assert route(graph, 0, 4)[0].size == 0
    assert route(graph, 2, 2)[0].tolist() == [2]
    position, seconds = nearest(graph, [0], np.array([4, 3, 1]), 3)
    assert (position.tolist(), seconds.tolist()) == ([[2, 1, -1]], [[1.0, 3.0, np.inf]])
    assert coverage(graph, [0], 2.0).tolist() == [[True, True, True, False, False]]


def test_networkx_and_reverse():
    roads = nx.Graph()
    roads.add_edge("a", "b", minutes=3.0)
    roads.add_edge("b", "c", minutes=4.0)
    graph = Graph.from_networkx(roads, "minutes")
    assert travel_times(graph, [0]).tolist() == [[0.0, 3.0, 7.0]]
    one_way = Graph.from_arrays([1, 0], [2, 1], [5.0, 2.0], 3).reverse()
    assert travel_times(one_way, [2]).tolist() == [[7.0, 5.0, 0.0]]
    assert ways(one_way, [2], [0], [10.0, 1.0]).carried.tolist() == [[11.0]]


@pytest.mark.parametrize(
    ("tail", "head", "weight", "message"),
    [
        ([0], [2], [1.0], r"arc 0: found 2; expected a node of 0\.\.1"),
        ([0, 1], [1, 0], [1.0, -1.0], "arc 1: found -1.0; expected a weight"),
        ([0], [1], [np.nan], "arc 0: found nan; expected a weight"),
        ([0, 0.5], [1, 1], [1.0, 1.0], "arc 1: found 0.5; expected a node"),
        (["0"], [1], [1.0], "expected whole numbers"),
        ([0], [1, 0], [1.0], "1 tails, 2 heads"),
    ],
)
def test_bad_arcs_are_named(tail, head, weight, message):
    with pytest.raises(ValueError, match=message):
        Graph.from_arrays(tail, head, weight, 2)


def test_bad_source_is_named():
    with pytest.raises(ValueError, match="source 1: found 9"):
        travel_times(Graph.from_arrays([0], [1], [1.0], 2), [0, 9])


def test_warming_compiles_all_that_is_used_later():
    """A form of arguments that was not warmed would cost seconds in the middle of a run.

    In a fresh process with the cache that the other tests fill: what was warmed there is loaded, not compiled.
    """
    code = """
import numpy as np
import network_models
assert {"travel times", "order"} <= set(network_models.warm(["roads", "hierarchies"]))
from network_models import _dijkstra, _dissection, _elimination, _nearest, _routes, _sweeps, _updates
from network_models import accessibility, graph, hierarchy, paths
modules = _dijkstra, _dissection, _elimination, _nearest, _routes, _sweeps, _updates
kernels = [kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "signatures")]
warmed = [set(kernel.signatures) for kernel in kernels]
assert sum(map(len, warmed)) > 20
frozen = np.ones(2)
frozen.flags.writeable = False
_dijkstra.SMALL = hierarchy.SMALL = 1
tails = np.array([0, 1], np.int32)
for weight in (frozen, frozen.astype(np.int32)):
    roads = graph.Graph.from_arrays(tails, [1, 0], weight, 2).reverse()
    for method in ("dijkstra", "hierarchy"):
        for targets in (None, [1], np.array([0, 1], np.uint8)):
            paths.travel_times(roads, np.arange(40)[::2] // 20, targets, method)
            paths.travel_times(roads, [0], targets, method)
            paths.ways(roads, [0, 1], targets, frozen)
            paths.coverage(roads, [0], 5, targets, method)
        paths.nearest(roads, [0], [1], np.int64(1), method)
        paths.route(roads, 0, np.int32(1), None, method)
        accessibility.covered(roads, np.arange(40) // 20, 5, None, method)
        accessibility.covering(roads, [0], 5.0, method)
        accessibility.access(roads, [0], frozen, method=method)
        accessibility.kept_fresh(roads, [0], frozen, 1, 5, method=method)
    paths.travel_times(roads.with_weights(2 * weight), [0], None, "hierarchy")
    paths.route(roads, 0, np.int32(1), frozen)
assert warmed == [set(kernel.signatures) for kernel in kernels]
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=900)
