"""Customisation after few arcs have changed: only what they reach is computed again, with the same result."""

from __future__ import annotations

import numpy as np

from network_models._elimination import DOWN, UP, perfect_rank
from network_models._numba import inner, kernel


@kernel()
def revise_basic(arcs, lengths, changed, basic, none):  # type: ignore[no-untyped-def]
    """Customise ``basic`` (n, 2) anew from the places ``changed`` upwards; returns which ranks have a new weight."""
    n = len(arcs.parent)
    asked, busy, altered = np.zeros(len(arcs.high), np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for p in changed:
        if p >= 0:
            asked[p >> 1] = True
            busy[np.searchsorted(arcs.first, p >> 1, side="right") - 1] = True
    for r in range(n):
        if not busy[r]:
            continue
        for e in range(arcs.first[r], arcs.first[r + 1]):
            if not asked[e]:
                continue
            up, down = _again(arcs, lengths, basic, r, e, none)
            if up == basic[e, UP] and down == basic[e, DOWN]:
                continue
            basic[e, UP], basic[e, DOWN], altered[r] = up, down, True
            for y in range(arcs.first[r], arcs.first[r + 1]):
                if y != e:
                    low, high = min(arcs.high[e], arcs.high[y]), max(arcs.high[e], arcs.high[y])
                    own = arcs.high[arcs.first[low] : arcs.first[low + 1]]
                    asked[arcs.first[low] + np.searchsorted(own, high)] = busy[low] = True
    return altered


@inner()
def _again(arcs, lengths, basic, low, e, none):  # type: ignore[no-untyped-def]
    """Both weights of an arc from the graph's arcs on it and the arcs below it."""
    best = np.full(2, none, basic.dtype)
    for way in range(2):
        for p in range(arcs.lain[2 * e + way], arcs.lain[2 * e + way + 1]):
            best[way] = min(best[way], lengths[arcs.on[p]])
    high = arcs.high[e]
    a, b = arcs.below[low], arcs.below[high]
    while a < arcs.below[low + 1] and b < arcs.below[high + 1]:
        if arcs.low[a] == arcs.low[b]:
            one, two = arcs.arc[a], arcs.arc[b]
            onward, home = basic[one, DOWN] + basic[two, UP], basic[two, DOWN] + basic[one, UP]
            if onward < best[UP]:
                best[UP] = onward
            if home < best[DOWN]:
                best[DOWN] = home
            a, b = a + 1, b + 1
        elif arcs.low[a] < arcs.low[b]:
            a += 1
        else:
            b += 1
    return best[UP], best[DOWN]


@kernel()
def revise_exact(arcs, basic, altered, exact, needed):  # type: ignore[no-untyped-def]
    """Bring ``exact`` and ``needed`` (n, 2) in line with ``basic``, highest rank first; ``altered`` is used up."""
    for r in range(len(arcs.parent) - 1, -1, -1):
        if not altered[r]:
            continue
        begin, end = arcs.first[r], arcs.first[r + 1]
        before = exact[begin:end].copy()
        exact[begin:end] = basic[begin:end]
        perfect_rank(arcs.first, arcs.high, exact, needed, r)
        if (before != exact[begin:end]).any():
            for i in range(arcs.below[r], arcs.below[r + 1]):
                altered[arcs.low[i]] = True
