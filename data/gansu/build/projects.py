"""Candidate projects and the catalogue of their sizes."""

from __future__ import annotations

from data.gansu.build.files import Row, fact

STORE_COST_PER_T = 3_500
"""CNY a static tonne at 10,000 t: geometric mean of public money alone (U02) and all money as stated (U04)."""
SIZE_EXPONENT = 0.85
UPGRADE_SURCHARGE = 1.1
"""An upgrade costs a tenth more than the difference of the two sizes."""
OM_SHARE = {"hub": 0.02, "centre": 0.06, "station": 0.14}
"""Yearly O&M as a share of overnight cost; staff weighs more in small buildings."""
PRODUCE_A_HUB_T = 40_000
"""One more collection centre for each such amount of produce in a county, at most three."""
MOST_COLLECTION_CENTRES = 3
EXISTING_SHARE_OF_PARCELS = 0.6
CATALOGUE_COLUMNS = [
    "system", "role", "option", "name_zh", "name_en", "capacity", "capacity_unit", "overnight_cost", "fixed_om",
    "lead_years", "spend_profile", "lifetime", "land_mu", "from_options", "upgrade_cost", "origin",
]  # fmt: skip


def catalogue() -> list[Row]:
    """Sizes of both systems, each with the size that it can enlarge."""
    turns, life = int(fact("V072")), int(fact("V026"))
    centre, station = int(fact("V073")), int(fact("V078"))
    building = 30
    rows = [
        *(
            _size("cold_chain", "hub", option, zh, en, static * turns, "t/yr", _store(static), lead, life, mu, below)
            for option, zh, en, static, lead, mu, below in (
                ("small", "产地冷库 1 万吨", "Cold store 10,000 t", 10_000, 1, 20, ""),
                ("medium", "冷链集配中心 3 万吨", "Collection centre 30,000 t", 30_000, 2, 50, "small"),
                ("large", "冷链物流基地 8 万吨", "Cold-chain base 80,000 t", 80_000, 2, 110, "medium"),
            )
        ),
        _size("township_logistics", "centre", "standard", "县级共配中心", "County distribution centre", 14_400_000,
              "parcels/yr", centre, 1, building, 14, "", "capacity,overnight_cost=fact:V073"),
        _size("township_logistics", "centre", "large", "县级共配中心(大型)", "Large county distribution centre",
              36_000_000, "parcels/yr", _scaled(centre, 2.5), 2, building, 30, "standard"),
        _size("township_logistics", "station", "refit", "乡镇站点改造", "Township station, refit", 150_000,
              "parcels/yr", 100_000, 0, building - 10, 0, ""),
        _size("township_logistics", "station", "new", "乡镇站点新建", "Township station, new", 500_000,
              "parcels/yr", station, 1, building, 1, "refit", "overnight_cost=derived:V078"),
    ]  # fmt: skip
    return _with_upgrades(rows)


def _store(static_t: int) -> int:
    return _scaled(STORE_COST_PER_T * 10_000, static_t / 10_000)


def _scaled(cost: float, times: float) -> int:
    return int(round(cost * times**SIZE_EXPONENT, -6))


def _size(
    system: str, role: str, option: str, zh: str, en: str, capacity: int, unit: str, cost: int, lead: int, life: int,
    mu: int, below: str, origin: str = "",
) -> Row:  # fmt: skip
    profile = ";".join([f"{1 / max(1, lead):g}"] * max(1, lead))
    om = int(round(cost * OM_SHARE[role], -3))
    cells = (system, role, option, zh, en, capacity, unit, cost, om, lead, profile, life, mu, below, "", origin)
    return dict(zip(CATALOGUE_COLUMNS, cells, strict=True))


def _with_upgrades(rows: list[Row]) -> list[Row]:
    cost = {(r["role"], r["option"]): int(r["overnight_cost"]) for r in rows}
    more = [int(r["overnight_cost"]) - cost.get((r["role"], r["from_options"]), 0) for r in rows]
    return [
        {**r, "upgrade_cost": int(round(m * UPGRADE_SURCHARGE, -4)) if r["from_options"] else ""}
        for r, m in zip(rows, more, strict=True)
    ]


def candidates(county_rows: list[Row], township_rows: list[Row], demand_rows: list[Row]) -> list[Row]:
    """Hubs at seats and where most is grown, a centre for each county, a station for each township with villages."""
    wanted = {(str(d["place_id"]), str(d["commodity"])): float(d["quantity"]) for d in demand_rows if d["year"] == 2024}
    towns: dict[str, list[Row]] = {}
    for t in township_rows:
        if (str(t["place_id"]), "parcels") in wanted:
            towns.setdefault(str(t["county_id"]), []).append(t)
    rows: list[Row] = []
    for c in county_rows:
        mine = towns.get(str(c["county_id"]), [])
        if mine:
            rows += _hubs(c, mine, {str(t["place_id"]): wanted[str(t["place_id"]), "produce"] for t in mine})
            rows += _logistics(c, mine, {str(t["place_id"]): wanted[str(t["place_id"]), "parcels"] for t in mine})
    return rows


def _hubs(county: Row, towns: list[Row], produce: dict[str, float]) -> list[Row]:
    more = min(MOST_COLLECTION_CENTRES, int(sum(produce.values()) / PRODUCE_A_HUB_T))
    most = sorted(towns, key=lambda t: (-produce[str(t["place_id"])], str(t["place_id"])))[:more]
    zh, en = county["name_zh"], county["name_en"]
    seat = _candidate("CH", "cold_chain", "hub", f"{zh}冷链枢纽", f"{en} cold-chain hub", county, county["county_id"])
    return [
        {**seat, "place_id": f"S{county['county_id']}"},
        *(
            _candidate("CC", "cold_chain", "hub", f"{zh}{t['name_zh']}集配中心",
                       f"{en} collection centre at {t['name_zh']}", county, t["place_id"])
            for t in most
        ),
    ]  # fmt: skip


def _logistics(county: Row, towns: list[Row], parcels: dict[str, float]) -> list[Row]:
    zh, en, key = county["name_zh"], county["name_en"], county["county_id"]
    centre = _candidate("LC", "township_logistics", "centre", f"{zh}共配中心", f"{en} distribution centre", county, key)
    stands = sum(parcels.values()) * EXISTING_SHARE_OF_PARCELS
    rows = [{**centre, "place_id": f"S{key}", "existing_capacity": float(round(stands, -3))}]
    for t in towns:
        station = _candidate("LS", "township_logistics", "station", f"{t['name_zh']}物流站",
                             f"Station at {t['name_zh']}", county, t["place_id"])  # fmt: skip
        stands = parcels[str(t["place_id"])] * EXISTING_SHARE_OF_PARCELS
        rows.append({**station, "existing_capacity": float(round(stands, -2))})
    return rows


def _candidate(prefix: str, system: str, role: str, zh: str, en: str, county: Row, key: str) -> Row:
    return {
        "candidate_id": f"{prefix}-{key}", "system": system, "role": role, "name_zh": zh, "name_en": en,
        "county_id": county["county_id"], "place_id": key, "options": "*", "cost_factor": _cost_factor(county),
        "existing_option": "", "existing_capacity": 0.0, "earliest_year": "", "latest_year": "", "corridor_id": "",
    }  # fmt: skip


def _cost_factor(county: Row) -> float:
    """Building costs more in high country: 4 % for each 500 m above 1,500 m."""
    return round(1.0 + 0.04 * max(0.0, float(county["elevation_m"]) - 1500.0) / 500.0, 3)
