"""Prices of a continuous programme that is too large to be solved: what first-order iterations come to, soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import highspy
import numpy as np
import scipy.sparse as sp

from network_models.linear.halpern import Halpern
from network_models.linear.programme import Programme
from optimizer.solve.highs import Solved, pass_model, run
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

PART = 2 / 3
"""Prices are as good as asked once the iterations since this part of them have bettered what they prove by no more than the tolerance."""
WRONG = 0.02
"""Of the tolerance: how far prices may be off where no limit stands behind (see `Look`); before that they rest too soon."""


@dataclass(frozen=True)
class FirstOrder:
    """How far to go.

    Parameters
    ----------
    tolerance
        Relative: where to stop; what the prices prove is then off by about as much at most, by a fifth of that as a rule.
    threads
        That share the work.
    """

    tolerance: float
    threads: int = 1


def nearly(model: Milp, way: FirstOrder, over: Callable[[], bool]) -> Solved:
    """Prices of the rows (``duals``), and nothing else: no values of columns, no bound.

    Parameters
    ----------
    over
        Whether to end now; there are prices in any case, unless presolve shows that there is no solution.
    """
    began = time.monotonic()
    highs = pass_model(replace(model.continuous, cost=-model.cost, constant=-model.constant))
    highs.changeObjectiveSense(highspy.ObjSense.kMinimize)
    highs.presolve()
    if highs.getModelPresolveStatus() == highspy.HighsPresolveStatus.kInfeasible:
        return Solved("infeasible", None, -np.inf, np.inf, time.monotonic() - began)
    programme = _programme(highs.getPresolvedLp())
    if programme.matrix.nnz == 0:
        return run(model.continuous, SolverSettings())
    iterations = Halpern(programme, way.threads)
    ended = _iterate(iterations, way.tolerance, over)
    highs.postsolve(_solution(programme, *iterations.solution))
    duals = -np.array(highs.getSolution().row_dual)
    return Solved(ended, None, -np.inf, np.inf, time.monotonic() - began, duals)


def _iterate(iterations: Halpern, tolerance: float, over: Callable[[], bool]) -> str:
    """Go on until prices hardly get better."""
    numbers, proved = [0], [-np.inf]
    for look in iterations.looks():
        numbers.append(look.iterations)
        proved.append(max(proved[-1], look.dual))
        before = proved[int(np.searchsorted(numbers, PART * look.iterations, side="right")) - 1]
        if look.wrong <= WRONG * tolerance and proved[-1] - before <= tolerance * abs(proved[-1]):
            return "optimal"
        if over():
            break
    return "time_limit"


def _programme(lp: highspy.HighsLp) -> Programme:
    """What HiGHS holds, as arrays."""
    part = lp.a_matrix_
    shape = lp.num_row_, lp.num_col_
    matrix = sp.csc_matrix((np.array(part.value_, float), np.array(part.index_), np.array(part.start_)), shape=shape)
    cost, lower, upper, row_lower, row_upper = (
        np.array(one, float) for one in (lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_)
    )
    return Programme(matrix.tocsr(), cost, lower, upper, row_lower, row_upper, lp.offset_)


def _solution(programme: Programme, x: np.ndarray, y: np.ndarray) -> highspy.HighsSolution:
    """Values of columns and prices of rows as HiGHS takes them."""
    made = highspy.HighsSolution()
    made.col_value, made.row_value = list(x), list(programme.matrix @ x)
    made.row_dual, made.col_dual = list(y), list(programme.cost - programme.matrix.T @ y)
    made.value_valid = made.dual_valid = True
    return made
