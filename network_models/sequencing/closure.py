"""Closures of greatest weight over works and periods, by maximum flow that starts from the last one.

A closure takes with every work all it needs (in the same period) and, once begun, keeps it begun. Works with positive
weight send what they earn along their needs to those with negative weight (Picard 1976); what cannot be spent is the
weight of the best closure. Excess is pushed towards the nearest deficit (Goldberg and Tarjan 1988), distances are
renewed by breadth-first search. Needs have no capacity, so that the flow of one set of weights is one for any other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import inner, kernel
from network_models.sequencing.arrays import Needs

FAR = 2**30
"""Distance of nodes from which no deficit can be reached."""
RENEW = 3
"""Distances are renewed when so many arcs a node have been looked at, times the mean degree."""
DIGITS = 2.0**52
"""Weights are whole multiples of their sum over this, rounded up."""


class Best(NamedTuple):
    """A closure of greatest weight: ``taken`` (n, T) bool, the largest such; ``bound`` no closure weighs more."""

    taken: np.ndarray
    bound: float


class Closures:
    """Closures over the same needs for one set of weights after another.

    Parameters
    ----------
    needs
        Who needs whom.
    periods
        T.
    """

    def __init__(self, needs: Needs, periods: int) -> None:
        self.needs, self.periods = needs, periods
        self.flow = np.zeros((len(needs.need), periods), np.int64)
        self.hold = np.zeros((needs.n, periods), np.int64)
        self.grain = 0.0

    def best(self, weight: np.ndarray) -> Best:
        """Of the weights (n, T); ``bound`` is at least the weight of every closure, rounding included."""
        total = float(np.abs(weight).sum())
        if not 0.25 < (total / DIGITS) / (self.grain or np.inf) < 4:
            self._regrain(max(total, 1e-300) / DIGITS)
        excess = np.ceil(weight / self.grain).astype(np.int64)
        far = _absorb(*self.needs, self.periods, excess, self.flow, self.hold)
        return Best(far, float(np.maximum(excess, 0).sum()) * self.grain * (1 + 1e-12))

    def _regrain(self, grain: float) -> None:
        """Keep the flow where weights are counted in another unit."""
        scale = self.grain / grain
        self.grain = grain
        self.flow = np.rint(self.flow * scale).astype(np.int64)
        self.hold = np.rint(self.hold * scale).astype(np.int64)


@kernel()
def _absorb(ptr, need, back_ptr, back, back_arc, periods, excess, flow, hold):  # type: ignore[no-untyped-def]
    """Push all excess that can reach a deficit; ``excess`` (n, T) holds the weights and then what is left."""
    n = len(ptr) - 1
    for b in range(n):
        for t in range(periods):
            for a in range(ptr[b], ptr[b + 1]):
                excess[b, t] -= flow[a, t]
                excess[need[a], t] += flow[a, t]
            if t + 1 < periods:
                excess[b, t] -= hold[b, t]
                excess[b, t + 1] += hold[b, t]
    size = n * periods
    label = np.empty((n, periods), np.int64)
    queue = np.empty(size + 1, np.int64)
    waiting = np.zeros(size, np.bool_)
    limit = RENEW * (size + periods * len(need))
    while True:
        _distances(ptr, need, back_ptr, back, periods, excess, flow, hold, label, queue)
        first, last = 0, 0
        for j in range(size):
            b, t = j // periods, j % periods
            waiting[j] = excess[b, t] > 0 and label[b, t] < FAR
            if waiting[j]:
                queue[last] = j
                last += 1
        if last == 0:
            return label >= FAR
        work = 0
        while first != last and work < limit:
            j = queue[first]
            first = first + 1 if first < size else 0
            waiting[j] = False
            b, t = j // periods, j % periods
            work += ptr[b + 1] - ptr[b] + back_ptr[b + 1] - back_ptr[b] + 2
            last = _discharge(
                ptr, need, back_ptr, back, back_arc, periods, excess, flow, hold, label, queue, waiting, last, b, t
            )


@inner()
def _wake(queue, waiting, last, j):  # type: ignore[no-untyped-def]
    """Put a node at the end of the queue if it is not in it."""
    if waiting[j]:
        return last
    waiting[j] = True
    queue[last] = j
    return last + 1 if last + 1 < len(queue) else 0


@inner()
def _pass_on(excess, queue, waiting, last, c, t, amount):  # type: ignore[no-untyped-def]
    """Give a node more; it waits for its turn where it has excess now."""
    excess[c, t] += amount
    return _wake(queue, waiting, last, c * excess.shape[1] + t) if excess[c, t] > 0 else last


@inner()
def _discharge(ptr, need, back_ptr, back, back_arc, periods, excess, flow, hold, label, queue, waiting, last, b, t):  # type: ignore[no-untyped-def]
    """Push the excess of a node to its nearer neighbours; raise it and let it wait where some is left."""
    left, lowest, last = _forward(ptr, need, periods, excess, flow, hold, label, queue, waiting, last, b, t)
    if left > 0:
        left, lowest, last = _backward(
            back_ptr, back, back_arc, excess, flow, hold, label, queue, waiting, last, b, t, left, lowest
        )
    excess[b, t] = left
    if left > 0:
        label[b, t] = lowest + 1 if lowest < FAR else FAR
        if label[b, t] < FAR:
            last = _wake(queue, waiting, last, b * periods + t)
    return last


@inner()
def _forward(ptr, need, periods, excess, flow, hold, label, queue, waiting, last, b, t):  # type: ignore[no-untyped-def]
    """Push all along the first arc of unlimited room that leads nearer; what is left, lowest label seen, queue's end."""
    here, lowest, left = label[b, t], FAR, excess[b, t]
    for a in range(ptr[b], ptr[b + 1]):
        c = need[a]
        if label[c, t] == here - 1:
            flow[a, t] += left
            return 0, lowest, _pass_on(excess, queue, waiting, last, c, t, left)
        lowest = min(lowest, label[c, t])
    if t + 1 < periods:
        if label[b, t + 1] == here - 1:
            hold[b, t] += left
            return 0, lowest, _pass_on(excess, queue, waiting, last, b, t + 1, left)
        lowest = min(lowest, label[b, t + 1])
    return left, lowest, last


