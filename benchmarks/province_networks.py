"""Water and gas networks of a synthetic province: a tree of pipes in every county, fed at its seat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Row = dict[str, Any]
Tables = dict[str, list[Row]]

NETWORKS = ("water", "gas")
DIAMETERS = {
    "short": {"dn150": 0.15, "dn200": 0.2, "dn300": 0.3},
    "full": {"dn100": 0.1, "dn150": 0.15, "dn200": 0.2, "dn250": 0.25, "dn300": 0.3, "dn400": 0.4},
}
"""Inner diameters in m by option of a pipe."""
COST_KM = {
    "water": {"dn100": 180, "dn150": 260, "dn200": 350, "dn250": 460, "dn300": 590, "dn400": 860},
    "gas": {"dn100": 260, "dn150": 340, "dn200": 440, "dn250": 560, "dn300": 700, "dn400": 980},
}
"""10^3 CNY a kilometre, trench included."""
WANTED = {"water": 18.0, "gas": 45.0}
"""m3 a year and resident of townships that have none today, 2024; 1.3 % more each year."""
NUMBERS: Mapping[str, Mapping[str, float]] = {
    "water": {"gain": 7.0, "cost": 1.2, "haul": 0.2, "energy": 0.002},
    "gas": {"gain": 3.9, "cost": 2.1, "haul": 0.12},
}
"""CNY a m3, hauled an hour, lifted a metre."""
SPUR_KM = 12.0
"""Pipes are no longer than this: a main comes as near as that by what stands already."""


def settings_of(name: str, catalogue: str) -> dict[str, Any]:
    """Configuration of a network."""
    water = name == "water"
    roles = {"connection": "connection", "pipe": "pipe", "supply": "station"}
    settings: dict[str, Any] = {
        "medium": name,
        "commodity": f"piped_{name}",
        "roles": {**roles, **({"booster": "booster"} if water else {})},
        "diameters": DIAMETERS[catalogue],
        "roughness": 130.0 if water else 0.05,
        "pressure": {"least": 15.0, "transit": 2.0} if water else {"least": 100.0, "transit": 50.0},
        "peak_factor": 2.0,
        "velocity": 2.5 if water else 20.0,
        "supplies": {
            "works": {"costs": [[f"net_{name}.cost"]]},
            "tank": {"costs": [[f"net_{name}.cost"]], "per_hour": f"net_{name}.haul", "hauled_from": "works"},
        },
        "gains": [[f"net_{name}.gain"]],
        "samples": 0,
    }
    if water:
        settings |= {"lifts": {"lift60": 60.0}, "energy": "net_water.energy"}
    label = {"zh": "供水", "en": "Water"} if water else {"zh": "燃气", "en": "Gas"}
    return {"name": name, "archetype": "pipes", "label": label, "settings": settings}


def network_tables(
    name: str, rng: np.random.Generator, counties: list[Row], places: list[Row], catalogue: str
) -> Tables:
    """What a network adds to the tables of a region."""
    tables: Tables = {
        "commodities": [{"commodity": f"piped_{name}", "unit": "m3/yr", "name_zh": name, "name_en": name}],
        "catalogue": _catalogue(name, catalogue),
        "values": _values(name),
        "candidates": [],
        "pipe_corridors": [],
        "supplies": [],
        "elevations": [],
        "demand": [],
    }
    for county in counties:
        mine = [p for p in places if p["county_id"] == county["county_id"] and p["kind"] != "market"]
        _add_county(tables, name, rng, county, mine)
    if name == "gas":
        tables["elevations"] = []
    return tables


def _add_county(tables: Tables, name: str, rng: np.random.Generator, county: Row, mine: list[Row]) -> None:
    """A pipe from each township's parent, half of the townships a tank, boosters where water has to climb."""
    seat, towns = mine[0], mine[1:]
    height = _heights(county, seat, towns)
    outlet = 60.0 if name == "water" else 400.0
    total = 0.0
    for p in towns:
        key, (parent, km) = p["place_id"], p["_parent"]
        pipe = f"{name[0].upper()}P-{key}"
        length = round(min(km, SPUR_KM), 2)
        corridor = {"candidate_id": pipe, "from_place_id": parent, "to_place_id": key, "length_km": length}
        tables["candidates"] += [
            _candidate(pipe, name, "pipe", p, length),
            _candidate(f"{name[0].upper()}C-{key}", name, "connection", p, round(p["population"] / 10_000 + 0.05, 3)),
        ]
        if name == "water":
            booster = f"WB-{key}"
            at = next(q for q in mine if q["place_id"] == parent)
            tables["candidates"].append(_candidate(booster, name, "booster", at, 1.0))
            corridor["booster_id"] = booster
        tables["pipe_corridors"].append(corridor)
        wanted = WANTED[name] * max(p["population"], 1) * rng.uniform(0.6, 1.2)
        total += wanted
        for year in (2024, 2029, 2034, 2039):
            quantity = round(wanted * 1.013 ** (year - 2024))
            tables["demand"].append({"place_id": key, "commodity": f"piped_{name}", "year": year, "quantity": quantity})
        if rng.random() < 0.5:
            station = f"{name[0].upper()}T-{key}"
            tables["candidates"].append(_candidate(station, name, "station", p, 1.0))
            supply = {"system": name, "place_id": key, "kind": "tank", "candidate_id": station}
            tables["supplies"].append({**supply, "pressure": outlet * 0.75})
    works = {"system": name, "place_id": seat["place_id"], "kind": "works", "pressure": outlet}
    tables["supplies"].append({**works, "capacity": round(total * rng.uniform(0.6, 1.1))})
    tables["elevations"] += [
        {"place_id": p["place_id"], "elevation_m": height[p["place_id"]], "uncertainty_m": 5} for p in mine
    ]


