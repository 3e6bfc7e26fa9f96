"""A plan and its proof for a model that falls apart once the money that all share is priced.

Rounds of Lagrangian relaxation (Geoffrion 1974) over the blocks of `blocks.find_blocks`: at prices of the shared rows every
block is a small MIP of its own. The sum of the blocks' own dual bounds plus price times resource is a bound on the whole; the
blocks' plans are columns of a master (Dantzig and Wolfe 1960) that takes one of each and pays for all of them afresh.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Block, find_blocks
from optimizer.solve.board import Board
from optimizer.solve.highs import Solved, run
from optimizer.solve.master import Master
from optimizer.solve.neighbourhoods import Neighbourhoods
from optimizer.solve.settings import SolverSettings

MOST_COLUMNS = 12
"""Columns kept of one solve of a block: its last improvements."""
MOVES, FIRST_REACH, CALMER = 3, 0.3, 0.6
"""Short passes that look for prices; how far the first may move them, as a share of the largest; how much less each next one."""
PASS_SHARE, PROOF_SHARE, IMPROVE_SHARE = 0.07, 0.5, 0.9
"""Shares of the time for a short pass over all blocks; of what is left then, for the proof at the best prices by all workers; of
what is left then, for neighbourhoods of the plan beside the widest gaps."""
FEWEST_BLOCKS, FEWEST_CHOICES = 4, 3000
"""From when on a model is solved by blocks."""
BLOCK_GAP = 0.003
MASTER_SECONDS = 10.0


def falls_apart(compiled: Compiled) -> bool:
    """Whether a model is large enough, and loose enough, to be solved by blocks."""
    if compiled.integer.sum() < FEWEST_CHOICES:
        return False
    _, blocks = find_blocks(compiled)
    return sum(int(block.model.integer.any()) for block in blocks) >= FEWEST_BLOCKS


@dataclass
class Known:
    """What is known of one block: its plans, and its proven most at given prices."""

    block: Block
    columns: list[np.ndarray] = field(default_factory=list)
    bounds: list[tuple[np.ndarray, float]] = field(default_factory=list)

    def best(self, prices: np.ndarray) -> float:
        """The most that a known plan is worth at these prices."""
        priced = self.block.priced(prices)
        return max((float(priced.cost @ x) for x in self.columns), default=-np.inf)

    def start(self, model: Compiled) -> np.ndarray | None:
        """The best known plan that the rows of a model of this block admit."""
        admitted = [x for x in self.columns if _admits(model, x)]
        return max(admitted, key=lambda x: float(model.cost @ x), default=None)

    def spending(self, prices: np.ndarray) -> float:
        """What the best known plan at these prices would pay for the shared rows."""
        priced = self.block.priced(prices)
        best = max(self.columns, key=lambda x: float(priced.cost @ x), default=np.zeros(len(priced.cost)))
        return max(0.0, float(prices @ (self.block.shared @ best)))

    def used(self, values: np.ndarray | None) -> np.ndarray:
        """What a plan of the whole uses of the shared rows here."""
        here = np.zeros(len(self.block.columns)) if values is None else values[self.block.columns]
        return np.asarray(self.block.shared @ here)

    def bound(self, prices: np.ndarray) -> float:
        """The proven most at these prices."""
        return min((b for at, b in self.bounds if np.array_equal(at, prices)), default=np.inf)


class Decomposition:
    """Blocks under prices, by as many workers as there are processors to use."""

    def __init__(self, board: Board, settings: SolverSettings, stop: threading.Event, until: float) -> None:
        self.board, self.stop, self.until = board, stop, until
        self.settings = replace(settings, mip_gap=max(BLOCK_GAP, settings.mip_gap / 2))
        self.shared, blocks = find_blocks(board.compiled)
        self.known = [Known(block) for block in blocks if block.model.integer.any()]
        self.rest = [block for block in blocks if not block.model.integer.any()]
        self.lower, self.upper = board.compiled.row_lower[self.shared], board.compiled.row_upper[self.shared]
        self.workers = 1 if settings.threads == 1 else 2
        self.master = Master(board.compiled, self.shared, self.rest)
        self.neighbourhoods = Neighbourhoods(board, settings)
        self.prices = self.best_prices = self.sign = np.zeros(len(self.shared))
        self.best_bound = np.inf
        self.reach, self.infeasible = FIRST_REACH, False
        if board.values is not None:
            for known in self.known:
                known.columns.append(board.values[known.block.columns])

    # ---- the story
    def solve(self) -> str:
        """Find prices in short passes over the blocks; then prove at them, and improve the plan beside.

        Returns
        -------
        str
            Termination: 'infeasible' where the relaxation or a block has no plan, else 'time_limit'.
        """
        self.prices = self._first_prices()
        self.best_prices, self.sign = self.prices, np.sign(self.prices)
        short = self._left() * PASS_SHARE
        if not self.infeasible:
            self._pass(short, self.known)
        if self.infeasible:
            return "infeasible"
        self._combine()
        self._prove_and_improve(2 * short)
        self._pass_within(short)
        self._combine()
        while not self._over():
            for _ in range(MOVES):
                self._move()
                self._pass(min(short, self._left()), self.known)
                self._combine()
            self.prices = self.best_prices
            self._pass(self._left() * PROOF_SHARE, self._widest())
            self._combine()
            self._prove_and_improve(self._left() * IMPROVE_SHARE)
            self._pass_within(min(short, self._left()))
            self._combine()
        return "time_limit"

    def _move(self) -> None:
        """Prices at which the plans known would be worth least, not far from those at hand, less far each time."""
        columns = self._columns()
        if not columns:
            return
        within = self.reach * float(np.abs(self.prices).max(initial=0.0))
        self.prices = self.master.prices(columns, self.prices, self.sign, within, self.settings)
        self.reach *= CALMER

    def _widest(self) -> list[Known]:
        """Blocks whose gap at the prices is open, the widest first."""
        best = np.array([known.best(self.prices) for known in self.known])
        gaps = np.array([known.bound(self.prices) for known in self.known]) - best
        return [self.known[i] for i in np.argsort(-gaps) if gaps[i] > self.settings.mip_gap * abs(best[i])]

    def _left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def _over(self) -> bool:
        return self.stop.is_set() or self.board.closed.is_set() or self._left() <= 1.0

    # ---- prices
    def _first_prices(self) -> np.ndarray:
        """Shadow prices of the shared rows in the relaxation of the whole."""
        whole = self.board.compiled
        solved = run(
            replace(whole, integer=np.zeros_like(whole.integer)),
            replace(self.settings, options={}),
            time_limit=self._left(),
        )
        self.infeasible = solved.termination == "infeasible"
        if solved.duals is None:
            return np.zeros(len(self.shared))
        self.board.hear_bound(solved.bound)
        size = np.where(np.isclose(self.lower, self.upper), 0.0, solved.duals[self.shared])
        return np.where(np.isfinite(self.upper), size, np.where(np.isfinite(self.lower), -size, 0.0))

    # ---- blocks
    def _prove_and_improve(self, seconds: float) -> None:
        """Blocks solved for long, the widest gap first, and beside them neighbourhoods of the plan."""
        until, halt = min(self.until, time.monotonic() + seconds), threading.Event()
        widest = self._widest()
        if self.workers == 1:
            self._pass(seconds / 2, widest)
            self.neighbourhoods.improve(until, halt)
            return
        with ThreadPoolExecutor(1) as pool:
            plan = pool.submit(self.neighbourhoods.improve, until, halt)
            self._pass(seconds, widest, workers=1)
            halt.set()
            plan.result()

    def _pass(self, seconds: float, chosen: list[Known], workers: int | None = None) -> None:
        """Solve blocks at one price vector; their bounds together are a bound on the whole."""
        prices = self.prices
        todo = [(known, known.block.priced(prices)) for known in chosen]
        for known, solved in self._solved(todo, seconds, workers or self.workers):
            known.bounds.append((prices, solved.bound))
            self.infeasible |= solved.termination == "infeasible"
        self._tell_bound(prices)

    def _pass_within(self, seconds: float) -> None:
        """Solve every block within what it uses now and its part of what is left, at no price.

        Parts are as large as what a block would spend at the prices; rows without a price are open to all.
        """
        wanted = np.array([known.spending(self.prices) for known in self.known])
        parts = wanted / wanted.sum() if wanted.sum() > 0 else np.full(len(wanted), 1 / len(wanted))
        left = self._left_over()
        todo = []
        for known, share in zip(self.known, parts, strict=True):
            used, taken = known.used(self.board.values), np.where(self.sign != 0, share, 1.0)
            todo.append((known, known.block.allotted(*(used + _times(taken, free) for free in left))))
        for _ in self._solved(todo, seconds, self.workers):
            pass

    def _left_over(self) -> tuple[np.ndarray, np.ndarray]:
        """What the plan leaves of the shared rows, from below and from above."""
        if self.board.values is None:
            return self.lower, self.upper
        used = self.board.compiled.matrix.tocsr()[self.shared] @ self.board.values
        return np.minimum(self.lower - used, 0.0), np.maximum(self.upper - used, 0.0)

    def _solved(
        self, todo: list[tuple[Known, Compiled]], seconds: float, workers: int
    ) -> Iterator[tuple[Known, Solved]]:
        """Solve each, the largest for longest, and hand over what was found in the order given."""
        weight = np.array([model.integer.sum() for _, model in todo], float)
        limits = np.maximum(1.0, workers * seconds * weight / max(1.0, weight.sum()))
        with ThreadPoolExecutor(workers) as pool:
            solves = [pool.submit(self._solve, *one, limit) for one, limit in zip(todo, limits, strict=True)]
            for (known, _), solve in zip(todo, solves, strict=True):
                yield known, solve.result()

    def _solve(self, known: Known, model: Compiled, limit: float) -> Solved:
        seen: list[np.ndarray] = []

        def found(values: np.ndarray) -> bool:
            seen.append(values)
            return True

        limit = min(limit, max(0.5, self._left()))
        start = known.start(model)
        solved = run(model, self.settings, start=start, time_limit=limit, stop=self.stop, found=found)
        known.columns += seen[-MOST_COLUMNS:]
        if solved.values is not None:
            known.columns.append(solved.values)
        return solved

    def _tell_bound(self, prices: np.ndarray) -> None:
        """The Lagrangian bound at these prices."""
        bound = self.board.compiled.constant + float(
            prices[prices > 0] @ self.upper[prices > 0] + prices[prices < 0] @ self.lower[prices < 0]
        )
        bound += sum(known.bound(prices) for known in self.known)
        for block in self.rest:
            bound += run(block.priced(prices), replace(self.settings, options={}), time_limit=60.0).bound
        self.board.hear_bound(bound)
        if bound < self.best_bound:
            self.best_bound, self.best_prices = bound, prices

    # ---- plans
    def _combine(self) -> None:
        """One plan of each block, paid for afresh."""
        columns = self._columns()
        if self._over() or not columns:
            return
        limit = min(MASTER_SECONDS, max(1.0, self._left()))
        self.board.offer(self.master.best(columns, self.board.values, self.settings, limit, self.stop))
        self._keep_incumbent()

    def _columns(self) -> list[tuple[Block, list[np.ndarray]]]:
        """Known plans of every block; none at all while one block has none."""
        columns = [(known.block, known.columns) for known in self.known]
        return columns if all(plans for _, plans in columns) else []

    def _keep_incumbent(self) -> None:
        if self.board.values is not None:
            for known in self.known:
                known.columns.append(self.board.values[known.block.columns])


def _times(share: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Product in which nothing of an unlimited amount is nothing."""
    return np.where(np.isfinite(amount), share * np.where(np.isfinite(amount), amount, 0.0), amount)


def _admits(model: Compiled, values: np.ndarray, tolerance: float = 1e-6) -> bool:
    activity = model.matrix @ values
    return bool((activity <= model.row_upper + tolerance).all() and (activity >= model.row_lower - tolerance).all())
