"""Plans with works missing: equal to the checker as they are, to the simulation without some."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.evaluate import Evaluator
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.solve.solve import build, solve_built
from optimizer.systems.registry import archetype, carrier, checker
from tests.contract.cases import CASES
from tests.systems.tiny_runs import EXACT, problem_of


@pytest.fixture(scope="module", params=list(CASES["facilities"]))
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Plan]:
    systems, changes = CASES["facilities"][request.param]
    problem, _ = problem_of(tmp_path_factory.mktemp("tiny"), systems, **changes)
    return problem, solve_built(build(problem), EXACT)


def test_as_planned_it_is_what_the_checker_finds(planned: tuple[Problem, Plan]):
    problem, plan = planned
    evaluator = Evaluator(problem, plan)
    for name, system in problem.systems.items():
        carried = carrier(system.archetype)(system, plan.systems[name], evaluator.capacity)
        eye = checker(system.archetype)
        for found in (carried, plan.systems[name]):
            assert np.allclose(eye.value(problem, system, found), evaluator.base[name].value, rtol=1e-6)
        assert np.allclose(evaluator.base[name].served, eye.served(problem, system, plan.systems[name]))


@pytest.mark.parametrize("seed", range(4))
def test_without_works_it_serves_what_the_simulation_serves(planned: tuple[Problem, Plan], seed: int):
    problem, plan = planned
    evaluator, rng = Evaluator(problem, plan), np.random.default_rng(seed)
    start = plan.decisions["start"].copy()
    owner = problem.sequence["state_candidate"].values[problem.sequence["to_state"].values]
    gone = {int(c) for c in owner[start.values.any(axis=1)] if rng.random() < 0.5}
    start.values[np.isin(owner, list(gone))] = 0
    other = replace(plan, decisions=plan.decisions.assign(start=start))
    found = evaluator.with_capacity(Evaluator(problem, other).capacity)
    for name, system in problem.systems.items():
        table = archetype(system.archetype).simulate(problem, system, other, None).service
        by_period = table["simulated"].to_numpy().reshape(problem.horizon.n_periods, -1).T
        assert np.allclose(found[name].served, by_period, rtol=1e-5, atol=1e-6)


def test_a_failure_never_gains_service_and_all_together_take_everything(planned: tuple[Problem, Plan]):
    problem, plan = planned
    evaluator = Evaluator(problem, plan)
    losses = evaluator.failures()
    assert len(losses) and (losses["served_lost"] >= 0).all()
    assert losses["value_lost"].is_monotonic_decreasing
    everything = evaluator.without(evaluator.names)
    assert sum(one.served.sum() for one in everything.values()) == 0.0
