"""Whole, by blocks, or both beside each other: the plan and the bound are those of whoever has the better."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from optimizer.model.compiled import Compiled
from optimizer.solve import SolverSettings, search
from optimizer.solve.certificate import Certificate, faults
from optimizer.solve.highs import WHOLE, Solved, run
from optimizer.solve.milp import admits
from optimizer.solve.progress import silent
from optimizer.solve.search import solve_compiled
from optimizer.solve.solve import build
from tests.random_pipes import problem_of
from tests.random_problems import random_problem
from tests.systems.test_pipes_strength import tree_of

SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)


def _solved(compiled: Compiled, settings: SolverSettings = SETTINGS, seconds: float = 8.0) -> Solved:
    return solve_compiled(
        compiled, settings, start=None, stage="", time_limit=seconds, listener=silent, stop=threading.Event()
    )


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models are solved both ways at once."""
    for name, value in {"FEWEST_BLOCKS": 1, "FEWEST_BESIDE": 1, "PATIENCE": 0.0}.items():
        monkeypatch.setattr(search, name, value)


def _never(*_: Any, stop: threading.Event, **__: Any) -> Solved:
    """A proof that comes to nothing."""
    stop.wait()
    return Solved("interrupted", None, -np.inf, np.inf, 0.0)


def _late(*args: Any, **more: Any) -> Solved:
    """A proof that takes its time."""
    time.sleep(2.0)
    return run(*args, **more)


@pytest.mark.parametrize("seed", [4, 24])
def test_where_the_proof_of_the_whole_comes_to_nothing_blocks_prove(seed: int, beside: None, monkeypatch: pytest.MonkeyPatch):
    compiled = build(random_problem(seed)).compiled
    optimum = run(compiled, SolverSettings(mip_gap=0.0)).objective
    monkeypatch.setattr(search, "run", _never)
    solved = _solved(compiled)
    tolerance = 1e-6 * max(1.0, abs(optimum))
    assert solved.values is not None and admits(compiled, solved.values)
    assert solved.objective - tolerance <= optimum <= solved.bound + tolerance < np.inf
    assert solved.evidence.startswith("by blocks")
    assert isinstance(solved.certificate, Certificate)
    assert faults(compiled, solved.certificate, threading.Event(), sample=5) == []


@pytest.mark.parametrize("seed", [4, 24])
def test_a_proof_of_the_whole_that_comes_late_closes_what_blocks_leave_open(
    seed: int, beside: None, monkeypatch: pytest.MonkeyPatch
):
    compiled = build(random_problem(seed)).compiled
    optimum = run(compiled, SolverSettings(mip_gap=0.0)).objective
    monkeypatch.setattr(search, "run", _late)
    solved = _solved(compiled, seconds=20.0)
    assert solved.termination == "optimal"
    assert solved.objective == pytest.approx(optimum, rel=2e-4)
    assert solved.bound >= optimum - 1e-6 * max(1.0, abs(optimum))


@pytest.mark.parametrize("seed", [26, 32, 46])
def test_a_model_solved_whole_has_rows_of_its_parts(seed: int):
    compiled = build(problem_of(tree_of(seed))).compiled
    with_rows = search._with_rows(compiled, SETTINGS, 10.0, threading.Event())
    added = len(with_rows.row_lower) - len(compiled.row_lower)
    assert added > 0
    solved = _solved(compiled, SolverSettings(mip_gap=0.0, threads=1))
    assert solved.evidence == f"{WHOLE}, {added:,} rows of parts added"
    assert solved.objective == pytest.approx(run(compiled, SolverSettings(mip_gap=0.0)).objective)
