"""From a region's tables to the protection part of a Problem: works, rivers, zones, tables of damage. No Pyomo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from network_models.flood.drainage import StormFormula
from network_models.flood.errors import FloodError
from network_models.flood.frequency import pearson3
from network_models.flood.sections import Channel
from optimizer.draft import Draft
from optimizer.errors import Finding, InputError
from optimizer.problem import SystemProblem
from optimizer.region import Region
from optimizer.systems.catalogue import Placed, add_candidates
from optimizer.systems.protection_basin import KINDS, Basin
from optimizer.systems.protection_config import ProtectionSettings, read_settings
from optimizer.systems.protection_effects import Tables
from optimizer.systems.protection_tables import Record, candidate_of, read_basins
from optimizer.systems.tables import Values, number, records, rows, text

if TYPE_CHECKING:
    from optimizer.config import RunConfig

UNIT = "CNY/yr"
RATING_POINTS = 40
BEYOND = 1.5
"""Ratings reach to so many times the largest sum of peaks."""
HOUR, DAYS = 3600.0, 365.0


def prepare(region: Region, settings: Mapping[str, Any], name: str, draft: Draft, config: RunConfig) -> SystemProblem:
    """Add a system's candidates to the draft and tabulate the damage in its zones (docs/flood.md).

    Raises
    ------
    InputError
        Settings that do not hold; rivers, curves, zones or works that do not fit.
    """
    return _Preparation(region, read_settings(name, settings), name, draft, config).run()


class _Preparation:
    """The steps of :func:`prepare`, one method each."""

    def __init__(self, region: Region, settings: ProtectionSettings, name: str, draft: Draft, config: RunConfig) -> None:
        self.region, self.settings, self.name, self.draft = region, settings, name, draft
        self.values = Values(region, config.objective.values)
        self.units = {
            (str(r["role"]), str(r["option"])): text(r["capacity_unit"])
            for r in records(rows(region, "catalogue")) if r["system"] == name
        }  # fmt: skip

    def run(self) -> SystemProblem:
        roles = [r for r in self.settings.roles.model_dump().values() if r is not None]
        placed = add_candidates(self.region, self.draft, self.name, roles, lambda r: number(r["capacity"], np.inf))
        self.basins = read_basins(self.region, self.name, self.settings, placed)
        self.placed, self.works = placed, self._works(placed)
        parts = {
            **self._work_arrays(), **self._reaches(), **self._storages(), **self._zones(), **self._assets(),
            **self._drainage(), **self._places(),
        }  # fmt: skip
        data = xr.Dataset(parts, self._coords(), self._attrs())
        try:
            self._refuse_short_floods(Basin(data))
            data["crest"] = (("zone", "level"), self._crests(Basin(data)))
            data = data.assign(Tables(Basin(data)).arrays())
        except FloodError as error:
            raise InputError(f"System {self.name!r}: {error}. (dt is step_minutes of its settings.)") from None
        return SystemProblem(self.name, "protection", data)

    # ---- works
    def _works(self, placed: Placed) -> list[tuple[int, list[int]]]:
        """Candidate, and its states in the draft, the one that stands first."""
        return [
            (c, [s for s, state in enumerate(self.draft.states) if state["candidate"] == c]) for c in placed.index
        ]

    def _work_arrays(self) -> dict[str, Any]:
        kind_of = {role: KINDS.index(kind) for kind, role in self.settings.roles.model_dump().items() if role}
        most = max(len(states) for _, states in self.works)
        table = np.array([[*states, *[-1] * (most - len(states))] for _, states in self.works], np.int64)
        return {
            "work_candidate": ("work", np.array([c for c, _ in self.works], np.int64)),
            "work_kind": ("work", np.array([kind_of[r] for r in self.placed.roles], np.int64)),
            "work_county": ("work", np.array(self.placed.counties, np.int64)),
            "work_levels": ("work", np.array([len(states) for _, states in self.works], np.int64)),
            "work_state": (("work", "level"), table),
        }

    def _work(self, record: Record | None, kind: str) -> int:
        """Work that a row names, -1 for none of this system's."""
        key = candidate_of(record, kind) if record is not None else ""
        return self.placed.ids.index(key) if key in self.placed.ids else -1

    def _figures(self, work: int) -> list[tuple[float, str]]:
        """Capacity and its unit at every level above the one that stands."""
        states = [self.draft.states[s] for s in self.works[work][1][1:]]
        return [(float(s["capacity"]), self.units[self.placed.roles[work], s["option"]]) for s in states]

    # ---- rivers
    def _elements(self) -> dict[str, int]:
        named = [*(str(r["reach_id"]) for r in self.basins.reaches), *(str(r["storage_id"]) for r in self.basins.storages)]
        return {key: i for i, key in enumerate(named)}

    def _reaches(self) -> dict[str, Any]:
        listed, index = self.basins.reaches, self._elements()
        peaks = np.array([self._peaks(r) for r in listed]).reshape(len(listed), len(self.settings.return_periods))
        down = np.array([index.get(text(r["downstream_id"]), -1) for r in listed], np.int64)
        base = np.array([float(r["base_m3s"]) for r in listed])
        stores = np.array([index.get(text(r["downstream_id"]), -1) for r in self.basins.storages], np.int64)
        every = np.concatenate([down, stores])
        middle = np.append(peaks[:, peaks.shape[1] // 2], np.zeros(len(stores)))
        self.largest = _gathered(every, np.append(np.maximum(peaks[:, -1], base), np.zeros(len(stores))))
        self.usual = _gathered(every, np.maximum(middle, np.append(base, np.zeros(len(stores)))))
        return {
            "reach_downstream": ("reach", down), "reach_base": ("reach", base),
            "reach_peak": (("reach", "event"), peaks),
            "reach_flow": ("reach", np.maximum(self.usual[: len(listed)], 1e-3)),
            **{f"reach_{to}": ("reach", np.array([float(r[column]) for r in listed]) * factor) for to, column, factor in (
                ("length", "length_km", 1000.0), ("slope", "slope", 1.0), ("width", "width_m", 1.0),
                ("manning", "manning", 1.0))},
            "reach_time": ("reach", np.array([number(r["time_to_peak_h"], 12.0) or 12.0 for r in listed]) * HOUR),
            "reach_delay": ("reach", np.array([number(r["delay_h"], 0.0) for r in listed]) * HOUR),
            **{f"reach_{c}": ("reach", np.array([number(r[c], np.nan) for r in listed], float))
               for c in ("from_lon", "from_lat", "to_lon", "to_lat")},
            **{f"reach_{c}": ("reach", np.array([text(r[c]) for r in listed], str)) for c in ("name_zh", "name_en")},
        }  # fmt: skip

    def _peaks(self, record: Record) -> np.ndarray:
        """(event,) peaks that enter a reach: by the table of peaks, straight in log of the return period, or by frequency."""
        periods = np.array(self.settings.return_periods)
        own = [(float(r["return_period"]), float(r["peak_m3s"])) for r in self.basins.peaks if r["reach_id"] == record["reach_id"]]
        if own:
            self._refuse_outside(record, own)
            at, peak = np.array(own).T
            return np.interp(np.log(periods), np.log(at), peak)
        mean = float(record["mean_peak_m3s"])
        if mean <= 0:
            return np.zeros(len(periods))
        cv = number(record["cv"], 0.0)
        if cv <= 0:
            raise InputError(self._finding("river_reaches", record, "cv", "no Cv", "Cv of the peaks, above 0", "Fill it in."))
        cs = cv * number(record["cs_over_cv"], 2.0)
        return np.maximum(pearson3(mean, cv, cs).quantile(periods), 0.0)

    def _refuse_outside(self, record: Record, own: list[tuple[float, float]]) -> None:
        first, last = self.settings.return_periods[0], self.settings.return_periods[-1]
        if own[0][0] > first or own[-1][0] < last:
            says = f"{own[0][0]:g} to {own[-1][0]:g} years for {record['reach_id']}"
            expected = f"peaks from {first:g} to {last:g} years, the return_periods of the settings"
            raise InputError(self.region.finding("flood_peaks", None, "return_period", says, expected, "Add the peaks."))

    def _finding(self, table: str, record: Record, column: str, found: str, expected: str, remedy: str) -> Finding:
        return self.region.finding(table, record["row"], column, found, expected, remedy)

    def _storages(self) -> dict[str, Any]:
        listed, index = self.basins.storages, self._elements()
        own = {str(r["storage_id"]): self._work(r, "storage") for r in listed}
        curves = []
        for r in self.basins.curves:
            work, option = own.get(str(r["storage_id"]), -1), text(r["option"])
            names = [self.draft.states[s]["option"] if k else "" for k, s in enumerate(self.works[work][1])] if work >= 0 else [""]
            if option in names and str(r["storage_id"]) in own:
                place = [str(s["storage_id"]) for s in listed].index(str(r["storage_id"]))
                curves.append((place, names.index(option), *(float(r[c]) for c in ("volume_m3", "gate_m3s", "spill_m3s"))))
        table = np.array(curves, float).reshape(len(curves), 5)
        return {
            "storage_downstream": ("storage", np.array([index.get(text(r["downstream_id"]), -1) for r in listed], np.int64)),
            "storage_control": ("storage", np.array([index.get(text(r["control_id"]), -1) for r in listed], np.int64)),
            "storage_safe": ("storage", np.array([number(r["safe_flow_m3s"], np.inf) for r in listed], float)),
            "storage_hold": ("storage", np.array([number(r["hold_m3"], np.inf) for r in listed], float)),
            "storage_work": ("storage", np.array(list(own.values()), np.int64)),
            "storage_joint": ("storage", np.array([self._work(r, "joint") for r in listed], np.int64)),
            "curve_storage": ("curve", table[:, 0].astype(np.int64)), "curve_level": ("curve", table[:, 1].astype(np.int64)),
            "curve_volume": ("curve", table[:, 2]), "curve_gate": ("curve", table[:, 3]), "curve_spill": ("curve", table[:, 4]),
        }  # fmt: skip

    # ---- zones
    def _zones(self) -> dict[str, Any]:
        zones = self.basins.zones
        reach = {str(r["reach_id"]): i for i, r in enumerate(self.basins.reaches)}
        county = {c["id"]: i for i, c in enumerate(self.draft.counties)}
        ratings = [p for z, r in enumerate(zones) for p in self._rating(z, r, reach[str(r["reach_id"])])]
        points = np.array(ratings, float)
        figure = {to: np.array([number(r[column], other) for r in zones], float) * factor for to, column, other, factor in (
            ("area", "area_km2", 0.0, 1e6), ("ground", "ground_m", 0.0, 1.0), ("high", "high_ground_m", 0.0, 1.0),
            ("length", "levee_km", 0.0, 1000.0), ("breach", "breach_m", 0.0, 1.0), ("sill", "breach_sill_m", np.nan, 1.0),
            ("standard", "standard_years", 0.0, 1.0))}  # fmt: skip
        figure["sill"] = np.where(np.isnan(figure["sill"]), figure["ground"], figure["sill"])
        standing = np.array([float(r["crest_m"]) for r in zones])
        levels = self._most_levels()
        return {
            **{f"zone_{k}": ("zone", v) for k, v in figure.items()},
            "zone_county": ("zone", np.array([county[str(r["county_id"])] for r in zones], np.int64)),
            **{f"zone_{c}": ("zone", np.array([text(r[c]) for r in zones], str)) for c in ("name_zh", "name_en")},
            **{f"zone_{c}": ("zone", np.array([number(r[c], np.nan) for r in zones], float)) for c in ("lon", "lat")},
            "zone_reach": ("zone", np.array([reach[str(r["reach_id"])] for r in zones], np.int64)),
            **{f"zone_{kind}": ("zone", np.array([self._work(r, kind) for r in zones], np.int64)) for kind in ("levee", "warning")},
            "crest": (("zone", "level"), np.repeat(standing[:, None], levels, axis=1)),
            "unwarned": (("zone", "level"), np.array([self._unwarned(r) for r in zones])),
            "rating_zone": ("rating", points[:, 0].astype(np.int64)), "rating_flow": ("rating", points[:, 1]),
            "rating_level": ("rating", points[:, 2]),
        }  # fmt: skip

    def _most_levels(self) -> int:
        return max(len(states) for _, states in self.works)

    def _padded(self, figures: list[float]) -> list[float]:
        return [*figures, *[figures[-1]] * (self._most_levels() - len(figures))]

    def _rating(self, z: int, record: Record, reach: int) -> list[tuple[float, float, float]]:
        own = [(z, float(r["flow_m3s"]), float(r["level_m"])) for r in self.basins.ratings if r["zone_id"] == record["zone_id"]]
        if own:
            return [(float(a), b, c) for a, b, c in own]
        r = self.basins.reaches[reach]
        flow = np.linspace(0.0, 1.0, RATING_POINTS)[1:] ** 2 * BEYOND * max(float(self.largest[reach]), 1.0)
        level = Channel(float(r["width_m"]), float(r["manning"])).rating(flow, float(r["slope"]), 0.0)
        return [(float(z), 0.0, 0.0), *((float(z), float(q), float(h)) for q, h in zip(flow, level, strict=True))]

    def _unwarned(self, record: Record) -> list[float]:
        work = self._work(record, "warning")
        figures = [1.0 - c for c, _ in self._figures(work)] if work >= 0 else []
        if any(not 0 <= f <= 1 for f in figures):
            says, expected = f"{1 - min(figures):g} for {self.placed.ids[work]}", "a share of damage avoided, 0 to 1"
            raise InputError(self.region.finding("catalogue", None, "capacity", says, expected, "Correct it."))
        return self._padded([1.0, *figures])

    def _crests(self, basin: Basin) -> np.ndarray:
        """(zone, level) as given in m, or the stage of the standard's flood as the river stands plus freeboard."""
        d, found = basin.d, np.array(basin.d["crest"], float)
        arriving = basin.floods(np.zeros((1, len(self.works)), np.int64)).routed.arriving[0][:, basin.place]
        chance = 1.0 / np.array(self.settings.return_periods)
        for z, r in enumerate(self.basins.zones):
            work, crests = int(d["zone_levee"][z]), [float(r["crest_m"])]
            for figure, unit in self._figures(work) if work >= 0 else []:
                if unit == "yr":
                    figure = self._stage(basin, z, figure, chance, arriving[:, z]) + self.settings.freeboard_m
                crests.append(max(crests[-1], figure))
            found[z] = self._padded(crests)
        return found

    def _stage(self, basin: Basin, z: int, years: float, chance: np.ndarray, arriving: np.ndarray) -> float:
        if not 1 / chance[0] <= years <= 1 / chance[-1]:
            expected = f"{1 / chance[0]:g} to {1 / chance[-1]:g}, the return_periods of the settings"
            raise InputError(self.region.finding("catalogue", None, "capacity", f"a levee of {years:g} years", expected, "Correct it."))
        flow = np.interp(1 / years, chance[::-1], np.maximum.accumulate(arriving)[::-1])
        mine = basin.d["rating_zone"] == z
        return float(np.interp(flow, basin.d["rating_flow"][mine], basin.d["rating_level"][mine]))

    def _assets(self) -> dict[str, Any]:
        zone = {str(r["zone_id"]): i for i, r in enumerate(self.basins.zones)}
        kinds = self._classes()
        mine = self.basins.assets
        curve = [r for r in self.basins.damages if str(r["asset_class"]) in kinds]
        return {
            "asset_zone": ("asset", np.array([zone[str(r["zone_id"])] for r in mine], np.int64)),
            "asset_kind": ("asset", np.array([kinds.index(str(r["asset_class"])) for r in mine], np.int64)),
            "asset_value": ("asset", np.array([float(r["value"]) for r in mine])),
            "asset_growth": ("asset", np.array([number(r["growth"], 0.0) for r in mine])),
            "damage_class": ("damage", np.array([kinds.index(str(r["asset_class"])) for r in curve], np.int64)),
            "damage_depth": ("damage", np.array([float(r["depth_m"]) for r in curve])),
            "damage_share": ("damage", np.array([float(r["share"]) for r in curve])),
        }

    def _classes(self) -> list[str]:
        return list(dict.fromkeys(str(r["asset_class"]) for r in self.basins.assets))

    def _drainage(self) -> dict[str, Any]:
        listed = {str(r["zone_id"]): r for r in self.basins.drainage}
        zones = [listed.get(str(r["zone_id"])) for r in self.basins.zones]

        def column(name: str, factor: float = 1.0) -> tuple[str, np.ndarray]:
            return "zone", np.array([0.0 if r is None else number(r[name], 0.0) * factor for r in zones])

        return {
            "rain_area": column("catchment_km2", 1e6), "rain_runoff": column("runoff"), "rain_store": column("storage_m3"),
            "rain_a1": column("a1"), "rain_c": column("c"), "rain_b": column("b"), "rain_n": column("n"),
            "zone_drain": ("zone", np.array([self._work(r, "drainage") for r in zones], np.int64)),
            "drains": (("zone", "level"), np.array([self._padded(self._drains(r)) for r in zones])),
        }  # fmt: skip

    def _drains(self, record: Record | None) -> list[float]:
        """m3/s as the drains stand and at every level: as given, or by the rational method."""
        if record is None:
            return [0.0]
        work, figures = self._work(record, "drainage"), [float(record["drains_m3s"])]
        storm = StormFormula(*(float(record[k]) for k in ("a1", "c", "b", "n")))
        for figure, unit in self._figures(work) if work >= 0 else []:
            if unit == "yr":
                rain = float(storm.mean_intensity(figure, self.settings.storm.concentration_minutes)) / 60e3
                figure = rain * float(record["catchment_km2"]) * 1e6 * float(record["runoff"])
            figures.append(max(figures[-1], figure))
        return figures

    def _places(self) -> dict[str, Any]:
        zone = {str(r["zone_id"]): i for i, r in enumerate(self.basins.zones)}
        named = rows(self.region, "places").set_index("place_id").reindex([str(r["place_id"]) for r in self.basins.places])
        return {
            **{f"place_{c}": ("place", np.array([text(v) for v in named[c]], str)) for c in ("name_zh", "name_en")},
            "place_zone": ("place", np.array([zone[str(r["zone_id"])] for r in self.basins.places], np.int64)),
            "place_outage": ("place", np.array([float(r["outage_days"]) / DAYS for r in self.basins.places])),
        }

    # ---- the rest
    def _coords(self) -> dict[str, Any]:
        return {
            "reach": np.array([str(r["reach_id"]) for r in self.basins.reaches], str),
            "storage": np.array([str(r["storage_id"]) for r in self.basins.storages], str),
            "zone": np.array([str(r["zone_id"]) for r in self.basins.zones], str),
            "work": np.array(self.placed.ids, str),
            "event": np.array(self.settings.return_periods),
            "asset_class": np.array(self._classes(), str),
            "place": np.array([str(r["place_id"]) for r in self.basins.places], str),
            "period": np.arange(self.draft.horizon.n_periods),
            "years_on": ("period", self._years_on()),
        }

    def _years_on(self) -> np.ndarray:
        horizon = self.draft.horizon
        since = self.region.meta.get("base_year")
        begin = horizon.first_year if since is None else int(since)
        return np.array([s + (n - 1) / 2 - begin for s, n in zip(horizon.starts, horizon.lengths, strict=True)], float)

    def _attrs(self) -> dict[str, Any]:
        s = self.settings
        return {
            "unit": UNIT, "step_seconds": s.step_minutes * 60, "steps": round(s.hours * 60 / s.step_minutes) + 1,
            "shape": s.shape, "bands": s.bands, "frequent": s.frequent, "trend": s.trend, "negligible": s.negligible,
            "most_states": s.most_states, "bound": s.bound, "damages": self.values.total(s.damages) if s.damages else 1.0,
            "standards_from": s.standards_from or 9999, "storm_minutes": s.storm.minutes,
            "storm_step": s.storm.step_minutes, "storm_peak": s.storm.peak_at,
        }  # fmt: skip

    def _refuse_short_floods(self, basin: Basin) -> None:
        """Floods are long enough for every peak to reach its outlet, and as long again after the peak as before it."""
        d, travel = basin.d, np.zeros(basin.sizes["reach"] + basin.sizes["storage"])
        for i in range(basin.sizes["reach"]):
            travel[i] = basin.reach(i, "").k
        down = np.concatenate([d["reach_downstream"], d["storage_downstream"]])
        needed = 0.0
        for i in range(basin.sizes["reach"]):
            way, e = 2 * float(d["reach_time"][i]) + float(d["reach_delay"][i]), i
            while e >= 0:
                way, e = way + travel[e], int(down[e])
            needed = max(needed, way)
        if needed > self.settings.hours * HOUR:
            expected = f"at least {np.ceil(needed / HOUR):g}, so that every flood reaches its outlet"
            key = f"config key system.{self.name}.settings.hours"
            raise InputError(Finding(key, 0, "", f"{self.settings.hours:g}", expected, "Give more hours."))


def _gathered(down: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Sum of an amount over everything upstream of each element, itself included; the river is a tree."""
    total = np.zeros(len(down))
    for i in range(len(down)):
        e = i
        while e >= 0:
            total[e] += amount[i]
            e = int(down[e])
    return total
