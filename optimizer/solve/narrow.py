"""A good plan soon: the programme over the choices that its continuous relaxation makes, all others held as they are.

The first kernel of a kernel search (Angelelli, Mansini and Speranza 2010), without the buckets that follow it: of the choices of a
county's block a fifth to a third is made by the relaxation, wholly or in part, and over them HiGHS finds within two seconds what
it finds over all of them in ten to twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.hulls import LocalHull
from optimizer.solve.highs import Basis, Flag, Solved, run
from optimizer.solve.hull_cuts import Cuts, tightened
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

MADE = 1e-6
"""Above its lower limit by more than this a choice counts as made."""
GAP = 2e-3
"""Relative gap at which the narrow programme is good enough."""
ROWS_SHARE = 0.4
"""Of its time, from when the relaxation is solved, after which no more rows of parts are looked for."""
PATIENCE, LEAST_SHARE = 10.0, 0.4
"""How many times its share of the time a relaxation may take, within the wall time of its task, and the share that is left for the
narrow programme in any case."""

PRESOLVED_SHARE = 0.3
"""Of that time: for a relaxation after presolve, which is sooner as a rule; but HiGHS 1.15 has been at one for more than a minute that took
3 s as it was."""
ENDED = ("optimal", "infeasible")
"""How a relaxation ends by itself."""


def narrowed(model: Milp, relaxed: np.ndarray, start: np.ndarray | None) -> Milp:
    """The programme with the choices held at their lower limits that neither the relaxation nor the start makes."""
    made = relaxed > model.col_lower + MADE
    if start is not None:
        made |= start > model.col_lower + MADE
    held = model.integer & ~made & np.isfinite(model.col_lower)
    return replace(model, col_upper=np.where(held, model.col_lower, model.col_upper))


@dataclass(frozen=True)
class Relaxed:
    """``model``: the programme with the rows of ``cuts``; ``solved``: its continuous relaxation."""

    model: Milp
    solved: Solved
    cuts: Cuts | None

    @property
    def values(self) -> np.ndarray | None:
        """Of the columns; None where it was not solved in time."""
        return self.solved.values if self.solved.termination == "optimal" else None

    @property
    def bound(self) -> float:
        """What all plans are worth at most: infinite where it was not solved, minus infinity where there is no plan."""
        if self.solved.termination == "infeasible":
            return -np.inf
        return np.inf if self.values is None else self.solved.objective


def relaxed(
    model: Milp,
    settings: SolverSettings,
    seconds: float,
    limit: Callable[[float], Flag],
    basis: Basis | None = None,
    hulls: Sequence[LocalHull] = (),
) -> Relaxed:
    """The continuous relaxation, with rows that parts of the programme obey.

    Parameters
    ----------
    seconds
        A share of them is for rows; a large relaxation may take ``PATIENCE`` times as long.
    limit
        Makes a flag that is set after so many seconds of work.
    basis
        To begin from.
    hulls
        The parts.
    """
    exact = replace(settings, options={})
    patient = limit(PATIENCE * seconds)

    def solve(programme: Milp, start: Basis | None) -> Solved:
        stop = patient if start is not None else limit(PRESOLVED_SHARE * PATIENCE * seconds)
        solved = run(programme.continuous, exact, stop=stop, basis=start, keep_basis=True)
        if start is not None or solved.termination in ENDED or patient.is_set():
            return solved
        return run(programme.continuous, replace(exact, options={"presolve": "off"}), stop=patient, keep_basis=True)

    solved, cuts = solve(model, basis), None
    if hulls and solved.termination == "optimal":
        solved, cuts = tightened(model, hulls, solved, solve, limit(ROWS_SHARE * seconds).is_set)
    return Relaxed(model if cuts is None else cuts.below(model), solved, cuts)


def best_of_few(
    relaxation: Relaxed,
    settings: SolverSettings,
    start: np.ndarray | None,
    stop: Flag,
    found: Callable[[np.ndarray], bool],
) -> np.ndarray | None:
    """The best plan of the choices that a relaxation makes; the start where there is none, or no relaxation.

    Parameters
    ----------
    found
        Called with the values of all columns at every better solution.
    """
    if relaxation.values is None:
        return start
    few = narrowed(relaxation.model, relaxation.values, start)
    solved = run(few, replace(settings, mip_gap=max(GAP, settings.mip_gap)), start=start, stop=stop, found=found)
    return start if solved.values is None else solved.values
