"""Shapes of floods: a gamma curve, and a typical flood enlarged to a design peak or to peak and volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood.errors import FloodError, finite, positive


def gamma_hydrograph(
    time: ArrayLike, peak: ArrayLike, time_to_peak: float, shape: float = 3.0, base: ArrayLike = 0.0
) -> np.ndarray:
    """Flood with the shape of a gamma curve (Nash 1957): base + (peak - base) (s exp(1 - s))^shape, s = t / t_peak.

    Parameters
    ----------
    time
        Seconds, (n_steps,), from 0.
    peak, base
        m3/s, numbers or (...,).
    time_to_peak
        Seconds.
    shape
        Higher is sharper.

    Returns
    -------
    m3/s, (..., n_steps).
    """
    s = finite(time, "time") / positive(time_to_peak, "time_to_peak")
    curve = np.power(s * np.exp(1.0 - s), positive(shape, "shape"))
    low, high = np.asarray(base, np.float64)[..., None], np.asarray(peak, np.float64)[..., None]
    if (high < low).any():
        raise FloodError("peak: found a peak below the base flow; expected at least the base flow")
    return low + (high - low) * curve


def enlarged(typical: ArrayLike, peak: ArrayLike) -> np.ndarray:
    """Typical flood multiplied to design peaks (the same-multiple method of SL 44).

    Parameters
    ----------
    typical
        m3/s, (n_steps,).
    peak
        m3/s, (...,).

    Returns
    -------
    m3/s, (..., n_steps).
    """
    flood = finite(typical, "typical")
    return np.asarray(peak, np.float64)[..., None] * (flood / positive(float(flood.max()), "typical peak"))


def enlarged_to_volume(typical: ArrayLike, peak: float, volume: float, dt: float) -> np.ndarray:
    """Typical flood enlarged to a design peak, then bent by a power of the flow so that the volume is kept too.

    The ordinates are peak (q / q_max)^a, with the one exponent a > 0 that gives the volume (trapezoid rule): the peak
    stays where it is and no jump arises as between the multiples of the same-frequency method.

    Raises
    ------
    FloodError
        A volume that no exponent gives.
    """
    flood = finite(typical, "typical", at_least=3)
    relative = np.maximum(flood, 0.0) / positive(float(flood.max()), "typical peak")
    low, high = 1e-3, 1e3

    def of(exponent: float) -> float:
        return float(np.trapezoid(peak * relative**exponent, dx=dt))

    if not of(high) <= volume <= of(low):
        raise FloodError(f"volume: found {volume:g} m3; expected {of(high):g} to {of(low):g} at this peak and length")
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if of(middle) > volume else (low, middle)
    return peak * relative ** np.sqrt(low * high)
