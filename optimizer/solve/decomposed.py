"""A plan and its proof for a model that falls apart once the rows that its parts share are priced.

Lagrangian relaxation (Geoffrion 1974) over the blocks of `blocks.find_blocks`: at prices of the shared rows every block is a
small MIP of its own. The sum of the blocks' own dual bounds plus price times limit is a bound on the whole. The blocks' plans tell
which prices to try next (`pricing`), and which choices are worth deciding together (`plans`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

import numpy as np

from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.board import TOLERANCE, Board
from optimizer.solve.certificate import Certificate, certify
from optimizer.solve.cluster import workers
from optimizer.solve.crew import crew
from optimizer.solve.highs import Flag
from optimizer.solve.known import Known
from optimizer.solve.memory import Memory
from optimizer.solve.milp import Milp
from optimizer.solve.partition import SMALL
from optimizer.solve.plans import MERGE_SHARE, Plans
from optimizer.solve.prices import Prices, shadow_prices
from optimizer.solve.pricing import Pricing
from optimizer.solve.settings import SolverSettings
from optimizer.solve.streams import Job, Stream, serve
from optimizer.solve.tasks import Tasks
from optimizer.solve.work import Answer, Task

FIRST_SHARE = 0.5
"""Share of the time for the first solve of all blocks."""
LEFT_SHARE = 0.75
"""Of the time that is left when all blocks are to be proved: the most that it may take, so that there is a bound in any case."""
BLOCK_GAP = 1e-3
NARROW_SHARE = 0.5
"""Share of a block's time for the choices of its relaxation alone, unless the block was proved before, or sketched at these prices."""
SKETCHES, SKETCHING, SKETCH_SHARE, SKETCH_GAP = 3, 0.25, 0.4, 5e-3
"""Passes over all blocks for prices alone before the first proof: at least so many, more while less than a share of the time is gone;
their share of a block's time, and their gap."""
LOOKS = 2
"""Price vectors that are sketched before every block is proved at the best of them."""
PLAN_WEIGHT = 8.0
"""Blocks solved for every step of the search for plans, where time does not count."""
LONGER, HELD = 3.0, 0.75
"""How much longer the blocks are solved that hold most of the gap within blocks, and the share of it that they hold."""
MOST_ENTRIES = 250_000
"""Beyond that the relaxation is solved roughly: its exact solution does not come in time."""
OUTWARD = 0.7
"""How far prices move from the best so far towards those asked for (smoothing; Wentges 1997)."""


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
    ) -> None:
        self.board, self.settings, self.stop = board, settings, stop
        self.whole = board.compiled
        self.split = find_blocks(board.compiled, SMALL) if split is None else split
        self.known = [Known(block) for block in self.split.blocks]
        self.rest = Known(self.split.rest)
        self.prices = Prices(self.split, board.compiled.constant)
        self.pricing = Pricing(board.compiled, self.split)
        self.tasks = Tasks(settings, until)
        self.plans = Plans(board, self.split, self.known, self.prices, self.tasks)
        self.width, usual = workers(settings)
        self.executor = executor or usual
        self.infeasible = False
        self.proving, self.waiting, self.proved_in, self.between = False, 0, 0.0, np.inf
        self.conflict: np.ndarray | None = None
        self.memory = memory or Memory()
        first = FIRST_SHARE * self.tasks.seconds * self.width / max(1, len(self.known))
        self.share = first if self.memory.share is None else self.memory.share
        self.memory.recall([*self.known, self.rest], self.prices)
        board.offer(self.memory.plan(self.whole))
        if not self.prices.empty:
            self.board.prove(self.prices.bound(self.prices.reference, [self.rest, *self.known]))
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
        with crew(self.width, self.stop, self.executor) as hands:
            serve(hands, [Stream(self._begin())], self.tasks.until, self._over, timed=timed)
            streams = [Stream(self._proofs()), Stream(self.plans.jobs(), PLAN_WEIGHT, self._proofs_first)]
            serve(hands, streams, self.tasks.until, self._over, timed=timed)
        everything = [*self.known, self.rest]
        if not self.prices.empty:
            self.prices.reference = self.prices.best(everything)
        self.memory.remember(everything, self.prices, self.share, self.board.values)
        return "infeasible" if self.infeasible else "time_limit"

    def _begin(self) -> Iterator[Job]:
        """Where no plan is known, the one that starts nothing it need not."""
        if self.board.values is None:
            yield self.plans.settle(np.where(self.whole.integer, self.whole.col_lower, 0.0))

    def _relax(self) -> Iterator[Job | None]:
        """Shadow prices of the relaxation; where it is large, rough ones."""
        whole = self.whole
        no_choice = np.zeros_like(whole.integer)
        limits = whole.row_lower, whole.row_upper, whole.col_lower, whole.col_upper
        relaxed = Milp(whole.matrix, *limits, no_choice, whole.cost, whole.constant)
        task = self.tasks.make(relaxed, None, 0.0, self.tasks.left())
        if whole.matrix.nnz <= MOST_ENTRIES or self.settings.nodes is not None:
            yield Job(task, self._take_relaxed)
        else:
            yield Job(replace(task, first_order=True), self._price_by)
        while self.prices.empty:
            yield None

    def _proofs(self) -> Iterator[Job | None]:
        """Every block at prices; then those for longer that leave most open, or all at other prices: by what each gained."""
        if self.prices.empty:
            yield from self._relax()
            number = yield from self._sketch()
            self.share = min(self.share, LEFT_SHARE * self.tasks.left() * self.width / max(1, len(self.known)))
            self.proving = True
            self.proved_in = yield from self._prove([self.rest, *self.known], number)
            self.between = np.inf
        self.plans.ready, self.plans.resting = True, False
        gained = {self._longer: np.inf, self._elsewhere: np.inf}
        step, idle = self._elsewhere, 0
        for round_number in itertools.count(1):
            if self.settings.passes is not None and round_number > self.settings.passes:
                break
            other = next(one for one in gained if one != step)
            step = other if gained[other] >= gained[step] else step
            before, spent = self.board.bound, self.tasks.spent
            yield from step()
            self.plans.resting = False
            gain = before - self.board.bound if np.isfinite(self.board.bound) else 0.0
            gained[step] = gain / max(self.tasks.spent - spent, 1.0)
            idle = idle + 1 if self.tasks.spent == spent else 0
            if idle == len(gained):
                idle = 0
                yield None
        self.plans.ended = True

    def _proofs_first(self) -> bool:
        """Whether plans stand aside: where they rest; until the first proof is over, where the bound is further than the plan
        from what lies between them, the worth of the blocks' plans, or where half of the workers may not end that proof in time.
        """
        if self.plans.resting or self.between == np.inf or self.width == 1:
            return self.plans.resting
        left = self.tasks.left() * (self.width // 2)
        late = self.settings.nodes is None and self.proving and self.share * self.waiting > left
        return late or self.board.bound - self.between > self.between - self.board.objective

    def _over(self) -> bool:
        return self.stop.is_set() or self.board.closed.is_set() or self.infeasible or self.tasks.left() <= 0.0

    # ---- prices and bounds
    def _take_relaxed(self, answer: Answer) -> None:
        """Shadow prices to begin with; the value is a bound."""
        self.infeasible |= answer.termination == "infeasible"
        if answer.termination == "optimal":
            self.board.prove(answer.bound + TOLERANCE * abs(answer.bound))
        self._price_by(answer)

    def _price_by(self, answer: Answer) -> None:
        """Shadow prices to begin with; the value of a rough answer is no bound."""
        self.prices.add(shadow_prices(self.split, None if answer.duals is None else answer.duals[self.split.shared]))

    def _prove(
        self, chosen: Sequence[Known], number: int, *, quick: bool = False
    ) -> Generator[Job | None, None, float]:
        """Blocks at prices: their bounds, and plans by the way; ends when the last answer is there.

        Each is solved as long as its own ``effort`` says; ``quick``: for its plans alone.

        Returns
        -------
        float
            Seconds of processor time that all took together.
        """
        self.waiting, seconds = len(chosen), 0.0

        def take(known: Known, answer: Answer) -> None:
            nonlocal seconds
            self.waiting, seconds = self.waiting - 1, seconds + answer.seconds
            self.take_bound(known, number, answer)

        for known in chosen:
            yield Job(self._block_task(known, number, quick=quick), partial(take, known))
        while self.waiting:
            yield None
        return seconds

    def _block_task(self, known: Known, number: int, *, quick: bool) -> Task:
        """A block at prices: for its plans alone, or for its bound too."""
        model = known.block.priced(self.prices[number])
        start = known.start(model)
        if quick:
            seconds = self.tasks.limit(SKETCH_SHARE * self.share)
            return replace(self.tasks.make(model, start, SKETCH_GAP, seconds, SKETCH_SHARE), narrow=1.0)
        seconds = self.tasks.limit(self.share * known.effort)
        task = self.tasks.make(model, start, BLOCK_GAP, seconds, known.effort)
        met = known.closed or number in self.prices.relaxed
        return replace(task, narrow=0.0 if met else NARROW_SHARE)

    def take_bound(self, known: Known, number: int, answer: Answer) -> None:
        """Bound and plans of one block at one price vector."""
        if answer.termination == "infeasible":
            self.infeasible, self.conflict = True, known.block.rows
            return
        known.prove(number, answer.bound + TOLERANCE * abs(answer.bound))
        known.learn(answer.plans)
        if answer.termination == "optimal":
            known.closed.add(number)
        everything = [self.rest, *self.known]
        bound = self.prices.bound(number, everything)
        if np.isfinite(bound):
            self.board.prove(bound)
            self.prices.reference = self.prices.best(everything)

    def _sketch(self) -> Generator[Job | None, None, int]:
        """Number of the best of some prices that quick plans of the blocks ask, each near the best before; nothing is proved."""
        number = best = self.prices.reference
        for passed in itertools.count(1):
            best = yield from self._look(number, best)
            self.plans.ready, self.plans.resting, self.between = True, False, self._worth(best)
            early = self.settings.nodes is None and self.tasks.left() > (1.0 - SKETCHING) * self.tasks.seconds
            asked = (yield from self._asked(best)) if passed < SKETCHES or early else None
            if asked is None:
                break
            number = self.prices.add(asked)
        return best

    def _look(self, number: int, best: int) -> Generator[Job | None, None, int]:
        """Quick plans of every block at prices; whether these or the best so far promise the lower bound."""
        yield from self._prove([self.rest, *self.known], number, quick=True)
        self.prices.relaxed[number] = self.prices.bound(number, [self.rest, *self.known])
        if number == best:
            return best
        forward = self._promise(number) < self._promise(best)
        self.prices.stepped(forward=forward)
        return number if forward else best

    def _promise(self, number: int) -> float:
        """What the bound at sketched prices may come to: between what the plans known are worth there and the relaxations."""
        return 0.5 * (self._worth(number) + self.prices.relaxed.get(number, np.inf))

    def _worth(self, number: int) -> float:
        """What the plans known of the blocks are worth at prices, price times limit added: no more than any bound there."""
        prices = self.prices[number]
        return self.prices.fixed(number) + self.rest.bound(number) + sum(known.best(prices) for known in self.known)

    def _longer(self) -> Iterator[Job | None]:
        """The blocks that leave most open at the reference prices, longer than before."""
        number = self.prices.reference
        chosen = self._widest()
        for known in chosen:
            known.effort *= LONGER
        yield from self._prove(chosen, number)

    def _widest(self) -> list[Known]:
        """The blocks that hold most of what is open within blocks at the reference prices, the widest first."""
        number = self.prices.reference
        left = [known for known in self.known if number not in known.closed]
        gaps = np.array([known.bound(number) - known.best(self.prices[number]) for known in left])
        order = np.argsort(-gaps, kind="stable")
        if not np.isfinite(gaps).all():
            return [left[i] for i in order if not np.isfinite(gaps[i])]
        count = int(np.searchsorted(np.cumsum(gaps[order]), HELD * gaps.sum())) + 1
        return [left[i] for i in order[:count]]

    def _elsewhere(self) -> Iterator[Job | None]:
        """Every block at the best of some prices near the reference: prices that plans ask, judged by quick plans first."""
        best = self.prices.reference
        if not self._time_for_all():
            return
        for _ in range(LOOKS):
            asked = yield from self._asked(best)
            if asked is None:
                return
            number = self.prices.add(asked)
            best = yield from self._look(number, best)
        if best != self.prices.reference:
            self.proved_in = yield from self._prove([self.rest, *self.known], best)
            self.prices.learn(best)

    def _time_for_all(self) -> bool:
        """Whether another proof of all blocks would end in time, by half of the workers, if it takes as long as the last."""
        return self.settings.nodes is not None or self.tasks.left() * max(1, self.width // 2) > self.proved_in

    def _asked(self, near: int) -> Generator[Job | None, None, np.ndarray | None]:
        """Prices that the plans known of the blocks ask, near others; None where not all blocks have plans."""
        if not all(known.plans for known in self.known):
            return None
        centre = self.prices[near]
        for known in self.known:
            known.forget(centre)
        self.plans.remember()
        answers: list[Answer] = []
        counts = [len(known.plans) for known in self.known]
        programme = self.pricing.programme(self.known, centre, self.prices.width(near))
        seconds = self.tasks.limit(MERGE_SHARE * self.tasks.seconds)
        yield Job(self.tasks.make(programme, None, 0.0, seconds), answers.append)
        while not answers:
            yield None
        if answers[0].duals is None:
            return None
        self._mix(counts, answers[0].plans[-1])
        asked = shadow_prices(self.split, answers[0].duals[self.pricing.shared])
        return centre + OUTWARD * (asked - centre)

    def _mix(self, counts: Sequence[int], shares: np.ndarray) -> None:
        """Tell mergers which plans of each block the master took shares of."""
        of_block = np.split(shares, np.cumsum(counts))
        for known, mine in zip(self.known, of_block, strict=False):
            known.mixed = [plan for plan, share in zip(known.plans, mine, strict=False) if share > TOLERANCE]

    def certificate(self) -> Certificate | None:
        """What proves the bound; None while there is none from the blocks."""
        everything = [*self.known, self.rest]
        if self.prices.empty:
            return None
        number = self.prices.best(everything)
        bounds = np.array([known.bound(number) for known in everything])
        certificate = certify(self.whole, self.split, self.prices[number], bounds, self.board.objective)
        proved = self.board.bound + TOLERANCE * max(1.0, abs(self.board.bound))
        return certificate if certificate.bound <= proved else None
