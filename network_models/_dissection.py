"""Nested dissection: the order in which a hierarchy removes the nodes of a graph, from its shape alone.

A cell is split where few arcs cross: nodes are ranked by their hops from two far ends, the first and the last third are
held apart, and a minimum cut between them (Dinic 1970, every arc of capacity one) is taken; the best of several pairs of
ends counts (inertial flow, Schild and Sommer 2015, with hops in place of coordinates). The nodes at the cut come last.
Cells of at most 64 nodes are ordered by minimum degree, their neighbours kept as bits of a word.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel

CELL = 64
"""Nodes of a cell that is ordered by minimum degree."""
THIRD = 0.3
"""Share of a cell's nodes that is held on either side of a cut."""
FIRST, LAST, BETWEEN = 0, 1, 2
WIDE = 4.0
"""Arcs a cut may have for each square root of a cell's nodes, and a few: roads have fewer than one or two."""


@kernel()
def dissect(indptr, heads):  # type: ignore[no-untyped-def]
    """Order of removal (n_nodes,) int32 of a symmetric graph: heads ascending, no loops, no parallel arcs."""
    n = len(indptr) - 1
    ids = np.arange(n).astype(np.int32)
    region = np.zeros(n, np.int32)
    twin, flow = _twins(indptr, heads), np.zeros(len(heads), np.int8)
    hops, side, queue = np.empty((4, n), np.int32), np.empty((4, n), np.int32), np.empty(n + 1, np.int32)
    cells, size, label = np.empty((n + CELL, 3), np.int32), 1, 1
    cells[0] = (0, n, 0)
    while size > 0:
        size -= 1
        low, high, here = cells[size]
        if high - low <= CELL:
            _least_degree(indptr, heads, ids[low:high], region, here, side[0])
            continue
        parts = _components(indptr, heads, ids[low:high], region, here, hops[0], queue)
        if len(parts) > 2:
            ends = parts + low
        else:
            first, second = _split(indptr, heads, twin, flow, ids[low:high], region, here, hops, side, queue)
            ends = np.empty(3, np.int64)
            ends[0], ends[1], ends[2] = low, low + first, low + first + second
        for p in range(len(ends) - 1):
            if ends[p + 1] > ends[p]:
                for i in range(ends[p], ends[p + 1]):
                    region[ids[i]] = label
                cells[size] = (ends[p], ends[p + 1], label)
                size, label = size + 1, label + 1
        for i in range(ends[-1], high):
            region[ids[i]] = -1
    return ids


@inner()
def _twins(indptr, heads):  # type: ignore[no-untyped-def]
    """Position of the arc back, for every arc of a symmetric graph."""
    at, twin = indptr[:-1].copy(), np.empty(len(heads), np.int32)
    for u in range(len(indptr) - 1):
        for e in range(indptr[u], indptr[u + 1]):
            twin[e] = at[heads[e]]
            at[heads[e]] += 1
    return twin


@inner()
def _walk(indptr, heads, region, here, start, hops, queue, begin):  # type: ignore[no-untyped-def]
    """Breadth-first walk through a cell; fills ``hops``, appends to ``queue`` and returns its end."""
    hops[start] = 0
    queue[begin], end, i = start, begin + 1, begin
    while i < end:
        u = queue[i]
        i += 1
        for e in range(indptr[u], indptr[u + 1]):
            v = heads[e]
            if region[v] == here and hops[v] < 0:
                hops[v] = hops[u] + 1
                queue[end] = v
                end += 1
    return end


@inner()
def _components(indptr, heads, ids, region, here, hops, queue):  # type: ignore[no-untyped-def]
    """Sort a cell's nodes by component; returns where each begins, and the end."""
    for v in ids:
        hops[v] = -1
    starts, count, end = np.empty(len(ids) + 1, np.int64), 1, 0
    starts[0] = 0
    for v in ids:
        if hops[v] < 0:
            end = _walk(indptr, heads, region, here, v, hops, queue, end)
            starts[count] = end
            count += 1
    ids[:] = queue[: len(ids)]
    return starts[:count]


@inner()
def _hops_from(indptr, heads, ids, region, here, start, hops, queue):  # type: ignore[no-untyped-def]
    """Hops of a cell's nodes from one; returns the farthest."""
    for v in ids:
        hops[v] = -1
    return queue[_walk(indptr, heads, region, here, start, hops, queue, 0) - 1]


