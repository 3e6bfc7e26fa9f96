"""Travel times against SciPy on random graphs, and the edges: unreachable, parallel, zero, empty."""

from __future__ import annotations

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
    assert np.allclose(travel_times(graph, np.arange(n)), reference(tail, head, weight, n), rtol=1e-12)


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


def test_route_nearest_coverage():
    graph = Graph.from_arrays([0, 1, 0, 2], [1, 2, 2, 3], [1.0, 1.0, 5.0, 1.0], 5)
    nodes, arcs = route(graph, 0, 3)
    assert nodes.tolist() == [0, 1, 2, 3] and arcs.tolist() == [0, 1, 3]
    assert route(graph, 0, 4)[0].size == 0
    assert route(graph, 2, 2)[0].tolist() == [2]
    position, seconds = nearest(graph, [0], np.array([4, 3, 1]), 3)
    assert position.tolist() == [[2, 1, -1]] and seconds.tolist() == [[1.0, 3.0, np.inf]]
    assert coverage(graph, [0], 2.0).tolist() == [[True, True, True, False, False]]


def test_networkx_and_reverse():
    roads = nx.Graph()
    roads.add_edge("a", "b", minutes=3.0)
    roads.add_edge("b", "c", minutes=4.0)
    graph = Graph.from_networkx(roads, "minutes")
    assert travel_times(graph, [0]).tolist() == [[0.0, 3.0, 7.0]]
    one_way = Graph.from_arrays([0], [1], [2.0], 2).reverse()
    assert travel_times(one_way, [1]).tolist() == [[2.0, 0.0]]


@pytest.mark.parametrize(
    ("tail", "head", "weight", "message"),
    [
        ([0], [2], [1.0], "arc 0: found a node outside 0..1"),
        ([0, 1], [1, 0], [1.0, -1.0], "arc 1: found a weight"),
        ([0], [1], [np.nan], "arc 0: found a weight"),
        ([0], [1, 0], [1.0], "1 tails, 2 heads"),
    ],
)
def test_bad_arcs_are_named(tail, head, weight, message):
    with pytest.raises(ValueError, match=message):
        Graph.from_arrays(tail, head, weight, 2)


def test_bad_source_is_named():
    with pytest.raises(ValueError, match="source 1: node 9"):
        travel_times(Graph.from_arrays([0], [1], [1.0], 2), [0, 9])
