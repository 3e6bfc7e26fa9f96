"""Streams of jobs, and which of them a free worker serves next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from optimizer.solve.crew import Crew
from optimizer.solve.work import Answer, Task


@dataclass(frozen=True)
class Job:
    """A task and what is done with its answer."""

    task: Task
    take: Callable[[Answer], None]


@dataclass
class Stream:
    """Jobs that are thought of when it is their turn.

    Parameters
    ----------
    jobs
        None from it means: nothing before an answer has come.
    weight
        What a job counts for where time does not count (see `serve`).
    aside
        Whether it stands aside: it is served while no other stream has a job, and is owed nothing for that time.
    """

    jobs: Iterator[Job | None]
    weight: float = 1.0
    aside: Callable[[], bool] = lambda: False
    under_way: int = 0
    used: float = 0.0
    ended: bool = False


def serve(hands: Crew, streams: Sequence[Stream], until: float, over: Callable[[], bool], *, timed: bool) -> None:
    """Give out jobs until all streams have ended, or until it is over.

    A free worker serves the stream with the fewest jobs under way, then the one that has used least: processor time
    where ``timed``, else the weights of its jobs, which are the same in every run.
    """
    while not over():
        while hands.free and not over():
            found = _next(streams) or _next(streams)  # one stream's look may be what another has waited for
            if found is None:
                break
            stream, job = found
            stream.under_way += 1
            hands.give(found, job.task)
        if not hands.busy:
            return
        came = hands.answer(until)
        if came is not None:
            (stream, job), answer = came
            stream.under_way -= 1
            stream.used += answer.seconds if timed else stream.weight
            job.take(answer)
            most = max(stream.used for stream in streams)
            for stream in streams:
                stream.used = most if stream.aside() else stream.used


def _next(streams: Sequence[Stream]) -> tuple[Stream, Job] | None:
    for stream in sorted(streams, key=lambda s: (s.aside(), s.under_way, s.used)):
        if stream.ended:
            continue
        try:
            job = next(stream.jobs)
        except StopIteration:
            stream.ended = True
            continue
        if job is not None:
            return stream, job
    return None
