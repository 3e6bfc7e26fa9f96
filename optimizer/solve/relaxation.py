"""Prices to begin with: what the continuous relaxation of the whole pays for the rows that blocks share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from optimizer.model.compiled import Compiled
from optimizer.solve.board import TOLERANCE
from optimizer.solve.first_order import FirstOrder
from optimizer.solve.milp import Milp
from optimizer.solve.prices import shadow_prices
from optimizer.solve.proofs import Proofs
from optimizer.solve.streams import Job
from optimizer.solve.work import Answer

MOST_ENTRIES = 250_000
"""Beyond that the relaxation is solved nearly: its exact solution does not come in time."""
TOLERANCE_OF_PRICES = 1e-2
"""Relative; what the blocks' relaxations prove at such prices is within a thousandth of the relaxation's optimum (decision 085)."""
SHARE = 0.25
"""Of the time that is left, at most, for prices that are nearly solved for."""
FINE_STEP = 0.16
"""How far prices may move at first from those of a relaxation that was solved, or nearly, which are nearly right (see `Prices.step`)."""


class Relaxation:
    """Exact where it is small; else nearly solved.

    Parameters
    ----------
    proofs
        Told where the relaxation has no plan.
    threads
        That share the work of solving nearly.
    """

    def __init__(self, whole: Compiled, proofs: Proofs, threads: int = 1) -> None:
        self.whole, self.proofs, self.threads = whole, proofs, threads
        self.board, self.prices, self.tasks = proofs.board, proofs.knowledge.prices, proofs.tasks

    def solve(self) -> Iterator[Job | None]:
        """Until there are prices."""
        if self.whole.matrix.nnz <= MOST_ENTRIES or self.tasks.settings.nodes is not None:
            yield self._job(self.tasks.left(), None, self._take_exact)
        else:
            way = FirstOrder(TOLERANCE_OF_PRICES, self.threads)
            yield self._job(SHARE * self.tasks.left(), way, self._take_nearly)
        while self.prices.empty:
            yield None

    def _job(self, seconds: float, way: FirstOrder | None, take: Callable[[Answer], None]) -> Job:
        task = self.tasks.make(Milp.of(self.whole).continuous, None, 0.0, seconds)
        return Job(replace(task, wall=min(task.wall, seconds), first_order=way), take)

    def _take_exact(self, answer: Answer) -> None:
        """The value is a bound."""
        self.proofs.infeasible |= answer.termination == "infeasible"
        if answer.termination == "optimal":
            self.board.prove(answer.bound + TOLERANCE * abs(answer.bound))
        self._price_by(answer)

    def _take_nearly(self, answer: Answer) -> None:
        """There is no value; where there is no plan, a block tells why."""
        if answer.termination == "optimal":
            self.prices.step = FINE_STEP
        self._price_by(answer)

    def _price_by(self, answer: Answer) -> None:
        split = self.prices.split
        self.prices.add(shadow_prices(split, None if answer.duals is None else answer.duals[split.shared]))
