"""Links that change their state, and outflows that follow pressure, in one lane of the working arrays.

The rules of status are those of EPANET 2.2 (manual, section 12.1.4): the same checks in the same order, so that a
network with several consistent states ends in the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import njit
from network_models.hydraulics import water_laws as law

BIG_CONDUCTANCE = 1e8 * law.CUBIC_FOOT / law.FOOT
TIE = 1e-9
"""A pump of constant power whose flow would fall to zero within this share of it stalls, as it does in EPANET."""
DEFICIT_FLOW, DEFICIT_HEAD = 0.001 * law.CUBIC_FOOT, 0.001 * law.FOOT


class Work(NamedTuple):
    """Working arrays, a column for each scenario.

    ``flow``, ``p``, ``y`` and coefficients by slot; ``draw`` by node (demands, dead ends gathered); ``matrix`` the
    diagonal, then the entries; ``right`` by row of the core; ``head`` by row; ``status`` and ``setting`` by device;
    ``out`` (flow) and ``full`` by outlet.
    """

    flow: np.ndarray
    p: np.ndarray
    y: np.ndarray
    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray
    draw: np.ndarray
    matrix: np.ndarray
    right: np.ndarray
    head: np.ndarray
    status: np.ndarray
    setting: np.ndarray
    out: np.ndarray
    full: np.ndarray
    relax: np.ndarray
    sums: np.ndarray


@njit(cache=True, inline="always")
def _controlled(kind, setting):  # type: ignore[no-untyped-def]
    """Whether a link is a PRV, PSV or FCV that looks after itself."""
    return (kind == law.PRV or kind == law.PSV or kind == law.FCV) and not np.isnan(setting)


@njit(cache=True, error_model="numpy")
def _valve_law(kind, q, setting, closed, minor, unit):  # type: ignore[no-untyped-def]
    """``(p, y)`` of a valve that is not a GPV and not active as PRV, PSV or FCV."""
    if kind == law.PBV and setting > 0.0 and minor * q * q <= setting:
        return BIG_CONDUCTANCE, setting * BIG_CONDUCTANCE
    if kind == law.TCV and not np.isnan(setting):
        minor = setting * unit
    return law.valve(q, minor, closed)


@njit(cache=True, error_model="numpy")
def assemble_devices(system, work):  # type: ignore[no-untyped-def]
    """Add devices and outlets to the matrix and the right-hand side."""
    lay, dev, formula = system.layout, system.devices, system.rules.formula
    for d in range(lay.n_devices):
        k, kind = lay.first_device + d, dev.kind[d]
        for w in range(work.flow.shape[1]):
            q, setting, state = work.flow[k, w], work.setting[d, w], work.status[d, w]
            closed = state <= law.CLOSED
            if kind <= law.PIPE:
                drag = -1.0 if closed else work.resistance[k, w]
                p, y = law.pipe(formula, q, drag, work.minor[k, w], work.viscous[k, w], work.rough[k, w])
            elif kind == law.PUMP:
                shape = (dev.lift_law[d], dev.shutoff[d], dev.factor[d], dev.power[d])
                p, y = law.pump(q, setting, closed, shape, dev.points, dev.begin[d], dev.end[d])
            elif kind == law.GPV and not closed:
                p, y = law.general_valve(q, dev.points, dev.begin[d], dev.end[d])
            elif state == law.ACTIVE and _controlled(kind, setting):
                continue
            else:
                p, y = _valve_law(kind, q, setting, closed, work.minor[k, w], work.rough[k, w])
            work.p[k, w], work.y[k, w] = p, y
            _add(lay, work, k, q - y, w)
    if len(system.outlets.row) > 0:
        _assemble_outlets(system.outlets, work)
    for d in range(lay.n_devices):
        for w in range(work.flow.shape[1]):
            if work.status[d, w] == law.ACTIVE and _controlled(dev.kind[d], work.setting[d, w]):
                _active_valve(system, work, d, w)


@njit(cache=True, error_model="numpy", inline="always")
def _add(lay, work, k, through, w):  # type: ignore[no-untyped-def]
    """One link: conductance ``p`` between its ends and a constant flow ``through``."""
    i, j, n, p = lay.tail[k], lay.head[k], lay.n_core, work.p[k, w]
    if i < n:
        work.matrix[i, w] += p
        work.right[i, w] -= through
        if j >= n:
            work.right[i, w] += p * work.head[j, w]
    if j < n:
        work.matrix[j, w] += p
        work.right[j, w] += through
        if i >= n:
            work.right[j, w] += p * work.head[i, w]
    if lay.entry[k] >= 0:
        work.matrix[n + lay.entry[k], w] -= p


@njit(cache=True, error_model="numpy", inline="always")
def _active_valve(system, work, d, w):  # type: ignore[no-untyped-def]
    """PRV and PSV hold a head and pass what the node needs; an FCV passes its setting."""
    lay, dev = system.layout, system.devices
    k, kind, setting = lay.first_device + d, dev.kind[d], work.setting[d, w]
    q = work.flow[k, w]
    if kind == law.FCV:
        work.p[k, w], work.y[k, w] = 1.0 / law.STEEPEST, q - setting
        _add(lay, work, k, setting, w)
    else:
        reduces = kind == law.PRV
        keeps = lay.head[k] if reduces else lay.tail[k]
        other = lay.tail[k] if reduces else lay.head[k]
        excess = _excess(system, work, d, keeps, w)
        work.p[k, w] = 0.0
        work.y[k, w] = q + excess if reduces else q - excess
        work.matrix[keeps, w] += BIG_CONDUCTANCE
        work.right[keeps, w] += (dev.grade[d] + setting) * BIG_CONDUCTANCE
        work.right[other, w] += min(excess, 0.0) if reduces else max(excess, 0.0)


@njit(cache=True, error_model="numpy", inline="always")
def _excess(system, work, d, row, w):  # type: ignore[no-untyped-def]
    """Flow that arrives at a node without the valve, less what is drawn there."""
    dev, outlets = system.devices, system.outlets
    excess = -work.draw[system.layout.core[row], w]
    for at in (outlets.emitter_at[row], outlets.demand_at[row]):
        if at >= 0:
            excess -= work.out[at, w]
    for x in range(dev.meets_begin[d], dev.meets_end[d]):
        excess += dev.meets_sign[x] * work.flow[dev.meets[x], w]
    return excess


@njit(cache=True, error_model="numpy", inline="always")
def _outlet_law(outlets, work, x, w):  # type: ignore[no-untyped-def]
    """Head loss and slope of an outlet; the slope is 0 where nothing is drawn."""
    if x < outlets.n_emitters:
        loss, slope = law.emitter(work.out[x, w], outlets.resistance[x], outlets.emitter_power)
    elif work.full[x, w] <= 0.0:
        loss, slope = 0.0, 0.0
    else:
        full, reach, power = work.full[x, w], outlets.demand_range, outlets.demand_power
        loss, slope = law.pressure_demand(work.out[x, w], full, reach, power)
    return loss, slope


@njit(cache=True, error_model="numpy")
def _assemble_outlets(outlets, work):  # type: ignore[no-untyped-def]
    for x in range(len(outlets.row)):
        i = outlets.row[x]
        for w in range(work.flow.shape[1]):
            loss, slope = _outlet_law(outlets, work, x, w)
            if slope > 0.0:
                work.matrix[i, w] += 1.0 / slope
                work.right[i, w] += (loss + outlets.ground[x]) / slope - work.out[x, w]


@njit(cache=True, error_model="numpy")
def update_devices(system, work):  # type: ignore[no-untyped-def]
    """New flows of devices and outlets from new heads, added to the sums of changes and of flows."""
    lay, dev = system.layout, system.devices
    for d in range(lay.n_devices):
        k = lay.first_device + d
        i, j, stalls = lay.tail[k], lay.head[k], dev.kind[d] == law.PUMP and dev.lift_law[d] == law.CONSTANT_POWER
        for w in range(work.flow.shape[1]):
            q = work.flow[k, w]
            dq = work.relax[w] * (work.y[k, w] - work.p[k, w] * (work.head[i, w] - work.head[j, w]))
            if stalls and dq - q > TIE * abs(q):
                dq = q / 2.0
            work.flow[k, w] = q - dq
            work.sums[0, w] += abs(dq)
            work.sums[1, w] += abs(q - dq)
    if len(system.outlets.row) > 0:
        _update_outlets(system.outlets, work)


@njit(cache=True, error_model="numpy")
def _update_outlets(outlets, work):  # type: ignore[no-untyped-def]
    for x in range(len(outlets.row)):
        i, ground = outlets.row[x], outlets.ground[x]
        for w in range(work.flow.shape[1]):
            loss, slope = _outlet_law(outlets, work, x, w)
            if slope > 0.0:
                dq = work.relax[w] * (loss - (work.head[i, w] - ground)) / slope
                work.out[x, w] -= dq
                work.sums[0, w] += abs(dq)
                work.sums[1, w] += abs(work.out[x, w])


@njit(cache=True, error_model="numpy")
def valve_states(system, work, w):  # type: ignore[no-untyped-def]
    """Change the states of PRVs and PSVs; whether any changed."""
    lay, dev, changed = system.layout, system.devices, False
    for d in range(lay.n_devices):
        kind = dev.kind[d]
        if (kind != law.PRV and kind != law.PSV) or np.isnan(work.setting[d, w]):
            continue
        k = lay.first_device + d
        h1, h2, q = work.head[lay.tail[k], w], work.head[lay.head[k], w], work.flow[k, w]
        wanted, lost = dev.grade[d] + work.setting[d, w], work.minor[k, w] * q * q
        before = work.status[d, w]
        work.status[d, w] = _valve_state(kind, before, wanted, lost, h1, h2, q)
        changed |= work.status[d, w] != before
    return changed


@njit(cache=True, error_model="numpy")
def _valve_state(kind, state, wanted, lost, h1, h2, q):  # type: ignore[no-untyped-def]
    tol, reducing = law.HEAD_TOLERANCE, kind == law.PRV
    if state != law.CLOSED and q < -law.FLOW_TOLERANCE:
        return law.CLOSED
    if state == law.ACTIVE:
        opens = h1 - lost < wanted - tol if reducing else h2 + lost > wanted + tol
        return law.OPEN if opens else state
    if state == law.OPEN:
        acts = h2 >= wanted + tol if reducing else h1 < wanted - tol
        return law.ACTIVE if acts else state
    if state == law.CLOSED:
        falls = h1 > h2 + tol
        if reducing:
            if h1 >= wanted + tol and h2 < wanted - tol:
                return law.ACTIVE
            return law.OPEN if h1 < wanted - tol and falls else state
        if falls and h2 > wanted + tol:
            return law.OPEN
        return law.ACTIVE if falls and h1 >= wanted + tol else state
    return state


@njit(cache=True, error_model="numpy")
def link_states(system, work, w):  # type: ignore[no-untyped-def]
    """Change the states of pumps, check valves, FCVs and links to tanks; whether any changed."""
    lay, dev, changed = system.layout, system.devices, False
    for d in range(lay.n_devices):
        k, before = lay.first_device + d, work.status[d, w]
        i, j, q = lay.tail[k], lay.head[k], work.flow[k, w]
        fall, state = work.head[i, w] - work.head[j, w], before
        if state == law.CANNOT_LIFT or state == law.TEMPORARILY_CLOSED:
            state = law.OPEN
        if dev.kind[d] == law.CHECK_PIPE:
            state = _check_state(state, fall, q)
        elif dev.kind[d] == law.PUMP and state >= law.OPEN and work.setting[d, w] > 0.0:
            most = work.setting[d, w] ** 2 * dev.highest[d]
            state = law.CANNOT_LIFT if -fall > most + law.HEAD_TOLERANCE else law.OPEN
        elif dev.kind[d] == law.FCV and not np.isnan(work.setting[d, w]):
            state = _flow_valve_state(before, fall, q, work.setting[d, w])
        if i >= lay.n_core or j >= lay.n_core:
            out = i >= lay.n_core
            tank, sign, pump = (i if out else j), (1.0 if out else -1.0), dev.kind[d] == law.PUMP
            low, high = dev.empty[tank - lay.n_core], dev.full[tank - lay.n_core]
            level = work.head[tank, w]
            state = _tank_state(state, level, low, high, sign * fall, sign * q, pump and not out, pump and out)
        work.status[d, w] = state
        changed |= state != before
    return changed


@njit(cache=True, error_model="numpy")
def _check_state(state, fall, q):  # type: ignore[no-untyped-def]
    if fall < -law.HEAD_TOLERANCE or q < -law.FLOW_TOLERANCE:
        return law.CLOSED
    return law.OPEN if fall > law.HEAD_TOLERANCE else state


@njit(cache=True, error_model="numpy")
def _flow_valve_state(state, fall, q, setting):  # type: ignore[no-untyped-def]
    if fall < -law.HEAD_TOLERANCE or q < -law.FLOW_TOLERANCE:
        return law.NO_FLOW
    return law.ACTIVE if state == law.NO_FLOW and q >= setting else state


@njit(cache=True, error_model="numpy")
def _tank_state(state, level, low, high, fall, outward, pumps_in, pumps_out):  # type: ignore[no-untyped-def]
    """Close a link that would fill a full tank or drain an empty one; ``fall`` is the head from the tank outwards."""
    if state <= law.CLOSED or np.isnan(low):
        return state
    pump = pumps_in or pumps_out
    if level >= high - law.HEAD_TOLERANCE:
        fills = pumps_in if pump else _check_state(law.OPEN, fall, outward) == law.CLOSED
        if fills:
            state = law.TEMPORARILY_CLOSED
    if level <= low + law.HEAD_TOLERANCE:
        drains = pumps_out if pump else _check_state(law.CLOSED, fall, outward) == law.OPEN
        if drains:
            state = law.TEMPORARILY_CLOSED
    return state


@njit(cache=True, error_model="numpy")
def pressure_switches(system, work, w):  # type: ignore[no-untyped-def]
    """Apply the controls on pressures; whether any link changed."""
    rules, dev, anything = system.rules, system.devices, False
    for c in range(len(rules.switch_row)):
        d, h, grade = rules.switch_device[c], work.head[rules.switch_row[c], w], rules.switch_grade[c]
        met = h >= grade - law.HEAD_TOLERANCE if rules.switch_above[c] else h <= grade + law.HEAD_TOLERANCE
        if not met:
            continue
        state, setting, kind = rules.switch_status[c], rules.switch_setting[c], dev.kind[d]
        same = work.setting[d, w] == setting or (np.isnan(work.setting[d, w]) and np.isnan(setting))
        changed = work.status[d, w] != state if kind <= law.PIPE else not same
        if kind > law.PUMP and same and np.isnan(setting):
            changed = work.status[d, w] != state
        if changed:
            work.status[d, w] = state
            if kind > law.PIPE:
                work.setting[d, w] = setting
            anything = True
    return anything


@njit(cache=True, error_model="numpy")
def demands_settled(system, work, w):  # type: ignore[no-untyped-def]
    """Whether demands driven by pressure are neither negative nor met without pressure."""
    outlets = system.outlets
    for x in range(outlets.n_emitters, len(outlets.row)):
        if work.full[x, w] > 0.0:
            short = work.head[outlets.row[x], w] - outlets.ground[x] < -DEFICIT_HEAD
            if work.out[x, w] < -DEFICIT_FLOW or (work.out[x, w] > DEFICIT_FLOW and short):
                return False
    return True
