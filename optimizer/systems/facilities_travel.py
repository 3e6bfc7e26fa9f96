"""Who may be served by whom, and what that is worth: pairs (origin, site) and links (site, upper) as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.systems.facilities_config import Catchment, Coverage, Legs, Within, Worth
from optimizer.systems.tables import Values


@dataclass(frozen=True)
class Ends:
    """Places at one end of a leg, with what a catchment goes by."""

    places: list[str]
    county: np.ndarray
    prefecture: np.ndarray


@dataclass(frozen=True)
class Edges:
    """Pairs or links: positions of both ends, minutes and kilometres."""

    tail: np.ndarray
    head: np.ndarray
    minutes: np.ndarray
    km: np.ndarray

    def keep(self, which: np.ndarray) -> Edges:
        """Those for which the mask (or index array) holds."""
        return Edges(self.tail[which], self.head[which], self.minutes[which], self.km[which])


def allowed(catchment: Catchment, tails: Ends, heads: Ends, minutes: np.ndarray) -> np.ndarray:
    """Which heads a tail may use, (tail, head) bool; reachability is left aside except by a travel time."""
    if isinstance(catchment, Within):
        return np.asarray(minutes <= catchment.within_minutes)
    if catchment == "own_county":
        return np.asarray(tails.county[:, None] == heads.county[None, :])
    return np.asarray(tails.prefecture[:, None] == heads.prefecture[None, :])


def nearest_edges(minutes: np.ndarray, km: np.ndarray, usable: np.ndarray, most: int) -> Edges:
    """The ``most`` nearest usable heads of every tail, in the order of tails and then of time.

    Ties go to the head that comes first.
    """
    times = np.where(usable, minutes, np.inf)
    order = np.argsort(times, axis=1, kind="stable")[:, :most]
    tail = np.repeat(np.arange(len(times)), order.shape[1])
    head = order.ravel()
    edges = Edges(tail, head, times[tail, head], km[tail, head])
    return edges.keep(np.isfinite(edges.minutes))


def weights(coverage: Coverage | None, minutes: np.ndarray) -> np.ndarray:
    """How well a travel time serves, 0..1 (threshold: all or nothing; graded: linear from the standard to zero)."""
    if coverage is None:
        return np.ones_like(minutes)
    if coverage.form == "threshold" or coverage.zero_at_minutes is None:
        return np.asarray(minutes <= coverage.standard_minutes, float)
    span = coverage.zero_at_minutes - coverage.standard_minutes
    return np.clip((coverage.zero_at_minutes - minutes) / span, 0.0, 1.0)


def unit_worth(worth: Worth, values: Values, weight: np.ndarray, minutes: np.ndarray, km: np.ndarray) -> np.ndarray:
    """CNY a unit served over pairs is worth: gains as well as the standard is kept, less costs and the way to the site."""
    gain, cost = values.total(worth.gains), values.total(worth.costs)
    return np.asarray(gain * weight - cost - leg_cost(worth, values, "access", minutes, km))


def leg_cost(worth: Worth, values: Values, leg: str, minutes: np.ndarray, km: np.ndarray) -> np.ndarray:
    """CNY a unit loses on a leg: transport by km (less what it saves), time, and spoilage 1 - exp(-rate * hours)."""
    per_km = _key(worth.per_km, leg, values) - _key(worth.saved_per_km, leg, values)
    cost = per_km * km + _key(worth.per_hour, leg, values) * minutes / 60
    if worth.spoilage is not None:
        rate = _key(worth.spoilage.per_hour, leg, values)
        cost = cost + values.total(worth.spoilage.of) * -np.expm1(-rate * minutes / 60)
    return np.asarray(cost)


def _key(legs: Legs, leg: str, values: Values) -> float:
    return values.optional(getattr(legs, leg))
