"""Checks across tables: each breaks one rule of the tiny region and expects the message that names its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.region import read_region
from optimizer.region.checks import CHECKS
from optimizer.region.checks_rules import RULE_CHECKS
from tests.tiny_region import Change, added, edited, make_tiny_region

HUB = {"candidate_id": "H-A1", "option": "small"}
FIXED = {**HUB, "kind": "fixed", "year": 2026}
RIVAL = {"candidate_id": "H-A2", "option": "small"}


def forget(table: str, column: str) -> Change:
    return lambda rows: [r for r in rows if (r["table"], r["column"]) != (table, column)]


CASES: list[tuple[str, dict[str, Change], str, int, str]] = [
    ("empty_tables", {"budgets": []}, "budgets.csv", 0, "a header and no rows"),
    ("references", {"places": edited(0, county_id="A9")}, "places.csv", 2, "'A9'"),
    ("references", {"demand": edited(3, commodity="produse")}, "demand.csv", 5, "Did you mean 'produce'?"),
    ("references", {"requires": [{**HUB, "needs_candidate_id": "X", "needs_option": "*"}]}, "requires.csv", 2, "'X'"),
    ("words", {"places": edited(0, kind="village")}, "places.csv", 2, "'village'"),
    ("words", {"values": edited(0, basis="guess")}, "values.csv", 2, "'guess'"),
    ("roads", {"link": lambda rows: [r for r in rows if "TA13" not in (r["from_node_id"], r["to_node_id"])]},
     "places.csv", 4, "cut off from the main road network"),
    ("roads", {"link": edited(3, directed=1)}, "places.csv", 4, "roads lead to and from"),
    ("sites", {"candidates": edited(0, county_id="A2")}, "candidates.csv", 2, "A1, the county of SA1"),
    ("sites", {"candidates": edited(0, earliest_year=2028, latest_year=2026)}, "candidates.csv", 2, "2028 or later"),
    ("corridors", {"candidates": edited(0, corridor_id="K1")}, "candidates.csv", 2, "'K1'"),
    ("county_rows", {"county_rules": lambda rows: rows[:1]}, "counties.csv", 3, "A2 without rules"),
    ("value_ranges", {"values": edited(0, central=0.5)}, "values.csv", 2, "from 0.06 to 0.08"),
    ("number_origins", {"origins": forget("link", "length")}, "origins.csv", 0, "no row for link, length"),
    ("stated_sources", {"origins": edited(0, kind="fact", source_id="F9")}, "origins.csv", 2, "'F9'"),
    ("stated_sources", {"origins": edited(0, reason_zh="", reason_en="")}, "origins.csv", 2, "why this is assumed"),
    ("row_origins", {"link": edited(1, origin="lenght=fact:X1")}, "link.csv", 3, "lenght=fact:X1"),
    ("row_origins", {"link": edited(1, origin="length=fact:X2")}, "link.csv", 3, "a source_id of provenance"),
    ("spend_profiles", {"catalogue": edited(1, spend_profile="0.6;0.6")}, "catalogue.csv", 3, "add up to 1"),
    ("spend_profiles", {"catalogue": edited(1, spend_profile="half")}, "catalogue.csv", 3, "'half'"),
    ("spend_profiles", {"catalogue": edited(0, spend_profile="0.5;0.5")}, "catalogue.csv", 2, "2 shares"),
    ("upgrades", {"catalogue": edited(1, from_options="smal")}, "catalogue.csv", 3, "Did you mean 'small'?"),
    ("upgrades", {"catalogue": edited(0, upgrade_cost=5)}, "catalogue.csv", 2, "from_options is empty"),
    ("candidates", {"candidates": edited(0, role="hubb")}, "candidates.csv", 2, "Did you mean 'hub'?"),
    ("candidates", {"candidates": edited(0, options="small;huge")}, "candidates.csv", 2, "'huge'"),
    ("candidates", {"candidates": edited(0, existing_option="tiny")}, "candidates.csv", 2, "'tiny'"),
    ("candidates", {"candidates": edited(0, existing_option="small", existing_capacity="")}, "candidates.csv", 2,
     "existing_capacity"),
    ("named_options", {"locks": [{**HUB, "option": "huge", "kind": "forbidden"}]}, "locks.csv", 2, "'huge'"),
    ("named_options", {"candidate_options": [{**HUB, "option": "*"}]}, "candidate_options.csv", 2, "'*'"),
    ("locks", {"locks": [{**HUB, "kind": "fixed"}]}, "locks.csv", 2, "Fill in the year"),
    ("locks", {"locks": [{**FIXED, "kind": "in_flight", "payments": "2025=1"}]}, "locks.csv", 2, "'2025=1'"),
    ("locks", {"locks": [FIXED, {**HUB, "kind": "forbidden"}]}, "locks.csv", 3,
     "nothing against row 2 (fixed for H-A1 small)"),
    ("locks", {"locks": [{**HUB, "option": "*", "kind": "forbidden"}, FIXED]},
     "locks.csv", 3, "nothing against row 2 (forbidden for H-A1 *)"),
    ("locks", {"locks": [FIXED, {**FIXED, "option": "large", "year": 2027}]},
     "locks.csv", 3, "nothing against row 2"),
    ("locks", {"locks": [FIXED, {**FIXED, **RIVAL}],
               "excludes": [{"group_id": "G", "candidate_id": c} for c in ("H-A1", "H-A2")]},
     "locks.csv", 3, "of group G of excludes"),
    ("cycles", {"requires": [{**HUB, "needs_candidate_id": "H-A2", "needs_option": "*"},
                             {**RIVAL, "needs_candidate_id": "H-A1", "needs_option": "*"}]},
     "requires.csv", 2, "a circle through H-A1, H-A2 (rows 2, 3)"),
    ("cycles", {"requires": [{**HUB, "needs_candidate_id": "H-A1", "needs_option": "*"}]}, "requires.csv", 2,
     "a circle through H-A1 (rows 2)"),
    ("sources", {"sources": edited(0, systems="cold_chian")}, "sources.csv", 2, "Did you mean 'cold_chain'?"),
    ("sources", {"sources": edited(0, max_share=0)}, "sources.csv", 2, "Nobody may use this source"),
    ("sources", {"sources": edited(2, bond_rate="")}, "sources.csv", 4, "no rate or no term"),
    ("budgets", {"budgets": edited(0, county_id="A1")}, "budgets.csv", 2, "* (one pool for all)"),
    ("budgets", {"budgets": edited(30, county_id="A3")}, "budgets.csv", 32, "a county_id of counties"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "changes", "file", "row", "words"), CASES)
def test_one_broken_rule_is_found_where_it_stands(
    tmp_path: Path, rule: str, changes: dict[str, Change], file: str, row: int, words: str
) -> None:
    region = read_region(make_tiny_region(tmp_path, **changes))
    check = next(c for c in (*CHECKS, *RULE_CHECKS) if c.__name__ == rule)
    found = list(check(region))
    assert [f for f in found if (f.file, f.row) == (file, row) and words in str(f)], found or region.check()


def test_every_check_has_a_case() -> None:
    assert {case[0] for case in CASES} == {check.__name__ for check in (*CHECKS, *RULE_CHECKS)}


def test_a_source_for_a_system_without_candidates_pays_for_nobody(tmp_path: Path) -> None:
    region = read_region(
        make_tiny_region(
            tmp_path, candidates=lambda rows: [r for r in rows if r["system"] != "cold_chain"], sources=added()
        )
    )
    assert ["Nobody may use this source" in str(f) for f in region.check()] == [True]


def test_optional_tables_may_be_absent(tmp_path: Path) -> None:
    changes = dict.fromkeys(("requires", "excludes", "locks", "corridors", "candidate_options"))
    assert read_region(make_tiny_region(tmp_path, **changes)).check() == []
