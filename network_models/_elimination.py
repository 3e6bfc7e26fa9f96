"""What the removal of nodes in a given order leaves: the arcs of a hierarchy, and their weights (customisation).

Nodes are numbered by rank here, the first removed 0. Removing a node joins its neighbours of higher rank, whatever the
weights are (Dibbelt, Strasser and Wagner, Customizable contraction hierarchies, 2016). Arc ``i`` joins a low and a high
end; ``weights[i, UP]`` leads from the low end to the high one, ``weights[i, DOWN]`` back.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel

UP, DOWN = 0, 1


@kernel()
def join(indptr, heads, ids, most):  # type: ignore[no-untyped-def]
    """Arcs of the hierarchy of a symmetric graph.

    Returns
    -------
    rank (n_nodes,) of every node; first (n_nodes + 1,): arcs of rank ``r`` are ``first[r]:first[r + 1]``; high (n,)
    int32: their high ends, ascending, cut short where there are more than ``most``.
    """
    n = len(indptr) - 1
    rank, first, high, size = np.empty(n, np.int32), np.zeros(n + 1, np.int64), np.empty(max(most, 16), np.int32), 0
    for i in range(n):
        rank[ids[i]] = i
    child, sibling, mark = np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    for r in range(n):
        begin, node = size, ids[r]
        room = indptr[node + 1] - indptr[node]
        c = child[r]
        while c >= 0:
            room += first[c + 1] - first[c]
            c = sibling[c]
        if size + room > len(high):
            return rank, first, high[:0]
        for e in range(indptr[node], indptr[node + 1]):
            size = _note(high, size, mark, rank[heads[e]], r)
        c = child[r]
        while c >= 0:
            for e in range(first[c], first[c + 1]):
                size = _note(high, size, mark, high[e], r)
            c = sibling[c]
        _sort(high, begin, size)
        first[r + 1] = size
        if size > begin:
            sibling[r], child[high[begin]] = child[high[begin]], r
    return rank, first, high[:size].copy()


@inner()
def _note(high, size, mark, end, r):  # type: ignore[no-untyped-def]
    if end > r and mark[end] != r:
        mark[end] = r
        high[size] = end
        return size + 1
    return size


@inner()
def _sort(values, begin, end):  # type: ignore[no-untyped-def]
    """Sort a few values, joined from ascending runs, by insertion."""
    for i in range(begin + 1, end):
        value, j = values[i], i
        while j > begin and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@kernel()
def places(indptr, heads, rank, first, high):  # type: ignore[no-untyped-def]
    """Where every arc of a graph lies in the hierarchy: twice the arc's number, plus its direction; loops -1."""
    place = np.empty(len(heads), np.int64)
    for node in range(len(indptr) - 1):
        for e in range(indptr[node], indptr[node + 1]):
            a, b = rank[node], rank[heads[e]]
            low, up = min(a, b), max(a, b)
            at = first[low] + np.searchsorted(high[first[low] : first[low + 1]], up)
            place[e] = -1 if a == b else 2 * at + (UP if a < b else DOWN)
    return place


@kernel()
def carry(place, lengths, none, weights):  # type: ignore[no-untyped-def]
    """Give the arcs of the hierarchy the least of the graph's arcs that lie on them."""
    weights[:] = none
    for e in range(len(place)):
        if place[e] >= 0:
            i, way = place[e] >> 1, place[e] & 1
            weights[i, way] = min(weights[i, way], lengths[e])


@kernel()
def customise(first, high, weights):  # type: ignore[no-untyped-def]
    """Make every arc as short as the best way between its ends through nodes of lower rank, lowest first."""
    for r in range(len(first) - 1):
        for x in range(first[r], first[r + 1]):
            j, there, back = first[high[x]], weights[x, DOWN], weights[x, UP]
            for y in range(x + 1, first[r + 1]):
                while high[j] < high[y]:
                    j += 1
                onward, home = there + weights[y, UP], back + weights[y, DOWN]
                if onward < weights[j, UP]:
                    weights[j, UP] = onward
                if home < weights[j, DOWN]:
                    weights[j, DOWN] = home
                j += 1


