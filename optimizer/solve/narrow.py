"""A good plan soon: the programme over the choices that its continuous relaxation makes, all others held as they are.

The first kernel of a kernel search (Angelelli, Mansini and Speranza 2010), without the buckets that follow it: of the choices of a
county's block a fifth to a third is made by the relaxation, wholly or in part, and over them HiGHS finds within two seconds what
it finds over all of them in ten to twenty.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.solve.highs import Basis, Flag, run
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

MADE = 1e-6
"""Above its lower limit by more than this a choice counts as made."""
GAP = 2e-3
"""Relative gap at which the narrow programme is good enough."""
PATIENCE, LEAST_SHARE = 10.0, 0.4
"""How many times its share of the time a relaxation may take, within the wall time of its task, and the share that is left for the
narrow programme in any case."""


def narrowed(model: Milp, relaxed: np.ndarray, start: np.ndarray | None) -> Milp:
    """The programme with the choices held at their lower limits that neither the relaxation nor the start makes."""
    made = relaxed > model.col_lower + MADE
    if start is not None:
        made |= start > model.col_lower + MADE
    held = model.integer & ~made & np.isfinite(model.col_lower)
    return replace(model, col_upper=np.where(held, model.col_lower, model.col_upper))


@dataclass(frozen=True)
class Few:
    """``best``: plan of the narrow programme, the start where there is none, or the relaxation is not solved in time; ``bound``:
    what the relaxation bounds all plans by, infinite where it was not solved, minus infinity where it has no plan and no start
    is known; ``basis``: of the relaxation.
    """

    best: np.ndarray | None
    bound: float
    basis: Basis | None = None


def best_of_few(
    model: Milp,
    settings: SolverSettings,
    start: np.ndarray | None,
    seconds: float,
    limit: Callable[[float], Flag],
    found: Callable[[np.ndarray], bool],
    basis: Basis | None = None,
) -> Few:
    """The relaxation, and the best plan of the choices that it makes.

    Parameters
    ----------
    seconds
        For relaxation and narrow programme together. A large relaxation may take ``PATIENCE`` times as long; the narrow
        programme has ``LEAST_SHARE`` of them in any case.
    limit
        Makes a flag that is set after so many seconds of work.
    found
        Called with the values of all columns at every better solution.
    basis
        For the relaxation to begin from.
    """
    began = time.process_time()
    relaxed = replace(model, integer=np.zeros_like(model.integer))
    patient = limit(PATIENCE * seconds)
    relaxation = run(relaxed, replace(settings, options={}), stop=patient, basis=basis, keep_basis=True)
    if relaxation.termination != "optimal" or relaxation.values is None:
        impossible = relaxation.termination == "infeasible" and start is None
        return Few(start, -np.inf if impossible else np.inf)
    few = narrowed(model, relaxation.values, start)
    left = limit(max(seconds - (time.process_time() - began), LEAST_SHARE * seconds))
    solved = run(few, replace(settings, mip_gap=max(GAP, settings.mip_gap)), start=start, stop=left, found=found)
    return Few(start if solved.values is None else solved.values, relaxation.objective, relaxation.basis)
