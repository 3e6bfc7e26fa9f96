"""Narrowing of flows by the balances of the junctions, of heads along the lanes, and lanes whose flows move together."""

from __future__ import annotations

import numpy as np

from network_models._numba import kernel
from optimizer.design.relaxation import Relaxation

PASSES = 12
SLACK, WORTH, EMPTY = 1e-9, 1e-6, 1e-7
"""In total demands: added to every narrowed range, the least narrowing that is made, and how far an empty range overlaps."""
ROUNDED = 4e-15
"""Of the size of what is summed: what a sum may be off by. Ranges without a limit of their own are 1e9 wide."""

Ends = tuple[np.ndarray, np.ndarray, np.ndarray]


def balance_of(relaxation: Relaxation) -> Ends:
    """Lanes at every spot: where they begin, (n_spots + 1,), which they are, and +1 where they lead to it."""
    r = relaxation
    inner = [(r.tail, -1), (r.head, 1)]
    spot = np.concatenate([end[end < r.spots] for end, _ in inner])
    lane = np.concatenate([np.flatnonzero(end < r.spots) for end, _ in inner])
    sign = np.concatenate([np.full(int((end < r.spots).sum()), s) for end, s in inner])
    order = np.argsort(spot, kind="stable")
    start = np.searchsorted(spot[order], np.arange(r.spots + 1))
    return start, lane[order], sign[order]


@kernel()
def narrow(ends, demand, low, high):  # type: ignore[no-untyped-def]
    """Narrow ranges of flow in place by the balances of the junctions; False: no flow is left."""
    start, lane, sign = ends
    for _ in range(PASSES):
        changed = False
        for i in range(len(demand)):
            least, most, size = 0.0, 0.0, 0.0
            for x in range(start[i], start[i + 1]):
                k = lane[x]
                least += low[k] if sign[x] > 0 else -high[k]
                most += high[k] if sign[x] > 0 else -low[k]
                size += abs(low[k]) + abs(high[k])
            slack = SLACK + ROUNDED * size
            for x in range(start[i], start[i + 1]):
                k = lane[x]
                a, b = (low[k], high[k]) if sign[x] > 0 else (-high[k], -low[k])
                new_a, new_b = max(a, demand[i] - (most - b) - slack), min(b, demand[i] - (least - a) + slack)
                if new_a > new_b + EMPTY:
                    return False
                if new_a > a + WORTH or new_b < b - WORTH:
                    changed = True
                    new_a, new_b = min(new_a, new_b), max(new_a, new_b)
                    low[k], high[k] = (new_a, new_b) if sign[x] > 0 else (-new_b, -new_a)
        if not changed:
            break
    return True


@kernel()
def spread_heads(tail, head, falls, bottom, top):  # type: ignore[no-untyped-def]
    """Narrow ranges of head in place by the falls of the lanes, (2, n_lanes); False: no heads are left."""
    for _ in range(PASSES):
        changed = False
        for k in range(len(tail)):
            a, b = tail[k], head[k]
            for i, least, most in (
                (a, bottom[b] + falls[0, k], top[b] + falls[1, k]),
                (b, bottom[a] - falls[1, k], top[a] - falls[0, k]),
            ):
                if least > top[i] + 1e-6 or most < bottom[i] - 1e-6:
                    return False
                if least > bottom[i] + 1e-6:
                    bottom[i], changed = min(least, top[i]), True
                if most < top[i] - 1e-6:
                    top[i], changed = max(most, bottom[i]), True
        if not changed:
            break
    return True


def chains(relaxation: Relaxation) -> np.ndarray:
    """Number of the chain of every lane, -1 where it has one flow; flows of a chain differ by constants, (n_lanes,).

    Flows of lanes are combinations of flows round the loops of a spanning tree; lanes with equal combinations (any two of
    which cut the network) move together, and those with none have one flow.
    """
    r = relaxation
    tree, loops = _spanning(r)
    parts: list[dict[int, int]] = [{} for _ in range(r.lanes)]
    for x, k in enumerate(loops):
        for lane, sign in _round(r, tree, k):
            parts[lane][x] = sign
    first: dict[tuple[tuple[int, int], ...], int] = {}
    found = np.full(r.lanes, -1)
    for lane, part in enumerate(parts):
        if part:
            lead = next(iter(part.values()))
            found[lane] = first.setdefault(tuple((x, s * lead) for x, s in part.items()), len(first))
    return found


def _spanning(r: Relaxation) -> tuple[dict[int, tuple[int, int, int]], list[int]]:
    """A spanning tree (by spot: parent, lane, +1 where the lane leads from the parent) and the lanes that close loops."""
    at: dict[int, list[tuple[int, int, int]]] = {}
    spot = [np.minimum(end, r.spots).tolist() for end in (r.tail, r.head)]
    for k, (a, b) in enumerate(zip(*spot, strict=True)):
        at.setdefault(a, []).append((b, k, 1))
        at.setdefault(b, []).append((a, k, -1))
    tree: dict[int, tuple[int, int, int]] = {r.spots: (-1, -1, 0)}
    queue = [r.spots]
    for a in queue:
        for b, k, sign in at.get(a, ()):
            if b not in tree:
                tree[b] = (a, k, sign)
                queue.append(b)
    inside = {k for _, k, _ in tree.values()}
    return tree, [k for k in range(r.lanes) if k not in inside]


def _round(r: Relaxation, tree: dict[int, tuple[int, int, int]], k: int) -> list[tuple[int, int]]:
    """Lanes, with the sense of flow, of the loop that one closes."""
    found = {k: 1}
    for end, sense in ((int(r.head[k]), -1), (int(r.tail[k]), 1)):
        i = min(end, r.spots)
        while tree[i][0] >= 0:
            i, lane, sign = tree[i]
            found[lane] = found.get(lane, 0) + sense * sign
    return [(lane, sign) for lane, sign in found.items() if sign]
