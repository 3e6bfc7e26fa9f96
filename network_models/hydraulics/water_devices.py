"""Links that change their state, and outflows that follow pressure, in one lane of the working arrays.

The rules of status are those of EPANET 2.2 (manual, section 12.1.4): the same checks in the same order, so that a
network with several consistent states ends in the same one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import inner
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


@inner()
def _controlled(kind, setting):  # type: ignore[no-untyped-def]
    """Whether a link is a PRV, PSV or FCV that looks after itself."""
    return (kind == law.PRV or kind == law.PSV or kind == law.FCV) and not np.isnan(setting)


@inner(error_model="numpy")
def _valve_law(kind, q, setting, state, minor, unit):  # type: ignore[no-untyped-def]
    """``(p, y)`` of a valve other than a GPV; an active PRV or PSV is left to ``_hold_pressures``."""
    if state == law.ACTIVE and _controlled(kind, setting):
        return (1.0 / law.STEEPEST, q - setting) if kind == law.FCV else (0.0, q)
    if kind == law.PBV and setting > 0.0 and minor * q * q <= setting:
        return BIG_CONDUCTANCE, setting * BIG_CONDUCTANCE
    if kind == law.TCV and not np.isnan(setting):
        minor = setting * unit
    return law.valve(q, minor, state <= law.CLOSED)


@inner(error_model="numpy")
def assemble_devices(system, work):  # type: ignore[no-untyped-def]
    """Add devices and outlets to the matrix and the right-hand side."""
    if system.layout.n_devices > 0:
        _linearise_devices(system.layout, system.devices, work, system.rules.formula)
        _add_devices(system.layout, work)
    if len(system.outlets.row) > 0:
        _assemble_outlets(system.outlets, work)
    if system.devices.n_holding > 0:
        _hold_pressures(system, work)


@inner(error_model="numpy")
def _linearise_devices(lay, dev, work, formula):  # type: ignore[no-untyped-def]
    """``p`` and ``y`` of devices at their flows; arrays are named first, as a look-up in a tuple counts references."""
    flow, p, y, resistance, minor = work.flow, work.p, work.y, work.resistance, work.minor
    viscous, rough, states, settings = work.viscous, work.rough, work.status, work.setting
    kinds, lift, shutoff, factor, power = dev.kind, dev.lift_law, dev.shutoff, dev.factor, dev.power
    points, begin, end, first = dev.points, dev.begin, dev.end, lay.first_device
    for d in range(lay.n_devices):
        k, kind = first + d, kinds[d]
        for w in range(flow.shape[1]):
            q, setting, state = flow[k, w], settings[d, w], states[d, w]
            closed = state <= law.CLOSED
            if kind <= law.PIPE:
                drag = -1.0 if closed else resistance[k, w]
                p[k, w], y[k, w] = law.pipe(formula, q, drag, minor[k, w], viscous[k, w], rough[k, w])
            elif kind == law.PUMP:
                shape = (lift[d], shutoff[d], factor[d], power[d])
                p[k, w], y[k, w] = law.pump(q, setting, closed, shape, points, begin[d], end[d])
            elif kind == law.GPV and not closed:
                p[k, w], y[k, w] = law.general_valve(q, points, begin[d], end[d])
            else:
                p[k, w], y[k, w] = _valve_law(kind, q, setting, state, minor[k, w], rough[k, w])


@inner(error_model="numpy")
def _add_devices(lay, work):  # type: ignore[no-untyped-def]
    """Conductance ``p`` between the ends of each device, and the flow ``flow - y`` that does not depend on heads."""
    flow, p, y, matrix, right, head = work.flow, work.p, work.y, work.matrix, work.right, work.head
    tails, heads, entries, n = lay.tail, lay.head, lay.entry, lay.n_core
    for k in range(lay.first_device, lay.first_device + lay.n_devices):
        i, j, entry = tails[k], heads[k], entries[k]
        for w in range(flow.shape[1]):
            conductance, through = p[k, w], flow[k, w] - y[k, w]
            if i < n:
                matrix[i, w] += conductance
                right[i, w] -= through
                if j >= n:
                    right[i, w] += conductance * head[j, w]
            if j < n:
                matrix[j, w] += conductance
                right[j, w] += through
                if i >= n:
                    right[j, w] += conductance * head[i, w]
            if entry >= 0:
                matrix[n + entry, w] -= conductance


@inner(error_model="numpy")
def _hold_pressures(system, work):  # type: ignore[no-untyped-def]
    """Active PRVs and PSVs: the head they hold, and the flow that their node needs."""
    lay, dev = system.layout, system.devices
    for d in range(lay.n_devices):
        kind, k = dev.kind[d], lay.first_device + d
        if kind != law.PRV and kind != law.PSV:
            continue
        reduces = kind == law.PRV
        keeps, other = (lay.head[k], lay.tail[k]) if reduces else (lay.tail[k], lay.head[k])
        for w in range(work.flow.shape[1]):
            if work.status[d, w] == law.ACTIVE and not np.isnan(work.setting[d, w]):
                excess = _excess(system, work, d, keeps, w)
                work.y[k, w] = work.flow[k, w] + (excess if reduces else -excess)
                work.matrix[keeps, w] += BIG_CONDUCTANCE
                work.right[keeps, w] += (dev.grade[d] + work.setting[d, w]) * BIG_CONDUCTANCE
                work.right[other, w] += min(excess, 0.0) if reduces else max(excess, 0.0)


@inner(error_model="numpy", inline="always")
def _excess(system, work, d, row, w):  # type: ignore[no-untyped-def]
    """Flow that arrives at a node without the valve, less what is drawn there."""
    dev, outlets, flow = system.devices, system.outlets, work.flow
    meets, sign = dev.meets, dev.meets_sign
    excess = -work.draw[system.layout.core[row], w]
    emitter, demand = outlets.emitter_at[row], outlets.demand_at[row]
    if emitter >= 0:
        excess -= work.out[emitter, w]
    if demand >= 0:
        excess -= work.out[demand, w]
    for x in range(dev.meets_begin[d], dev.meets_end[d]):
        excess += sign[x] * flow[meets[x], w]
    return excess


@inner(error_model="numpy")
def _outlet_law(emits, q, full, resistance, emitter_power, reach, demand_power):  # type: ignore[no-untyped-def]
    """Head loss and slope of an outlet; the slope is 0 where nothing is drawn."""
    if emits:
        return law.emitter(q, resistance, emitter_power)
    if full <= 0.0:
        return 0.0, 0.0
    return law.pressure_demand(q, full, reach, demand_power)


@inner(error_model="numpy")
def _assemble_outlets(outlets, work):  # type: ignore[no-untyped-def]
    out, full, matrix, right = work.out, work.full, work.matrix, work.right
    rows, ground, resistance = outlets.row, outlets.ground, outlets.resistance
    laws = (outlets.emitter_power, outlets.demand_range, outlets.demand_power)
    for x in range(len(rows)):
        i, emits = rows[x], x < outlets.n_emitters
        for w in range(out.shape[1]):
            loss, slope = _outlet_law(emits, out[x, w], full[x, w], resistance[x], laws[0], laws[1], laws[2])
            if slope > 0.0:
                matrix[i, w] += 1.0 / slope
                right[i, w] += (loss + ground[x]) / slope - out[x, w]


@inner(error_model="numpy")
def update_devices(system, work):  # type: ignore[no-untyped-def]
    """New flows of devices and outlets from new heads, added to the sums of changes and of flows."""
    lay, dev = system.layout, system.devices
    flow, p, y, head, relax, sums = work.flow, work.p, work.y, work.head, work.relax, work.sums
    tails, heads, kinds, lift = lay.tail, lay.head, dev.kind, dev.lift_law
    for d in range(lay.n_devices):
        k = lay.first_device + d
        i, j, stalls = tails[k], heads[k], kinds[d] == law.PUMP and lift[d] == law.CONSTANT_POWER
        for w in range(flow.shape[1]):
            q = flow[k, w]
            dq = relax[w] * (y[k, w] - p[k, w] * (head[i, w] - head[j, w]))
            if stalls and dq - q > TIE * abs(q):
                dq = q / 2.0
            flow[k, w] = q - dq
            sums[0, w] += abs(dq)
            sums[1, w] += abs(q - dq)
    if len(system.outlets.row) > 0:
        _update_outlets(system.outlets, work)


@inner(error_model="numpy")
def _update_outlets(outlets, work):  # type: ignore[no-untyped-def]
    out, full, head, relax, sums = work.out, work.full, work.head, work.relax, work.sums
    rows, grounds, resistance = outlets.row, outlets.ground, outlets.resistance
    laws = (outlets.emitter_power, outlets.demand_range, outlets.demand_power)
    for x in range(len(rows)):
        i, ground, emits = rows[x], grounds[x], x < outlets.n_emitters
        for w in range(out.shape[1]):
            loss, slope = _outlet_law(emits, out[x, w], full[x, w], resistance[x], laws[0], laws[1], laws[2])
            if slope > 0.0:
                dq = relax[w] * (loss - (head[i, w] - ground)) / slope
                out[x, w] -= dq
                sums[0, w] += abs(dq)
                sums[1, w] += abs(out[x, w])


@inner(error_model="numpy")
def valve_states(lay, dev, work, w):  # type: ignore[no-untyped-def]
    """Change the states of PRVs and PSVs; whether any changed."""
    changed, kinds = False, dev.kind
    for d in range(lay.n_devices):
        kind = kinds[d]
        if (kind == law.PRV or kind == law.PSV) and not np.isnan(work.setting[d, w]):
            k = lay.first_device + d
            h1, h2, q = work.head[lay.tail[k], w], work.head[lay.head[k], w], work.flow[k, w]
            wanted, lost = dev.grade[d] + work.setting[d, w], work.minor[k, w] * q * q
            before = work.status[d, w]
            work.status[d, w] = _valve_state(kind, before, wanted, lost, h1, h2, q)
            changed |= work.status[d, w] != before
    return changed


@inner(error_model="numpy")
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


@inner(error_model="numpy")
def link_states(system, work, w):  # type: ignore[no-untyped-def]
    """Change the states of pumps, check valves, FCVs and links to tanks; whether any changed."""
    lay, dev, changed = system.layout, system.devices, False
    kinds, tails, heads, head, flow, states = dev.kind, lay.tail, lay.head, work.head, work.flow, work.status
    for d in range(lay.n_devices):
        k, before = lay.first_device + d, states[d, w]
        i, j, q = tails[k], heads[k], flow[k, w]
        fall, state = head[i, w] - head[j, w], before
        if state == law.CANNOT_LIFT or state == law.TEMPORARILY_CLOSED:
            state = law.OPEN
        if kinds[d] == law.CHECK_PIPE:
            state = _check_state(state, fall, q)
        elif kinds[d] == law.PUMP and state >= law.OPEN and work.setting[d, w] > 0.0:
            most = work.setting[d, w] ** 2 * dev.highest[d]
            state = law.CANNOT_LIFT if -fall > most + law.HEAD_TOLERANCE else law.OPEN
        elif kinds[d] == law.FCV and not np.isnan(work.setting[d, w]):
            state = _flow_valve_state(before, fall, q, work.setting[d, w])
        if i >= lay.n_core or j >= lay.n_core:
            out = i >= lay.n_core
            tank, sign, pump = (i if out else j), (1.0 if out else -1.0), kinds[d] == law.PUMP
            low, high = dev.empty[tank - lay.n_core], dev.full[tank - lay.n_core]
            level = head[tank, w]
            state = _tank_state(state, level, low, high, sign * fall, sign * q, pump and not out, pump and out)
        states[d, w] = state
        changed |= state != before
    return changed


@inner(error_model="numpy")
def _check_state(state, fall, q):  # type: ignore[no-untyped-def]
    if fall < -law.HEAD_TOLERANCE or q < -law.FLOW_TOLERANCE:
        return law.CLOSED
    return law.OPEN if fall > law.HEAD_TOLERANCE else state


@inner(error_model="numpy")
def _flow_valve_state(state, fall, q, setting):  # type: ignore[no-untyped-def]
    if fall < -law.HEAD_TOLERANCE or q < -law.FLOW_TOLERANCE:
        return law.NO_FLOW
    return law.ACTIVE if state == law.NO_FLOW and q >= setting else state


@inner(error_model="numpy")
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


@inner(error_model="numpy")
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


@inner(error_model="numpy")
def demands_settled(system, work, w):  # type: ignore[no-untyped-def]
    """Whether demands driven by pressure are neither negative nor met without pressure."""
    outlets = system.outlets
    for x in range(outlets.n_emitters, len(outlets.row)):
        if work.full[x, w] > 0.0:
            short = work.head[outlets.row[x], w] - outlets.ground[x] < -DEFICIT_HEAD
            if work.out[x, w] < -DEFICIT_FLOW or (work.out[x, w] > DEFICIT_FLOW and short):
                return False
    return True
