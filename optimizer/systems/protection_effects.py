"""Which works matter for which zone, and the tables of expected damage over their levels. No Pyomo."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from network_models.flood.tabulate import influences
from optimizer.systems.protection_basin import LEVEE, Basin

SMALL = 1e-9


@dataclass(frozen=True)
class Matter:
    """Works of one zone: in its table, left out of it for its size, and too slight to be looked at."""

    axes: tuple[int, ...]
    left_out: tuple[int, ...]
    slight: tuple[int, ...]


class Tables:
    """Tables of every zone.

    A work elsewhere is tested one level at a time, with all other works as they stand, with all at their last level, and
    with all but the levees at their last level. It matters for a zone when it changes the zone's expected damage by
    more than ``negligible`` of what is lost today (where that is 0, whenever it could). The works that matter most
    enter the table until it has ``most_states``.
    """

    def __init__(self, basin: Basin) -> None:
        self.basin, self.d = basin, basin.d
        self.counts = [int(c) for c in self.d["work_levels"]]
        self.negligible, self.most = float(basin.attrs["negligible"]), int(basin.attrs["most_states"])

    @cached_property
    def structural(self) -> list[set[int]]:
        """By zone, works upstream (or beside, or behind a joint rule) that could change its flow, and its own levee."""
        b, reach = self.basin, influences(self.basin.river.arrays)
        found = []
        for z in range(b.n_zones):
            row = reach[b.place[z]]
            works = {int(self.d["zone_levee"][v]) for v in range(b.n_zones) if row[b.place[v]]}
            for i in np.flatnonzero(row[b.n_zones :]):
                works |= {int(self.d["storage_work"][i]), int(self.d["storage_joint"][i])}
            found.append({w for w in works if w >= 0})
        return found

    @cached_property
    def matter(self) -> list[Matter]:
        """What matters for each zone."""
        effect, found = self.spread, []
        for z, works in enumerate(self.structural):
            own = [w for w in (int(self.d["zone_levee"][z]), int(self.d["zone_warning"][z])) if w >= 0]
            others = sorted(works - set(own), key=lambda w: (-effect[z, w].max(), w))
            least = self.negligible * max(self.today[z], SMALL) if self.negligible else -1.0
            felt = [w for w in others if effect[z, w].max() > least]
            axes, left = list(own), list[int]()
            for w in felt:
                small = math.prod(self.counts[a] for a in axes) * self.counts[w] <= self.most
                (axes if small else left).append(w)
            slight = tuple(sorted(set(others) - set(felt)))
            found.append(Matter(tuple(axes), tuple(left), slight))
        return found

    @cached_property
    def changes(self) -> np.ndarray:
        """(zone, work, level, period, test) change of damage between a level and the first, CNY a year."""
        works, last = len(self.counts), np.array(self.counts, np.int64) - 1
        grounds = [np.zeros(works, np.int64), last, np.where(self.d["work_kind"] == LEVEE, 0, last)]
        states = [
            np.where(np.arange(works) == w, level, ground)
            for ground in grounds
            for w in range(works)
            for level in range(self.counts[w])
        ]
        found = iter(self.basin.floods(np.array(states, np.int64).reshape(-1, works)).expected)
        shape = (self.basin.n_zones, works, max(self.counts, default=1), self.basin.n_periods, len(grounds))
        change = np.zeros(shape)
        for g in range(len(grounds)):
            for w in range(works):
                damage = np.array([next(found) for _ in range(self.counts[w])])
                change[:, w, : self.counts[w], :, g] = np.moveaxis(damage - damage[0], 1, 0)
        return change

    @cached_property
    def spread(self) -> np.ndarray:
        """(zone, work, period) most by which two levels of a work differed in any test."""
        return np.asarray((self.changes.max(axis=2) - self.changes.min(axis=2)).max(axis=-1))

    @cached_property
    def today(self) -> np.ndarray:
        """(zone,) what is lost with everything as it stands, mean over the periods."""
        still = np.zeros((1, len(self.counts)), np.int64)
        return np.asarray(self.basin.floods(still).expected[0].mean(axis=1))

    # ---- tables
    def states_of(self, axes: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Levels of all works in every entry of a table; works beside the axes stay as they stand."""
        states = []
        for picked in itertools.product(*(range(self.counts[w]) for w in axes)):
            state = [0] * len(self.counts)
            for w, level in zip(axes, picked, strict=True):
                state[w] = level
            states.append(tuple(state))
        return states

    def arrays(self) -> dict[str, Any]:
        """Variables of the tables: ``table``, ``axis``, ``entry``, ``beside`` (docs/flood.md)."""
        needed = {s: None for m in self.matter for s in self.states_of(m.axes)}
        index = {s: k for k, s in enumerate(needed)}
        floods = self.basin.floods(np.array(list(needed), np.int64).reshape(len(needed), len(self.counts)))
        kept = self.basin.kept(np.array(list(needed), np.int64).reshape(len(needed), len(self.counts)))
        tables, axes, entries, beside = (list[Any]() for _ in range(4))
        for z, m in enumerate(self.matter):
            low = self._lowest(z) if m.left_out or m.slight else None
            axes += [(len(tables), w) for w in m.axes]
            for s in self.states_of(m.axes):
                k = index[s]
                damage = floods.expected[k, z] * kept[k, z]
                least = damage if low is None else np.minimum(damage, low[self._level(z, s)] * kept[k, z])
                entries.append((len(tables), damage, floods.topped[k, z], least))
            tables.append((z, 0))
            beside += [(z, w, 0, *self._falls(z, w)) for w in m.left_out]
            beside += [(z, w, 1, *self._falls(z, w)) for w in m.slight]
            if self.d["rain_area"][z] > 0:
                rain = self.basin.cloudbursts(z)
                works = tuple(w for w in (int(self.d["zone_drain"][z]), int(self.d["zone_warning"][z])) if w >= 0)
                axes += [(len(tables), w) for w in works]
                for s in self.states_of(works):
                    level = s[self.d["zone_drain"][z]] if self.d["zone_drain"][z] >= 0 else 0
                    damage = rain[level] * self.basin.kept(np.array([s]))[0, z]
                    entries.append((len(tables), damage, np.zeros_like(damage), damage))
                tables.append((z, 1))
        levels = self.changes.shape[2]
        return _arrays(tables, axes, entries, self.basin.n_periods) | _beside(beside, levels, self.basin.n_periods)

    def _falls(self, z: int, w: int) -> tuple[np.ndarray, np.ndarray]:
        """(level, period) by how much a work was seen to make damage less, (period,) and to change it, at most."""
        return np.maximum(0.0, -self.changes[z, w].min(axis=-1)), self.spread[z, w]

    def _level(self, z: int, state: tuple[int, ...]) -> int:
        work = int(self.d["zone_levee"][z])
        return state[work] if work >= 0 else 0

    def _lowest(self, z: int) -> np.ndarray:
        """(own level, period) lower bound of a zone's damage whatever is done elsewhere; 0 unless it is to be proved.

        Everything that is stored, topped or ruled upstream lets nothing out. All that is left of the river routes more
        water to more water, and a zone behind more water never holds less (``levee_step``).
        """
        reach, d = int(self.d["zone_reach"][z]), self.d
        places = self.basin.place
        levels = max(1, self.counts[d["zone_levee"][z]] if d["zone_levee"][z] >= 0 else 1)
        ahead = any(d["zone_reach"][v] == reach and places[v] < places[z] for v in range(self.basin.n_zones))
        if ahead or self.basin.attrs["bound"] != "proven":
            return np.zeros((levels, self.basin.n_periods))
        storages = len(d["reach_downstream"]) + np.arange(len(d["storage_work"]))
        cut = {int(r) for r in d["zone_reach"] if r != reach} | {int(s) for s in storages}
        states = np.zeros((levels, len(self.counts)), np.int64)
        if d["zone_levee"][z] >= 0:
            states[:, d["zone_levee"][z]] = np.arange(levels)
        return np.asarray(self.basin.floods(states, frozenset(cut)).expected[:, z])


