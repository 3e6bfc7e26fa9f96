"""Improve a plan part by part: some clusters are freed, all other choices held (large neighbourhood search; Shaw 1998)."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import clusters
from optimizer.solve.board import Board
from optimizer.solve.highs import run
from optimizer.solve.settings import SolverSettings

BUNDLES = 20
"""Share of all choices that are freed at once, as its inverse."""
STEP_SECONDS = 6.0
STEP_GAP = 0.003


class Neighbourhoods:
    """Bundles of clusters drawn at random, every cluster once a turn, for as long as it is asked for more."""

    def __init__(self, board: Board, settings: SolverSettings) -> None:
        self.board = board
        self.settings = replace(settings, mip_gap=STEP_GAP)
        self.bundles = _bundles(board.compiled, np.random.default_rng(settings.seed))

    def improve(self, until: float, stop: threading.Event) -> None:
        """Free one bundle after the other until a time (of the monotonic clock), or until told to stop."""
        compiled, board = self.board.compiled, self.board
        for free in self.bundles:
            left = until - time.monotonic()
            if stop.is_set() or board.closed.is_set() or left <= 0 or board.values is None:
                return
            held, limit = _held(compiled, board.values, free), min(STEP_SECONDS, max(0.5, left))
            solved = run(held, self.settings, start=board.values, stage="search", time_limit=limit, stop=stop)
            board.offer(solved.values)


def _bundles(compiled: Compiled, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Which columns are freed together, for ever."""
    parts = clusters(compiled)
    sizes = [int(compiled.integer[p].sum()) for p in parts]
    most = max(1.0, compiled.integer.sum() / BUNDLES)
    for _ in itertools.count() if parts else ():
        for members in _packed(rng.permutation(len(parts)), sizes, most):
            free = np.zeros(compiled.matrix.shape[1], bool)
            free[np.concatenate([parts[i] for i in members])] = True
            yield free


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
