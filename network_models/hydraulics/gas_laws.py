"""Pressure lost by gas in pipes and gained in pumps: the laws and their derivatives, compiled.

A pipe from i to j, ``u = p**2``, mass flow m, obeys (isothermal, kinetic term neglected; Fügenschuh et al. 2015, in
Koch et al., Evaluating Gas Network Capacities, ch. 2):

    u_i - e**s u_j = z (16 R T / (pi**2 D**4)) (lambda L / D + zeta) m |m| (e**s - 1) / s,   s = 2 g (h_j - h_i) / (z R T)

with z at the mean pressure ``2/3 (p_i + p_j - p_i p_j / (p_i + p_j))``.
"""

from __future__ import annotations

import math
from enum import IntEnum

from network_models._numba import inner

GRAVITY = 9.80665
LOG_SCALE = 2.0 / math.log(10.0)
LAMINAR = 64.0
LEAST_TURBULENT = 600.0
"""Reynolds number below which every law of friction offered lies under the laminar one."""
LEAST_PRESSURE = 1e3
"""Pa that stand for a lower pressure in the factor z and at pumps while squared pressures may be negative."""
LEAST_FACTOR = 0.1
"""Factor z below which no law of compressibility is followed."""
ONSET = 0.1
"""kg/s at which a resistor takes off most of its fixed loss of pressure: makes the law smooth around no flow."""


class Law(IntEnum):
    """How lambda depends on the flow."""

    GIVEN = 0
    ROUGH = 1
    ROUGH_PLUS_LAMINAR = 2
    COLEBROOK = 3
    HOFER = 4


@inner(error_model="numpy", inline="always")
def colebrook(x: float, a: float, b: float) -> tuple[float, float]:
    """Improve ``x = 1 / sqrt(lambda)``, the root of ``x + 2 log10(a x + b)``, by one step of Newton's; x and the slope."""
    inner = a * x + b
    slope = 1.0 + LOG_SCALE * a / inner
    return max(x - (x + LOG_SCALE * math.log(inner)) / slope, 0.5), slope


@inner(error_model="numpy")
def drag(
    m: float, law: int, factor: float, rough: float, reynolds: float, slim: float, loss: float, x: float
) -> tuple[float, float, float]:
    """``(lambda L/D + zeta) m |m|``, its derivative, and the last ``1 / sqrt(lambda)``.

    Parameters
    ----------
    m
        kg/s.
    factor
        Lambda of the laws that do not depend on the flow.
    rough
        ``k / (3.71 D)``.
    reynolds
        Reynolds number at 1 kg/s.
    slim
        L/D.
    loss
        zeta.
    x
        ``1 / sqrt(lambda)`` to improve from.
    """
    size = abs(m)
    if law == Law.GIVEN:
        total = factor * slim + loss
        return total * m * size, 2.0 * total * size, x
    laminar = LAMINAR / reynolds * slim
    turbulent, slope = factor * slim * size * size, 2.0 * factor * slim * size
    if law == Law.ROUGH_PLUS_LAMINAR:
        turbulent += laminar * size
        slope += laminar
    elif law != Law.ROUGH and reynolds * size > LEAST_TURBULENT:
        turbulent, slope, x = _smooth(size, law, rough, reynolds, slim, x)
    if turbulent < laminar * size or size == 0.0 or (law >= Law.COLEBROOK and reynolds * size <= LEAST_TURBULENT):
        turbulent, slope = laminar * size, laminar
    turbulent += loss * size * size
    return math.copysign(turbulent, m), slope + 2.0 * loss * size, x


@inner(error_model="numpy", inline="always")
def _smooth(size: float, law: int, rough: float, reynolds: float, slim: float, x: float) -> tuple[float, float, float]:
    """Loss and slope of the laws in which lambda falls with the Reynolds number."""
    re = reynolds * size
    if law == Law.COLEBROOK:
        a = 2.51 / re
        x, slope = colebrook(x, a, rough)
        relative = LOG_SCALE * a / ((a * x + rough) * slope)
    else:
        tens = math.log(re / 7.0) * 0.5 * LOG_SCALE
        inner = 4.518 / re * tens + rough
        x = -LOG_SCALE * math.log(inner)
        relative = LOG_SCALE / (inner * x) * 4.518 / re * (tens - 0.5 * LOG_SCALE)
    flat = slim / (x * x) * size
    return flat * size, 2.0 * flat * (1.0 - relative), x


