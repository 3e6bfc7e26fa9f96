"""Kernels of shortest paths: Dijkstra (1959) with a four-ary heap and lazy deletion; loops over arrays, nothing else.

Labels are compared by time, then by the amount carried, so what is found does not depend on the order of arcs or on
the number of threads. Where nothing is carried the arrays of amounts are None, and Numba leaves their code out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from network_models._numba import get_num_threads, inner, kernel
from network_models._threads import deal

SMALL = 200_000
"""Sources times nodes below which threads cost more than they save."""
FOREVER = float(np.finfo(np.float64).max)
"""Longest time that still counts as reached, seconds."""


class Net(NamedTuple):
    """Arcs of node ``v`` are ``indptr[v]:indptr[v + 1]``; ``amount`` (n_arcs,) is carried along, or None."""

    indptr: np.ndarray
    head: np.ndarray
    weight: np.ndarray
    amount: np.ndarray | None


class Labels(NamedTuple):
    """Best known way to each node (n_nodes,): its time, its amount and the arc it ends with (-1 at the source)."""

    time: np.ndarray
    amount: np.ndarray | None
    via: np.ndarray | None


class Heap(NamedTuple):
    """Entries of the queue, (n_arcs + 1,): every arc enters at most one."""

    time: np.ndarray
    amount: np.ndarray | None
    node: np.ndarray


def sweep(net: Net, sources: np.ndarray, stop: tuple[np.ndarray, int, float], out: Labels) -> None:
    """Fill ``out.time`` and ``out.amount`` (n_sources, n_targets; inf beforehand), in threads where that pays.

    ``stop`` is: the targets, how many of them to settle from each source, and the limit of time.
    """
    targets, enough, limit = stop
    if not len(sources) or not len(targets) or enough < 1:
        return
    chunks = min(len(sources), get_num_threads()) if len(sources) * (len(net.indptr) - 1) > SMALL else 1
    deal(search_all, (net, sources, targets, enough, min(float(limit), FOREVER), out), len(sources), chunks)


@inner()
def _at(array, i):  # type: ignore[no-untyped-def]
    if array is None:
        return 0.0
    return array[i]


@inner()
def _put(array, i, value):  # type: ignore[no-untyped-def]
    if array is not None:
        array[i] = value


@inner()
def _push(times, amounts, nodes, size, time, amount, node):  # type: ignore[no-untyped-def]
    """Add an entry to the heap; returns the new size."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if times[parent] < time or (times[parent] == time and _at(amounts, parent) <= amount):
            break
        times[i], nodes[i] = times[parent], nodes[parent]
        _put(amounts, i, _at(amounts, parent))
        i = parent
    times[i], nodes[i] = time, node
    _put(amounts, i, amount)
    return size + 1


@inner()
def _pop(times, amounts, nodes, size):  # type: ignore[no-untyped-def]
    """Drop the first entry of the heap; returns the size that is left."""
    size -= 1
    time, amount = times[size], _at(amounts, size)
    i, child = 0, 1
    while child < size:
        first, least, less = child, times[child], _at(amounts, child)
        for c in range(child + 1, min(child + 4, size)):
            if times[c] < least or (times[c] == least and _at(amounts, c) < less):
                first, least, less = c, times[c], _at(amounts, c)
        if time < least or (time == least and amount <= less):
            break
        times[i], nodes[i] = least, nodes[first]
        _put(amounts, i, less)
        i, child = first, 4 * first + 1
    times[i], nodes[i] = time, nodes[size]
    _put(amounts, i, amount)
    return size


@inner()
def settle(net, labels, heap, source, wanted, enough, limit):  # type: ignore[no-untyped-def]
    """Dijkstra until ``enough`` wanted nodes and all nodes no farther are settled; returns the time settled up to."""
    indptr, heads, weights, carried = net
    best, sums, via = labels
    times, amounts, nodes = heap
    best[:] = np.inf
    best[source] = 0.0
    _put(sums, source, 0.0)
    _put(via, source, -1)
    size = _push(times, amounts, nodes, 0, 0.0, 0.0, source)
    while size > 0 and times[0] <= limit:
        time, amount, node = times[0], _at(amounts, 0), nodes[0]
        size = _pop(times, amounts, nodes, size)
        if best[node] < time or _at(sums, node) < amount:
            continue
        if wanted[node]:
            enough -= 1
            if enough == 0:
                limit = time
        for a in range(indptr[node], indptr[node + 1]):
            head, later = heads[a], time + weights[a]
            if later > limit or later > best[head]:
                continue
            more = amount + _at(carried, a)
            if later < best[head] or more < _at(sums, head):
                best[head] = later
                _put(sums, head, more)
                _put(via, head, a)
                size = _push(times, amounts, nodes, size, later, more, head)
    return limit


@inner()
def _room(like, n):  # type: ignore[no-untyped-def]
    """Array of ``n`` amounts where amounts are carried."""
    if like is None:
        return None
    return np.empty(n)


@kernel()
def search_all(net, sources, targets, enough, limit, out, begin, end):  # type: ignore[no-untyped-def]
    """Rows ``begin:end`` of ``sweep``, in the calling thread."""
    n, entries = len(net.indptr) - 1, len(net.head) + 1
    labels = Labels(np.empty(n), _room(net.amount, n), None)
    heap = Heap(np.empty(entries), _room(net.amount, entries), np.empty(entries, np.int32))
    wanted = np.zeros(n, np.bool_)
    wanted[targets] = True
    enough = min(enough, wanted.sum())
    for s in range(begin, end):
        reached = settle(net, labels, heap, sources[s], wanted, enough, limit)
        for j in range(len(targets)):
            if labels.time[targets[j]] <= reached:
                out.time[s, j] = labels.time[targets[j]]
                _put(out.amount, (s, j), _at(labels.amount, targets[j]))


@kernel()
def tree(net, source, target):  # type: ignore[no-untyped-def]
    """Labels from one source, final for the target."""
    n, entries = len(net.indptr) - 1, len(net.head) + 1
    labels = Labels(np.empty(n), np.empty(n), np.empty(n, np.int64))
    heap = Heap(np.empty(entries), np.empty(entries), np.empty(entries, np.int32))
    wanted = np.zeros(n, np.bool_)
    wanted[target] = True
    settle(net, labels, heap, source, wanted, 1, FOREVER)
    return labels


def warm() -> Iterator[str]:
    """Call every kernel once for every form of its arguments; yields the name of a kernel when it is ready."""
    indptr, head, weight = np.array([0, 1, 2]), np.array([1, 0], np.int32), np.ones(2)
    nodes, table = np.arange(2), np.full((2, 2), np.inf)
    for amount, along in ((None, None), (weight, table)):
        sweep(Net(indptr, head, weight, amount), nodes, (nodes, 2, FOREVER), Labels(table, along, None))
        yield "travel times" if amount is None else "what is carried"
    tree(Net(indptr, head, weight, weight), 0, 1)
    yield "routes"
