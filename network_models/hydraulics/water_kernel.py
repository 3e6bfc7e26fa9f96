"""The global gradient method for one scenario, and for eight at a time (Todini and Pilati 1988; EPANET 2.2 manual)."""

from __future__ import annotations

import numpy as np

from network_models._numba import njit
from network_models.hydraulics import water_lanes as lanes
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_devices import (
    assemble_devices,
    demands_settled,
    link_states,
    pressure_switches,
    update_devices,
    valve_states,
)

WIDTH = 8
BALANCED, UNBALANCED, SINGULAR = 0, 1, 2


@njit(cache=True)
def _clear(lay, work):  # type: ignore[no-untyped-def]
    work.matrix[:] = 0.0
    work.sums[:] = 0.0
    for i in range(lay.n_core):
        for w in range(work.flow.shape[1]):
            work.right[i, w] = -work.draw[lay.core[i], w]


@njit(cache=True, error_model="numpy")
def _judge(system, work, progress, limits, iteration, w):  # type: ignore[no-untyped-def]
    """States after an iteration, and whether a lane is finished."""
    accuracy, most, rules = limits[0], limits[1], system.rules
    changed, total = work.sums[0, w], work.sums[1, w] + progress.still[w]
    error = changed / total if total > accuracy * law.CUBIC_FOOT else changed / law.CUBIC_FOOT
    progress.iterations[w], progress.change[w] = iteration, error
    work.relax[w], switched = 1.0, False
    if rules.damp_limit <= 0.0 or error <= rules.damp_limit:
        work.relax[w] = 0.6 if rules.damp_limit > 0.0 else 1.0
        switched = valve_states(system, work, w)
    if error <= accuracy and demands_settled(system, work, w):
        switched |= link_states(system, work, w)
        switched |= pressure_switches(system, work, w)
        if not switched:
            progress.done[w], progress.code[w] = 1, BALANCED
            return
        progress.next_check[w] = iteration + rules.check_frequency
    elif iteration <= rules.max_check and iteration == progress.next_check[w]:
        link_states(system, work, w)
        progress.next_check[w] += rules.check_frequency
    if iteration >= most or error != error:
        progress.done[w], progress.code[w] = 1, UNBALANCED if error == error else SINGULAR


@njit(cache=True)
def _release(system, work, progress, w):  # type: ignore[no-untyped-def]
    """Where a pivot is not positive, let go of the active valve there; without one the lane ends without a solution."""
    lay, dev = system.layout, system.devices
    for i in range(lay.n_core):
        if work.matrix[i, w] > 0.0:
            continue
        work.head[: lay.n_core, w] = 0.0
        work.relax[w], progress.again[w] = 0.0, 1
        for d in range(lay.n_devices):
            k, kind = lay.first_device + d, dev.kind[d]
            valve = kind == law.PRV or kind == law.PSV or kind == law.FCV
            if valve and (lay.tail[k] == i or lay.head[k] == i) and work.status[d, w] == law.ACTIVE:
                work.status[d, w] = law.NO_FLOW if kind == law.FCV else law.NO_PRESSURE
                return
        progress.done[w], progress.code[w], progress.row[w] = 1, SINGULAR, i
        return


@njit(cache=True)
def linearise(formula, work, begin, end):  # type: ignore[no-untyped-def]
    """``p`` and ``y`` of the vectors ``begin:end``."""
    for k in range(begin, end):
        if formula == law.HAZEN_WILLIAMS:
            lanes.linearise_hazen(work, k)
        elif formula == law.DARCY_WEISBACH:
            lanes.linearise_darcy(work, k)
        else:
            lanes.linearise_manning(work, k)


