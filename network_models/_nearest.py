"""The nearest targets of all nodes at once: lists of the k nearest pass down-arcs backwards, then up-arcs backwards.

A target that is not among the k nearest of the top of a way is not among those of its start, so lists of k suffice.
Lists are in the order of time, then of the target's number, each target at most once.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel


@kernel()
def nearest_lists(up, down, targets, k, none):  # type: ignore[no-untyped-def]
    """Times (n, k) and numbers (n, k) of the nearest targets of every row; ``targets`` are rows, none and -1 beyond.

    ``down`` must sweep all rows.
    """
    n = len(down.row)
    times, names = np.full((n, k), none, down.length.dtype), np.full((n, k), -1, np.int32)
    for i in range(len(targets)):
        _enter(times[targets[i]], names[targets[i]], down.length.dtype.type(0), np.int32(i))
    for v in range(n - 1, -1, -1):
        if names[v, 0] >= 0:
            for e in range(down.start[v], down.start[v + 1]):
                _merge(times, names, down.tail[e], v, down.length[e], none)
    for r in range(n - 1, -1, -1):
        for e in range(up.start[r], up.start[r + 1]):
            _merge(times, names, down.row[r], down.row[up.head[e]], up.length[e], none)
    return times, names


@inner()
def _merge(times, names, into, other, length, none):  # type: ignore[no-untyped-def]
    """Merge the list of one row, each entry so much later, into that of another."""
    last = times.shape[1] - 1
    for i in range(last + 1):
        if names[other, i] < 0:
            return
        time = times[other, i] + length
        if not time < none or time > times[into, last]:
            return
        _enter(times[into], names[into], time, names[other, i])


@inner()
def _enter(times, names, time, name):  # type: ignore[no-untyped-def]
    """Enter a target into a list where it is nearer than the last, or than it stands there already."""
    at = len(times) - 1
    for i in range(len(times)):
        if names[i] == name:
            if times[i] <= time:
                return
            at = i
            break
    if times[at] < time or (times[at] == time and 0 <= names[at] < name):
        return
    while at > 0 and (time < times[at - 1] or (time == times[at - 1] and name < names[at - 1])):
        times[at], names[at] = times[at - 1], names[at - 1]
        at -= 1
    times[at], names[at] = time, name
