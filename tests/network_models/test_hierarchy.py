"""The hierarchy against Dijkstra: bit-equal in milliseconds, 1e-9 in seconds, whatever the graph and the question."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_models import _memory, _orders
from network_models.accessibility import access, covered, covering, kept_fresh
from network_models.graph import Graph
from network_models.hierarchy import Hierarchy, Shape
from network_models.paths import coverage, nearest, route, travel_times

CHECKOUT = Path(__file__).resolve().parents[2]
SEEDS = st.integers(0, 2**32 - 1)
LARGEST = 2**31 - 1


def arcs_of(n: int, arcs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random arcs between nodes whose numbers are near, some parallel, some loops."""
    tail = rng.integers(0, n, arcs)
    return tail, np.clip(tail + rng.integers(-4, 5, arcs), 0, n - 1)


def random_graph(n: int, arcs: int, seed: int, kind: type) -> Graph:
    rng = np.random.default_rng(seed)
    tail, head = arcs_of(n, arcs, rng)
    weight = rng.integers(0, 6, arcs) * rng.choice([1, 7, 100])
    return Graph.from_arrays(tail, head, (weight / 7).astype(kind) if kind is float else weight.astype(np.int32), n)


def grid(side: int, seed: int = 1, kind: type = np.int32) -> Graph:
    """A road-like grid: some links missing, some one-way, some without length."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    there, back = rng.random(len(u)) > 0.15, rng.random(len(u)) > 0.15
    weight = rng.integers(0, 90_000, len(u)) * (rng.random(len(u)) > 0.05)
    tail, head = np.concatenate([u[there], v[back]]), np.concatenate([v[there], u[back]])
    return Graph.from_arrays(tail, head, np.concatenate([weight[there], weight[back]]).astype(kind), side * side)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == expected.dtype
    if found.dtype == np.int32:
        assert np.array_equal(found, expected)
    else:
        assert np.allclose(found, expected, rtol=1e-9, atol=0)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 150), st.integers(0, 500), SEEDS, st.sampled_from([np.int32, float]))
def test_times_equal_dijkstra(n: int, arcs: int, seed: int, kind: type):
    graph, rng = random_graph(n, arcs, seed, kind), np.random.default_rng(seed)
    sources, targets = rng.integers(0, n, rng.integers(1, 40)), rng.integers(0, n, rng.integers(1, 40))
    for goals in (None, targets, targets[:1]):
        same(travel_times(graph, sources, goals, "hierarchy"), travel_times(graph, sources, goals, "dijkstra"))
    back = graph.reverse()
    same(travel_times(back, sources, None, "hierarchy"), travel_times(back, sources, None, "dijkstra"))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(0, 200), st.integers(1, 6), SEEDS, st.sampled_from([np.int32, float]))
def test_nearest_and_coverage_equal_dijkstra(n: int, arcs: int, k: int, seed: int, kind: type):
    graph, rng = random_graph(n, arcs, seed, kind), np.random.default_rng(seed)
    sources, targets = rng.integers(0, n, 9), rng.integers(0, n, 7)
    found, expected = (nearest(graph, sources, targets, k, m) for m in ("hierarchy", "dijkstra"))
    same(found[1], expected[1])
    if kind is np.int32:
        assert np.array_equal(found[0], expected[0])
        for limit in (-1, 0, 100, np.inf):
            table = [coverage(graph, sources, limit, targets, m) for m in ("hierarchy", "dijkstra")]
            assert np.array_equal(*table)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 100), st.integers(0, 300), SEEDS, st.sampled_from([np.int32, float]))
def test_routes_are_ways_of_the_graph_and_fastest(n: int, arcs: int, seed: int, kind: type):
    rng = np.random.default_rng(seed)
    tail, head = arcs_of(n, arcs, rng)
    weight = rng.integers(0, 5, arcs).astype(kind)
    graph = Graph.from_arrays(tail, head, weight, n)
    for source, target in rng.integers(0, n, (8, 2)).tolist():
        nodes, steps = route(graph, source, target, method="hierarchy")
        time = travel_times(graph, [source], [target], "dijkstra")[0, 0]
        if not 0 <= time < np.inf:
            assert nodes.size == steps.size == 0
            continue
        assert (nodes[0], nodes[-1]) == (source, target)
        assert tail[steps].tolist() == nodes[:-1].tolist()
        assert head[steps].tolist() == nodes[1:].tolist()
        assert weight[steps].sum() == time


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 150), st.integers(1, 500), SEEDS, st.sampled_from([np.int32, float]))
def test_a_change_of_few_arcs_gives_the_hierarchy_of_the_new_weights(n: int, arcs: int, seed: int, kind: type):
    graph, rng = random_graph(n, arcs, seed, kind), np.random.default_rng(seed)
    weight = graph.weight.copy()
    few = rng.integers(0, arcs, 3)
    weight[few] = rng.integers(0, 400, 3)
    revised, fresh = graph.hierarchy.revised(weight), Hierarchy.customised(graph.shape, weight)
    for name in ("basic", "exact", "needed"):
        assert np.array_equal(getattr(revised, name), getattr(fresh, name)), name


def test_an_upgraded_road_keeps_the_order_and_changes_the_times():
    graph = grid(60)
    before = graph.hierarchy
    given_order = np.empty_like(graph.weight)
    given_order[graph.arc_id] = graph.weight
    given_order[[5, 6]] //= 10
    upgraded = graph.with_weights(given_order)
    assert upgraded.shape is graph.shape
    assert "hierarchy" in upgraded.__dict__
    same(travel_times(upgraded, [0, 1800], None, "hierarchy"), travel_times(upgraded, [0, 1800], None, "dijkstra"))
    assert graph.hierarchy is before
    assert upgraded.reverse().shape.rank is graph.shape.rank


@pytest.mark.parametrize("kind", [np.int32, float])
def test_a_larger_grid_in_all_widths(kind):
    graph = grid(75, kind=kind)
    sources = np.random.default_rng(2).integers(0, graph.n_nodes, 37)
    whole = travel_times(graph, sources, None, "dijkstra")
    same(travel_times(graph, sources, None, "hierarchy"), whole)
    for width in (1, 15, 16, 17, 255, 256, 257, 300, 1000, 5000):
        targets = np.random.default_rng(width).integers(0, graph.n_nodes, width)
        same(travel_times(graph, sources, targets, "hierarchy"), whole[:, targets])


@pytest.mark.parametrize("kind", [np.int32, float])
@pytest.mark.parametrize("limit", [0, 300_000, 2_000_000, np.inf])
def test_sums_without_a_table(kind, limit):
    graph = grid(75, kind=kind)
    rng = np.random.default_rng(4)
    sources, amount = rng.integers(0, graph.n_nodes, 37), rng.random(graph.n_nodes)
    assert np.array_equal(*(covering(graph, sources, limit, m) for m in ("hierarchy", "dijkstra")))
    assert np.array_equal(*(covered(graph, sources, limit, None, m) for m in ("hierarchy", "dijkstra")))
    for sums in (
        [covered(graph, sources, limit, amount, m) for m in ("hierarchy", "dijkstra")],
        [access(graph, sources, amount, limit, m) for m in ("hierarchy", "dijkstra")],
        [kept_fresh(graph, sources, amount, 1e-6, limit, m) for m in ("hierarchy", "dijkstra")],
        [kept_fresh(graph, sources, amount, 1.0, limit, m) for m in ("hierarchy", "dijkstra")],
    ):
        assert np.allclose(*sums, rtol=1e-9, equal_nan=True)


def test_threads_change_nothing(monkeypatch):
    import numba

    graph, before = grid(60), numba.get_num_threads()
    sources, amount = np.arange(0, 3600, 7), np.random.default_rng(0).random(3600)
    results = []
    monkeypatch.setattr("network_models.hierarchy.SMALL", 1)
    for threads in (1, before):
        numba.set_num_threads(threads)
        results.append((travel_times(graph, sources, None, "hierarchy"), covered(graph, sources, 9e5, amount)))
    numba.set_num_threads(before)
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])


def test_times_near_the_end_of_int32():
    """A way of 2**31 - 2 ms counts, one of 2**31 - 1 ms does not; an arc of 2**31 - 1 is closed."""
    half = LARGEST // 2
    graph = Graph.from_arrays([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], np.array([half, half, 1, 0, LARGEST], np.int32), 6)
    for method in ("dijkstra", "hierarchy"):
        assert travel_times(graph, [0], None, method).tolist() == [[0, half, 2 * half, -1, -1, -1]]
        assert travel_times(graph, [1], None, method).tolist() == [[-1, 0, half, half + 1, half + 1, -1]]
        assert route(graph, 0, 3, method=method)[0].size == 0


def test_odd_shapes():
    """Stars, cliques, paths, separate parts, one node, no node: whatever has no good cut still gives right answers."""
    star = np.arange(1, 3000)
    clique = np.stack(np.meshgrid(np.arange(90), np.arange(90))).reshape(2, -1)
    path = np.arange(2999)
    for tail, head, n in (
        (np.zeros(2999, int), star, 3000), (star, np.zeros(2999, int), 3000), (clique[0], clique[1], 100),
        (path, path + 1, 3000), (path[::2], path[::2] + 1, 3000), (path[:0], path[:0], 5),
    ):  # fmt: skip
        weight = np.random.default_rng(3).integers(0, 100, len(tail)).astype(np.int32)
        graph = Graph.from_arrays(tail, head, weight, n)
        sources = np.arange(0, n, max(n // 20, 1))
        same(travel_times(graph, sources, None, "hierarchy"), travel_times(graph, sources, None, "dijkstra"))
    empty = Graph.from_arrays([], [], np.empty(0, np.int32), 0)
    assert travel_times(empty, [], None, "hierarchy").shape == (0, 0)
    assert travel_times(grid(5), [], None, "hierarchy").shape == (0, 25)
    assert travel_times(grid(5), [1], [], "hierarchy").shape == (1, 0)
    assert covered(grid(5), [], 3, method="hierarchy").shape == (0,)
    assert nearest(grid(5), [0], [], 2, "hierarchy")[0].tolist() == [[-1, -1]]


def test_a_graph_without_small_cuts_is_left_to_dijkstra():
    rng = np.random.default_rng(0)
    graph = Graph.from_arrays(*rng.integers(0, 3000, (2, 12_000)), rng.random(12_000), 3000)
    with pytest.raises(ValueError, match="no hierarchy: found no small cuts in 3000 nodes"):
        travel_times(graph, [0], None, "hierarchy")
    assert travel_times(graph, np.arange(200), [0]).shape == (200, 1)
    with pytest.raises(ValueError, match="method: found 'fast'; expected one of auto, dijkstra, hierarchy"):
        travel_times(graph, [0], None, "fast")


def test_the_choice_is_made_by_what_is_left_to_prepare():
    graph = grid(40)
    travel_times(graph, [0])
    assert "hierarchy" not in graph.__dict__
    travel_times(graph, np.arange(200))
    assert "hierarchy" in graph.__dict__
    again = graph.with_weights(np.ones(graph.n_arcs, np.int32))
    travel_times(again, [0])
    assert "hierarchy" not in again.__dict__
    travel_times(again, np.arange(20))
    assert "hierarchy" in again.__dict__
    travel_times(small := grid(20), np.arange(400))
    assert "hierarchy" not in small.__dict__


def test_weights_amounts_and_rates_are_checked():
    graph = grid(5)
    with pytest.raises(ValueError, match=f"weights: found 1; expected one for each of {graph.n_arcs} arcs"):
        graph.with_weights([1.0])
    with pytest.raises(ValueError, match="arc 1: found -1; expected a weight of 0 or more"):
        Graph.from_arrays([0, 1], [1, 0], np.array([1, -1], np.int32), 2)
    with pytest.raises(ValueError, match="amount: found 2 entries; expected one for each of 25 nodes"):
        covered(graph, [0], 3, [1.0, 2.0])
    with pytest.raises(ValueError, match="amount 3: found inf; expected a finite number"):
        covered(graph, [0], 3, [0.0, 0.0, 0.0, np.inf] + [0.0] * 21)
    with pytest.raises(ValueError, match=r"rate: found -1.0; expected 0 or more"):
        kept_fresh(graph, [0], np.ones(25), -1.0)


def test_a_table_is_never_lent_while_it_is_in_use(monkeypatch):
    monkeypatch.setattr(_memory, "LARGE", 1)
    _memory._kept.clear()
    first = _memory.table(50, 50, np.dtype(np.int32))
    first[:] = 1
    view, second = first[3:], _memory.table(50, 50, np.dtype(np.int32))
    second[:] = 2
    place = view.ctypes.data
    del first
    gc.collect()
    third = _memory.table(50, 50, np.dtype(np.int32))
    third[:] = 3
    assert (view == 1).all()
    assert (second == 2).all()
    del view
    gc.collect()
    fourth = _memory.table(40, 50, np.dtype(np.int32))
    assert fourth.ctypes.data == place - 3 * 50 * 4
    assert _memory.table(1, 10**6, np.dtype(np.int32)).shape == (1, 10**6)


def test_kept_orders_are_read_and_damaged_ones_found_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_orders, "LARGE", 10)
    graph = grid(30)
    ranks = graph.shape.rank
    (file,) = tmp_path.rglob("*.order")
    whole = file.read_bytes()
    monkeypatch.setattr("network_models.hierarchy.dissect", None)
    assert np.array_equal(Shape(graph.indptr, graph.head).rank, ranks)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_orders, "LARGE", 10)
    flipped = whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
    for damage in (b"", whole[:50], whole[:-4], os.urandom(len(whole)), flipped):
        file.write_bytes(damage)
        assert np.array_equal(Shape(graph.indptr, graph.head).rank, ranks)
        assert file.read_bytes() == whole
    file.unlink()
    file.mkdir()
    assert np.array_equal(Shape(graph.indptr, graph.head).rank, ranks)


def test_a_graph_survives_a_trip_to_another_process():
    """Graphs are pickled when work is dealt out to processes."""
    import pickle

    graph = grid(30)
    expected = travel_times(graph, [0], None, "hierarchy")
    again = pickle.loads(pickle.dumps(graph))
    same(travel_times(again, [0], None, "hierarchy"), expected)


def test_help_starts_no_kernels():
    code = "import sys; sys.argv = ['chengxiang', '--help']\ntry:\n import optimizer.cli; optimizer.cli.main()\n"
    code += "except SystemExit: pass\nassert not {'numba', 'numpy', 'pandas', 'pyomo'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CHECKOUT, timeout=60, capture_output=True)
