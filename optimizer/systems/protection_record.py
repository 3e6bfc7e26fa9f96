"""What floods of each return period do in a plan's zones and rivers, year by year, for the plan's file. No Pyomo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimizer.systems.protection_basin import Basin, Floods
from optimizer.systems.protection_lookup import Lookup

WORDS = {
    "damage": ("CNY", "damage of a river flood, warning included", "洪水损失"),
    "depth": ("m", "water above the lowest ground of a zone", "保护区水深"),
    "peak": ("m3/s", "peak flow out of a reach", "河段洪峰流量"),
    "topped": ("1/yr", "probability that the levee is topped", "漫堤概率"),
    "expected": ("CNY/yr", "expected annual damage by river floods, warning included", "年期望洪水损失"),
}
"""Unit and names of what is kept twice: under the plan, by period, and (``_today``) with the works as they stand."""


def record(look: Lookup, basin: Basin, levels: np.ndarray) -> xr.Dataset:
    """Route every flood through the works of every period, through none of them, and without each work of the last period.

    Parameters
    ----------
    levels
        (work, period) of the plan.

    Returns
    -------
    ``damage`` and ``depth`` (zone, event, period), ``peak`` (reach, event, period), ``topped`` and ``expected`` (zone,
    period); each again as ``<name>_today`` with the works as they stand before planning; ``change`` (work, zone), CNY a
    year: expected damage in the last period less what it would be there without the work.
    """
    last = levels[:, -1]
    raised = np.flatnonzero(last)
    without = np.repeat(last[None, :], len(raised), axis=0)
    without[np.arange(len(raised)), raised] = 0
    periods = levels.shape[1]
    floods = _Routed.of(basin, np.vstack([levels.T, np.zeros((1, len(last)), np.int64), without]))
    plan, today = np.arange(periods), np.full(periods, periods)
    change = np.zeros((look.n_works, look.sizes["zone"]))
    if len(raised):
        change[raised] = floods.expected[periods - 1, :, -1] - floods.expected[periods + 1 :, :, -1]
    return xr.Dataset({
        **floods.by_period(plan, ""),
        **floods.by_period(today, "_today"),
        "change": (("work", "zone"), change, _attributes("CNY/yr", "change of expected damage through a work", "工程引起的损失变化")),
    })  # fmt: skip


@dataclass(frozen=True)
class _Routed:
    """Floods in some states of the works: (state, zone, period) expected damage with warning, and what else is kept."""

    basin: Basin
    floods: Floods
    kept: np.ndarray
    back: np.ndarray

    @classmethod
    def of(cls, basin: Basin, states: np.ndarray) -> _Routed:
        """Route each state that differs once; ``back`` finds it for every state given."""
        found, back = np.unique(states, axis=0, return_inverse=True)
        return cls(basin, basin.floods(found), basin.kept(found), back.ravel())

    @property
    def expected(self) -> np.ndarray:
        """(state, zone, period) CNY a year."""
        return np.asarray((self.floods.expected * self.kept[:, :, None])[self.back])

    def by_period(self, states: np.ndarray, suffix: str) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]:
        """Variables of a dataset: in every period the state (period,) that holds then."""
        at, t = self.back[states], np.arange(len(states))
        values = self.basin.values * float(self.basin.attrs["damages"])
        share = self.floods.share[at] * self.kept[at][:, :, None, None]
        reaches = self.floods.routed.peak[at][:, :, : self.basin.sizes["reach"]]
        found = {
            "damage": (("zone", "event", "period"), np.einsum("tzcv,zct->zvt", share, values)),
            "depth": (("zone", "event", "period"), self._depth(at)),
            "peak": (("reach", "event", "period"), np.moveaxis(reaches, (0, 1, 2), (2, 1, 0))),
            "topped": (("zone", "period"), self.floods.topped[at, :, t].T),
            "expected": (("zone", "period"), (self.floods.expected * self.kept[:, :, None])[at, :, t].T),
        }
        return {f"{name}{suffix}": (dims, array, _attributes(*WORDS[name])) for name, (dims, array) in found.items()}

    def _depth(self, at: np.ndarray) -> np.ndarray:
        """(zone, event, period) m above the lowest ground, 0 where dry."""
        level = self.floods.routed.level[at][:, :, self.basin.place]
        return np.maximum(np.moveaxis(level, (0, 1, 2), (2, 1, 0)) - self.basin.d["zone_ground"][:, None, None], 0.0)


def _attributes(unit: str, english: str, chinese: str) -> dict[str, str]:
    return {"units": unit, "long_name": english, "long_name_zh": chinese}
