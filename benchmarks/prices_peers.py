"""Other first-order solvers of linear programmes, each told to use what cores it can."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from optimizer.solve.cluster import cores
from optimizer.solve.highs import run
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

TOLERANCES = (1e-2, 3e-3, 1e-3)
"""Relative, as each solver understands it."""
SCRIPT = Path(__file__).with_name("prices_ortools.py")


class Answer(NamedTuple):
    """Prices of the rows, positive where an upper limit binds, or None; seconds of the solve."""

    prices: np.ndarray | None
    seconds: float


Solver = Callable[[Milp, float, float], Answer]


def by_highs(model: Milp, tolerance: float, seconds: float) -> Answer:
    """PDLP in HiGHS, on its one thread; no prices where it does not come to its tolerance."""
    feasible = {f"{side}_feasibility_tolerance": 0.1 * tolerance for side in ("primal", "dual")}
    options = {"solver": "pdlp", "pdlp_optimality_tolerance": tolerance, **feasible}
    began = time.monotonic()
    duals = run(model, SolverSettings(time_limit=seconds, options=options)).duals
    return Answer(duals, time.monotonic() - began)


def by_ortools(model: Milp, tolerance: float, seconds: float) -> Answer:
    """PDLP in OR-Tools, after its presolve; those prices that it has come to when its time is over."""
    limits = {name: getattr(model, name) for name in ("row_lower", "row_upper", "col_lower", "col_upper")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sp.save_npz(folder / "matrix.npz", model.matrix, compressed=False)
        np.savez(folder / "vectors.npz", cost=-model.cost, **limits)
        subprocess.run(
            [sys.executable, str(SCRIPT), name, str(tolerance), str(seconds), str(cores())], check=True, stdout=subprocess.DEVNULL
        )
        found = np.load(folder / "prices.npz")
        return Answer(-found["prices"], float(found["seconds"]))


PEERS: dict[str, Solver] = {"PDLP of HiGHS": by_highs}
if find_spec("ortools"):
    PEERS["PDLP of OR-Tools"] = by_ortools
