"""A synthetic province: tables of a region drawn at random with the magnitudes of the Gansu region (docs/benchmarks.md).

What is bought and what it is worth (catalogue, values, sources of money) is Gansu's own; where people live, roads,
demand, candidates and budgets are drawn. The same seed gives the same tables.
"""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.province_networks import NETWORKS, network_tables, settings_of
from optimizer._paths import region_path
from optimizer.config import RunConfig
from optimizer.errors import InputError
from optimizer.prepare import prepare_problem
from optimizer.problem import Problem
from optimizer.region import Region, read_region
from optimizer.region.schema import load_schema

Row = dict[str, Any]
Tables = dict[str, list[Row]]

FACILITIES = ("cold_chain", "township_logistics")
SYSTEMS = (*FACILITIES, *NETWORKS)
TOWNSHIPS = {"short": 8.0, "full": 15.5}
"""Mean townships a county; Gansu has 1,360 in 88."""
SHORT = {"hub": "small;medium", "centre": "standard", "station": "refit;new"}
"""Options of facilities where the catalogue is short."""
KNOTS = {2024: (1.0, 1.0), 2029: (1.104, 1.387), 2034: (1.219, 1.417), 2039: (1.346, 1.274)}
"""Produce and parcels by knot year, relative to 2024 (Gansu's demand table)."""
MONEY = {"central_grant": 4.15e6, "provincial_grant": 1.14e6, "special_bond": 1.37e6}
"""CNY a county in 2025 for the two systems of facilities (Gansu's budgets table); networks get as much again each."""
OWN = "county_own"
GROWTH = 1.02
KM_NORTH, KM_EAST = 111.2, 90.0
"""Kilometres of a degree at 36 degrees north."""
APART_KM = 70.0
DETOUR = 1.3


