"""Improve a plan part by part: some clusters are freed, all other choices held (large neighbourhood search; Shaw 1998)."""

from __future__ import annotations

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

FIRST_SHARE, MOST_SHARE = 0.05, 0.5
"""Share of all choices that are freed at once, at first and at most."""
STEP_SECONDS = 6.0
STEP_GAP = 0.003
"""Relative gap at which a step is good enough, at first."""
WIDER, CLOSER = 1.5, 0.25
"""What share and gap are multiplied by after a turn that found nothing."""


class Neighbourhoods:
    """Bundles of clusters drawn at random, every cluster once a turn, for as long as it is asked for more.

    A turn that finds nothing is followed by one that frees more at once and solves it closer, or less where time ran out.

    Parameters
    ----------
    board
        Takes better plans.
    compiled
        The model, maybe with rows that the board's has not.
    """

    def __init__(self, board: Board, compiled: Compiled, settings: SolverSettings) -> None:
        self.board, self.compiled, self.asked = board, compiled, settings.mip_gap
        self.settings = replace(settings, mip_gap=STEP_GAP)
        self.rng = np.random.default_rng(settings.seed)
        self.parts = clusters(compiled)
        self.choices = [int(compiled.integer[part].sum()) for part in self.parts]
        self.share = FIRST_SHARE

    def improve(self, until: float, stop: threading.Event) -> None:
        """Free one bundle after the other until a time (of the monotonic clock), or until told to stop."""
        board = self.board
        while self.parts:
            before, in_time = board.objective, True
            for free in self._turn():
                left = until - time.monotonic()
                if stop.is_set() or board.closed.is_set() or left <= 0 or board.values is None:
                    return
                held, limit = _held(self.compiled, board.values, free), min(STEP_SECONDS, max(0.5, left))
                solved = run(held, self.settings, start=board.values, stage="search", time_limit=limit, stop=stop)
                board.offer(solved.values)
                in_time &= solved.termination == "optimal"
            if board.objective <= before:
                self._learn(in_time)

    def _learn(self, in_time: bool) -> None:
        """How the next turn differs from one that found nothing."""
        gap = self.settings.mip_gap * (CLOSER if in_time else 1.0)
        self.settings = replace(self.settings, mip_gap=max(gap, self.asked))
        self.share = min(max(self.share * (WIDER if in_time else 1.0 / WIDER), FIRST_SHARE), MOST_SHARE)

    def _turn(self) -> Iterator[np.ndarray]:
        """Which columns are freed together, until every cluster was."""
        for members in _packed(self.rng.permutation(len(self.parts)), self.choices, self.share * sum(self.choices)):
            free = np.zeros(self.compiled.matrix.shape[1], bool)
            free[np.concatenate([self.parts[i] for i in members])] = True
            yield free


def _packed(order: np.ndarray, sizes: list[int], most: float) -> Iterator[list[int]]:
    """Members in order, in packs of about ``most``."""
    pack: list[int] = []
    size = 0
    for i in order:
        pack.append(int(i))
        size += sizes[i]
        if size >= most:
            yield pack
            pack, size = [], 0
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
