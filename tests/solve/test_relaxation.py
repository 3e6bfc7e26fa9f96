"""Prices to begin with: those of the relaxation, exact or nearly."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.solve import SolverSettings
from optimizer.solve.blocks import find_blocks
from optimizer.solve.board import Board
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.first_order import FirstOrder, nearly
from optimizer.solve.highs import run
from optimizer.solve.milp import Milp
from optimizer.solve.progress import silent
from optimizer.solve.relaxation import FINE_STEP, Relaxation
from optimizer.solve.solve import build
from optimizer.solve.work import solve_task
from tests.core_problems import rich_problem
from tests.random_problems import random_problem

SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)
PROBLEM = random_problem(4)
"""It falls into blocks."""


def test_prices_of_a_large_model_are_nearly_those_of_its_relaxation(monkeypatch: pytest.MonkeyPatch):
    """At those the blocks' relaxations prove what the whole's does."""
    monkeypatch.setattr("optimizer.solve.relaxation.MOST_ENTRIES", 0)
    compiled = build(PROBLEM).compiled
    relaxed = run(Milp.of(compiled).continuous, SETTINGS).objective
    split = find_blocks(compiled, small=3, large=3)
    work = Decomposition(Board(compiled, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 60.0, split)
    prices = _nearly(Relaxation(compiled, work.proofs, threads=2), work)
    proved = sum(run(block.priced(prices).continuous, SETTINGS).objective for block in (split.rest, *split.blocks))
    assert relaxed - 1e-6 * abs(relaxed) <= work.prices.fixed(0) + proved <= relaxed + 2e-3 * abs(relaxed)
    assert work.prices.step == FINE_STEP


def test_prices_have_a_share_of_the_time(monkeypatch: pytest.MonkeyPatch):
    """What there is by then is what the blocks are looked at with, and prices may move far."""
    monkeypatch.setattr("optimizer.solve.relaxation.MOST_ENTRIES", 0)
    monkeypatch.setattr("optimizer.solve.relaxation.SHARE", 0.0)
    compiled = build(PROBLEM).compiled
    work = Decomposition(Board(compiled, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 60.0)
    assert _nearly(Relaxation(compiled, work.proofs), work).shape == work.split.shared.shape
    assert work.prices.step > FINE_STEP


def _nearly(relaxation: Relaxation, work: Decomposition) -> np.ndarray:
    """The prices that a relaxation asks one task for."""
    job = next(relaxation.solve())
    assert job is not None and job.task.first_order is not None
    job.take(solve_task(job.task))
    return work.prices[0]


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_nearly_solved_programmes_have_the_signs_and_the_worth_of_exact_ones(seed: int):
    """They prove, with all rows priced, nearly what the exact solution is worth; upper limits have prices of zero or more."""
    model = Milp.of(build(rich_problem(seed)).compiled).continuous
    exact = run(model, SETTINGS).objective
    prices = nearly(model, FirstOrder(1e-4), lambda: False).duals
    assert prices is not None
    scale = np.abs(prices).max()
    only_upper, only_lower = np.isinf(model.row_lower), np.isinf(model.row_upper)
    assert (prices[only_upper] >= -1e-2 * scale).all() and (prices[only_lower] <= 1e-2 * scale).all()
    prices = np.clip(prices, np.where(only_upper, 0.0, -np.inf), np.where(only_lower, 0.0, np.inf))
    left = model.cost - model.matrix.T @ prices
    used, held = np.where(prices > 0, model.row_upper, model.row_lower), np.where(left > 0, model.col_upper, model.col_lower)
    held = np.where(np.isfinite(held), held, 0.0)  # where no limit stands behind, next to nothing is left
    proved = model.constant + prices[prices != 0] @ used[prices != 0] + left @ held
    assert proved == pytest.approx(exact, rel=1e-2)


def test_programmes_that_presolve_settles_have_prices():
    empty = Milp(sp.csc_matrix(np.ones((1, 1))), np.array([-np.inf]), np.array([2.0]), *np.array([[0.0], [5.0], [0.0], [3.0]]))
    solved = nearly(replace(empty, integer=np.zeros(1, bool)), FirstOrder(1e-2), lambda: False)
    assert solved.duals == pytest.approx([3.0])


def test_a_programme_without_a_solution_is_told():
    no = Milp(sp.csc_matrix(np.ones((1, 1))), np.array([7.0]), np.array([8.0]), *np.array([[0.0], [5.0], [0.0], [3.0]]))
    assert nearly(replace(no, integer=np.zeros(1, bool)), FirstOrder(1e-2), lambda: False).termination == "infeasible"


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
