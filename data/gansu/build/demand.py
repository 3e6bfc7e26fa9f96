"""Demand by place and knot year: produce that should pass a store, parcels, people, and what markets take."""

from __future__ import annotations

from data.gansu.build.files import Row

KNOTS = (2024, 2029, 2034, 2039)
PROVINCE_2024 = 24_583_400
URBAN_SHARE = {2024: 0.5683, 2029: 0.62, 2034: 0.67, 2039: 0.71}
POPULATION_GROWTH = -0.003
"""A year: the province lost 71,400 of 24.65 million people in 2024."""

PRODUCE_GAP_T = 4_070_000
"""Planned static capacity of 2020 (10 Mt) less what stood at its end (5.93 Mt), one filling a year."""
PRODUCE_GROWTH = 0.02
REGION_SHARE = {
    "centre": (700_000, ("620100", "620400", "621100")),
    "hexi": (2_000_000, ("620200", "620300", "620600", "620700", "620900")),
    "east": (1_200_000, ("620500", "620800", "621000", "621200")),
    "south": (150_000, ("622900", "623000")),
}
"""Planned additions of 2018-2020 by region, t."""
PARCELS_A_HEAD = {2024: 25.0, 2029: 40.0, 2034: 48.0, 2039: 52.0}
MARKET_T_A_HEAD = 0.25
BASE_MARKET_T = 600_000
BASE_PREFECTURES = ("620100", "620700", "620500")
GATEWAY_T = 900_000


def commodities() -> list[Row]:
    """What is demanded, and in which unit."""
    return [
        {"commodity": "produce", "unit": "t/yr", "name_zh": "应入库农产品", "name_en": "Produce that should pass a store"},
        {"commodity": "produce_market", "unit": "t/yr", "name_zh": "市场容量", "name_en": "What a market takes"},
        {"commodity": "parcels", "unit": "parcels/yr", "name_zh": "农村收件", "name_en": "Parcels received in villages"},
        {"commodity": "residents", "unit": "persons", "name_zh": "常住人口", "name_en": "Residents"},
    ]


def people(county_rows: list[Row], township_rows: list[Row]) -> dict[str, dict[int, tuple[float, float]]]:
    """(rural, urban) people of every township at each knot.

    The province's total and urban share follow the path of 62 % at the end of 2029; rural people shrink everywhere by
    the same factor, and towns grow by theirs.
    """
    rural0 = sum(int(c["rural_population"]) for c in county_rows)
    urban0 = sum(int(c["urban_population"]) for c in county_rows)
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for t in township_rows:
        rural, urban = int(t["rural_population"]), int(t["population"]) - int(t["rural_population"])
        found[str(t["place_id"])] = {}
        for year in KNOTS:
            total = PROVINCE_2024 * (1 + POPULATION_GROWTH) ** (year - 2024)
            found[str(t["place_id"])][year] = (
                rural * total * (1 - URBAN_SHARE[year]) / rural0, urban * total * URBAN_SHARE[year] / urban0,
            )
    return found


def demand(county_rows: list[Row], township_rows: list[Row], place_rows: list[Row]) -> list[Row]:
    """Rows of demand.csv."""
    county = {str(c["county_id"]): c for c in county_rows}
    heads = people(county_rows, township_rows)
    produce = _produce(county, township_rows)
    rows: list[Row] = []
    for t in township_rows:
        place = str(t["place_id"])
        for year in KNOTS:
            rural, urban = heads[place][year]
            tonnes = produce[place] * (1 + PRODUCE_GROWTH) ** (year - 2024)
            rows.append(_row(place, "residents", year, rural + urban))
            if rural >= 1:
                rows.append(_row(place, "parcels", year, rural * PARCELS_A_HEAD[year]))
            if tonnes >= 1:
                rows.append(_row(place, "produce", year, tonnes))
    return rows + _markets(county_rows, place_rows)


def migrants(county_rows: list[Row]) -> dict[str, int]:
    """People expected to settle in towns, a year, by county: the province's path split by urban people of 2020."""
    path = PROVINCE_2024 * ((1 + POPULATION_GROWTH) ** 5 * URBAN_SHARE[2029] - URBAN_SHARE[2024]) / 5
    urban0 = sum(int(c["urban_population"]) for c in county_rows)
    return {str(c["county_id"]): round(path * int(c["urban_population"]) / urban0) for c in county_rows}


def _produce(county: dict[str, Row], township_rows: list[Row]) -> dict[str, float]:
    """The province's gap by planned regional split, then by rural people times agricultural employment."""
    planned = sum(t for t, _ in REGION_SHARE.values())
    weight = {
        str(t["place_id"]): int(t["rural_population"]) * float(county[str(t["county_id"])]["agri_employed_share"])
        for t in township_rows
    }
    result: dict[str, float] = {}
    for tonnes, prefectures in REGION_SHARE.values():
        mine = [t for t in township_rows if county[str(t["county_id"])]["prefecture_id"] in prefectures]
        total = sum(weight[str(t["place_id"])] for t in mine)
        for t in mine:
            result[str(t["place_id"])] = PRODUCE_GAP_T * tonnes / planned * weight[str(t["place_id"])] / total
    return result


def _markets(county_rows: list[Row], place_rows: list[Row]) -> list[Row]:
    urban: dict[str, int] = {}
    for c in county_rows:
        urban[f"M{c['prefecture_id']}"] = urban.get(f"M{c['prefecture_id']}", 0) + int(c["urban_population"])
    rows = []
    for p in place_rows:
        if p["kind"] == "market":
            place = str(p["place_id"])
            base = BASE_MARKET_T if place[1:] in BASE_PREFECTURES else 0
            tonnes = urban[place] * MARKET_T_A_HEAD + base if place in urban else GATEWAY_T
            rows += [_row(place, "produce_market", year, tonnes) for year in KNOTS]
    return rows


def _row(place: str, commodity: str, year: int, quantity: float) -> Row:
    return {"place_id": place, "commodity": commodity, "year": year, "quantity": float(round(quantity))}
