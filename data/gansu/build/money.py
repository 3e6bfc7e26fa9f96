"""Funding sources, yearly budgets and county rules."""

from __future__ import annotations

from data.gansu.build.demand import migrants
from data.gansu.build.files import Row

YEARS = range(2025, 2040)
BUDGET_GROWTH = 0.02
CENTRE, PROVINCE, BONDS = 500_000_000, 260_000_000, 700_000_000
OWN_A_HEAD = 14.0
REVENUE_A_HEAD = 840.0
DEBT_SHARE_OF_REVENUE = 0.03
LAND_MU = {"county": 150.0, "district": 200.0}


def sources() -> list[Row]:
    """Who pays, for what, and how much of a project at most."""
    columns = ["source_id", "name_zh", "name_en", "kind", "level", "systems", "max_share", "carry_over_share", "bond_rate",
               "bond_term", "preference"]
    rows = [
        ("central_grant", "中央补助", "Central grant", "grant", "province", "*", 0.4, 0.3, "", "", 1),
        ("provincial_grant", "省级补助", "Provincial grant", "grant", "province", "*", 0.3, 0.3, "", "", 2),
        ("county_own", "县级自筹", "County own money", "own", "county", "*", 1.0, 1.0, "", "", 3),
        ("special_bond", "地方政府专项债券", "Special bond", "bond", "province", "cold_chain", 0.6, 0.0, 0.024, 20, 4),
    ]
    return [dict(zip(columns, r, strict=True)) for r in rows]


def budgets(county_rows: list[Row]) -> list[Row]:
    """CNY by source, owner and year, growing with the price-free growth of public revenue."""
    rows: list[Row] = []
    for year in YEARS:
        factor = (1 + BUDGET_GROWTH) ** (year - 2025)
        for source, amount in (("central_grant", CENTRE), ("provincial_grant", PROVINCE), ("special_bond", BONDS)):
            rows.append(_budget(source, "*", year, amount * factor))
        rows += [_budget("county_own", str(c["county_id"]), year, int(c["population"]) * OWN_A_HEAD * factor) for c in county_rows]
    return rows


def _budget(source: str, county: str, year: int, amount: float) -> Row:
    return {"source_id": source, "county_id": county, "year": year, "amount": int(round(amount, -3))}


def county_rules(county_rows: list[Row]) -> list[Row]:
    """Own share by wealth (urban share as its stand-in), debt ceiling by revenue, works at once, land, migrants."""
    settlers = migrants(county_rows)
    return [
        {
            "county_id": c["county_id"], "own_share": _own_share(c),
            "debt_service_ceiling": int(round(int(c["population"]) * REVENUE_A_HEAD * DEBT_SHARE_OF_REVENUE, -3)),
            "works_at_once": max(6, round(int(c["rural_population"]) / 15_000)),
            "land_quota_mu": LAND_MU["district" if c["kind"] == "district" else "county"],
            "migrants": settlers[str(c["county_id"])],
        }
        for c in county_rows
    ]


def _own_share(county: Row) -> float:
    urban = int(county["urban_population"]) / max(1, int(county["population"]))
    return 0.3 if urban > 0.7 else 0.2 if urban > 0.45 else 0.1
