"""Heads and flows of a network of given sizes, again and again: static elimination, started from the last flows.

The global gradient method (Todini and Pilati 1988) without devices; the head-loss laws and their limits are EPANET's.
"""

from __future__ import annotations

from typing import Any

from network_models._numba import inner, kernel
from network_models.hydraulics import water_lanes
from network_models.hydraulics import water_laws as law

lanes: Any = water_lanes

MOST = 60
FAILED = MOST + 1
"""Iterations reported where the flows do not settle."""
SPEED_WEIGHT = 3.0
"""Metres of missing head that count as much as 1 m/s of excess velocity."""


@inner()
def put_size(sizes, work, k, size):  # type: ignore[no-untyped-def]
    """Give a link a size in every load."""
    loads = work.heads.shape[0]
    blocks = work.flow.shape[0] // loads
    for s in range(loads):
        b, lane = s * blocks + k // 8, k % 8
        work.resistance[b, lane], work.minor[b, lane] = sizes.resistance[k, size], sizes.minor[k, size]
        work.viscous[b, lane], work.rough[b, lane] = sizes.viscous[k, size], sizes.rough[k, size]


@kernel()
def put_sizes(layout, sizes, work, chosen):  # type: ignore[no-untyped-def]
    """Give every link its size, (n_links,)."""
    for k in range(len(layout.tail)):
        put_size(sizes, work, k, chosen[k])


@kernel()
def start_flows(layout, sizes, work, chosen):  # type: ignore[no-untyped-def]
    """Start from about a foot a second in every link, as EPANET does."""
    loads = work.heads.shape[0]
    blocks = work.flow.shape[0] // loads
    for s in range(loads):
        for k in range(len(layout.tail)):
            work.flow[s * blocks + k // 8, k % 8] = 0.3048 * sizes.area[k, chosen[k]]


@inner()
def _linearise(formula, work):  # type: ignore[no-untyped-def]
    for b in range(work.flow.shape[0]):
        if formula == law.HAZEN_WILLIAMS:
            lanes.linearise_hazen(work, b)
        elif formula == law.DARCY_WEISBACH:
            lanes.linearise_darcy(work, b)
        else:
            lanes.linearise_manning(work, b)


@kernel(error_model="numpy", fastmath={"contract"})
def settle(layout, work, accuracy):  # type: ignore[no-untyped-def]
    """Iterate until the flows of all loads change by no more than ``accuracy`` of themselves; returns the iterations."""
    loads = work.heads.shape[0]
    for iteration in range(1, MOST + 1):
        _linearise(layout.formula, work)
        changed, total = 0.0, 0.0
        for s in range(loads):
            _assemble(layout, work, s)
            _heads(layout, work, s)
            part, whole = _flows(layout, work, s)
            changed += part
            total += whole
        if changed <= accuracy * total:
            return iteration
        if changed != changed:
            return FAILED
    return FAILED


@inner(error_model="numpy", fastmath={"contract"})
def _assemble(layout, work, s):  # type: ignore[no-untyped-def]
    matrix, right, heads, demand = work.matrix[s], work.right, work.heads[s], layout.demand[s]
    n, base = len(right), s * (work.flow.shape[0] // work.heads.shape[0]) * 8
    p, y, flow = work.p.reshape(-1), work.y.reshape(-1), work.flow.reshape(-1)
    tail, head, entry = layout.tail, layout.head, layout.entry
    matrix[:] = 0.0
    for i in range(n):
        right[i] = -demand[i]
    for k in range(len(tail)):
        i, j, e = tail[k], head[k], entry[k]
        conductance, through = p[base + k], flow[base + k] - y[base + k]
        if e >= 0:
            matrix[i] += conductance
            matrix[j] += conductance
            matrix[n + e] -= conductance
            right[i] -= through
            right[j] += through
        elif i < n:
            matrix[i] += conductance
            right[i] += conductance * heads[j] - through
        elif j < n:
            matrix[j] += conductance
            right[j] += conductance * heads[i] + through


@inner(error_model="numpy", fastmath={"contract"})
def _heads(layout, work, s):  # type: ignore[no-untyped-def]
    matrix, right, heads = work.matrix[s], work.right, work.heads[s]
    column, row, target, n, at = layout.column, layout.row, layout.target, len(right), 0
    for j in range(n):
        begin, end = column[j], column[j + 1]
        inverse, known = 1.0 / matrix[j], right[j]
        matrix[j] = inverse
        for x in range(begin, end):
            factor = matrix[n + x] * inverse
            right[row[x]] -= factor * known
            for z in range(x, end):
                matrix[target[at]] -= factor * matrix[n + z]
                at += 1
    for j in range(n - 1, -1, -1):
        value = right[j]
        for x in range(column[j], column[j + 1]):
            value -= matrix[n + x] * heads[row[x]]
        heads[j] = value * matrix[j]


@inner(error_model="numpy", fastmath={"contract"})
def _flows(layout, work, s):  # type: ignore[no-untyped-def]
    heads, changed, total = work.heads[s], 0.0, 0.0
    base = s * (work.flow.shape[0] // work.heads.shape[0]) * 8
    p, y, flow = work.p.reshape(-1), work.y.reshape(-1), work.flow.reshape(-1)
    for k in range(len(layout.tail)):
        change = y[base + k] - p[base + k] * (heads[layout.tail[k]] - heads[layout.head[k]])
        q = flow[base + k] - change
        flow[base + k] = q
        changed += abs(change)
        total += abs(q)
    return changed, total


@kernel()
def shortfall(layout, sizes, work, chosen):  # type: ignore[no-untyped-def]
    """Metres of head missing or too much over all nodes and loads, and excess velocity at its weight; 0: feasible."""
    missing = 0.0
    blocks = work.flow.shape[0] // work.heads.shape[0]
    for s in range(work.heads.shape[0]):
        for i in range(layout.demand.shape[1]):
            h = work.heads[s, i]
            missing += max(0.0, layout.lowest[s, i] - h) + max(0.0, h - layout.highest[s, i])
        for k in range(len(chosen)):
            most = sizes.largest[k, chosen[k]]
            excess = abs(work.flow[s * blocks + k // 8, k % 8]) - most
            if excess > 0.0:
                missing += SPEED_WEIGHT * excess / sizes.area[k, chosen[k]]
    return missing