@inner()
def _backward(back_ptr, back, back_arc, excess, flow, hold, label, queue, waiting, last, b, t, left, lowest):  # type: ignore[no-untyped-def]
    """Send back what came in, as far as it leads nearer; what is left, lowest label seen, queue's end."""
    here = label[b, t]
    if t > 0 and hold[b, t - 1] > 0:
        if label[b, t - 1] == here - 1:
            amount = min(left, hold[b, t - 1])
            hold[b, t - 1] -= amount
            left -= amount
            last = _pass_on(excess, queue, waiting, last, b, t - 1, amount)
        if hold[b, t - 1] > 0:
            lowest = min(lowest, label[b, t - 1])
    for k in range(back_ptr[b], back_ptr[b + 1]):
        c, a = back[k], back_arc[k]
        if left == 0 or flow[a, t] == 0:
            continue
        if label[c, t] == here - 1:
            amount = min(left, flow[a, t])
            flow[a, t] -= amount
            left -= amount
            last = _pass_on(excess, queue, waiting, last, c, t, amount)
        if flow[a, t] > 0:
            lowest = min(lowest, label[c, t])
    return left, lowest, last


@inner()
def _distances(ptr, need, back_ptr, back, periods, excess, flow, hold, label, queue):  # type: ignore[no-untyped-def]
    """Fewest arcs with room from every node to a deficit."""
    n = len(ptr) - 1
    last = 0
    for b in range(n):
        for t in range(periods):
            label[b, t] = FAR
            if excess[b, t] < 0:
                label[b, t] = 0
                queue[last] = b * periods + t
                last += 1
    first = 0
    while first < last:
        j = queue[first]
        first += 1
        b, t = j // periods, j % periods
        nearer = label[b, t] + 1
        for k in range(back_ptr[b], back_ptr[b + 1]):
            last = _reach(label, queue, last, back[k], t, periods, nearer)
        for a in range(ptr[b], ptr[b + 1]):
            if flow[a, t] > 0:
                last = _reach(label, queue, last, need[a], t, periods, nearer)
        if t > 0:
            last = _reach(label, queue, last, b, t - 1, periods, nearer)
        if t + 1 < periods and hold[b, t] > 0:
            last = _reach(label, queue, last, b, t + 1, periods, nearer)


@inner()
def _reach(label, queue, last, b, t, periods, nearer):  # type: ignore[no-untyped-def]
    if label[b, t] < FAR:
        return last
    label[b, t] = nearer
    queue[last] = b * periods + t
    return last + 1
