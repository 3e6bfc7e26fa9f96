"""Head-loss laws of single links, as EPANET 2.2 has them, in SI units: what each gives at a flow.

A law returns ``(p, y)``: the inverse of the slope of the head loss, and the head loss divided by the slope (Todini and
Pilati 1988; EPANET 2.2 manual, section 12.1). The limits are EPANET's own, so that heads agree with it.
"""

from __future__ import annotations

import math

from network_models._numba import inner, kernel

FOOT = 0.3048
CUBIC_FOOT = FOOT**3
STEEPEST = 1e8 * FOOT / CUBIC_FOOT
"""Slope of a closed link, s/m2."""
FLATTEST = 1e-6 * FOOT / CUBIC_FOOT
"""Slope of an open valve without minor loss."""
LEAST_SLOPE = 1e-7 * FOOT / CUBIC_FOOT
"""A head loss flatter than this is taken as a straight line."""
TINY = 1e-6
HEAD_TOLERANCE = 0.0005 * FOOT
FLOW_TOLERANCE = 0.0001 * CUBIC_FOOT
HUGE = 1e10

HAZEN_WILLIAMS, DARCY_WEISBACH, CHEZY_MANNING, COLEBROOK_WHITE, NIKURADSE = range(5)
TURBULENT = 1000.0 * math.pi
"""Reynolds number 4000, times pi / 4; half of it bounds laminar flow."""
CRITICAL = 580.0 * math.pi
"""Reynolds number 2320, times pi / 4."""
SWAMEE_A8 = 5.74 * (math.pi / 4.0) ** 0.9
SWAMEE_A9 = -2.0 / math.log(10.0)
SWAMEE_AB = 5.74 / 4000.0**0.9
SWAMEE_AC = -2.0 * 0.9 * 2.0 / math.log(10.0) * SWAMEE_AB

COLEBROOK, COLEBROOK_STEPS = 2.51 * math.pi / 4.0, 3
"""Factor of the Reynolds number in Colebrook and White's formula (times pi / 4), and steps of Newton's method."""

CANNOT_LIFT, TEMPORARILY_CLOSED, CLOSED, OPEN, ACTIVE, NO_FLOW, NO_PRESSURE = 0, 1, 2, 3, 4, 6, 7
CHECK_PIPE, PIPE, PUMP, PRV, PSV, PBV, FCV, TCV, GPV = range(9)
POWER_LAW, CONSTANT_POWER, POINTS = 0, 1, 2


@inner(error_model="numpy")
def pipe(formula, q, resistance, minor, viscous, rough):  # type: ignore[no-untyped-def]
    """Open pipe; a negative resistance is a closed one."""
    if resistance < 0.0:
        return 1.0 / STEEPEST, q
    a = abs(q)
    if formula == HAZEN_WILLIAMS:
        slope, power = 1.852 * resistance * a**0.852, 1.852
    elif formula == CHEZY_MANNING:
        slope, power = 2.0 * resistance * a, 2.0
    else:
        return _darcy(formula, q, a, resistance, minor, viscous, rough)
    if slope < LEAST_SLOPE:
        slope = LEAST_SLOPE
        loss = slope * a
    else:
        loss = slope * a / power
    loss += minor * a * a
    slope += 2.0 * minor * a
    return 1.0 / slope, math.copysign(loss / slope, q)


@inner(error_model="numpy")
def _darcy(formula, q, a, resistance, minor, viscous, rough):  # type: ignore[no-untyped-def]
    laminar = 16.0 * math.pi * viscous * resistance
    if formula == NIKURADSE:
        total = resistance / (SWAMEE_A9 * math.log(rough / 3.71)) ** 2 + minor
        slope = laminar + 2.0 * total * a
        return 1.0 / slope, q * (laminar + total * a) / slope
    if a <= 0.5 * TURBULENT * viscous:
        slope = laminar + 2.0 * minor * a
        return 1.0 / slope, q * (laminar + minor * a) / slope
    friction, change = friction_factor(formula, a, rough, viscous)
    total = friction * resistance + minor
    slope = 2.0 * total * a + change * resistance * a * a
    return 1.0 / slope, total * a * q / slope


@inner(error_model="numpy")
def friction_factor(formula, a, rough, viscous):  # type: ignore[no-untyped-def]
    """Friction factor and its slope in flow from Reynolds 2000 on.

    By Swamee and Jain above 4000, by Dunlop's cubic below; or by Colebrook and White above 2320, on a line below.
    """
    w = a / viscous
    if formula == COLEBROOK_WHITE:
        if w >= CRITICAL:
            f, change = _colebrook(w, rough)
        else:
            top, _ = _colebrook(CRITICAL, rough)
            change = (top - 0.032) / (CRITICAL - 0.5 * TURBULENT)
            f = 0.032 + change * (w - 0.5 * TURBULENT)
        return f, change / viscous
    if w >= TURBULENT:
        y1 = SWAMEE_A8 / w**0.9
        y2 = rough / 3.7 + y1
        y3 = SWAMEE_A9 * math.log(y2)
        f = 1.0 / (y3 * y3)
        return f, 1.8 * f * y1 * SWAMEE_A9 / y2 / y3 / a
    y2 = rough / 3.7 + SWAMEE_AB
    y3 = SWAMEE_A9 * math.log(y2)
    fa = 1.0 / (y3 * y3)
    fb = (2.0 + SWAMEE_AC / (y2 * y3)) * fa
    r = w / (0.5 * TURBULENT)
    x1 = 7.0 * fa - fb
    x2 = 0.128 - 17.0 * fa + 2.5 * fb
    x3 = -0.128 + 13.0 * fa - (fb + fb)
    x4 = 0.032 - 3.0 * fa + 0.5 * fb
    f = x1 + r * (x2 + r * (x3 + r * x4))
    return f, (x2 + r * (2.0 * x3 + r * 3.0 * x4)) / viscous / (0.5 * TURBULENT)


