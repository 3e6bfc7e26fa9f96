"""Loss of head (water) or of squared pressure (gas) along a pipe. Arrays in, arrays out; no Pyomo."""

from __future__ import annotations

import math

import numpy as np

YEAR_SECONDS = 365 * 86_400.0
GRAVITY = 9.80665
ATMOSPHERE_KPA = 101.325
NORM_DENSITY = 0.785
"""kg/m3 of natural gas at 0 degrees C."""
TEMPERATURE = 283.15
VISCOSITY = 1.1e-5
GAS_CONSTANT = 101_325.0 / (273.15 * NORM_DENSITY)
RISE = 2 * GRAVITY / (GAS_CONSTANT * TEMPERATURE)
"""Growth of squared pressure for each metre down (1/m); the factor z is taken as 1, which errs on the careful side."""
BAR2 = 1e10
HAZEN_WILLIAMS = 4.727 * 0.3048 ** (4.871 - 3 * 1.852)
"""``h = 10.667 L q^1.852 / (C^1.852 d^4.871)``: 4.727 in feet and seconds (EPANET 2.2 manual)."""
COLEBROOK_STEPS = 40


def water_loss(length: np.ndarray, diameter: np.ndarray, coefficient: float, flow: np.ndarray) -> np.ndarray:
    """Metres of head lost at a flow (m3/s, 0 or more) by Hazen and Williams."""
    resistance = HAZEN_WILLIAMS * length / (coefficient**1.852 * diameter**4.871)
    return np.asarray(resistance * np.asarray(flow) ** 1.852)


def gas_loss(
    length: np.ndarray, diameter: np.ndarray, roughness: float, flow: np.ndarray, start: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Potential lost at a flow (m3/s at norm conditions, 0 or more), bar2.

    The law of docs/gas.md with z = 1, in potentials ``p^2 exp(RISE h)``, which makes it a plain difference.

    Parameters
    ----------
    roughness
        mm.
    start, end
        Heights of both ends above a common datum, m.
    """
    flow = np.asarray(flow, float)
    mass = flow * NORM_DENSITY
    s = RISE * (end - start)
    weight = np.where(np.abs(s) < 1e-9, 1.0, np.expm1(s) / np.where(np.abs(s) < 1e-9, 1.0, s))
    reynolds = 4 * mass / (math.pi * diameter * VISCOSITY)
    drag = friction(reynolds, roughness / 1000 / diameter) * length / diameter * mass**2
    force = 16 * GAS_CONSTANT * TEMPERATURE / (math.pi**2 * diameter**4) * drag
    return np.asarray(np.exp(RISE * start) * force * weight / BAR2)


def friction(reynolds: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Friction factor by Prandtl and Colebrook, never below 64/Re; 0 without flow."""
    re = np.maximum(np.asarray(reynolds, float), 1e-9)
    x = np.full(np.broadcast(re, relative).shape, 8.0)
    for _ in range(COLEBROOK_STEPS):
        x = np.maximum(-2 * np.log10(2.51 * x / re + relative / 3.71), 0.5)
    return np.asarray(np.where(np.asarray(reynolds) > 0, np.maximum(1 / x**2, 64 / re), 0.0))


def potential(medium: str, pressure: float | np.ndarray, elevation: float | np.ndarray) -> np.ndarray:
    """Potential of a pressure above the ground (m of water, or kPa gauge of gas) at an elevation over the datum."""
    if medium == "water":
        return np.asarray(pressure + np.asarray(elevation))
    absolute = (np.asarray(pressure) + ATMOSPHERE_KPA) / 100
    return np.asarray(absolute**2 * np.exp(RISE * np.asarray(elevation)))


def pressure(medium: str, at: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """The inverse of :func:`potential`."""
    if medium == "water":
        return np.asarray(at - elevation)
    return np.asarray(np.sqrt(np.maximum(at * np.exp(-RISE * elevation), 0.0)) * 100 - ATMOSPHERE_KPA)


def largest_flow(medium: str, diameter: np.ndarray, velocity: float, least: float) -> np.ndarray:
    """m3/s (gas: at norm conditions) at the largest velocity; gas at the smallest pressure, where it is fastest."""
    area = math.pi * np.asarray(diameter) ** 2 / 4
    if medium == "water":
        return np.asarray(velocity * area)
    return np.asarray(velocity * area * (least + ATMOSPHERE_KPA) / ATMOSPHERE_KPA * 273.15 / TEMPERATURE)
