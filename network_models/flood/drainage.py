"""Urban drainage: design rainfall by intensity, duration and frequency against the capacity of the drains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood.errors import FloodError, positive, rising


@dataclass(frozen=True)
class StormFormula:
    """Storm intensity of Chinese cities (GB 50014): i = A1 (1 + C lg P) / (t + b)^n, mm/min, t in minutes, P in years.

    Parameters
    ----------
    a1, c, b, n
        The city's published parameters; ``a1`` in mm/min.
    """

    a1: float
    c: float
    b: float
    n: float

    def mean_intensity(self, return_period: ArrayLike, minutes: ArrayLike) -> np.ndarray:
        """Mean intensity of a storm of that duration, mm/min."""
        t = np.asarray(minutes, np.float64)
        return self._strength(return_period) / np.power(t + self.b, self.n)

    def depth(self, return_period: ArrayLike, minutes: ArrayLike) -> np.ndarray:
        """Rain in a storm of that duration, mm."""
        return self.mean_intensity(return_period, minutes) * np.asarray(minutes, np.float64)

    def _strength(self, return_period: ArrayLike) -> np.ndarray:
        strength = self.a1 * (1.0 + self.c * np.log10(np.asarray(return_period, np.float64)))
        if not (strength > 0).all():
            raise FloodError("storm formula: found no rain at this return period; expected a longer return period")
        return strength

    def design_storm(self, return_period: float, minutes: float, step: float, peak_at: float = 0.4) -> np.ndarray:
        """Chicago hyetograph (Keifer and Chu 1957): of every duration around the peak, the formula's depth.

        Parameters
        ----------
        return_period
            Years.
        minutes, step
            Duration and time step; the step divides the duration.
        peak_at
            Place of the peak as a share of the duration.

        Returns
        -------
        Rain in each step in mm, (minutes / step,); the sum is ``depth(return_period, minutes)``.
        """
        count = round(minutes / positive(step, "step"))
        if abs(count * step - minutes) > 1e-9 * minutes or not 0 < peak_at < 1:
            raise FloodError(
                f"storm: found {minutes:g} min by {step:g}, peak at {peak_at:g}; expected whole steps, 0..1"
            )
        time = np.arange(count + 1) * step - peak_at * minutes
        share = np.where(time < 0, peak_at, 1.0 - peak_at)
        return np.diff(np.sign(time) * share * self.depth(return_period, np.abs(time) / share))


def surplus(
    rain: ArrayLike, step: float, area: float, runoff: float, capacity: ArrayLike, store: float = 0.0
) -> np.ndarray:
    """Largest volume that waits on the ground while the drains run full.

    Parameters
    ----------
    rain
        mm in each step, (n_steps,).
    step
        Minutes.
    area, runoff
        Catchment in m2 and its runoff coefficient 0..1.
    capacity
        Drains, m3/s, (...,).
    store
        Detention that fills first, m3.

    Returns
    -------
    m3, (...,).
    """
    inflow = np.asarray(rain, np.float64) * (1e-3 * area * runoff)
    drained = np.asarray(capacity, np.float64) * (60.0 * step)
    waiting, most = np.zeros(np.shape(drained)), np.zeros(np.shape(drained))
    for volume in inflow:
        waiting = np.maximum(0.0, waiting + volume - drained)
        most = np.maximum(most, waiting)
    return np.maximum(0.0, most - store)


def level_of_volume(volume: ArrayLike, level: ArrayLike, volume_at: ArrayLike) -> np.ndarray:
    """Level at which a hollow of known shape holds a volume; level and volume rise together.

    Parameters
    ----------
    volume
        m3, (...,).
    level, volume_at
        m above datum and m3 below it, (n_points,); the first volume is 0.
    """
    z, v = rising(level, "level"), rising(volume_at, "volume")
    wanted = np.asarray(volume, np.float64)
    slope = (z[-1] - z[-2]) / (v[-1] - v[-2])
    return np.where(wanted > v[-1], z[-1] + (wanted - v[-1]) * slope, np.interp(wanted, v, z))
