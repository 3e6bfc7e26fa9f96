"""Solving the core: ranks, bounds, conflicts, interrupts, warm starts, whole money."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading

import highspy
import numpy as np
import pytest

from optimizer.console import describe
from optimizer.draft import Draft
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon import Horizon
from optimizer.model.assembly import build_model
from optimizer.model.compiled import compile_model
from optimizer.problem import POOL, EpsilonBound, Lock, Objective
from optimizer.solve import SolverSettings, highs, solve_problem
from optimizer.solve.greedy import greedy_start
from optimizer.solve.highs import Solved, interruptible, run
from optimizer.solve.milp import admits
from optimizer.solve.progress import Progress, silent
from optimizer.solve.solve import build
from tests.core_problems import HUNDRED_THOUSAND, rich_draft, rich_problem
from tests.random_problems import random_problem

EXACT = SolverSettings(mip_gap=0.0, time_limit=60)


@pytest.mark.parametrize("seed", range(8))
def test_money_is_whole_and_adds_up(seed: int):
    problem = rich_problem(seed)
    plan = solve_problem(problem, EXACT)
    payment, spending = plan.decisions["payment"].values, plan.decisions["spending"].values
    assert payment.dtype == np.int64 and (payment >= 0).all()
    assert np.array_equal(payment.sum(axis=1), spending)
    carried = plan.decisions["carry_over"].values
    owner = np.where(
        problem.funding["pooled"].values[:, None], 0, problem.sequence["candidate_county"].values[None] + 1
    )
    budget = problem.funding["budget"].values
    for k in range(payment.shape[1]):
        used = carried[k].copy()
        used[:, 1:] -= carried[k][:, :-1]
        np.add.at(used, owner[k], payment[:, k, :])
        assert (used <= budget[k]).all()


def test_the_parts_of_value_add_up_to_the_objective():
    plan = solve_problem(rich_problem(3), EXACT)
    assert float(plan.decisions["objective_terms"].sum()) == pytest.approx(plan.objective)
    assert plan.outcome.termination == "optimal" and plan.outcome.gap < 1e-9


def test_first_period_is_used_when_it_pays():
    assert solve_problem(rich_problem(0), EXACT).decisions["start"].values[:, 0].any()


def test_a_hint_is_taken_as_start():
    problem = rich_problem(1)
    plan = solve_problem(problem, EXACT)
    again = solve_problem(problem, EXACT, hint=plan)
    assert again.objective == pytest.approx(plan.objective)


def test_epsilon_bound_is_kept_and_costs_value():
    draft = rich_draft(2)
    free = solve_problem(draft.freeze(), EXACT)
    draft.objective = Objective(metrics=("net_benefit",), bounds=(EpsilonBound("net_benefit", free.objective + 1),))
    with pytest.raises(InfeasibleError) as caught:
        solve_problem(draft.freeze(), EXACT)
    assert "objective_bound" in caught.value.groups


def test_where_time_ran_out_a_conflict_that_fractions_show_is_told(monkeypatch: pytest.MonkeyPatch):
    draft = rich_draft(2)
    free = solve_problem(draft.freeze(), EXACT)
    ran_out = Solved("time_limit", None, -np.inf, np.inf, 0.1)
    monkeypatch.setattr("optimizer.solve.search.run", lambda *_, **__: ran_out)
    monkeypatch.setattr("optimizer.solve.solve.greedy_start", lambda *_, **__: None)
    with pytest.raises(InfeasibleError, match="No plan was found within"):
        solve_problem(draft.freeze(), EXACT)
    draft.objective = Objective(bounds=(EpsilonBound("net_benefit", 10 * abs(free.objective)),))
    with pytest.raises(InfeasibleError, match="No plan obeys all rules") as caught:
        solve_problem(draft.freeze(), EXACT)
    assert "objective_bound" in caught.value.groups


def test_unknown_metric_is_named():
    draft = rich_draft(2)
    draft.objective = Objective(metrics=("net_benfit",))
    with pytest.raises(InputError, match="net_benfit"):
        solve_problem(draft.freeze(), EXACT)


def test_conflict_names_budget_and_lock():
    draft = Draft(Horizon(2025, (1, 1), 0.08))
    candidate = draft.candidate("p", "s", draft.county("A"))
    first = draft.option(candidate, "one", overnight_cost=10 * HUNDRED_THOUSAND, spend_profile=(1.0,))
    draft.source("g", budget={POOL: [HUNDRED_THOUSAND, 0]})
    draft.locks.append(Lock(first, "fixed", 2025, row="locks.csv row 2"))
    with pytest.raises(InfeasibleError) as caught:
        solve_problem(draft.freeze(), EXACT)
    assert {"locks", "budget_shared", "funding_balance"} & set(caught.value.groups)
    assert "2025" in str(caught.value)


def test_a_fixed_year_outside_the_window_can_never_hold():
    draft = Draft(Horizon(2025, (1, 1), 0.08))
    candidate = draft.candidate("p", "s", draft.county("A"), earliest_year=2026)
    transition = draft.option(candidate, "one", overnight_cost=1, lead_years=0)
    draft.locks.append(Lock(transition, "fixed", 2025))
    with pytest.raises(InfeasibleError, match=r"Whatever is built, this does not hold:\n  - locks.*1 row\(s\), short by 1 in all"):
        solve_problem(draft.freeze(), EXACT)


def test_unlimited_money_needs_no_source():
    draft = Draft(Horizon(2025, (1, 1), 0.08))
    candidate = draft.candidate("p", "s", draft.county("A"))
    draft.option(candidate, "one", overnight_cost=100, fixed_om=-1000)
    plan = solve_problem(draft.freeze(), EXACT)
    assert plan.decisions["start"].values.tolist() == [[1, 0]]
    assert plan.decisions["payment"].shape[1] == 0


def test_an_empty_problem_is_solved():
    draft = Draft(Horizon(2025, (1,), 0.08))
    draft.county("A")
    assert solve_problem(draft.freeze(), EXACT).objective == 0.0


def test_misspelt_options_are_refused_with_a_hint():
    with pytest.raises(InputError, match="Did you mean mip_heuristic_effort"):
        SolverSettings(options={"mip_heuristic_efort": 0.1})


def test_an_interrupted_run_keeps_its_incumbent():
    compiled, _ = compile_model(build_model(rich_problem(5, candidates=60)))
    stop = threading.Event()

    def listener(progress) -> None:
        if progress.incumbent is not None:
            stop.set()

    solved = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60), listener=listener, stop=stop)
    assert solved.termination in {"interrupted", "optimal"}
    assert solved.values is not None and solved.bound >= solved.objective


def test_a_first_plan_bounds_nothing():
    """Works that nobody proposes are left out of its model, so that what bounds it is no bound on the whole."""
    built, heard = build(rich_problem(5, candidates=60)), []
    values = greedy_start(built.model, built.compiled, built.variables, EXACT, heard.append, threading.Event())
    assert values is not None
    assert any(progress.incumbent is not None for progress in heard)
    assert all(progress.bound is None for progress in heard)


def test_starting_nothing_needs_no_solver(monkeypatch: pytest.MonkeyPatch):
    built = build(rich_problem(0))
    denied = Solved("infeasible", None, -np.inf, np.inf, 0.1)
    monkeypatch.setattr("optimizer.solve.greedy.run", lambda *_, **__: denied)
    values = greedy_start(built.model, built.compiled, built.variables, EXACT, silent, threading.Event())
    assert values is not None and admits(built.compiled, values)
    assert not values[built.compiled.integer].any()


def test_a_run_takes_a_better_plan_that_another_knows():
    """With one node of its own the run ends with the plan that it was told of."""
    compiled, _ = compile_model(build_model(rich_problem(5, candidates=60)))
    best = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60))
    asked: list[float] = []

    def better(objective: float) -> np.ndarray | None:
        asked.append(objective)
        return best.values if objective < best.objective - 1e-6 else None

    lazy = {"mip_max_nodes": 1, "mip_heuristic_effort": 0.0, "presolve": "off"}
    alone = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60, options=lazy))
    told = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60, options=lazy), better=better)
    assert alone.objective < best.objective - 1e-6
    assert asked and told.objective == pytest.approx(best.objective)


def test_ctrl_c_sets_the_event_once_and_is_given_back():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(1.0)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_solver_that_denies_a_known_plan_is_not_believed(monkeypatch: pytest.MonkeyPatch):
    problem = rich_problem(2)
    known = solve_problem(problem, EXACT)
    denied = Solved("infeasible", None, -np.inf, np.inf, 0.1)
    monkeypatch.setattr("optimizer.solve.search.run", lambda *_, **__: denied)
    plan = solve_problem(problem, EXACT, hint=known)
    assert plan.outcome.termination == "contradicted"
    assert plan.objective == pytest.approx(known.objective) and plan.outcome.gap > 0


def test_a_solver_that_gives_up_keeps_the_plan_known_or_says_so(monkeypatch: pytest.MonkeyPatch):
    problem = rich_problem(2)
    known = solve_problem(problem, EXACT)
    with monkeypatch.context() as broken:
        broken.setattr("highspy.Highs.run", lambda _: highspy.HighsStatus.kError)
        failed = run(build(problem).compiled, EXACT)
    assert (failed.termination, failed.values, failed.bound) == ("solver_error", None, np.inf)
    monkeypatch.setattr("optimizer.solve.search.run", lambda *_, **__: failed)
    plan = solve_problem(problem, EXACT, hint=known)
    assert plan.outcome.termination == "solver_error" and plan.objective == pytest.approx(known.objective)
    monkeypatch.setattr("optimizer.solve.solve.greedy_start", lambda *_, **__: None)
    with pytest.raises(InfeasibleError, match=r"HiGHS ended with an error before a plan was found\. Another solver\.seed"):
        solve_problem(problem, EXACT)


@pytest.mark.parametrize(
    ("incumbent", "bound", "said"),
    [(100.0, 104.2, "4.20 %"), (1e-9, 5.0, "over 1,000 %"), (3.0, np.inf, "-"), (None, 5.0, "-"), (3.0, None, "-")],
)
def test_a_gap_is_told_in_words_that_mean_something(incumbent: float | None, bound: float | None, said: str):
    assert describe(Progress("stage", 1.0, incumbent, bound)).endswith(f"gap {said}, 1 s")


def test_a_model_called_infeasible_that_has_plans_is_solved_by_other_means(monkeypatch: pytest.MonkeyPatch):
    compiled = build(rich_problem()).compiled
    best = run(compiled, EXACT)
    attempt, options = highs._attempt, []

    def blind(compiled, settings, *rest):
        options.append(settings.options)
        solved = attempt(compiled, settings, *rest)
        return solved if settings.options.get("presolve") == "off" else dataclasses.replace(solved, termination="infeasible")

    monkeypatch.setattr(highs, "_attempt", blind)
    solved = run(compiled, EXACT, start=best.values)
    assert solved.termination == "optimal" and solved.objective == pytest.approx(best.objective)
    assert options == [{}, *highs.REMEDIES]
    for start in (None, best.values + 5.0):
        assert run(compiled, EXACT, start=start).objective == pytest.approx(best.objective)


def test_a_relaxation_that_presolve_denies_is_solved_and_a_model_without_plan_is_infeasible():
    """HiGHS 1.15 calls this relaxation infeasible, though the best plan breaks no row of it at all."""
    compiled = build(random_problem(52)).compiled
    best = run(compiled, EXACT)
    relaxed = run(dataclasses.replace(compiled, integer=np.zeros_like(compiled.integer)), EXACT)
    assert relaxed.termination == "optimal" and relaxed.objective >= best.objective
    assert run(compiled.with_bound("net_benefit", relaxed.objective + 1.0), EXACT).termination == "infeasible"
