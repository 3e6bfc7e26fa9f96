"""A plan beside the proof: HiGHS proves on the whole model in one thread while plans are improved in another.

Each tells the other of its plans: a proof that knows a better plan leaves more of its tree aside.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split
from optimizer.solve.board import Board
from optimizer.solve.decomposed import Decomposition
from optimizer.solve.highs import Solved, run
from optimizer.solve.memory import Memory
from optimizer.solve.neighbourhoods import Neighbourhoods
from optimizer.solve.progress import Listener
from optimizer.solve.settings import SolverSettings

FEWEST_BLOCKS, FEWEST_CHOICES = 4, 3000
"""From when on a model is solved by blocks."""
PATIENCE = 5.0
"""Seconds the whole model gets alone before a search is begun beside it."""


def solve_compiled(
    compiled: Compiled,
    settings: SolverSettings,
    *,
    start: np.ndarray | None,
    stage: str,
    time_limit: float,
    listener: Listener,
    stop: threading.Event,
    memory: Memory | None = None,
) -> Solved:
    """Maximise a Compiled, whole or by blocks, whichever its size asks for.

    Parameters
    ----------
    stop
        Set by the caller to end the search and keep the best plan.
    memory
        What an earlier solve of the same model with fewer rows has learned; takes what this one learns.
    """
    board = Board(compiled, settings.mip_gap, listener, stage)
    board.offer(start)
    if compiled.integer.sum() >= FEWEST_CHOICES:
        memory = memory or Memory()
        split = memory.split(compiled)
        if len(split.blocks) >= FEWEST_BLOCKS:
            return _by_blocks(board, split, settings, time_limit, stop, memory)
    return _whole(board, settings, start, time_limit, stop)


def _by_blocks(
    board: Board, split: Split, settings: SolverSettings, time_limit: float, stop: threading.Event, memory: Memory
) -> Solved:
    began = time.monotonic()
    work = Decomposition(board, settings, stop, began + time_limit, split, memory=memory)
    termination = work.solve()
    evidence = f"by blocks, dual bounds of HiGHS: {split.describe()}"
    result = _result(board, termination, stop, began)
    return replace(result, evidence=evidence, certificate=work.certificate(), conflict=work.proofs.conflict)


def _whole(
    board: Board, settings: SolverSettings, start: np.ndarray | None, time_limit: float, stop: threading.Event
) -> Solved:
    """Proof on the whole model; a search beside it when the proof takes long."""
    began = time.monotonic()
    quiet, ended = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        proof = pool.submit(
            run,
            board.compiled,
            settings,
            start=start,
            stage=board.stage,
            time_limit=time_limit,
            listener=board.hear,
            stop=quiet,
            found=board.offer,
            better=board.better,
        )
        proof.add_done_callback(lambda _: ended.set())
        alone = time_limit + PATIENCE if settings.threads == 1 else min(PATIENCE, time_limit)
        if not _wait(ended, stop, board, began + alone):
            halt = threading.Event()
            search = pool.submit(Neighbourhoods(board, settings).improve, began + time_limit, halt)
            _wait(ended, stop, board, began + time_limit + PATIENCE)
            halt.set()
            search.result()
        quiet.set()
        return _combined(proof, board, stop, began)


def _wait(ended: threading.Event, stop: threading.Event, board: Board, until: float) -> bool:
    """Wait for the proof, an interrupt, or a closed gap; whether one of them came."""
    while time.monotonic() < until:
        if ended.wait(0.05) or stop.is_set() or board.closed.is_set():
            return True
    return False


def _combined(proof: Future[Solved], board: Board, stop: threading.Event, began: float) -> Solved:
    solved = proof.result()
    board.offer(solved.values)
    if np.isfinite(solved.bound) and solved.termination != "infeasible":
        board.hear_bound(solved.bound)
    return _result(board, solved.termination, stop, began)


def _result(board: Board, termination: str, stop: threading.Event, began: float) -> Solved:
    if board.closed.is_set():
        termination = "optimal"
    elif stop.is_set():
        termination = "interrupted"
    elif termination == "interrupted":
        termination = "time_limit"
    elif termination == "infeasible" and board.values is not None:
        termination = "contradicted"
    bound = max(board.bound, board.objective)
    return Solved(termination, board.values, board.objective, bound, time.monotonic() - began)
