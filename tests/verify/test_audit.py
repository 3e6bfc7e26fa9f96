"""The region's tables against the problem prepared from them: equal when untouched, every changed number named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optimizer.prepare import prepare_problem
from optimizer.region import read_region
from optimizer.verify import audit_region
from optimizer.verify.audit import on_the_line
from tests.systems.tiny_runs import BOTH, config
from tests.tiny_region import Change, added, edited, make_tiny_region

RULES: dict[str, Change] = {
    "requires": added(
        {"candidate_id": "H-A1", "option": "*", "needs_candidate_id": "C-A1", "needs_option": "standard"}
    ),
    "excludes": added({"group_id": "g", "candidate_id": "H-A1"}, {"group_id": "g", "candidate_id": "H-A2"}),
    "locks": added(
        {"candidate_id": "P-A11", "option": "refit", "kind": "fixed", "year": 2026},
        {"candidate_id": "P-A12", "option": "*", "kind": "forbidden"},
        {
            "candidate_id": "P-A13",
            "option": "new",
            "kind": "in_flight",
            "year": 2026,
            "payments": "2025:90000;2026:5000",
        },
    ),
    "candidate_options": added(
        {"candidate_id": "H-A2", "option": "small", "overnight_cost": 17_500_001, "lead_years": 2}
    ),
    "corridors": added({"corridor_id": "R1", "name_zh": "路", "saving": 20_000}),
}


def found(path: Path, prepared: dict[str, Change], now: dict[str, Change], **groups: Any) -> tuple[int, list[str]]:
    """What the audit says when the tables were changed after the preparation."""
    chosen = config(BOTH, **groups)
    problem = prepare_problem(read_region(make_tiny_region(path / "before", **prepared)), chosen)
    rows, violations = audit_region(read_region(make_tiny_region(path / "after", **now)), chosen, problem)
    assert {v.rule for v in violations} <= {"tables"}
    return rows, [str(v) for v in violations]


@pytest.mark.parametrize("groups", [
    {},
    {"funding": {"tie_to_migrants": True, "scale": 1.37, "carry_over": False, "scale_by_source": {"own": 0.9}}},
    {"horizon": {"lengths": [1, 2, 4, 3]}, "objective": {"discount_rate": 0.05}},
    {"objective": {"values": "high"}},
])  # fmt: skip
def test_an_untouched_region_agrees(tmp_path: Path, groups: dict[str, Any]):
    rows, differences = found(tmp_path, RULES, RULES, **groups)
    assert rows > 300
    assert not differences


@pytest.mark.parametrize(("table", "change", "named"), [
    ("catalogue", edited(0, overnight_cost=18_000_002), "overnight_cost of H-A1, nothing to small"),
    ("catalogue", edited(1, upgrade_cost=16_000_100), "overnight_cost of H-A1, small to large"),
    ("catalogue", edited(1, lead_years=1), "lead_years of H-A1, nothing to large"),
    ("catalogue", edited(1, spend_profile="0.5;0.5"), "spend_profile of H-A1, nothing to large"),
    ("catalogue", edited(2, lifetime=31), "lifetime of C-A1, nothing to standard"),
    ("catalogue", edited(2, land_mu=5), "land_mu of C-A1, nothing to standard"),
    ("catalogue", edited(3, fixed_om=12_001), "fixed_om of P-A11, refit"),
    ("catalogue", edited(3, capacity=150_001), "capacity of P-A11, refit"),
    ("candidates", edited(0, cost_factor=1.01), "overnight_cost of H-A1"),
    ("candidates", edited(0, earliest_year=2027), "earliest_year of H-A1"),
    ("candidates", edited(0, corridor_id="R1"), "corridor of H-A1"),
    ("candidates", edited(1, existing_capacity=300_001), "capacity of C-A1"),
    ("sources", edited(0, max_share=0.6), "max_share of grant"),
    ("sources", edited(0, carry_over_share=0.2), "carry_over_share of grant"),
    ("sources", edited(2, systems="*"), "systems of bond"),
    ("sources", edited(2, bond_rate=0.03), "bond_rate of bond"),
    ("budgets", edited(1, amount=12_000_001), "budget of grant, *, 2026"),
    ("county_rules", edited(0, own_share=0.2), "own_share of A1"),
    ("county_rules", edited(1, works_at_once=5), "works_at_once of A2"),
    ("county_rules", edited(1, debt_service_ceiling=1), "debt_service_ceiling of A2"),
    ("county_rules", edited(1, land_quota_mu=41), "land quota of A2, 2025"),
    ("demand", edited(1, quantity=7_100), "produce of cold_chain at A11, 2025"),
    ("corridors", added({"corridor_id": "R1", "saving": 30_000}), "saving in R1"),
    ("values", edited(0, central=0.06), "discount rate"),
])  # fmt: skip
def test_a_changed_number_is_named(tmp_path: Path, table: str, change: Callable[[Any], Any], named: str):
    before: dict[str, Change] = {"corridors": RULES["corridors"]}
    after = {**before, table: change}
    assert any(named in d for d in found(tmp_path, before, after)[1])


@pytest.mark.parametrize("table", ["requires", "excludes", "locks"])
def test_rules_that_come_or_go_are_named(tmp_path: Path, table: str):
    gone = found(tmp_path / "gone", {table: RULES[table]}, {})[1]
    come = found(tmp_path / "come", {}, {table: RULES[table]})[1]
    assert any(f"tables: {table}" in d for d in gone)
    assert any(f"tables: {table}" in d for d in come)


def test_demand_between_and_after_knots():
    knots = {2024: 100.0, 2026: 140.0, 2030: 100.0}
    assert [on_the_line(knots, y) for y in (2023, 2025, 2028, 2032)] == pytest.approx([100, 120, 120, 80])
    assert on_the_line({}, 2025) == 0
