"""Which state of a small tree of pipes is worth most: places, sizes, lifts and stations weighted, pressure held exactly.

Dynamic programming from the ends of the tree to its root. What has been decided behind a node is a label: the flow it asks
for, the head it needs at the node, and its worth; labels that ask for more and are worth no more than another are dropped.

Arguments are few, and sorting is done here, for the seconds that a kernel takes to compile.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models._numba import inner, kernel

LABELS = 60_000
"""Where there would be more, nothing is said."""
NOWHERE = -1e30
SLACK = 1e-6
"""Of heads (potential), and relative of flows: by how much they may be short and still count."""
NEED, LOW, OUTLET = 0, 1, 2
"""Columns of heads."""
FLOW, HEAD, WORTH = 0, 1, 2
"""Columns of amounts of a label."""
FIRST, SECOND, NODE = 0, 1, 2
"""Columns of where a label came from."""


@kernel()
def best_state(links, heads, there, kinds, loss, step, supply, wants, worth, chosen):  # type: ignore[no-untyped-def]
    """The most that a state of a tree is worth.

    A place is served in full or not at all; what flows into a node leaves it or is drawn there; a node is entered by a pipe or
    has a station, not both. Which other rules sizes obey is left aside.

    Parameters
    ----------
    links
        (node, 2) int64: first node that a pipe leads to, and next one after the same node, -1 for none. The supply is at node 0;
        every other node has one pipe into it, and comes after the node before it.
    heads
        (node, 3) potential that a place needs, that a node with flow needs, and at the outlet of a station (of the supply at
        node 0).
    there
        (node, option) the most that a size of the pipe into a node carries, potential that a lift on it adds, the most that a
        station at the node gives; -1 for none.
    kinds
        (2,) int64: how many options are sizes, how many sizes or lifts.
    loss
        (node, size, flow) potential lost at flows of 0, step, 2 step, ...; convex in the flow.
    step
        Between those flows.
    supply
        The most that the supply gives.
    wants
        (node,) what the place at a node draws, 0 for no place.
    worth
        (node, 1 + option) of a place that is served, of each option that stands.
    chosen
        (node, 1 + option) zeros: receives 1 for everything chosen.

    Returns
    -------
    float
        inf where there are too many labels to tell.
    """
    n, most = len(wants), 2 + (kinds[0] + 1) * (kinds[1] - kinds[0] + 1) + there.shape[1] - kinds[1]
    amount = np.empty((LABELS, 3))
    origin = np.empty((LABELS, 3), np.int64)
    option = np.empty((LABELS, 2), np.int64)
    begin, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    top = 0
    first = 0
    for v in range(n - 1, -1, -1):
        first = top
        top = _add(amount, origin, option, top, 0.0, NOWHERE, 0.0, -1, -1, v, -1, -1)
        c = links[v, 0]
        while c >= 0:
            if top + (top - first) * (end[c] - begin[c]) >= LABELS:
                return np.inf
            first, top = top, _join(amount, origin, option, first, top, v, begin[c], end[c])
            c = links[c, 1]
        if top + (top - first) * (most + 2) >= LABELS:
            return np.inf
        if wants[v] > 0.0:
            first, top = top, _serve(amount, origin, option, first, top, v, wants[v], heads[v, NEED], worth[v, 0])
        if v > 0:
            if top + (top - first) * most >= LABELS:
                return np.inf
            begin[v] = top
            for i in range(first, begin[v]):
                top = _enter(heads, there, kinds, loss, step, worth, amount, origin, option, top, i, v)
            end[v] = top = _undominated(amount, origin, option, begin[v], top)
    best = _best_label(amount, first, top, supply * (1.0 + SLACK), heads[0, OUTLET] + SLACK)
    _read(origin, option, best, chosen)
    return amount[best, WORTH]


@inner()
def _join(amount, origin, option, first, end, v, begin, stop):  # type: ignore[no-untyped-def]
    """Every label of a node with every label of a branch; the number of labels."""
    top = end
    for i in range(first, end):
        for j in range(begin, stop):
            flow, head = amount[i, FLOW] + amount[j, FLOW], max(amount[i, HEAD], amount[j, HEAD])
            both = amount[i, WORTH] + amount[j, WORTH]
            top = _add(amount, origin, option, top, flow, head, both, i, j, v, -1, -1)
    return _undominated(amount, origin, option, end, top)


@inner()
def _serve(amount, origin, option, first, end, v, wants, need, worth):  # type: ignore[no-untyped-def]
    """Every label of a node without its place and with it; the number of labels."""
    top = end
    for i in range(first, end):
        flow, head, gain = amount[i, FLOW], amount[i, HEAD], amount[i, WORTH]
        top = _add(amount, origin, option, top, flow, head, gain, i, -1, v, -1, -1)
        top = _add(amount, origin, option, top, flow + wants, max(head, need), gain + worth, i, -1, v, 0, -1)
    return _undominated(amount, origin, option, end, top)


@inner()
def _best_label(amount, first, top, supply, outlet):  # type: ignore[no-untyped-def]
    """The label that is worth most of those that the supply can serve; there is one, which serves nothing."""
    best = -1
    for i in range(first, top):
        fits = amount[i, FLOW] <= supply and amount[i, HEAD] <= outlet
        if fits and (best < 0 or amount[i, WORTH] > amount[best, WORTH]):
            best = i
    return best


@inner()
def _add(amount, origin, option, top, flow, head, worth, one, two, node, this, that):  # type: ignore[no-untyped-def]
    """A label after the last; the number of labels."""
    amount[top, FLOW], amount[top, HEAD], amount[top, WORTH] = flow, head, worth
    origin[top, FIRST], origin[top, SECOND], origin[top, NODE] = one, two, node
    option[top, 0], option[top, 1] = this, that
    return top + 1


@inner()
def _enter(heads, there, kinds, loss, step, worth, amount, origin, option, top, i, v):  # type: ignore[no-untyped-def]
    """What feeds a node, as labels at the node before it."""
    flow, head, gain = amount[i, FLOW], amount[i, HEAD], amount[i, WORTH]
    idle = _best(there, worth, v, kinds[0], kinds[1])
    idle_worth = worth[v, idle] if idle > 0 else 0.0
    for s in range(kinds[1], there.shape[1]):
        gives = there[v, s]
        if gives >= 0.0 and flow <= gives * (1.0 + SLACK) and head <= heads[v, OUTLET] + SLACK:
            stands = gain + worth[v, 1 + s] + idle_worth
            top = _add(amount, origin, option, top, 0.0, NOWHERE, stands, i, -1, v, 1 + s, idle)
    if flow <= 0.0:
        lies = _best(there, worth, v, 0, kinds[0])
        lies_worth = worth[v, lies] if lies > 0 else 0.0
        return _add(amount, origin, option, top, 0.0, NOWHERE, gain + lies_worth + idle_worth, i, -1, v, lies, idle)
    for k in range(kinds[0]):
        if flow <= there[v, k] * (1.0 + SLACK):
            before = max(head, heads[v, LOW]) + _lost(loss, v, k, flow / step)
            lies_worth = gain + worth[v, 1 + k]
            top = _add(amount, origin, option, top, flow, before, lies_worth, i, -1, v, 1 + k, -1)
            for b in range(kinds[0], kinds[1]):
                if there[v, b] >= 0.0:
                    lifted, both = before - there[v, b], lies_worth + worth[v, 1 + b]
                    top = _add(amount, origin, option, top, flow, lifted, both, i, -1, v, 1 + k, 1 + b)
    return top


@inner()
def _best(there, worth, v, start, end):  # type: ignore[no-untyped-def]
    """Column of the option that is worth most of those that there are; -1 where none is worth anything."""
    best, most = -1, 0.0
    for k in range(start, end):
        if there[v, k] >= 0.0 and worth[v, 1 + k] > most:
            best, most = 1 + k, worth[v, 1 + k]
    return best


@inner()
def _lost(loss, v, k, at):  # type: ignore[no-untyped-def]
    """No more than is lost at a flow: the chord before it, drawn on."""
    i = min(int(at), loss.shape[2] - 1)
    if i < 1:
        return loss[v, k, 0]
    return loss[v, k, i] + (at - i) * (loss[v, k, i] - loss[v, k, i - 1])


@inner()
def _undominated(amount, origin, option, first, top):  # type: ignore[no-untyped-def]
    """Labels from ``first`` on, the best first, without those than which another asks for no more and is worth as much; the
    number of labels then.
    """
    gap = 1
    while gap < (top - first) // 3:
        gap = 3 * gap + 1
    while gap > 0:  # Shell 1959
        for i in range(first + gap, top):
            j = i
            while j - gap >= first and amount[j - gap, WORTH] < amount[j, WORTH]:
                _swap(amount, origin, option, j, j - gap)
                j -= gap
        gap //= 3
    end = first
    for i in range(first, top):
        good = True
        for j in range(first, end):
            if amount[j, FLOW] <= amount[i, FLOW] and amount[j, HEAD] <= amount[i, HEAD]:
                good = False
                break
        if good:
            if i > end:
                _swap(amount, origin, option, i, end)
            end += 1
    return end


@inner()
def _swap(amount, origin, option, i, j):  # type: ignore[no-untyped-def]
    for k in range(3):
        amount[i, k], amount[j, k] = amount[j, k], amount[i, k]
        origin[i, k], origin[j, k] = origin[j, k], origin[i, k]
    for k in range(2):
        option[i, k], option[j, k] = option[j, k], option[i, k]


@inner()
def _read(origin, option, best, chosen):  # type: ignore[no-untyped-def]
    """What a label has decided, and those that it came of."""
    stack = np.empty(LABELS, np.int64)
    stack[0], count = best, 1
    while count:
        count -= 1
        i = stack[count]
        for k in range(2):
            if option[i, k] >= 0:
                chosen[origin[i, NODE], option[i, k]] = 1.0
        for k in range(2):
            if origin[i, k] >= 0:
                stack[count] = origin[i, k]
                count += 1


def warm() -> Iterator[str]:
    """Compile the kernel; yields its name when it is ready."""
    links, none = np.array([[1, -1], [-1, -1]]), np.zeros((2, 2))
    wants, there = np.array([0.0, 1.0]), np.full((2, 1), 1.0)
    best_state(links, np.zeros((2, 3)), there, np.ones(2, np.int64), np.zeros((2, 1, 2)), 1.0, 1.0, wants, none, none.copy())
    yield "states of pipes"
