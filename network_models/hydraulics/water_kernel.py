"""The global gradient method for one scenario, and for eight at a time (Todini and Pilati 1988; EPANET 2.2 manual)."""

from __future__ import annotations

from typing import Any

import numpy as np

from network_models._numba import inner
from network_models.hydraulics import water_lanes
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_devices import (
    assemble_devices,
    demands_settled,
    link_states,
    pressure_switches,
    update_devices,
    valve_states,
)

lanes: Any = water_lanes
WIDTH = 8
STRIP = 64
"""Pipes taken through all steps together, so that they stay in the nearest memory."""
ROUNDING_AFTER, ROUNDING = 40, 1e-5
"""After so many iterations a relative change of this size is rounding in very stiff links; EPANET asks no more at most."""
BALANCED, UNBALANCED, SINGULAR = 0, 1, 2


@inner()
def _clear(lay, work):  # type: ignore[no-untyped-def]
    work.matrix[:] = 0.0
    work.sums[:] = 0.0
    right, draw, core = work.right, work.draw, lay.core
    for i in range(lay.n_core):
        for w in range(right.shape[1]):
            right[i, w] = -draw[core[i], w]


@inner(error_model="numpy")
def _judge(system, work, progress, limits, iteration):  # type: ignore[no-untyped-def]
    """States after an iteration, and which lanes are finished; heads that do not count change nothing."""
    accuracy, most = limits
    rules, sums, relax, done, code = system.rules, work.sums, work.relax, progress.done, progress.code
    for w in range(len(relax)):
        if progress.again[w] == 1:
            relax[w], progress.again[w] = 1.0, 0
            progress.next_check[w] += 1
            continue
        if done[w] == 1:
            continue
        changed, total = sums[0, w], sums[1, w] + progress.still[w]
        error = changed / total if total > accuracy * law.CUBIC_FOOT else changed / law.CUBIC_FOOT
        progress.iterations[w], progress.change[w] = iteration, error
        relax[w], switched = 1.0, False
        if rules.damp_limit <= 0.0 or error <= rules.damp_limit:
            relax[w] = 0.6 if rules.damp_limit > 0.0 else 1.0
            if system.devices.n_holding > 0:
                switched = valve_states(system.layout, system.devices, work, w)
        enough = accuracy if iteration <= ROUNDING_AFTER else max(accuracy, ROUNDING)
        if error <= enough and demands_settled(system, work, w):
            switched |= link_states(system, work, w)
            switched |= pressure_switches(system, work, w)
            if not switched:
                done[w], code[w] = 1, BALANCED
                continue
            progress.next_check[w] = iteration + rules.check_frequency
        elif iteration <= rules.max_check and iteration == progress.next_check[w]:
            link_states(system, work, w)
            progress.next_check[w] += rules.check_frequency
        if iteration >= most or error != error:
            done[w], code[w] = 1, UNBALANCED if error == error else SINGULAR


@inner()
def _release(system, work, progress):  # type: ignore[no-untyped-def]
    """Where a pivot is not positive, let go of the active valve there; without one the lane ends without a solution."""
    lay, matrix = system.layout, work.matrix
    if _all_positive(matrix[: lay.n_core].reshape(-1)):
        return
    for i in range(lay.n_core):
        for w in range(matrix.shape[1]):
            if not 0.0 < matrix[i, w] < np.inf and progress.again[w] == 0:
                work.head[: lay.n_core, w] = 0.0
                work.relax[w], progress.again[w] = 0.0, 1
                if not _let_go(lay, system.devices.kind, work.status, i, w):
                    progress.done[w], progress.code[w], progress.row[w] = 1, SINGULAR, i


@inner()
def _all_positive(pivots):  # type: ignore[no-untyped-def]
    """Whether inverse pivots are all positive and finite; counted without branches, eight at a time."""
    wrong = 0
    for x in pivots:
        wrong += not ((x > 0.0) & (x < np.inf))
    return wrong == 0


@inner()
def _let_go(lay, kinds, states, i, w):  # type: ignore[no-untyped-def]
    """Open an active valve at a row; whether there was one."""
    for d in range(lay.n_devices):
        k, kind = lay.first_device + d, kinds[d]
        valve = kind == law.PRV or kind == law.PSV or kind == law.FCV
        if valve and (lay.tail[k] == i or lay.head[k] == i) and states[d, w] == law.ACTIVE:
            states[d, w] = law.NO_FLOW if kind == law.FCV else law.NO_PRESSURE
            return True
    return False


