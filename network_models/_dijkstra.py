"""Kernels of shortest paths: loops over arrays, nothing else."""

from __future__ import annotations

import numpy as np

from network_models._numba import get_num_threads, njit, prange

SMALL = 200_000
"""Sources times nodes below which threads cost more than they save."""


def sweep(first, head, weight, amount, sources, targets, seconds, along) -> None:  # type: ignore[no-untyped-def]
    """Fill ``seconds`` and ``along`` (sources, targets) by Dijkstra from every source."""
    chunks = get_num_threads() if len(sources) * (len(first) - 1) > SMALL else 1
    kernel = _sweep_parallel if chunks > 1 else _sweep_serial
    kernel(first, head, weight, amount, sources, targets, seconds, along, chunks)


@njit(cache=True, nogil=True)
def _sift_up(keys, nodes, i):  # type: ignore[no-untyped-def]
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] <= keys[i]:
            return
        keys[parent], keys[i] = keys[i], keys[parent]
        nodes[parent], nodes[i] = nodes[i], nodes[parent]
        i = parent


@njit(cache=True, nogil=True)
def _sift_down(keys, nodes, size):  # type: ignore[no-untyped-def]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            return
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[i] <= keys[child]:
            return
        keys[child], keys[i] = keys[i], keys[child]
        nodes[child], nodes[i] = nodes[i], nodes[child]
        i = child


@njit(cache=True, nogil=True)
def _tree(first, head, weight, source, wanted, n_wanted, time, via, keys, nodes):  # type: ignore[no-untyped-def]
    """Dijkstra from one source until every wanted node is settled; ``via`` is the arc each node was reached by."""
    time[:] = np.inf
    via[:] = -1
    time[source] = 0.0
    keys[0], nodes[0], size = 0.0, source, 1
    left = n_wanted
    while size > 0 and left > 0:
        reached, node = keys[0], nodes[0]
        size -= 1
        keys[0], nodes[0] = keys[size], nodes[size]
        _sift_down(keys, nodes, size)
        if reached > time[node]:
            continue
        if wanted[node]:
            left -= 1
        for a in range(first[node], first[node + 1]):
            later = reached + weight[a]
            if later < time[head[a]]:
                time[head[a]] = later
                via[head[a]] = a
                keys[size], nodes[size] = later, head[a]
                _sift_up(keys, nodes, size)
                size += 1


@njit(cache=True, nogil=True)
def _chunk(first, head, weight, amount, sources, targets, seconds, along, begin, end):  # type: ignore[no-untyped-def]
    n = len(first) - 1
    time, via = np.empty(n), np.empty(n, np.int64)
    keys, nodes = np.empty(len(head) + 1), np.empty(len(head) + 1, np.int64)
    tail = np.empty(len(head), np.int64)
    for v in range(n):
        tail[first[v] : first[v + 1]] = v
    wanted = np.zeros(n, np.bool_)
    wanted[targets] = True
    n_wanted = wanted.sum()
    for s in range(begin, end):
        _tree(first, head, weight, sources[s], wanted, n_wanted, time, via, keys, nodes)
        for j in range(len(targets)):
            node, total = targets[j], 0.0
            seconds[s, j] = time[node]
            if time[node] == np.inf:
                continue
            while via[node] >= 0:
                total += amount[via[node]]
                node = tail[via[node]]
            along[s, j] = total


@njit(cache=True, parallel=True, nogil=True)
def _sweep_parallel(first, head, weight, amount, sources, targets, seconds, along, chunks):  # type: ignore[no-untyped-def]
    size = (len(sources) + chunks - 1) // chunks
    for c in prange(chunks):
        _chunk(
            first, head, weight, amount, sources, targets, seconds, along, c * size, min(len(sources), (c + 1) * size)
        )


@njit(cache=True, nogil=True)
def _sweep_serial(first, head, weight, amount, sources, targets, seconds, along, chunks):  # type: ignore[no-untyped-def]
    _chunk(first, head, weight, amount, sources, targets, seconds, along, 0, len(sources) // chunks)


@njit(cache=True, nogil=True)
def route_from(first, head, weight, source, target):  # type: ignore[no-untyped-def]
    """Nodes and arcs of the fastest way from source to target; empty when there is none."""
    n = len(first) - 1
    time, via = np.empty(n), np.empty(n, np.int64)
    keys, nodes = np.empty(len(head) + 1), np.empty(len(head) + 1, np.int64)
    wanted = np.zeros(n, np.bool_)
    wanted[target] = True
    _tree(first, head, weight, source, wanted, 1, time, via, keys, nodes)
    if time[target] == np.inf:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    count, node = 0, target
    while via[node] >= 0:
        count += 1
        node = np.searchsorted(first, via[node], side="right") - 1
    way, arcs, node = np.empty(count + 1, np.int64), np.empty(count, np.int64), target
    for i in range(count, 0, -1):
        way[i], arcs[i - 1] = node, via[node]
        node = np.searchsorted(first, via[node], side="right") - 1
    way[0] = node
    return way, arcs
