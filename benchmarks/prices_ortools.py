"""``python prices_ortools.py FOLDER TOLERANCE SECONDS THREADS``: PDLP of OR-Tools over arrays, in a process that has not loaded HiGHS.

Both in one process do not go together: the library of OR-Tools 9.15 has another HiGHS in it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from ortools.pdlp import solvers_pb2
from ortools.pdlp.python import pdlp


def main(folder: Path, tolerance: float, seconds: float, threads: int) -> None:
    """Read ``matrix.npz`` and ``vectors.npz``; write ``prices.npz``: prices of the rows, and the seconds of the solve alone."""
    given = np.load(folder / "vectors.npz")
    programme = pdlp.QuadraticProgram()
    programme.objective_vector, programme.constraint_matrix = given["cost"], sp.load_npz(folder / "matrix.npz")
    programme.constraint_lower_bounds, programme.constraint_upper_bounds = given["row_lower"], given["row_upper"]
    programme.variable_lower_bounds, programme.variable_upper_bounds = given["col_lower"], given["col_upper"]
    asked = solvers_pb2.PrimalDualHybridGradientParams()
    asked.num_threads, asked.presolve_options.use_glop = threads, True
    asked.termination_criteria.time_sec_limit = seconds
    criteria = asked.termination_criteria.simple_optimality_criteria
    criteria.eps_optimal_relative, criteria.eps_optimal_absolute = tolerance, 0.0
    began = time.monotonic()
    found = pdlp.primal_dual_hybrid_gradient(programme, asked)
    np.savez(folder / "prices.npz", prices=found.dual_solution, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
