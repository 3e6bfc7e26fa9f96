"""Rivers and the county seats beside them: reaches, zones, what stands in them, what may be built."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.gansu.build.files import Row, fact, read_facts
from data.gansu.build.places import km_between
from data.gansu.build.projects import CATALOGUE_COLUMNS
from network_models.flood.frequency import pearson3

WINDING = 1.35
"""River length over the straight line between two seats."""
MANNING = 0.035
SKEW = 2.5
"""Cs over Cv, usual in the north-west."""
HEADWATER_KM = 40.0
SPEED_KM_H = 9.0
"""Of a flood wave; its time of rise where it enters."""
EXPOSED = 0.08
"""Share of a seat's townspeople on low ground beside the river."""
PEOPLE_A_KM2 = 8_000
STANDING_YEARS = {"city": 50, "seat": 20}
"""What the levees of cities (200,000 townspeople and more) and of other seats withstand today."""
CITY = 200_000
STANDARDS = ((1_500_000, 200), (500_000, 100), (200_000, 50), (0, 20))
"""Smallest standard by townspeople (V192 to V195)."""
LOW_GROUND, HIGH_GROUND_M = 0.6, 4.0
"""Lowest ground as a share of the crest; highest ground above the crest."""
CLASSES = {"residential": 0.55, "commercial": 0.25, "industrial": 0.2}
GROWTH = 0.02
LEVEES = (20, 50, 100, 200)
UPGRADE = 1.1
"""An upgrade costs so many times the difference of both costs, as for hubs."""
OUTAGE_DAYS = 30
LANZHOU = "620102"
RESERVOIR = "LJX"


@dataclass(frozen=True)
class Seat:
    """A county seat on a river, with what has gathered there."""

    row: dict[str, str]
    county: Row
    length_km: float
    mean: float
    cv: float

    @property
    def key(self) -> str:
        return str(self.county["county_id"])

    def depth(self, years: float) -> float:
        """Depth of uniform flow at the flood of a return period (Manning, wide section), m."""
        flow = float(pearson3(self.mean, self.cv, SKEW * self.cv).quantile(years))
        slope, width = float(self.row["slope"]), float(self.row["width_m"])
        return (flow * MANNING / (width * math.sqrt(slope))) ** 0.6

    @property
    def crest(self) -> float:
        """Top of the levee that stands, m above the bed."""
        return self.depth(STANDING_YEARS["city" if self.people >= CITY else "seat"])

    @property
    def people(self) -> int:
        return int(self.county["urban_population"])

    @property
    def area(self) -> float:
        """Low ground that can be flooded, km2."""
        return max(0.3, EXPOSED * self.people / PEOPLE_A_KM2)

    @property
    def levee_km(self) -> float:
        """Length of the bank along that ground, twice as long as wide."""
        return 2 * math.sqrt(2 * self.area)


def tables(county_rows: list[Row]) -> dict[str, list[Row]]:
    """Rows of every table of floods, and of the candidates and sizes of flood works."""
    seats = _seats(county_rows)
    return {
        "river_reaches": [_reach(s, seats) for s in seats],
        "river_storages": [_reservoir()],
        "storage_curves": _curves_of_storage(),
        "flood_zones": [_zone(s) for s in seats],
        "zone_assets": [_asset(s, name, share) for s in seats for name, share in CLASSES.items()],
        "damage_curves": [dict(r) for r in read_facts("damage_curves.csv")],
        "zone_drainage": [_drainage(s) for s in seats],
        "zone_places": [{"place_id": f"S{s.key}", "zone_id": f"Z{s.key}", "outage_days": OUTAGE_DAYS} for s in seats],
        "candidates": [c for s in seats for c in _candidates(s)],
        "catalogue": catalogue(),
    }


def _seats(county_rows: list[Row]) -> list[Seat]:
    county = {str(c["county_id"]): c for c in county_rows}
    listed = read_facts("river_seats.csv")
    above: dict[str, list[dict[str, str]]] = {}
    for r in listed:
        above.setdefault(r["next_county_id"], []).append(r)
    seats: dict[str, Seat] = {}
    for r in listed:
        upper = above.get(r["county_id"], [])
        length = min((_km(county[u["county_id"]], county[r["county_id"]]) for u in upper), default=HEADWATER_KM)
        seats[r["county_id"]] = Seat(r, county[r["county_id"]], length, *_gathered(r, above))
    return [seats[r["county_id"]] for r in listed]


