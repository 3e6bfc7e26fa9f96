"""Demand by place and knot year: produce that should pass a store, parcels, people, and what markets take."""

from __future__ import annotations

from data.gansu.build.files import Row, fact, read_facts

KNOTS = (2024, 2029, 2034, 2039)
PROVINCE_2024 = 24_583_400
"""Residents at the end of 2024 (text of V260)."""
POPULATION_GROWTH = -0.003
"""A year: the province lost 71,400 of 24.65 million people in 2024 (text of V262)."""
URBAN_TARGET_2029 = 0.62
PRODUCE_GROWTH = 0.02
REGIONS = {
    "centre": (("F05", "F09"), ("620100", "620400", "621100")),
    "hexi": (("F06", "F10"), ("620200", "620300", "620600", "620700", "620900")),
    "east": (("F07",), ("620500", "620800", "621000", "621200")),
    "south": (("F08",), ("622900", "623000")),
}
"""Planned additions of static capacity 2018-2020, and the prefectures they are for."""
PARCELS_A_HEAD = {2024: 25.0, 2029: 40.0, 2034: 48.0, 2039: 52.0}
"""Received by a rural resident: V086 central now, its high value in 2029, slower growth after."""
LOCAL_T_A_HEAD = 0.25
"""Stored produce that an urban resident eats in a year."""
SENT_ON_SHARE = 0.6
"""Of the prefecture's produce of 2039, what its wholesale market can send on to other provinces."""
BASE_MARKET_T = 600_000
BASE_PREFECTURES = ("620100", "620700", "620500")
"""Lanzhou, Zhangye, Tianshui: national backbone cold-chain bases (F15)."""
GATEWAY_T = 900_000
SEAT_TOWN = "城关镇"
GAS_TAKEN = {2024: 0.3, 2029: 0.5, 2034: 0.65, 2039: 0.75}
"""Share of the households of a town that take gas where it is to be had."""


def urban_share(year: int) -> float:
    """Straight line from the share of 2024 (V260) through the target at the end of 2029, and on."""
    start = fact("V260") / 100
    return start + (URBAN_TARGET_2029 - start) * (year - 2024) / 5


def residents(year: int) -> float:
    """People in the province."""
    return PROVINCE_2024 * (1 + POPULATION_GROWTH) ** (year - 2024)


def commodities() -> list[Row]:
    """What is demanded, and in which unit."""
    rows = [
        ("produce", "t/yr", "应入库农产品", "Produce that should pass a store"),
        ("produce_market", "t/yr", "市场容量", "What a market takes"),
        ("parcels", "parcels/yr", "农村收件", "Parcels received in villages"),
        ("water", "m3/yr", "新增供水", "Water for people without a tap, and for new townspeople"),
        ("gas", "m3/yr", "镇区用气", "Gas for households of towns"),
        ("residents", "persons", "常住人口", "Residents"),
        ("urban_residents", "persons", "城镇人口", "Residents of towns"),
    ]
    return [dict(zip(("commodity", "unit", "name_zh", "name_en"), r, strict=True)) for r in rows]


def demand(county_rows: list[Row], township_rows: list[Row], place_rows: list[Row]) -> list[Row]:
    """Rows of demand.csv: streets are reached by city delivery and grow nothing, so they have people alone."""
    villages = [t for t in township_rows if t["unit_kind"] != "street"]
    produce = _produce(county_rows, villages)
    heads = _people(county_rows, township_rows)
    rows: list[Row] = []
    for t in township_rows:
        place = str(t["place_id"])
        for year in KNOTS:
            rural, urban = heads[place][year]
            rows += [_row(place, "residents", year, rural + urban), _row(place, "urban_residents", year, urban)]
            if place in produce and rural >= 1:
                tonnes = produce[place] * (1 + PRODUCE_GROWTH) ** (year - 2024)
                rows.append(_row(place, "parcels", year, rural * PARCELS_A_HEAD[year]))
                rows.append(_row(place, "produce", year, tonnes))
    rows += _networks(county_rows, township_rows, heads)
    return rows + _markets(county_rows, township_rows, place_rows, produce)


def wanted(rows: list[Row], commodity: str, year: int = KNOTS[-1]) -> dict[str, float]:
    """Quantity by place at a knot."""
    return {str(r["place_id"]): float(r["quantity"]) for r in rows if (r["commodity"], r["year"]) == (commodity, year)}