def _column(listed: list[Any], k: int) -> np.ndarray:
    return np.array([row[k] for row in listed], np.int64)


def _figures(listed: list[Any], k: int, *shape: int) -> np.ndarray:
    return np.array([row[k] for row in listed], float).reshape(len(listed), *shape)


def _arrays(tables: list[Any], axes: list[Any], entries: list[Any], periods: int) -> dict[str, Any]:
    return {
        "table_zone": ("table", _column(tables, 0)), "table_rain": ("table", _column(tables, 1)),
        "axis_table": ("axis", _column(axes, 0)), "axis_work": ("axis", _column(axes, 1)),
        "entry_table": ("entry", _column(entries, 0)), "entry_damage": (("entry", "period"), _figures(entries, 1, periods)),
        "entry_topped": (("entry", "period"), _figures(entries, 2, periods)),
        "entry_low": (("entry", "period"), _figures(entries, 3, periods)),
    }  # fmt: skip


def _beside(listed: list[Any], levels: int, periods: int) -> dict[str, Any]:
    return {
        "beside_zone": ("beside", _column(listed, 0)), "beside_work": ("beside", _column(listed, 1)),
        "beside_slight": ("beside", _column(listed, 2)),
        "beside_fall": (("beside", "level", "period"), _figures(listed, 3, levels, periods)),
        "beside_spread": (("beside", "period"), _figures(listed, 4, periods)),
    }  # fmt: skip
