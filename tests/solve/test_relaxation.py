"""Prices to begin with: rough ones soon, finer ones where they come in time."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from optimizer.solve import SolverSettings
from optimizer.solve.blocks import find_blocks
from optimizer.solve.board import Board
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import run
from optimizer.solve.progress import silent
from optimizer.solve.relaxation import REFINING, Relaxation
from optimizer.solve.solve import build
from optimizer.solve.work import FINE, ROUGH, ROUGHEST
from tests.random_problems import random_problem

SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)
PROBLEM = random_problem(4)
"""It falls into blocks."""


def test_finer_prices_follow_rough_ones(monkeypatch: pytest.MonkeyPatch):
    """Rough prices first, finer ones beside the first sketch; at those the blocks' relaxations prove what the whole's does."""
    monkeypatch.setattr("optimizer.solve.relaxation.MOST_ENTRIES", 0)
    built = build(PROBLEM)
    compiled = built.compiled
    relaxed = run(replace(compiled, integer=np.zeros_like(compiled.integer)), SETTINGS).objective
    board = Board(compiled, 0.0, silent, "blocks")
    split = find_blocks(compiled, small=3, large=3)
    settings = SolverSettings(mip_gap=0.0, time_limit=12.0, threads=2)
    work = Decomposition(board, settings, threading.Event(), time.monotonic() + 12.0, split)
    work.solve()
    sketched = work.prices.relaxed
    assert relaxed - 1e-6 * abs(relaxed) <= sketched[1] <= relaxed + 1e-2 * abs(relaxed)
    optimum = run(compiled, replace(SETTINGS, mip_gap=0.0)).objective
    assert board.bound >= optimum - 1e-6 * abs(relaxed) and board.bound >= board.objective - 1e-6


def test_finer_prices_that_would_come_late_are_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("optimizer.solve.relaxation.MOST_ENTRIES", 0)
    compiled = build(PROBLEM).compiled
    work = Decomposition(Board(compiled, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 3.0)
    relaxation = Relaxation(compiled, work.proofs)
    relaxation.rough_in = 1e9
    assert list(relaxation.refine()) == [] and list(relaxation.refined()) == []


@pytest.mark.parametrize(("rough", "finer"), [(ROUGHEST, ROUGH), (ROUGH, FINE)])
def test_finer_prices_are_the_next_finer_and_take_no_longer_than_their_share_of_the_time(rough: float, finer: float):
    compiled = build(PROBLEM).compiled
    work = Decomposition(Board(compiled, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 40.0)
    relaxation = Relaxation(compiled, work.proofs)
    relaxation.tolerance, relaxation.rough_in = rough, 0.1
    task = next(relaxation.refine()).task
    assert task.wall <= REFINING * 40.0 and task.first_order == finer


@pytest.mark.parametrize(
    ("looks", "took", "gone", "another"),
    [
        (1, 30.0, 60.0, True),  # two in any case
        (2, 10.0, 30.0, True),  # ends before half of the time is gone
        (2, 30.0, 30.0, False),  # would not
        (3, 1.0, 30.0, False),  # three, and more than a quarter of the time is gone
        (3, 1.0, 20.0, True),  # less than a quarter
    ],
)
def test_looks_leave_half_of_the_time_to_proofs(looks: int, took: float, gone: float, *, another: bool):
    compiled = build(PROBLEM).compiled
    work = Decomposition(Board(compiled, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 100.0)
    work.tasks.until -= gone
    assert work.search._another(looks, took) is another
    measured = Decomposition(
        Board(compiled, 0.0, silent, "blocks"), replace(SETTINGS, nodes=10), threading.Event(), time.monotonic() + 100.0
    )
    assert measured.search._another(looks, took) is (looks < 3)
