"""By blocks: never a bound below a plan, never a plan that breaks a rule, and the optimum where the gap closes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.errors import ChengxiangError
from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.board import Board
from optimizer.solve.certificate import Certificate, faults
from optimizer.solve.crew import crew
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.elastic import explain
from optimizer.solve.highs import run
from optimizer.solve.known import Known
from optimizer.solve.memory import Memory
from optimizer.solve.merging import Merging
from optimizer.solve.milp import admits, some_columns
from optimizer.solve.prices import admitted
from optimizer.solve.pricing import Pricing
from optimizer.solve.progress import silent
from optimizer.solve.solve import Built, build
from optimizer.solve.surroundings import Surroundings
from optimizer.solve.work import Answer, Task
from optimizer.systems.protocol import ColumnTag, Cut
from tests.random_problems import random_problem

NOTHING = Answer("optimal", np.inf, -np.inf, (), None, 0.1)
SETTINGS = SolverSettings(mip_gap=1e-4, time_limit=60)


def _optimum(built: Built) -> float:
    return run(built.compiled, SolverSettings(mip_gap=0.0, time_limit=60)).objective


def _by_blocks(built: Built, seconds: float = 6.0, threads: int = 1, split: Split | None = None) -> Board:
    board = Board(built.compiled, SETTINGS.mip_gap, silent, "blocks")
    settings = SolverSettings(mip_gap=SETTINGS.mip_gap, time_limit=seconds, threads=threads)
    Decomposition(board, settings, threading.Event(), time.monotonic() + seconds, split).solve()
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


def test_two_processes_do_as_well_as_one():
    built = build(CASES[4])
    assert _by_blocks(built, 6.0, threads=2).bound >= _optimum(built) - 1e-6


def test_a_stop_keeps_what_is_known():
    built = build(CASES[4])
    board = Board(built.compiled, 0.0, silent, "blocks")
    start = run(built.compiled, SETTINGS).values
    board.offer(start)
    stop = threading.Event()
    stop.set()
    Decomposition(board, SETTINGS, stop, time.monotonic() + 60).solve()
    assert board.values is not None and np.array_equal(board.values, start)


@pytest.mark.parametrize("seed", [4, 11, 24])
def test_a_plan_is_found_where_starting_nothing_is_none(seed: int):
    """Every part must make one of the choices that the optimum makes, as floors under services ask."""
    built = build(CASES[seed])
    compiled = built.compiled
    best = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60)).values
    assert best is not None
    made = [b.columns[compiled.integer[b.columns] & (best[b.columns] > 0.5)] for b in find_blocks(compiled).blocks]
    asked = sp.csr_matrix([np.isin(np.arange(len(best)), columns).astype(float) for columns in made if len(columns)])
    at_least, no_limit = np.ones(asked.shape[0]), np.full(asked.shape[0], np.inf)
    board = _by_blocks(replace(built, compiled=compiled.with_rows("floor", asked, at_least, no_limit)), 4.0)
    assert board.objective == pytest.approx(float(compiled.cost @ best + compiled.constant), rel=0.05)


@pytest.mark.parametrize("seed", [0, 11, 26])
def test_prices_that_plans_ask_stay_near_and_prove(seed: int):
    """Duals of the shared rows lie in the box, and the programme at its box is at least worth the best plan."""
    built = build(CASES[seed])
    split = find_blocks(built.compiled)
    best = run(built.compiled, SolverSettings(mip_gap=0.0, time_limit=60))
    assert best.values is not None
    known = [Known(block, [best.values[block.columns]]) for block in split.blocks]
    pricing = Pricing(built.compiled, split)
    rng = np.random.default_rng(seed)
    centre, width = admitted(split, rng.normal(size=len(split.shared))), rng.random(len(split.shared))
    solved = run(pricing.programme(known, centre, width), SolverSettings(mip_gap=0.0, time_limit=60))
    assert solved.duals is not None and solved.objective >= best.objective - 1e-6 * abs(best.objective)
    duals = solved.duals[pricing.shared]
    assert (duals <= centre + width + 1e-7).all() and (duals >= centre - width - 1e-7).all()


def test_a_merger_holds_what_the_plans_agree_on():
    """Choices alike in the best plan of the whole and in the blocks' plans are held, all others open."""
    built = build(CASES[11])
    compiled, split = built.compiled, find_blocks(built.compiled)
    best = run(compiled, SolverSettings(mip_gap=0.0, time_limit=60)).values
    nothing = np.where(compiled.integer, compiled.col_lower, 0.0)
    assert best is not None
    known = [Known(block, [best[block.columns]]) for block in split.blocks]
    merging = Merging(Surroundings(compiled, split, 0), 0)
    free = merging.columns(known, np.zeros(len(split.shared)), nothing, np.ones(len(known)))
    differ = np.flatnonzero(compiled.integer & (best.round() != nothing))
    assert len(differ) and set(free[compiled.integer[free]]) == set(differ)
    solved = run(some_columns(compiled, free, nothing), SolverSettings(mip_gap=0.0, time_limit=60))
    assert solved.objective == pytest.approx(float(compiled.cost @ best + compiled.constant), rel=1e-6)


