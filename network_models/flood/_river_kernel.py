"""Routes floods through a river tree, eight at a time: all combinations of configurations and events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import get_num_threads, inner, kernel
from network_models._threads import deal
from network_models.flood._levee import levee_step
from network_models.flood._pool import at, pool_step, steady_pool
from network_models.flood._reach import LANES, constant_reach, steady_store, todini_reach

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
    arriving: np.ndarray  # (n_configurations, n_events, n_zones): greatest flow beside the zone
    stored: np.ndarray  # (n_configurations, n_events, n_zones)
    held: np.ndarray  # (n_configurations, n_events, n_storages): greatest volume
    balance: np.ndarray  # (n_configurations, n_events)
    trace: np.ndarray  # (n_configurations, n_events, n_steps or 0, n_elements)


class State(NamedTuple):
    """Of eight floods at one time, and what is noted of them."""

    inflow: np.ndarray  # (n_elements, 8) now
    before: np.ndarray  # (n_elements, 8) a step ago
    out: np.ndarray  # (n_elements, 8)
    peak: np.ndarray  # (n_elements, 8) of out so far
    flow: np.ndarray  # (n_segments, 8)
    store: np.ndarray  # (n_segments, 8)
    pool: np.ndarray  # (n_storages, 8)
    release: np.ndarray  # (n_storages, 8)
    held: np.ndarray  # (n_storages, 8) greatest so far
    arriving: np.ndarray  # (n_zones, 8) greatest so far
    behind: np.ndarray  # (n_zones, 8) with half a step of what enters
    enters: np.ndarray  # (n_zones, 8)
    broken: np.ndarray  # (n_zones, 8)
    total: np.ndarray  # (2, 8) inflow and outflow of the tree so far
    passing: np.ndarray  # (2, 8) flows of both ends of a step, on their way down a reach
    none: np.ndarray  # a table's row of zeros


@inner(error_model="numpy")
def _new_state(river):  # type: ignore[no-untyped-def]
    n, z, p, w = len(river.order), len(river.levee), len(river.control), LANES
    s = river.first_segment[n]
    return State(
        np.zeros((n, w)), np.zeros((n, w)), np.zeros((n, w)), np.zeros((n, w)), np.zeros((s, w)), np.zeros((s, w)),
        np.zeros((p, w)), np.zeros((p, w)), np.zeros((p, w)), np.zeros((z, w)), np.zeros((z, w)), np.zeros((z, w)),
        np.zeros((z, w), np.bool_), np.zeros((2, w)), np.zeros((2, w)), np.zeros(river.volume.shape[1]),
    )  # fmt: skip


@inner(error_model="numpy")
def _load(cases, state, event, step, weight):  # type: ignore[no-untyped-def]
    """Lateral inflow of a step, and its volume."""
    inflow, before, total = state.inflow, state.before, state.total
    for e in range(len(inflow)):
        for lane in range(LANES):
            lateral = cases.lateral[event[lane], step, e]
            before[e, lane] = inflow[e, lane]
            inflow[e, lane] = lateral
            total[0, lane] += weight * lateral


@inner(error_model="numpy")
def _hand_on(river, state, e, weight):  # type: ignore[no-untyped-def]
    """Outflow of an element to what is downstream, or out of the tree."""
    below = river.downstream[e]
    for lane in range(LANES):
        out = state.out[e, lane]
        state.peak[e, lane] = max(state.peak[e, lane], out)
        if below >= 0:
            state.inflow[below, lane] += out
        else:
            state.total[1, lane] += weight * out


@inner(error_model="numpy")
def _start(river, cases, state, configuration, event, half):  # type: ignore[no-untyped-def]
    """Steady flow of the first inflows."""
    _load(cases, state, event, 0, half)
    for e in river.order:
        for lane in range(LANES):
            state.out[e, lane] = state.inflow[e, lane]
        if river.kind[e] == STORAGE:
            _start_pool(river, cases, state, configuration, e)
        row = river.segment[e]
        segment = (row[0], row[1], row[2], row[3])
        for s in range(river.first_segment[e], river.first_segment[e + 1]):
            for lane in range(LANES):
                flow = state.out[e, lane]
                state.flow[s, lane] = flow
                if river.kind[e] == TODINI:
                    state.store[s, lane] = steady_store(flow, segment)
                else:
                    state.store[s, lane] = (row[0] + row[1]) * flow
        _hand_on(river, state, e, half)


@inner(error_model="numpy")
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
        state.held[p, lane] = held


@inner(error_model="numpy")
def _reach(river, state, e, half):  # type: ignore[no-untyped-def]
    """All segments of a reach."""
    passing, kind = state.passing, river.kind[e]
    first, last = river.first_segment[e], river.first_segment[e + 1]
    segment = (river.segment[e, 0], river.segment[e, 1], river.segment[e, 2], river.segment[e, 3])
    for lane in range(LANES):
        passing[0, lane] = state.before[e, lane]
        passing[1, lane] = state.inflow[e, lane]
    if kind == TODINI:
        todini_reach(passing, state.flow, state.store, first, last, half, segment)
    else:
        constant_reach(passing, state.flow, state.store, first, last, half, segment)
    for lane in range(LANES):
        state.out[e, lane] = passing[1, lane]


@inner(error_model="numpy")
def _limit(river, state, p, lane):  # type: ignore[no-untyped-def]
    """What the joint rule lets through the gates: the room left downstream a step ago."""
    control = river.control[p]
    below = river.storage[control]
    if below >= 0 and state.pool[below, lane] > river.hold_volume[p]:
        return 0.0
    others = max(0.0, state.out[control, lane] - state.release[p, lane])
    return max(0.0, river.safe_flow[p] - others)


@inner(error_model="numpy")
def _storage(river, cases, state, configuration, e, half):  # type: ignore[no-untyped-def]
    p = river.storage[e]
    for lane in range(LANES):
        row = cases.table[configuration[lane], p]
        volume, gate, spill = river.volume[row], river.gate[row], river.spill[row]
        known = state.pool[p, lane] + half * (state.before[e, lane] + state.inflow[e, lane] - state.release[p, lane])
        joint = cases.joint[configuration[lane], p] and river.control[p] >= 0
        limit = _limit(river, state, p, lane) if joint else np.inf
        held, release = pool_step(known, half, volume, gate, spill, state.none, limit)
        state.pool[p, lane] = held
        state.release[p, lane] = release
        state.held[p, lane] = max(state.held[p, lane], held)
        state.out[e, lane] = release


@inner(error_model="numpy")
def _zones(river, cases, state, configuration, e, half):  # type: ignore[no-untyped-def]
    for z in range(river.first_zone[e], river.first_zone[e + 1]):
        shape = (river.levee[z, 0], river.levee[z, 1], river.levee[z, 2])
        for lane in range(LANES):
            flow = state.out[e, lane]
            state.arriving[z, lane] = max(state.arriving[z, lane], flow)
            level = at(flow, river.rating_flow[z], river.rating_level[z])
            enters, broken = levee_step(
                flow, level, cases.crest[configuration[lane], z], shape, state.behind[z, lane],
                state.broken[z, lane], half, river.zone_volume[z], river.zone_level[z],
            )  # fmt: skip
            state.broken[z, lane] = broken
            state.enters[z, lane] = enters
            state.behind[z, lane] += 2.0 * half * enters
            state.out[e, lane] = flow - enters


@inner(error_model="numpy")
def _in_store(state, half, lane):  # type: ignore[no-untyped-def]
    """Water in reaches, storages and zones."""
    total = 0.0
    for s in range(len(state.store)):
        total += state.store[s, lane]
    for p in range(len(state.pool)):
        total += state.pool[p, lane]
    for z in range(len(state.behind)):
        total += state.behind[z, lane] - half * state.enters[z, lane]
    return total


@inner(error_model="numpy")
def _step(river, cases, state, configuration, half, weight):  # type: ignore[no-untyped-def]
    """One time step of the whole tree; ``weight`` is that of the flows at its end in the volume that leaves."""
    for e in river.order:
        if river.kind[e] == STORAGE:
            _storage(river, cases, state, configuration, e, half)
        else:
            _reach(river, state, e, half)
        _zones(river, cases, state, configuration, e, half)
        _hand_on(river, state, e, weight)


@inner(error_model="numpy")
def _trace(found, state, configuration, event, step):  # type: ignore[no-untyped-def]
    """Keep the outflows of a step, where they are wanted."""
    if found.trace.shape[2] > 0:
        for lane in range(LANES):
            for e in range(len(state.out)):
                found.trace[configuration[lane], event[lane], step, e] = state.out[e, lane]


@inner(error_model="numpy")
def _write(found, state, c, v, lane, half):  # type: ignore[no-untyped-def]
    """Results of one flood."""
    for e in range(len(state.peak)):
        found.peak[c, v, e] = state.peak[e, lane]
    for p in range(len(state.held)):
        found.held[c, v, p] = state.held[p, lane]
    for z in range(len(state.behind)):
        found.arriving[c, v, z] = state.arriving[z, lane]
        found.stored[c, v, z] = state.behind[z, lane] - half * state.enters[z, lane]


@inner(error_model="numpy")
def _group(river, cases, found, first):  # type: ignore[no-untyped-def]
    """Eight pairs of configuration and event, from the first; the last pair is repeated where there are fewer."""
    events, steps = cases.lateral.shape[0], cases.lateral.shape[1]
    half, state, began = 0.5 * cases.dt, _new_state(river), np.empty(LANES)
    configuration, event = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    for lane in range(LANES):
        pair = min(first + lane, events * len(cases.crest) - 1)
        configuration[lane], event[lane] = pair // events, pair % events
    _start(river, cases, state, configuration, event, half)
    _trace(found, state, configuration, event, 0)
    for lane in range(LANES):
        began[lane] = _in_store(state, half, lane)
    for step in range(1, steps):
        weight = half if step == steps - 1 else 2.0 * half
        _load(cases, state, event, step, weight)
        _step(river, cases, state, configuration, half, weight)
        _trace(found, state, configuration, event, step)
    for lane in range(LANES):
        c, v, entered = configuration[lane], event[lane], state.total[0, lane]
        left = entered - state.total[1, lane] - (_in_store(state, half, lane) - began[lane])
        found.balance[c, v] = left / max(entered + began[lane], 1e-300)
        _write(found, state, c, v, lane, half)


@kernel()
def _groups(river, cases, found, begin, end):  # type: ignore[no-untyped-def]
    for group in range(begin, end):
        _group(river, cases, found, group * LANES)


def run(river: RiverArrays, cases: Cases, found: Found) -> None:
    """Route every pair; in threads where there is enough to do."""
    events, steps = cases.lateral.shape[:2]
    groups = -(-events * len(cases.crest) // LANES)
    small = groups * LANES * steps * len(river.order) < SERIAL_WORK
    deal(_groups, (river, cases, found), groups, 1 if small else min(get_num_threads(), groups))
