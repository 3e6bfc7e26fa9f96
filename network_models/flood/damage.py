"""Damage by depth, and expected annual damage by integration over the exceedance probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood.errors import FloodError, finite, rising

FREQUENT = 0.5
"""Exceedance probability at which damage is taken to vanish, where the most frequent event is rarer than that."""


@dataclass(frozen=True)
class DepthDamage:
    """Share of the value lost by depth; straight between points, level beyond the last, nothing below the first.

    Parameters
    ----------
    depth
        m, rising, from 0.
    share
        0..1, never falling.
    """

    depth: np.ndarray
    share: np.ndarray

    @classmethod
    def from_points(cls, depth: ArrayLike, share: ArrayLike, name: str = "depth-damage curve") -> DepthDamage:
        """Make a curve.

        Raises
        ------
        FloodError
            Depths that do not rise, shares that fall or lie outside 0..1, or lengths that differ.
        """
        d, s = rising(depth, f"{name}, depth"), rising(share, f"{name}, damage share", strictly=False)
        if len(d) != len(s):
            raise FloodError(f"{name}: found {len(d)} depths and {len(s)} shares; expected as many of each")
        if s[0] < 0 or s[-1] > 1 or d[0] < 0:
            raise FloodError(
                f"{name}: found {s[0]:g}..{s[-1]:g} from depth {d[0]:g}; expected 0..1 from depth 0 or more"
            )
        return cls(d, s)

    def __call__(self, depth: ArrayLike) -> np.ndarray:
        """Share lost at a depth in m; a dry place loses nothing."""
        d = np.asarray(depth, np.float64)
        share = np.interp(d, self.depth, self.share, left=0.0)
        return np.where(d > 0.0, share, 0.0)


def zone_damage(level: ArrayLike, ground: ArrayLike, value: ArrayLike, curve: DepthDamage) -> np.ndarray:
    """Damage in a zone flooded to a level: assets by band of ground height.

    Parameters
    ----------
    level
        Water level behind the levee in m above datum, (...,); -inf where dry.
    ground
        Ground height of the bands, m above datum, (n_bands,).
    value
        Value of the assets of each band, CNY, (n_bands,).

    Returns
    -------
    CNY, (...,).
    """
    depth = np.asarray(level, np.float64)[..., None] - finite(ground, "ground")
    return (curve(depth) * finite(value, "value")).sum(-1)


def falling_probability(return_period: ArrayLike) -> np.ndarray:
    """Exceedance probabilities of return periods, checked to fall.

    Raises
    ------
    FloodError
        Return periods that do not rise, or are not above one year.
    """
    period = rising(return_period, "return_period")
    if period[0] <= 1:
        raise FloodError(f"return_period, item 1: found {period[0]:g}; expected more than 1 year")
    return 1.0 / period


def expected_annual_damage(
    probability: ArrayLike,
    damage: ArrayLike,
    *,
    overtopping: ArrayLike | None = None,
    frequent: float = FREQUENT,
) -> np.ndarray:
    """Expected annual damage: the integral of damage over the exceedance probability.

    Between events damage is straight in probability. Tails: beyond the rarest event its damage holds; below the most
    frequent, damage falls on a line to zero at probability ``frequent`` (where that is more frequent).
    With ``overtopping`` probability p0 nothing is lost in floods more frequent than p0, and the curve has there both
    limits: 0 above p0, below it the value of the line between its neighbours (of the tail, where p0 lies in a tail).

    Parameters
    ----------
    probability
        Exceedance probability a year, falling, (n_events,).
    damage
        CNY, (..., n_events); what would be lost without regard to ``overtopping``.
    overtopping
        Probability at which the protection is overtopped, (...,); None where ``damage`` says all.
    frequent
        See above.

    Returns
    -------
    CNY a year, (...,).

    Raises
    ------
    FloodError
        Probabilities that do not fall, or lie outside 0..1.
    """
    p = _falling(probability)
    d = np.asarray(damage, np.float64)
    if d.shape[-1] != len(p):
        raise FloodError(f"damage: found {d.shape[-1]} events; expected {len(p)}")
    p, d = _with_tails(p, d, frequent)
    if overtopping is None:
        return (0.5 * (d[..., 1:] + d[..., :-1]) * (p[:-1] - p[1:])).sum(-1)
    limit = np.asarray(overtopping, np.float64)[..., None]
    low, high = np.minimum(p[1:], limit), np.minimum(p[:-1], limit)
    slope = (d[..., :-1] - d[..., 1:]) / (p[:-1] - p[1:])
    middle = d[..., 1:] + slope * (0.5 * (low + high) - p[1:])
    return (middle * (high - low)).sum(-1)


def damage_at(
    probability: ArrayLike, damage: ArrayLike, at: ArrayLike, *, overtopping: float = 1.0, frequent: float = FREQUENT
) -> np.ndarray:
    """Damage of a flood of a given exceedance probability by the rules of ``expected_annual_damage``: for Monte Carlo.

    Parameters
    ----------
    probability, damage
        (n_events,) each.
    at
        Probabilities, (...,).
    """
    p, d = _with_tails(_falling(probability), np.asarray(damage, np.float64), frequent)
    where = np.asarray(at, np.float64)
    return np.where(where < overtopping, np.interp(where, p[::-1], d[::-1], right=0.0), 0.0)


def _falling(probability: ArrayLike) -> np.ndarray:
    p = finite(probability, "probability")
    if len(p) > 1 and (np.diff(p) >= 0).any():
        k = int(np.argmax(np.diff(p) >= 0)) + 1
        raise FloodError(
            f"probability, item {k + 1}: found {p[k]:g} after {p[k - 1]:g}; expected falling probabilities"
        )
    if p[0] > 1 or p[-1] <= 0:
        raise FloodError(f"probability: found {p[-1]:g}..{p[0]:g}; expected above 0 and at most 1")
    return p


def _with_tails(p: np.ndarray, d: np.ndarray, frequent: float) -> tuple[np.ndarray, np.ndarray]:
    if p[0] < frequent:
        p, d = np.concatenate([[frequent], p]), np.concatenate([np.zeros_like(d[..., :1]), d], axis=-1)
    return np.concatenate([p, [0.0]]), np.concatenate([d, d[..., -1:]], axis=-1)


def grown(value: ArrayLike, growth: float, years: ArrayLike) -> np.ndarray:
    """Damage of today's exposure, grown by a rate a year: value (1 + growth)^years, (..., n_years)."""
    return np.asarray(value, np.float64)[..., None] * np.power(1.0 + growth, np.asarray(years, np.float64))


def trended(probability: ArrayLike, trend: float, years: float) -> np.ndarray:
    """Exceedance probabilities after years in which floods of a size become more frequent by ``trend`` a year, below 1.

    The rate of exceedance -ln(1 - p) grows by (1 + trend)^years, so that probabilities stay below 1 and keep falling.
    """
    p = _falling(probability)
    return -np.expm1(np.log1p(-np.minimum(p, 1 - 1e-12)) * (1.0 + trend) ** years)