@dataclass(frozen=True)
class Province:
    """What is to be drawn.

    Parameters
    ----------
    counties
        How many.
    seed
        Of the random numbers.
    catalogue
        ``short``, or ``full``: sizes, diameters and townships as many as in Gansu.
    systems
        Of :data:`SYSTEMS`.
    """

    counties: int
    seed: int = 1
    catalogue: str = "short"
    systems: tuple[str, ...] = SYSTEMS

    def __post_init__(self) -> None:
        if self.counties < 1 or self.catalogue not in TOWNSHIPS or not set(self.systems) <= set(SYSTEMS):
            raise InputError(
                f"province: found {self.counties} counties, catalogue {self.catalogue!r}, systems "
                f"{', '.join(self.systems)}; expected at least 1, short or full, and some of {', '.join(SYSTEMS)}."
            )

    def tables(self) -> Tables:
        """Rows of every table."""
        return _Draw(self).tables()

    def write(self, folder: Path) -> Path:
        """Write the region as a folder of CSV files."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"province-{self.counties}-{self.catalogue}-{self.seed}"
        about = {"id": name, "name_zh": "合成省", "name_en": "Synthetic province", "base_year": 2024}
        (folder / "region.yaml").write_text(
            yaml.safe_dump({**about, "price_base_year": 2023}, allow_unicode=True), encoding="utf-8"
        )
        for table, rows in self.tables().items():
            columns = list(dict.fromkeys([*load_schema()[table].columns, *(c for row in rows for c in row)]))
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return folder

    def region(self) -> Region:
        """The region, read back by the same way as any other.

        Raises
        ------
        InputError
            Where its tables have faults.
        """
        with tempfile.TemporaryDirectory() as folder:
            region = read_region(self.write(Path(folder)))
            findings = region.check()
        if findings:
            raise InputError(findings)
        return region

    def config(self, periods: int = 5) -> RunConfig:
        """Configuration of a run of ``periods`` years."""
        return run_config({name: system_of(name, self.catalogue) for name in self.systems}, periods)

    def problem(self, periods: int = 5) -> Problem:
        """The Problem of ``periods`` years, prepared by the archetypes themselves."""
        return prepare_problem(self.region(), self.config(periods))


def system_of(name: str, catalogue: str = "short") -> dict[str, Any]:
    """Configuration of a system."""
    if name in NETWORKS:
        return settings_of(name, catalogue)
    file = Path(__file__).resolve().parents[1] / "configs" / "system" / f"{name}.yaml"
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def run_config(systems: dict[str, dict[str, Any]], periods: int) -> RunConfig:
    """A configuration of the given systems over so many years, everything else as usual."""
    return RunConfig.from_mapping(
        {
            "region": {},
            "system": systems,
            "horizon": {"name": f"{periods}_years", "first_year": 2025, "lengths": [1] * periods},
            "funding": {"name": "base"},
            "objective": {"name": "net_benefit", "sensitivity": False},
            "solver": {"name": "bench"},
        }
    )


def _gansu(table: str) -> list[Row]:
    with (region_path("gansu") / f"{table}.csv").open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


class _Draw:
    """The tables of a province, one method each."""

    def __init__(self, province: Province) -> None:
        self.province = province
        self.rng = np.random.default_rng([province.seed, province.counties, len(province.catalogue)])
        self.width = int(np.ceil(np.sqrt(province.counties)))

    def tables(self) -> Tables:
        counties, places = self.counties, self.places
        own: Tables = {
            "counties": [{k: v for k, v in c.items() if not k.startswith("_")} for c in counties],
            "places": [{k: v for k, v in p.items() if not k.startswith("_")} for p in places],
            "node": self._nodes(),
            "link": self._links(),
            "demand": self._demand(),
            "commodities": _gansu("commodities"),
            "catalogue": [r for r in _gansu("catalogue") if r["system"] in FACILITIES],
            "candidates": self._candidates(),
            "sources": self._sources(),
            "budgets": self._budgets(),
            "county_rules": self._rules(),
            "values": _gansu("values"),
            "provenance": _gansu("provenance"),
        }
        for name in self.province.systems:
            if name in NETWORKS:
                for table, rows in network_tables(name, self.rng, counties, places, self.province.catalogue).items():
                    own[table] = [*own.get(table, []), *rows]
        return {**own, "origins": _origins(own)}

    # ---- where people live
    @cached_property
    def counties(self) -> list[Row]:
        """Counties on a shaken grid, in prefectures of about six."""
        n, rng = self.province.counties, self.rng
        east, north = np.arange(n) % self.width, np.arange(n) // self.width
        shake = rng.normal(0, 8, (2, n))
        people = np.round(np.exp(rng.normal(np.log(15_000), 0.35, n)) * 15.5).astype(int)
        rural = rng.uniform(0.4, 0.8, n)
        height = np.clip(rng.normal(2000, 450, n), 1200, 3600)
        return [
            {
                "county_id": f"C{i:03d}", "name_zh": f"合成县 {i}", "name_en": f"County {i}",
                "prefecture_id": f"P{i // 6:02d}", "prefecture_zh": f"合成市 {i // 6}", "prefecture_en": f"Prefecture {i // 6}",
                "kind": "county", "in_official_list": 1,
                "lon": round(96 + (east[i] * APART_KM + shake[0, i]) / KM_EAST, 5),
                "lat": round(33 + (north[i] * APART_KM + shake[1, i]) / KM_NORTH, 5),
                "area_km2": round(APART_KM**2), "population": int(people[i]),
                "urban_population": int(people[i] * (1 - rural[i])), "rural_population": int(people[i] * rural[i]),
                "agri_employed_share": round(float(rural[i]) * 0.6, 3), "elevation_m": round(float(height[i])),
                "_farming": float(np.exp(rng.normal(np.log(0.2), 0.7))),
            }
            for i in range(n)
        ]  # fmt: skip

    @cached_property
    def places(self) -> list[Row]:
        """Seats and townships of all counties, then markets; ``_parent`` is the place one step nearer to the seat."""
        found: list[Row] = []
        for county in self.counties:
            found += self._of_county(county)
        seats = [p for p in found if p["kind"] == "county_seat"]
        return [*found, *self._markets(seats)]

    def _of_county(self, county: Row) -> list[Row]:
        rng, key = self.rng, county["county_id"]
        mean = TOWNSHIPS[self.province.catalogue]
        count = int(np.clip(round(rng.gamma(4.6, mean / 4.6)), 3, 46))
        away, angle = 28 * np.sqrt(rng.uniform(0.01, 1, count)), rng.uniform(0, 2 * np.pi, count)
        order = np.argsort(away)
        at = np.vstack([[0.0, 0.0], np.column_stack([away * np.cos(angle), away * np.sin(angle)])[order]])
        weight = np.exp(rng.normal(0, 0.5, count))
        people = np.round(county["population"] * weight / weight.sum()).astype(int)
        rural = county["rural_population"] / county["population"]
        names = [f"S{key}", *(f"{key}{i:02d}" for i in range(count))]
        rows = [_place(names[0], "county_seat", county, at[0], 0, 0)]
        for i in range(1, count + 1):
            steps = np.hypot(*(at[:i] - at[i]).T)
            row = _place(names[i], "township", county, at[i], int(people[i - 1]), int(people[i - 1] * rural))
            near = np.argsort(steps)
            links = [(names[int(j)], round(float(steps[j]) * DETOUR + 0.1, 2)) for j in near[: min(2, i)]]
            produce = county["_farming"] * float(np.exp(rng.normal(0, 0.6)))
            rows.append({**row, "_links": links, "_parent": links[0], "_produce": produce})
        return rows

    def _markets(self, seats: list[Row]) -> list[Row]:
        """One a prefecture at its first county, and a gateway for every four prefectures."""
        first = {c["prefecture_id"]: c for c in reversed(self.counties)}
        at = {s["county_id"]: s for s in seats}
        rows = []
        for i, (prefecture, county) in enumerate(sorted(first.items())):
            seat = at[county["county_id"]]
            rows.append({**_market(seat, f"M{prefecture}"), "_takes": self.rng.lognormal(np.log(450_000), 0.8)})
            if i % 4 == 0:
                rows.append({**_market(seat, f"G{prefecture}"), "_takes": 900_000.0})
        return rows

    # ---- roads
    def _nodes(self) -> list[Row]:
        return [
            {"node_id": p["node_id"], "name": p["name_zh"], "x_coord": p["lon"], "y_coord": p["lat"],
             "node_type": "seat" if p["kind"] == "county_seat" else "township", "zone_id": p["county_id"]}
            for p in self.places
            if p["kind"] != "market"
        ]  # fmt: skip

    def _links(self) -> list[Row]:
        ends = [
            (p["node_id"], other, km, "township_road", 40) for p in self.places for other, km in p.get("_links", [])
        ]
        n = self.province.counties
        for i in range(n):
            east = [i + 1] if (i + 1) % self.width and i + 1 < n else []
            for j in (*east, *([i + self.width] if i + self.width < n else [])):
                fast = i % 3 == 0
                km = round(_km(self.counties[i], self.counties[j]) * DETOUR, 2)
                kind, speed = ("expressway", 90) if fast else ("county_road", 60)
                ends.append((f"S{self.counties[i]['county_id']}", f"S{self.counties[j]['county_id']}", km, kind, speed))
        return [
            {"link_id": f"L{i}", "from_node_id": u, "to_node_id": v, "directed": 0, "length": km,
             "facility_type": kind, "free_speed": speed}
            for i, (u, v, km, kind, speed) in enumerate(ends)
        ]  # fmt: skip

    # ---- what is wanted and what may be built
    def _demand(self) -> list[Row]:
        rows = []
        for p in self.places:
            for year, (produce, parcels) in KNOTS.items():
                if p["kind"] == "township":
                    rural = max(p["rural_population"], 1)
                    rows.append(_want(p, "produce", year, rural * p["_produce"] * produce))
                    rows.append(_want(p, "parcels", year, rural * 22.2 * parcels))
                elif p["kind"] == "market":
                    rows.append(_want(p, "produce_market", year, p["_takes"]))
        return rows

    def _candidates(self) -> list[Row]:
        rows = []
        by_county: dict[str, list[Row]] = {}
        for p in self.places:
            by_county.setdefault(p["county_id"], []).append(p)
        for county in self.counties:
            seat, *towns = [p for p in by_county[county["county_id"]] if p["kind"] != "market"]
            factor = round(1 + 0.04 * max(0.0, (county["elevation_m"] - 1500) / 500), 3)
            parcels = sum(p["rural_population"] for p in towns) * 22.2
            best = max(towns, key=lambda p: p["rural_population"] * p["_produce"])
            mine = [("cold_chain", "hub", seat, 0.0)]
            if self.rng.random() < 0.64:
                mine.append(("cold_chain", "hub", best, 0.0))
            mine.append(("township_logistics", "centre", seat, 0.6 * parcels))
            mine += [("township_logistics", "station", p, 0.6 * 22.2 * p["rural_population"]) for p in towns]
            rows += [self._candidate(s, role, p, factor, c) for s, role, p, c in mine if s in self.province.systems]
        return rows

    def _candidate(self, system: str, role: str, place: Row, factor: float, capacity: float) -> Row:
        key = f"{role[0].upper()}-{place['place_id']}"
        options = "*" if self.province.catalogue == "full" else SHORT[role]
        return {
            "candidate_id": key, "system": system, "role": role, "name_zh": key, "name_en": key,
            "county_id": place["county_id"], "place_id": place["place_id"], "options": options,
            "cost_factor": factor, "existing_capacity": round(capacity),
        }  # fmt: skip

    # ---- money
    def _sources(self) -> list[Row]:
        mine = ";".join(s for s in self.province.systems if s != "township_logistics")
        found = [r for r in _gansu("sources") if r["source_id"] in (*MONEY, OWN)]
        return [{**r, "systems": r["systems"] if r["systems"] == "*" else mine or "*"} for r in found]

    def _budgets(self) -> list[Row]:
        counties = self.counties
        networks = sum(s in NETWORKS for s in self.province.systems)
        scale = (len(self.province.systems) - networks) / 2 + networks
        heads = np.exp(self.rng.normal(np.log(9.2), 0.18, len(counties)))
        rows = []
        for year in range(2025, 2040):
            grown = scale * GROWTH ** (year - 2025)
            for source, each in MONEY.items():
                amount = round(each * len(counties) * grown / 1000) * 1000
                rows.append({"source_id": source, "county_id": "*", "year": year, "amount": amount})
            for county, head in zip(counties, heads, strict=True):
                amount = round(head * county["population"] * grown / 1000) * 1000
                rows.append({"source_id": OWN, "county_id": county["county_id"], "year": year, "amount": amount})
        return rows

    def _rules(self) -> list[Row]:
        shares = self.rng.choice([0.1, 0.15, 0.25], len(self.counties), p=[0.6, 0.25, 0.15])
        return [
            {"county_id": c["county_id"], "own_share": float(s), "debt_service_ceiling": round(25.5 * c["population"]),
             "works_at_once": 3 * len(self.province.systems), "land_quota_mu": 150,
             "migrants": round(0.009 * c["population"])}
            for c, s in zip(self.counties, shares, strict=True)
        ]  # fmt: skip


def _place(key: str, kind: str, county: Row, at: np.ndarray, people: int, rural: int) -> Row:
    return {
        "place_id": key, "name_zh": key, "name_en": key, "kind": kind, "county_id": county["county_id"],
        "lon": round(county["lon"] + at[0] / KM_EAST, 5), "lat": round(county["lat"] + at[1] / KM_NORTH, 5),
        "placement": "synthetic placement", "population": people, "rural_population": rural, "node_id": key,
    }  # fmt: skip


def _market(seat: Row, key: str) -> Row:
    return {**seat, "place_id": key, "name_zh": key, "name_en": key, "kind": "market"}


def _want(place: Row, commodity: str, year: int, quantity: float) -> Row:
    return {"place_id": place["place_id"], "commodity": commodity, "year": year, "quantity": round(quantity)}


def _km(a: Row, b: Row) -> float:
    return float(np.hypot((a["lon"] - b["lon"]) * KM_EAST, (a["lat"] - b["lat"]) * KM_NORTH))


def _origins(tables: Tables) -> list[Row]:
    """What Gansu says of the tables that are its own; everything else is drawn at random."""
    kept = ("catalogue", "sources", "values")
    rows = [r for r in _gansu("origins") if r["table"] in kept]
    said = {(r["table"], r["column"]) for r in rows}
    reason = {"kind": "assumption", "reason_zh": "随机生成", "reason_en": "Drawn at random"}
    for table, spec in load_schema().items():
        if table in tables and table not in ("origins", "provenance"):
            rows += [
                {"table": table, "column": c, **reason}
                for c, column in spec.columns.items()
                if column.numeric and (table, c) not in said
            ]
    return rows
