"""Money of a region under a funding config: sources, budgets by period, and who settles where."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from optimizer.draft import Draft
from optimizer.errors import Finding, InputError
from optimizer.problem import POOL
from optimizer.suggest import did_you_mean
from optimizer.systems.tables import number, parts, records, rows, text

if TYPE_CHECKING:
    from optimizer.config import RunConfig
    from optimizer.region import Region

Budgets = dict[str, dict[str, dict[int, float]]]
"""CNY by source, owner and year."""


def add_sources(region: Region, config: RunConfig, draft: Draft) -> None:
    """Add every source that may pay for a selected system, scaled, and by county where tied to migrants.

    Raises
    ------
    InputError
        A year of the horizon without a budget, a source in ``scale_by_source`` that does not exist.
    """
    listed = records(rows(region, "sources"))
    _check_scaled(config, [str(r["source_id"]) for r in listed])
    budgets, findings = _budgets(region), list[Finding]()
    for record in listed:
        if not _pays_for(record, draft.system_names):
            continue
        source = str(record["source_id"])
        findings += _missing_years(region, draft, record, budgets[source])
        scale = config.funding.scale * config.funding.scale_by_source.get(source, 1.0)
        amounts = _by_period(draft, budgets[source], scale)
        if config.funding.tie_to_migrants and record["kind"] == "grant" and POOL in amounts:
            amounts = _split(amounts[POOL], migrant_shares(region))
        _add(draft, record, amounts, config.funding.carry_over)
    if findings:
        raise InputError(findings)


def migrant_shares(region: Region) -> dict[str, float]:
    """Share of each county in all migrants expected to settle.

    Raises
    ------
    InputError
        When nobody is expected anywhere.
    """
    frame = rows(region, "county_rules")
    migrants = {str(c): number(m, 0.0) for c, m in zip(frame["county_id"], frame["migrants"], strict=True)}
    total = sum(migrants.values())
    if total <= 0:
        raise InputError(
            region.finding(
                "county_rules", None, "migrants", "nobody in any county", "people expected to settle, where"
                " funding.tie_to_migrants is true", "Fill in the column, or set funding.tie_to_migrants=false.",
            )
        )  # fmt: skip
    return {county: m / total for county, m in migrants.items()}


def check_budgets(region: Region, draft: Draft) -> None:
    """Money that can never be spent: nothing in any budget, or an own share that no source can carry.

    Raises
    ------
    InputError
        Naming the budgets table, or the county's row.
    """
    if not draft.sources:
        return
    if not any(np.sum(amount) > 0 for s in draft.sources for amount in s["budget"].values()):
        raise InputError(
            region.finding("budgets", None, "amount", "0 CNY in all sources and periods of the run",
                           "money to plan with", "Fill in amounts, or raise funding.scale.")
        )  # fmt: skip
    findings = [f for name in draft.system_names for f in _own_share(region, draft, name)]
    if findings:
        raise InputError(findings)


def _own_share(region: Region, draft: Draft, system: str) -> list[Finding]:
    payers = [s for s in draft.sources if s["systems"] is None or system in s["systems"]]
    own = sum(s["max_share"] for s in payers if s["kind"] == "own")
    every = sum(s["max_share"] for s in payers)
    if every < 1 - 1e-9:
        return [
            region.finding("sources", None, "max_share", f"{every:g} in all for system {system!r}", "1 or more",
                           "No project of it could be paid in full: raise max_share, or add a source.")
        ]  # fmt: skip
    rules = rows(region, "county_rules")
    return [
        region.finding("county_rules", int(i), "own_share", f"{rules['own_share'][i]:g}",
                       f"at most {min(own, 1):g}, what own money may pay of system {system!r}",
                       "Lower it, or raise max_share of a source of kind own.")
        for i in rules.index[rules["own_share"] > own + 1e-9]
    ]  # fmt: skip


def _check_scaled(config: RunConfig, known: list[str]) -> None:
    for name in config.funding.scale_by_source:
        if name not in known:
            raise InputError(
                Finding("config key funding.scale_by_source", 0, "", repr(name), f"one of {', '.join(known)}",
                        f"Correct it{did_you_mean(name, known)}")
            )  # fmt: skip


def _pays_for(record: dict[str, Any], systems: list[str]) -> bool:
    named = parts(record["systems"])
    return named == [POOL] or bool(set(named) & set(systems))


def _budgets(region: Region) -> Budgets:
    found: Budgets = defaultdict(lambda: defaultdict(dict))
    for record in records(rows(region, "budgets")):
        found[str(record["source_id"])][str(record["county_id"])][int(record["year"])] = float(record["amount"])
    return found


def _missing_years(
    region: Region, draft: Draft, record: dict[str, Any], owners: dict[str, dict[int, float]]
) -> list[Finding]:
    years = range(draft.horizon.first_year, draft.horizon.end)
    lacking = {owner: [y for y in years if y not in amounts] for owner, amounts in owners.items()}
    if not owners:
        lacking = {"any owner": list(years)}
    return [
        region.finding(
            "budgets", None, "year", f"no budget of {record['source_id']} for {owner} in {_span(missing)}",
            f"a row for every year from {years[0]} to {years[-1]}", "Add the rows (0 where there is no money),"
            " or choose a shorter horizon.",
        )
        for owner, missing in lacking.items() if missing
    ]  # fmt: skip


def _span(years: list[int]) -> str:
    return str(years[0]) if len(years) == 1 else f"{years[0]} to {years[-1]} ({len(years)} years)"


def _by_period(draft: Draft, owners: dict[str, dict[int, float]], scale: float) -> dict[str, np.ndarray]:
    horizon = draft.horizon
    return {
        owner: np.array(
            [round(scale * sum(amounts.get(y, 0.0) for y in horizon.years(t))) for t in range(horizon.n_periods)],
            float,
        )
        for owner, amounts in owners.items()
    }


def _split(pool: np.ndarray, shares: dict[str, float]) -> dict[str, np.ndarray]:
    """A pool by shares in whole CNY that add up to it (rounded running totals)."""
    until = np.round(np.outer(np.cumsum(list(shares.values())), pool))
    amounts = np.diff(until, axis=0, prepend=0.0)
    return dict(zip(shares, amounts, strict=True))


def _add(draft: Draft, record: dict[str, Any], budget: dict[str, np.ndarray], carry_over: bool) -> None:
    named = parts(record["systems"])
    draft.source(
        str(record["source_id"]),
        kind=str(record["kind"]),
        budget={owner: amounts.tolist() for owner, amounts in budget.items()},
        systems=None if named == [POOL] else named,
        max_share=float(record["max_share"]),
        carry_over_share=number(record["carry_over_share"], 0.0) if carry_over else 0.0,
        bond_rate=number(record["bond_rate"], 0.0),
        bond_term=int(number(record["bond_term"], 1)),
        preference=int(number(record["preference"], 1)),
        name_zh=text(record["name_zh"]),
        name_en=text(record["name_en"]),
    )