@inner()
def _split(indptr, heads, twin, flow, ids, region, here, hops, side, queue):  # type: ignore[no-untyped-def]
    """Sort a connected cell's nodes into two parts and what separates them; returns the sizes of the parts."""
    a = _hops_from(indptr, heads, ids, region, here, ids[0], hops[0], queue)
    b = _hops_from(indptr, heads, ids, region, here, a, hops[0], queue)
    _hops_from(indptr, heads, ids, region, here, b, hops[1], queue)
    c, most = ids[0], -(2**30)
    for v in ids:
        value = hops[0, v] + hops[1, v] - 2 * abs(hops[0, v] - hops[1, v])
        if value > most:
            c, most = v, value
    d = _hops_from(indptr, heads, ids, region, here, c, hops[2], queue)
    _hops_from(indptr, heads, ids, region, here, d, hops[3], queue)
    best = np.inf
    for way in range(4):
        if not _hold(ids, hops, way, side[0], queue):
            continue
        enough = min(best * len(ids) / 2, WIDE * np.sqrt(len(ids)) + WIDE * WIDE)
        score = _cut(indptr, heads, twin, flow, ids, region, here, side, side[3], queue, enough)
        if score < best:
            best = score
            for v in ids:
                side[2, v] = side[1, v]
    if best == np.inf:
        _by_degree(indptr, ids)
        return 0, 0
    return _separate(indptr, heads, ids, region, here, side[2], queue)


@inner()
def _hold(ids, hops, way, held, key):  # type: ignore[no-untyped-def]
    """Hold the first and the last third by rank apart; False where ranks are too few to tell them."""
    least, most = 2**30, -(2**30)
    for i in range(len(ids)):
        x, y = hops[0, ids[i]] - hops[1, ids[i]], hops[2, ids[i]] - hops[3, ids[i]]
        key[i] = x if way == 0 else (y if way == 1 else (x + y if way == 2 else x - y))
        least, most = min(least, key[i]), max(most, key[i])
    count = np.zeros(most - least + 1, np.int32)
    for i in range(len(ids)):
        count[key[i] - least] += 1
    low, total = 0, count[0]
    while total < THIRD * len(ids):
        low += 1
        total += count[low]
    high, total = len(count) - 1, count[-1]
    while total < THIRD * len(ids):
        high -= 1
        total += count[high]
    for i in range(len(ids)):
        rank = key[i] - least
        held[ids[i]] = FIRST if rank <= low else (LAST if rank >= high else BETWEEN)
    return low < high


@inner()
def _cut(indptr, heads, twin, flow, ids, region, here, side, at, queue, enough):  # type: ignore[no-untyped-def]
    """Minimum cut between the held thirds into ``side[1]``; returns arcs cut by nodes of the smaller part, or inf."""
    held, level = side[0], side[1]
    for v in ids:
        for e in range(indptr[v], indptr[v + 1]):
            flow[e] = 0
    path, total = np.empty(len(ids) + 1, np.int32), 0
    while _levels(indptr, heads, flow, ids, region, here, held, level, queue, FIRST, twin):
        total += _augment(indptr, heads, twin, flow, ids, region, here, held, level, at, path)
        if total >= enough:
            return np.inf
    first = _side(ids, level, FIRST)
    if 2 * first < len(ids):  # the cut nearest to the other third may divide more evenly
        _levels(indptr, heads, flow, ids, region, here, held, level, queue, LAST, twin)
        other = _side(ids, level, LAST)
        if min(other, len(ids) - other) < first:
            _levels(indptr, heads, flow, ids, region, here, held, level, queue, FIRST, twin)
            other = _side(ids, level, FIRST)
        first = other
    return total / min(first, len(ids) - first)


@inner()
def _side(ids, level, origin):  # type: ignore[no-untyped-def]
    """Turn levels into parts, in place: what was reached belongs to the origin; returns the size of the first part."""
    first = 0
    for v in ids:
        level[v] = origin if level[v] >= 0 else 1 - origin
        first += level[v] == FIRST
    return first


@inner()
def _levels(indptr, heads, flow, ids, region, here, held, level, queue, origin, twin):  # type: ignore[no-untyped-def]
    """Steps from one third along (towards FIRST: against) arcs with room left, -1 where none leads; is the other met."""
    end, met = 0, False
    for v in ids:
        level[v] = 0 if held[v] == origin else -1
        if held[v] == origin:
            for e in range(indptr[v], indptr[v + 1]):
                if region[heads[e]] == here and held[heads[e]] != origin:
                    queue[end] = v
                    end += 1
                    break
    i = 0
    while i < end:
        u = queue[i]
        i += 1
        for e in range(indptr[u], indptr[u + 1]):
            v = heads[e]
            if region[v] == here and level[v] < 0 and (flow[e] if origin == FIRST else flow[twin[e]]) < 1:
                level[v] = level[u] + 1
                met |= held[v] == 1 - origin
                queue[end] = v
                end += 1
    return met


