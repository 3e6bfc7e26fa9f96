"""What is known while a model is solved: the best plan, the best bound; shared by the threads that find them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np

from optimizer.errors import ChengxiangError
from optimizer.model.compiled import Compiled
from optimizer.solve.hull_cuts import outside
from optimizer.solve.progress import Listener, Progress

TOLERANCE = 1e-6
"""Relative: what rounding in a solver may cost; a bound is loosened by it, and a plan may not beat a bound by more."""


@dataclass
class Board:
    """What is known so far: best plan and best bound, shared by the threads."""

    compiled: Compiled
    gap: float
    listener: Listener
    stage: str
    began: float = field(default_factory=time.monotonic)
    values: np.ndarray | None = None
    objective: float = -np.inf
    bound: float = np.inf
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def offer(self, values: np.ndarray | None) -> bool:
        """Take a plan if it is better; whether it was."""
        if values is None:
            return False
        objective = float(self.compiled.cost @ values + self.compiled.constant)
        with self.lock:
            if objective <= self.objective + 1e-9 * max(1.0, abs(self.objective)):
                return False
            self.values, self.objective = values, objective
        self._tell()
        return True

    def better(self, objective: float) -> np.ndarray | None:
        """The best plan, where it is worth more than so much."""
        with self.lock:
            known = self.objective > objective + TOLERANCE * max(1.0, abs(self.objective))
            return self.values if known else None

    def place(self, values: np.ndarray) -> bool:
        """Take a plan if it is better, whether it was; never one above a bound that was proved.

        A plan with a part in states that it cannot be in (the model may allow such) may be above it, and is left out.
        """
        objective = float(self.compiled.cost @ values + self.compiled.constant)
        if objective > self.bound + TOLERANCE * max(1.0, abs(self.bound)):
            if outside(self.compiled.hulls, values):
                return False
            raise ChengxiangError(
                f"internal error: a plan of {objective:.6f} was found although {self.bound:.6f} was proved to be the "
                "most; no result is published. Please report this with the configuration."
            )
        return self.offer(values)

    def prove(self, bound: float) -> None:
        """Take a bound that holds; never one below a plan that obeys every rule.

        Below a plan with a part in states that it cannot be in, the plan's worth is what is taken: simulation will refute it.
        """
        if self.objective > bound + TOLERANCE * max(1.0, abs(bound)):
            if self.values is not None and outside(self.compiled.hulls, self.values):
                self.hear_bound(self.objective)
                return
            raise ChengxiangError(
                f"internal error: a bound of {bound:.6f} was proved although a plan of {self.objective:.6f} is "
                "known; no result is published. Please report this with the configuration."
            )
        self.hear_bound(bound)

    def hear(self, progress: Progress) -> None:
        """Progress of the proof: its bound, and how its own plan compares."""
        self.hear_bound(np.inf if progress.bound is None else progress.bound, progress.incumbent)

    def hear_bound(self, bound: float, other: float | None = None) -> None:
        """Take a proven bound if it is better."""
        with self.lock:
            self.bound = min(self.bound, bound)
        self._tell(other)

    def _tell(self, other: float | None = None) -> None:
        best = max(self.objective, -np.inf if other is None else other)
        known = best if np.isfinite(best) else None
        bound = self.bound if np.isfinite(self.bound) else None
        self.listener(Progress(self.stage, time.monotonic() - self.began, known, bound))
        if known is not None and bound is not None and bound - known <= self.gap * max(abs(known), 1e-9):
            self.closed.set()
