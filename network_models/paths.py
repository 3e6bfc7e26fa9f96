"""Shortest paths on road graphs: many-to-many travel times, and what accumulates along the fastest way.

Of equally fast ways the one that carries least is taken (kilometres: the shortest of the fastest). Results are thus a
property of the graph: neither the order of arcs nor the number of threads changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from network_models._dijkstra import FOREVER, Labels, Net, sweep, tree
from network_models.graph import LARGEST, Graph, refuse, whole

if TYPE_CHECKING:
    from network_models.hierarchy import Hierarchy

Method = Literal["auto", "dijkstra", "hierarchy"]
METHODS = get_args(Method)
TINY = 1000
"""Nodes below which a search costs less than looking after a hierarchy."""
WORTH_ORDERING, WORTH_CUSTOMISING = 150, 10
"""Sources from which it pays to order a graph's nodes, or to customise a hierarchy whose order is known."""
LISTED = 32
"""Longest list of nearest targets that is passed from node to node."""
TOGETHER = 512
"""Sources whose times are held at once where only a part of what they say is kept."""


class Ways(NamedTuple):
    """Times and amounts along the fastest ways, (n_sources, n_targets) float64, inf where unreachable.

    ``seconds`` are milliseconds on a graph in milliseconds.
    """

    seconds: np.ndarray
    carried: np.ndarray


def travel_times(
    graph: Graph, sources: ArrayLike, targets: ArrayLike | None = None, method: Method = "auto"
) -> np.ndarray:
    """Travel times from every source to every target.

    Parameters
    ----------
    graph
        Weights in seconds (float64) or milliseconds (int32).
    sources, targets
        Node numbers, repeats allowed; all nodes when ``targets`` is None.
    method
        As in :func:`chosen`.

    Returns
    -------
    (n_sources, n_targets) float64 seconds, inf where a target cannot be reached; on a graph in milliseconds int32, -1
    where it cannot. Milliseconds are the same by every method to the last bit, seconds to 1e-9 of their value.

    Raises
    ------
    ValueError
        A node outside the graph; an unknown method; a hierarchy asked for a graph that has none.
    """
    starts, goals = _ends(graph, sources, targets)
    quick = chosen(graph, len(starts), method)
    if quick:
        return quick.times(starts, None if targets is None else goals)
    return in_units(graph, _times(graph, starts, goals))


