"""Rounds of planning and simulation, where time is short."""

from __future__ import annotations

import dataclasses

import pytest

from optimizer.plan import Plan
from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.progress import silent
from optimizer.solve.rounds import LEAST_SECONDS, REPAIR_SHARE, _Rounds
from tests.random_pipes import problem_of, random_tree

SETTINGS = SolverSettings(mip_gap=1e-6, time_limit=60, threads=1)


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_refuted_plan_is_repaired_though_no_time_is_left_where_none_is_confirmed(
    confirmed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def narrowed(built: object, hint: Plan, settings: object, seconds: float) -> None:
        given.append(seconds)

    monkeypatch.setattr("optimizer.solve.rounds.narrowed_to", narrowed)
    problem = problem_of(random_tree(14))
    rounds = _Rounds(problem, SETTINGS, lambda plan: [], silent)
    plan = solve_problem(problem, dataclasses.replace(SETTINGS, mip_gap=0.5))
    rounds.best = plan if confirmed else None
    rounds.began -= 1000.0
    assert rounds._repaired(plan) is plan
    expected = LEAST_SECONDS if confirmed else REPAIR_SHARE * SETTINGS.time_limit
    assert given == [pytest.approx(expected, abs=1.0)]