def _networks(
    county_rows: list[Row], township_rows: list[Row], heads: dict[str, dict[int, tuple[float, float]]]
) -> list[Row]:
    """Water for villagers without a tap in the house in 2020 and for new townspeople; gas for households of towns."""
    census = {r["county_id"]: r for r in read_facts("census.csv")}
    dry = {str(c["county_id"]): 1 - float(census[str(c["county_id"])]["tapwater_share"] or 1) for c in county_rows}
    rows: list[Row] = []
    for t in township_rows:
        place, county = str(t["place_id"]), str(t["county_id"])
        if t["unit_kind"] == "street":
            continue
        size = float(census[county]["pop_2020"]) / float(census[county]["households_2020"])
        for year in KNOTS:
            villagers, people = heads[place][year]
            new = max(0.0, people - heads[place][KNOTS[0]][1])
            litres = villagers * dry[county] * fact("V108") + new * fact("V107")
            rows.append(_row(place, "water", year, litres * 365 / 1000))
            if t["unit_kind"] == "town" and t["name_zh"] != SEAT_TOWN:
                rows.append(_row(place, "gas", year, people / size * GAS_TAKEN[year] * fact("V144")))
    return rows


def migrants(county_rows: list[Row]) -> dict[str, int]:
    """People expected to settle in towns, a year, by county: the province's path split by urban people of 2020."""
    path = (residents(2029) * urban_share(2029) - residents(2024) * urban_share(2024)) / 5
    urban0 = sum(int(c["urban_population"]) for c in county_rows)
    return {str(c["county_id"]): round(path * int(c["urban_population"]) / urban0) for c in county_rows}


def _people(county_rows: list[Row], township_rows: list[Row]) -> dict[str, dict[int, tuple[float, float]]]:
    """(rural, urban) people of every township at each knot.

    Rural people shrink everywhere by the province's factor, and towns grow by theirs.
    """
    rural0 = sum(int(c["rural_population"]) for c in county_rows)
    urban0 = sum(int(c["urban_population"]) for c in county_rows)
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for t in township_rows:
        rural, urban = int(t["rural_population"]), int(t["population"]) - int(t["rural_population"])
        found[str(t["place_id"])] = {
            year: (
                rural * residents(year) * (1 - urban_share(year)) / rural0,
                urban * residents(year) * urban_share(year) / urban0,
            )
            for year in KNOTS
        }
    return found


def _produce(county_rows: list[Row], villages: list[Row]) -> dict[str, float]:
    """Tonnes of 2024 by township: planned capacity less what stood at the end of 2020, one filling a year.

    Split by the plan's regions, then by rural people times the county's share employed in agriculture.
    """
    county = {str(c["county_id"]): c for c in county_rows}
    gap = fact("F02") - fact("F04")
    planned = {name: sum(fact(f) for f in facts) for name, (facts, _) in REGIONS.items()}
    weight = {
        str(t["place_id"]): int(t["rural_population"]) * float(county[str(t["county_id"])]["agri_employed_share"])
        for t in villages
    }
    result: dict[str, float] = {}
    for name, (_, prefectures) in REGIONS.items():
        mine = [str(t["place_id"]) for t in villages if county[str(t["county_id"])]["prefecture_id"] in prefectures]
        tonnes, total = gap * planned[name] / sum(planned.values()), sum(weight[place] for place in mine)
        result |= {place: tonnes * weight[place] / total for place in mine}
    return result


def _markets(
    county_rows: list[Row], township_rows: list[Row], place_rows: list[Row], produce: dict[str, float]
) -> list[Row]:
    """What a prefecture's townspeople eat and its traders send on; more at the national bases; the gateways' trade."""
    prefecture = {str(c["county_id"]): str(c["prefecture_id"]) for c in county_rows}
    takes: dict[str, float] = {}
    for c in county_rows:
        market = f"M{c['prefecture_id']}"
        takes[market] = takes.get(market, 0.0) + int(c["urban_population"]) * LOCAL_T_A_HEAD
    last = (1 + PRODUCE_GROWTH) ** (KNOTS[-1] - KNOTS[0])
    for t in township_rows:
        takes[f"M{prefecture[str(t['county_id'])]}"] += produce.get(str(t["place_id"]), 0.0) * last * SENT_ON_SHARE
    for base in BASE_PREFECTURES:
        takes[f"M{base}"] += BASE_MARKET_T
    markets = [str(p["place_id"]) for p in place_rows if p["kind"] == "market"]
    return [_row(m, "produce_market", year, takes.get(m, GATEWAY_T)) for m in markets for year in KNOTS]


def _row(place: str, commodity: str, year: int, quantity: float) -> Row:
    return {"place_id": place, "commodity": commodity, "year": year, "quantity": float(round(quantity))}