@kernel()
def perfect(first, high, weights, needed):  # type: ignore[no-untyped-def]
    """Make every arc as short as the best way between its ends at all, highest first, and mark what is ``needed``.

    An arc is not needed where two arcs over a node above its low end are shorter, or as long and each shorter by
    itself: then among the arcs that begin a best way upwards the shortest is always needed, zero weights or not.
    """
    for r in range(len(first) - 2, -1, -1):
        perfect_rank(first, high, weights, needed, r)


@inner()
def perfect_rank(first, high, weights, needed, r):  # type: ignore[no-untyped-def]
    """``perfect`` for the arcs of one rank, those of higher ranks being done."""
    for x in range(first[r], first[r + 1]):
        needed[x, UP] = needed[x, DOWN] = True
    for x in range(first[r], first[r + 1]):
        j = first[high[x]]
        for y in range(x + 1, first[r + 1]):
            while high[j] < high[y]:
                j += 1
            _shorten(weights, needed, x, UP, weights[y, UP], weights[j, DOWN])
            _shorten(weights, needed, x, DOWN, weights[j, UP], weights[y, DOWN])
            _shorten(weights, needed, y, UP, weights[x, UP], weights[j, UP])
            _shorten(weights, needed, y, DOWN, weights[j, DOWN], weights[x, DOWN])
            j += 1


@inner(inline="always")
def _shorten(weights, needed, arc, way, one, two):  # type: ignore[no-untyped-def]
    now, other = weights[arc, way], one + two
    if other < now:
        weights[arc, way] = other
        needed[arc, way] = False
    elif other == now and one < now and two < now:
        needed[arc, way] = False


@kernel()
def kept_up(first, high, weights, needed, none):  # type: ignore[no-untyped-def]
    """Needed arcs upwards by rank: (n + 1,), heads, lengths."""
    n = len(first) - 1
    start, size = np.zeros(n + 1, np.int32), 0
    heads, lengths = np.empty(len(high), np.int32), np.empty(len(high), weights.dtype)
    for r in range(n):
        for e in range(first[r], first[r + 1]):
            if needed[e, UP] and weights[e, UP] < none:
                heads[size], lengths[size], size = high[e], weights[e, UP], size + 1
        start[r + 1] = size
    return start, heads[:size], lengths[:size]


@kernel()
def kept_down(first, high, weights, needed, none, block):  # type: ignore[no-untyped-def]
    """Needed arcs downwards in the order of a sweep: from the highest rank on, and within a block of consecutive ranks
    by depth, then by number of arcs, so that neighbours in the sweep are alike.

    Returns
    -------
    position (n,) of every rank in the sweep; start (n + 1,); tails and lengths of the arcs that enter each position.
    """
    n = len(first) - 1
    position, ranks, keys = np.empty(n, np.int32), np.empty(n, np.int32), np.zeros(n, np.int32)
    start, size = np.zeros(n + 1, np.int32), 0
    tails, lengths = np.empty(len(high), np.int32), np.empty(len(high), weights.dtype)
    for begin in range(0, n, block):
        end = min(begin + block, n)
        _place(first, high, weights, needed, none, n - end, n - begin, keys, position, ranks)
        for p in range(begin, end):
            r = ranks[p]
            for e in range(first[r], first[r + 1]):
                if needed[e, DOWN] and weights[e, DOWN] < none:
                    tails[size], lengths[size], size = position[high[e]], weights[e, DOWN], size + 1
            start[p + 1] = size
    return position, start, tails[:size], lengths[:size]


@inner()
def _place(first, high, weights, needed, none, low, top, keys, position, ranks):  # type: ignore[no-untyped-def]
    """Sort the ranks from low up to top by depth within them, then by number of arcs (16 or more alike)."""
    n, most = len(first) - 1, 16
    for r in range(top - 1, low - 1, -1):
        depth, arcs = 0, 0
        for e in range(first[r], first[r + 1]):
            if needed[e, DOWN] and weights[e, DOWN] < none:
                arcs += 1
                if high[e] < top:
                    depth = max(depth, keys[high[e]] // most + 1)
        keys[r] = depth * most + min(arcs, most - 1)
    count = np.zeros(keys[low:top].max() + 2, np.int64)
    for r in range(low, top):
        count[keys[r] + 1] += 1
    count = np.cumsum(count)
    for r in range(top - 1, low - 1, -1):
        p = n - top + count[keys[r]]
        position[r], ranks[p] = p, r
        count[keys[r]] += 1
