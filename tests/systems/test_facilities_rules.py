"""Plans of facilities that break one named rule are refused with that rule's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem
from optimizer.systems.facilities_check import check
from tests.contract.cases import MANY_MARKETS
from tests.systems.tiny_runs import changed, problem_of, solved


def broken(problem: Problem, plan: Plan, decisions: xr.Dataset) -> set[str]:
    """Names of the rules that decisions break."""
    name = next(iter(problem.systems))
    states = states_over_time(problem, plan.decisions["start"].values)
    return {v.rule for v in check(problem, problem.systems[name], decisions, states)}


@pytest.fixture(scope="module")
def cold_chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Plan]:
    problem, _ = problem_of(tmp_path_factory.mktemp("cold"), changed("cold_chain"), **MANY_MARKETS)
    return problem, solved(problem)


@pytest.fixture(scope="module")
def logistics(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Plan]:
    problem, _ = problem_of(tmp_path_factory.mktemp("logistics"), changed("township_logistics"))
    return problem, solved(problem)


def test_share_out_of_range(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    decisions = plan.systems["cold_chain"].copy(deep=True)
    decisions["share"][0, 0] = -0.1
    assert "shares" in broken(problem, plan, decisions)


def test_served_twice(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    decisions = plan.systems["cold_chain"].copy(deep=True)
    decisions["share"][:, -1] = 1.0
    assert "served_once" in broken(problem, plan, decisions)


def test_more_than_a_site_takes(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    decisions = plan.systems["cold_chain"].copy(deep=True)
    pairs = problem.systems["cold_chain"].data["pair_site"].values
    decisions["share"][pairs == 0, -1] = 1.0
    decisions["share"][pairs != 0, -1] = 0.0
    assert "site_capacity" in broken(problem, plan, decisions)


def test_served_before_service(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    decisions = plan.systems["cold_chain"].copy(deep=True)
    decisions["share"][0, 0] = 0.5
    assert "open_first" in broken(problem, plan, decisions)


def test_flow_that_vanishes(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    decisions = plan.systems["cold_chain"].copy(deep=True)
    assert decisions["flow"].values.sum() > 0
    decisions["flow"][:] = decisions["flow"] * 0.9
    assert broken(problem, plan, decisions) == {"through_flow"}


def test_more_than_a_market_takes(cold_chain: tuple[Problem, Plan]) -> None:
    problem, plan = cold_chain
    data, decisions = problem.systems["cold_chain"].data, plan.systems["cold_chain"].copy(deep=True)
    to_small = data["upper"].values[data["link_upper"].values] == "MB"
    for site in np.unique(data["link_site"].values):
        mine = data["link_site"].values == site
        total = decisions["flow"].values[mine].sum(axis=0)
        decisions["flow"][mine] = 0.0
        decisions["flow"][np.flatnonzero(mine & to_small)[0]] = total
    assert broken(problem, plan, decisions) == {"upper_capacity"}


def test_station_without_centre(tmp_path: Path) -> None:
    no_centre = {
        "candidates": lambda rows: [{**r, "existing_capacity": 0} if r["candidate_id"][0] == "C" else r for r in rows]
    }
    problem, _ = problem_of(tmp_path, changed("township_logistics"), **no_centre)
    plan, system = solved(problem), problem.systems["township_logistics"]
    decisions = plan.systems[system.name].copy(deep=True)
    assert decisions["share"].values[:, 0].sum() == 0
    decisions["share"][0, 0] = 0.2
    assert "upper_first" in broken(problem, plan, decisions)


def test_whole_sites_only(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, changed("cold_chain", assignment="single_source"))
    plan = solved(problem)
    decisions = plan.systems["cold_chain"].copy(deep=True)
    assert set(np.unique(decisions["share"].values)) <= {0.0, 1.0}
    decisions["share"][:] = decisions["share"] * 0.5
    assert broken(problem, plan, decisions) == {"shares"}


def test_all_must_be_served(logistics: tuple[Problem, Plan]) -> None:
    problem, plan = logistics
    system = problem.systems["township_logistics"]
    system.data.attrs["serve_all"] = 1
    decisions = plan.systems[system.name].copy(deep=True)
    decisions["share"][:] = 0.0
    assert broken(problem, plan, decisions) == {"served_once"}
    system.data.attrs["serve_all"] = 0
