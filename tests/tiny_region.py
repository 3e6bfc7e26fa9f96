"""A small valid region: two counties, six townships, one market, both systems, three sources of money."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optimizer.region.schema import load_schema

Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]] | list[Row] | None

COUNTIES = ("A1", "A2")
TOWNSHIPS = {county: tuple(f"{county}{i}" for i in (1, 2, 3)) for county in COUNTIES}
YEARS = range(2025, 2040)
META = "id: tiny\nname_zh: 小地区\nname_en: Tiny\nbase_year: 2024\nprice_base_year: 2024\n"


def make_tiny_region(path: Path | str, **changes: Change) -> Path:
    """Write the region as a folder of CSV files.

    Parameters
    ----------
    path
        Folder; made if it is not there.
    changes
        By table: a function from its rows to new rows, rows that take their place, or None to leave the table out.

    Returns
    -------
    Path
        The folder.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "region.yaml").write_text(META, encoding="utf-8")
    for name, rows in tiny_tables(**changes).items():
        _write(folder / f"{name}.csv", name, rows)
    return folder


def tiny_tables(**changes: Change) -> dict[str, list[Row]]:
    """Rows of every table, with changes as in :func:`make_tiny_region`."""
    tables = {name: build() for name, build in BUILDERS.items()}
    tables |= {name: [] for name in load_schema() if name not in tables}
    for name, change in changes.items():
        if change is None:
            del tables[name]
        else:
            tables[name] = change(tables[name]) if callable(change) else change
    return tables


def edited(row: int, **cells: Any) -> Callable[[list[Row]], list[Row]]:
    """A change of some cells of one row (0 is the first row of data)."""
    return lambda rows: [{**r, **cells} if i == row else r for i, r in enumerate(rows)]


def added(*more: Row) -> Callable[[list[Row]], list[Row]]:
    """A change that appends rows."""
    return lambda rows: [*rows, *more]


def _write(file: Path, table: str, rows: list[Row]) -> None:
    columns = list(load_schema()[table].columns)
    columns += [c for c in dict.fromkeys(c for row in rows for c in row) if c not in columns]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _counties() -> list[Row]:
    return [
        {
            "county_id": county, "name_zh": f"{county}县", "name_en": f"County {county}", "prefecture_id": "A",
            "prefecture_zh": "甲市", "prefecture_en": "Prefecture A", "kind": "county", "in_official_list": 1,
            "lon": 103.0 + 0.6 * i, "lat": 36.0, "area_km2": 2000, "population": 100_000, "urban_population": 40_000,
            "rural_population": 60_000, "agri_employed_share": 0.5, "elevation_m": 1600,
        }
        for i, county in enumerate(COUNTIES)
    ]  # fmt: skip


def _point(place: str, county: str, kind: str, east: float, north: float, node: str, people: int = 0) -> Row:
    lon = 103.0 + 0.6 * COUNTIES.index(county) + east
    return {
        "place_id": place, "name_zh": place, "name_en": place, "kind": kind, "county_id": county,
        "lon": round(lon, 5), "lat": 36.0 + north, "placement": "published", "population": people,
        "rural_population": people * 3 // 5, "node_id": node,
    }  # fmt: skip


def _places() -> list[Row]:
    offsets = ((0.05, 0.0), (0.2, 0.15), (-0.2, 0.15))
    rows = [
        _point(town, county, "township", *offset, f"T{town}", 33_333)
        for county in COUNTIES
        for town, offset in zip(TOWNSHIPS[county], offsets, strict=True)
    ]
    rows += [_point(f"S{county}", county, "county_seat", 0.0, 0.0, f"S{county}") for county in COUNTIES]
    return [*rows, _point("MA", "A1", "market", 0.0, 0.0, "SA1")]


def _nodes() -> list[Row]:
    return [
        {
            "node_id": p["node_id"], "name": p["name_zh"], "x_coord": p["lon"], "y_coord": p["lat"],
            "node_type": "seat" if p["kind"] == "county_seat" else "township", "zone_id": p["county_id"],
        }
        for p in _places()
        if p["kind"] != "market"
    ]  # fmt: skip


def _links() -> list[Row]:
    ends = [("SA1", "SA2", 60.0, "county_road", 60)]
    for county in COUNTIES:
        near, east, west = (f"T{town}" for town in TOWNSHIPS[county])
        seat = f"S{county}"
        ends += [(seat, near, 5.0, "township_road", 40), (seat, east, 28.0, "township_road", 40)]
        ends += [(seat, west, 30.0, "township_road", 40), (near, east, 24.0, "township_road", 40)]
    return [
        {
            "link_id": f"L{i}", "from_node_id": u, "to_node_id": v, "directed": 0, "length": km,
            "facility_type": kind, "free_speed": speed,
        }
        for i, (u, v, km, kind, speed) in enumerate(ends, start=1)
    ]  # fmt: skip


def _demand() -> list[Row]:
    by_town = {"produce": (6_000, 7_000), "parcels": (200_000, 300_000), "residents": (33_333, 32_000)}
    rows = [
        {"place_id": town, "commodity": commodity, "year": year, "quantity": quantity}
        for county in COUNTIES
        for town in TOWNSHIPS[county]
        for commodity, quantities in by_town.items()
        for year, quantity in zip((2024, 2029), quantities, strict=True)
    ]
    return [*rows, {"place_id": "MA", "commodity": "produce_market", "year": 2024, "quantity": 60_000}]


def _commodities() -> list[Row]:
    units = {"produce": "t/yr", "produce_market": "t/yr", "parcels": "parcels/yr", "residents": "persons"}
    return [{"commodity": c, "unit": u, "name_zh": c, "name_en": c} for c, u in units.items()]


