"""Blocks solved at prices: what each proves, and the plans it meets by the way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from optimizer.solve.board import TOLERANCE, Board
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.known import Known
from optimizer.solve.milp import Milp
from optimizer.solve.streams import Job
from optimizer.solve.tasks import Tasks
from optimizer.solve.work import SMALL_TREE, WHOLE_ROWS, Answer, Task

BLOCK_GAP = 1e-3
NARROW_SHARE = 0.5
"""Share of a block's time for the choices of its relaxation alone, unless the block was proved before, or sketched at these prices."""
SKETCH_SHARE, SKETCH_GAP = 0.4, 5e-3
"""Of a block that is solved for its plans alone: share of its time, and gap."""
PATIENCE, MOST_TIMES = 1.5, 10.0
"""How long sketches that were ended by their time may take in the next try, as multiples: of all in the first all together, and each.
Most come to their end soon after."""
ENDED = 0.95
"""Share of its time from which on a sketch counts as ended by it."""
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
        Effort of the blocks whose proof has been asked for, and has not come.
    infeasible, conflict
        Whether a block has no plan, and the rows of that block.
    """

    def __init__(self, board: Board, knowledge: Knowledge, tasks: Tasks, share: float) -> None:
        self.board, self.knowledge, self.tasks, self.share = board, knowledge, tasks, share
        self.waiting = 0.0
        self.infeasible = False
        self.conflict: np.ndarray | None = None

    def of_all(self, number: int) -> Generator[Job | None, None, float]:
        """Every block proved at prices; seconds of processor time that all took together."""
        return self._over(self._all, number, self.proof)

    def sketch(self, number: int) -> Iterator[Job | None]:
        """Quick plans of every block at prices, and what its relaxation proves."""
        yield from self._over(self._all, number, self._quick)
        self.knowledge.prices.relaxed[number] = self.knowledge.bound(number)

    def patiently(self, number: int) -> Iterator[Job | None]:
        """Quick plans again of the blocks whose time was too short at sketched prices; those that lag behind then are solved longer."""
        hurried = [known for known in self.knowledge.blocks if known.hurried]
        times = min(PATIENCE * len(self.knowledge.blocks) / max(len(hurried), 1), MOST_TIMES)
        yield from self._over(hurried, number, partial(self._quick, times=times))
        self.knowledge.prices.relaxed[number] = self.knowledge.bound(number)
        for known in self.knowledge.lagging(number):
            known.effort *= LONGER

    def longer(self) -> Iterator[Job | None]:
        """The blocks that leave most open at the reference prices, longer than before."""
        number = self.knowledge.prices.reference
        chosen = self.knowledge.widest(number)
        for known in chosen:
            known.effort *= LONGER
        yield from self._over(chosen, number, self.proof)

    @property
    def _all(self) -> list[Known]:
        return [self.knowledge.rest, *self.knowledge.blocks]

    def _over(
        self, chosen: Sequence[Known], number: int, make: Callable[[Known, int], Task]
    ) -> Generator[Job | None, None, float]:
        """Blocks at prices; ends when the last answer is there; seconds of processor time that all took together."""
        left, seconds = len(chosen), 0.0
        proves = make == self.proof
        self.waiting = sum(known.effort for known in chosen) if proves else 0.0

        def came(known: Known, limit: float, answer: Answer) -> None:
            nonlocal left, seconds
            known.hurried = answer.seconds >= ENDED * limit
            left, seconds = left - 1, seconds + answer.seconds
            self.waiting -= known.effort if proves else 0.0
            self.take(known, number, answer)

        for known in chosen:
            task = make(known, number)
            yield Job(task, partial(came, known, task.seconds))
        while left:
            yield None
        return seconds

    # ---- what is asked of a block
    def proof(self, known: Known, number: int) -> Task:
        """Its bound, and plans by the way; as long as its own ``effort`` says."""
        model, start = self._priced(known, number)
        seconds = self.tasks.limit(self.share * known.effort)
        task = self.tasks.make(model, start, BLOCK_GAP, seconds, known.effort)
        met = known.closed or number in self.knowledge.prices.relaxed
        narrow = 0.0 if met else NARROW_SHARE
        relaxed = replace(task, narrow=narrow, basis=known.basis, hulls=known.block.hulls)
        return replace(relaxed, options=SMALL_TREE | WHOLE_ROWS)

    def _quick(self, known: Known, number: int, times: float = 1.0) -> Task:
        """Quick plans."""
        effort = SKETCH_SHARE * times
        seconds = self.tasks.limit(effort * self.share)
        task = self.tasks.make(*self._priced(known, number), SKETCH_GAP, seconds, effort)
        return replace(task, narrow=1.0, basis=known.basis, hulls=known.block.hulls)

    def _priced(self, known: Known, number: int) -> tuple[Milp, np.ndarray | None]:
        """A block at prices, and the best plan known of it."""
        model = known.block.priced(self.knowledge.prices[number])
        return model, known.start(model)

    def take(self, known: Known, number: int, answer: Answer) -> None:
        """Bound and plans of one block at one price vector."""
        if answer.termination == "infeasible":
            self.infeasible, self.conflict = True, known.block.rows
            return
        known.prove(number, answer.bound + TOLERANCE * abs(answer.bound))
        known.learn(answer.plans)
        known.tighten(answer.cuts)
        known.basis = answer.basis or known.basis
        if answer.termination == "optimal":
            known.closed.add(number)
        bound = self.knowledge.bound(number)
        if np.isfinite(bound):
            self.board.prove(bound)
            self.knowledge.prices.reference = self.knowledge.best()
