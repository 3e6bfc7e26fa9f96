"""Tiny rivers on the tiny region: two counties, a zone in each on one river, and works of every kind."""

from __future__ import annotations

from typing import Any

from tests.tiny_region import Row, added

ZONES = {"ZA": ("A1", "R2"), "ZB": ("A2", "R3")}


def flood(**settings: Any) -> dict[str, dict[str, Any]]:
    """The system; ``settings`` replace the usual ones."""
    usual = {
        "roles": {"levee": "levee", "drainage": "drain", "storage": "basin", "joint": "joint", "warning": "warning"},
        "return_periods": [5, 20, 50, 200], "step_minutes": 60.0, "hours": 72.0, "negligible": 0.0,
    }  # fmt: skip
    system = {"name": "flood", "archetype": "protection", "label": {"zh": "防洪", "en": "Floods"}}
    return {"flood": {**system, "settings": {**usual, **settings}}}


def levees(**settings: Any) -> dict[str, dict[str, Any]]:
    """The system with levees alone."""
    return flood(roles={"levee": "levee"}, **settings)


def tables(*, works: bool = True, value: float = 4e8, **changes: Any) -> dict[str, Any]:
    """Changes of the tiny region that bring what :func:`flood` needs; without ``works`` levees alone."""
    roles = ["levee", "drain", "warning"] if works else ["levee"]
    candidates = [_candidate(f"{r[0].upper()}-{z}", r, *ZONES[z][:1]) for z in ZONES for r in roles]
    if works:
        candidates += [_candidate("B-1", "basin", "A1"), _candidate("J-1", "joint", "A1")]
    made: dict[str, Any] = {
        "catalogue": added(*_catalogue(works)), "candidates": added(*candidates), "river_reaches": _reaches(works),
        "flood_zones": [_zone(z, works) for z in ZONES], "zone_assets": _assets(value), "damage_curves": _curves(),
        "county_rules": lambda rows: [{**r, "works_at_once": 40} for r in rows],
    }  # fmt: skip
    if works:
        made |= {
            "river_storages": [_storage()], "storage_curves": _storage_curves(), "zone_drainage": [_drains(z) for z in ZONES]
        }
    return made | changes


def _candidate(key: str, role: str, county: str) -> Row:
    return {
        "candidate_id": key, "system": "flood", "role": role, "name_zh": key, "name_en": key, "county_id": county,
        "place_id": f"S{county}", "options": "*", "cost_factor": 1,
    }  # fmt: skip


def _option(role: str, option: str, cost: int, capacity: float, unit: str, **more: Any) -> Row:
    return {
        "system": "flood", "role": role, "option": option, "name_zh": option, "name_en": option, "capacity": capacity,
        "capacity_unit": unit, "overnight_cost": cost, "fixed_om": 0, "lead_years": 1, "spend_profile": "1",
        "lifetime": 50, "land_mu": 0, **more,
    }  # fmt: skip


def _catalogue(works: bool) -> list[Row]:
    rows = [
        _option("levee", "p20", 3_000_000, 20, "yr"),
        _option("levee", "p50", 6_000_000, 50, "yr", from_options="p20", upgrade_cost=4_000_000),
    ]
    if not works:
        return rows
    return [
        *rows, _option("drain", "d10", 2_000_000, 10, "yr"), _option("warning", "siren", 500_000, 0.1, "1", lead_years=0),
        _option("basin", "pond", 5_000_000, 0, ""), _option("joint", "plan", 300_000, 0, "", lead_years=0),
    ]  # fmt: skip


def _reach(key: str, below: str, peak: float, km: float) -> Row:
    return {
        "reach_id": key, "name_zh": key, "name_en": key, "downstream_id": below, "length_km": km, "slope": 0.002,
        "width_m": 60, "manning": 0.035, "base_m3s": 20 if peak else 0, "mean_peak_m3s": peak, "cv": 0.8 if peak else "",
        "cs_over_cv": 2.5 if peak else "", "time_to_peak_h": 10,
    }  # fmt: skip


def _reaches(works: bool) -> list[Row]:
    return [_reach("R1", "V1" if works else "R2", 250, 20), _reach("R2", "R3", 0, 15), _reach("R3", "", 120, 30)]


def _zone(key: str, works: bool) -> Row:
    county, reach = ZONES[key]
    return {
        "zone_id": key, "name_zh": key, "name_en": key, "county_id": county, "reach_id": reach, "area_km2": 6,
        "ground_m": 1.0, "high_ground_m": 4.0, "crest_m": 2.0, "levee_km": 2.0, "breach_m": 40, "breach_sill_m": 1.2,
        "standard_years": 20, "levee_candidate_id": f"L-{key}", "warning_candidate_id": f"W-{key}" if works else "",
    }  # fmt: skip


def _storage() -> Row:
    return {
        "storage_id": "V1", "name_zh": "V1", "name_en": "V1", "downstream_id": "R2", "storage_candidate_id": "B-1",
        "joint_candidate_id": "J-1", "control_id": "R3", "safe_flow_m3s": 300,
    }  # fmt: skip


def _storage_curves() -> list[Row]:
    points = {"": ((0, 0, 0), (2e6, 500, 0), (4e6, 500, 400)), "pond": ((0, 0, 0), (1e7, 150, 0), (1.5e7, 150, 500))}
    return [
        {"storage_id": "V1", "option": o, "volume_m3": v, "gate_m3s": g, "spill_m3s": s}
        for o, rows in points.items()
        for v, g, s in rows
    ]


def _assets(value: float) -> list[Row]:
    return [
        {"zone_id": z, "asset_class": c, "value": value * share, "growth": 0.02}
        for z in ZONES
        for c, share in (("homes", 0.7), ("farms", 0.3))
    ]


def _curves() -> list[Row]:
    return [
        {"asset_class": c, "depth_m": d, "share": s}
        for c, points in {"homes": ((0, 0), (1, 0.4), (4, 0.9)), "farms": ((0, 0), (0.5, 0.8), (2, 1.0))}.items()
        for d, s in points
    ]


def _drains(zone: str) -> Row:
    return {
        "zone_id": zone, "drainage_candidate_id": f"D-{zone}", "catchment_km2": 3, "runoff": 0.6, "drains_m3s": 8,
        "storage_m3": 5000, "a1": 8.0, "c": 0.9, "b": 10, "n": 0.8,
    }  # fmt: skip
