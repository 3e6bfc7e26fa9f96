"""Plans broken in one named way are refused with that rule's name."""

from __future__ import annotations

from functools import cache

import pytest

from optimizer.errors import InfeasibleError
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.solve import SolverSettings, solve_problem
from optimizer.verify import verify_plan
from tests.random_problems import random_problem
from tests.verify import breaking_money, breaking_services, breaking_time
from tests.verify.mutating import Mutation

QUICK = SolverSettings(mip_gap=0.0, time_limit=60, threads=1)
MODULES = (breaking_time, breaking_money, breaking_services)
MUTATIONS = [m for module in MODULES for m in vars(module).values() if isinstance(m, Mutation)]
EACH = 5
TRIES = 60


@cache
def solved(seed: int, features: tuple[str, ...]) -> tuple[Problem, Plan] | None:
    problem = random_problem(seed, features)
    try:
        return problem, solve_problem(problem, QUICK)
    except InfeasibleError:
        return None


@cache
def cases(mutation: Mutation) -> list[tuple[Problem, Plan, Plan]]:
    """The first problems that offer a way to break the rule: problem, plan, broken plan."""
    found: list[tuple[Problem, Plan, Plan]] = []
    for seed in range(TRIES):
        start = solved(seed, mutation.features)
        broken = mutation.apply(*start) if start else None
        if start and broken:
            found.append((*start, broken))
        if len(found) == EACH:
            break
    return found


@pytest.mark.parametrize("number", range(EACH))
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_a_broken_rule_is_named(mutation: Mutation, number: int):
    assert len(cases(mutation)) == EACH
    problem, plan, broken = cases(mutation)[number]
    assert verify_plan(problem, plan).passed
    verification = verify_plan(problem, broken)
    assert not verification.passed
    found = {v.rule for v in verification.violations}
    assert mutation.rule in found, found
    assert all(v.where and v.found and v.allowed for v in verification.violations)


def test_there_are_at_least_200_broken_plans_and_every_rule_is_broken():
    assert len(MUTATIONS) * EACH >= 200
    problem, plan, _ = cases(next(m for m in MUTATIONS if "facilities" in m.features))[0]
    elsewhere = {"simulation", "tables", "dependence"}  # these need regions or networks: the tests of systems break them
    assert set(verify_plan(problem, plan).checks) - elsewhere <= {m.rule for m in MUTATIONS}