@inner(error_model="numpy")
def _colebrook(w, rough):  # type: ignore[no-untyped-def]
    """Friction factor of Colebrook and White by Newton's method, and its slope in ``w``."""
    thin = COLEBROOK / w
    root = SWAMEE_A9 * math.log(rough / 3.7 + SWAMEE_A8 / w**0.9)
    for _ in range(COLEBROOK_STEPS):
        inside = rough / 3.7 + thin * root
        root -= (root - SWAMEE_A9 * math.log(inside)) / (1.0 - SWAMEE_A9 * thin / inside)
    fall = SWAMEE_A9 * thin / (rough / 3.7 + thin * root)
    return 1.0 / root**2, 2.0 * fall / (w * (1.0 - fall) * root**2)


@inner(error_model="numpy")
def valve(q, minor, closed):  # type: ignore[no-untyped-def]
    """Closed, or open with its minor loss."""
    if closed:
        return 1.0 / STEEPEST, q
    if minor > 0.0:
        slope = 2.0 * minor * abs(q)
        if slope < LEAST_SLOPE:
            return 1.0 / LEAST_SLOPE, q
        return 1.0 / slope, 0.5 * q
    return 1.0 / FLATTEST, q


@kernel(error_model="numpy")
def pump(q, speed, closed, shape, points, begin, end):  # type: ignore[no-untyped-def]
    """Pump at a speed; ``shape`` is law, shut-off head, factor and power; else points ``begin:end`` hold its curve."""
    kind, shutoff, factor, power = shape
    if closed or speed == 0.0:
        return 1.0 / STEEPEST, q
    a = abs(q)
    if kind == POINTS:
        lift, fall = segment(points, begin, end, a / speed)
        slope = -fall * speed
        return 1.0 / slope, (-lift * speed * speed + slope * q) / slope
    r = factor * speed ** (2.0 - power)
    if kind == CONSTANT_POWER:
        slope = r / (a * a)
        if slope > STEEPEST:
            return 1.0 / STEEPEST, -q
        if slope < LEAST_SLOPE:
            return 1.0 / LEAST_SLOPE, -q
        return 1.0 / slope, -r / q / slope
    lift = -speed * speed * shutoff
    if power == 1.0:
        return 1.0 / r, (lift + r * q) / r
    slope = power * r * a ** (power - 1.0)
    if slope < LEAST_SLOPE:
        return 1.0 / LEAST_SLOPE, (lift + LEAST_SLOPE * q) / LEAST_SLOPE
    return 1.0 / slope, (lift + slope * q / power) / slope


@inner(error_model="numpy")
def segment(points, begin, end, q):  # type: ignore[no-untyped-def]
    """Intercept and slope of the piece of a curve that holds a flow, the outer pieces prolonged."""
    k = begin
    while k < end and points[k, 0] < q:
        k += 1
    k = min(max(k, begin + 1), end - 1)
    slope = (points[k, 1] - points[k - 1, 1]) / (points[k, 0] - points[k - 1, 0])
    return points[k - 1, 1] - slope * points[k - 1, 0], slope


@inner(error_model="numpy")
def general_valve(q, points, begin, end):  # type: ignore[no-untyped-def]
    """Valve with a head-loss curve."""
    a = max(abs(q), TINY * CUBIC_FOOT)
    loss, slope = segment(points, begin, end, a)
    slope = max(slope, TINY * FOOT / CUBIC_FOOT)
    return 1.0 / slope, math.copysign(loss / slope + a, q)


@inner(error_model="numpy")
def emitter(q, resistance, power):  # type: ignore[no-untyped-def]
    """Head loss and slope of an emitter: ``resistance * q**power``."""
    slope = power * resistance * abs(q) ** (power - 1.0)
    if slope < LEAST_SLOPE:
        return LEAST_SLOPE * q, LEAST_SLOPE
    return slope * q / power, slope


@inner(error_model="numpy")
def pressure_demand(d, full, pressure, power):  # type: ignore[no-untyped-def]
    """Head above the least pressure, and its slope, at which a demand ``d`` of ``full`` is met (Wagner)."""
    share = d / full
    if share <= 0.0:
        return STEEPEST * d, STEEPEST
    if share >= 1.0:
        return pressure + STEEPEST * (d - full), STEEPEST
    slope = power * pressure * share ** (power - 1.0) / full
    if slope < LEAST_SLOPE:
        return LEAST_SLOPE * d, LEAST_SLOPE
    return slope * d / power, slope