@pytest.mark.parametrize("seed", CASES)
def test_cut_to_pieces_the_bound_still_holds_and_plans_obey_every_row(seed: int):
    built = build(CASES[seed])
    optimum = _optimum(built)
    board = _by_blocks(built, 2.0, threads=1, split=find_blocks(built.compiled, small=3, large=3))
    tolerance = 1e-6 * max(1.0, abs(optimum))
    assert board.bound >= optimum - tolerance
    if board.values is not None:
        assert admits(built.compiled, board.values)


@pytest.mark.parametrize("seed", CASES)
def test_what_was_learned_still_holds_under_more_rows(seed: int):
    """Bounds and plans of an earlier solve are kept where the added row allows them; the new bound is a bound."""
    built, memory = build(CASES[seed]), Memory()
    measured = SolverSettings(mip_gap=1e-4, time_limit=60, threads=1, nodes=100, passes=1)
    best = run(built.compiled, SolverSettings(mip_gap=0.0, time_limit=60)).values
    assert best is not None
    position = {id(v): i for i, v in enumerate(built.variables)}
    last = built.model.problem.horizon.n_periods - 1
    done = [
        p
        for (p, t), v in built.model.pyomo.sequence.started.items()
        if t == last and id(v) in position and best[position[id(v)]] > 0.5 > built.compiled.col_lower[position[id(v)]]
    ]
    cut = Cut(tuple(ColumnTag("", "started", (p, last)) for p in done), (1.0,) * len(done), "<=", len(done) - 1.0, True)
    boards = []
    for model in (built, built.with_cuts([cut] if done else [])):
        board = Board(model.compiled, 0.0, silent, "blocks")
        label = memory.split(model.compiled) if boards else find_blocks(model.compiled, small=3, large=3)
        work = Decomposition(board, measured, threading.Event(), time.monotonic() + 60, label, memory=memory)
        assert not boards or board.bound <= boards[0].bound + 1e-6 * abs(boards[0].bound)
        work.solve()
        boards.append(board)
        optimum = run(model.compiled, SolverSettings(mip_gap=0.0, time_limit=60)).objective
        tolerance = 1e-6 * max(1.0, abs(optimum))
        assert board.bound >= optimum - tolerance and board.objective <= optimum + tolerance
    assert sum(len(known.plans) for known in memory.known) > 0