@inner()
def _augment(indptr, heads, twin, flow, ids, region, here, held, level, at, path):  # type: ignore[no-untyped-def]
    """Blocking flow along the levels; returns how much was added."""
    for v in ids:
        at[v] = indptr[v]
    total = 0
    for root in ids:
        if held[root] == FIRST:
            u, depth = root, 0
            while depth >= 0:
                if held[u] == LAST:
                    for i in range(depth):
                        flow[path[i]] += 1
                        flow[twin[path[i]]] -= 1
                    total, u, depth = total + 1, root, 0
                if _advance(indptr, heads, flow, region, here, level, at, u):
                    path[depth] = at[u]
                    u, depth = heads[at[u]], depth + 1
                else:
                    depth -= 1
                    if depth >= 0:
                        u = heads[twin[path[depth]]]
                        at[u] += 1
    return total


@inner()
def _advance(indptr, heads, flow, region, here, level, at, u):  # type: ignore[no-untyped-def]
    """Move on to the next arc of a node that leads one level farther and has room; is there one?"""
    while at[u] < indptr[u + 1]:
        v = heads[at[u]]
        if region[v] == here and level[v] == level[u] + 1 and flow[at[u]] < 1:
            return True
        at[u] += 1
    return False


@inner()
def _separate(indptr, heads, ids, region, here, part, queue):  # type: ignore[no-untyped-def]
    """Sort a cell's nodes: first part, last part, and the ends of the cut arcs on the side where they are fewer."""
    counts = np.zeros(2, np.int64)
    for v in ids:
        for e in range(indptr[v], indptr[v + 1]):
            if region[heads[e]] == here and part[heads[e]] != part[v]:
                counts[part[v]] += 1
                break
    giver = FIRST if counts[FIRST] <= counts[LAST] else LAST
    begins, sizes = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for i in range(len(ids)):
        queue[i] = part[ids[i]]
        if part[ids[i]] == giver:
            for e in range(indptr[ids[i]], indptr[ids[i] + 1]):
                if region[heads[e]] == here and part[heads[e]] != giver:
                    queue[i] = BETWEEN
                    break
        sizes[queue[i]] += 1
    begins[1], begins[2] = sizes[0], sizes[0] + sizes[1]
    old = ids.copy()
    for i in range(len(old)):
        ids[begins[queue[i]]] = old[i]
        begins[queue[i]] += 1
    return sizes[0], sizes[1]


@inner()
def _by_degree(indptr, ids):  # type: ignore[no-untyped-def]
    """Sort nodes that no cut divides, such as those of a star or a clique, by their number of arcs."""
    most = 0
    for v in ids:
        most = max(most, indptr[v + 1] - indptr[v])
    begin, old = np.zeros(most + 2, np.int64), ids.copy()
    for v in old:
        begin[indptr[v + 1] - indptr[v] + 1] += 1
    for d in range(most):
        begin[d + 1] += begin[d]
    for v in old:
        degree = indptr[v + 1] - indptr[v]
        ids[begin[degree]] = v
        begin[degree] += 1


@inner()
def _bits(x):  # type: ignore[no-untyped-def]
    """Number of bits set in a word."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inner()
def _masks(indptr, heads, ids, region, here, place):  # type: ignore[no-untyped-def]
    """Neighbours of a small cell's nodes as bits: a word for the cell, two shared by all nodes outside."""
    masks = np.zeros((len(ids), 3), np.uint64)
    for i in range(len(ids)):
        place[ids[i]] = i
    for i in range(len(ids)):
        for e in range(indptr[ids[i]], indptr[ids[i] + 1]):
            v = heads[e]
            if region[v] == here:
                masks[i, 0] |= np.uint64(1) << np.uint64(place[v])
            else:
                masks[i, 1 + (v >> 6 & 1)] |= np.uint64(1) << np.uint64(v & 63)
    return masks


@inner()
def _least_degree(indptr, heads, ids, region, here, place):  # type: ignore[no-untyped-def]
    """Sort the nodes of a small cell by least degree."""
    k, one = len(ids), np.uint64(1)
    masks, old, left = _masks(indptr, heads, ids, region, here, place), ids.copy(), np.ones(k, np.bool_)
    for step in range(k):
        least, pick = 2**30, 0
        for i in range(k):
            if left[i]:
                degree = _bits(masks[i, 0]) + _bits(masks[i, 1]) + _bits(masks[i, 2])
                if degree < least:
                    least, pick = degree, i
        left[pick] = False
        ids[step] = old[pick]
        for i in range(k):
            if left[i] and masks[pick, 0] >> np.uint64(i) & one:
                for w in range(3):
                    masks[i, w] |= masks[pick, w]
                masks[i, 0] &= ~((one << np.uint64(i)) | (one << np.uint64(pick)))
