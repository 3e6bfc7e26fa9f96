"""Pure sequencing: its relaxation bounds, its plans are the best there are, and other problems are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.sequencing.arrays import Sequencing
from network_models.sequencing.lists import depths, scheduled
from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.problem import ANY, POOL, Lock, Problem, Requirement
from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.sequencing_bound import relax
from optimizer.solve.sequencing_search import rounded
from optimizer.solve.sequencing_view import as_sequencing
from optimizer.solve.sequencing_windows import decide, window_of
from optimizer.solve.solve import build, solve_built
from optimizer.verify import verify_plan
from tests.core_problems import rich_problem
from tests.network_models.sequencing.cases import best_by_trying, random_problem

QUICK = SolverSettings(mip_gap=1e-7, time_limit=10.0, threads=1)


def draft_of(case: Sequencing, periods: int) -> Draft:
    """The same works as candidates; values are those of period 0, the rate gives the others."""
    draft = Draft(Horizon(2025, (1,) * periods, 1 / 0.9 - 1))
    county = draft.county("all")
    for r, limit in enumerate(case.limit):
        draft.resource(f"r{r}", {POOL: limit.tolist()})
    for b in range(case.n):
        candidate = draft.candidate(f"b{b}", "works", county)
        uses = {f"r{r}": float(u) for r, u in enumerate(case.use[b])}
        cost = -int(case.value[b, 0] * 1e6)
        draft.option(candidate, "done", overnight_cost=cost, lead_years=0, lifetime=0, uses=uses)
    draft.requirements = [
        Requirement(int(b), ANY, int(k), ANY) for b, k in zip(case.needs.tail, case.needs.need, strict=True)
    ]
    return draft


def problem_of(case: Sequencing) -> Problem:
    return draft_of(case, case.periods).freeze()


@pytest.mark.parametrize("seed", range(6))
def test_plans_are_the_best_there_are(seed: int) -> None:
    case = random_problem(seed)
    problem = problem_of(case)
    plan = solve_problem(problem, QUICK)
    best = best_by_trying(case) * problem.horizon.discount(0)
    assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert plan.outcome.bound >= best - 1e-6
    assert verify_plan(problem, plan).passed


@pytest.mark.parametrize("seed", range(4))
def test_same_as_the_whole_model(seed: int) -> None:
    problem = problem_of(random_problem(seed + 50, n=25, periods=3))
    plan, whole = solve_problem(problem, QUICK), solve_built(build(problem), QUICK)
    assert plan.objective == pytest.approx(whole.objective, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_relaxation_is_that_of_linear_programming_and_bounds_every_plan(seed: int) -> None:
    case = random_problem(seed + 20, n=30, periods=3)
    states = []
    first = scheduled(case, depths(case))
    relaxed = relax(case, first, np.inf, lambda state: not states.append(state.bound))  # type: ignore[func-returns-value]
    assert relaxed.value == pytest.approx(_by_linear_programme(case), rel=1e-6)
    assert relaxed.bound == pytest.approx(relaxed.value, rel=1e-6)
    for plan in (first, rounded(case, relaxed.begun)):
        assert case.obeys(plan)
        assert case.total(plan) <= min(states) + 1e-6


def _by_linear_programme(case: Sequencing) -> float:
    from scipy.optimize import linprog

    n, periods = case.n, case.periods
    column = np.arange(n * periods).reshape(n, periods)
    rows: list[np.ndarray] = []
    rhs: list[float] = []

    def add(pairs: list[tuple[int, float]], most: float) -> None:
        row = np.zeros(n * periods)
        for j, coef in pairs:
            row[j] += coef
        rows.append(row)
        rhs.append(most)

    for b in range(n):
        for t in range(periods - 1):
            add([(column[b, t], 1.0), (column[b, t + 1], -1.0)], 0.0)
    for b, k in zip(case.needs.tail, case.needs.need, strict=True):
        for t in range(periods):
            add([(column[b, t], 1.0), (column[k, t], -1.0)], 0.0)
    for r, t in np.ndindex(*case.limit.shape):
        use = [(column[b, t], case.use[b, r]) for b in range(n)]
        use += [(column[b, t - 1], -case.use[b, r]) for b in range(n) if t > 0]
        add(use, case.limit[r, t])
    return -float(linprog(-case.step.ravel(), np.array(rows), rhs, bounds=(0, 1)).fun)


@pytest.mark.parametrize("seed", range(6))
def test_windows_never_lose_and_keep_all_rules(seed: int) -> None:
    case = random_problem(seed + 80, n=40, periods=4)
    rng = np.random.default_rng(seed)
    period = scheduled(case, rng.random(40))
    for first, last in ((0, 1), (1, 3), (3, 4), (0, 4)):
        inside = np.flatnonzero((period >= first) & (period <= last))
        window = window_of(case, period, rng.permutation(inside)[: 3 * len(inside) // 4], first, last)
        better, _ = decide(case, period, window, 5.0)
        assert case.obeys(better)
        assert case.total(better) >= case.total(period) - 1e-9
        assert set(np.flatnonzero(better != period)) <= set(window.free.tolist())
        period = better


def test_knapsack_bound_is_cut_down_to_whole_values() -> None:
    draft = Draft(Horizon(2025, (1,), 0.0))
    county = draft.county("all")
    draft.resource("room", {POOL: 10.0})
    for i, (worth, use) in enumerate(((6, 6.0), (5, 5.0), (5, 5.0), (3, 4.0))):
        candidate = draft.candidate(f"i{i}", "items", county)
        how = dict(lead_years=0, lifetime=0, uses={"room": use})
        draft.option(candidate, "in", overnight_cost=-worth * 1_000_000, **how)
    plan = solve_problem(draft.freeze(), QUICK)
    assert plan.objective == pytest.approx(10.0)
    assert plan.outcome.termination == "optimal"


def test_other_problems_are_left_alone() -> None:
    assert as_sequencing(rich_problem()) is None
    case = random_problem(1)
    assert as_sequencing(problem_of(case)) is not None
    locked = draft_of(case, case.periods)
    locked.locks.append(Lock(0, "forbidden", 2025))
    late = draft_of(case, case.periods)
    late.candidates[2]["earliest"] = 2026
    circle = draft_of(case, case.periods)
    circle.requirements += [Requirement(0, ANY, 1, ANY), Requirement(1, ANY, 0, ANY)]
    assert [as_sequencing(d.freeze()) for d in (locked, late, circle)] == [None] * 3


def test_works_that_are_used_up_are_neither_replaced_nor_worth_anything_at_the_end() -> None:
    draft = Draft(Horizon(2025, (1, 1, 1), 0.0))
    county = draft.county("all")
    draft.option(draft.candidate("a", "works", county), "done", overnight_cost=-7_000_000, lead_years=0, lifetime=0)
    problem = draft.freeze()
    whole = solve_built(build(problem), QUICK)
    assert whole.objective == pytest.approx(7.0)
    assert verify_plan(problem, whole).passed
