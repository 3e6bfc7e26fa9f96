"""Heights of places above the sea, by a rule that follows valleys where the grid shows ridges."""

from __future__ import annotations

import math
from functools import lru_cache

from data.gansu.build.files import Row, read_facts

GRID = 1 / 3
"""Degrees between points of the grid."""
FOLLOWED = 0.15
"""Share of the grid's difference from the county seat that a settlement is given: people live along the valleys."""
MOST_ABOVE_SEAT_M = 120.0
UNCERTAIN_M, UNCERTAIN_SHARE = 8.0, 0.25
"""Standard deviation of a height: this much at the seat, and a share of the difference from it."""


@lru_cache(maxsize=1)
def _grid() -> dict[tuple[int, int], float]:
    return {
        (round(float(r["lon"]) / GRID * 2), round(float(r["lat"]) / GRID * 2)): float(r["elevation_m"])
        for r in read_facts("elevation_grid.csv")
    }


def on_grid(lon: float, lat: float) -> float:
    """Bilinear between the four points of the 20-minute grid around a place, m."""
    x, y = (lon / GRID - 0.5), (lat / GRID - 0.5)
    i, j = math.floor(x), math.floor(y)
    u, v = x - i, y - j
    corner = {(a, b): _grid()[2 * (i + a) + 1, 2 * (j + b) + 1] for a in (0, 1) for b in (0, 1)}
    low = corner[0, 0] * (1 - u) + corner[1, 0] * u
    high = corner[0, 1] * (1 - u) + corner[1, 1] * u
    return low * (1 - v) + high * v


def elevations(county_rows: list[Row], township_rows: list[Row]) -> list[Row]:
    """Rows of elevations.csv: seats as in counties.csv, townships near them by rule."""
    rows: list[Row] = []
    for c in county_rows:
        base = float(c["elevation_m"])
        rows.append(_row(f"S{c['county_id']}", base, 0.0))
        seat = on_grid(float(c["lon"]), float(c["lat"]))
        for t in township_rows:
            if t["county_id"] == c["county_id"]:
                rise = FOLLOWED * (on_grid(float(t["lon"]), float(t["lat"])) - seat)
                rise = max(-MOST_ABOVE_SEAT_M, min(MOST_ABOVE_SEAT_M, rise))
                rows.append(_row(str(t["place_id"]), base + rise, rise))
    return rows


def _row(place: str, height: float, rise: float) -> Row:
    spread = UNCERTAIN_M + UNCERTAIN_SHARE * abs(rise)
    return {"place_id": place, "elevation_m": float(round(height)), "uncertainty_m": float(round(spread))}
