"""A certificate of a run in rounds: the cuts that simulation proved are part of it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer.problem import Problem
from optimizer.solve import SolverSettings
from optimizer.solve.certificate import CERTIFICATE, Certificate, faults, proved_again
from optimizer.solve.rounds import plan_in_rounds
from optimizer.solve.solve import build
from optimizer.systems import pipes
from tests.random_pipes import NAME, problem_of, random_tree

TREE = 14
"""A tree whose first plan is refuted when hardly anything is known of losses."""
SETTINGS = SolverSettings(mip_gap=1e-6, time_limit=60, threads=1, nodes=1000, passes=2, rounds=2)


@pytest.fixture(scope="module")
def proved() -> Iterator[tuple[Problem, Certificate]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
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
        yield problem, certificate


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


def test_every_cut_of_pipes_is_proved_again(proved: tuple[Problem, Certificate]) -> None:
    problem, certificate = proved
    assert proved_again(problem, certificate.cuts) == (len(certificate.cuts), [])


@pytest.mark.parametrize(
    "change",
    [
        lambda cut: {"coefs": (1.0, 1.01 * cut.coefs[1], cut.coefs[2])},
        lambda cut: {"coefs": (1.0, cut.coefs[1], cut.coefs[2] - 1e-3)},
        lambda cut: {"rhs": 1e-3},
        lambda cut: {"columns": (cut.columns[0], cut.columns[2], cut.columns[1])},
        lambda cut: {"valid": False},
        lambda cut: {"columns": (dataclasses.replace(cut.columns[0], system="heat"), *cut.columns[1:])},
    ],
)
def test_a_cut_that_takes_plans_away_is_found(proved: tuple[Problem, Certificate], change) -> None:
    problem, certificate = proved
    wrong = dataclasses.replace(certificate.cuts[0], **change(certificate.cuts[0]))
    held, found = proved_again(problem, (wrong, *certificate.cuts[1:]))
    assert held == len(certificate.cuts) - 1 and len(found) == 1
