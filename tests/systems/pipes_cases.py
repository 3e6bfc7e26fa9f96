"""A tiny water network on the tiny region, and a gas network, as changes of its tables."""

from __future__ import annotations

from typing import Any

from tests.tiny_region import Row, added

WATER_COST = {"dn100": 300_000, "dn200": 700_000}


def network(medium: str = "water", **settings: Any) -> dict[str, dict[str, Any]]:
    """The system; ``settings`` replace the usual ones."""
    water = {
        "medium": "water", "roughness": 130.0, "velocity": 2.0, "lifts": {"lift60": 60.0}, "energy": "net.energy",
        "roles": {"connection": "connection", "pipe": "pipe", "supply": "station", "booster": "booster",
                  "reducer": "reducer"},
        "pressure": {"least": 20.0, "transit": 2.0, "most": 160.0, "reduced": 40.0},
    }  # fmt: skip
    gas = {
        "medium": "gas", "roughness": 0.05, "velocity": 20.0, "pressure": {"least": 100.0, "transit": 50.0},
        "roles": {"connection": "connection", "pipe": "pipe", "supply": "station"},
    }  # fmt: skip
    usual = {
        "commodity": "flow", "diameters": {"dn100": 0.1, "dn200": 0.2}, "peak_factor": 2.0,
        "supplies": {"works": {"costs": [["net.cost"]]},
                     "lng": {"costs": [["net.cost"]], "per_hour": "net.haul", "hauled_from": "works"}},
        "gains": [["net.gain"]],
    }  # fmt: skip
    system = {"name": "net", "archetype": "pipes", "label": {"zh": "管网", "en": "Network"}}
    return {"net": {**system, "settings": {**usual, **(water if medium == "water" else gas), **settings}}}


def tables(medium: str = "water", rise: float = 10.0, pressure: float | None = None) -> dict[str, Any]:
    """Changes of the tiny region that bring what :func:`network` needs."""
    at = {"A1": (1500.0, 1500.0 + rise, 1500.0 + 2 * rise, 1490.0), "A2": (1600.0, 1610.0, 1620.0, 1500.0)}
    devices = medium == "water"
    candidates, corridors, supplies, elevations, demand = [], [], [], [], []
    for county, levels in at.items():
        seat, towns = f"S{county}", [f"{county}{i}" for i in (1, 2, 3)]
        elevations += [_elevation(p, z) for p, z in zip([seat, *towns], levels, strict=True)]
        outlet = pressure if pressure is not None else (60.0 if devices else 400.0)
        supplies.append({"system": "net", "place_id": seat, "kind": "works", "pressure": outlet, "capacity": 5_000_000})
        for i, (u, v, km) in enumerate(((seat, towns[0], 3.0), (towns[0], towns[1], 4.0), (seat, towns[2], 5.0))):
            key = f"{county}-{i}"
            candidates.append(_candidate(f"P{key}", "pipe", county, v, km))
            candidates.append(_candidate(f"C{key}", "connection", county, v, 1.0))
            row = {"candidate_id": f"P{key}", "from_place_id": u, "to_place_id": v, "length_km": km}
            if devices:
                candidates += [_candidate(f"B{key}", "booster", county, u, 1.0), _candidate(f"R{key}", "reducer", county, v, 1.0)]
                row |= {"booster_id": f"B{key}", "reducer_id": f"R{key}"}
            corridors.append(row)
            demand += [{"place_id": v, "commodity": "flow", "year": y, "quantity": q} for y, q in
                       ((2024, 150_000 + 40_000 * i), (2029, 220_000 + 50_000 * i))]  # fmt: skip
        candidates.append(_candidate(f"L{county}", "station", county, towns[1], 1.0))
        supplies.append({"system": "net", "place_id": towns[1], "kind": "lng", "candidate_id": f"L{county}",
                         "pressure": 30.0 if devices else 300.0})  # fmt: skip
    return {
        "commodities": added({"commodity": "flow", "unit": "m3/yr", "name_zh": "flow", "name_en": "flow"}),
        "catalogue": added(*_catalogue(devices)), "candidates": added(*candidates), "demand": added(*demand),
        "pipe_corridors": corridors, "supplies": supplies, "elevations": elevations, "values": added(*_values()),
        "county_rules": lambda rows: [{**r, "works_at_once": 40} for r in rows],
    }  # fmt: skip


def _elevation(place: str, height: float) -> Row:
    return {"place_id": place, "elevation_m": height, "uncertainty_m": 5.0}


def _candidate(key: str, role: str, county: str, place: str, factor: float) -> Row:
    return {
        "candidate_id": key, "system": "net", "role": role, "name_zh": key, "name_en": key, "county_id": county,
        "place_id": place, "options": "*", "cost_factor": factor,
    }  # fmt: skip


def _option(role: str, option: str, cost: int, **more: Any) -> Row:
    return {
        "system": "net", "role": role, "option": option, "name_zh": option, "name_en": option, "capacity": 10_000_000,
        "capacity_unit": "m3/yr", "overnight_cost": cost, "fixed_om": 0, "lead_years": 0, "spend_profile": "1",
        "lifetime": 30, "land_mu": 0, **more,
    }  # fmt: skip


def _catalogue(devices: bool) -> list[Row]:
    pipes = [_option("pipe", "dn100", 300_000), _option("pipe", "dn200", 700_000, from_options="dn100", upgrade_cost=650_000)]
    more = [_option("booster", "lift60", 500_000), _option("reducer", "valve", 50_000)] if devices else []
    return [*pipes, *more, _option("connection", "network", 400_000), _option("station", "tank", 3_000_000)]


def _values() -> list[Row]:
    numbers = {"net.gain": 8.0, "net.cost": 1.0, "net.haul": 0.2, "net.energy": 0.002}
    return [
        {"key": k, "name_zh": k, "name_en": k, "low": v, "central": v, "high": v, "unit": "CNY", "basis": "assumption",
         "reason": "made up"}
        for k, v in numbers.items()
    ]  # fmt: skip
