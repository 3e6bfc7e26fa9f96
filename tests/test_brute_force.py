"""Random tiny problems: the solver's plan is as good as the best that trial finds, and passes the independent check."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from optimizer.errors import InfeasibleError
from optimizer.plan import Plan, states_over_time
from optimizer.problem import EpsilonBound, Problem
from optimizer.solve import SolverSettings, solve_problem
from optimizer.verify import verify_plan
from optimizer.verify.works import Works
from tests.brute_force import brute_force
from tests.random_problems import random_problem

EXACT = SolverSettings(mip_gap=0.0, time_limit=60, threads=1)
NEAR = 1e-6
MIXED = [(seed, ()) for seed in range(220)]
FORCED = [
    (1000 + 10 * i + seed, features)
    for i, features in enumerate(
        [
            ("corridors", "two_systems", "sizes", "upgrade"),
            ("requires", "excludes", "sizes", "upgrade", "direct"),
            ("fixed", "in_flight", "forbidden", "unfinished"),
            ("bond", "debt_service", "own_share", "money"),
            ("carry_over", "max_share", "eligible", "money", "two_systems"),
            ("works_at_once", "land", "permits"),
            ("facilities", "centres", "single_source", "money"),
            ("facilities", "other_objective", "existing", "corridors", "two_systems"),
            ("facilities", "equity", "graded", "serve_all"),
            ("short_life", "in_flight", "window", "money"),
        ]
    )
    for seed in range(10)
]
# HiGHS took the start for optimal unseen (optimizer/solve/highs.py), at half of what can be had.
START_UNSEEN = (13861, ("facilities", "other_objective", "corridors", "two_systems"))
CASES = [*MIXED, *FORCED, START_UNSEEN]


@cache
def case(seed: int, features: tuple[str, ...]) -> tuple[Problem, float | None]:
    problem = random_problem(seed, features)
    return problem, brute_force(problem)


@pytest.mark.parametrize(("seed", "features"), CASES)
def test_no_trial_is_better_and_every_plan_is_verified(seed: int, features: tuple[str, ...]):
    problem, best = case(seed, features)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve_problem(problem, EXACT)
        return
    plan = solve_problem(problem, EXACT)
    assert plan.outcome.termination == "optimal"
    _check_ranks(problem, plan, best)
    verification = verify_plan(problem, plan)
    assert verification.passed, "\n".join(map(str, verification.violations))
    assert verification.objective_recomputed >= plan.objective - NEAR * max(1, abs(plan.objective))
    start = plan.decisions["start"].values
    assert np.array_equal(states_over_time(problem, start), Works(problem, start.astype(np.int64)).states)


def _check_ranks(problem: Problem, plan: Plan, best: float) -> None:
    """The first metric is the best there is (within its tolerance if another follows), and so on down."""
    objective, near = problem.objective, NEAR * max(1.0, abs(best))
    ranked = len(objective.metrics) > 1
    slack = objective.tolerance * max(abs(best), 1e-6) if ranked else 0.0
    assert best - slack - near <= plan.objective <= best + near
    assert plan.outcome.bound >= best - near
    if not ranked:
        return
    second = objective.metrics[1]
    value = float(plan.decisions["metric_value"].values[list(plan.decisions["metric"].values).index(second)])
    tight, loose = (
        brute_force(problem, second, (*objective.bounds, EpsilonBound(objective.metrics[0], best - slack * more)))
        for more in (0.99, 1.01)
    )
    assert tight is not None
    assert loose is not None
    assert tight - 10 * near <= value <= loose + 10 * near


def test_most_problems_have_a_plan_and_some_have_none():
    values = [case(*c)[1] for c in CASES]
    assert len(values) >= 300
    assert len(values) / 2 < sum(v is not None for v in values) < len(values) - 20


def test_every_feature_is_there():
    problems = [case(*c)[0] for c in CASES]
    locks = [{lock.kind for lock in p.locks} for p in problems]
    kinds = [set(p.funding["source_kind"].values) for p in problems]
    data = [s.data for p in problems for s in p.systems.values()]
    features = {
        "unequal periods": [len(set(p.horizon.lengths)) > 1 for p in problems],
        "unfinished": [p.horizon.allow_unfinished for p in problems],
        "requires": [bool(p.requirements) for p in problems],
        "excludes": [bool(p.exclusions) for p in problems],
        **{kind: [kind in k for k in locks] for kind in ("fixed", "forbidden", "in_flight")},
        **{kind: [kind in k for k in kinds] for kind in ("grant", "own", "bond")},
        "no sources": [not k for k in kinds],
        "works at once": [(p.sequence["works_at_once"] < 10).any() for p in problems],
        "resources": [p.sequence["resource_limit"].notnull().any() for p in problems],
        "corridors": [p.sequence.sizes["corridor_id"] > 0 for p in problems],
        "carry-over": [(p.funding["carry_over_share"] > 0).any() for p in problems],
        "largest share": [(p.funding["max_share"] < 1).any() for p in problems],
        "own share": [(p.funding["own_share"] > 0).any() for p in problems],
        "debt ceiling": [np.isfinite(p.funding["debt_service_ceiling"]).any() for p in problems],
        "eligibility": [not p.funding["eligible"].values.all() for p in problems],
        "floors": [bool(p.floors) for p in problems],
        "ranks": [len(p.objective.metrics) > 1 for p in problems],
        "bounds": [bool(p.objective.bounds) for p in problems],
        "single source": [d.attrs["single_source"] for d in data],
        "serve all": [d.attrs["serve_all"] for d in data],
        "centres": [(d["upper_candidate"] >= 0).any() for d in data],
        "markets": [(d["upper_candidate"] < 0).any() for d in data],
        "upgrades": [not p.sequence["state_initial"].values[p.sequence["from_state"].values].all() for p in problems],
        "replacement": [(p.sequence["lifetime"] < sum(p.horizon.lengths)).any() for p in problems],
    }
    rare = {name: sum(map(bool, there)) for name, there in features.items() if sum(map(bool, there)) < 10}
    assert not rare
