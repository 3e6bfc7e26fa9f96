"""From scenarios to working arrays and back: demands of dead ends gathered, their heads recovered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import njit
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_devices import Work


class Case(NamedTuple):
    """Scenarios: arrays by node or link with one row, or one for each scenario."""

    demand: np.ndarray
    fixed_head: np.ndarray
    flow: np.ndarray
    status: np.ndarray
    setting: np.ndarray
    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray


class Found(NamedTuple):
    """Answers, a row for each scenario: heads and outflows by node, flows and states by link, then how it went."""

    head: np.ndarray
    outflow: np.ndarray
    flow: np.ndarray
    status: np.ndarray
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


@njit(cache=True)
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


@njit(cache=True)
def progress(width):  # type: ignore[no-untyped-def]
    whole = np.zeros((6, width), np.int64)
    return Progress(whole[0], np.zeros(width), whole[1], whole[2], whole[3], np.zeros(width), whole[4], whole[5])


@njit(cache=True)
def load_links(system, case, work, first, last):  # type: ignore[no-untyped-def]
    """Head-loss coefficients of the scenarios of all lanes."""
    for w in range(work.flow.shape[1]):
        s = min(first + w, last, len(case.resistance) - 1)
        for k in range(len(system.layout.slot)):
            at = system.layout.slot[k]
            work.resistance[at, w], work.minor[at, w] = case.resistance[s, k], case.minor[s, k]
            work.viscous[at, w], work.rough[at, w] = case.viscous[s, k], case.rough[s, k]


@njit(cache=True)
def load(system, case, work, progress, first, last):  # type: ignore[no-untyped-def]
    """Demands, heads, flows and states of the scenarios of all lanes; dead ends gathered."""
    lay, dev, width = system.layout, system.devices, work.flow.shape[1]
    many = len(case.demand) > 1
    for i in range(case.demand.shape[1]):
        for w in range(width):
            work.draw[i, w] = case.demand[min(first + w, last) if many else 0, i]
    for w in range(width):
        s = min(first + w, last, len(case.fixed_head) - 1)
        for i in range(len(lay.fixed)):
            work.head[lay.n_core + i, w] = case.fixed_head[s, lay.fixed[i]]
        s = min(first + w, last, len(case.flow) - 1)
        for k in range(len(lay.slot)):
            work.flow[lay.slot[k], w] = case.flow[s, k]
        s = min(first + w, last, len(case.status) - 1)
        r = min(first + w, last, len(case.setting) - 1)
        for d in range(lay.n_devices):
            work.status[d, w], work.setting[d, w] = case.status[s, dev.link[d]], case.setting[r, dev.link[d]]
    _load_outlets(system, work)
    _gather(lay, work, progress)


@njit(cache=True)
def _load_outlets(system, work):  # type: ignore[no-untyped-def]
    """Emitters start at a cubic foot, demands that pressure drives in full."""
    outlets = system.outlets
    for x in range(len(outlets.row)):
        for w in range(work.flow.shape[1]):
            if x < outlets.n_emitters:
                work.out[x, w], work.full[x, w] = law.CUBIC_FOOT, 1.0
                continue
            full = max(work.draw[outlets.node[x], w], 0.0)
            work.out[x, w], work.full[x, w] = full, full
            work.draw[outlets.node[x], w] -= full


@njit(cache=True)
def _gather(lay, work, progress):  # type: ignore[no-untyped-def]
    """Flows of dead ends, their demands moved to where they hang."""
    for w in range(work.flow.shape[1]):
        progress.again[w], progress.done[w], progress.still[w], work.relax[w] = 0, 0, 0.0, 1.0
    for t in range(len(lay.leaf)):
        leaf, parent, at, sign = lay.leaf[t], lay.leaf_parent[t], lay.slot[lay.leaf_link[t]], lay.leaf_sign[t]
        for w in range(work.flow.shape[1]):
            drawn = work.draw[leaf, w]
            work.flow[at, w] = sign * drawn
            work.draw[parent, w] += drawn
            progress.still[w] += abs(drawn)


@njit(cache=True)
def store(system, work, progress, found, first, last):  # type: ignore[no-untyped-def]
    """Write the answers of all lanes; flows of closed links are 0. ``p`` and ``y`` of dead ends must be current."""
    lay, width = system.layout, min(work.flow.shape[1], last + 1 - first)
    for i in range(lay.n_core):
        for w in range(width):
            found.head[first + w, lay.core[i]] = work.head[i, w]
    for i in range(len(lay.fixed)):
        for w in range(width):
            found.head[first + w, lay.fixed[i]] = work.head[lay.n_core + i, w]
    for t in range(len(lay.leaf) - 1, -1, -1):
        leaf, parent, at, sign = lay.leaf[t], lay.leaf_parent[t], lay.slot[lay.leaf_link[t]], lay.leaf_sign[t]
        for w in range(width):
            loss = work.y[at, w] / work.p[at, w]
            found.head[first + w, leaf] = found.head[first + w, parent] - sign * loss
    _store_links(system, work, found, first, width)
    for w in range(width):
        s = first + w
        found.iterations[s], found.change[s] = progress.iterations[w], progress.change[w]
        found.code[s], found.row[s] = progress.code[w], progress.row[w]
        for x in range(len(system.outlets.row)):
            found.outflow[s, x] = work.out[x, w]


@njit(cache=True)
def _store_links(system, work, found, first, width):  # type: ignore[no-untyped-def]
    lay = system.layout
    for k in range(len(lay.slot)):
        at = lay.slot[k]
        d = at - lay.first_device
        device = 0 <= d < lay.n_devices
        for w in range(width):
            state = law.CLOSED if work.resistance[at, w] < 0.0 else law.OPEN
            if device:
                state = work.status[d, w]
            found.status[first + w, k] = state
            found.flow[first + w, k] = 0.0 if state <= law.CLOSED else work.flow[at, w]
