"""Blocks solved at prices: what each proves, and the plans it meets by the way."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from optimizer.solve.board import TOLERANCE, Board
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.known import Known
from optimizer.solve.streams import Job
from optimizer.solve.tasks import Tasks
from optimizer.solve.work import Answer, Task

BLOCK_GAP = 1e-3
NARROW_SHARE = 0.5
"""Share of a block's time for the choices of its relaxation alone, unless the block was proved before, or sketched at these prices."""
SKETCH_SHARE, SKETCH_GAP = 0.4, 5e-3
"""Of a block that is solved for its plans alone: share of its time, and gap."""
LONGER = 3.0
"""How much longer the blocks are solved that hold most of the gap within blocks."""


class Proofs:
    """Solves blocks at prices.

    Parameters
    ----------
    board
        Takes the bounds.
    knowledge
        Takes what every block proves and meets.
    share
        Seconds that a block is solved in the first place.

    Attributes
    ----------
    waiting
        Blocks whose proof has been asked for, and has not come.
    infeasible, conflict
        Whether a block has no plan, and the rows of that block.
    """

    def __init__(self, board: Board, knowledge: Knowledge, tasks: Tasks, share: float) -> None:
        self.board, self.knowledge, self.tasks, self.share = board, knowledge, tasks, share
        self.waiting = 0
        self.infeasible = False
        self.conflict: np.ndarray | None = None

    def of_all(self, number: int) -> Generator[Job | None, None, float]:
        """Every block proved at prices; seconds of processor time that all took together."""
        return self._over(self._all, number)

    def sketch(self, number: int) -> Iterator[Job | None]:
        """Quick plans of every block at prices, and what its relaxation proves."""
        yield from self._over(self._all, number, quick=True)
        self.knowledge.prices.relaxed[number] = self.knowledge.bound(number)

    def longer(self) -> Iterator[Job | None]:
        """The blocks that leave most open at the reference prices, longer than before."""
        number = self.knowledge.prices.reference
        chosen = self.knowledge.widest(number)
        for known in chosen:
            known.effort *= LONGER
        yield from self._over(chosen, number)

    @property
    def _all(self) -> list[Known]:
        return [self.knowledge.rest, *self.knowledge.blocks]

    def _over(self, chosen: Sequence[Known], number: int, *, quick: bool = False) -> Generator[Job | None, None, float]:
        """Blocks at prices; ends when the last answer is there. Each is solved as long as its own ``effort`` says."""
        left, seconds = len(chosen), 0.0
        self.waiting = 0 if quick else left

        def take(known: Known, answer: Answer) -> None:
            nonlocal left, seconds
            left, seconds = left - 1, seconds + answer.seconds
            self.waiting = 0 if quick else left
            self.take(known, number, answer)

        for known in chosen:
            yield Job(self.task(known, number, quick=quick), partial(take, known))
        while left:
            yield None
        return seconds

    def task(self, known: Known, number: int, *, quick: bool) -> Task:
        """A block at prices: for its plans alone, or for its bound too."""
        prices = self.knowledge.prices
        model = known.block.priced(prices[number])
        start = known.start(model)
        if quick:
            seconds = self.tasks.limit(SKETCH_SHARE * self.share)
            return replace(self.tasks.make(model, start, SKETCH_GAP, seconds, SKETCH_SHARE), narrow=1.0)
        seconds = self.tasks.limit(self.share * known.effort)
        task = self.tasks.make(model, start, BLOCK_GAP, seconds, known.effort)
        met = known.closed or number in prices.relaxed
        return replace(task, narrow=0.0 if met else NARROW_SHARE)

    def take(self, known: Known, number: int, answer: Answer) -> None:
        """Bound and plans of one block at one price vector."""
        if answer.termination == "infeasible":
            self.infeasible, self.conflict = True, known.block.rows
            return
        known.prove(number, answer.bound + TOLERANCE * abs(answer.bound))
        known.learn(answer.plans)
        if answer.termination == "optimal":
            known.closed.add(number)
        bound = self.knowledge.bound(number)
        if np.isfinite(bound):
            self.board.prove(bound)
            self.knowledge.prices.reference = self.knowledge.best()
