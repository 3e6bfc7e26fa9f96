"""Who solves the blocks: processes of this machine, or the workers of a Dask cluster, behind one interface.

Dask is optional (`requirements/cluster.txt`). A worker that dies is a broken executor to the crew, which gives its
tasks out again; a scheduler that dies leaves the rest of the work to this machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from typing import Any

from optimizer.errors import InputError
from optimizer.solve.settings import SolverSettings

PATIENCE = 10.0
"""Seconds in which a scheduler must answer."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(settings: SolverSettings) -> tuple[int, Callable[[], Executor] | None]:
    """How many tasks may be under way, and what makes the executor (None: processes of this machine).

    Raises
    ------
    InputError
        A cluster that is not there, or has no workers.
    """
    if not settings.cluster:
        return 1 if settings.threads == 1 else max(2, settings.threads or cores()), None
    cluster = Cluster(settings.cluster)
    width = cluster.width
    cluster.shutdown(cancel_futures=True)
    if width == 0:
        raise InputError(
            f"solver.cluster: found a scheduler at {settings.cluster!r} without workers; start some, one thread each: "
            f"dask worker {settings.cluster} --nworkers 8 --nthreads 1"
        )
    return width, partial(Cluster, settings.cluster)


class Cluster(Executor):
    """Tasks go to the workers of a Dask scheduler.

    Parameters
    ----------
    address
        As ``tcp://host:8786``.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client  # only where a cluster is asked for: it takes half a second
            from distributed.comm.addressing import parse_address
            from distributed.comm.registry import get_backend
        except ImportError:
            raise InputError(
                "solver.cluster needs Dask, which is not installed: pip install --require-hashes -r requirements/cluster.txt"
            ) from None
        try:
            get_backend(parse_address(address)[0])  # a client made with an unknown scheme complains once more when it is forgotten
            self._client = _connected(Client, address)
        except (OSError, ValueError) as error:
            raise InputError(
                f"solver.cluster: found {address!r}; expected the address of a Dask scheduler that answers, such as "
                f"tcp://host:8786 ({str(error).splitlines()[0]}). Start one by: dask scheduler"
            ) from None
        self._tasks = self._client.get_executor(pure=False)

    @property
    def width(self) -> int:
        """Number of workers."""
        return len(self._client.nthreads())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Give a task to the scheduler."""
        if self._client.status != "running":
            raise BrokenExecutor("the scheduler is gone")
        found: Future[Any] = Future()
        self._tasks.submit(fn, *args, **kwargs).add_done_callback(partial(_hand_over, found))
        return found

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; what is under way there ends at its own limit."""
        self._tasks.shutdown(wait=wait and not cancel_futures)
        self._client.close()


def _connected(client_type: Any, address: str) -> Any:
    """A client that has found its scheduler.

    One that has not is closed here: else the garbage collector would do it, perhaps while the next one starts, and both
    would wait for the same lock for ever.
    """
    client = client_type.__new__(client_type)
    try:
        client.__init__(address, timeout=PATIENCE, set_as_default=False)
    except BaseException:
        client.close()
        raise
    return client


def _hand_over(found: Future[Any], theirs: Future[Any]) -> None:
    """The outcome of a task; one whose worker died, or that the scheduler dropped, is lost."""
    from distributed.scheduler import KilledWorker

    if theirs.cancelled() or isinstance(theirs.exception(), KilledWorker | OSError):
        found.set_exception(BrokenExecutor("a worker of the cluster is gone"))
    elif (error := theirs.exception()) is not None:
        found.set_exception(error)
    else:
        found.set_result(theirs.result())
