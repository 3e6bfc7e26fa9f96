"""What a region's tables say of rivers, storages and flood zones, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

import networkx as nx

from optimizer.errors import Finding, InputError
from optimizer.region import Region
from optimizer.suggest import did_you_mean
from optimizer.systems.catalogue import Placed
from optimizer.systems.protection_config import ProtectionSettings
from optimizer.systems.tables import blank, records, rows, text

Record = dict[str, Any]
WORKS = (
    ("flood_zones", "levee"), ("flood_zones", "warning"), ("zone_drainage", "drainage"),
    ("river_storages", "storage"), ("river_storages", "joint"),
)  # fmt: skip
"""Tables, and what is in their columns `<kind>_candidate_id`."""
RISING = (
    ("flood_peaks", "reach_id", "return_period", "peak_m3s", "a peak that rises with the return period"),
    ("zone_ratings", "zone_id", "flow_m3s", "level_m", "a level that rises with the flow"),
    ("damage_curves", "asset_class", "depth_m", "share", "a share that does not fall with the depth"),
)


@dataclass(frozen=True)
class Basins:
    """Records of every table of floods, in table order."""

    reaches: list[Record]
    peaks: list[Record]
    storages: list[Record]
    curves: list[Record]
    zones: list[Record]
    ratings: list[Record]
    assets: list[Record]
    damages: list[Record]
    drainage: list[Record]
    places: list[Record]


def read_basins(region: Region, name: str, settings: ProtectionSettings, placed: Placed) -> Basins:
    """Read the rivers and zones of a system.

    Raises
    ------
    InputError
        A river that flows in a circle or to nowhere, curves that fall, works that are no candidates, levels without
        cost, zones without assets, assets without a curve, standards beyond the floods that are computed.
    """
    basins = Basins(
        records(rows(region, "river_reaches")), _sorted(region, "flood_peaks", "return_period"),
        records(rows(region, "river_storages")), _sorted(region, "storage_curves", "volume_m3"),
        records(rows(region, "flood_zones")), _sorted(region, "zone_ratings", "flow_m3s"),
        records(rows(region, "zone_assets")), _sorted(region, "damage_curves", "depth_m"),
        records(rows(region, "zone_drainage")), records(rows(region, "zone_places")),
    )  # fmt: skip
    checks = _Checks(region, name, settings, placed, basins)
    findings = [
        *checks.rivers(), *checks.rising(), *checks.works(), *checks.costs(), *checks.zones(), *checks.assets(),
        *checks.curves(),
    ]  # fmt: skip
    if findings:
        raise InputError(findings)
    return basins


def _sorted(region: Region, table: str, by: str) -> list[Record]:
    return sorted(records(rows(region, table)), key=lambda r: float(r[by]))


def candidate_of(record: Record, kind: str) -> str:
    """Candidate of a kind of work that a row names, empty for none."""
    return text(record[f"{kind}_candidate_id"])


class _Checks:
    def __init__(
        self, region: Region, name: str, settings: ProtectionSettings, placed: Placed, basins: Basins
    ) -> None:
        self.region, self.name, self.settings, self.basins = region, name, settings, basins
        self.role = dict(zip(placed.ids, placed.roles, strict=True))
        self.roles = settings.roles.model_dump()

    def _finding(self, table: str, row: int | None, column: str, found: str, expected: str, remedy: str) -> Finding:
        return self.region.finding(table, row, column, found, expected, remedy)

    def rivers(self) -> Iterator[Finding]:
        """There are reaches; every element flows into one that exists, and none into itself by a way round."""
        b = self.basins
        if not b.reaches or not b.zones:
            table = "flood_zones" if b.reaches else "river_reaches"
            says = f"no row for system {self.name!r}"
            yield self._finding(table, None, "", says, "at least one", "Fill in the table, or leave the system out.")
        listed = [("river_reaches", "reach_id", r) for r in b.reaches]
        listed += [("river_storages", "storage_id", r) for r in b.storages]
        known = {str(r[key]): (table, r) for table, key, r in listed}
        for table, key, r in listed:
            for column in ("downstream_id", *(("control_id",) if key == "storage_id" else ())):
                end = text(r[column])
                if end and end not in known:
                    remedy = f"Correct it, or leave it empty{did_you_mean(end, known)}"
                    yield self._finding(table, r["row"], column, repr(end), "a reach or storage", remedy)
            for column in ("length_km", "slope", "width_m", "manning") if key == "reach_id" else ():
                if float(r[column]) <= 0:
                    yield self._finding(table, r["row"], column, f"{r[column]:g}", "more than 0", "Correct it.")
        graph = nx.DiGraph((str(r[key]), text(r["downstream_id"])) for _, key, r in listed if text(r["downstream_id"]))
        place = {name: at for at, name in enumerate(known)}
        for circle in nx.simple_cycles(graph):
            first = min(range(len(circle)), key=lambda at: place.get(circle[at], len(place)))
            round_trip = [*circle[first:], *circle[: first + 1]]
            table, r = known.get(round_trip[0], ("river_reaches", {"row": None}))
            says, remedy = " -> ".join(round_trip), "Correct where one of them flows."
            yield self._finding(table, r["row"], "downstream_id", says, "a tree that flows to an outlet", remedy)

    def rising(self) -> Iterator[Finding]:
        """Peaks rise with the return period, levels with the flow; shares of damage do not fall with depth."""
        b = self.basins
        for (table, key, at, column, expected), listed in zip(RISING, (b.peaks, b.ratings, b.damages), strict=True):
            strictly = column != "share"
            for owner, group in groupby(sorted(listed, key=lambda r: str(r[key])), key=lambda r: str(r[key])):
                points = list(group)
                for low, high in pairwise(points):
                    if high[column] < low[column] or (strictly and high[column] == low[column]):
                        says = f"{high[column]:g} at {high[at]:g} after {low[column]:g} at {low[at]:g} ({owner})"
                        yield self._finding(table, high["row"], column, says, expected, "Correct one of the two.")
                if table != "flood_peaks" and len(points) < 2:
                    says = f"one point of {owner}"
                    yield self._finding(table, points[0]["row"], at, says, "at least two points", "Add points.")

    def works(self) -> Iterator[Finding]:
        """Works that rows name are candidates of their role, and every candidate is named."""
        used: set[str] = set()
        for table, kind in WORKS:
            role = self.roles[kind]
            for r in records(rows(self.region, table)):
                key = candidate_of(r, kind)
                used.add(key)
                if key and role is not None and self.role.get(key) != role:
                    known = [k for k, found in self.role.items() if found == role]
                    remedy = f"Correct it, or add the candidate{did_you_mean(key, known)}"
                    expected = f"a candidate of role {role!r}"
                    yield self._finding(table, r["row"], f"{kind}_candidate_id", repr(key), expected, remedy)
        tables = {self.roles[kind]: (table, f"{kind}_candidate_id") for table, kind in WORKS}
        for key, role in self.role.items():
            if key not in used:
                table, column = tables[role]
                says, remedy = f"no row for {key}", "Add it there, or take it out of candidates.csv."
                yield self._finding(table, None, column, says, f"the place of every candidate of role {role!r}", remedy)

    def costs(self) -> Iterator[Finding]:
        """A level costs something, unless it is a rule."""
        kinds = {role: kind for kind, role in self.roles.items() if role is not None}
        units = {"levee": ("yr", "m"), "drainage": ("yr", "m3/s"), "warning": ("1",)}
        for r in records(rows(self.region, "catalogue")):
            kind = kinds.get(r["role"]) if r["system"] == self.name else None
            if kind in (None, "joint"):
                continue
            if float(r["overnight_cost"]) <= 0:
                says, expected = f"{r['overnight_cost']:g} for {r['option']}", "what the level costs, more than 0"
                yield self._finding("catalogue", r["row"], "overnight_cost", says, expected, "Fill in its cost.")
            if kind in units and text(r["capacity_unit"]) not in units[kind]:
                says, expected = repr(text(r["capacity_unit"])), f"one of {', '.join(units[kind])}"
                yield self._finding("catalogue", r["row"], "capacity_unit", says, expected, "Correct it.")

    def zones(self) -> Iterator[Finding]:
        """Land rises, has an area, and its standard lies within the floods that are computed."""
        least, most = self.settings.return_periods[0], self.settings.return_periods[-1]
        for r in self.basins.zones:
            if float(r["high_ground_m"]) < float(r["ground_m"]):
                expected = f"{r['ground_m']:g} or more, the lowest ground"
                yield self._zone(r, "high_ground_m", f"{r['high_ground_m']:g}", expected)
            if float(r["area_km2"]) <= 0:
                yield self._zone(r, "area_km2", f"{r['area_km2']:g}", "more than 0")
            if not blank(r["standard_years"]) and not least <= float(r["standard_years"]) <= most:
                expected = f"{least:g} to {most:g}, the return_periods of the settings"
                yield self._zone(r, "standard_years", f"{r['standard_years']:g}", expected)

    def _zone(self, record: Record, column: str, found: str, expected: str) -> Finding:
        return self._finding("flood_zones", record["row"], column, found, expected, "Correct it.")

    def assets(self) -> Iterator[Finding]:
        """Every zone has assets, every class of them a curve."""
        having = {str(r["zone_id"]) for r in self.basins.assets}
        for r in self.basins.zones:
            if r["zone_id"] not in having:
                says = f"no row for {r['zone_id']}"
                yield self._finding("zone_assets", None, "zone_id", says, "what stands in every zone", "Add it.")
        known = {str(r["asset_class"]) for r in self.basins.damages}
        for r in self.basins.assets:
            if r["asset_class"] not in known:
                expected = "a class of damage_curves"
                remedy = f"Correct it, or add its curve{did_you_mean(str(r['asset_class']), known)}"
                yield self._finding("zone_assets", r["row"], "asset_class", repr(r["asset_class"]), expected, remedy)

    def curves(self) -> Iterator[Finding]:
        """A storage that stands, and every option of one that may be built, has a curve that begins at nothing."""
        role = self.roles["storage"]
        builders = [r for r in records(rows(self.region, "candidates")) if (r["system"], r["role"]) == (self.name, role)]
        options = {(str(r["candidate_id"]), o) for r in builders for o in self._options(r)}
        having: dict[tuple[str, str], list[Record]] = {}
        for r in self.basins.curves:
            having.setdefault((str(r["storage_id"]), text(r["option"])), []).append(r)
        for r in self.basins.storages:
            key, candidate = str(r["storage_id"]), candidate_of(r, "storage")
            wanted = [o for c, o in options if c == candidate] if candidate in self.role else [""]
            for option in sorted(wanted):
                if (key, option) not in having:
                    says, expected = f"no curve of {key}, option {option!r}", "one for every option"
                    yield self._finding("storage_curves", None, "storage_id", says, expected, "Add its points.")
        for (key, option), points in having.items():
            for column in ("volume_m3", "gate_m3s", "spill_m3s"):
                values = [float(r[column]) for r in points]
                falls = any(b < a for a, b in pairwise(values))
                if values[0] != 0 or falls or len(values) < 2:
                    says = f"{', '.join(f'{v:g}' for v in values)} ({key}, option {option!r})"
                    expected = "at least two points that rise from 0"
                    yield self._finding("storage_curves", points[0]["row"], column, says, expected, "Correct them.")

    def _options(self, record: Record) -> list[str]:
        named = [o.strip() for o in text(record["options"]).split(";") if o.strip()]
        if named != ["*"]:
            return named
        return [str(r["option"]) for r in self._sizes if (r["system"], r["role"]) == (record["system"], record["role"])]

    @cached_property
    def _sizes(self) -> list[Record]:
        return records(rows(self.region, "catalogue"))
