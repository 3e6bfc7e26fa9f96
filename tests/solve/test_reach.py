"""What a county's money cannot reach is closed before anything is solved; nothing that could be built is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.problem import Problem
from optimizer.solve import SolverSettings
from optimizer.solve.highs import run
from optimizer.solve.reach import within_reach
from optimizer.solve.solve import build, solve_problem
from tests.core_problems import rich_problem

UNIT = 100_000
EXACT = SolverSettings(mip_gap=0.0, time_limit=60)


def two_purses(heat_cost: int, spend_profile: tuple[float, ...] = (1.0,), carried: float = 0.0) -> Problem:
    """A county with 100 a year for gas alone and 20 a year for heat; a gas work of 90 and a heat work."""
    draft = Draft(Horizon(2025, (1, 1, 1), 0.06))
    county = draft.county("A")
    for system, cost, profile in (("gas", 90, (1.0,)), ("heat", heat_cost, spend_profile)):
        work = draft.candidate(system, system, county)
        built = draft.state(work, "built", fixed_om=-2.0 * cost * UNIT)
        draft.transition(draft.initial_state(work), built, overnight_cost=cost * UNIT, spend_profile=profile)
    draft.source("centre", budget={"A": 100.0 * UNIT}, systems=["gas"])
    draft.source("county", kind="own", budget={"A": 20.0 * UNIT}, systems=["heat"], carry_over_share=carried)
    return draft.freeze()


def open_starts(problem: Problem) -> dict[str, list[int]]:
    """Periods by which each system's work may have been started."""
    built = build(problem)
    names = [str(variable) for variable in built.variables]
    upper = dict(zip(names, built.compiled.col_upper, strict=True))
    keys = list(built.model.pyomo.sequence.started)
    system = problem.system_names
    of = problem.system_of_candidate()
    found: dict[str, list[int]] = {name: [] for name in system}
    for p, t in keys:
        if upper[f"sequence.started[{p},{t}]"] > 0:
            found[system[int(of[problem.sequence["transition_candidate"].values[p]])]].append(t)
    return found


def test_a_work_that_its_own_sources_cannot_pay_is_closed_whatever_the_county_has():
    assert open_starts(two_purses(heat_cost=30)) == {"gas": [0, 1], "heat": []}


def test_a_work_that_they_can_pay_stays_open():
    assert open_starts(two_purses(heat_cost=20)) == {"gas": [0, 1], "heat": [0, 1]}


def test_what_is_carried_over_opens_later_starts():
    assert open_starts(two_purses(heat_cost=35, carried=1.0))["heat"] == [1]


@pytest.mark.parametrize("seed", range(12))
def test_the_best_plan_stays(seed: int, monkeypatch: pytest.MonkeyPatch):
    problem = rich_problem(seed)
    best = solve_problem(problem, EXACT).objective
    monkeypatch.setattr("optimizer.solve.solve.within_reach", lambda compiled: compiled)
    assert solve_problem(problem, EXACT).objective == pytest.approx(best)


def test_the_relaxation_falls_and_never_below_the_best_plan(monkeypatch: pytest.MonkeyPatch):
    problem = two_purses(heat_cost=30)
    best = solve_problem(problem, EXACT).objective
    monkeypatch.setattr("optimizer.solve.solve.within_reach", lambda compiled: compiled)
    plain = build(problem).compiled
    whole, closed = (
        run(replace(compiled, integer=np.zeros_like(compiled.integer)), EXACT).objective
        for compiled in (plain, within_reach(plain))
    )
    assert best == pytest.approx(closed) and closed < whole - 1.0
