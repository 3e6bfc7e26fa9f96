"""List scheduling: works in an order that keeps their needs, each in the first period that has room (Chicoisne et al. 2012)."""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel
from network_models.sequencing.arrays import Sequencing
from network_models.sequencing.closure import Closures


def scheduled(problem: Sequencing, key: np.ndarray, earliest: np.ndarray | None = None) -> np.ndarray:
    """(n,) periods, T for never, of works in the order of ``key`` (n,), smallest first; what does not pay is left out.

    ``earliest`` (n,) int64: no work is begun before that period.
    """
    room = problem.limit.T.copy()
    from_period = np.zeros(problem.n, np.int64) if earliest is None else earliest
    period = _schedule(*problem.needs[:4], key.astype(float), from_period, problem.use, room)
    return pruned(problem, period)


def pruned(problem: Sequencing, period: np.ndarray) -> np.ndarray:
    """A sequence without the works that, with all that needs them, cost more than they bring."""
    begun = np.flatnonzero(period < problem.periods)
    part = problem.only(begun)
    worth = problem.value[begun, period[begun]]
    taken = Closures(part.needs, 1).best(worth[:, None]).taken[:, 0]
    better = np.full(problem.n, problem.periods, np.int64)
    better[begun[taken]] = period[begun[taken]]
    return better


def depths(problem: Sequencing) -> np.ndarray:
    """(n,) length of the longest chain of needs below each work.

    Raises
    ------
    ValueError
        When works need one another in a circle.
    """
    depth, reached = _depths(problem.needs.ptr, problem.needs.back_ptr, problem.needs.back)
    if reached < problem.n:
        raise ValueError("works that need one another in a circle")
    return np.asarray(depth)


@kernel()
def _depths(ptr, back_ptr, back):  # type: ignore[no-untyped-def]
    n = len(ptr) - 1
    missing, depth, queue = np.empty(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    last = 0
    for b in range(n):
        missing[b] = ptr[b + 1] - ptr[b]
        if missing[b] == 0:
            queue[last] = b
            last += 1
    first = 0
    while first < last:
        b = queue[first]
        first += 1
        for k in range(back_ptr[b], back_ptr[b + 1]):
            c = back[k]
            depth[c] = max(depth[c], depth[b] + 1)
            missing[c] -= 1
            if missing[c] == 0:
                queue[last] = c
                last += 1
    return depth, last


@kernel()
def _schedule(ptr, need, back_ptr, back, key, earliest, use, room):  # type: ignore[no-untyped-def]
    """Smallest key first among works whose needs are done; ``room`` (T, R) is used up."""
    n, periods = len(ptr) - 1, len(room)
    period, missing = np.full(n, periods, np.int64), np.empty(n, np.int64)
    heap, size = np.empty(n, np.int64), 0
    for b in range(n):
        missing[b] = ptr[b + 1] - ptr[b]
        if missing[b] == 0:
            size = _push(heap, size, key, b)
    while size > 0:
        b = heap[0]
        size = _pop(heap, size, key)
        t = earliest[b]
        for a in range(ptr[b], ptr[b + 1]):
            t = max(t, period[need[a]])
        while t < periods and not _fits(room, use, t, b):
            t += 1
        if t == periods:
            continue
        period[b] = t
        for r in range(use.shape[1]):
            room[t, r] -= use[b, r]
        for k in range(back_ptr[b], back_ptr[b + 1]):
            missing[back[k]] -= 1
            if missing[back[k]] == 0:
                size = _push(heap, size, key, back[k])
    return period


@inner()
def _fits(room, use, t, b):  # type: ignore[no-untyped-def]
    fits = True
    for r in range(use.shape[1]):
        fits = fits and use[b, r] <= room[t, r]
    return fits


@inner()
def _push(heap, size, key, b):  # type: ignore[no-untyped-def]
    """Add to a binary heap; returns its new size."""
    i = size
    while i > 0 and key[heap[(i - 1) // 2]] > key[b]:
        heap[i] = heap[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i] = b
    return size + 1


@inner()
def _pop(heap, size, key):  # type: ignore[no-untyped-def]
    """Take the smallest off a binary heap; returns its new size."""
    size -= 1
    b, i = heap[size], 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[b]:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = b
    return size
