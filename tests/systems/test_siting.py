"""Plain siting: bounds never above the best value, nothing settled that a best solution needs, the same best value."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.siting import problem_of
from network_models.siting.arrays import CLOSED, OPEN, common_unit
from network_models.siting.ascent import ascend, settle
from network_models.siting.relaxation import relax
from network_models.siting.transport import transport
from optimizer.errors import InfeasibleError
from optimizer.horizon import Horizon
from optimizer.plan import states_over_time
from optimizer.problem import EpsilonBound, EquityFloor, Exclusion, Lock, Objective, Problem, Requirement
from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.strengthening import strengthened
from optimizer.systems.facilities_check import check
from optimizer.systems.siting import as_siting
from optimizer.systems.siting_branch import Limits, Tree
from tests.core_problems import rich_problem
from tests.systems.siting_cases import KINDS, best_value, siting_of, tiny

EXACT = SolverSettings(mip_gap=1e-7, time_limit=600.0)
CASES = [(kind, seed) for kind in KINDS for seed in range(8)]


def limits(seconds: float = 600.0) -> Limits:
    return Limits(1e-9, time.monotonic() + seconds, threading.Event(), 1)


def ignore(_value: float, _bound: float) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_the_search_finds_and_proves_the_best_value(kind: str, seed: int) -> None:
    instance = tiny(kind, seed)
    found = Tree(siting_of(instance), limits(), ignore).run()
    best = best_value(instance)
    if not np.isfinite(best):
        assert found.bound == np.inf
        return
    assert found.solution.value == pytest.approx(best, rel=1e-8)
    assert found.bound <= best + 1e-6
    assert found.bound == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_the_relaxation_is_never_above_the_best_value_whatever_the_prices(kind: str, seed: int) -> None:
    instance = tiny(kind, seed)
    siting, best, rng = siting_of(instance), best_value(instance), np.random.default_rng(seed)
    pairs, (m, n) = siting.pairs(), siting.shape
    k = len(pairs.customer)
    for _ in range(20):
        lists = np.empty(k, np.int64), np.empty(k), np.zeros(m, np.int64)
        price = rng.uniform(-10, 90, n)
        value, _ = relax(pairs, np.zeros(m, np.int64), price, np.zeros(m, bool), np.zeros(n), lists)
        assert value <= best + 1e-6


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_nothing_is_settled_against_every_better_solution(kind: str, seed: int) -> None:
    """What is left after settling still holds a solution as good as the best one."""
    instance = tiny(kind, seed)
    siting, best = siting_of(instance), best_value(instance)
    if not np.isfinite(best):
        return
    pairs, (m, n) = siting.pairs(), siting.shape
    ascent = ascend(pairs, np.zeros(m, np.int64), np.full(n, 30.0), best, 200, 1.0, 10)
    assert ascent.bound <= best + 1e-6
    _, status, keep = settle(pairs, np.zeros(m, np.int64), ascent.price, best + 1e-6)
    cost = np.full((m, n), np.inf)
    cost[np.repeat(np.arange(m), np.diff(pairs.ptr))[keep], pairs.customer[keep]] = pairs.cost[keep]
    cost[status == CLOSED] = np.inf
    forced = float(instance.fixed[status == OPEN].sum())
    rest = replace(
        instance, cost=np.where(np.isfinite(cost), cost, 1e6), fixed=np.where(status == OPEN, 0.0, instance.fixed)
    )
    assert forced + best_value(rest) == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_without_time_claims_no_more_than_it_knows(kind: str) -> None:
    for seed in range(8):
        instance = tiny(kind, seed)
        best = best_value(instance)
        found = Tree(siting_of(instance), limits(0.0), ignore).run()
        assert found.bound <= best + 1e-6
        assert found.solution.value >= best - 1e-6
        if np.isfinite(best):
            assert found.keep.any() or found.others >= best - 1e-6


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in range(3)])
def test_the_front_door_gives_the_best_plan(kind: str, seed: int) -> None:
    instance = tiny(kind, seed)
    problem, best = problem_of(instance), best_value(instance)
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            solve_problem(problem, EXACT)
        return
    plan = solve_problem(problem, EXACT)
    assert -plan.objective == pytest.approx(best, rel=1e-6)
    assert plan.outcome.termination == "optimal"
    assert "Lagrangian" in plan.outcome.evidence
    decisions = plan.systems["siting"]
    assert decisions["share"].shape == (problem.systems["siting"].data.sizes["pair"], 1)
    assert decisions["share"].values.sum() == pytest.approx(len(instance.demand))
    states = states_over_time(problem, plan.decisions["start"].values)
    assert not check(problem, problem.systems["siting"], decisions, states)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_goes_to_the_model_with_the_plan_met(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time for the search: the model solves what is left, and the plan and bound are the same."""
    monkeypatch.setattr("optimizer.solve.strengthening.SHARE", 0.0)
    for seed in range(3):
        instance = tiny(kind, seed)
        best = best_value(instance)
        if np.isfinite(best):
            plan = solve_problem(problem_of(instance), EXACT)
            assert -plan.objective == pytest.approx(best, rel=1e-6)
            assert -plan.outcome.bound == pytest.approx(best, rel=1e-6)