def test_all_are_proved_at_other_prices_only_where_that_ends_in_time():
    built, memory = build(CASES[4]), Memory()
    settings = SolverSettings(mip_gap=SETTINGS.mip_gap, time_limit=10)

    def decomposition() -> Decomposition:
        board = Board(built.compiled, SETTINGS.mip_gap, silent, "blocks")
        return Decomposition(board, settings, threading.Event(), time.monotonic() + 10, memory=memory)

    decomposition().solve()
    again = decomposition()
    again.proved_in = 1e9
    assert not list(again._elsewhere())
    again.proved_in = 0.0
    assert next(again._elsewhere()) is not None


def test_a_block_sketched_at_these_prices_is_proved_at_once():
    board = Board(build(CASES[4]).compiled, SETTINGS.mip_gap, silent, "blocks")
    new = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 2)
    number = new.prices.add(np.zeros(len(new.split.shared)))
    assert new.proofs.proof(new.knowledge.blocks[0], number).narrow > 0.0
    new.prices.relaxed[number] = 1.0
    assert new.proofs.proof(new.knowledge.blocks[0], number).narrow == 0.0


def test_blocks_that_were_ended_by_their_time_are_sketched_again_and_those_that_lag_behind_solved_longer():
    board = Board(build(CASES[4]).compiled, SETTINGS.mip_gap, silent, "blocks")
    pieces = find_blocks(board.compiled, small=3, large=3)
    new = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 20, pieces)
    number = new.prices.add(np.zeros(len(new.split.shared)))
    first, *others = new.knowledge.blocks
    assert len(others) >= 3
    for known in new.knowledge.blocks:
        known.learn([np.zeros(len(known.block.columns))])
        known.prove(number, known.best(new.prices[number]) + (100.0 if known is first else 1.0))
    assert new.knowledge.lagging(number) == [first]
    took = {id(known.block.model.matrix): 0.1 for known in new.knowledge.blocks}
    took[id(others[0].block.model.matrix)] = 10.0
    usual = new.proofs.proof(others[0], number).seconds
    for job in itertools.takewhile(lambda job: job is not None, new.proofs.sketch(number)):
        job.take(replace(NOTHING, seconds=took.get(id(job.task.model.matrix), 0.1)))
    assert [known for known in new.knowledge.everything if known.hurried] == [others[0]]
    first_try = new.proofs._quick(others[0], number).seconds
    again = new.proofs.patiently(number)
    (job,) = itertools.takewhile(lambda job: job is not None, again)
    assert job.task.narrow == 1.0 and job.task.model.matrix is others[0].block.model.matrix and job.task.seconds > first_try
    job.take(replace(NOTHING, seconds=0.1))
    assert not list(again) and not others[0].hurried
    assert new.proofs.proof(first, number).seconds > usual == new.proofs.proof(others[1], number).seconds


def test_neighbourhoods_that_run_out_of_time_begin_with_the_choices_of_their_relaxation():
    board = Board(build(CASES[4]).compiled, SETTINGS.mip_gap, silent, "blocks")
    new = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 20)
    new.prices.add(np.zeros(len(new.split.shared)))
    board.values = np.zeros(len(board.compiled.integer))
    assert new.plans._improve().task.narrow == 0.0
    new.plans.around.learn(better=False, in_time=False)
    assert new.plans._improve().task.narrow > 0.0
    new.plans.around.learn(better=False, in_time=True)
    assert new.plans._improve().task.narrow == 0.0


def test_pieces_are_small_and_cut_rows_are_what_ties_them():
    compiled = build(CASES[4]).compiled
    split = find_blocks(compiled, small=3, large=3)
    assert len(split.blocks) > len(find_blocks(compiled).blocks)
    assert sum(block.choices for block in split.blocks) == compiled.integer.sum()
    rows = np.concatenate([split.shared, split.rest.rows, *(block.rows for block in split.blocks)])
    filled = np.flatnonzero(np.diff(compiled.matrix.tocsr().indptr))
    assert set(filled) <= set(rows) and len(rows) == len(set(rows))


