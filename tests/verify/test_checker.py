"""What the independent eye works out, by hand on small cases; tolerances; messages; simulations and tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.plan import Plan
from optimizer.problem import POOL, Lock, Problem
from optimizer.solve import SolverSettings, solve_problem
from optimizer.verify import SimulationResult, Violation, verify_plan
from optimizer.verify.result import SERVICE_COLUMNS
from optimizer.verify.works import Works, whole_parts
from tests.core_problems import rich_problem
from tests.verify.mutating import rewritten

EXACT = SolverSettings(mip_gap=0.0, time_limit=60, threads=1)


@pytest.fixture(scope="module")
def solved() -> tuple[Problem, Plan]:
    problem = rich_problem(3)
    return problem, solve_problem(problem, EXACT)


def one_work(lengths: tuple[int, ...] = (1, 2, 3), rate: float = 0.05, lifetime: int = 4, lead: int = 1) -> Problem:
    draft = Draft(Horizon(2025, lengths, rate, True))
    candidate = draft.candidate("p", "s", draft.county("A"))
    draft.option(
        candidate, "new", overnight_cost=1001, lead_years=lead, spend_profile=(0.5, 0.5), lifetime=lifetime, fixed_om=10
    )
    return draft.freeze()


def works(problem: Problem, period: int | None) -> Works:
    start = np.zeros((1, problem.horizon.n_periods), np.int64)
    if period is not None:
        start[0, period] = 1
    return Works(problem, start)


def test_whole_parts_keep_the_sum_and_give_what_is_left_to_the_largest_remainder_then_the_earlier_year():
    assert whole_parts(1001, [0.5, 0.5]) == [501, 500]
    assert whole_parts(10, [0.25, 0.45, 0.3]) == [3, 4, 3]
    assert whole_parts(7, [1.0]) == [7]


def test_a_work_is_paid_serves_is_replaced_and_leaves_a_residual_value():
    """Started in 2025, in service from 2026 (period 1), replaced in 2030; the horizon ends in 2031 at age 1 of 4."""
    done = works(one_work(), 0)
    assert done.spending.tolist() == [[501, 500, 1001]]
    assert done.in_service.tolist() == [[False, True, True]]
    annuities = [1.05**-k for k in (1, 2, 3, 4)]
    assert done.residual == pytest.approx(1001 * sum(annuities[:3]) / sum(annuities))


def test_without_a_rate_the_residual_value_falls_in_a_straight_line():
    assert works(one_work(rate=0.0), 0).residual == pytest.approx(1001 * 3 / 4)


def test_a_lifetime_that_ends_with_the_horizon_leaves_nothing():
    done = works(one_work(lifetime=5), 0)
    assert (done.residual, done.spending.sum()) == (0.0, 1001)


def test_an_unfinished_work_is_worth_what_was_spent_within_the_horizon():
    done = works(one_work(lengths=(1, 1)), 1)
    assert done.spending.tolist() == [[0, 501]]
    assert done.residual == 501
    assert not done.in_service.any()


def test_a_work_in_flight_counts_its_age_from_its_year_and_pays_what_is_left():
    problem = replace(one_work(), locks=(Lock(0, "in_flight", 2023, ((2024, 7), (2025, 11), (2040, 13))),))
    done = works(problem, None)
    assert done.in_service.all()
    assert done.spending.tolist() == [[11, 1001, 0]]
    assert done.all[0].service_period == 0


def test_discounting_is_from_the_middle_of_a_period():
    assert works(one_work(), None).discount(2) == pytest.approx(1.05**-4.5)


def test_binaries_are_rounded(solved: tuple[Problem, Plan]):
    problem, plan = solved
    near = plan.decisions["start"].values + 3e-7
    assert verify_plan(problem, rewritten(plan, start=near)).passed


def test_one_cny_of_rounding_is_allowed_on_a_share_and_two_are_not():
    draft = Draft(Horizon(2025, (1, 1), 0.05))
    candidate = draft.candidate("p", "s", draft.county("A"))
    draft.option(candidate, "new", overnight_cost=1001, lead_years=1, fixed_om=-900)
    draft.source("grant", budget={POOL: 2000}, max_share=0.5)
    draft.source("own", kind="own", budget={"A": 2000}, preference=2)
    problem = draft.freeze()
    plan = solve_problem(problem, EXACT)
    for extra, rules in ((0, set()), (1, set()), (2, {"max_share"})):
        payment = plan.decisions["payment"].values.copy()
        payment[0, :, 0] = [500 + extra, 501 - extra]
        assert {v.rule for v in verify_plan(problem, rewritten(plan, payment=payment)).violations} == rules


def test_messages_name_candidate_county_year_and_cny(solved: tuple[Problem, Plan]):
    problem, plan = solved
    spent = plan.decisions["spending"].values
    c, t = (int(i) for i in np.argwhere(spent)[-1])
    found = verify_plan(problem, rewritten(plan, spending=np.where(spent == spent[c, t], 5, spent))).violations
    where = f"p{c} (county {problem.county_ids[problem.sequence['candidate_county'].values[c]]})"
    assert any(v.rule == "spending" and where in v.where and v.found == "5 CNY" for v in found)


def test_a_promise_that_the_simulation_does_not_keep_is_refused(solved: tuple[Problem, Plan]):
    row = ("gas", "A", "2025", 100.0, 80.0, 75.0, "t/yr")
    result = SimulationResult(pd.DataFrame([row], columns=SERVICE_COLUMNS), ("a pair is too far",))
    verification = verify_plan(*solved, [result])
    assert [v.rule for v in verification.violations] == ["simulation"]
    assert verification.largest_difference == pytest.approx(0.05)
    assert verification.notes == ("a pair is too far",)
    assert verification.checks["simulation"] == 1


def test_tables_that_differ_are_part_of_the_verdict(solved: tuple[Problem, Plan]):
    assert verify_plan(*solved, audit=(12, [])).checks["tables"] == 12
    verification = verify_plan(*solved, audit=(12, [Violation("tables", "own_share of A", "0.1", "0.2")]))
    assert not verification.passed


def test_every_rule_is_counted(solved: tuple[Problem, Plan]):
    verification = verify_plan(*solved)
    assert verification.passed
    assert verification.objective_recomputed == pytest.approx(solved[1].objective, rel=1e-6)
    for rule in ("started_once", "requires", "excludes", "resources", "budget", "debt_service", "objective", "bound"):
        assert verification.checks[rule] > 0
