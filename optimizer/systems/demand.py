"""Demand by period: knots of a table, straight lines between them, means over a period's years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.horizon import Horizon
from optimizer.region import Region
from optimizer.systems.tables import rows


@dataclass(frozen=True)
class Demand:
    """Places with a demand: ids, row of the first knot, units a year by period (place, period)."""

    places: list[str]
    first_row: list[int]
    quantity: np.ndarray


def demand_of(region: Region, commodity: str, horizon: Horizon) -> Demand:
    """Demand for a commodity, mean over the years of each period (docs: bring your region)."""
    frame = rows(region, "demand")
    frame = frame[frame["commodity"] == commodity].sort_values(["place_id", "year"], kind="stable")
    years = np.arange(horizon.first_year, horizon.end)
    mean = _means(horizon)
    places = frame["place_id"].astype(str).to_numpy()
    cut = np.flatnonzero(places[1:] != places[:-1]) + 1 if len(places) else np.empty(0, np.int64)
    at, amount, index = frame["year"].to_numpy(float), frame["quantity"].to_numpy(float), frame.index.to_numpy()
    first = np.concatenate([[0], cut]).astype(int) if len(places) else np.empty(0, int)
    lines = [interpolate(y, q, years) for y, q in zip(np.split(at, cut), np.split(amount, cut), strict=True) if len(y)]
    table = np.array(lines, float).reshape(len(lines), len(years)) @ mean
    return Demand([str(p) for p in places[first]], [int(i) for i in index[first]], table)


def interpolate(knots: np.ndarray, amounts: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Amounts by year: straight lines between knots, the first one before them, the last slope after them, never
    below 0.

    Parameters
    ----------
    knots, amounts
        Calendar years in rising order and units a year.
    years
        Calendar years asked for.
    """
    inside = np.interp(years, knots, amounts)
    if len(knots) > 1:
        slope = (amounts[-1] - amounts[-2]) / (knots[-1] - knots[-2])
        inside = np.where(years > knots[-1], amounts[-1] + slope * (years - knots[-1]), inside)
    return np.maximum(inside, 0.0)


def _means(horizon: Horizon) -> np.ndarray:
    """(year, period) weights that take the mean of a period's years."""
    weight = np.zeros((sum(horizon.lengths), horizon.n_periods))
    for t, (start, length) in enumerate(zip(horizon.starts, horizon.lengths, strict=True)):
        weight[start - horizon.first_year : start - horizon.first_year + length, t] = 1 / length
    return weight
