"""Plans of the whole from what the blocks propose: pieces and mergers of their plans, and neighbourhoods of the best plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np

from optimizer.solve.board import Board
from optimizer.solve.crossover import Crossover
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.merging import Merging
from optimizer.solve.milp import Milp, some_columns
from optimizer.solve.streams import Job
from optimizer.solve.surroundings import Surroundings
from optimizer.solve.tasks import LEAST_SECONDS, MOST_SECONDS, Tasks
from optimizer.solve.work import ONE_PROGRAMME, Answer

MERGE_SHARE, STEP_SHARE = 0.08, 0.015
"""Shares of the time for one merger, for one neighbourhood."""
FIRST_LONGER = 2.0
"""How much longer the first merger may take: it gains most, and one that is ended before it has found its plan leaves the same to
the next."""
STEP_GAP, MOST_GAP = 5e-4, 0.01
"""Relative gap at which mergers and neighbourhoods end, at least and at most."""
OF_OPEN = 0.02
"""That gap as a share of the whole's: the last per mille of a part takes most of its time, and is worth nothing yet where a tenth
of the whole is open."""
NARROW_SHARE = 0.5
"""Of the time of a neighbourhood after one that was not solved in time: for the choices of its relaxation alone."""
FIRST_GAP = 0.2
"""Of a first plan: any will do, mergers make it better."""
STEPS = 6
"""Neighbourhoods between two mergers, where mergers do not pay and no more is known of the blocks."""
WORTH_WHILE = 1e-3
"""Relative gain from which on a merger pays."""
LITTLE = 1e-4
"""Relative gain of a merger and its neighbourhoods up to which plans rest until more is known of the blocks."""


class Plans:
    """The stream of plans beside the proofs of the blocks.

    Parameters
    ----------
    knowledge
        What is known of the blocks; the best plan's part of every block is learned as a plan of it.

    Attributes
    ----------
    ready
        Whether all blocks have been met, so that their plans can be merged.
    resting
        Whether what is known of the blocks has been tried, and has given nothing any more.
    fresh
        Whether more is known of the blocks than when they were merged last.
    ended
        Whether no more will be known of the blocks.
    """

    def __init__(self, board: Board, knowledge: Knowledge, tasks: Tasks) -> None:
        self.board, self.tasks = board, tasks
        self.knowledge, self.known, self.prices = knowledge, knowledge.blocks, knowledge.prices
        self.whole = board.compiled
        self.around = Surroundings(board.compiled, knowledge.split, tasks.settings.seed)
        self.merging = Merging(self.around, tasks.settings.seed)
        self.crossover = Crossover(board.compiled, knowledge.split)
        self.tried = 0
        self.ready = self.resting = self.fresh = self.ended = False
        self.gained = np.inf

    def wake(self) -> None:
        """More is known of the blocks."""
        self.ready, self.resting, self.fresh = True, False, True

    @property
    def gaining(self) -> float:
        """What the last merger or neighbourhood gained for each second of processor time; infinite where none has tried what is known."""
        return np.inf if self.fresh else self.gained

    def jobs(self) -> Iterator[Job | None]:
        """Mergers while they pay, neighbourhoods between those that do not; once all blocks were met, and there is a plan.

        Of a plan that was given, before anything is known of the blocks, pieces that do not pay are left out.
        """
        if self.board.values is not None and not self.knowledge.met:
            yield from self._fewer()
        while not self.ended:
            if self.board.values is None:
                yield self._first()
                continue
            if not self.ready:
                yield None
                continue
            before = self.board.objective
            if self.fresh:
                self.fresh, self.gained = False, np.inf
                yield from self._cross()
            yield self._merge()
            while self.merging.under_way:
                yield self._improve()
            if self.board.objective - before <= WORTH_WHILE * abs(before):
                for _ in range(STEPS):
                    if self.fresh:
                        break
                    yield self._improve()
            self.resting |= self.board.objective - before <= LITTLE * abs(before)

    def _first(self) -> Job | None:
        """What any plan known of the blocks makes, decided together, where starting nothing is no plan (floors, say).

        None where no more is known than when this was tried last.
        """
        known = sum(len(one.plans) for one in self.known)
        if known <= self.tried or not all(one.plans for one in self.known):
            return None
        self.tried = known
        low = np.where(self.whole.integer, self.whole.col_lower, 0.0)
        free = ~self.whole.integer
        for one in self.known:
            free[one.block.columns] |= np.max(one.plans, axis=0) > low[one.block.columns] + 0.5
        chosen = np.flatnonzero(free)
        task = self.tasks.make(some_columns(self.whole, chosen, low), None, FIRST_GAP, MOST_SECONDS)

        def take(answer: Answer) -> None:
            for plan in answer.plans[-1:]:
                self.place(chosen, low, plan)

        return Job(replace(task, options={}), take)

    def _fewer(self) -> Iterator[Job | None]:
        """The best plan without the pieces of it that do not pay: crossed with what starts nothing, where that is a plan."""
        held = np.where(self.whole.integer, self.whole.col_lower, 0.0)
        free = np.flatnonzero(~self.whole.integer)
        answers: list[Answer] = []
        yield Job(self.tasks.make(some_columns(self.whole, free, held), None, 0.0, MOST_SECONDS), answers.append)
        while not answers:
            yield None
        for plan in answers[0].plans[-1:]:
            held[free] = plan
            self._learn(held)
            yield from self._cross()

    def _cross(self) -> Iterator[Job | None]:
        """Pieces of the blocks' plans in place of what the best plan of the whole does; what is merged next waits for it."""
        prices = np.zeros(len(self.knowledge.split.shared)) if self.prices.empty else self.prices[self.prices.reference]
        crossing = self.crossover.of(self.known, prices, self._best())
        limit = self.tasks.limit(STEP_SHARE * self.tasks.seconds)
        came: list[bool] = []

        def take(answer: Answer) -> None:
            came.append(any(self._take(crossing.plan(plan)) for plan in answer.plans[-1:]))

        yield Job(self.tasks.make(crossing.model, crossing.start, STEP_GAP, limit), take)
        while not came:
            yield None

    def _merge(self) -> Job:
        """What the blocks' best plans and the best plan of the whole disagree on, decided together."""
        values = self._best()
        prices = self.prices[self.prices.reference]
        free = self.merging.columns(self.known, prices, values, self._shortfall(values))
        share = MERGE_SHARE * (1.0 if self.merging.begun else FIRST_LONGER)
        limit = self.tasks.limit(share * self.tasks.seconds)
        task = self.tasks.make(self._part(free, values), values[free], self._gap(), limit)
        return Job(replace(task, options=ONE_PROGRAMME), partial(self._improved, self.merging, free, values))

    def settle(self, values: np.ndarray) -> Job:
        """Amounts and payments for given choices."""
        held = np.where(self.whole.integer, np.round(values), values)
        free = np.flatnonzero(~self.whole.integer)
        task = self.tasks.make(some_columns(self.whole, free, held), None, 0.0, MOST_SECONDS)

        def take(answer: Answer) -> None:
            for plan in answer.plans[-1:]:
                self.place(free, held, plan)

        return Job(task, take)

    def _improve(self) -> Job:
        """A neighbourhood of the best plan."""
        values = self._best()
        free = self.around.columns(self.around.blocks(self._shortfall(values)))
        model = self._part(free, values)
        limit = self.tasks.limit(STEP_SHARE * self.tasks.seconds)
        task = self.tasks.make(model, values[free], self._gap(), limit)
        task = replace(task, narrow=NARROW_SHARE if self.around.hurried else 0.0)
        return Job(task, partial(self._improved, self.around, free, values))

    def _part(self, free: np.ndarray, values: np.ndarray) -> Milp:
        """The whole over some columns, with the rows found for parts of the blocks."""
        part, cuts = some_columns(self.whole, free, values), self.knowledge.cuts()
        return part if cuts is None else cuts.held(free, values).below(part)

    def _gap(self) -> float:
        """Where a programme over a part of the whole may end."""
        opened = (self.board.bound - self.board.objective) / max(abs(self.board.objective), 1e-9)
        return float(np.clip(OF_OPEN * opened, STEP_GAP, MOST_GAP))

    def _improved(self, learner: Merging | Surroundings, free: np.ndarray, held: np.ndarray, answer: Answer) -> None:
        before = self.board.objective
        better = any(self.place(free, held, plan) for plan in answer.plans[-1:])
        self.gained = (self.board.objective - before) / max(answer.seconds, LEAST_SECONDS)
        learner.learn(better, answer.termination == "optimal")

    def _best(self) -> np.ndarray:
        return cast(np.ndarray, self.board.values)

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
        return self._take(values)

    def _take(self, values: np.ndarray) -> bool:
        """Offer values of all columns; whether they are the best plan now."""
        better = self.board.place(values)
        if better:
            self.remember()
        return better

    def remember(self) -> None:
        """The best plan's part of every block is a plan of that block."""
        if self.board.values is not None:
            self._learn(self.board.values)

    def _learn(self, values: np.ndarray) -> None:
        """The parts of a plan are plans of the blocks."""
        for known in self.known:
            known.learn([values[known.block.columns]])
