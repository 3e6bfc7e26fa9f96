"""Tasks with their limits: within what is left of the time, or within nodes where those are limited."""

from __future__ import annotations

import time

import numpy as np

from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings
from optimizer.solve.work import Task

LEAST_SECONDS, MOST_SECONDS = 0.3, 60.0
"""Of one task."""
MOST_NODES = 2**31 - 1
"""More than that HiGHS cannot count."""
PATIENCE = 3.0
"""Wall time that a task may take, as a multiple of its processor time."""
RETURN, MOST_RETURN = 0.01, 2.0
"""Share of all time, at the end, for answers to come back, and seconds at most: what is handed back later is lost."""


class Tasks:
    """Makes the tasks of one solve.

    Parameters
    ----------
    until
        Time of the monotonic clock at which the solve ends.

    Attributes
    ----------
    seconds
        From the beginning to the end.
    spent
        Effort of all tasks so far.
    """

    def __init__(self, settings: SolverSettings, until: float) -> None:
        self.settings, self.until = settings, until
        self.seconds = self.left()
        self.spent = 0.0

    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.until - time.monotonic())

    def limit(self, seconds: float) -> float:
        """Seconds that one task is allowed, for so many that it should have."""
        return float(np.clip(seconds, LEAST_SECONDS, MOST_SECONDS))

    def make(self, model: Milp, start: np.ndarray | None, gap: float, seconds: float, effort: float = 1.0) -> Task:
        """A task.

        Parameters
        ----------
        seconds
            Limit already multiplied by ``effort``, which nodes are multiplied by.
        """
        self.spent += effort
        nodes, back = self.settings.nodes, min(RETURN * self.seconds, MOST_RETURN)
        left = max(self.left() - back, 0.05)
        if nodes is not None:
            return Task(model, start, gap, left, left, min(round(nodes * effort), MOST_NODES), self.settings.seed)
        return Task(model, start, gap, seconds, min(left, PATIENCE * seconds + 1.0), None, self.settings.seed)
