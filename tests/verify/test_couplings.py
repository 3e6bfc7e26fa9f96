"""Couplings across systems by hand: one after the other, in one trench."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.verify import verify_plan
from optimizer.verify.couplings import Coupling
from tests.core_problems import rich_problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return rich_problem(3)


def couplings(problem: Problem, **starts: int) -> tuple[Coupling, ...]:
    """Of a plan in which some candidates take their small option in some periods; money does not matter here."""
    seq, fund, periods = problem.sequence, problem.funding, problem.horizon.n_periods
    start = np.zeros((seq.sizes["transition"], periods), np.int8)
    names = [str(c) for c in seq["candidate"].values]
    for name, t in starts.items():
        start[np.flatnonzero(seq["transition_candidate"].values == names.index(name))[0], t] = 1
    n, sources = len(names), fund.sizes["source"]
    decisions = xr.Dataset({
        "start": (("transition", "period"), start),
        "spending": (("candidate", "period"), np.zeros((n, periods))),
        "payment": (("candidate", "source", "period"), np.zeros((n, sources, periods))),
        "carry_over": (("source", "owner", "period"), np.zeros((sources, fund.sizes["owner"], periods))),
    })  # fmt: skip
    return verify_plan(problem, Plan(decisions, {}, Outcome("optimal", "feasible", 0.0, 0.0, 0.0))).couplings


def test_two_systems_that_dig_in_one_period_share_a_trench(problem: Problem) -> None:
    (shared,) = couplings(problem, p0=1, p1=1)
    assert (shared.kind, shared.first, shared.second, shared.ready, shared.place) == ("dig_once", 0, 1, 1, "R")
    assert shared.worth == 200_000
    assert couplings(problem, p0=1, p1=2) == ()


def test_a_work_that_waits_for_another_systems_work(problem: Problem) -> None:
    lead = int(problem.sequence["lead_years"].values[problem.sequence["transition_candidate"].values == 2][0])
    ready = problem.horizon.service_period(0, lead)
    (tight,) = couplings(problem, p2=0, p3=ready)
    (loose,) = couplings(problem, p2=0, p3=ready + 1)
    assert (tight.kind, tight.first, tight.second, tight.ready) == ("requires", 2, 3, ready)
    assert tight.binding
    assert not loose.binding and loose.began == ready + 1


def test_works_of_one_system_are_no_coupling(problem: Problem) -> None:
    """The same requirement within one system says nothing across systems."""
    names = problem.sequence["candidate_system"].values.copy()
    names[2] = names[3]
    alone = replace(problem, sequence=problem.sequence.assign(candidate_system=("candidate", names)))
    assert couplings(alone, p2=0, p3=1) == ()