def _gathered(row: dict[str, str], above: dict[str, list[dict[str, str]]]) -> tuple[float, float]:
    """Mean and variation of the yearly peaks of all that enters down to a seat, taken to peak together."""
    parts, waiting = [], [row]
    while waiting:
        one = waiting.pop()
        parts.append((float(one["mean_peak_m3s"]), float(one["cv"])))
        waiting += above.get(one["county_id"], [])
    means = np.array([m for m, _ in parts])
    return float(means.sum()), float((means * np.array([c for _, c in parts])).sum() / means.sum())


def _km(a: Row, b: Row) -> float:
    straight = km_between(np.array([a["lon"]]), np.array([a["lat"]]), float(b["lon"]), float(b["lat"]))
    return max(3.0, WINDING * float(straight[0]))


def _reach(seat: Seat, seats: list[Seat]) -> Row:
    upper = next((s for s in seats if s.row["next_county_id"] == seat.key), None)
    start = upper.county if upper else seat.county
    below = seat.row["next_county_id"]
    return {
        "reach_id": f"R{seat.key}", "name_zh": f"{seat.row['river_zh']}{seat.county['name_zh']}段",
        "name_en": f"{seat.row['river']} at {seat.county['name_en']}",
        "downstream_id": RESERVOIR if seat.key == "622923" else f"R{below}" if below else "",
        "length_km": round(seat.length_km, 1), "slope": float(seat.row["slope"]), "width_m": float(seat.row["width_m"]),
        "manning": MANNING, "base_m3s": float(round(0.15 * float(seat.row["mean_peak_m3s"]))),
        "mean_peak_m3s": float(seat.row["mean_peak_m3s"]), "cv": float(seat.row["cv"]), "cs_over_cv": SKEW,
        "time_to_peak_h": round(8 + seat.length_km / SPEED_KM_H, 1), "delay_h": 0,
        "from_lon": start["lon"], "from_lat": start["lat"], "to_lon": seat.county["lon"], "to_lat": seat.county["lat"],
    }  # fmt: skip


def _zone(seat: Seat) -> Row:
    crest = seat.crest
    return {
        "zone_id": f"Z{seat.key}", "name_zh": f"{seat.county['name_zh']}城区", "name_en": f"{seat.county['name_en']} seat",
        "county_id": seat.key, "reach_id": f"R{seat.key}", "area_km2": round(seat.area, 2),
        "ground_m": round(LOW_GROUND * crest, 2), "high_ground_m": round(crest + HIGH_GROUND_M, 2), "crest_m": round(crest, 2),
        "levee_km": round(seat.levee_km, 2), "breach_m": 60, "breach_sill_m": "",
        "standard_years": next(y for people, y in STANDARDS if seat.people >= people),
        "levee_candidate_id": f"FL-{seat.key}", "warning_candidate_id": f"FW-{seat.key}",
        "lon": seat.county["lon"], "lat": seat.county["lat"],
    }  # fmt: skip


def _asset(seat: Seat, name: str, share: float) -> Row:
    value = EXPOSED * seat.people * fact("V223") * share
    return {"zone_id": f"Z{seat.key}", "asset_class": name, "value": float(round(value, -4)), "growth": GROWTH}


def _drainage(seat: Seat) -> Row:
    """Drains carry the storm of one year (Lanzhou's formula, V202) falling in half an hour on the low ground's streets."""
    rain = fact("V202") / (30 + 14.92) ** 0.942
    area, runoff = seat.area * 2, 0.55
    return {
        "zone_id": f"Z{seat.key}", "drainage_candidate_id": f"FD-{seat.key}", "catchment_km2": round(area, 2), "runoff": runoff,
        "drains_m3s": round(rain / 60 / 1000 * runoff * area * 1e6, 2), "storage_m3": 0,
        "a1": fact("V202"), "c": 3.198, "b": 14.92, "n": 0.942,
    }  # fmt: skip


