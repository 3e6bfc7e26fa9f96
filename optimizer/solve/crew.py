"""Who solves the tasks: processes of this machine, this process alone, or any other executor of the standard interface.

A process that is lost (killed, out of memory) costs time, not the result: what was under way is given out again.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.errors import InputError
from optimizer.solve.cluster import cores
from optimizer.solve.highs import Flag
from optimizer.solve.work import Answer, Task, prepare, solve_task

MOST_LOSSES = 3
"""How often a task may be lost with its process before it is given up (its bound is then infinite)."""
SILENCE = 120.0
"""Seconds of wall time beyond its limit after which a task counts as lost."""
GRACE = 5.0
"""Seconds that processes have to come to an end by themselves; a solver that does not look up is ended."""
SLICE = 0.1
"""Seconds between two looks at the flag that ends the work."""

LOST = Answer("lost", np.inf, -np.inf, (), None, 0.0)


class Alone(Executor):
    """No other process: a task is solved when it is submitted."""

    def __init__(self, stop: Flag) -> None:
        self.stop = stop

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Solve now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, self.stop, **kwargs))
        return future


@dataclass
class _Given:
    """A task that was given out: what the caller calls it, how often it was lost, until when it may be silent."""

    token: Any
    task: Task
    losses: int
    silent_until: float


class Crew:
    """Tasks in, answers out, as many at a time as there are workers.

    Parameters
    ----------
    width
        How many tasks are under way at a time. 1 without an ``executor``, not ``apart``: in this process, one after the other.
    stop
        Set by the caller to end the work: no further answers come.
    executor
        Makes the executor; it is called again when the executor is lost. None: processes of this machine.
    apart
        A process of its own also where it is the only one.
    """

    def __init__(self, width: int, stop: Flag, executor: Callable[[], Executor] | None = None, *, apart: bool = False) -> None:
        self.width, self.stop = width, stop
        self._flag = multiprocessing.get_context("spawn").Event()
        self._make = executor or (lambda: Alone(stop) if width == 1 and not apart else self._processes())
        self._executor = self._make()
        self._given: dict[Future[Answer], _Given] = {}

    @property
    def free(self) -> bool:
        """Whether one more task can be taken."""
        return len(self._given) < self.width

    @property
    def busy(self) -> bool:
        """Whether an answer is to come."""
        return bool(self._given)

    def give(self, token: Any, task: Task) -> None:
        """Give out a task; ``token`` comes back with its answer."""
        self._give(_Given(token, task, 0, 0.0))

    def answer(self, until: float) -> tuple[Any, Answer] | None:
        """The next answer; None when told to stop, or at a time of the monotonic clock."""
        while self._given and not self.stop.is_set():
            done, _ = wait(list(self._given), SLICE, FIRST_COMPLETED)
            for future in list(self._given):
                if future in done:
                    given = self._given.pop(future)
                    answer = self._read(future, given)
                    if answer is not None:
                        return given.token, answer
            now = time.monotonic()
            if not done and any(given.silent_until < now for given in self._given.values()):
                self._end_processes()
            if now > until:
                return None
        return None

    def close(self) -> None:
        """End all work; what is under way is dropped."""
        self._flag.set()
        if self._processes_at_work() and wait(list(self._given), GRACE).not_done:
            self._end_processes()
        self._executor.shutdown(wait=True, cancel_futures=True)

    # ---- losses
    def _processes(self) -> Executor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.width, context, initializer=prepare, initargs=(self._flag,))

    def _made_again(self) -> Executor:
        """An executor in place of one that is lost; where there is none to be had, processes of this machine."""
        try:
            return self._make()
        except InputError:
            self.width = min(self.width, cores())
            return self._processes()

    def _give(self, given: _Given) -> None:
        given.silent_until = time.monotonic() + given.task.wall + SILENCE
        try:
            future = self._executor.submit(solve_task, given.task)
        except (BrokenExecutor, RuntimeError):
            self._executor = self._made_again()
            future = self._executor.submit(solve_task, given.task)
        self._given[future] = given

    def _read(self, future: Future[Answer], given: _Given) -> Answer | None:
        """The answer, or None where the task had to be given out again."""
        try:
            return future.result()
        except (BrokenExecutor, CancelledError):
            given.losses += 1
            if given.losses >= MOST_LOSSES:
                return LOST
            self._give(given)
            return None

    def _end_processes(self) -> None:
        """End the processes of an executor that is silent; its tasks come back as lost."""
        for process in self._processes_at_work():
            process.kill()

    def _processes_at_work(self) -> list[Any]:
        """Processes of this machine; a cluster has none that could be told, or ended, from here."""
        return list((getattr(self._executor, "_processes", None) or {}).values())


@contextmanager
def crew(width: int, stop: Flag, executor: Callable[[], Executor] | None = None, *, apart: bool = False) -> Iterator[Crew]:
    """A crew that is sent home at the end."""
    hands = Crew(width, stop, executor, apart=apart)
    try:
        yield hands
    finally:
        hands.close()
