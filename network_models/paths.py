"""Shortest paths on road graphs: many-to-many travel times, and what accumulates along the fastest way.

Dijkstra's algorithm (1959) with a lazy binary heap, sources in parallel. Ties between equally fast ways go to the one
found first in the order of arcs, so results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._dijkstra import route_from, sweep
from network_models.graph import Graph


class Ways(NamedTuple):
    """``seconds`` and ``carried`` along the fastest ways, (n_sources, n_targets) float64, inf where unreachable."""

    seconds: np.ndarray
    carried: np.ndarray


def travel_times(graph: Graph, sources: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
    """Travel times from every source to every target.

    Parameters
    ----------
    graph
        Weights in seconds.
    sources, targets
        Node numbers; all nodes when ``targets`` is None.

    Returns
    -------
    (n_sources, n_targets) float64 seconds; inf where a target cannot be reached.

    Raises
    ------
    ValueError
        A node outside the graph.
    """
    return ways(graph, sources, targets, np.zeros(graph.n_arcs)).seconds


def ways(graph: Graph, sources: np.ndarray, targets: np.ndarray | None, carried: np.ndarray) -> Ways:
    """Travel times, and the sum of another attribute of the arcs (such as kilometres) along the same ways.

    Parameters
    ----------
    carried
        (n_arcs,) in the order of the arrays the graph was made from.
    """
    origins = _nodes(graph, sources, "source")
    goals = np.arange(graph.n_nodes) if targets is None else _nodes(graph, targets, "target")
    amount = np.asarray(carried, np.float64)[graph.arc]
    seconds = np.full((len(origins), len(goals)), np.inf)
    along = np.full((len(origins), len(goals)), np.inf)
    sweep(graph.first, graph.head, graph.weight, amount, origins, goals, seconds, along)
    return Ways(seconds, along)


def nearest(graph: Graph, sources: np.ndarray, targets: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest targets of every source: positions in ``targets`` (-1 where there are fewer) and seconds."""
    times = travel_times(graph, sources, targets)
    order = np.argsort(times, axis=1, kind="stable")[:, :k]
    seconds = np.take_along_axis(times, order, axis=1)
    return np.where(np.isfinite(seconds), order, -1), seconds


def coverage(graph: Graph, sources: np.ndarray, limit: float, targets: np.ndarray | None = None) -> np.ndarray:
    """Whether a target lies within ``limit`` seconds of a source, (n_sources, n_targets) bool."""
    return np.asarray(travel_times(graph, sources, targets) <= limit)


def route(graph: Graph, source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and arcs (as numbered where the graph was made) of the fastest way; empty when there is none."""
    _nodes(graph, np.array([source, target]), "end")
    nodes, arcs = route_from(graph.first, graph.head, graph.weight, source, target)
    return nodes, graph.arc[arcs]


def _nodes(graph: Graph, nodes: np.ndarray, what: str) -> np.ndarray:
    numbers = np.asarray(nodes, np.int64).ravel()
    wrong = (numbers < 0) | (numbers >= graph.n_nodes)
    if wrong.any():
        raise ValueError(f"{what} {int(np.argmax(wrong))}: node {numbers[wrong][0]} is not in 0..{graph.n_nodes - 1}")
    return numbers
