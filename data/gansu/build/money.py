"""Funding sources, yearly budgets and county rules."""

from __future__ import annotations

from data.gansu.build.demand import migrants
from data.gansu.build.files import Row, fact

YEARS = range(2025, 2040)
BUDGET_GROWTH = 0.02
CENTRE = 365_000_000
"""Central money for stores at places of production in 2020 (text of U03)."""
PROVINCE = 100_000_000
"""Provincial money for them: 239 million in 2018-2019 (text of U02), 47.19 in 2020 (text of U03), a year."""
BOND_SHARE = 0.02
"""Of the special bonds for pipes, parks and cold chain (V236, text: 6.02e9 by July 2024)."""
BOND_BASE = 6_020_000_000
OWN_A_HEAD = {"urban": 14.0, "rural": 5.0}
"""CNY: in all about 240 million a year; 179 were found in 2018-2020 for stores alone (texts of U02, U03)."""
WATER_PROGRAMME = 1_000_000_000
"""Two fifths of the 2.5e9 CNY that the upgrade of rural water cost in 2018 (U14), spread over five years."""
UTILITY_A_HEAD = 12.0
"""CNY a year that water and gas companies can put into new networks, 300 million in all."""
REVENUE_A_HEAD = 850.0
"""General revenue of Gangu (V245) by its residents of 2020."""
DEBT_SHARE_OF_REVENUE = 0.03
LAND_SHARE = 0.25
"""Of the quota of a formerly poor county (V253)."""
OWN_SHARE = ((0.7, 0.25), (0.45, 0.15), (0.0, 0.1))
"""Urban share above which a county pays so much of a project itself."""
RURAL_A_WORK = 5_000
LEAST_WORKS = 15


def sources() -> list[Row]:
    """Who pays, for what, and how much of a project at most."""
    columns = [
        "source_id", "name_zh", "name_en", "kind", "level", "systems", "max_share", "carry_over_share", "bond_rate",
        "bond_term", "preference",
    ]  # fmt: skip
    rate = round(fact("V244") / 100, 6)
    rows = [
        ("central_grant", "中央补助", "Central grant", "grant", "province", "*", 0.4, 0.3, "", "", 1),
        ("provincial_grant", "省级补助", "Provincial grant", "grant", "province", "*", 0.3, 0.3, "", "", 2),
        ("county_own", "县级自筹", "County own money", "own", "county", "*", 1.0, 1.0, "", "", 3),
        ("special_bond", "地方政府专项债券", "Special bond", "bond", "province", "cold_chain;water;gas", 0.6, 0.0, rate, 20, 6),
        ("water_grant", "农村供水专项", "Rural water grant", "grant", "province", "water", 0.5, 0.3, "", "", 4),
        ("utility_own", "水务和燃气企业自筹", "Utilities' own money", "own", "county", "water;gas", 1.0, 1.0, "", "", 5),
    ]
    return [dict(zip(columns, r, strict=True)) for r in rows]


def budgets(county_rows: list[Row]) -> list[Row]:
    """CNY by source, owner and year, growing with the price-free growth of public revenue."""
    pools = {"central_grant": CENTRE, "provincial_grant": PROVINCE, "special_bond": BOND_BASE * BOND_SHARE,
             "water_grant": WATER_PROGRAMME / 5}  # fmt: skip
    rows: list[Row] = []
    for year in YEARS:
        factor = (1 + BUDGET_GROWTH) ** (year - YEARS[0])
        rows += [_budget(source, "*", year, amount * factor) for source, amount in pools.items()]
        rows += [_budget("county_own", str(c["county_id"]), year, _own(c) * factor) for c in county_rows]
        rows += [_budget("utility_own", str(c["county_id"]), year, int(c["population"]) * UTILITY_A_HEAD * factor)
                 for c in county_rows]  # fmt: skip
    return rows


def _own(county: Row) -> float:
    return sum(int(county[f"{kind}_population"]) * amount for kind, amount in OWN_A_HEAD.items())


def _budget(source: str, county: str, year: int, amount: float) -> Row:
    return {"source_id": source, "county_id": county, "year": year, "amount": int(round(amount, -3))}


def county_rules(county_rows: list[Row]) -> list[Row]:
    """Own share by wealth (urban share as its stand-in), debt ceiling by revenue, works at once, land, migrants."""
    settlers = migrants(county_rows)
    return [
        {
            "county_id": c["county_id"], "own_share": _own_share(c),
            "debt_service_ceiling": int(round(int(c["population"]) * REVENUE_A_HEAD * DEBT_SHARE_OF_REVENUE, -3)),
            "works_at_once": max(LEAST_WORKS, round(int(c["rural_population"]) / RURAL_A_WORK)),
            "land_quota_mu": fact("V253") * LAND_SHARE, "migrants": settlers[str(c["county_id"])],
        }
        for c in county_rows
    ]  # fmt: skip


def _own_share(county: Row) -> float:
    urban = int(county["urban_population"]) / max(1, int(county["population"]))
    return next(share for above, share in OWN_SHARE if urban >= above)