def test_transport_equals_a_linear_programme() -> None:
    for seed in range(30):
        instance = tiny("shared", seed)
        sites, share = np.array([0, 1, 3]), np.zeros(instance.cost.shape)
        value = transport(instance.cost / instance.demand, instance.demand, instance.capacity, sites, share)
        closed = replace(instance, fixed=np.zeros(3), cost=instance.cost[sites], capacity=instance.capacity[sites])
        assert value == pytest.approx(best_value(closed), rel=1e-8)
        if np.isfinite(value):
            assert (share @ instance.demand <= instance.capacity + 1e-7).all()
            np.testing.assert_allclose(share.sum(axis=0), 1.0, atol=1e-8)


def plain() -> Problem:
    return problem_of(tiny("shared", 1))


def _with_data(problem: Problem, **attrs: int) -> Problem:
    system = problem.systems["siting"]
    data = system.data.assign_attrs(attrs)
    return replace(problem, systems={"siting": replace(system, data=data)})


def _with_sequence(problem: Problem, name: str, value: float) -> Problem:
    sequence = problem.sequence.copy(deep=True)
    sequence[name][...] = value
    return replace(problem, sequence=sequence)


OTHERWISE = {
    "not all served": lambda p: _with_data(p, serve_all=0),
    "years": lambda p: replace(p, horizon=Horizon(2025, (1, 1), 0.0)),
    "lock": lambda p: replace(p, locks=(Lock(0, "forbidden", 2025),)),
    "requirement": lambda p: replace(p, requirements=(Requirement(0, -1, 1, -1),)),
    "exclusion": lambda p: replace(p, exclusions=(Exclusion("x", (0, 1)),)),
    "floor": lambda p: replace(p, floors=(EquityFloor("siting", 0.5, 0, (0,)),)),
    "metric": lambda p: replace(p, objective=Objective(("served:siting",))),
    "bound": lambda p: replace(p, objective=Objective(bounds=(EpsilonBound("served:siting", 1.0),))),
    "lead time": lambda p: _with_sequence(p, "lead_years", 1),
    "existing capacity": lambda p: _with_sequence(p, "capacity", 3.0),
    "works at once": lambda p: _with_sequence(p, "works_at_once", 1),
    "quota that counts otherwise": lambda _: _with_sequence(problem_of(tiny("median", 1)), "resource_use", 2.0),
    "windows": lambda p: _with_sequence(p, "latest_year", 2000),
}


def test_plain_siting_is_seen_as_it_is() -> None:
    instance, view = tiny("shared", 1), as_siting(plain(), plain().systems["siting"])
    assert view is not None
    np.testing.assert_allclose(view.siting.cost, instance.cost)
    np.testing.assert_allclose(view.siting.fixed, instance.fixed)
    np.testing.assert_allclose(view.siting.capacity, instance.capacity)


@pytest.mark.parametrize("name", OTHERWISE)
def test_anything_else_is_left_alone(name: str) -> None:
    problem = OTHERWISE[name](plain())
    assert as_siting(problem, problem.systems["siting"]) is None


def test_problems_of_other_systems_are_left_alone() -> None:
    assert strengthened(rich_problem(0), EXACT, lambda _: None) is None


def test_discounting_and_running_costs_count() -> None:
    """Net benefit of the plan is what the model makes of it, not the undiscounted cost."""
    problem = _with_sequence(replace(plain(), horizon=Horizon(2025, (1,), 0.08)), "lifetime", 5)
    narrowed = solve_problem(problem, EXACT)
    assert narrowed.outcome.termination == "optimal"
    assert narrowed.outcome.bound == pytest.approx(narrowed.outcome.incumbent, rel=1e-6)


@pytest.mark.parametrize(
    ("values", "unit"), [((2, 4, 6), 2.0), ((0.25, 0.5), 0.25), ((1 / 3, 1.0), None), ((0, 0), None)]
)
def test_common_unit(values: tuple[float, ...], unit: float | None) -> None:
    assert common_unit(np.array(values, float)) == (None if unit is None else pytest.approx(unit))