def _reservoir() -> Row:
    return {
        "storage_id": RESERVOIR, "name_zh": "刘家峡水库", "name_en": "Liujiaxia reservoir", "downstream_id": "R620104",
        "storage_candidate_id": "", "joint_candidate_id": "FJ-620102", "control_id": f"R{LANZHOU}",
        "safe_flow_m3s": 4000, "hold_m3": "",
    }  # fmt: skip


def _curves_of_storage() -> list[Row]:
    points = ((0, 0, 0), (1e8, 3000, 0), (8e8, 3500, 0), (1.2e9, 3500, 4000))
    return [
        {"storage_id": RESERVOIR, "option": "", "volume_m3": v, "gate_m3s": g, "spill_m3s": s} for v, g, s in points
    ]


# ---- works
def levee_cost_km(years: float) -> float:
    """CNY a km by standard, through a rural levee of 10 years (V190) and the Yellow River's works of 100 (U24)."""
    growth = math.log10(fact("U24") / fact("V190"))
    return fact("V190") * (years / 10) ** growth


def catalogue() -> list[Row]:
    """Levees by the kilometre, drains by the km2, a warning system, the joint rule."""
    rows = []
    lower, spent = "", 0.0
    for years in LEVEES:
        cost = round(levee_cost_km(years), -4)
        rows.append(_size("levee", f"y{years}", f"{years} 年一遇堤防每公里", f"Levee, {years} years, a km", years, "yr", cost,
                          2 if years >= 100 else 1, 50, lower, spent))  # fmt: skip
        lower, spent = f"y{years}", cost
    few = 10_000_000
    return [
        *rows,
        _size("drainage", "y3", "3 年一遇排水", "Drains, 3 years, a km2", 3, "yr", few, 1, 40),
        _size("drainage", "y20", "20 年一遇排涝", "Drains, 20 years, a km2", 20, "yr", fact("V201"), 2, 40, "y3", few),
        _size("warning", "siren", "洪水预警系统", "Flood warning", 0.1, "1", 3_000_000, 0, 15),
        _size("joint", "plan", "联合调度", "Joint operation", 0, "", 20_000_000, 1, 15),
    ]


def _size(
    role: str, option: str, zh: str, en: str, capacity: float, unit: str, cost: float, lead: int, life: int,
    lower: str = "", spent: float = 0.0,
) -> Row:  # fmt: skip
    """One size; ``lower`` is the option that it can be an upgrade of, ``spent`` what that one costs."""
    upgrade = round(UPGRADE * (cost - spent)) if lower else ""
    profile = ";".join([f"{1 / max(1, lead):g}"] * max(1, lead))
    cells = ("flood", role, option, zh, en, capacity, unit, round(cost), 0, lead, profile, life, 0, lower, upgrade, "")
    return dict(zip(CATALOGUE_COLUMNS, cells, strict=True))


def _candidates(seat: Seat) -> list[Row]:
    zh, en, standing = seat.county["name_zh"], seat.county["name_en"], STANDING_YEARS["city" if seat.people >= CITY else "seat"]
    options = ";".join(f"y{y}" for y in LEVEES if y > standing)
    rows = [
        _candidate(seat, "FL", "levee", f"{zh}城区堤防", f"{en} levee", options, seat.levee_km),
        _candidate(seat, "FD", "drainage", f"{zh}城区排涝", f"{en} drains", "*", 2 * seat.area),
        _candidate(seat, "FW", "warning", f"{zh}洪水预警", f"{en} flood warning", "*", 1.0),
    ]
    if seat.key == LANZHOU:
        rows.append(_candidate(seat, "FJ", "joint", "刘家峡水库联合调度", "Joint operation of Liujiaxia", "*", 1.0))
    return rows


def _candidate(seat: Seat, prefix: str, role: str, zh: str, en: str, options: str, factor: float) -> Row:
    return {
        "candidate_id": f"{prefix}-{seat.key}", "system": "flood", "role": role, "name_zh": zh, "name_en": en,
        "county_id": seat.key, "place_id": f"S{seat.key}", "options": options, "cost_factor": round(factor, 3),
        "existing_option": "", "existing_capacity": "", "earliest_year": "", "latest_year": "", "corridor_id": "",
    }  # fmt: skip
