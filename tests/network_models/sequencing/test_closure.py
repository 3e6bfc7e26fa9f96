"""Closures against minimum cuts of NetworkX, cold and started from other weights."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from network_models.sequencing.arrays import Needs, needs_of
from network_models.sequencing.closure import Closures


def _by_networkx(needs: Needs, weight: np.ndarray) -> float:
    """Sum of positive weights less the minimum cut (Picard 1976)."""
    n, periods = weight.shape
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for b, t in np.ndindex(n, periods):
        if weight[b, t] > 0:
            graph.add_edge("source", (b, t), capacity=int(weight[b, t]))
        elif weight[b, t] < 0:
            graph.add_edge((b, t), "sink", capacity=-int(weight[b, t]))
        if t + 1 < periods:
            graph.add_edge((b, t), (b, t + 1))
    for b, k in zip(needs.tail, needs.need, strict=True):
        graph.add_edges_from(((int(b), t), (int(k), t)) for t in range(periods))
    return float(weight[weight > 0].sum()) - nx.minimum_cut_value(graph, "source", "sink")


def _is_closed(needs: Needs, taken: np.ndarray) -> bool:
    kept = not (taken[:, :-1] & ~taken[:, 1:]).any()
    return kept and not (taken[needs.tail] & ~taken[needs.need]).any()


@pytest.mark.parametrize("seed", range(8))
def test_closures_weigh_what_the_minimum_cut_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, periods = int(rng.integers(2, 25)), int(rng.integers(1, 5))
    pairs = np.array([(b, k) for b in range(n) for k in range(b) if rng.random() < 0.2], np.int64).reshape(-1, 2)
    closures = Closures(needs_of(pairs, n), periods)
    for _ in range(4):  # the second and later ones start from the flow of those before
        weight = np.round(rng.normal(-2, 20, (n, periods)))
        best = closures.best(weight)
        assert _is_closed(closures.needs, best.taken)
        assert weight[best.taken].sum() == pytest.approx(_by_networkx(closures.needs, weight))
        assert weight[best.taken].sum() <= best.bound <= weight[best.taken].sum() + 1e-6


def test_no_closure_outweighs_the_bound() -> None:
    rng = np.random.default_rng(5)
    pairs = np.array([(b, k) for b in range(12) for k in range(b) if rng.random() < 0.3], np.int64)
    needs = needs_of(pairs, 12)
    weight = rng.normal(0, 1e6, (12, 1)) * rng.lognormal(0, 3, (12, 1))
    bound = Closures(needs, 1).best(weight).bound
    for _ in range(300):
        chosen = rng.random(12) < 0.5
        for b in range(11, -1, -1):  # needs have smaller numbers: close downwards
            if chosen[b]:
                chosen[needs.need[needs.ptr[b] : needs.ptr[b + 1]]] = True
        assert weight[chosen].sum() <= bound


def test_largest_closure_holds_works_worth_nothing() -> None:
    needs = needs_of(np.array([[1, 0]]), 2)
    assert Closures(needs, 1).best(np.array([[-3.0], [3.0]])).taken.all()
