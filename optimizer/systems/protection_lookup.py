"""Tables of expected damage as they are looked up: axes, entries, what a zone loses today. No Pyomo."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

from optimizer.problem import SystemProblem
from optimizer.systems.protocol import ColumnTag

NEAR = 1e-9


class Lookup:
    """Arrays of a system by name (``d``) and its tables."""

    def __init__(self, system: SystemProblem) -> None:
        self.name, self.attrs = system.name, system.data.attrs
        self.d = {str(n): v.values for n, v in system.data.variables.items()}
        self.sizes = {str(k): int(n) for k, n in system.data.sizes.items()}
        self.n_tables, self.n_works = self.sizes["table"], self.sizes["work"]

    @cached_property
    def axes(self) -> list[list[int]]:
        """Works of every table, in the order of its entries."""
        return [[int(w) for w in self.d["axis_work"][self.d["axis_table"] == j]] for j in range(self.n_tables)]

    @cached_property
    def entries(self) -> list[np.ndarray]:
        """Entries of every table, the last axis running fastest."""
        return [np.flatnonzero(self.d["entry_table"] == j) for j in range(self.n_tables)]

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Levels along the axes of every table."""
        return [tuple(int(self.d["work_levels"][w]) for w in axes) for axes in self.axes]

    @cached_property
    def beside_rows(self) -> list[np.ndarray]:
        """Rows of ``beside`` of every table: works that can change its damage, however little, and are not in it."""
        return [
            np.flatnonzero((self.d["beside_zone"] == self.d["table_zone"][j]) & (self.d["table_rain"][j] == 0))
            for j in range(self.n_tables)
        ]

    @cached_property
    def beside(self) -> list[list[int]]:
        """The works of these rows."""
        return [[int(w) for w in self.d["beside_work"][rows]] for rows in self.beside_rows]

    @property
    def proven(self) -> bool:
        """Whether what bounds the damage beside tables is proved, not tested."""
        return bool(self.attrs["bound"] == "proven")

    def whole(self, table: int) -> bool:
        """Whether every work that can change the zone's damage is in the table."""
        return not self.beside[table]

    def most_above(self, table: int, damage: np.ndarray, t: int) -> float:
        """The most that damages (entry,) of a table lie above what is proved, CNY a year."""
        return float(np.maximum(0.0, damage - self.d["entry_low"][self.entries[table], t]).max())

    def falls(self, table: int, t: int) -> np.ndarray:
        """(work beside, level) by how much a table's damage can be less when a work beside it leaves its first level."""
        rows = self.beside_rows[table]
        if not self.proven:
            return np.asarray(self.d["beside_fall"][rows, :, t])
        most = self.most_above(table, self.d["entry_damage"][self.entries[table], t], t)
        falls = np.full((len(rows), self.sizes["level"]), most)
        falls[:, 0] = 0.0
        return falls

    def entry(self, table: int, levels: np.ndarray) -> int:
        """Entry of a table in a state (work,) of the works."""
        place = np.ravel_multi_index(tuple(int(levels[w]) for w in self.axes[table]), self.shapes[table]) if self.axes[table] else 0
        return int(self.entries[table][place])

    def levels(self, states: np.ndarray) -> np.ndarray:
        """(work, period) level of every work from (candidate, period) states in service."""
        mine = states[self.d["work_candidate"]]
        return np.asarray((self.d["work_state"][:, :, None] == mine[:, None, :]).argmax(axis=1))

    def county_of(self, table: int) -> int:
        """County of a table's zone."""
        return int(self.d["zone_county"][self.d["table_zone"][table]])

    def level_tag(self, table: int, work: int, level: int, t: int) -> ColumnTag:
        """Column of a work's level as the county of a table sees it."""
        county = self.county_of(table)
        if county == int(self.d["work_county"][work]):
            return ColumnTag(self.name, "level", (work, level, t))
        return ColumnTag(self.name, "seen", (county, work, level, t))

    def picked(self, table: int, t: int) -> list[ColumnTag]:
        """Columns that say which entry of a table holds; none for a table of one entry."""
        axes = self.axes[table]
        if len(axes) > 1:
            return [ColumnTag(self.name, "pick", (int(e), t)) for e in self.entries[table]]
        return [self.level_tag(table, w, k, t) for w in axes for k in range(int(self.d["work_levels"][w]))]

    @cached_property
    def today(self) -> np.ndarray:
        """(table, period) damage with everything as it stands before planning."""
        return np.asarray(self.d["entry_damage"][[e[0] for e in self.entries]])

    def by_county(self, amount: np.ndarray, counties: int) -> np.ndarray:
        """(county, period) sums of (table, period)."""
        found = np.zeros((counties, amount.shape[1]))
        np.add.at(found, [self.county_of(j) for j in range(self.n_tables)], amount)
        return found

    def promised(self, levels: np.ndarray) -> np.ndarray:
        """(table, period) damage by the tables, works (work, period) beside them left aside."""
        periods = range(levels.shape[1])
        return np.array(
            [[self.d["entry_damage"][self.entry(j, levels[:, t]), t] for t in periods] for j in range(self.n_tables)]
        ).reshape(self.n_tables, len(periods))

    def topped(self, levels: np.ndarray) -> np.ndarray:
        """(zone, period) probability a year that the levee is topped, by the tables."""
        found = np.zeros((self.sizes["zone"], levels.shape[1]))
        for j in np.flatnonzero(self.d["table_rain"] == 0):
            for t in range(levels.shape[1]):
                found[self.d["table_zone"][j], t] = self.d["entry_topped"][self.entry(int(j), levels[:, t]), t]
        return found

    def below_standard(self, topped: np.ndarray, zone: int) -> np.ndarray:
        """Whether probabilities of overtopping miss a zone's standard; a zone without one misses nothing."""
        standard = float(self.d["zone_standard"][zone])
        return np.asarray(topped > (1.0 / standard if standard else np.inf) + NEAR)

    def lost(self, levels: np.ndarray) -> np.ndarray:
        """(place, period) expected share of a year without service at the places in zones."""
        topped = self.topped(levels)
        return np.asarray(topped[self.d["place_zone"]] * self.d["place_outage"][:, None])


def damage_of(decisions: xr.Dataset) -> np.ndarray:
    """(table, period) expected damage that a plan promises."""
    return np.asarray(decisions["damage"].values)