@pytest.mark.parametrize("seed", CASES)
def test_pieces_are_limited_at_any_prices_and_keep_the_best_plan(seed: int):
    """A payment whose rows are all priced has the limit that they set; no limit cuts the best plan off."""
    built = build(CASES[seed])
    split = find_blocks(built.compiled, small=3, large=3)
    best = run(built.compiled, SolverSettings(mip_gap=0.0, time_limit=60)).values
    prices = admitted(split, np.random.default_rng(seed).normal(size=len(split.shared)))
    assert best is not None
    for block in (*split.blocks, split.rest):
        assert (best[block.columns] <= block.model.col_upper + 1e-6).all()
        assert run(block.priced(prices), SolverSettings(mip_gap=0.0, time_limit=60)).termination == "optimal"


def test_a_killed_process_costs_time_not_the_result():
    built = build(CASES[4])
    model = find_blocks(built.compiled).blocks[0].model
    stop = threading.Event()
    with crew(2, stop) as hands:
        for token in range(6):
            hands.give(token, Task(model, None, 0.0, 30.0, 30.0, None, 0))
        while not (young := multiprocessing.active_children()):
            time.sleep(0.01)
        os.kill(young[0].pid, signal.SIGKILL)
        answers = dict(filter(None, (hands.answer(time.monotonic() + 60) for _ in range(6))))
    best = run(model, SolverSettings(mip_gap=0.0)).objective
    assert sorted(answers) == list(range(6))
    assert all(answer.objective == pytest.approx(best) for answer in answers.values())


def test_a_task_that_is_lost_again_and_again_proves_nothing():
    class Broken(Executor):
        def submit(self, fn, /, *args, **kwargs):
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor())
            return future

    model = find_blocks(build(CASES[4]).compiled).blocks[0].model
    with crew(1, threading.Event(), Broken) as hands:
        hands.give("one", Task(model, None, 0.0, 1.0, 1.0, None, 0))
        _, answer = hands.answer(time.monotonic() + 60)
    assert answer.termination == "lost" and answer.bound == np.inf


def test_an_error_of_the_solver_costs_its_task_not_the_result(monkeypatch: pytest.MonkeyPatch):
    built = build(CASES[11])
    optimum, number = _optimum(built), itertools.count()
    solve = highspy.Highs.run
    monkeypatch.setattr(highspy.Highs, "run", lambda self: highspy.HighsStatus.kError if next(number) % 3 == 2 else solve(self))
    board = _by_blocks(built, 3.0)
    assert next(number) > 10 and board.values is not None and admits(built.compiled, board.values)
    assert board.objective <= optimum + 1e-6 <= board.bound + 2e-6 and np.isfinite(board.bound)


def test_the_same_work_gives_the_same_plan():
    built = build(CASES[4])
    settings = SolverSettings(mip_gap=0.0, time_limit=60, threads=1, nodes=20, passes=2, seed=3)
    plans = []
    for _ in range(2):
        board = Board(built.compiled, 0.0, silent, "blocks")
        split = find_blocks(built.compiled, small=3, large=3)
        Decomposition(board, settings, threading.Event(), time.monotonic() + 60, split).solve()
        plans.append((board.values, board.bound))
    assert np.array_equal(plans[0][0], plans[1][0]) and plans[0][1] == plans[1][1]


def test_a_bound_below_a_known_plan_is_never_told():
    built = build(CASES[4])
    board = Board(built.compiled, 0.0, silent, "blocks")
    best = run(built.compiled, SETTINGS).values
    board.offer(best)
    with pytest.raises(ChengxiangError, match="internal error: a bound"):
        board.prove(board.objective - 1.0)


