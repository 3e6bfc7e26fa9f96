"""A plan beside the proof: HiGHS proves on the whole model in one thread while plans are improved in another, by blocks or by
neighbourhoods. Large models are solved by blocks alone.

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
from optimizer.solve.highs import WHOLE, Solved, run
from optimizer.solve.memory import Memory
from optimizer.solve.milp import Milp
from optimizer.solve.narrow import relaxed
from optimizer.solve.neighbourhoods import Neighbourhoods
from optimizer.solve.progress import Listener
from optimizer.solve.settings import SolverSettings
from optimizer.solve.work import WorkLimit

FEWEST_BLOCKS, FEWEST_BESIDE, FEWEST_CHOICES = 4, 1000, 4000
"""From when on a model is solved by blocks, beside a proof of the whole at first, then instead of it."""
PATIENCE = 1.0
"""Seconds the whole model gets alone before a search is begun beside it."""
ROWS_SHARE = 0.1
"""Of the time of a model that is solved whole: for rows that its parts obey, and the relaxation that they are found at."""
ROWS = "rows of parts"
"""Their family."""


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
    choices, memory = compiled.integer.sum(), memory or Memory()
    split = memory.split(compiled) if choices >= min(FEWEST_BESIDE, FEWEST_CHOICES) else None
    if split is None or len(split.blocks) < FEWEST_BLOCKS:
        return _whole(board, settings, start, time_limit, stop)
    if choices >= FEWEST_CHOICES or settings.nodes is not None:  # work limits are the blocks'
        return _by_blocks(board, split, settings, time_limit, stop, memory)
    return _whole(board, settings, start, time_limit, stop, split, memory)


def _by_blocks(
    board: Board, split: Split, settings: SolverSettings, time_limit: float, stop: threading.Event, memory: Memory
) -> Solved:
    began = time.monotonic()
    work = Decomposition(board, settings, stop, began + time_limit, split, memory=memory)
    termination = work.solve()
    result = replace(_result(board, termination, stop, began), evidence="", conflict=work.proofs.conflict)
    return _certified(result, work)


def _certified(result: Solved, work: Decomposition) -> Solved:
    """With what proves the bound, where that is the blocks."""
    certificate = work.certificate()
    if certificate is None and result.evidence:
        return result
    return replace(result, evidence=f"by blocks, dual bounds of HiGHS: {work.split.describe()}", certificate=certificate)


def _whole(
    board: Board,
    settings: SolverSettings,
    start: np.ndarray | None,
    time_limit: float,
    stop: threading.Event,
    split: Split | None = None,
    memory: Memory | None = None,
) -> Solved:
    """Proof on the whole model; a search beside it when the proof takes long, by blocks where there are enough."""
    began = time.monotonic()
    compiled = _with_rows(board.compiled, settings, ROWS_SHARE * time_limit, stop)
    until = began + time_limit
    quiet, ended, halt = threading.Event(), threading.Event(), threading.Event()
    blocks: Decomposition | None = None
    with ThreadPoolExecutor(2) as pool:
        proof = pool.submit(
            run,
            compiled,
            settings,
            start=start,
            stage=board.stage,
            time_limit=until - time.monotonic(),
            listener=board.hear,
            stop=quiet,
            found=board.offer,
            better=board.better,
        )
        proof.add_done_callback(lambda _: ended.set())
        alone = until + PATIENCE if settings.threads == 1 else min(time.monotonic() + PATIENCE, until)
        if not _wait(ended, stop, board, alone):
            search = pool.submit(_beside, board, compiled, settings, until, halt, split, memory)
            _wait(ended, stop, board, until + PATIENCE)
            halt.set()
            blocks = search.result()
        quiet.set()
        solved = _combined(proof, board, stop, began)
    added = len(compiled.row_lower) - len(board.compiled.row_lower)
    solved = replace(solved, evidence=f"{WHOLE}, {added:,} rows of parts added") if added else solved
    return solved if blocks is None else _certified(solved, blocks)


def _beside(
    board: Board,
    compiled: Compiled,
    settings: SolverSettings,
    until: float,
    halt: threading.Event,
    split: Split | None,
    memory: Memory | None,
) -> Decomposition | None:
    """The search beside a proof, until told to end; what the blocks have come to, where it was by blocks."""
    if split is None:
        Neighbourhoods(board, compiled, settings).improve(until, halt)
        return None
    work = Decomposition(board, replace(settings, threads=1), halt, until, split, memory=memory, apart=True)
    work.solve()
    return work


def _with_rows(compiled: Compiled, settings: SolverSettings, seconds: float, stop: threading.Event) -> Compiled:
    """The model with rows that its parts obey and its continuous relaxation does not."""
    if not compiled.hulls:
        return compiled
    seconds = seconds if settings.nodes is None else np.inf
    cuts = relaxed(Milp.of(compiled), settings, seconds, lambda _: WorkLimit(seconds, stop), hulls=compiled.hulls).cuts
    return compiled if cuts is None else compiled.with_rows(ROWS, cuts.matrix, np.full(len(cuts.upper), -np.inf), cuts.upper)


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
