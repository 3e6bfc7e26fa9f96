"""Channel sections: area, normal and critical depth by Manning's formula, ratings, and the power law that routing uses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models._numba import inner, kernel
from network_models.flood.errors import FloodError, finite, positive, rising

GRAVITY = 9.81
DEEPEST = 1e4


@kernel(error_model="numpy")
def area_width_perimeter(depth, bottom, bank):  # type: ignore[no-untyped-def]
    """Area, top width and wetted perimeter of a trapezoid; ``bank`` is horizontal by vertical."""
    top = bottom + 2.0 * bank * depth
    return 0.5 * (bottom + top) * depth, top, bottom + 2.0 * depth * math.sqrt(1.0 + bank * bank)


@inner(error_model="numpy")
def friction_slope(q, depth, bottom, bank, manning):  # type: ignore[no-untyped-def]
    """Manning's friction slope at a flow and depth."""
    area, _, perimeter = area_width_perimeter(depth, bottom, bank)
    return (manning * q / area) ** 2 * (perimeter / area) ** (4.0 / 3.0)


@kernel(error_model="numpy")
def normal_depth(q, slope, bottom, bank, manning):  # type: ignore[no-untyped-def]
    """Depth of uniform flow, by bisection to the last bit."""
    low, high = 0.0, DEEPEST
    while True:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            return high
        if friction_slope(q, middle, bottom, bank, manning) > slope:
            low = middle
        else:
            high = middle


@kernel(error_model="numpy")
def critical_depth(q, bottom, bank, gravity):  # type: ignore[no-untyped-def]
    """Depth of Froude number 1, by bisection to the last bit."""
    low, high = 0.0, DEEPEST
    while True:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            return high
        area, width, _ = area_width_perimeter(middle, bottom, bank)
        if q * q * width > gravity * area * area * area:
            low = middle
        else:
            high = middle


@dataclass(frozen=True)
class PowerSection:
    """Area A = coefficient Q^exponent of uniform flow, and a top width in m: what Muskingum-Cunge needs."""

    coefficient: float
    exponent: float
    width: float


@dataclass(frozen=True)
class Channel:
    """Prismatic trapezoidal channel.

    Parameters
    ----------
    bottom
        Width of the bed, m.
    manning
        s/m^(1/3).
    bank
        Horizontal by vertical; 0 is a rectangle.
    """

    bottom: float
    manning: float
    bank: float = 0.0

    def __post_init__(self) -> None:
        positive(self.bottom, "bottom")
        positive(self.manning, "manning")
        if not self.bank >= 0:
            raise FloodError(f"bank: found {self.bank}; expected 0 or more")

    def normal_depth(self, discharge: float, slope: float) -> float:
        """Depth of uniform flow, m."""
        q, s = positive(discharge, "discharge"), positive(slope, "slope")
        return float(normal_depth(q, s, self.bottom, self.bank, self.manning))

    def critical_depth(self, discharge: float) -> float:
        """Depth of critical flow, m."""
        return float(critical_depth(positive(discharge, "discharge"), self.bottom, self.bank, GRAVITY))

    def rating(self, discharge: ArrayLike, slope: float, bed: float) -> np.ndarray:
        """Level of uniform flow, m above datum, for discharges (n,) above zero."""
        flow = finite(discharge, "discharge")
        return bed + np.array([self.normal_depth(float(q), slope) for q in flow])

    def power_section(self, slope: float, low: float, high: float) -> PowerSection:
        """Power law of the area through uniform flow at two discharges; the width is that of the higher.

        For a wide rectangle the exponent is 3/5 (Manning). Between the two discharges the law follows a trapezoid
        closely, and beyond them it is extrapolated.
        """
        rising([low, high], "discharges of the power law")
        sizes = [area_width_perimeter(self.normal_depth(q, slope), self.bottom, self.bank) for q in (low, high)]
        exponent = math.log(sizes[1][0] / sizes[0][0]) / math.log(high / low)
        return PowerSection(sizes[1][0] / high**exponent, exponent, sizes[1][1])


def wide_section(width: float, slope: float, manning: float) -> PowerSection:
    """Power law of a wide rectangle by Manning: A = (n B^(2/3) / S^(1/2))^(3/5) Q^(3/5)."""
    size = positive(manning, "manning") * positive(width, "width") ** (2.0 / 3.0) / math.sqrt(positive(slope, "slope"))
    return PowerSection(size**0.6, 0.6, width)
