"""By blocks: never a bound below a plan, never a plan that breaks a rule, and the optimum where the gap closes."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.board import Board
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import run
from optimizer.solve.master import Master
from optimizer.solve.progress import silent
from optimizer.solve.solve import Built, build
from tests.random_problems import random_problem

SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)


def _optimum(built: Built) -> float:
    return run(built.compiled, SolverSettings(mip_gap=0.0, time_limit=60)).objective


def _by_blocks(built: Built, seconds: float = 6.0, threads: int = 0) -> Board:
    board = Board(built.compiled, SETTINGS.mip_gap, silent, "blocks")
    settings = SolverSettings(mip_gap=SETTINGS.mip_gap, time_limit=seconds, threads=threads)
    Decomposition(board, settings, threading.Event(), time.monotonic() + seconds).solve()
    return board


CASES = {seed: random_problem(seed) for seed in (0, 4, 11, 24, 26, 38, 52)}
"""Most of them fall into two blocks or more."""


@pytest.mark.parametrize("seed", CASES)
def test_bound_and_plan_enclose_the_optimum(seed: int):
    built = build(CASES[seed])
    optimum, board = _optimum(built), _by_blocks(built, 2.0)
    tolerance = 1e-6 * max(1.0, abs(optimum))
    assert board.bound >= optimum - tolerance
    assert board.objective <= optimum + tolerance


def test_plans_obey_every_row():
    built = build(CASES[4])
    values = _by_blocks(built, 2.0).values
    assert values is not None
    activity, compiled = built.compiled.matrix @ values, built.compiled
    assert (activity <= compiled.row_upper + 1e-6).all() and (activity >= compiled.row_lower - 1e-6).all()
    assert np.allclose(values[compiled.integer], values[compiled.integer].round(), atol=1e-6)


def test_one_worker_is_enough():
    built = build(CASES[4])
    assert _by_blocks(built, 2.0, threads=1).bound >= _optimum(built) - 1e-6


def test_a_stop_keeps_what_is_known():
    built = build(CASES[4])
    board = Board(built.compiled, 0.0, silent, "blocks")
    start = run(built.compiled, SETTINGS).values
    board.offer(start)
    stop = threading.Event()
    stop.set()
    Decomposition(board, SETTINGS, stop, time.monotonic() + 60).solve()
    assert board.values is not None and np.array_equal(board.values, start)


def test_the_master_takes_the_best_of_each_block():
    built = build(CASES[26])
    board = Board(built.compiled, 0.0, silent, "blocks")
    work = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 60)
    best = run(built.compiled, SolverSettings(mip_gap=0.0)).values
    nothing = np.zeros_like(best)
    columns = [(k.block, [nothing[k.block.columns], best[k.block.columns]]) for k in work.known]
    values = Master(built.compiled, work.shared, work.rest).best(columns, None, SETTINGS, 10.0, threading.Event())
    assert built.compiled.cost @ values >= built.compiled.cost @ best - 1e-6


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 6, 7])
def test_reach_of_money_closes_no_good_plan(seed: int, monkeypatch: pytest.MonkeyPatch):
    problem = random_problem(1000 + seed)
    with_reach = solve_problem(problem, SolverSettings(mip_gap=0.0, time_limit=60)).objective
    monkeypatch.setattr("optimizer.solve.solve.within_reach", lambda compiled: compiled)
    assert solve_problem(problem, SolverSettings(mip_gap=0.0, time_limit=60)).objective == pytest.approx(with_reach)


def test_blocks_without_a_plan_are_infeasible():
    compiled = build(CASES[4]).compiled
    impossible = dataclasses.replace(compiled, row_upper=np.where(compiled.rows.linking, compiled.row_upper, -1e6))
    board = Board(impossible, SETTINGS.mip_gap, silent, "blocks")
    work = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 5)
    assert work.solve() == "infeasible" and board.values is None