def _catalogue() -> list[Row]:
    columns = (
        "system", "role", "option", "capacity", "capacity_unit", "overnight_cost", "fixed_om", "lead_years",
        "spend_profile", "lifetime", "land_mu", "from_options", "upgrade_cost",
    )  # fmt: skip
    hub, centre, station = ("cold_chain", "hub"), ("township_logistics", "centre"), ("township_logistics", "station")
    rows = [
        (*hub, "small", 10_000, "t/yr", 18_000_000, 360_000, 1, "1", 20, 10, "", ""),
        (*hub, "large", 20_000, "t/yr", 32_000_000, 640_000, 2, "0.6;0.4", 20, 18, "small", 16_000_000),
        (*centre, "standard", 900_000, "parcels/yr", 1_200_000, 60_000, 1, "1", 30, 4, "", ""),
        (*station, "refit", 150_000, "parcels/yr", 100_000, 12_000, 0, "1", 20, 0, "", ""),
        (*station, "new", 400_000, "parcels/yr", 350_000, 24_000, 1, "1", 30, 1, "refit", 260_000),
    ]
    return [dict(zip(columns, r, strict=True)) | {"name_zh": r[2], "name_en": r[2]} for r in rows]


def _candidate(key: str, system: str, role: str, county: str, place: str, existing: int = 0) -> Row:
    return {
        "candidate_id": key, "system": system, "role": role, "name_zh": key, "name_en": key, "county_id": county,
        "place_id": place, "options": "*", "cost_factor": 1, "existing_capacity": existing,
    }  # fmt: skip


def _candidates() -> list[Row]:
    rows = []
    for county in COUNTIES:
        seat = f"S{county}"
        rows += [_candidate(f"H-{county}", "cold_chain", "hub", county, seat)]
        rows += [_candidate(f"C-{county}", "township_logistics", "centre", county, seat, 300_000)]
        rows += [
            _candidate(f"P-{town}", "township_logistics", "station", county, town, 60_000)
            for town in TOWNSHIPS[county]
        ]
    return rows


def _sources() -> list[Row]:
    columns = (
        "source_id", "kind", "level", "systems", "max_share", "carry_over_share", "bond_rate", "bond_term",
        "preference",
    )  # fmt: skip
    rows = [
        ("grant", "grant", "province", "*", 0.5, 0.3, "", "", 1),
        ("own", "own", "county", "*", 1, 1, "", "", 2),
        ("bond", "bond", "province", "cold_chain", 0.6, 0, 0.024, 20, 3),
    ]
    return [dict(zip(columns, r, strict=True)) | {"name_zh": r[0], "name_en": r[0]} for r in rows]


def _budgets() -> list[Row]:
    owners = [("grant", "*", 12_000_000), ("bond", "*", 10_000_000), *(("own", c, 6_000_000) for c in COUNTIES)]
    return [
        {"source_id": source, "county_id": owner, "year": year, "amount": amount}
        for source, owner, amount in owners
        for year in YEARS
    ]


def _county_rules() -> list[Row]:
    return [
        {
            "county_id": county, "own_share": 0.1, "debt_service_ceiling": 2_000_000, "works_at_once": 4,
            "land_quota_mu": 40, "migrants": migrants,
        }
        for county, migrants in zip(COUNTIES, (600, 300), strict=True)
    ]  # fmt: skip


def _values() -> list[Row]:
    numbers = {
        "social_discount_rate": (0.08, 0.08, 0.06, "1/yr"),
        "cold_chain.produce_price": (1800, 2500, 3200, "CNY/t"),
        "cold_chain.loss_avoided": (0.05, 0.1, 0.15, "t/t"),
        "cold_chain.storage_premium": (180, 350, 500, "CNY/t"),
        "cold_chain.spoilage_per_hour": (0.006, 0.004, 0.003, "1/h"),
        "cold_chain.transport_cost_km": (0.45, 0.35, 0.3, "CNY/t/km"),
        "cold_chain.reefer_cost_km": (0.8, 0.6, 0.45, "CNY/t/km"),
        "cold_chain.running_cost": (180, 120, 72, "CNY/t"),
        "township_logistics.value_parcel_village": (0.8, 1.5, 3.6, "CNY/parcel"),
        "township_logistics.saving_shared_delivery": (0.3, 0.8, 1.8, "CNY/parcel"),
        "township_logistics.handling_cost": (0.8, 0.5, 0.3, "CNY/parcel"),
        "township_logistics.cost_km": (0.02, 0.012, 0.008, "CNY/parcel/km"),
    }
    return [
        {
            "key": key, "name_zh": key, "name_en": key, "low": low, "central": central, "high": high, "unit": unit,
            "basis": "assumption", "reason": "a made-up region",
        }
        for key, (low, central, high, unit) in numbers.items()
    ]  # fmt: skip


def _origins() -> list[Row]:
    return [
        {"table": table, "column": column, "kind": "assumption", "reason_zh": "虚构", "reason_en": "made up"}
        for table, spec in load_schema().items()
        for column, kind in spec.columns.items()
        if kind.numeric or kind.type == "year"
    ]


def _provenance() -> list[Row]:
    return [{"source_id": "X1", "title": "A made-up region", "licence": "public domain", "quality": "none"}]


BUILDERS: dict[str, Callable[[], list[Row]]] = {
    "counties": _counties, "places": _places, "node": _nodes, "link": _links, "demand": _demand,
    "commodities": _commodities, "catalogue": _catalogue, "candidates": _candidates, "sources": _sources,
    "budgets": _budgets, "county_rules": _county_rules, "values": _values, "origins": _origins,
    "provenance": _provenance,
}  # fmt: skip
