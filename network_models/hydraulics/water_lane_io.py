"""From scenarios to working arrays and back: demands of dead ends gathered, their heads recovered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import inner
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_devices import Work


class Case(NamedTuple):
    """Scenarios: arrays by node or link with one row, or one for each scenario; ``out`` by outlet, NaN: by the rule."""

    demand: np.ndarray
    fixed_head: np.ndarray
    flow: np.ndarray
    status: np.ndarray
    setting: np.ndarray
    out: np.ndarray
    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray


class Found(NamedTuple):
    """Answers, a row for each scenario: heads by node, outflows by outlet, flows and states by link, settings by control
    on pressure, then how it went.
    """

    head: np.ndarray
    outflow: np.ndarray
    flow: np.ndarray
    status: np.ndarray
    setting: np.ndarray
    iterations: np.ndarray
    change: np.ndarray
    code: np.ndarray
    row: np.ndarray


class Progress(NamedTuple):
    """Of each lane: iteration of the next check of states, flow in dead ends, whether the last heads do not count, then how
    it ended: finished, iterations, relative change of flow, code, and the row at fault.
    """

    next_check: np.ndarray
    still: np.ndarray
    again: np.ndarray
    done: np.ndarray
    iterations: np.ndarray
    change: np.ndarray
    code: np.ndarray
    row: np.ndarray


@inner()
def working(system, n_slots, n_nodes, width):  # type: ignore[no-untyped-def]
    lay, n = system.layout, system.layout.n_core
    n_out = len(system.outlets.row)
    return Work(
        np.zeros((n_slots, width)),
        np.zeros((n_slots, width)),
        np.zeros((n_slots, width)),
        np.ones((n_slots, width)),
        np.zeros((n_slots, width)),
        np.ones((n_slots, width)),
        np.zeros((n_slots, width)),
        np.zeros((n_nodes, width)),
        np.zeros((n + len(lay.row), width)),
        np.zeros((n, width)),
        np.zeros((n + len(lay.fixed), width)),
        np.zeros((lay.n_devices, width), np.int64),
        np.zeros((lay.n_devices, width)),
        np.zeros((n_out, width)),
        np.zeros((n_out, width)),
        np.ones(width),
        np.zeros((2, 8)),
    )


@inner()
def progress(width):  # type: ignore[no-untyped-def]
    whole = np.zeros((6, width), np.int64)
    return Progress(whole[0], np.zeros(width), whole[1], whole[2], whole[3], np.zeros(width), whole[4], whole[5])


@inner()
def _place(slot, values, into, w):  # type: ignore[no-untyped-def]
    for k in range(len(slot)):
        into[slot[k], w] = values[k]


@inner()
def load_links(system, case, work, first, last):  # type: ignore[no-untyped-def]
    """Head-loss coefficients of the scenarios of all lanes."""
    slot = system.layout.slot
    for w in range(work.flow.shape[1]):
        s = min(first + w, last, len(case.resistance) - 1)
        _place(slot, case.resistance[s], work.resistance, w)
        _place(slot, case.minor[s], work.minor, w)
        _place(slot, case.viscous[s], work.viscous, w)
        _place(slot, case.rough[s], work.rough, w)


@inner()
def load(system, case, work, progress, first, last):  # type: ignore[no-untyped-def]
    """Demands, heads, flows and states of the scenarios of all lanes; dead ends gathered."""
    lay, dev, width = system.layout, system.devices, work.flow.shape[1]
    draw, demand, top = work.draw, case.demand, min(last, len(case.demand) - 1)
    for i in range(demand.shape[1]):
        for w in range(width):
            draw[i, w] = demand[min(first + w, top), i]
    for w in range(width):
        s = min(first + w, last, len(case.fixed_head) - 1)
        for i in range(len(lay.fixed)):
            work.head[lay.n_core + i, w] = case.fixed_head[s, lay.fixed[i]]
        _place(lay.slot, case.flow[min(first + w, last, len(case.flow) - 1)], work.flow, w)
        s = min(first + w, last, len(case.status) - 1)
        r = min(first + w, last, len(case.setting) - 1)
        for d in range(lay.n_devices):
            work.status[d, w], work.setting[d, w] = case.status[s, dev.link[d]], case.setting[r, dev.link[d]]
    if len(system.outlets.row) > 0:
        _load_outlets(system.outlets, case.out, work, first, last)
    _gather(lay, work, progress)


@inner()
def _load_outlets(outlets, given, work, first, last):  # type: ignore[no-untyped-def]
    """Flows given; else emitters start at a cubic foot, demands that pressure drives in full."""
    out, full, draw = work.out, work.full, work.draw
    for x in range(len(outlets.row)):
        node = outlets.node[x]
        for w in range(out.shape[1]):
            start = given[min(first + w, last, len(given) - 1), x]
            full[x, w] = 1.0
            if x >= outlets.n_emitters:
                full[x, w] = max(draw[node, w], 0.0)
                draw[node, w] -= full[x, w]
            usual = law.CUBIC_FOOT if x < outlets.n_emitters else full[x, w]
            out[x, w] = usual if np.isnan(start) else start


@inner()
def _gather(lay, work, progress):  # type: ignore[no-untyped-def]
    """Flows of dead ends, their demands moved to where they hang."""
    for w in range(work.flow.shape[1]):
        progress.again[w], progress.done[w], progress.still[w], work.relax[w] = 0, 0, 0.0, 1.0
    leaves, parents, links, signs, slot = lay.leaf, lay.leaf_parent, lay.leaf_link, lay.leaf_sign, lay.slot
    draw, flow, still = work.draw, work.flow, progress.still
    for t in range(len(leaves)):
        leaf, parent, at, sign = leaves[t], parents[t], slot[links[t]], signs[t]
        for w in range(flow.shape[1]):
            drawn = draw[leaf, w]
            flow[at, w] = sign * drawn
            draw[parent, w] += drawn
            still[w] += abs(drawn)


@inner()
def store(system, work, progress, found, first, last):  # type: ignore[no-untyped-def]
    """Write the answers of all lanes; flows of closed links are 0. ``p`` and ``y`` of dead ends must be current."""
    lay, width = system.layout, min(work.flow.shape[1], last + 1 - first)
    core, fixed, head, heads, p, y = lay.core, lay.fixed, work.head, found.head, work.p, work.y
    leaves, parents, links, signs, slot = lay.leaf, lay.leaf_parent, lay.leaf_link, lay.leaf_sign, lay.slot
    for i in range(len(core)):
        for w in range(width):
            heads[first + w, core[i]] = head[i, w]
    for i in range(len(fixed)):
        for w in range(width):
            heads[first + w, fixed[i]] = head[len(core) + i, w]
    for t in range(len(leaves) - 1, -1, -1):
        leaf, parent, at, sign = leaves[t], parents[t], slot[links[t]], signs[t]
        for w in range(width):
            heads[first + w, leaf] = heads[first + w, parent] - sign * y[at, w] / p[at, w]
    _store_links(system, work, found, first, width)
    for w in range(width):
        s = first + w
        found.iterations[s], found.change[s] = progress.iterations[w], progress.change[w]
        found.code[s], found.row[s] = progress.code[w], progress.row[w]
        for x in range(len(system.outlets.row)):
            found.outflow[s, x] = work.out[x, w]
        for c in range(len(system.rules.switch_device)):
            found.setting[s, c] = work.setting[system.rules.switch_device[c], w]


@inner()
def _store_links(system, work, found, first, width):  # type: ignore[no-untyped-def]
    slot, begin, count = system.layout.slot, system.layout.first_device, system.layout.n_devices
    resistance, states, flow, all_states, flows = work.resistance, work.status, work.flow, found.status, found.flow
    for k in range(len(slot)):
        at = slot[k]
        d = at - begin
        device = 0 <= d < count
        for w in range(width):
            state = law.CLOSED if resistance[at, w] < 0.0 else law.OPEN
            if device:
                state = states[d, w]
            all_states[first + w, k] = state
            flows[first + w, k] = 0.0 if state <= law.CLOSED else flow[at, w]