@njit(cache=True)
def _pipes_one(system, work, falls, first):  # type: ignore[no-untyped-def]
    """Update, linearise and assemble the plain pipes of one scenario."""
    lay, formula, blocks = system.layout, system.rules.formula, system.layout.first_device // WIDTH
    relax, n = work.relax[0], lay.n_core
    if first:
        linearise(formula, work, 0, blocks)
    else:
        for k in range(lay.n_plain):
            falls[k] = work.head[lay.tail[k], 0] - work.head[lay.head[k], 0]
        for k in range(blocks):
            if formula == law.HAZEN_WILLIAMS:
                lanes.advance_block_hazen(work, falls, relax, k)
            elif formula == law.DARCY_WEISBACH:
                lanes.advance_block_darcy(work, falls, relax, k)
            else:
                lanes.advance_block_manning(work, falls, relax, k)
        for c in range(2):
            work.sums[c, 0] = work.sums[c].sum()
    matrix, right, p, y, flow = work.matrix, work.right, work.p, work.y, work.flow
    for k in range(lay.n_plain):
        i, j, conductance, through = lay.tail[k], lay.head[k], p[k, 0], flow[k, 0] - y[k, 0]
        matrix[i, 0] += conductance
        matrix[j, 0] += conductance
        matrix[n + lay.entry[k], 0] -= conductance
        right[i, 0] -= through
        right[j, 0] += through


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _heads_one(system, work):  # type: ignore[no-untyped-def]
    """Factorise and solve for the heads of one scenario."""
    lay, n, at = system.layout, system.layout.n_core, 0
    matrix, right, head = work.matrix, work.right, work.head
    for j in range(n):
        begin, end = lay.column[j], lay.column[j + 1]
        inverse, known = 1.0 / matrix[j, 0], right[j, 0]
        matrix[j, 0] = inverse
        for x in range(begin, end):
            factor = matrix[n + x, 0] * inverse
            right[lay.row[x], 0] -= factor * known
            for y in range(x, end):
                matrix[lay.target[at], 0] -= factor * matrix[n + y, 0]
                at += 1
    for j in range(n - 1, -1, -1):
        total = right[j, 0]
        for x in range(lay.column[j], lay.column[j + 1]):
            total -= matrix[n + x, 0] * head[lay.row[x], 0]
        head[j, 0] = total * matrix[j, 0]


@njit(cache=True)
def _pipes_lanes(system, work, first):  # type: ignore[no-untyped-def]
    """Update, linearise and assemble the plain pipes of eight scenarios."""
    lay, formula, n = system.layout, system.rules.formula, system.layout.n_core
    if first:
        linearise(formula, work, 0, lay.n_plain)
    for k in range(lay.n_plain):
        i, j = np.int64(lay.tail[k]), np.int64(lay.head[k])
        if first:
            pass
        elif formula == law.HAZEN_WILLIAMS:
            lanes.advance_lanes_hazen(work, k, i, j)
        elif formula == law.DARCY_WEISBACH:
            lanes.advance_lanes_darcy(work, k, i, j)
        else:
            lanes.advance_lanes_manning(work, k, i, j)
        lanes.assemble_lanes(work, k, i, j, n + np.int64(lay.entry[k]))


@njit(cache=True)
def _heads_lanes(system, work):  # type: ignore[no-untyped-def]
    """Factorise and solve for the heads of eight scenarios."""
    lay, n, at = system.layout, system.layout.n_core, 0
    for j in range(n):
        begin, end = np.int64(lay.column[j]), np.int64(lay.column[j + 1])
        at = lanes.eliminate_lanes(work, j, begin, end, lay.row, lay.target, at, n)
    for j in range(n - 1, -1, -1):
        lanes.substitute_lanes(work, j, np.int64(lay.column[j]), np.int64(lay.column[j + 1]), lay.row, n)


@njit(cache=True)
def iterate(system, work, progress, falls, limits):  # type: ignore[no-untyped-def]
    """Iterate until every lane is finished; ``limits`` are the accuracy and the most iterations."""
    iteration, width, valves = 0, work.flow.shape[1], len(system.devices.meets) > 0
    progress.next_check[:] = system.rules.check_frequency
    while True:
        _clear(system.layout, work)
        if width == 1:
            _pipes_one(system, work, falls, iteration == 0)
        else:
            _pipes_lanes(system, work, iteration == 0)
        if iteration > 0:
            update_devices(system, work)
            for w in range(width):
                _finish_step(system, work, progress, limits, iteration, w)
        if progress.done.all():
            return
        assemble_devices(system, work)
        if width == 1:
            _heads_one(system, work)
        else:
            _heads_lanes(system, work)
        if valves:
            for w in range(width):
                _release(system, work, progress, w)
        iteration += 1


@njit(cache=True)
def _finish_step(system, work, progress, limits, iteration, w):  # type: ignore[no-untyped-def]
    """The verdict on a lane that still runs; heads that do not count change nothing."""
    if progress.again[w] == 1:
        work.relax[w], progress.again[w] = 1.0, 0
        progress.next_check[w] += 1
    elif progress.done[w] == 0:
        _judge(system, work, progress, limits, iteration, w)
