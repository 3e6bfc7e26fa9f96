"""Expected annual damage of zones under many configurations of the works on a river."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood.damage import FREQUENT, DepthDamage, expected_annual_damage, falling_probability, zone_damage
from network_models.flood.errors import FloodError
from network_models.flood.river import River
from network_models.flood.route import Routed, route


@dataclass(frozen=True)
class Exposure:
    """What stands in a zone.

    Parameters
    ----------
    ground, value
        Height of bands of ground in m above datum, and CNY on them, (n_bands,).
    curve
        Share lost by depth.
    """

    ground: Sequence[float]
    value: Sequence[float]
    curve: DepthDamage


@dataclass(frozen=True)
class ZoneDamage:
    """Damage by configuration.

    Parameters
    ----------
    expected
        CNY a year, (n_configurations, n_zones).
    damage
        CNY, (n_configurations, n_events, n_zones).
    overtopping
        Exceedance probability at which each levee is topped, (n_configurations, n_zones); 0 where the rarest event
        passes, the most frequent event's or more where all top it.
    routed
        The floods.
    """

    expected: np.ndarray
    damage: np.ndarray
    overtopping: np.ndarray
    routed: Routed


def evaluate(
    river: River,
    lateral: ArrayLike,
    dt: float,
    return_period: ArrayLike,
    exposure: Sequence[Exposure],
    *,
    crest: ArrayLike,
    joint: ArrayLike = False,
    table: ArrayLike | None = None,
    frequent: float = FREQUENT,
) -> ZoneDamage:
    """Route one event of each return period under every configuration and integrate the damage.

    The damage of a zone vanishes in floods more frequent than the one that just tops its levee. That probability lies
    where the flow beside the levee, straight in probability between events, meets the flow that reaches the crest.

    Parameters
    ----------
    return_period
        Years, rising, (n_events,): of the events in ``lateral``, in their order.
    exposure
        Of each zone, in the order of ``river.zones``.
    crest, joint, table
        As for ``route``.

    Raises
    ------
    FloodError
        Return periods or exposures that do not fit the events and zones.
    """
    p = falling_probability(return_period)
    found = route(river, lateral, dt, crest=crest, joint=joint, table=table)
    if found.stored.shape[1:] != (len(p), len(exposure)):
        raise FloodError(
            f"found {found.stored.shape[1]} events and {found.stored.shape[2]} zones; "
            f"expected {len(p)} return periods and {len(exposure)} exposures, one for each"
        )
    losses = [zone_damage(found.level[:, :, z], e.ground, e.value, e.curve) for z, e in enumerate(exposure)]
    damage = np.stack(losses, axis=2) if losses else np.zeros(found.stored.shape)
    topped = overtopping(river, p, found.arriving, _crests(crest, found.stored.shape), frequent)
    expected = expected_annual_damage(p, np.swapaxes(damage, 1, 2), overtopping=topped, frequent=frequent)
    return ZoneDamage(expected, damage, topped, found)


def _crests(crest: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.asarray(crest, np.float64), (shape[0], shape[2]))


def overtopping(river: River, p: np.ndarray, arriving: np.ndarray, crest: np.ndarray, frequent: float) -> np.ndarray:
    """Probability at which the flow beside each levee reaches its crest, (n_configurations, n_zones).

    Parameters
    ----------
    p
        Exceedance probability of the events, falling, (n_events,).
    arriving
        Greatest flow beside each zone, (n_configurations, n_events, n_zones).
    crest
        (n_configurations, n_zones), m above datum.
    frequent
        As for ``evaluate``.
    """
    out = np.zeros(crest.shape)
    for z in range(crest.shape[1]):
        flow, level = river.arrays.rating_flow[z], river.arrays.rating_level[z]
        for c in range(len(crest)):
            out[c, z] = _meets(
                p, np.maximum.accumulate(arriving[c, :, z]), _flow_at(crest[c, z], flow, level), frequent
            )
    return out


def _flow_at(crest: float, flow: np.ndarray, level: np.ndarray) -> float:
    """Least flow whose level is at the crest, on the last line of the rating beyond it."""
    if crest <= level[-1]:
        return float(np.interp(crest, np.maximum.accumulate(level), flow))
    rise = level[-1] - level[-2]
    return float(flow[-1] + (crest - level[-1]) * (flow[-1] - flow[-2]) / rise) if rise > 0 else np.inf


def _meets(p: np.ndarray, peak: np.ndarray, limit: float, frequent: float) -> float:
    if peak[0] > limit:
        return max(frequent, float(p[0]))
    if peak[-1] <= limit:
        return 0.0
    k = int(np.argmax(peak > limit))
    return float(p[k - 1] + (p[k] - p[k - 1]) * (limit - peak[k - 1]) / (peak[k] - peak[k - 1]))