def test_a_plan_above_a_proved_bound_is_never_taken():
    built = build(CASES[4])
    best = run(built.compiled, SETTINGS).values
    board = Board(built.compiled, 0.0, silent, "blocks")
    board.prove(float(built.compiled.cost @ best + built.compiled.constant) - 1.0)
    with pytest.raises(ChengxiangError, match="internal error: a plan"):
        board.place(best)


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 6, 7])
def test_reach_of_money_closes_no_good_plan(seed: int, monkeypatch: pytest.MonkeyPatch):
    problem = random_problem(1000 + seed)
    with_reach = solve_problem(problem, SolverSettings(mip_gap=0.0, time_limit=60)).objective
    monkeypatch.setattr("optimizer.solve.solve.within_reach", lambda compiled: compiled)
    assert solve_problem(problem, SolverSettings(mip_gap=0.0, time_limit=60)).objective == pytest.approx(with_reach)


def test_blocks_without_a_plan_are_infeasible():
    compiled = build(CASES[4]).compiled
    impossible = replace(compiled, row_upper=np.where(compiled.rows.linking, compiled.row_upper, -1e6))
    board = Board(impossible, SETTINGS.mip_gap, silent, "blocks")
    work = Decomposition(board, SETTINGS, threading.Event(), time.monotonic() + 60)
    assert work.solve() == "infeasible" and board.values is None


def test_a_conflict_is_told_from_the_block_that_has_it(monkeypatch: pytest.MonkeyPatch):
    """One part is asked for one choice more than it has; the relaxation of the whole is too large to tell."""
    monkeypatch.setattr("optimizer.solve.relaxation.MOST_ENTRIES", 0)
    compiled = build(CASES[4]).compiled
    part = find_blocks(compiled).blocks[0]
    choices = part.columns[compiled.integer[part.columns]]
    asked = sp.csr_matrix(np.isin(np.arange(len(compiled.integer)), choices).astype(float))
    least = np.array([compiled.col_upper[choices].sum() + 1.0])
    strict = compiled.with_rows("floor", asked, least, np.array([np.inf]))
    work = Decomposition(Board(strict, 0.0, silent, "blocks"), SETTINGS, threading.Event(), time.monotonic() + 60)
    assert work.solve() == "infeasible" and work.proofs.conflict is not None
    assert len(work.proofs.conflict) < strict.matrix.shape[0]
    assert "floor" in {told.family for told in explain(strict, SETTINGS, work.proofs.conflict)}


@pytest.fixture(scope="module")
def certified() -> tuple[Any, Certificate]:
    compiled = build(CASES[4]).compiled
    board = Board(compiled, SETTINGS.mip_gap, silent, "blocks")
    split = find_blocks(compiled, small=3, large=3)
    settings = SolverSettings(mip_gap=1e-4, time_limit=60, threads=1, nodes=1000, passes=1)
    work = Decomposition(board, settings, threading.Event(), time.monotonic() + 60, split)
    work.solve()
    certificate = work.certificate()
    assert certificate is not None and certificate.bound >= board.bound - 1e-6
    return compiled, certificate


def test_a_certificate_stands_by_itself_and_from_a_file(certified: tuple[Any, Certificate], tmp_path: Path):
    compiled, certificate = certified
    certificate.save(tmp_path / "certificate.npz")
    again = Certificate.load(tmp_path / "certificate.npz")
    assert faults(compiled, again, threading.Event(), sample=100) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: {"bound": c.bound - 1.0}, "add up to"),
        (lambda c: {"bounds": c.bounds - 1.0, "bound": c.bound - len(c.bounds)}, "more than"),
        (lambda c: {"prices": np.full_like(c.prices, -1.0)}, "sign"),
        (lambda c: {"prices": c.prices[1:]}, "one for every shared row"),
        (lambda c: {"plan": c.bound + 1.0}, "the plan is worth"),
        (lambda c: {"model": "0"}, "another model"),
    ],
)
def test_a_certificate_that_was_tampered_with_is_refused(certified: tuple[Any, Certificate], change, words: str):
    compiled, certificate = certified
    tampered = replace(certificate, **change(certificate))
    assert any(words in fault for fault in faults(compiled, tampered, threading.Event(), sample=100))
