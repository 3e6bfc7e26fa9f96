"""A plan and its proof for a model that falls apart once the rows that its parts share are priced.

Lagrangian relaxation (Geoffrion 1974) over the blocks of `blocks.find_blocks`: at prices of the shared rows every block is a
small MIP of its own. The sum of the blocks' own dual bounds plus price times limit is a bound on the whole. The blocks' plans tell
which prices to try next (`pricing`), and which choices are worth deciding together (`merging`).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from optimizer.errors import ChengxiangError
from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.board import Board
from optimizer.solve.certificate import Certificate, certify
from optimizer.solve.crew import Crew, crew
from optimizer.solve.highs import Flag
from optimizer.solve.known import Known
from optimizer.solve.merging import Merging
from optimizer.solve.milp import Milp, some_columns
from optimizer.solve.partition import SMALL
from optimizer.solve.prices import Prices, shadow_prices
from optimizer.solve.pricing import Pricing
from optimizer.solve.settings import SolverSettings
from optimizer.solve.surroundings import Surroundings
from optimizer.solve.work import Answer, Task

FIRST_SHARE, STEP_SHARE, MERGE_SHARE = 0.4, 0.015, 0.08
"""Shares of the time for the first solve of all blocks, for one neighbourhood, for one merger."""
LEAST_SECONDS, MOST_SECONDS = 0.3, 60.0
"""Of one task."""
BLOCK_GAP, STEP_GAP = 1e-3, 5e-4
STEPS = 6
"""Neighbourhoods between two mergers."""
PROVED_AT_ONCE = 0.34
"""Share of the open blocks, the widest first, that are solved longer in a round."""
MOST_ENTRIES, RELAXATION_SHARE = 1_000_000, 0.2
"""From when on the relaxation is solved by a first-order method, and the share of the time that it gets."""
OUTWARD = 0.7
"""How far prices move from the best so far towards those asked for (smoothing; Wentges 1997)."""
PATIENCE = 3.0
"""Wall time that a task may take, as a multiple of its processor time."""
TOLERANCE = 1e-6
"""Relative: what rounding in a solver may cost; a bound is loosened by it, and a plan may not beat a bound by more."""


@dataclass(frozen=True)
class Job:
    """A task and what is done with its answer."""

    task: Task
    take: Callable[[Answer], None]


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
        Where blocks are solved; None: processes of this machine, this process alone for ``threads`` 1.
    """

    def __init__(
        self,
        board: Board,
        settings: SolverSettings,
        stop: Flag,
        until: float,
        split: Split | None = None,
        executor: Callable[[], Executor] | None = None,
    ) -> None:
        self.board, self.settings, self.stop, self.until = board, settings, stop, until
        self.whole = board.compiled
        self.split = find_blocks(board.compiled, SMALL) if split is None else split
        self.known = [Known(block) for block in self.split.blocks]
        self.rest = Known(self.split.rest)
        self.prices = Prices(self.split, board.compiled.constant)
        self.pricing = Pricing(board.compiled, self.split)
        self.around = Surroundings(board.compiled, self.split, settings.seed)
        self.merging = Merging(self.around, settings.seed)
        self.width = 1 if settings.threads == 1 else max(2, settings.threads)
        self.executor = executor
        self.seconds = max(0.0, until - time.monotonic())
        self.infeasible = False
        self._remember()

    # ---- the story
    def solve(self) -> str:
        """Prices and blocks; then a merger of their plans, other prices, neighbourhoods and open blocks longer, by turns.

        Returns
        -------
        str
            Termination: 'infeasible' where the relaxation or a block has no plan, else 'time_limit'.
        """
        with crew(self.width, self.stop, self.executor) as hands:
            self._work(hands, self._begin())
            if not self.infeasible:
                self._work(hands, self._go_on())
        return "infeasible" if self.infeasible else "time_limit"

    def _begin(self) -> Iterator[Job]:
        """Shadow prices of the relaxation; where no plan is known, the one that starts nothing it need not."""
        if self.board.values is None:
            yield self._settle(np.where(self.whole.integer, self.whole.col_lower, 0.0))
        whole = self.whole
        relaxed = Milp(
            whole.matrix,
            whole.row_lower,
            whole.row_upper,
            whole.col_lower,
            whole.col_upper,
            np.zeros_like(whole.integer),
            whole.cost,
            whole.constant,
        )
        task = self._task(relaxed, None, 0.0, self._left())
        if whole.matrix.nnz > MOST_ENTRIES:
            limit = RELAXATION_SHARE * self.seconds
            task = replace(task, first_order=True, seconds=limit, wall=limit)
        yield Job(task, partial(self._take_relaxation, task.first_order))

    def _go_on(self) -> Iterator[Job]:
        short = self._limit(FIRST_SHARE * self.seconds * self.width / max(1, len(self.known)))
        yield from self._prove([self.rest, *self.known], short)
        yield from self._merge()
        for round_number in itertools.count(1):
            if self.settings.passes is not None and round_number > self.settings.passes:
                return
            yield from self._reprice(short)
            yield from self._merge()
            yield from self._improve(STEPS)
            widest = self._widest()
            count = round(PROVED_AT_ONCE * len(widest) + 0.5)
            yield from self._prove(widest[:count], self._limit(short * 2.0**round_number))
            yield from self._merge()
            yield from self._improve(STEPS)

    def _work(self, hands: Crew, jobs: Iterator[Job]) -> None:
        """Give out jobs as hands are free; a job is thought of when it is its turn."""
        more = True
        while not self._over() and (more or hands.busy):
            while more and hands.free and not self._over():
                job = next(jobs, None)
                more = job is not None
                if job is not None:
                    hands.give(job, job.task)
            came = hands.answer(self.until)
            if came is not None:
                came[0].take(came[1])

    def _left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def _limit(self, seconds: float) -> float:
        return float(np.clip(seconds, LEAST_SECONDS, MOST_SECONDS))

    def _over(self) -> bool:
        return self.stop.is_set() or self.board.closed.is_set() or self.infeasible or self._left() <= 0.0

    def _task(self, model: Milp, start: np.ndarray | None, gap: float, seconds: float) -> Task:
        """A task within what is left of the time; within nodes instead where those are limited."""
        nodes, left = self.settings.nodes, max(self._left(), 0.05)
        if nodes is not None:
            return Task(model, start, gap, left, left, nodes, self.settings.seed)
        return Task(model, start, gap, seconds, min(left, PATIENCE * seconds + 1.0), None, self.settings.seed)

    # ---- prices and bounds
    def _take_relaxation(self, rough: bool, answer: Answer) -> None:
        """Shadow prices, which may be rough; its value is a bound only where they are not."""
        self.infeasible = answer.termination == "infeasible" and not rough
        self.prices.add(shadow_prices(self.split, None if answer.duals is None else answer.duals[self.split.shared]))
        if answer.termination == "optimal" and not rough:
            self.hear(answer.bound + TOLERANCE * abs(answer.bound))

    def _prove(self, chosen: Sequence[Known], seconds: float, number: int | None = None) -> Iterator[Job]:
        """Blocks at the reference prices, or at others: their bounds, and plans by the way."""
        number = self.prices.reference if number is None else number
        for known in chosen:
            model = known.block.priced(self.prices[number])
            yield Job(self._task(model, known.start(model), BLOCK_GAP, seconds), _Taker(self, known, number))

    def take_bound(self, known: Known, number: int, answer: Answer) -> None:
        """Bound and plans of one block at one price vector."""
        self.infeasible |= answer.termination == "infeasible"
        known.prove(number, answer.bound + TOLERANCE * abs(answer.bound))
        known.learn(answer.plans)
        everything = [self.rest, *self.known]
        bound = self.prices.bound(number, everything)
        if np.isfinite(bound):
            self.hear(bound)
            self.prices.reference = self.prices.best(everything)

    def hear(self, bound: float) -> None:
        """A bound that holds; never one below a plan that obeys every rule."""
        if self.board.objective > bound + TOLERANCE * max(1.0, abs(bound)):
            raise ChengxiangError(
                f"internal error: a bound of {bound:.6f} was proved although a plan of {self.board.objective:.6f} is "
                "known; no result is published. Please report this with the configuration."
            )
        self.board.hear_bound(bound)

    def _widest(self) -> list[Known]:
        """Blocks whose gap at the reference prices is open, the widest first."""
        number = self.prices.reference
        best = np.array([known.best(self.prices[number]) for known in self.known])
        gaps = np.array([known.bound(number) for known in self.known]) - best
        order = np.argsort(-gaps, kind="stable")
        return [self.known[i] for i in order if gaps[i] > BLOCK_GAP * max(1e-6, abs(best[i]))]

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

    # ---- plans
    def _reprice(self, seconds: float) -> Iterator[Job]:
        """The prices that the plans known ask, near the best so far; then every block at them."""
        if self.prices.empty or not all(known.plans for known in self.known):
            return
        centre = self.prices[self.prices.reference]
        for known in self.known:
            known.forget(centre)
        self._remember()
        asked: list[int] = []

        def take(answer: Answer) -> None:
            if answer.duals is not None:
                found = shadow_prices(self.split, answer.duals[self.pricing.shared])
                asked.append(self.prices.add(centre + OUTWARD * (found - centre)))

        programme = self.pricing.programme(self.known, centre, self.prices.width())
        yield Job(self._task(programme, None, 0.0, self._limit(MERGE_SHARE * self.seconds)), take)
        yield from self._meanwhile(asked)
        for number in asked:
            yield from self._prove([self.rest, *self.known], seconds, number)

    def _meanwhile(self, awaited: list[Any]) -> Iterator[Job]:
        """Neighbourhoods until an answer is there."""
        for _ in range(2 * self.width):
            if not awaited:
                yield from self._improve(1)

    def _merge(self) -> Iterator[Job]:
        """What the blocks' best plans and the best plan of the whole disagree on, decided together."""
        values = self.board.values
        if values is None or self.prices.empty or not all(known.plans for known in self.known):
            return
        prices = self.prices[self.prices.reference]
        free = self.merging.columns(self.known, prices, values, self._shortfall(values))
        limit = self._limit(MERGE_SHARE * self.seconds)
        task = replace(self._task(some_columns(self.whole, free, values), values[free], STEP_GAP, limit), quick=False)
        yield Job(task, _Improver(self, free, values, self.merging))

    def _settle(self, values: np.ndarray) -> Job:
        """Amounts and payments for given choices."""
        held = np.where(self.whole.integer, np.round(values), values)
        free = np.flatnonzero(~self.whole.integer)
        return Job(self._task(some_columns(self.whole, free, held), None, 0.0, MOST_SECONDS), _Placer(self, free, held))

    def _improve(self, steps: int) -> Iterator[Job]:
        """Neighbourhoods of the best plan."""
        for _ in range(steps):
            values = self.board.values
            if values is None:
                return
            free = self.around.columns(self.around.blocks(self._shortfall(values)))
            model = some_columns(self.whole, free, values)
            limit = self._limit(STEP_SHARE * self.seconds)
            yield Job(self._task(model, values[free], STEP_GAP, limit), _Improver(self, free, values, self.around))

    def _shortfall(self, values: np.ndarray) -> np.ndarray:
        """What the plan's part of each block is worth less than the block's bound, at the reference prices."""
        number = self.prices.reference
        prices = self.prices[number]
        short = [k.bound(number) - float(k.block.priced(prices).cost @ values[k.block.columns]) for k in self.known]
        return np.maximum(np.where(np.isfinite(short), short, 1.0), 0.0)

    def place(self, free: np.ndarray, held: np.ndarray, plan: np.ndarray) -> bool:
        """Offer a plan of the whole: some columns as solved, the others as held; whether it is the best now."""
        values = held.copy()
        values[free] = np.where(self.whole.integer[free], np.round(plan), plan)
        bound = self.board.bound
        objective = float(self.whole.cost @ values + self.whole.constant)
        if objective > bound + TOLERANCE * max(1.0, abs(bound)):
            raise ChengxiangError(
                f"internal error: a plan of {objective:.6f} was found although {bound:.6f} was proved to be the most; "
                "no result is published. Please report this with the configuration."
            )
        better = self.board.offer(values)
        if better:
            self._remember()
        return better

    def _remember(self) -> None:
        """The best plan's part of every block is a plan of that block."""
        values = self.board.values
        if values is not None:
            for known in self.known:
                known.learn([values[known.block.columns]])


@dataclass
class _Taker:
    work: Decomposition
    known: Known
    number: int

    def __call__(self, answer: Answer) -> None:
        self.work.take_bound(self.known, self.number, answer)


@dataclass
class _Placer:
    work: Decomposition
    free: np.ndarray
    held: np.ndarray

    def __call__(self, answer: Answer) -> None:
        for plan in answer.plans[-1:]:
            self.work.place(self.free, self.held, plan)


@dataclass
class _Improver:
    work: Decomposition
    free: np.ndarray
    held: np.ndarray
    learner: Merging | Surroundings

    def __call__(self, answer: Answer) -> None:
        better = False
        for plan in answer.plans[-1:]:
            better = self.work.place(self.free, self.held, plan)
        self.learner.learn(better, answer.termination == "optimal")
