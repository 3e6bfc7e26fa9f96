"""Prices to begin with: what the continuous relaxation of the whole pays for the rows that blocks share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.board import TOLERANCE
from optimizer.solve.milp import Milp
from optimizer.solve.prices import shadow_prices
from optimizer.solve.proofs import Proofs
from optimizer.solve.streams import Job
from optimizer.solve.work import FINE, ROUGH, ROUGHEST, Answer

MOST_ENTRIES = 250_000
"""Beyond that the relaxation is solved roughly: its exact solution does not come in time."""
LARGE, A_SECOND = 2_500_000, 25_000
"""Entries, in all and for each second of the time, beyond which the first prices are the roughest: 1.7 million take 15 s to one per cent
and 19 to half a per cent, 7.1 million 70 s and 456."""
FINER = {ROUGHEST: (ROUGH, 7.0), ROUGH: (FINE, 10.0)}
"""The next finer tolerance, and how many times as long it takes."""
REFINING = 0.3
"""Finer prices are found where that takes less than a share of the time that is left."""


class Relaxation:
    """Exact where it is small; else rough prices soon, and finer ones while the first plans of the blocks are made at those.

    Parameters
    ----------
    proofs
        Told where the relaxation has no plan.
    """

    def __init__(self, whole: Compiled, proofs: Proofs) -> None:
        self.whole, self.proofs = whole, proofs
        self.board, self.prices, self.tasks = proofs.board, proofs.knowledge.prices, proofs.tasks
        self.tolerance, self.rough_in = ROUGH, np.inf
        self.refining = False
        self.finer: int | None = None

    def first(self) -> Iterator[Job | None]:
        """Prices, soon."""
        if self.whole.matrix.nnz <= MOST_ENTRIES or self.tasks.settings.nodes is not None:
            yield self._job(None, self.tasks.left(), self._take_exact)
        else:
            few = min(LARGE, A_SECOND * self.tasks.seconds)
            self.tolerance = ROUGH if self.whole.matrix.nnz <= few else ROUGHEST
            yield self._job(self.tolerance, self.tasks.left(), self._take_rough)
        while self.prices.empty:
            yield None

    def refine(self) -> Iterator[Job]:
        """Begin with finer prices, where they come in time."""
        allowed = REFINING * self.tasks.left()
        tolerance, longer = FINER[self.tolerance]
        if longer * self.rough_in <= allowed:
            self.refining = True
            yield self._job(tolerance, allowed, self._take_finer)

    def refined(self) -> Generator[Job | None, None, int | None]:
        """Number of the finer prices once they are there; None where none were begun with, or did not come."""
        while self.refining:
            yield None
        return self.finer

    def _job(self, tolerance: float | None, seconds: float, take: Callable[[Answer], None]) -> Job:
        task = self.tasks.make(Milp.of(self.whole).continuous, None, 0.0, seconds)
        return Job(replace(task, wall=min(task.wall, seconds), first_order=tolerance), take)

    def _take_exact(self, answer: Answer) -> None:
        """The value is a bound."""
        self.proofs.infeasible |= answer.termination == "infeasible"
        if answer.termination == "optimal":
            self.board.prove(answer.bound + TOLERANCE * abs(answer.bound))
        self._price_by(answer)

    def _take_rough(self, answer: Answer) -> None:
        """The value is no bound."""
        self.rough_in = answer.seconds
        self._price_by(answer)

    def _take_finer(self, answer: Answer) -> None:
        self.refining = False
        if answer.duals is not None:
            self.finer = self._price_by(answer)

    def _price_by(self, answer: Answer) -> int:
        split = self.prices.split
        return self.prices.add(shadow_prices(split, None if answer.duals is None else answer.duals[split.shared]))
