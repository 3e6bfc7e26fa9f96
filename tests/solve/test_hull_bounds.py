"""Bounds that rest on pieces of networks: never under a plan that simulation confirms, and certificates that stand."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.errors import ChengxiangError
from optimizer.model.hulls import LocalHull
from optimizer.solve import SolverSettings
from optimizer.solve.blocks import find_blocks
from optimizer.solve.board import Board
from optimizer.solve.certificate import Certificate, faults
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.hull_cuts import Cuts
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.memory import Memory
from optimizer.solve.narrow import relaxed
from optimizer.solve.progress import silent
from optimizer.solve.rounds import plan_in_rounds
from optimizer.solve.solve import Built, build
from optimizer.systems import pipes
from tests.random_pipes import NAME, problem_of
from tests.systems.test_pipes_strength import tree_of

TREES = (2, 4, 6, 10, 12, 14, 18, 25, 29, 33, 40, 45)
"""Trees that pieces are made of."""
SETTINGS = SolverSettings(mip_gap=1e-6, time_limit=60, threads=1, nodes=1000, passes=3, rounds=6)


@pytest.fixture(autouse=True)
def hardly_anything_is_known_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model allows what physics does not."""
    monkeypatch.setattr("optimizer.systems.pipes_model.TANGENTS", (0.1,))


def by_blocks(built: Built, memory: Memory | None = None) -> tuple[Board, Certificate]:
    board = Board(built.compiled, 0.0, silent, "blocks")
    work = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 60, memory=memory)
    work.solve()
    certificate = work.certificate()
    assert certificate is not None
    return board, certificate


@pytest.mark.parametrize("seed", TREES)
def test_a_bound_is_never_under_a_plan_that_simulation_confirms(seed: int) -> None:
    problem = problem_of(tree_of(seed))
    system, built = problem.systems[NAME], build(problem)
    assert built.compiled.hulls
    plan, _ = plan_in_rounds(problem, SETTINGS, lambda plan: [pipes.simulate(problem, system, plan, None)])
    board, certificate = by_blocks(built)
    assert board.bound >= plan.objective - 1e-6 * abs(plan.objective)
    assert faults(built.compiled, certificate, threading.Event(), sample=100) == []


def test_rows_of_pieces_lower_relaxations() -> None:
    """Of a few trees with a station, whatever things are worth; most small trees have nothing left to gain."""
    rng, lower = np.random.default_rng(0), 0
    for seed in (26, 32, 46):
        block = find_blocks(build(problem_of(tree_of(seed))).compiled).blocks[0]
        for _ in range(10):
            model = replace(block.model, cost=block.model.cost * rng.uniform(0.0, 2.0, len(block.model.cost)))
            without, tight = (
                relaxed(model, SETTINGS, 60.0, lambda _s: threading.Event(), None, hulls) for hulls in ((), block.hulls)
            )
            assert tight.bound <= without.bound + 1e-9
            lower += tight.bound < without.bound - 1e-3
    assert lower >= 10


def test_a_bound_that_is_too_low_is_found_out() -> None:
    """Under pieces the check still finds plans that are worth more than a bound claims."""
    built = build(problem_of(tree_of(14)))
    _, certificate = by_blocks(built)
    short = np.where(np.arange(len(certificate.bounds)) == 0, 0.5, 0.0)
    wrong = replace(certificate, bounds=certificate.bounds - short, bound=certificate.bound - short.sum())
    assert any("more than its bound" in fault for fault in faults(built.compiled, wrong, threading.Event(), sample=100))


def test_what_was_found_is_kept_from_one_solve_to_the_next() -> None:
    built, memory = build(problem_of(tree_of(14))), Memory()
    first, _ = by_blocks(built, memory)
    kept = [known.cuts for known in memory.known if known.cuts is not None]
    knowledge = Knowledge(memory.split(built.compiled), built.compiled.constant)
    memory.recall(knowledge)
    for now, before in zip(knowledge.everything, memory.known, strict=True):
        assert now.block.model.matrix.shape == before.block.model.matrix.shape
    cuts = knowledge.cuts()
    assert (0 if cuts is None else len(cuts.upper)) == sum(len(one.upper) for one in kept)
    again, _ = by_blocks(built, memory)
    assert again.bound <= first.bound + 1e-6 * abs(first.bound)


def test_a_plan_above_its_bound_is_in_no_certificate_where_a_part_cannot_be_in_it() -> None:
    """The bound is of the last look; the plan is one that the model allows and pieces do not."""
    compiled = build(problem_of(tree_of(14))).compiled
    board = Board(compiled, 0.0, silent, "blocks")
    work = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 60)
    work.solve()
    number = work.knowledge.best()
    work.knowledge.blocks[0].bounds[number] -= 0.5
    plan = board.values
    assert plan is not None
    made = np.flatnonzero(compiled.integer & (plan > 0.5))[:1]
    hull = LocalHull(made, sp.csr_matrix(np.eye(1)), np.zeros(1), Nothing())
    for hulls, told in (((hull,), -np.inf), ((), board.objective)):
        work.whole = replace(compiled, hulls=hulls)
        certificate = work.certificate()
        assert certificate is not None
        assert certificate.plan == told


@dataclass(frozen=True)
class Nothing:
    """A part that can only be in the state of nothing."""

    cases: int = 1

    def most(self, case: int, weights: np.ndarray) -> tuple[float, np.ndarray]:
        return 0.0, np.zeros(len(weights))


def test_a_plan_that_a_part_cannot_be_in_gives_way_to_a_proof_and_others_do_not() -> None:
    compiled = build(problem_of(tree_of(14))).compiled
    plan = by_blocks(Built(None, compiled, [], 0.0))[0].values  # type: ignore[arg-type]
    assert plan is not None
    made = np.flatnonzero(compiled.integer & (plan > 0.5))[:1]
    hull = LocalHull(made, sp.csr_matrix(np.eye(1)), np.zeros(1), Nothing())
    board = Board(replace(compiled, hulls=(hull,)), 0.0, silent, "blocks")
    worth = float(compiled.cost @ plan + compiled.constant)
    board.prove(worth - 1.0)
    assert not board.place(plan)
    assert board.values is None
    board = Board(replace(compiled, hulls=(hull,)), 0.0, silent, "blocks")
    assert board.place(plan)
    board.prove(worth - 1.0)
    assert board.bound == pytest.approx(worth)
    board = Board(replace(compiled, hulls=()), 0.0, silent, "blocks")
    board.prove(worth - 1.0)
    with pytest.raises(ChengxiangError, match="internal error: a plan"):
        board.place(plan)


def test_plans_that_break_new_rows_are_forgotten_unless_all_do() -> None:
    known = Knowledge(Memory().split(build(problem_of(tree_of(14))).compiled), 0.0).blocks[0]
    n = len(known.block.columns)
    low, high = np.zeros(n), np.where(known.block.model.integer, 1.0, 0.0)
    known.learn([low, high])
    known.tighten(None)
    assert len(known.plans) == 2
    rows = known.block.model.matrix.shape[0]
    known.tighten(Cuts(sp.csr_matrix(high[None]), np.array([0.5])))
    assert [plan.sum() for plan in known.plans] == [0.0]
    assert known.block.model.matrix.shape[0] == rows + 1
    known.tighten(Cuts(sp.csr_matrix(-high[None]), np.array([-1.0])))
    assert len(known.plans) == 1
