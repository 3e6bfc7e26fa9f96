"""The linear relaxation of pure sequencing: a master over cells, closures at its prices (Bienstock and Zuckerberg 2010).

Every closure proves a bound: what it weighs at prices of the limited rows, plus prices times limits. Cells are divided by
each closure; those of equal value in the master are put together again when there are many.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from network_models.sequencing.arrays import Sequencing
from network_models.sequencing.cells import Master, master_of, merged, priced, renumber, split
from network_models.sequencing.closure import Closures

CLOSE = 1e-7
"""Relative gap of bound and master at which the relaxation is solved."""
MANY = 1500
"""Cells beyond which those of equal value are put together."""


@dataclass
class Relaxed:
    """Where the relaxation stands: proven ``bound``, ``value`` and point of the master, prices of the best bound."""

    bound: float
    value: float
    begun: np.ndarray
    price: np.ndarray
    rounds: int = 0

    @property
    def solved(self) -> bool:
        return self.bound - self.value <= CLOSE * max(abs(self.bound), 1e-9)


Tell = Callable[[Relaxed], bool]
"""Told after every round; whether to go on."""


def relax(problem: Sequencing, period: np.ndarray, until: float, tell: Tell) -> Relaxed:
    """Solve the relaxation, or as much of it as the time (monotonic clock) allows.

    ``begun`` (n, T) is what the master takes of each work by each period, 0 to 1. ``period`` (n,) of any sequence gives
    the first cells: works begun together.
    """
    closures = Closures(problem.needs, problem.periods)
    cell = renumber(period[:, None] * problem.periods + np.arange(problem.periods))
    best = Relaxed(np.inf, 0.0, np.zeros(cell.shape), np.zeros(int(np.isfinite(problem.limit).sum())))
    solved = 0.0
    while True:
        master = master_of(problem, cell)
        point, price = _solve(master)
        if not len(point):
            return best
        value = float(master.worth @ point)
        taken, weight = closures.best(priced(problem, price))
        bound = weight + float(price @ master.limit)
        if bound < best.bound:
            best.bound, best.price = bound, price
        best.value, best.begun, best.rounds = value, point[cell], best.rounds + 1
        if best.solved or not tell(best) or time.monotonic() > until:
            return best
        finer = split(cell, taken)
        if finer.max() == cell.max():
            return best
        if finer.max() > MANY and value > solved * (1 + 1e-9):
            solved = value
            finer = split(merged(cell, point), taken)
        cell = finer


def _solve(master: Master) -> tuple[np.ndarray, np.ndarray]:
    """Values of the cells and prices of the limited rows (non-negative); nothing where HiGHS does not finish."""
    k, p = len(master.worth), len(master.pairs)
    order = sp.csr_matrix((np.tile([1.0, -1.0], p), (np.repeat(np.arange(p), 2), master.pairs.ravel())), shape=(p, k))
    scale = np.maximum(abs(master.use).max(axis=1).toarray().ravel(), 1e-12)
    unit = max(float(np.abs(master.worth).max()), 1e-12)
    matrix = sp.vstack([sp.diags(1 / scale) @ master.use, order], format="csr")
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = -master.worth / unit
    lp.col_lower_, lp.col_upper_ = np.zeros(k), np.ones(k)
    lp.row_lower_ = np.full(matrix.shape[0], -np.inf)
    lp.row_upper_ = np.append(master.limit / scale, np.zeros(p))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return np.empty(0), np.empty(0)
    solution = highs.getSolution()
    price = np.maximum(-np.array(solution.row_dual[: len(scale)]), 0.0) * unit / scale
    return np.clip(np.array(solution.col_value), 0.0, 1.0), price