def _heights(county: Row, seat: Row, towns: list[Row]) -> dict[str, float]:
    """Metres: a way off the seat's level that grows along the tree, drawn from the places' own numbers."""
    rng = np.random.default_rng([int(county["county_id"][1:]), county["population"]])
    height = {seat["place_id"]: float(county["elevation_m"])}
    for p in towns:
        height[p["place_id"]] = round(height[p["_parent"][0]] + float(rng.normal(0, 20)), 1)
    return height


def _candidate(key: str, system: str, role: str, place: Row, factor: float) -> Row:
    return {
        "candidate_id": key, "system": system, "role": role, "name_zh": key, "name_en": key,
        "county_id": place["county_id"], "place_id": place["place_id"], "options": "*",
        "cost_factor": max(factor, 0.01),
    }  # fmt: skip


def _option(system: str, role: str, option: str, cost: int, **more: Any) -> Row:
    return {
        "system": system, "role": role, "option": option, "name_zh": option, "name_en": option, "capacity": 20_000_000,
        "capacity_unit": "m3/yr", "overnight_cost": cost, "fixed_om": round(0.015 * cost), "lead_years": 1,
        "spend_profile": "1", "lifetime": 30, "land_mu": 0, **more,
    }  # fmt: skip


def _catalogue(name: str, catalogue: str) -> list[Row]:
    pipes = [_option(name, "pipe", d, COST_KM[name][d] * 1000) for d in DIAMETERS[catalogue]]
    lift = [_option(name, "booster", "lift60", 450_000, lead_years=0)] if name == "water" else []
    tank = _option(name, "station", "tank", 2_800_000 if name == "gas" else 900_000, capacity=600_000, land_mu=3)
    return [*pipes, *lift, tank, _option(name, "connection", "network", 2_000_000)]


def _values(name: str) -> list[Row]:
    return [
        {"key": f"net_{name}.{key}", "name_zh": key, "name_en": key, "low": v, "central": v, "high": v, "unit": "CNY",
         "basis": "assumption", "reason": "Round figure for the synthetic province"}
        for key, v in NUMBERS[name].items()
    ]  # fmt: skip
