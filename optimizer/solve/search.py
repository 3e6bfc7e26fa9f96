"""A plan beside the proof: HiGHS proves on the whole model in one thread while good plans are searched in another.

The search is generic over Compiled models: relax, open only what the relaxation wants (RENS; Berthold 2014), then free one
block of counties at a time with all the rest held (large neighbourhood search; Shaw 1998).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import find_blocks
from optimizer.solve.highs import Solved, run
from optimizer.solve.progress import Listener, Progress
from optimizer.solve.settings import SolverSettings

PATIENCE = 5.0
"""Seconds the whole model gets alone before a search is begun beside it."""
WANTED = 1e-4
RENS_GAP = 0.01
RENS_SHARE = 0.25
STEP_SECONDS = 12.0
STEP_GAP = 0.002


@dataclass
class Board:
    """What is known so far: best plan and best bound, shared by the threads."""

    compiled: Compiled
    gap: float
    listener: Listener
    stage: str
    began: float = field(default_factory=time.monotonic)
    values: np.ndarray | None = None
    objective: float = -np.inf
    bound: float = np.inf
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def offer(self, values: np.ndarray | None) -> bool:
        """Take a plan if it is better; whether it was."""
        if values is None:
            return False
        objective = float(self.compiled.cost @ values + self.compiled.constant)
        with self.lock:
            if objective <= self.objective + 1e-9 * max(1.0, abs(self.objective)):
                return False
            self.values, self.objective = values, objective
        self._tell()
        return True

    def hear(self, progress: Progress) -> None:
        """Progress of the proof: its bound, and how its own plan compares."""
        with self.lock:
            if progress.bound is not None:
                self.bound = min(self.bound, progress.bound)
        self._tell(progress.incumbent)

    def _tell(self, other: float | None = None) -> None:
        best = max(self.objective, -np.inf if other is None else other)
        known = best if np.isfinite(best) else None
        bound = self.bound if np.isfinite(self.bound) else None
        self.listener(Progress(self.stage, time.monotonic() - self.began, known, bound))
        if known is not None and bound is not None and bound - known <= self.gap * max(abs(known), 1e-9):
            self.closed.set()


def solve_whole(
    compiled: Compiled, settings: SolverSettings, *, start: np.ndarray | None, stage: str, time_limit: float,
    listener: Listener, stop: threading.Event,
) -> Solved:
    """Maximise a Compiled: proof on the whole, search beside it when the proof takes long.

    Parameters
    ----------
    stop
        Set by the caller to end both and keep the best plan.
    """
    began = time.monotonic()
    board = Board(compiled, settings.mip_gap, listener, stage)
    board.offer(start)
    quiet, ended = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        one = replace(settings, threads=1)
        proof = pool.submit(run, compiled, one, start=start, stage=stage, time_limit=time_limit, listener=board.hear, stop=quiet)
        proof.add_done_callback(lambda _: ended.set())
        if not _wait(ended, stop, board, began + min(PATIENCE, time_limit)):
            search = pool.submit(_search, board, one, began + time_limit, ended, quiet)
            _wait(ended, stop, board, began + time_limit + PATIENCE)
            quiet.set()
            search.result()
        quiet.set()
        return _combined(proof, board, stop, time.monotonic() - began)


def _wait(ended: threading.Event, stop: threading.Event, board: Board, until: float) -> bool:
    """Wait for the proof, an interrupt, or a closed gap; whether one of them came."""
    while time.monotonic() < until:
        if ended.wait(0.05) or stop.is_set() or board.closed.is_set():
            return True
    return False


def _combined(proof: Future[Solved], board: Board, stop: threading.Event, seconds: float) -> Solved:
    solved = proof.result()
    board.offer(solved.values)
    bound = min(solved.bound, board.bound) if np.isfinite(solved.bound) else board.bound
    closed = board.values is not None and bound - board.objective <= board.gap * max(abs(board.objective), 1e-9)
    termination = "optimal" if closed else "interrupted" if stop.is_set() else solved.termination
    if termination == "interrupted" and not stop.is_set():
        termination = "time_limit"
    return Solved(termination, board.values, board.objective, max(bound, board.objective), seconds)


def _search(board: Board, settings: SolverSettings, until: float, ended: threading.Event, quiet: threading.Event) -> None:
    """Relax, open what the relaxation wants, then one neighbourhood after the other until told to stop."""
    compiled = board.compiled
    relaxed = replace(compiled, integer=np.zeros_like(compiled.integer))
    interior = replace(settings, options={**settings.options, "solver": "ipm", "run_crossover": "off"})
    wanted = run(relaxed, interior, stage="relax", time_limit=max(1.0, until - time.monotonic()), stop=quiet)
    left = until - time.monotonic()
    if wanted.values is not None and left > 0 and not quiet.is_set():
        closed = compiled.integer & (wanted.values < WANTED) & (compiled.col_lower <= 0)
        narrow = replace(compiled, col_upper=np.where(closed, np.minimum(compiled.col_upper, 0.0), compiled.col_upper))
        found = run(narrow, replace(settings, mip_gap=RENS_GAP), stage="rens", time_limit=RENS_SHARE * left, stop=quiet)
        board.offer(found.values)
    for free in _neighbourhoods(compiled, settings.seed):
        if quiet.is_set() or ended.is_set() or time.monotonic() >= until or board.values is None:
            return
        held = _held(compiled, board.values, free)
        step = replace(settings, mip_gap=STEP_GAP)
        limit = min(STEP_SECONDS, max(0.5, until - time.monotonic()))
        board.offer(run(held, step, start=board.values, stage="search", time_limit=limit, stop=quiet).values)


def _neighbourhoods(compiled: Compiled, seed: int) -> Iterator[np.ndarray]:
    """Masks of counties' columns to free: each block in turn, then random pairs of blocks, for ever."""
    _, blocks = find_blocks(compiled)
    parts = [b.columns for b in blocks if b.model.integer.any()]
    rng = np.random.default_rng(seed)
    if not parts:
        return
    for turn in itertools.count():
        for i in rng.permutation(len(parts)):
            free = np.zeros(compiled.matrix.shape[1], bool)
            free[parts[i]] = True
            if turn % 2:
                free[parts[int(rng.integers(len(parts)))]] = True
            yield free


def _held(compiled: Compiled, values: np.ndarray, free: np.ndarray) -> Compiled:
    """The model with all whole-number and structural columns outside the neighbourhood at their values."""
    hold = ~free & (compiled.integer | compiled.columns.structural)
    at = np.where(compiled.integer, np.round(values), values)
    at = np.clip(at, compiled.col_lower, compiled.col_upper)
    return replace(
        compiled, col_lower=np.where(hold, at, compiled.col_lower), col_upper=np.where(hold, at, compiled.col_upper),
        integer=compiled.integer & ~hold,
    )
