"""The narrow programme: never a plan that breaks a rule, never worse than the start, never a bound of its own."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from optimizer.solve import SolverSettings
from optimizer.solve.milp import Milp, admits
from optimizer.solve.narrow import best_of_few, narrowed, relaxed
from optimizer.solve.solve import build
from optimizer.solve.work import Task, solve_task
from tests.random_problems import random_problem

SETTINGS = SolverSettings(mip_gap=0.0, time_limit=20)
SEEDS = (0, 4, 11, 24, 26, 38, 52)


def _model(seed: int) -> Milp:
    c = build(random_problem(seed)).compiled
    return Milp(c.matrix, c.row_lower, c.row_upper, c.col_lower, c.col_upper, c.integer, c.cost, c.constant)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_it_finds_is_a_plan_of_the_whole_programme(seed: int):
    model, found = _model(seed), []
    relaxation = relaxed(model, SETTINGS, 20.0, lambda _s: threading.Event())
    best = best_of_few(
        relaxation, SETTINGS, None, threading.Event(), lambda plan: bool(found.append(plan)) or True
    )
    for plan in [*found, *([] if best is None else [best])]:
        assert admits(model, plan)
        assert model.cost @ plan + model.constant <= relaxation.bound + 1e-6 * abs(relaxation.bound)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_has_the_bound_and_the_optimum_of_the_whole_programme(seed: int):
    model = _model(seed)
    plain, narrow = (solve_task(Task(model, None, 0.0, 20, 20, None, 0, narrow=way)) for way in (0.0, 0.5))
    assert narrow.termination == plain.termination == "optimal"
    assert narrow.objective == pytest.approx(plain.objective, rel=1e-6)
    assert narrow.bound >= plain.objective - 1e-6 * abs(plain.objective)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_the_narrow_programme_alone_the_bound_is_the_relaxations(seed: int):
    model = _model(seed)
    plain, quick = (solve_task(Task(model, None, 0.0, 20, 20, None, 0, narrow=way)) for way in (0.0, 1.0))
    assert quick.termination == ("time_limit" if plain.plans else "infeasible")
    assert not plain.plans or quick.bound >= plain.objective - 1e-6 * abs(plain.objective)
    assert all(admits(model, plan) for plan in quick.plans)


def test_choices_that_neither_relaxation_nor_start_makes_are_held():
    model = _model(0)
    relaxed, start = model.col_lower.copy(), model.col_lower.copy()
    choices = np.flatnonzero(model.integer & (model.col_upper > model.col_lower))
    relaxed[choices[0]] += 0.4
    start[choices[1]] += 1.0
    few = narrowed(model, relaxed, start)
    free = np.flatnonzero(few.col_upper > few.col_lower)
    assert set(free[model.integer[free]]) == set(choices[:2])
    assert (few.col_upper[~model.integer] == model.col_upper[~model.integer]).all()


def test_without_time_the_start_stands():
    model, stop = _model(0), threading.Event()
    stop.set()
    start = model.col_lower.copy()
    relaxation = relaxed(model, SETTINGS, 20.0, lambda _s: stop)
    best = best_of_few(relaxation, SETTINGS, start, stop, lambda _plan: True)
    assert best is start or (best is not None and admits(model, best))
