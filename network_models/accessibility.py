"""What a source reaches, summed while the times are found: no table of sources by nodes is ever written.

Amounts lie at nodes: people, tonnes, orders. Times are in the units of the graph, from sources to nodes; for the times
from nodes to a facility (harvest to a cold store) take ``graph.reverse()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from network_models._dijkstra import FOREVER
from network_models.graph import Graph, refuse, whole
from network_models.paths import TOGETHER, Method, chosen, travel_times

PLAIN, TIMES, DECAYED = 0, 1, 2


class Access(NamedTuple):
    """By source, (n_sources,) float64: amount that is reached, and its mean time (nan where nothing is)."""

    amount: np.ndarray
    mean_time: np.ndarray


def covered(
    graph: Graph, sources: ArrayLike, limit: float, amount: ArrayLike | None = None, method: Method = "auto"
) -> np.ndarray:
    """Amount at the nodes within ``limit`` of each source, (n_sources,) float64; the number of nodes by default.

    Parameters
    ----------
    graph
        Weights in seconds or milliseconds.
    sources
        Node numbers.
    limit
        Longest time that counts, in the units of the graph; the cost falls with it.
    amount
        (n_nodes,) finite.
    method
        As in :func:`network_models.paths.chosen`.

    Raises
    ------
    ValueError
        A node outside the graph; not one finite amount a node.
    """
    return _sums(graph, sources, amount, limit, 0.0, PLAIN, method)[:, 0]


def covering(graph: Graph, sources: ArrayLike, limit: float, method: Method = "auto") -> np.ndarray:
    """Number of sources within ``limit`` of each node, (n_nodes,) int64; parameters as in :func:`covered`."""
    starts = whole(sources, graph.n_nodes, "source")
    quick = chosen(graph, len(starts), method)
    if quick:
        return quick.counts(starts, limit)
    out = np.zeros(graph.n_nodes, np.int64)
    for _, times in _parts(graph, starts):
        out += (times <= min(limit, FOREVER)).sum(axis=0)
    return out


def access(
    graph: Graph, sources: ArrayLike, amount: ArrayLike, limit: float = FOREVER, method: Method = "auto"
) -> Access:
    """Amount within reach of each source and its mean time, weighted by amount; parameters as in :func:`covered`."""
    sums = _sums(graph, sources, amount, limit, 0.0, TIMES, method)
    means = np.divide(sums[:, 1], sums[:, 0], out=np.full(len(sums), np.nan), where=sums[:, 0] != 0)
    return Access(sums[:, 0], means)


def kept_fresh(
    graph: Graph, sources: ArrayLike, amount: ArrayLike, rate: float, limit: float = FOREVER, method: Method = "auto"
) -> np.ndarray:
    """What is left of the amounts after the way: sum of ``amount * exp(-rate * time)``, (n_sources,) float64.

    Parameters
    ----------
    rate
        Share lost at each instant, one by the units of the graph's times; 0 or more.
    graph, sources, amount, limit, method
        As in :func:`covered`.

    Raises
    ------
    ValueError
        As :func:`covered`, or a negative rate.
    """
    if not 0 <= rate < np.inf:
        raise ValueError(f"rate: found {rate}; expected 0 or more")
    return _sums(graph, sources, amount, limit, rate, DECAYED, method)[:, 1]


def _sums(
    graph: Graph, sources: ArrayLike, amount: ArrayLike | None, limit: float, rate: float, kind: int, method: Method
) -> np.ndarray:
    """By source: amount within the limit, and its sum by ``kind``."""
    starts = whole(sources, graph.n_nodes, "source")
    amounts = _amounts(graph, amount)
    quick = chosen(graph, len(starts), method)
    if quick:
        return quick.sums(starts, amounts, limit, rate, kind)
    out = np.zeros((len(starts), 2))
    for part, times in _parts(graph, starts):
        inside = times <= min(limit, FOREVER)
        times = np.where(inside, times, 0.0)
        share = times if kind == TIMES else np.exp(-rate * times)
        out[part] = np.stack([inside @ amounts, np.where(inside, share, 0.0) @ amounts], axis=1)
    return out


def _amounts(graph: Graph, amount: ArrayLike | None) -> np.ndarray:
    if amount is None:
        return np.ones(graph.n_nodes)
    amounts = np.asarray(amount, np.float64).ravel()
    if len(amounts) != graph.n_nodes:
        raise ValueError(f"amount: found {len(amounts)} entries; expected one for each of {graph.n_nodes} nodes")
    refuse(~np.isfinite(amounts), amounts, "amount", "expected a finite number")
    return amounts


def _parts(graph: Graph, starts: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Times of a few sources at once by Dijkstra, float64 with inf for none."""
    for begin in range(0, len(starts), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        times = travel_times(graph, starts[part], method="dijkstra")
        yield part, np.where(times < 0, np.inf, times)
