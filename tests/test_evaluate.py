"""Plans and variants of them: equal to the checker as they are, to the simulation and a fresh evaluation when changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from optimizer.contingency import failures, in_service
from optimizer.evaluate import Evaluator, Values, Variant
from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem
from optimizer.solve.solve import build, solve_built
from optimizer.systems.registry import archetype, checker
from optimizer.variants import Paths
from tests.contract.cases import CASES
from tests.systems.tiny_runs import EXACT, problem_of

TRIED = [("facilities", "flows_to_markets"), ("facilities", "two_echelons_several_links"), ("facilities", "coverage_graded"),
         ("pipes", "water"), ("pipes", "gas"), ("protection", "all_works")]  # fmt: skip


@pytest.fixture(scope="module", params=TRIED, ids="-".join)
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Plan]:
    systems, changes = CASES[request.param[0]][request.param[1]]
    problem, _ = problem_of(tmp_path_factory.mktemp("tiny"), systems, **changes)
    return problem, solve_built(build(problem), EXACT)


@pytest.fixture(scope="module")
def evaluator(planned: tuple[Problem, Plan]) -> Evaluator:
    return Evaluator(*planned)


def random_variant(evaluator: Evaluator, paths: Paths, rng: np.random.Generator) -> Variant:
    """Some candidates of the plan dropped, moved, resized, or out of service."""
    changes = {}
    for c in paths.starts:
        ways = [paths.dropped(c), paths.moved(c, int(rng.integers(-1, 3))), evaluator.out]
        ways += [paths.resized(c, p) for p in paths.choices(c)]
        if rng.random() < 0.4:
            changes[c] = ways[rng.integers(len(ways))]
    return changes


def with_changes(evaluator: Evaluator, changes: Variant) -> np.ndarray:
    states = evaluator.states.copy()
    for c, path in changes.items():
        states[c] = path
    return states


def assert_equal(found: Values, right: Values) -> None:
    for name, one in right.items():
        np.testing.assert_allclose(found[name].value, one.value, rtol=1e-9, atol=1e-3)
        np.testing.assert_allclose(found[name].served, one.served, rtol=1e-9, atol=1e-6)


def test_as_planned_it_is_what_the_checker_finds(evaluator: Evaluator):
    for name, system in evaluator.problem.systems.items():
        eye, decided = checker(system.archetype), evaluator.plan.systems[name]
        found, near = evaluator.base[name], 1e-6 * abs(evaluator.base[name].value).max()
        np.testing.assert_allclose(eye.value(evaluator.problem, system, decided), found.value, atol=near)
        np.testing.assert_allclose(eye.served(evaluator.problem, system, decided), found.served, rtol=1e-6, atol=1e-3)


def test_variants_are_what_a_fresh_evaluation_finds(evaluator: Evaluator):
    rng, paths = np.random.default_rng(1), Paths(evaluator.problem, evaluator.plan.decisions["start"].values)
    variants = [random_variant(evaluator, paths, rng) for _ in range(25)]
    together = evaluator.many(variants)
    apart = Evaluator(evaluator.problem, evaluator.plan)
    for changes, found in zip(variants, together, strict=True):
        fresh = Evaluator(evaluator.problem, evaluator.plan, with_changes(evaluator, changes))
        assert_equal(found, fresh.base)
        assert_equal(apart.variant(changes), fresh.base)
    assert any(one.value.sum() < evaluator.base[name].value.sum() for left in together for name, one in left.items())


@pytest.mark.parametrize("seed", range(3))
def test_without_works_it_serves_what_the_simulation_serves(evaluator: Evaluator, seed: int):
    problem, plan = evaluator.problem, evaluator.plan
    rng, start = np.random.default_rng(seed), plan.decisions["start"].copy()
    owner = problem.sequence["transition_candidate"].values
    gone = {int(c) for c in owner[start.values.any(axis=1)] if rng.random() < 0.4}
    start.values[np.isin(owner, list(gone))] = 0
    other = replace(plan, decisions=plan.decisions.assign(start=start))
    states = states_over_time(problem, start.values)
    found = evaluator.variant({c: states[c] for c in gone})
    for name, system in problem.systems.items():
        table = archetype(system.archetype).simulate(problem, system, other, None).service
        amount = table.pivot_table(index="county_id", columns="period", values="simulated", observed=True)
        right = amount.reindex(problem.county_ids).fillna(0.0).to_numpy()
        np.testing.assert_allclose(found[name].served, right, rtol=1e-5, atol=1e-2)


def test_paths_are_the_states_that_follow_from_the_starts(planned: tuple[Problem, Plan]):
    problem, plan = planned
    start = plan.decisions["start"].values
    states, paths = states_over_time(problem, start), Paths(problem, start)
    assert paths.starts
    for c, starts in paths.starts.items():
        assert (paths.moved(c, 0) == states[c]).all()
        later = start.copy()
        for p, t in starts:
            later[p] = np.roll(later[p], 1) if t + 1 < start.shape[1] else 0
        assert (paths.moved(c, 1) == states_over_time(problem, later)[c]).all()
        for p in paths.choices(c):
            other = start.copy()
            other[[q for q, _ in starts]] = 0
            other[p, min(t for _, t in starts)] = 1
            assert (paths.resized(c, p) == states_over_time(problem, other)[c]).all()
        with pytest.raises(ValueError, match="expected one of"):
            paths.resized(c, -1)


def test_failures_are_ranked_and_all_together_take_everything(evaluator: Evaluator):
    losses = failures(evaluator)
    assert len(losses)
    assert losses["value_lost"].is_monotonic_decreasing
    worst, failed = losses.iloc[0], evaluator.without([losses["failed"][0]])
    lost = evaluator.base[worst["system"]].value - failed[worst["system"]].value
    assert worst["value_lost"] == pytest.approx(evaluator.discounted(lost))
    standing = [evaluator.names[c] for c in np.flatnonzero(in_service(evaluator))]
    assert sum(one.served.sum() for one in evaluator.without(standing).values()) == pytest.approx(0.0, abs=1e-3)


def test_what_changes_nothing_is_not_computed(evaluator: Evaluator):
    same = {c: evaluator.states[c] for c in range(len(evaluator.names))}
    assert all(one is evaluator.base[name] for name, one in evaluator.variant(same).items())


def test_datasets_of_a_plan_are_left_alone(evaluator: Evaluator):
    before = {name: one.copy(deep=True) for name, one in evaluator.plan.systems.items()}
    failures(evaluator)
    for name, one in before.items():
        xr.testing.assert_identical(one, evaluator.plan.systems[name])
