"""Candidate projects and the catalogue of their sizes."""

from __future__ import annotations

from data.gansu.build.files import Row

PRODUCE_FOR_SECOND_HUB_T = 40_000
EXISTING_SHARE_OF_PARCELS = 0.6
CATALOGUE_COLUMNS = [
    "system", "role", "option", "name_zh", "name_en", "capacity", "capacity_unit", "overnight_cost", "fixed_om",
    "lead_years", "spend_profile", "lifetime", "land_mu", "from_options", "upgrade_cost",
]


def catalogue() -> list[Row]:
    """Sizes: hubs turn over twice a year (capacity = 2 x static tonnes); costs fall with size (exponent 0.85)."""
    rows = [
        ("cold_chain", "hub", "small", "产地冷库 1 万吨", "Cold store 10,000 t", 20_000, "t/yr", 35_000_000, 700_000, 1,
         "1.0", 20, 20, "", ""),
        ("cold_chain", "hub", "medium", "冷链集配中心 3 万吨", "Collection centre 30,000 t", 60_000, "t/yr", 89_000_000,
         1_780_000, 2, "0.5;0.5", 20, 50, "small", 59_000_000),
        ("cold_chain", "hub", "large", "冷链物流基地 8 万吨", "Cold-chain base 80,000 t", 160_000, "t/yr", 205_000_000,
         4_100_000, 2, "0.5;0.5", 20, 110, "medium", 127_000_000),
        ("township_logistics", "centre", "standard", "县级共配中心", "County distribution centre", 14_400_000,
         "parcels/yr", 11_546_000, 690_000, 1, "1.0", 30, 14, "", ""),
        ("township_logistics", "centre", "large", "县级共配中心(大型)", "Large county distribution centre", 36_000_000,
         "parcels/yr", 25_000_000, 1_500_000, 2, "0.6;0.4", 30, 30, "standard", 14_500_000),
        ("township_logistics", "station", "refit", "乡镇站点改造", "Township station, refit", 150_000, "parcels/yr",
         100_000, 24_000, 0, "1.0", 20, 0, "", ""),
        ("township_logistics", "station", "new", "乡镇站点新建", "Township station, new", 500_000, "parcels/yr", 353_000,
         48_000, 1, "1.0", 30, 1, "refit", 280_000),
    ]
    return [dict(zip(CATALOGUE_COLUMNS, r, strict=True)) for r in rows]


def candidates(county_rows: list[Row], township_rows: list[Row], demand_rows: list[Row]) -> list[Row]:
    """A hub at each seat and one more where much is grown; a centre for each county; a station for each rural township."""
    produce = {str(d["place_id"]): float(d["quantity"]) for d in demand_rows if (d["commodity"], d["year"]) == ("produce", 2024)}
    parcels = {str(d["place_id"]): float(d["quantity"]) for d in demand_rows if (d["commodity"], d["year"]) == ("parcels", 2024)}
    towns: dict[str, list[Row]] = {}
    for t in township_rows:
        towns.setdefault(str(t["county_id"]), []).append(t)
    rows: list[Row] = []
    for c in county_rows:
        mine = towns.get(str(c["county_id"]), [])
        rows += _hubs(c, mine, produce)
        rows += _logistics(c, mine, parcels)
    return rows


def _hubs(county: Row, towns: list[Row], produce: dict[str, float]) -> list[Row]:
    grown = [t for t in towns if produce.get(str(t["place_id"]), 0) > 0]
    total = sum(produce[str(t["place_id"])] for t in grown)
    if not grown:
        return []
    rows = [_candidate(f"CH-{county['county_id']}", "cold_chain", "hub", f"{county['name_zh']}冷链枢纽",
                       f"{county['name_en']} cold-chain hub", county, f"S{county['county_id']}")]
    if total >= PRODUCE_FOR_SECOND_HUB_T:
        most = max(grown, key=lambda t: (produce[str(t["place_id"])], str(t["place_id"])))
        rows.append(_candidate(f"CC-{most['place_id']}", "cold_chain", "hub", f"{county['name_zh']}{most['name_zh']}集配中心",
                               f"{county['name_en']} collection centre at {most['name_zh']}", county, str(most["place_id"])))
    return rows


def _logistics(county: Row, towns: list[Row], parcels: dict[str, float]) -> list[Row]:
    served = [t for t in towns if parcels.get(str(t["place_id"]), 0) > 0]
    if not served:
        return []
    total = sum(parcels[str(t["place_id"])] for t in served)
    centre = _candidate(f"LC-{county['county_id']}", "township_logistics", "centre", f"{county['name_zh']}共配中心",
                        f"{county['name_en']} distribution centre", county, f"S{county['county_id']}")
    centre["existing_capacity"] = float(round(total * EXISTING_SHARE_OF_PARCELS, -3))
    rows = [centre]
    for t in served:
        station = _candidate(f"LS-{t['place_id']}", "township_logistics", "station", f"{t['name_zh']}物流站",
                             f"Station at {t['name_zh']}", county, str(t["place_id"]))
        station["existing_capacity"] = float(round(parcels[str(t["place_id"])] * EXISTING_SHARE_OF_PARCELS, -2))
        rows.append(station)
    return rows


def _candidate(key: str, system: str, role: str, zh: str, en: str, county: Row, place: str) -> Row:
    return {
        "candidate_id": key, "system": system, "role": role, "name_zh": zh, "name_en": en,
        "county_id": county["county_id"], "place_id": place, "options": "*", "cost_factor": _cost_factor(county),
        "existing_option": "", "existing_capacity": 0.0, "earliest_year": "", "latest_year": "", "corridor_id": "",
    }


def _cost_factor(county: Row) -> float:
    """Building costs more in high country: 4 % for each 500 m above 1,500 m."""
    return round(1.0 + 0.04 * max(0.0, float(county["elevation_m"]) - 1500.0) / 500.0, 3)