@inner(error_model="numpy")
def weight(s: float) -> tuple[float, float]:
    """``(e**s - 1) / s`` and its derivative, by series near 0."""
    if abs(s) < 1e-4:
        return 1.0 + s * (0.5 + s / 6.0), 0.5 + s * (1.0 / 3.0 + s / 8.0)
    grown = math.exp(s)
    return (grown - 1.0) / s, (grown * (s - 1.0) + 1.0) / (s * s)


@inner(error_model="numpy")
def mean_pressure(p: float, q: float) -> tuple[float, float, float]:
    """Mean pressure along a pipe and its derivatives by both ends."""
    total = p + q
    fraction = p / total
    return (
        (2.0 / 3.0) * (total - q * fraction),
        (2.0 / 3.0) * (1.0 - (1.0 - fraction) ** 2),
        (2.0 / 3.0) * (1.0 - fraction * fraction),
    )


@inner(error_model="numpy")
def pipe_law(
    ui: float,
    uj: float,
    pi: float,
    pj: float,
    friction: float,
    slope: float,
    base: float,
    rise: float,
    fixed_loss: float,
    m: float,
    z: tuple[float, float, float],
) -> tuple[float, float, float, float]:
    """Residual ``u_i - e**s u_j - ...`` and its derivatives by u_i, by -u_j and by -m.

    Parameters
    ----------
    friction, slope
        ``(lambda L/D + zeta) m |m|`` and its derivative.
    base
        ``16 R T / (pi**2 D**4)``.
    rise
        ``2 g (h_j - h_i) / (R T)``: s is ``rise / z``.
    fixed_loss
        Pa taken off whatever the flow.
    """
    c0, c1, c2 = z
    if c1 == 0.0 and c2 == 0.0 and rise == 0.0 and fixed_loss == 0.0:
        return ui - uj - c0 * base * friction, 1.0, 1.0, c0 * base * slope
    pm, di, dj = mean_pressure(pi, pj)
    factor, bent = max(c0 + pm * (c1 + pm * c2), LEAST_FACTOR), c1 + 2.0 * pm * c2
    s = rise / factor if rise != 0.0 else 0.0
    phi, bow = weight(s)
    grown = 1.0 + s * phi
    lost = factor * base * friction * phi
    by_z = -base * friction * (phi - s * bow)
    if s != 0.0:
        by_z += uj * grown * s / factor
    by_i, by_j = 1.0, grown
    if pi > LEAST_PRESSURE and pj > LEAST_PRESSURE:
        share = 0.5 * by_z * bent / (pi * pj)
        by_i += share * di * pj
        by_j -= share * dj * pi
    residual, by_m = ui - grown * uj - lost, factor * base * slope * phi
    if fixed_loss > 0.0:
        spread = math.sqrt(m * m + ONSET * ONSET)
        part = m / spread
        residual -= fixed_loss * part * (pi + pj)
        by_i -= fixed_loss * part / (2.0 * pi)
        by_j += fixed_loss * part / (2.0 * pj)
        by_m += fixed_loss * (pi + pj) * ONSET * ONSET / spread**3
    return residual, by_i, by_j, by_m


@inner(error_model="numpy")
def pump_law(
    uj: float, pi: float, m: float, c0: float, c1: float, c2: float, rise: float, warmth: float, z: float
) -> tuple[float, float, float, float]:
    """Residual ``(p_i + lift)**2 - e**s u_j`` and its derivatives as those of ``pipe_law``.

    Parameters
    ----------
    c0, c1, c2
        Of the gain of pressure by the flow at the tail; it is odd in the flow beyond c0, and never below 0.
    rise, warmth, z
        As for pipes; ``R T``; factor at the tail.
    """
    volume = z * warmth / pi
    flow = m * volume
    lift, slope = c0 + flow * (c1 + c2 * abs(flow)), c1 + 2.0 * c2 * abs(flow)
    if lift < 0.0:
        lift, slope = 0.0, 0.0
    outlet, grown = pi + lift, math.exp(rise / z)
    return outlet * outlet - grown * uj, outlet / pi, grown, -2.0 * outlet * slope * volume