def chosen(graph: Graph, n_sources: int, method: Method) -> Hierarchy | None:
    """The hierarchy to use, or None for Dijkstra's search from each source.

    ``method`` is 'dijkstra', 'hierarchy' or 'auto': the hierarchy where the searches that it saves cost more than
    what is left to prepare; Dijkstra on small graphs and where no small cuts divide the graph.

    Raises
    ------
    ValueError
        An unknown method; a hierarchy asked for a graph that has none.
    """
    if method not in METHODS:
        raise ValueError(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    if method == "dijkstra" or (method == "auto" and (graph.n_nodes < TINY or n_sources < _worth(graph))):
        return None
    try:
        return graph.hierarchy
    except ValueError:
        if method == "hierarchy":
            raise
        return None


def _worth(graph: Graph) -> int:
    """Number of sources from which preparing what is not there yet pays."""
    if "hierarchy" in graph.__dict__:
        return 1
    return WORTH_CUSTOMISING if graph.shapes and graph.shapes.known else WORTH_ORDERING


def in_units(graph: Graph, seconds: np.ndarray) -> np.ndarray:
    """Times that were found in float64 in the units of a graph: its milliseconds as int32, -1 for none."""
    if graph.weight.dtype == np.float64:
        return seconds
    return np.where(seconds < LARGEST, seconds, -1).astype(np.int32)


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


def nearest(
    graph: Graph, sources: ArrayLike, targets: ArrayLike, k: int, method: Method = "auto"
) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest targets of every source; of equally near ones those that stand first in ``targets``.

    Returns
    -------
    positions in ``targets`` (-1 where fewer than ``k`` can be reached) and times (as :func:`travel_times` has them),
    both (n_sources, k).

    Raises
    ------
    ValueError
        A node outside the graph, or ``k`` below 1.
    """
    if k < 1:
        raise ValueError(f"k: found {k}; expected 1 or more")
    starts, goals = _ends(graph, sources, targets)
    quick = chosen(graph, len(starts), method)
    if quick and k <= LISTED:
        order, found = quick.nearest(starts, goals, k)
        return order, found if found.dtype == np.float64 else np.where(order < 0, np.int32(-1), found)
    times = _times(graph, starts, goals, enough=k)
    if times.shape[1] < k:
        times = np.pad(times, ((0, 0), (0, k - times.shape[1])), constant_values=np.inf)
    order = np.argsort(times, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(times, order, axis=1)
    return np.where(found < _never(graph), order, -1), in_units(graph, found)


def coverage(
    graph: Graph, sources: ArrayLike, limit: float, targets: ArrayLike | None = None, method: Method = "auto"
) -> np.ndarray:
    """Whether a target lies within ``limit`` (in the units of the graph) of a source, (n_sources, n_targets) bool.

    Sums of this table by source or by node are had without the table: see :mod:`network_models.accessibility`.

    Raises
    ------
    ValueError
        A node outside the graph.
    """
    starts, goals = _ends(graph, sources, targets)
    quick = chosen(graph, len(starts), method)
    if not quick:
        return _times(graph, starts, goals, limit=limit) < _never(graph)
    out = np.empty((len(starts), len(goals)), np.bool_)
    for begin in range(0, len(starts), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        times = quick.times(starts[part], None if targets is None else goals)
        np.logical_and(times >= 0, times <= min(limit, np.finfo(np.float64).max), out=out[part])
    return out


def route(
    graph: Graph, source: int, target: int, carried: ArrayLike | None = None, method: Method = "auto"
) -> tuple[np.ndarray, np.ndarray]:
    """The fastest way from source to target; with ``carried``, the one that :func:`ways` sums along.

    Returns
    -------
    nodes (n,) and arcs (n - 1,) as numbered in the arrays the graph was made from; both empty when there is no way.

    Raises
    ------
    ValueError
        A node outside the graph; a negative, missing or surplus entry of ``carried``.
    """
    start, end = whole([source, target], graph.n_nodes, "end").tolist()
    quick = chosen(graph, 1, method) if carried is None else None
    if quick:
        arcs = quick.route(start, end)
        nodes = np.concatenate([[start], graph.head[arcs]]) if len(arcs) or start == end else arcs
        return nodes.astype(np.int64), graph.arc_id[arcs]
    labels = tree(_net(graph, np.zeros(graph.n_arcs) if carried is None else carried), start, end)
    if not labels.time[end] < _never(graph):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    tails, back, steps = graph.tail, [end], []
    while (arc := labels.via[back[-1]]) >= 0:
        steps.append(arc)
        back.append(tails[arc])
    return np.array(back[::-1], np.int64), graph.arc_id[np.array(steps[::-1], np.int64)]


def _never(graph: Graph) -> float:
    """Time from which a way counts as none."""
    return np.inf if graph.weight.dtype == np.float64 else float(LARGEST)


def _times(
    graph: Graph, starts: np.ndarray, goals: np.ndarray, enough: int | None = None, limit: float = FOREVER
) -> np.ndarray:
    """By Dijkstra, (n_sources, n_targets) float64; inf beyond ``limit`` and beyond the ``enough`` nearest targets."""
    seconds = np.full((len(starts), len(goals)), np.inf)
    stop = goals, len(goals) if enough is None else enough, limit
    sweep(_net(graph, None), starts, stop, Labels(seconds, None, None))
    return seconds


def _ends(graph: Graph, sources: ArrayLike, targets: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    goals = np.arange(graph.n_nodes) if targets is None else whole(targets, graph.n_nodes, "target")
    return whole(sources, graph.n_nodes, "source"), goals


def _net(graph: Graph, carried: ArrayLike | None) -> Net:
    if carried is None:
        return Net(graph.indptr, graph.head, graph.lengths, None)
    amount = np.asarray(carried, np.float64).ravel()
    if len(amount) != graph.n_arcs:
        raise ValueError(f"carried: found {len(amount)} entries; expected one for each of {graph.n_arcs} arcs")
    refuse(~(amount >= 0), amount, "carried", "expected 0 or more")
    return Net(graph.indptr, graph.head, graph.lengths, amount[graph.arc_id])
