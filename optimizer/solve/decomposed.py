"""A plan and its proof for a model that falls apart once the rows that its parts share are priced.

Lagrangian relaxation (Geoffrion 1974) over the blocks of `blocks.find_blocks`: at prices of the shared rows every block is a
small MIP of its own. The sum of the blocks' own dual bounds plus price times limit is a bound on the whole (`proofs`). The blocks'
plans tell which prices to try next (`price_search`), and which choices are worth deciding together (`plans`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.board import TOLERANCE, Board
from optimizer.solve.certificate import Certificate, certify
from optimizer.solve.cluster import workers
from optimizer.solve.crew import crew
from optimizer.solve.highs import Flag
from optimizer.solve.hull_cuts import outside
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.memory import Memory
from optimizer.solve.plans import Plans
from optimizer.solve.price_search import PriceSearch
from optimizer.solve.proofs import Proofs
from optimizer.solve.relaxation import Relaxation
from optimizer.solve.settings import SolverSettings
from optimizer.solve.streams import Job, Stream, serve
from optimizer.solve.tasks import Tasks

FIRST_SHARE = 0.5
"""Share of the time for the first proof of all blocks."""
LEFT_SHARE = 0.75
"""Of the time that is left when all blocks are to be proved: the most that it may take, so that there is a bound in any case."""
PLAN_WEIGHT = 8.0
"""Blocks solved for every step of the search for plans, where time does not count."""


class Decomposition:
    """Blocks under prices, by as many workers as there are processors to use.

    Parameters
    ----------
    board
        Takes plans and bounds as they are found.
    until
        Time of the monotonic clock at which to end.
    split
        The blocks; found where None.
    executor
        Where blocks are solved in place of what the settings say.
    memory
        What an earlier solve has learned of these blocks; takes what this one learns.
    apart
        No task in this process, where others are at work.
    """

    def __init__(
        self,
        board: Board,
        settings: SolverSettings,
        stop: Flag,
        until: float,
        split: Split | None = None,
        executor: Callable[[], Executor] | None = None,
        memory: Memory | None = None,
        *,
        apart: bool = False,
    ) -> None:
        self.apart = apart
        self.board, self.settings, self.stop = board, settings, stop
        self.whole = board.compiled
        self.split = find_blocks(board.compiled) if split is None else split
        self.knowledge = Knowledge(self.split, board.compiled.constant)
        self.prices = self.knowledge.prices
        self.tasks = Tasks(settings, until)
        self.width, usual = workers(settings)
        self.executor = executor or usual
        self.memory = memory or Memory()
        self.memory.recall(self.knowledge)
        self.proved_in = None if self.prices.empty else 0.0
        self.proofs = Proofs(board, self.knowledge, self.tasks, self.memory.share or self._share(FIRST_SHARE))
        self.plans = Plans(board, self.knowledge, self.tasks)
        self.search = PriceSearch(board.compiled, self.knowledge, self.proofs, self.plans, self.tasks)
        board.offer(self.memory.plan(self.whole))
        if not self.prices.empty:
            board.prove(self.knowledge.bound(self.prices.reference))
        self.plans.remember()

    # ---- the story
    def solve(self) -> str:
        """Prices of the relaxation; then proofs at ever better prices, and beside them plans from what the proofs meet.

        Returns
        -------
        str
            Termination: 'infeasible' where the relaxation or a block has no plan, else 'time_limit'.
        """
        timed = self.settings.nodes is None
        with crew(self.width, self.stop, self.executor, apart=self.apart) as hands:
            serve(hands, [Stream(self._begin())], self.tasks.until, self._over, timed=timed)
            streams = [Stream(self._proofs()), Stream(self.plans.jobs(), PLAN_WEIGHT, self._proofs_first)]
            serve(hands, streams, self.tasks.until, self._over, timed=timed)
        if not self.prices.empty:
            self.prices.reference = self.knowledge.best()
        self.memory.remember(self.knowledge, self.proofs.share, self.board.values)
        return "infeasible" if self.proofs.infeasible else "time_limit"

    def _begin(self) -> Iterator[Job]:
        """Where no plan is known, the one that starts nothing it need not."""
        if self.board.values is None:
            yield self.plans.settle(np.where(self.whole.integer, self.whole.col_lower, 0.0))

    def _proofs(self) -> Iterator[Job | None]:
        """Every block at prices; then those for longer that leave most open, or all at other prices: by what each gained."""
        if self.prices.empty:
            yield from Relaxation(self.whole, self.proofs, 1 if self.settings.cluster else self.width).solve()
            number = yield from self.search.before_the_first_proof()
            self.proofs.share = min(self.proofs.share, self._share(LEFT_SHARE))
            self.proved_in = yield from self.proofs.of_all(number)
        self.plans.wake()
        gained = {self.proofs.longer: np.inf, self._elsewhere: np.inf}
        step, idle = self._elsewhere, 0
        for round_number in itertools.count(1):
            if self.settings.passes is not None and round_number > self.settings.passes:
                break
            other = next(one for one in gained if one != step)
            step = other if gained[other] >= gained[step] else step
            before, spent = self.board.bound, self.tasks.spent
            yield from step()
            self.plans.wake()
            gain = before - self.board.bound if np.isfinite(self.board.bound) else 0.0
            gained[step] = gain / max(self.tasks.spent - spent, 1.0)
            idle = idle + 1 if self.tasks.spent == spent else 0
            if idle == len(gained):
                idle = 0
                yield None
        self.plans.ended = True

    def _elsewhere(self) -> Iterator[Job | None]:
        """Every block at the best of some prices near the reference, where that ends in time."""
        if not self._time_for_all():
            return
        best = yield from self.search.near_the_reference()
        if best != self.prices.reference:
            self.proved_in = yield from self.proofs.of_all(best)
            self.prices.learn(best)

    # ---- time
    def _share(self, of_all: float) -> float:
        """Seconds for each block, for a share of the time that is left for all of them."""
        return of_all * self.tasks.left() * self.width / max(1.0, sum(known.effort for known in self.knowledge.blocks))

    def _time_for_all(self) -> bool:
        """Whether another proof of all blocks would end in time, by half of the workers, if it takes as long as the last."""
        return self.settings.nodes is not None or self.tasks.left() * max(1, self.width // 2) > (self.proved_in or 0.0)

    def _proofs_first(self) -> bool:
        """Whether plans stand aside: where they rest; until the first proof is over, where the bound is further than the plan
        from what lies between them, the worth of the blocks' plans, or where half of the workers may not end that proof in time,
        and plans gain less in a second than that proof can.
        """
        between = self.search.between
        if self.plans.resting or self.proved_in is not None or between == np.inf or self.width == 1:
            return self.plans.resting
        left, proof = self.tasks.left() * (self.width // 2), self.proofs.share * self.proofs.waiting
        late = self.settings.nodes is None and proof > left
        further = self.board.bound - between > between - self.board.objective
        of_all = proof or self.proofs.share * sum(known.effort for known in self.knowledge.blocks)
        return (late or further) and self.plans.gaining * of_all < self.board.bound - between

    def _over(self) -> bool:
        return self.stop.is_set() or self.board.closed.is_set() or self.proofs.infeasible or self.tasks.left() <= 0.0

    def certificate(self) -> Certificate | None:
        """What proves the bound; None while there is none from the blocks."""
        if self.prices.empty:
            return None
        number = self.knowledge.best()
        bounds = np.array([known.bound(number) for known in self.knowledge.everything])
        certificate = certify(self.whole, self.split, self.prices[number], bounds, self.board.objective)
        if certificate.plan > certificate.bound and self.board.values is not None:
            no_plan = outside(self.whole.hulls, self.board.values)
            certificate = replace(certificate, plan=-np.inf if no_plan else certificate.plan)
        proved = self.board.bound + TOLERANCE * max(1.0, abs(self.board.bound))
        return certificate if certificate.bound <= proved else None
