"""Crossing plans of blocks with the best plan: every solution is a plan of the whole, and pieces of the optimum make the optimum."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from optimizer.solve import SolverSettings
from optimizer.solve.board import Board
from optimizer.solve.crossover import MOST_PLANS, Crossing, Crossover
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import run
from optimizer.solve.milp import admits
from optimizer.solve.progress import silent
from optimizer.solve.solve import build
from optimizer.solve.work import solve_task
from tests.random_problems import random_problem

EXACTLY = SolverSettings(mip_gap=0.0, time_limit=60)
SEEDS = (0, 4, 11, 24, 26, 38, 52)


def _work(seed: int) -> Decomposition:
    """Prices of nothing, and the plan that starts nothing."""
    compiled = build(random_problem(seed)).compiled
    board = Board(compiled, 0.0, silent, "blocks")
    work = Decomposition(board, EXACTLY, threading.Event(), time.monotonic() + 60.0)
    work.prices.add(np.zeros(len(work.split.shared)))
    job = work.plans.settle(np.where(compiled.integer, compiled.col_lower, 0.0))
    job.take(solve_task(job.task))
    assert board.values is not None
    return work


def _crossing(work: Decomposition) -> Crossing:
    assert work.board.values is not None
    return Crossover(work.whole, work.split).of(work.knowledge.blocks, work.prices[0], work.board.values)


def _meet(work: Decomposition, seed: int, count: int) -> None:
    """Plans of every block at random costs: most take more than the shared rows have."""
    rng = np.random.default_rng(seed)
    for known in work.knowledge.blocks:
        model = known.block.model
        for _ in range(count):
            cost = model.cost * rng.uniform(0.2, 3.0, len(model.cost))
            solved = run(replace(model, cost=cost), EXACTLY)
            if solved.values is not None:
                known.learn([solved.values])


@pytest.mark.parametrize("seed", SEEDS)
def test_what_it_finds_is_a_plan_of_the_whole_and_no_worse(seed: int):
    work = _work(seed)
    _meet(work, seed, 4)
    crossing = _crossing(work)
    assert np.allclose(crossing.plan(crossing.start), work.board.values)
    assert admits(crossing.model, crossing.start)
    solved = run(crossing.model, EXACTLY, start=crossing.start)
    assert solved.values is not None
    plan = crossing.plan(solved.values)
    assert admits(work.whole, plan, 1e-5)
    assert float(work.whole.cost @ plan) + work.whole.constant == pytest.approx(solved.objective, rel=1e-6, abs=1e-6)
    assert solved.objective >= work.board.objective - 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_each_piece_alone_breaks_no_rule_but_those_that_tie_pieces(seed: int):
    work = _work(seed)
    _meet(work, seed, 2)
    crossing, whole = _crossing(work), work.whole
    own = Crossover(whole, work.split).own
    for a, b in pairwise(crossing.changes.indptr):
        values = crossing.held.copy()
        values[crossing.changes.indices[a:b]] += crossing.changes.data[a:b]
        activity = (whole.matrix @ values)[own]
        assert (activity <= whole.row_upper[own] + 1e-5).all() and (activity >= whole.row_lower[own] - 1e-5).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_of_the_optimum_make_the_optimum(seed: int):
    work = _work(seed)
    best = run(work.whole, EXACTLY)
    assert best.values is not None
    for known in work.knowledge.blocks:
        known.learn([best.values[known.block.columns]])
    _meet(work, seed, 1)
    crossing = _crossing(work)
    assert run(crossing.model, EXACTLY).objective == pytest.approx(best.objective, rel=1e-6, abs=1e-6)


def test_with_nothing_known_there_is_nothing_to_take():
    work = _work(4)
    for known in work.knowledge.blocks:
        known.plans = []
    crossing = _crossing(work)
    assert crossing.changes.shape[1] == 0
    assert run(crossing.model, EXACTLY).objective >= work.board.objective - 1e-6


def test_of_many_plans_the_best_are_crossed():
    work = _work(4)
    known = work.knowledge.blocks[0]
    first = known.plans[0]
    known.plans = [first] * (2 * MOST_PLANS)
    others = list(Crossover(work.whole, work.split)._others([known], work.prices[0], work.board.values))
    assert len(others) == MOST_PLANS
