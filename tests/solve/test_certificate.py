"""A certificate of a run in rounds: the cuts that simulation proved are part of it."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from optimizer.problem import Problem
from optimizer.solve import SolverSettings
from optimizer.solve.certificate import CERTIFICATE, Certificate, faults
from optimizer.solve.rounds import plan_in_rounds
from optimizer.solve.solve import build
from optimizer.systems import pipes
from tests.random_pipes import NAME, problem_of, random_tree

TREE = 14
"""A tree whose first plan is refuted when hardly anything is known of losses."""
SETTINGS = SolverSettings(mip_gap=1e-6, time_limit=60, threads=1, nodes=1000, passes=2, rounds=2)


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> tuple[Problem, Certificate]:
    monkeypatch.setattr("optimizer.systems.pipes_model.TANGENTS", (0.1,))
    monkeypatch.setattr("optimizer.solve.search.FEWEST_CHOICES", 0)
    monkeypatch.setattr("optimizer.solve.search.FEWEST_BLOCKS", 1)
    problem = problem_of(random_tree(TREE))
    system = problem.systems[NAME]
    plan, rounds = plan_in_rounds(problem, SETTINGS, lambda plan: [pipes.simulate(problem, system, plan, None)])
    certificate = plan.meta[CERTIFICATE]
    assert isinstance(certificate, Certificate)
    assert rounds[0].valid > 0 and rounds[-1].bound < rounds[0].bound - 1e-6
    assert certificate.bound == pytest.approx(rounds[-1].bound)
    return problem, certificate


def test_it_stands_with_its_cuts_and_not_without(proved: tuple[Problem, Certificate], tmp_path: Path) -> None:
    problem, certificate = proved
    certificate.save(tmp_path / "certificate.npz")
    again = Certificate.load(tmp_path / "certificate.npz")
    assert again.cuts == certificate.cuts and again.cuts
    assert faults(build(problem).with_cuts(again.cuts).compiled, again, threading.Event(), sample=100) == []
    without = faults(build(problem).compiled, again, threading.Event())
    assert len(without) == 1 and "another model" in without[0]


def test_a_cut_that_was_changed_makes_another_model(proved: tuple[Problem, Certificate]) -> None:
    problem, certificate = proved
    first = dataclasses.replace(certificate.cuts[0], rhs=certificate.cuts[0].rhs + 1.0)
    changed = build(problem).with_cuts((first, *certificate.cuts[1:]))
    assert "another model" in faults(changed.compiled, certificate, threading.Event())[0]
