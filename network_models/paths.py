"""Shortest paths on road graphs: many-to-many travel times, and what accumulates along the fastest way.

Of equally fast ways the one that carries least is taken (kilometres: the shortest of the fastest). Results are thus a
property of the graph: neither the order of arcs nor the number of threads changes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from network_models._dijkstra import FOREVER, Labels, Net, sweep, tree
from network_models.graph import Graph, refuse, whole


class Ways(NamedTuple):
    """``seconds`` and ``carried`` along the fastest ways, (n_sources, n_targets) float64, inf where unreachable."""

    seconds: np.ndarray
    carried: np.ndarray


def travel_times(graph: Graph, sources: ArrayLike, targets: ArrayLike | None = None) -> np.ndarray:
    """Travel times from every source to every target.

    Parameters
    ----------
    graph
        Weights in seconds.
    sources, targets
        Node numbers, repeats allowed; all nodes when ``targets`` is None.

    Returns
    -------
    (n_sources, n_targets) float64 seconds; inf where a target cannot be reached.

    Raises
    ------
    ValueError
        A node outside the graph.
    """
    return _times(graph, sources, targets)


def ways(graph: Graph, sources: ArrayLike, targets: ArrayLike | None, carried: ArrayLike) -> Ways:
    """Travel times, and the sum of another attribute of the arcs (such as kilometres) along the same ways.

    Parameters
    ----------
    graph, sources, targets
        As in :func:`travel_times`.
    carried
        (n_arcs,) not negative, in the order of the arrays the graph was made from. Of equally fast ways the one with
        the smallest sum counts.

    Raises
    ------
    ValueError
        A node outside the graph; a negative, missing or surplus entry of ``carried``.
    """
    starts, goals = _ends(graph, sources, targets)
    seconds, along = (np.full((len(starts), len(goals)), np.inf) for _ in range(2))
    sweep(_net(graph, carried), starts, (goals, len(goals), FOREVER), Labels(seconds, along, None))
    return Ways(seconds, along)


def nearest(graph: Graph, sources: ArrayLike, targets: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest targets of every source; of equally near ones those that stand first in ``targets``.

    Returns
    -------
    positions in ``targets`` (-1 where fewer than ``k`` can be reached) and seconds (inf there), both (n_sources, k).

    Raises
    ------
    ValueError
        A node outside the graph, or ``k`` below 1.
    """
    if k < 1:
        raise ValueError(f"k: found {k}; expected 1 or more")
    times = _times(graph, sources, targets, enough=k)
    if times.shape[1] < k:
        times = np.pad(times, ((0, 0), (0, k - times.shape[1])), constant_values=np.inf)
    order = np.argsort(times, axis=1, kind="stable")[:, :k]
    seconds = np.take_along_axis(times, order, axis=1)
    return np.where(np.isfinite(seconds), order, -1), seconds


def coverage(graph: Graph, sources: ArrayLike, limit: float, targets: ArrayLike | None = None) -> np.ndarray:
    """Whether a target lies within ``limit`` seconds of a source, (n_sources, n_targets) bool.

    Raises
    ------
    ValueError
        A node outside the graph.
    """
    return np.isfinite(_times(graph, sources, targets, limit=limit))


def route(graph: Graph, source: int, target: int, carried: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The fastest way from source to target; with ``carried``, the one that :func:`ways` sums along.

    Returns
    -------
    nodes (n,) and arcs (n - 1,) as numbered in the arrays the graph was made from; both empty when there is no way.

    Raises
    ------
    ValueError
        A node outside the graph; a negative, missing or surplus entry of ``carried``.
    """
    (start, end), tails = whole([source, target], graph.n_nodes, "end"), graph.tail
    labels = tree(_net(graph, np.zeros(graph.n_arcs) if carried is None else carried), start, end)
    if np.isinf(labels.time[end]):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    nodes, arcs = [end], []
    while (arc := labels.via[nodes[-1]]) >= 0:
        arcs.append(arc)
        nodes.append(tails[arc])
    return np.array(nodes[::-1], np.int64), graph.arc_id[np.array(arcs[::-1], np.int64)]


def _times(
    graph: Graph, sources: ArrayLike, targets: ArrayLike | None, enough: int | None = None, limit: float = FOREVER
) -> np.ndarray:
    """Seconds (n_sources, n_targets); inf beyond ``limit`` and beyond the ``enough`` nearest targets."""
    starts, goals = _ends(graph, sources, targets)
    seconds = np.full((len(starts), len(goals)), np.inf)
    stop = goals, len(goals) if enough is None else enough, limit
    sweep(_net(graph, None), starts, stop, Labels(seconds, None, None))
    return seconds


def _ends(graph: Graph, sources: ArrayLike, targets: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    goals = np.arange(graph.n_nodes) if targets is None else whole(targets, graph.n_nodes, "target")
    return whole(sources, graph.n_nodes, "source"), goals


def _net(graph: Graph, carried: ArrayLike | None) -> Net:
    if carried is None:
        return Net(graph.indptr, graph.head, graph.weight, None)
    amount = np.asarray(carried, np.float64).ravel()
    if len(amount) != graph.n_arcs:
        raise ValueError(f"carried: found {len(amount)} entries; expected one for each of {graph.n_arcs} arcs")
    refuse(~(amount >= 0), amount, "carried", "expected 0 or more")
    return Net(graph.indptr, graph.head, graph.weight, amount[graph.arc_id])
