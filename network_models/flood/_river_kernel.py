"""Routes floods through a river tree, eight at a time: all combinations of configurations and events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import get_num_threads, njit, prange
from network_models.flood._levee import levee_step
from network_models.flood._pool import at, pool_step, steady_pool
from network_models.flood._reach import LANES, constant_step, steady_store, todini_step

CONSTANT, TODINI, STORAGE = 0, 1, 2
SERIAL_WORK = 200_000
"""Below so many segment steps one thread is faster than several."""


class RiverArrays(NamedTuple):
    """A river as the kernel reads it; elements in the order of ``order``, each before what is downstream of it."""

    order: np.ndarray
    downstream: np.ndarray
    kind: np.ndarray
    first_segment: np.ndarray  # (n_elements + 1,)
    segment: np.ndarray  # (n_elements, 4): k, m, length and m^2 / (B S dx), or w_in and w_out in the first two
    storage: np.ndarray  # (n_elements,), -1 for a reach
    volume: np.ndarray  # (n_tables, n_points)
    gate: np.ndarray
    spill: np.ndarray
    control: np.ndarray  # (n_storages,): element that the joint rule looks at
    safe_flow: np.ndarray  # (n_storages,): what may pass there; inf where the rule looks at its storage only
    hold_volume: np.ndarray  # (n_storages,): hold while the storage downstream is above this
    initial: np.ndarray  # (n_storages,): volume at the start, nan for the steady one
    first_zone: np.ndarray  # (n_elements + 1,)
    rating_flow: np.ndarray  # (n_zones, n_points)
    rating_level: np.ndarray
    zone_level: np.ndarray  # (n_zones, n_points)
    zone_volume: np.ndarray
    levee: np.ndarray  # (n_zones, 3): length, width and sill of the breach


class Cases(NamedTuple):
    """What is combined: configurations (crest, joint rule, table of each storage) with events (inflows)."""

    dt: float
    lateral: np.ndarray  # (n_events, n_steps, n_elements)
    crest: np.ndarray  # (n_configurations, n_zones)
    joint: np.ndarray  # (n_configurations, n_storages) bool
    table: np.ndarray  # (n_configurations, n_storages)


class Found(NamedTuple):
    """Results by configuration and event; ``trace`` has no steps unless hydrographs are wanted."""

    peak: np.ndarray  # (n_configurations, n_events, n_elements)
    stored: np.ndarray  # (n_configurations, n_events, n_zones)
    held: np.ndarray  # (n_configurations, n_events, n_storages): greatest volume
    balance: np.ndarray  # (n_configurations, n_events)
    trace: np.ndarray  # (n_configurations, n_events, n_steps or 0, n_elements)


class State(NamedTuple):
    """Of eight floods at one time."""

    inflow: np.ndarray  # (n_elements, 8) now
    before: np.ndarray  # (n_elements, 8) a step ago
    out: np.ndarray  # (n_elements, 8)
    flow: np.ndarray  # (n_segments, 8)
    store: np.ndarray  # (n_segments, 8)
    pool: np.ndarray  # (n_storages, 8)
    release: np.ndarray  # (n_storages, 8)
    behind: np.ndarray  # (n_zones, 8) with half a step of what enters
    enters: np.ndarray  # (n_zones, 8)
    broken: np.ndarray  # (n_zones, 8)


@njit(cache=True, error_model="numpy")
def _new_state(river):  # type: ignore[no-untyped-def]
    n, z, p = len(river.order), len(river.levee), len(river.control)
    s = river.first_segment[n]
    return State(
        np.zeros((n, LANES)), np.zeros((n, LANES)), np.zeros((n, LANES)), np.zeros((s, LANES)), np.zeros((s, LANES)),
        np.zeros((p, LANES)), np.zeros((p, LANES)), np.zeros((z, LANES)), np.zeros((z, LANES)),
        np.zeros((z, LANES), np.bool_),
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _load(river, cases, state, event, step):  # type: ignore[no-untyped-def]
    """Lateral inflow of a step."""
    for e in range(len(river.order)):
        for lane in range(LANES):
            state.before[e, lane] = state.inflow[e, lane]
            state.inflow[e, lane] = cases.lateral[event[lane], step, e]


@njit(cache=True, error_model="numpy")
def _start(river, cases, state, configuration, event):  # type: ignore[no-untyped-def]
    """Steady flow of the first inflows."""
    _load(river, cases, state, event, 0)
    for e in river.order:
        out = state.out[e]
        out[:] = state.inflow[e]
        if river.kind[e] == STORAGE:
            _start_pool(river, cases, state, configuration, e)
        for s in range(river.first_segment[e], river.first_segment[e + 1]):
            for lane in range(LANES):
                state.flow[s, lane] = out[lane]
                weights = river.segment[e]
                if river.kind[e] == TODINI:
                    row = (weights[0], weights[1], weights[2], weights[3])
                    state.store[s, lane] = steady_store(out[lane], row)
                else:
                    state.store[s, lane] = (weights[0] + weights[1]) * out[lane]
        if river.downstream[e] >= 0:
            state.inflow[river.downstream[e]] += out


@njit(cache=True, error_model="numpy")
def _start_pool(river, cases, state, configuration, e):  # type: ignore[no-untyped-def]
    p = river.storage[e]
    for lane in range(LANES):
        row = cases.table[configuration[lane], p]
        volume, gate, spill = river.volume[row], river.gate[row], river.spill[row]
        held = river.initial[p]
        if np.isnan(held):
            held = steady_pool(state.inflow[e, lane], volume, gate, spill)
        state.pool[p, lane] = held
        state.out[e, lane] = max(0.0, at(held, volume, gate)) + max(0.0, at(held, volume, spill))
        state.release[p, lane] = state.out[e, lane]


@njit(cache=True, error_model="numpy")
def _reach(river, state, e, half, old, new):  # type: ignore[no-untyped-def]
    """All segments of a reach; ``old`` and ``new`` are room for eight flows."""
    old[:] = state.before[e]
    new[:] = state.inflow[e]
    row = river.segment[e]
    segment = (row[0], row[1], row[2], row[3])
    for s in range(river.first_segment[e], river.first_segment[e + 1]):
        out, store = state.flow[s], state.store[s]
        for lane in range(LANES):
            state.out[e, lane] = out[lane]
        if river.kind[e] == TODINI:
            todini_step(old, new, out, store, half, segment)
        else:
            constant_step(old, new, out, store, half, row[0], row[1])
        for lane in range(LANES):
            old[lane] = state.out[e, lane]
            new[lane] = out[lane]
    state.out[e] = new


@njit(cache=True, error_model="numpy")
def _limit(river, state, p, lane):  # type: ignore[no-untyped-def]
    """What the joint rule lets through the gates: the room left downstream a step ago."""
    control = river.control[p]
    below = river.storage[control]
    if below >= 0 and state.pool[below, lane] > river.hold_volume[p]:
        return 0.0
    others = max(0.0, state.out[control, lane] - state.release[p, lane])
    return max(0.0, river.safe_flow[p] - others)


@njit(cache=True, error_model="numpy")
def _storage(river, cases, state, configuration, e, half, none):  # type: ignore[no-untyped-def]
    p = river.storage[e]
    for lane in range(LANES):
        row = cases.table[configuration[lane], p]
        volume, gate, spill = river.volume[row], river.gate[row], river.spill[row]
        known = state.pool[p, lane] + half * (state.before[e, lane] + state.inflow[e, lane] - state.release[p, lane])
        joint = cases.joint[configuration[lane], p] and river.control[p] >= 0
        limit = _limit(river, state, p, lane) if joint else np.inf
        held, release = pool_step(known, half, volume, gate, spill, none, limit)
        state.pool[p, lane] = held
        state.release[p, lane] = release
        state.out[e, lane] = release


@njit(cache=True, error_model="numpy")
def _zones(river, cases, state, configuration, e, half):  # type: ignore[no-untyped-def]
    for z in range(river.first_zone[e], river.first_zone[e + 1]):
        shape = (river.levee[z, 0], river.levee[z, 1], river.levee[z, 2])
        for lane in range(LANES):
            flow = state.out[e, lane]
            level = at(flow, river.rating_flow[z], river.rating_level[z])
            enters, broken = levee_step(
                flow, level, cases.crest[configuration[lane], z], shape, state.behind[z, lane],
                state.broken[z, lane], half, river.zone_volume[z], river.zone_level[z],
            )  # fmt: skip
            state.broken[z, lane] = broken
            state.enters[z, lane] = enters
            state.behind[z, lane] += 2.0 * half * enters
            state.out[e, lane] = flow - enters


@njit(cache=True, error_model="numpy")
def _in_store(state, half):  # type: ignore[no-untyped-def]
    """Water in reaches, storages and zones, (8,)."""
    total = np.zeros(LANES)
    for lane in range(LANES):
        total[lane] = state.store[:, lane].sum() + state.pool[:, lane].sum()
        total[lane] += state.behind[:, lane].sum() - half * state.enters[:, lane].sum()
    return total


@njit(cache=True, error_model="numpy")
def _count(river, cases, state, event, step, weight, total):  # type: ignore[no-untyped-def]
    """Add a step's inflow and outflow, by the trapezoid rule, to ``total`` (2, 8)."""
    for e in range(len(river.order)):
        for lane in range(LANES):
            total[0, lane] += weight * cases.lateral[event[lane], step, e]
            if river.downstream[e] < 0:
                total[1, lane] += weight * state.out[e, lane]


