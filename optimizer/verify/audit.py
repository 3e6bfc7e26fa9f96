"""The independent eye on the preparation: the region's tables read afresh and compared with the Problem's arrays."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from optimizer.problem import POOL, Problem
from optimizer.region.files import read_text_tables
from optimizer.verify.result import Findings, Violation

if TYPE_CHECKING:
    from optimizer.config import RunConfig
    from optimizer.region import Region

Row = dict[str, str]
RELATIVE = 1e-9


def audit_region(region: Region, config: RunConfig, problem: Problem) -> Findings:
    """How many figures were compared, and where those in the problem differ from those in the tables.

    Costs, lead times, lifetimes, capacities of every transition; budgets by source, owner and period; rules by county;
    demand of every origin in every period.
    """
    tables = _Tables(region)
    found = [
        *_transitions(tables, problem),
        *_budgets(tables, config, problem),
        *_rules(tables, problem),
        *_demand(tables, problem),
    ]
    return _compared(problem), found


def _compared(problem: Problem) -> int:
    """Costs, leads and lives of transitions, budgets, three rules a county, demand of origins."""
    ceilings = problem.funding["debt_service_ceiling"].size
    demand = sum(s.data["quantity"].size for s in problem.systems.values() if "quantity" in s.data)
    counties, transitions = len(problem.county_ids), problem.sequence.sizes["transition"]
    return 3 * transitions + problem.funding["budget"].size + 2 * counties + ceilings + demand


class _Tables:
    def __init__(self, region: Region) -> None:
        self.region = region

    def rows(self, name: str) -> list[Row]:
        """Rows of a table as text, blank when the region has none."""
        file = self.region.path / f"{name}.csv"
        if self.region.path.is_dir():
            if not file.is_file():
                return []
            encoding = str(self.region.meta.get("encoding", "utf-8-sig"))
            with file.open(encoding=encoding, newline="") as text:
                return [
                    {k: (v or "").strip() for k, v in row.items()} for row in csv.DictReader(text) if any(row.values())
                ]
        found = read_text_tables(self.region.path, [name])
        return (
            []
            if name not in found
            else [{str(k): str(v) for k, v in row.items()} for row in found[name].frame.to_dict("records")]
        )


def _differs(rule: str, where: str, found: float, expected: float) -> Iterator[Violation]:
    same = found == expected or abs(found - expected) <= RELATIVE * max(1.0, abs(expected))
    if not same:
        yield Violation("tables", f"{rule}, {where}", f"{found:.12g} in the problem", f"{expected:.12g} in the tables")


def _transitions(tables: _Tables, problem: Problem) -> Iterator[Violation]:
    catalogue = {(r["system"], r["role"], r["option"]): r for r in tables.rows("catalogue")}
    special = {(r["candidate_id"], r["option"]): r for r in tables.rows("candidate_options")}
    candidates = {r["candidate_id"]: r for r in tables.rows("candidates")}
    seq = {str(n): problem.sequence[n].values for n in problem.sequence.data_vars}
    names = [str(c) for c in problem.sequence["candidate"].values]
    for p, c in enumerate(seq["transition_candidate"]):
        row, option = candidates[names[c]], str(seq["state_option"][seq["to_state"][p]])
        entry = catalogue[row["system"], row["role"], option]
        own = special.get((names[c], option), {})
        before = str(seq["state_option"][seq["from_state"][p]])
        upgrade = (
            before != ""
            and before in {o.strip() for o in entry["from_options"].split(";")}
            and entry["upgrade_cost"] != ""
        )
        base = float(entry["upgrade_cost"] if upgrade else entry["overnight_cost"])
        cost = (
            float(own["overnight_cost"])
            if own.get("overnight_cost") and not upgrade
            else round(base * float(row["cost_factor"]))
        )
        lead = float(own.get("lead_years") or entry["lead_years"])
        where = f"{names[c]} {before or 'new'} -> {option}"
        yield from _differs("overnight_cost", where, float(seq["overnight_cost"][p]), cost)
        yield from _differs("lead_years", where, float(seq["lead_years"][p]), lead)
        yield from _differs("lifetime", where, float(seq["lifetime"][p]), float(entry["lifetime"]))


def _budgets(tables: _Tables, config: RunConfig, problem: Problem) -> Iterator[Violation]:
    horizon, fund = problem.horizon, problem.funding
    amount: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for r in tables.rows("budgets"):
        amount[r["source_id"], r["county_id"]][int(float(r["year"]))] = float(r["amount"])
    tied = config.funding.tie_to_migrants
    kinds = {r["source_id"]: (r["kind"], r["level"]) for r in tables.rows("sources")}
    for k, source in enumerate(str(s) for s in fund["source"].values):
        scale = config.funding.scale * config.funding.scale_by_source.get(source, 1.0)
        split = tied and kinds[source] == ("grant", "province") and not bool(fund["pooled"].values[k])
        for o, owner in enumerate(str(x) for x in fund["owner"].values):
            if split:
                continue
            for t in range(horizon.n_periods):
                expected = sum(amount[source, owner].get(y, 0.0) * scale for y in horizon.years(t))
                yield from _near_cny(
                    f"budget, {source}, {owner}, {horizon.labels[t]}", float(fund["budget"].values[k, o, t]), expected
                )
        if split:
            for t in range(horizon.n_periods):
                expected = sum(amount[source, POOL].get(y, 0.0) * scale for y in horizon.years(t))
                total = float(fund["budget"].values[k, :, t].sum())
                yield from _near_cny(
                    f"budget, {source}, all counties, {horizon.labels[t]}", total, expected, len(fund["owner"])
                )


def _near_cny(where: str, found: float, expected: float, allowed: float = 1.0) -> Iterator[Violation]:
    if abs(found - expected) > allowed:
        yield Violation("tables", where, f"{found:.2f} CNY in the problem", f"{expected:.2f} CNY in the tables")


def _rules(tables: _Tables, problem: Problem) -> Iterator[Violation]:
    rules = {r["county_id"]: r for r in tables.rows("county_rules")}
    for i, county in enumerate(problem.county_ids):
        row = rules[county]
        yield from _differs("own_share", county, float(problem.funding["own_share"].values[i]), float(row["own_share"]))
        yield from _differs(
            "works_at_once", county, float(problem.sequence["works_at_once"].values[i]), float(row["works_at_once"])
        )
        for ceiling in problem.funding["debt_service_ceiling"].values[i]:
            yield from _differs("debt_service_ceiling", county, float(ceiling), float(row["debt_service_ceiling"]))


def _demand(tables: _Tables, problem: Problem) -> Iterator[Violation]:
    knots: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for r in tables.rows("demand"):
        knots[r["place_id"], r["commodity"]][int(float(r["year"]))] = float(r["quantity"])
    for name, system in problem.systems.items():
        commodity = str(system.data.attrs.get("commodity", ""))
        if "origin" not in system.data.dims or not commodity:
            continue
        quantity = system.data["quantity"].values
        for i, place in enumerate(str(p) for p in system.data["origin"].values):
            for t in range(problem.horizon.n_periods):
                years = problem.horizon.years(t)
                expected = sum(max(0.0, _at(knots[place, commodity], y)) for y in years) / len(years)
                yield from _differs(
                    f"demand of {name}", f"{place}, {problem.horizon.labels[t]}", float(quantity[i, t]), expected
                )


def _at(knots: dict[int, float], year: int) -> float:
    """Between knots on the line, after the last on the line of the last two, before the first as at the first."""
    years = sorted(knots)
    if not years:
        return 0.0
    if year > years[-1] and len(years) > 1:
        a, b = years[-2], years[-1]
        return knots[b] + (knots[b] - knots[a]) * (year - b) / (b - a)
    return float(np.interp(year, years, [knots[y] for y in years]))
