"""The synthetic province: the same seed gives the same tables, and they are a region like any other."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.province_region import MONEY, SYSTEMS, Province
from optimizer.errors import InputError


def test_same_seed_same_tables() -> None:
    assert Province(3, seed=7).tables() == Province(3, seed=7).tables()
    assert Province(3, seed=7).tables() != Province(3, seed=8).tables()


@pytest.mark.parametrize("catalogue", ["short", "full"])
def test_tables_pass_the_checks_of_a_region_and_become_a_problem(catalogue: str) -> None:
    province = Province(2, seed=3, catalogue=catalogue)
    problem = province.problem(5)
    assert set(problem.systems) == set(SYSTEMS)
    assert problem.horizon.n_periods == 5
    assert set(problem.sequence["candidate_system"].values) == set(SYSTEMS)


def test_systems_can_be_left_out() -> None:
    province = Province(2, systems=("water",))
    assert {r["system"] for r in province.tables()["candidates"]} == {"water"}
    assert list(province.problem(5).systems) == ["water"]


def test_full_catalogue_is_larger() -> None:
    short, full = (Province(8, catalogue=c).tables() for c in ("short", "full"))
    assert len(full["candidates"]) > 1.5 * len(short["candidates"])
    assert len(full["catalogue"]) > len(short["catalogue"])


def test_money_is_of_the_size_of_gansus() -> None:
    tables = Province(20, systems=("cold_chain", "township_logistics")).tables()
    first = [r for r in tables["budgets"] if r["year"] == 2025 and r["county_id"] != "*"]
    own = np.array([r["amount"] for r in first], float)
    assert 1e6 < own.mean() < 6e6
    assert 0.2 * sum(MONEY.values()) < own.mean() < sum(MONEY.values())


def test_unknown_systems_are_refused() -> None:
    with pytest.raises(InputError, match=r"found 2 counties.*heat"):
        Province(2, systems=("heat",))
