"""Steps of the search beside a proof: every plan obeys every row, and how much is freed follows what a turn came to."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from optimizer.solve import SolverSettings
from optimizer.solve.board import Board
from optimizer.solve.highs import run
from optimizer.solve.milp import admits
from optimizer.solve.neighbourhoods import CLOSER, FIRST_SHARE, MOST_SHARE, STEP_GAP, Neighbourhoods
from optimizer.solve.progress import silent
from optimizer.solve.solve import build
from tests.random_problems import random_problem

SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)


def _search(seed: int) -> tuple[Neighbourhoods, float]:
    """A search from a plan that was found without regard to worth, and the optimum."""
    compiled = build(random_problem(seed)).compiled
    best = run(compiled, replace(SETTINGS, mip_gap=0.0))
    against = {metric: -cost for metric, cost in compiled.costs.items()}
    poor = run(replace(compiled, costs=against), replace(SETTINGS, mip_gap=0.5))
    board = Board(compiled, SETTINGS.mip_gap, silent, "whole")
    board.offer(poor.values)
    return Neighbourhoods(board, compiled, SETTINGS), best.objective


@pytest.mark.parametrize("seed", [0, 4, 11])
def test_steps_lead_to_better_plans_that_obey_every_row(seed: int):
    search, optimum = _search(seed)
    board, before = search.board, search.board.objective
    board.prove(optimum)
    search.improve(time.monotonic() + 5.0, threading.Event())
    assert board.values is not None and admits(board.compiled, board.values)
    assert before < board.objective <= optimum + 1e-6 * max(1.0, abs(optimum))
    assert optimum - board.objective < 0.5 * (optimum - before)


def test_every_choice_is_freed_once_a_turn():
    search, _ = _search(4)
    times = np.sum(list(search._turn()), axis=0)
    choices = search.board.compiled.integer
    assert (times[choices] == 1).all() and times.max() == 1


def test_after_a_turn_that_found_nothing_more_is_freed_and_solved_closer_and_less_where_time_ran_out():
    search, _ = _search(4)
    choices = int(search.board.compiled.integer.sum())
    search._learn(in_time=True)
    assert search.share > FIRST_SHARE and search.settings.mip_gap == pytest.approx(CLOSER * STEP_GAP)
    for _ in range(10):
        search._learn(in_time=True)
    assert search.share == MOST_SHARE and search.settings.mip_gap == SETTINGS.mip_gap
    freed = next(search._turn())
    assert search.board.compiled.integer[freed].sum() >= MOST_SHARE * choices
    for _ in range(10):
        search._learn(in_time=False)
    assert search.share == FIRST_SHARE and search.settings.mip_gap == SETTINGS.mip_gap
