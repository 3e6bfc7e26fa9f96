"""One way through a hierarchy, unpacked into the arcs of the graph."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._elimination import DOWN, UP
from network_models._numba import inner, kernel


class Arcs(NamedTuple):
    """Arcs of a hierarchy by rank, and the other way round: arcs ``below[r]:below[r + 1]`` of ``arc`` end in rank r.

    ``lain`` and ``on`` list the graph's arcs by where they lie: arc ``i``, direction ``d`` at ``lain[2 * i + d]`` on.
    """

    parent: np.ndarray
    first: np.ndarray
    high: np.ndarray
    below: np.ndarray
    low: np.ndarray
    arc: np.ndarray
    lain: np.ndarray
    on: np.ndarray


@kernel()
def lower(first, high):  # type: ignore[no-untyped-def]
    """Arcs by their high end: (n + 1,), low ends ascending, arcs."""
    n = len(first) - 1
    below, low, arc = np.zeros(n + 1, np.int64), np.empty(len(high), np.int32), np.empty(len(high), np.int64)
    for h in high:
        below[h + 1] += 1
    below = np.cumsum(below)
    at = below[:-1].copy()
    for r in range(n):
        for e in range(first[r], first[r + 1]):
            low[at[high[e]]], arc[at[high[e]]] = r, e
            at[high[e]] += 1
    return below, low, arc


@kernel()
def lain_on(place, n):  # type: ignore[no-untyped-def]
    """The graph's arcs by their place in the hierarchy: (2 n + 1,), arcs; loops are left out."""
    lain = np.zeros(2 * n + 1, np.int64)
    for p in place:
        if p >= 0:
            lain[p + 1] += 1
    lain = np.cumsum(lain)
    at, on = lain[:-1].copy(), np.empty(lain[-1], np.int64)
    for e in range(len(place)):
        if place[e] >= 0:
            on[at[place[e]]] = e
            at[place[e]] += 1
    return lain, on


@kernel()
def fastest(arcs, basic, lengths, source, target, none):  # type: ignore[no-untyped-def]
    """Arcs of the graph on a fastest way between two ranks, in order; none where there is no way (or no step to go)."""
    n = len(arcs.parent)
    ahead, via_ahead = _search(arcs, basic, source, UP, none)
    back, via_back = _search(arcs, basic, target, DOWN, none)
    best, top, r = np.float64(none), -1, source
    while r >= 0:
        if ahead[r] < none and back[r] < none and ahead[r] + back[r] < best:
            best, top = ahead[r] + back[r], r
        r = arcs.parent[r]
    steps = np.empty(0, np.int64)
    if top < 0:
        return steps
    stack, size = np.empty(4 * n + 8, np.int64), 0
    r = top
    while r != target:
        stack[size], size = 2 * via_back[r] + DOWN, size + 1
        r = _low_end(arcs, via_back[r])
    stack[:size] = stack[:size][::-1].copy()
    r = top
    while r != source:
        stack[size], size = 2 * via_ahead[r] + UP, size + 1
        r = _low_end(arcs, via_ahead[r])
    return _unpack(arcs, basic, lengths, stack, size)


@inner()
def _low_end(arcs, arc):  # type: ignore[no-untyped-def]
    return np.searchsorted(arcs.first, arc, side="right") - 1


@inner()
def _search(arcs, basic, start, way, none):  # type: ignore[no-untyped-def]
    """Times from (UP) or to (DOWN) a rank over its ancestors, and the arc each ends with."""
    times, via = np.full(len(arcs.parent), none, basic.dtype), np.full(len(arcs.parent), -1, np.int64)
    times[start], r = 0, start
    while r >= 0:
        if times[r] < none:
            for e in range(arcs.first[r], arcs.first[r + 1]):
                time = times[r] + basic[e, way]
                if time < times[arcs.high[e]]:
                    times[arcs.high[e]], via[arcs.high[e]] = time, e
        r = arcs.parent[r]
    return times, via


@inner()
def _unpack(arcs, basic, lengths, stack, size):  # type: ignore[no-untyped-def]
    """Replace arcs of the hierarchy from the top of the stack on by what they stand for; the graph's arcs in order."""
    found = [np.int64(0) for _ in range(0)]
    while size > 0:
        size -= 1
        i, way = stack[size] >> 1, stack[size] & 1
        plain = np.int64(-1)
        for p in range(arcs.lain[2 * i + way], arcs.lain[2 * i + way + 1]):
            if lengths[arcs.on[p]] == basic[i, way]:
                plain = arcs.on[p]
                break
        if plain >= 0:
            found.append(plain)
            continue
        low, high = _low_end(arcs, i), arcs.high[i]
        a, b = arcs.below[low], arcs.below[high]
        while a < arcs.below[low + 1] and b < arcs.below[high + 1]:
            if arcs.low[a] == arcs.low[b]:
                one, two = (arcs.arc[a], arcs.arc[b]) if way == UP else (arcs.arc[b], arcs.arc[a])
                if basic[one, DOWN] + basic[two, UP] == basic[i, way]:
                    stack[size], stack[size + 1], size = 2 * two + UP, 2 * one + DOWN, size + 2
                    break
            if arcs.low[a] <= arcs.low[b]:
                a += 1
            else:
                b += 1
    return np.array(found, np.int64) if len(found) else np.empty(0, np.int64)