@inner()
def linearise(formula, work, begin, end):  # type: ignore[no-untyped-def]
    """``p`` and ``y`` of the vectors ``begin:end``."""
    for k in range(begin, end):
        if formula == law.HAZEN_WILLIAMS:
            lanes.linearise_hazen(work, k)
        elif formula == law.DARCY_WEISBACH:
            lanes.linearise_darcy(work, k)
        elif formula == law.CHEZY_MANNING:
            lanes.linearise_manning(work, k)
        elif formula == law.COLEBROOK_WHITE:
            lanes.linearise_colebrook(work, k)
        else:
            lanes.linearise_nikuradse(work, k)


@inner()
def _pipes_one(system, work, falls, first):  # type: ignore[no-untyped-def]
    """Update, linearise and assemble the plain pipes of one scenario."""
    lay, formula, blocks = system.layout, system.rules.formula, system.layout.first_device // WIDTH
    relax, n = work.relax[0], lay.n_core
    tails, heads, entries, head, sums = lay.tail, lay.head, lay.entry, work.head, work.sums
    if not first:
        for k in range(lay.n_plain):
            falls[k] = head[tails[k], 0] - head[heads[k], 0]
        for k in range(blocks):
            lanes.update_block(work, falls, relax, k)
        for c in range(2):
            sums[c, 0] = sums[c].sum()
    linearise(formula, work, 0, blocks)
    matrix, right, p, y, flow = work.matrix, work.right, work.p, work.y, work.flow
    for k in range(lay.n_plain):
        i, j, conductance, through = tails[k], heads[k], p[k, 0], flow[k, 0] - y[k, 0]
        matrix[i, 0] += conductance
        matrix[j, 0] += conductance
        matrix[n + entries[k], 0] -= conductance
        right[i, 0] -= through
        right[j, 0] += through


@inner(error_model="numpy", fastmath={"contract"})
def _heads_one(system, work):  # type: ignore[no-untyped-def]
    """Factorise and solve for the heads of one scenario."""
    lay, n, at = system.layout, system.layout.n_core, 0
    matrix, right, head = work.matrix, work.right, work.head
    column, row, target = lay.column, lay.row, lay.target
    for j in range(n):
        begin, end = column[j], column[j + 1]
        inverse, known = 1.0 / matrix[j, 0], right[j, 0]
        matrix[j, 0] = inverse
        for x in range(begin, end):
            factor = matrix[n + x, 0] * inverse
            right[row[x], 0] -= factor * known
            for y in range(x, end):
                matrix[target[at], 0] -= factor * matrix[n + y, 0]
                at += 1
    for j in range(n - 1, -1, -1):
        total = right[j, 0]
        for x in range(column[j], column[j + 1]):
            total -= matrix[n + x, 0] * head[row[x], 0]
        head[j, 0] = total * matrix[j, 0]


@inner()
def _pipes_lanes(system, work, first):  # type: ignore[no-untyped-def]
    """Update, linearise and assemble the plain pipes of eight scenarios."""
    lay, formula, n = system.layout, system.rules.formula, system.layout.n_core
    tails, heads, entries = lay.tail, lay.head, lay.entry
    for begin in range(0, lay.n_plain, STRIP):
        end = min(begin + STRIP, lay.n_plain)
        if not first:
            for k in range(begin, end):
                lanes.update_lanes(work, k, np.int64(tails[k]), np.int64(heads[k]))
        linearise(formula, work, begin, end)
        for k in range(begin, end):
            lanes.assemble_lanes(work, k, np.int64(tails[k]), np.int64(heads[k]), n + np.int64(entries[k]))


@inner()
def _heads_lanes(system, work):  # type: ignore[no-untyped-def]
    """Factorise and solve for the heads of eight scenarios."""
    lay, n, at = system.layout, system.layout.n_core, 0
    column, row, target = lay.column, lay.row, lay.target
    for j in range(n):
        at = lanes.eliminate_lanes(work, j, np.int64(column[j]), np.int64(column[j + 1]), row, target, at, n)
    for j in range(n - 1, -1, -1):
        lanes.substitute_lanes(work, j, np.int64(column[j]), np.int64(column[j + 1]), row, n)


@inner()
def iterate(system, work, progress, falls, limits):  # type: ignore[no-untyped-def]
    """Iterate until every lane is finished; ``limits`` are the accuracy and the most iterations."""
    iteration, width, valves = 0, work.flow.shape[1], system.devices.n_holding > 0
    progress.next_check[:] = system.rules.check_frequency
    while True:
        _clear(system.layout, work)
        if width == 1:
            _pipes_one(system, work, falls, iteration == 0)
        else:
            _pipes_lanes(system, work, iteration == 0)
        if iteration > 0:
            update_devices(system, work)
            _judge(system, work, progress, limits, iteration)
        if progress.done.all():
            return
        assemble_devices(system, work)
        if width == 1:
            _heads_one(system, work)
        else:
            _heads_lanes(system, work)
        if valves:
            _release(system, work, progress)
        iteration += 1
