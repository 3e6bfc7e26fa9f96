"""A plan beside the proof: HiGHS proves on the whole model in one thread while good plans are searched in another.

The search is generic over Compiled models: bundles of clusters are planned one after the other within a fair share of the
shared resources, the others held; then bundles are freed with all that is left (large neighbourhood search; Shaw 1998).
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
from optimizer.solve.blocks import clusters
from optimizer.solve.highs import Solved, run
from optimizer.solve.progress import Listener, Progress
from optimizer.solve.settings import SolverSettings

PATIENCE = 5.0
"""Seconds the whole model gets alone before a search is begun beside it."""
BUNDLES = 20
"""Share of all choices that are freed at once, as its inverse."""
STEP_SECONDS = 6.0
STEP_GAP = 0.003
FIRST_GAP = 0.01


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
    compiled: Compiled,
    settings: SolverSettings,
    *,
    start: np.ndarray | None,
    stage: str,
    time_limit: float,
    listener: Listener,
    stop: threading.Event,
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
        proof = pool.submit(
            run,
            compiled,
            settings,
            start=start,
            stage=stage,
            time_limit=time_limit,
            listener=board.hear,
            stop=quiet,
            found=board.offer,
        )
        proof.add_done_callback(lambda _: ended.set())
        alone = time_limit + PATIENCE if settings.threads == 1 else min(PATIENCE, time_limit)
        if not _wait(ended, stop, board, began + alone):
            search = pool.submit(_search, board, settings, began + time_limit, ended, quiet)
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


def _search(
    board: Board, settings: SolverSettings, until: float, ended: threading.Event, quiet: threading.Event
) -> None:
    """Plan bundle by bundle within a fair share of what is shared, then improve bundle by bundle with all of it."""
    compiled = board.compiled
    for bundle in _bundles(compiled, settings.seed):
        left = until - time.monotonic()
        if quiet.is_set() or ended.is_set() or left <= 0 or board.values is None:
            return
        held = _shared_out(_held(compiled, board.values, bundle.free), board.values, bundle.share)
        step = replace(settings, mip_gap=STEP_GAP if bundle.share >= 1 else FIRST_GAP)
        limit = min(STEP_SECONDS, max(0.5, left))
        board.offer(run(held, step, start=board.values, stage="search", time_limit=limit, stop=quiet).values)


@dataclass(frozen=True)
class Bundle:
    """Columns that are freed together, and how much of what is left of shared resources they may take."""

    free: np.ndarray
    share: float


def _bundles(compiled: Compiled, seed: int) -> Iterator[Bundle]:
    """Clusters bundled at random, every cluster once a turn; fair shares by what they might spend in the first turn."""
    rng = np.random.default_rng(seed)
    parts = clusters(compiled)
    weight = _weights(compiled, parts)
    most = max(1.0, compiled.integer.sum() / BUNDLES)
    for turn in itertools.count() if parts else ():
        waiting = float(weight.sum())
        for members in _packed(rng.permutation(len(parts)), [int(compiled.integer[p].sum()) for p in parts], most):
            free = np.zeros(compiled.matrix.shape[1], bool)
            free[np.concatenate([parts[i] for i in members])] = True
            mine = float(weight[members].sum())
            yield Bundle(free, 1.0 if turn else mine / max(waiting, mine, 1e-9))
            waiting -= mine


def _packed(order: np.ndarray, sizes: list[int], most: float) -> Iterator[list[int]]:
    """Members in order, in packs of about ``most``."""
    pack: list[int] = []
    for i in order:
        pack.append(int(i))
        if sum(sizes[k] for k in pack) >= most:
            yield pack
            pack = []
    if pack:
        yield pack


def _weights(compiled: Compiled, parts: list[np.ndarray]) -> np.ndarray:
    """What the choices of each cluster might spend, or their number where nothing is spent."""
    spending = abs(compiled.matrix[compiled.rows.of_family("spending")][:, compiled.integer]).sum(axis=0)
    cost = np.zeros(compiled.matrix.shape[1])
    cost[compiled.integer] = np.asarray(spending).ravel()
    weight = np.array([cost[p].sum() for p in parts])
    return weight if weight.sum() > 0 else np.array([float(compiled.integer[p].sum()) for p in parts])


def _shared_out(held: Compiled, values: np.ndarray, share: float) -> Compiled:
    """The model in which at most a share of what is left of each shared resource may be taken."""
    if share >= 1:
        return held
    rows = np.flatnonzero(held.rows.linking & np.isfinite(held.row_upper))
    used = held.matrix[rows] @ values
    upper = held.row_upper.copy()
    upper[rows] = np.maximum(used, used + share * (upper[rows] - used))
    return replace(held, row_upper=upper)


def _held(compiled: Compiled, values: np.ndarray, free: np.ndarray) -> Compiled:
    """The model with all whole-number and structural columns outside the neighbourhood at their values."""
    hold = ~free & (compiled.integer | compiled.columns.structural)
    at = np.where(compiled.integer, np.round(values), values)
    at = np.clip(at, compiled.col_lower, compiled.col_upper)
    return replace(
        compiled,
        col_lower=np.where(hold, at, compiled.col_lower),
        col_upper=np.where(hold, at, compiled.col_upper),
        integer=compiled.integer & ~hold,
    )
