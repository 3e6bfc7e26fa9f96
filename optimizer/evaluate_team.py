"""Variants of a plan valued by several processes, each with an evaluator of its own that stays warm."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType

from network_models._numba import seal
from optimizer.evaluate import Evaluator, Values, Variant
from optimizer.plan import Plan
from optimizer.problem import Problem

_own: list[Evaluator] = []
"""The evaluator of a worker's process."""


class Team:
    """A plan's evaluator in several processes; use it as a context, which ends them.

    Kernels compiled so far are sealed first, so that the workers find them and do not compile them again.

    Parameters
    ----------
    evaluator
        What it is told stays with it; the workers make theirs from its problem and plan.
    width
        How many processes.

    Attributes
    ----------
    busy
        Seconds of processor time that each worker spent in the last call, by process number.
    """

    def __init__(self, evaluator: Evaluator, width: int) -> None:
        self.evaluator, self.width = evaluator, width
        self.busy: dict[int, float] = {}
        seal()
        self._pool = ProcessPoolExecutor(
            width, multiprocessing.get_context("spawn"), _begin, (evaluator.problem, evaluator.plan)
        )

    def __enter__(self) -> Team:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def many(self, variants: Sequence[Variant]) -> list[Values]:
        """As :meth:`Evaluator.many`, each worker with a share of the variants."""
        size = max(1, -(-len(variants) // self.width))
        shares = [self._pool.submit(_value, variants[i : i + size]) for i in range(0, len(variants), size)]
        found, self.busy = [], {}
        for share in shares:
            changed, worker, seconds = share.result()
            self.busy[worker] = self.busy.get(worker, 0.0) + seconds
            found += [{**self.evaluator.base, **one} for one in changed]
        return found


def _begin(problem: Problem, plan: Plan) -> None:
    _own.append(Evaluator(problem, plan))


def _value(variants: Sequence[Variant]) -> tuple[list[Values], int, float]:
    """What differs from the plan, the worker's number and its seconds."""
    evaluator, began = _own[0], time.process_time()
    found = evaluator.many(variants)
    changed = [{name: one for name, one in left.items() if one is not evaluator.base[name]} for left in found]
    return changed, os.getpid(), time.process_time() - began
