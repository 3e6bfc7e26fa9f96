"""Blocks solved by the workers of a Dask cluster, on the loopback interface."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster

from optimizer.errors import InputError
from optimizer.solve import SolverSettings
from optimizer.solve.blocks import find_blocks
from optimizer.solve.board import Board
from optimizer.solve.cluster import cores, workers
from optimizer.solve.crew import crew
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import run
from optimizer.solve.progress import silent
from optimizer.solve.solve import build
from optimizer.solve.work import Task
from tests.solve.test_decomposed import CASES

SECONDS = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as found:
        yield found


def settings(address: str) -> SolverSettings:
    return SolverSettings(mip_gap=0.0, time_limit=SECONDS, cluster=address)


def test_a_cluster_proves_what_the_whole_model_proves(cluster: LocalCluster):
    compiled = build(CASES[4]).compiled
    board = Board(compiled, 0.0, silent, "blocks")
    work = Decomposition(
        board,
        settings(cluster.scheduler_address),
        threading.Event(),
        time.monotonic() + 20,
        find_blocks(compiled, small=3, large=3),
    )
    work.solve()
    best = run(compiled, SolverSettings(mip_gap=0.0)).objective
    assert work.width == 2
    assert board.bound >= best - 1e-6 * abs(best) and board.objective <= best + 1e-6 * abs(best)
    assert board.objective == pytest.approx(best, rel=1e-2)


def test_a_worker_that_dies_costs_time_not_the_result(cluster: LocalCluster):
    model = find_blocks(build(CASES[4]).compiled).blocks[0].model
    width, executor = workers(settings(cluster.scheduler_address))
    with crew(width, threading.Event(), executor) as hands:
        for token in range(40):
            hands.give(token, Task(model, None, 0.0, SECONDS, SECONDS, None, 0))
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        answers = dict(filter(None, (hands.answer(time.monotonic() + SECONDS) for _ in range(40))))
    best = run(model, SolverSettings(mip_gap=0.0)).objective
    assert sorted(answers) == list(range(40))
    assert all(answer.objective == pytest.approx(best) for answer in answers.values())


def test_a_scheduler_that_goes_leaves_the_rest_to_this_machine():
    model = find_blocks(build(CASES[4]).compiled).blocks[0].model
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as found:
        width, executor = workers(settings(found.scheduler_address))
        hands = crew(width, threading.Event(), executor)
        given = hands.__enter__()
        given.give("before", Task(model, None, 0.0, SECONDS, SECONDS, None, 0))
        assert given.answer(time.monotonic() + SECONDS) is not None
    given.give("after", Task(model, None, 0.0, SECONDS, SECONDS, None, 0))
    found_after = given.answer(time.monotonic() + SECONDS)
    hands.__exit__(None, None, None)
    assert found_after is not None and found_after[0] == "after"
    assert found_after[1].objective == pytest.approx(run(model, SolverSettings(mip_gap=0.0)).objective)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "tcp://127.0.0.1", "http://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_named(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("optimizer.solve.cluster.PATIENCE", 1.0)
    with pytest.raises(InputError, match="address of a Dask scheduler"):
        workers(settings(address))


def test_a_cluster_without_workers_is_named():
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0") as found,
        pytest.raises(InputError, match="without workers"),
    ):
        workers(settings(found.scheduler_address))


@pytest.mark.parametrize(("threads", "width"), [(1, 1), (0, max(2, cores())), (5, 5)])
def test_so_many_workers_as_processors(threads: int, width: int):
    assert workers(SolverSettings(threads=threads)) == (width, None)


def test_a_client_that_finds_nobody_is_closed_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("optimizer.solve.cluster.PATIENCE", 0.5)
    made = []
    started = Client.start
    monkeypatch.setattr(Client, "start", lambda self, **words: (made.append(self), started(self, **words)))
    with pytest.raises(InputError):
        workers(settings("tcp://127.0.0.1:1"))
    assert [client.status for client in made] == ["closed"]


def test_work_that_is_under_way_on_a_cluster_is_not_waited_for(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch):
    model = find_blocks(build(CASES[4]).compiled).blocks[0].model
    width, executor = workers(settings(cluster.scheduler_address))
    with crew(width, threading.Event(), executor) as hands:
        hands.give("left there", Task(model, None, 0.0, SECONDS, SECONDS, None, 0))
        monkeypatch.setattr("optimizer.solve.crew.wait", lambda *_: pytest.fail("waited for the cluster"))
