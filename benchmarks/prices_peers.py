"""Other first-order solvers of linear programmes, each told to use what cores it can."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from optimizer.solve.cluster import cores
from optimizer.solve.highs import run
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

TOLERANCES = (1e-2, 3e-3, 1e-3)
"""Relative, as each solver understands it."""
Solver = Callable[[Milp, float, float], np.ndarray | None]


def by_highs(model: Milp, tolerance: float, seconds: float) -> np.ndarray | None:
    """Prices by PDLP in HiGHS, on its one thread; None where it does not come to its tolerance."""
    feasible = {f"{side}_feasibility_tolerance": 0.1 * tolerance for side in ("primal", "dual")}
    options = {"solver": "pdlp", "pdlp_optimality_tolerance": tolerance, **feasible}
    return run(model, SolverSettings(time_limit=seconds, options=options)).duals


def by_ortools(model: Milp, tolerance: float, seconds: float) -> np.ndarray | None:
    """Prices by PDLP in OR-Tools, after its presolve; those that it has come to when its time is over."""
    from ortools.pdlp import solvers_pb2  # type: ignore[import-not-found]
    from ortools.pdlp.python import pdlp  # type: ignore[import-not-found]

    programme = pdlp.QuadraticProgram()
    programme.objective_vector, programme.constraint_matrix = -model.cost, model.matrix
    programme.constraint_lower_bounds, programme.constraint_upper_bounds = model.row_lower, model.row_upper
    programme.variable_lower_bounds, programme.variable_upper_bounds = model.col_lower, model.col_upper
    asked = solvers_pb2.PrimalDualHybridGradientParams()
    asked.num_threads, asked.presolve_options.use_glop = cores(), True
    asked.termination_criteria.time_sec_limit = seconds
    criteria = asked.termination_criteria.simple_optimality_criteria
    criteria.eps_optimal_relative, criteria.eps_optimal_absolute = tolerance, 0.0
    return -np.array(pdlp.primal_dual_hybrid_gradient(programme, asked).dual_solution)


PEERS: dict[str, Solver] = {"PDLP of HiGHS": by_highs}
if find_spec("ortools"):
    PEERS["PDLP of OR-Tools"] = by_ortools
