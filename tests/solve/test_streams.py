"""Streams of jobs: nothing is left undone because of the order in which streams are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest

from optimizer.solve.crew import Crew
from optimizer.solve.streams import Job, Stream, serve
from optimizer.solve.work import Answer, Task

DONE = Answer("optimal", 0.0, 0.0, (), None, 1.0)


class Hands:
    """One at a time, answered at once."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    @property
    def free(self) -> bool:
        return not self.given

    @property
    def busy(self) -> bool:
        return bool(self.given)

    def give(self, token: Any, task: Task) -> None:
        self.given.append(token)

    def answer(self, until: float) -> tuple[Any, Answer]:
        return self.given.pop(0), DONE


@pytest.mark.parametrize("first", [True, False])
def test_a_stream_that_another_makes_ready_is_served(first: bool) -> None:
    ready, done = [False], []

    def opens() -> Iterator[Job | None]:
        yield Job(cast(Task, None), lambda _: done.append("opens"))
        ready[0] = True
        for _ in range(3):
            yield None

    def waits() -> Iterator[Job | None]:
        while not ready[0]:
            yield None
        yield Job(cast(Task, None), lambda _: done.append("waits"))

    streams = [Stream(opens()), Stream(waits())]
    serve(cast(Crew, Hands()), streams if first else streams[::-1], np.inf, lambda: False, timed=True)
    assert done == ["opens", "waits"]


def test_a_stream_aside_is_served_when_no_other_has_a_job_and_is_owed_nothing() -> None:
    aside, done = [True], []

    def jobs(name: str, count: int) -> Iterator[Job | None]:
        for _ in range(count):
            yield Job(cast(Task, None), lambda _: done.append(name))

    def proofs() -> Iterator[Job | None]:
        yield from jobs("proof", 3)
        yield None
        aside[0] = False
        yield from jobs("proof", 3)

    streams = [Stream(proofs()), Stream(jobs("plan", 9), aside=lambda: aside[0])]
    serve(cast(Crew, Hands()), streams, np.inf, lambda: False, timed=False)
    assert done[:4] == ["proof", "proof", "proof", "plan"]
    assert done[4:9].count("proof") == 3