@njit(cache=True, error_model="numpy")
def _note(river, state, found, configuration, event, step):  # type: ignore[no-untyped-def]
    """Peaks and hydrographs so far."""
    for lane in range(LANES):
        c, v = configuration[lane], event[lane]
        for e in range(len(river.order)):
            found.peak[c, v, e] = max(found.peak[c, v, e], state.out[e, lane])
            if found.trace.shape[2] > 0:
                found.trace[c, v, step, e] = state.out[e, lane]
        for p in range(len(river.control)):
            found.held[c, v, p] = max(found.held[c, v, p], state.pool[p, lane])


@njit(cache=True, error_model="numpy")
def _step(river, cases, state, configuration, half, room):  # type: ignore[no-untyped-def]
    """One time step of the whole tree."""
    for e in river.order:
        if river.kind[e] == STORAGE:
            _storage(river, cases, state, configuration, e, half, room[2])
        else:
            _reach(river, state, e, half, room[0], room[1])
        _zones(river, cases, state, configuration, e, half)
        if river.downstream[e] >= 0:
            state.inflow[river.downstream[e]] += state.out[e]


@njit(cache=True, error_model="numpy")
def _group(river, cases, found, first):  # type: ignore[no-untyped-def]
    """Eight pairs of configuration and event, from the first; the last pair is repeated where there are fewer."""
    events, steps = cases.lateral.shape[0], cases.lateral.shape[1]
    pairs = events * len(cases.crest)
    pair = np.minimum(first + np.arange(LANES), pairs - 1)
    configuration, event = pair // events, pair % events
    half, state, total = 0.5 * cases.dt, _new_state(river), np.zeros((2, LANES))
    room = (np.zeros(LANES), np.zeros(LANES), np.zeros(river.volume.shape[1]))
    _start(river, cases, state, configuration, event)
    began = _in_store(state, half)
    _count(river, cases, state, event, 0, half, total)
    _note(river, state, found, configuration, event, 0)
    for step in range(1, steps):
        _load(river, cases, state, event, step)
        _step(river, cases, state, configuration, half, room)
        _count(river, cases, state, event, step, half if step == steps - 1 else 2.0 * half, total)
        _note(river, state, found, configuration, event, step)
    ended = _in_store(state, half)
    for lane in range(LANES):
        c, v = configuration[lane], event[lane]
        left = total[0, lane] - total[1, lane] - (ended[lane] - began[lane])
        found.balance[c, v] = left / max(total[0, lane] + began[lane], 1e-300)
        for z in range(len(river.levee)):
            found.stored[c, v, z] = state.behind[z, lane] - half * state.enters[z, lane]


@njit(cache=True, nogil=True)
def _serial(river, cases, found, begin, end):  # type: ignore[no-untyped-def]
    for group in range(begin, end):
        _group(river, cases, found, group * LANES)


@njit(cache=True, nogil=True, parallel=True)
def _parallel(river, cases, found, groups, chunks):  # type: ignore[no-untyped-def]
    for c in prange(chunks):
        _serial(river, cases, found, c * groups // chunks, (c + 1) * groups // chunks)


def run(river: RiverArrays, cases: Cases, found: Found) -> None:
    """Route every pair; in threads where there is enough to do."""
    events, steps = cases.lateral.shape[:2]
    groups = -(-events * len(cases.crest) // LANES)
    threads = min(get_num_threads(), groups)
    if threads < 2 or groups * LANES * steps * len(river.order) < SERIAL_WORK:
        _serial(river, cases, found, 0, groups)
    else:
        _parallel(river, cases, found, groups, threads)
