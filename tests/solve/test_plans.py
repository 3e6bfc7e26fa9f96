"""What the stream of plans asks for and when, and how HiGHS is told to solve proofs and mergers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from optimizer.solve import SolverSettings
from optimizer.solve.board import Board
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import Solved
from optimizer.solve.plans import MOST_GAP, STEP_GAP
from optimizer.solve.progress import silent
from optimizer.solve.solve import build
from optimizer.solve.streams import Job
from optimizer.solve.tasks import MOST_RETURN, RETURN
from optimizer.solve.work import ONE_PROGRAMME, PLAN_KNOWN, WHOLE_ROWS, Answer, solve_task
from tests.random_problems import random_problem

SECONDS = 100.0
COMPILED = build(random_problem(4)).compiled
NOTHING = Answer("optimal", np.inf, -np.inf, (), None, 0.1)


@pytest.fixture
def work() -> Decomposition:
    """With prices of nothing, the plan that starts nothing, and that plan known of every block."""
    board = Board(COMPILED, 0.0, silent, "blocks")
    new = Decomposition(board, SolverSettings(time_limit=SECONDS), threading.Event(), time.monotonic() + SECONDS)
    new.prices.add(np.zeros(len(new.split.shared)))
    job = new.plans.settle(np.where(COMPILED.integer, COMPILED.col_lower, 0.0))
    job.take(solve_task(job.task))
    assert board.values is not None
    return new


def test_the_first_merger_has_twice_the_time(work: Decomposition):
    work.plans.wake()
    mergers = [job for job in asked(work, 10) if merges(job)]
    assert mergers[0].task.seconds == pytest.approx(2.0 * mergers[1].task.seconds)


def test_neighbourhoods_make_way_for_a_merger_once_more_is_known(work: Decomposition):
    """Six of them follow a merger that brought nothing; none where blocks were met meanwhile, whose plans are crossed first."""
    work.plans.wake()
    assert [merges(job) for job in asked(work, 9)] == [False, True, *[False] * 6, True]
    work.plans.wake()
    assert [merges(job) for job in asked(work, 6, each=work.plans.wake)] == [False, True] * 3


@pytest.mark.parametrize(
    ("bound", "gap"), [(np.inf, MOST_GAP), (300.0, MOST_GAP), (120.0, 0.004), (100.5, STEP_GAP), (100.0, STEP_GAP)]
)
def test_parts_are_solved_as_closely_as_the_whole_is_known(work: Decomposition, bound: float, gap: float):
    work.board.objective, work.board.bound = 100.0, bound
    assert work.plans._gap() == pytest.approx(gap)


def test_what_is_merged_waits_for_the_pieces_that_are_taken(work: Decomposition):
    work.plans.wake()
    stream = work.plans.jobs()
    crossing = next(stream)
    assert crossing is not None and next(stream) is None and next(stream) is None
    crossing.take(NOTHING)
    merger = next(stream)
    assert merger is not None and merges(merger)


@pytest.mark.parametrize(("fresh", "gained", "aside"), [(True, 0.0, False), (False, 3.0, False), (False, 1.0, True)])
def test_plans_that_gain_more_than_the_first_proof_can_go_on_beside_it(
    work: Decomposition, *, fresh: bool, gained: float, aside: bool
):
    """Forty seconds of proofs may take away 80 at most: 2 in a second."""
    work.width, work.search.between = 2, 110.0
    work.board.objective, work.board.bound = 100.0, 190.0
    work.proofs.share, work.proofs.waiting = 4.0, 10.0
    work.plans.fresh, work.plans.gained = fresh, gained
    assert work._proofs_first() is aside


def merges(job: Job) -> bool:
    return dict(job.task.options) == ONE_PROGRAMME


def asked(work: Decomposition, count: int, each: Callable[[], None] = lambda: None) -> list[Job]:
    """The first jobs of the stream, each answered with nothing."""
    stream, jobs = work.plans.jobs(), []
    while len(jobs) < count:
        job = next(stream)
        assert job is not None
        jobs.append(job)
        job.take(NOTHING)
        each()
    return jobs


def test_proofs_see_the_rows_as_they_are_written(work: Decomposition):
    known = work.knowledge.blocks[0]
    assert dict(work.proofs.proof(known, 0).options).items() >= WHOLE_ROWS.items()
    assert not dict(work.proofs._quick(known, 0).options).items() & WHOLE_ROWS.items()


def test_a_sketch_begins_from_the_basis_of_the_last_relaxation(work: Decomposition):
    """It is the optimum at other prices all the same."""
    known = work.knowledge.blocks[0]
    cold = solve_task(work.proofs._quick(known, 0))
    work.proofs.take(known, 0, cold)
    work.prices.add(np.full(len(work.split.shared), 0.3))
    warm = work.proofs._quick(known, 1)
    assert warm.basis is known.basis is cold.basis is not None
    assert solve_task(warm).bound == pytest.approx(solve_task(replace(warm, basis=None)).bound, rel=1e-7)


@pytest.mark.parametrize("known", [False, True])
def test_feasibility_jump_is_left_out_where_a_plan_is_known(
    work: Decomposition, monkeypatch: pytest.MonkeyPatch, *, known: bool
):
    told: list[dict[str, object]] = []
    monkeypatch.setattr("optimizer.solve.work.run", lambda *a, **_: told.append(dict(a[1].options)) or _unsolved())
    task = work.proofs.proof(work.knowledge.blocks[0], 0)
    solve_task(replace(task, narrow=0.0, start=np.zeros(task.model.matrix.shape[1]) if known else None))
    assert (PLAN_KNOWN.items() <= told[0].items()) is known


def _unsolved() -> Solved:
    return Solved("time_limit", None, -np.inf, np.inf, 0.1)


def test_answers_have_time_to_come_back(work: Decomposition):
    """A share of the time, which is no more than seconds in an hour."""
    model = work.knowledge.blocks[0].block.model
    assert work.tasks.make(model, None, 0.0, 1e9).wall <= (1.0 - RETURN) * SECONDS
    work.tasks.until += 3500.0
    work.tasks.seconds = 3600.0
    assert work.tasks.make(model, None, 0.0, 1e9).wall >= 3600.0 - MOST_RETURN - 10.0
