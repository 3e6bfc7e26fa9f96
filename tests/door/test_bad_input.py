"""Input that cannot be used: one message that says where and what to do, a code, no traceback, no run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.door.door import plan, published
from tests.tiny_region import Change, added, edited, make_tiny_region

LOCK = {"candidate_id": "H-A1", "option": "small", "kind": "fixed", "year": 2026, "payments": ""}
NO_MONEY = ("funding.scale=0.001",)
NOTHING: tuple[str, ...] = ()

CASES: dict[str, tuple[dict[str, Change], tuple[str, ...], tuple[str, ...]]] = {
    "missing table": ({"link": None}, NOTHING, ("link.csv",)),
    "missing column": (
        {"catalogue": lambda rows: [{k: v for k, v in r.items() if k != "overnight_cost"} for r in rows]},
        NOTHING,
        ("catalogue.csv", "overnight_cost"),
    ),
    "wrong type": ({"catalogue": edited(1, capacity="much")}, NOTHING, ("catalogue.csv", "3", "capacity", "much")),
    "wrong unit": ({"catalogue": edited(0, capacity_unit="pallets")}, NOTHING, ("catalogue.csv", "2", "capacity_unit")),
    "duplicate id": ({"candidates": edited(1, candidate_id="H-A1")}, NOTHING, ("candidates.csv", "3", "H-A1")),
    "unknown county": ({"places": edited(0, county_id="A9")}, NOTHING, ("places.csv", "2", "county_id", "A9")),
    "negative cost": (
        {"catalogue": edited(0, overnight_cost=-5)},
        NOTHING,
        ("catalogue.csv", "2", "overnight_cost", "-5"),
    ),
    "not a number": ({"demand": edited(0, quantity="NaN")}, NOTHING, ("demand.csv", "2", "quantity", "NaN")),
    "unreachable township": (
        {"link": lambda rows: [r for r in rows if "TA11" not in (r["from_node_id"], r["to_node_id"])]},
        NOTHING,
        ("A11",),
    ),
    "contradictory locks": (
        {"locks": [LOCK, {**LOCK, "kind": "forbidden", "year": ""}]},
        NOTHING,
        ("locks.csv", "H-A1"),
    ),
    "cyclic requires": (
        {
            "requires": [
                {"candidate_id": "H-A1", "option": "*", "needs_candidate_id": "C-A1", "needs_option": "*"},
                {"candidate_id": "C-A1", "option": "*", "needs_candidate_id": "H-A1", "needs_option": "*"},
            ]
        },
        NOTHING,
        ("requires.csv", "H-A1", "C-A1"),
    ),
    "source nobody may use": ({"sources": edited(0, systems="heat")}, NOTHING, ("sources.csv", "2", "systems", "heat")),
    "unknown option of a lock": ({"locks": [{**LOCK, "option": "huge"}]}, NOTHING, ("locks.csv", "2", "huge")),
    "a lock without money": ({"locks": [LOCK]}, NO_MONEY, ("locks",)),
    "a floor out of reach": (
        {},
        (*NO_MONEY, "objective=equity", "objective.floors=[{system: township_logistics, level: 1.0, from_year: 2025}]"),
        ("equity",),
    ),
    "a budget of zero": ({}, ("funding.scale=0",), ("budgets.csv", "amount", "funding.scale")),
    "an unknown key": ({}, ("solver.time_limt=5",), ("time_limt", "time_limit")),
    "an unknown config": ({}, ("funding=tigth",), ("tigth", "tight")),
}


@pytest.mark.parametrize("name", CASES)
def test_one_message_and_no_run(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    changes, overrides, expected = CASES[name]
    region = make_tiny_region(tmp_path / "region", **changes)
    code = plan(region, tmp_path / "runs", *overrides)
    said = capsys.readouterr().err
    assert code in (2, 3), said
    assert "Traceback" not in said and said.count("chengxiang:") == 1
    for word in expected:
        assert word in said
    assert published(tmp_path / "runs") == []
    assert not list(tmp_path.glob("runs/*"))


def test_a_missing_region_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert plan(tmp_path / "nowhere", tmp_path / "runs") == 2
    assert "nowhere" in capsys.readouterr().err


def test_extra_rows_of_another_table_are_told_by_their_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    extra = {"source_id": "gift", "county_id": "*", "year": 2025, "amount": 1}
    region = make_tiny_region(tmp_path / "region", budgets=added(extra))
    assert plan(region, tmp_path / "runs") == 2
    said = capsys.readouterr().err
    assert "budgets.csv" in said and "gift" in said and "62" in said
