"""One HiGHS run of a Compiled: pass the arrays, warm start, listen, interrupt, read back."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import highspy
import numpy as np

from optimizer.errors import ChengxiangError
from optimizer.solve.milp import Linear, admits
from optimizer.solve.progress import Listener, Progress, silent
from optimizer.solve.settings import SolverSettings

TERMINATION = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kTimeLimit: "time_limit",
    highspy.HighsModelStatus.kInterrupt: "interrupted",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    highspy.HighsModelStatus.kSolutionLimit: "node_limit",
    highspy.HighsModelStatus.kModelEmpty: "optimal",
}


ERROR = "solver_error"
"""How a run terminates where HiGHS gives up with an error."""
WHOLE = "branch and bound of the whole model by HiGHS"
REMEDIES: tuple[dict[str, Any], ...] = ({"mip_feasibility_tolerance": 1e-7}, {"presolve": "off"})
"""Options tried in turn where a model is called infeasible: presolve of HiGHS 1.15 calls models so that have plans which break no
row at all, where many amounts are held at their limits and elsewhere."""
DOUBT, DOUBTS = 5.0, 10.0
"""Where no plan is known: seconds that a remedy may take, and more by so many times what it took to call the model infeasible."""


class Flag(Protocol):
    """Something that says when to end: an event of threads or of processes."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True)
class Basis:
    """Where each column and row of a continuous programme is: in the basis, or at which limit (codes of HiGHS, int8)."""

    columns: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Solved:
    """What one run found: values of the columns or None, objective and proven upper bound, constant included.

    ``duals``: shadow prices of the rows of a continuous model, positive where an upper limit binds; ``evidence``: why the
    bound holds; ``certificate``: its arrays, where it was proved by blocks; ``conflict``: rows that cannot hold together, where
    a block told; ``basis``: the last one of a continuous model, where it was asked for.
    """

    termination: str
    values: np.ndarray | None
    objective: float
    bound: float
    seconds: float
    duals: np.ndarray | None = None
    evidence: str = WHOLE
    certificate: object = None
    conflict: np.ndarray | None = None
    basis: Basis | None = None


def pass_model(compiled: Linear) -> highspy.Highs:
    """A silent HiGHS instance that holds the model."""
    highs = highspy.Highs()
    set_option(highs, "log_to_console", False)
    lp = highspy.HighsLp()
    matrix = compiled.matrix
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.offset_ = compiled.cost, compiled.constant
    lp.col_lower_, lp.col_upper_ = compiled.col_lower, compiled.col_upper
    lp.row_lower_, lp.row_upper_ = compiled.row_lower, compiled.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if compiled.integer.any():
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in compiled.integer]
    lp.sense_ = highspy.ObjSense.kMaximize
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise ChengxiangError("HiGHS refused the model; please report this with the configuration.")
    return highs


def set_option(highs: highspy.Highs, name: str, value: Any) -> None:
    """Set an option and check that HiGHS took it."""
    if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
        raise ChengxiangError(f"HiGHS refused the option {name} = {value!r}.")


def run(
    compiled: Linear,
    settings: SolverSettings,
    *,
    start: np.ndarray | None = None,
    stage: str = "solve",
    time_limit: float | None = None,
    listener: Listener = silent,
    stop: Flag | None = None,
    found: Callable[[np.ndarray], bool] | None = None,
    better: Callable[[float], np.ndarray | None] | None = None,
    basis: Basis | None = None,
    keep_basis: bool = False,
) -> Solved:
    """Maximise the first metric of a Compiled.

    Parameters
    ----------
    start
        Values of all columns to begin from (a MIP start), or None.
    stop
        Set by the caller (Ctrl-C) to end the run and keep the incumbent.
    found
        Called with the values of all columns at every better solution.
    better
        Asked now and then for the values of a solution found elsewhere that is worth more than so much.
    basis
        To begin from, of a continuous model with these columns and rows; as it is then, without presolve.
    keep_basis
        Hand back the last basis of a continuous model: half a second for half a million columns and rows.
    """
    began = time.monotonic()
    limit = settings.time_limit if time_limit is None else time_limit
    hear = _Ears(stage, began, listener, stop, found, better)
    solved = _attempt(compiled, settings, start, limit, hear, basis, keep_basis)
    if solved.termination == "infeasible":
        solved = _doubted(solved, compiled, settings, start, began + limit, hear)
    return replace(solved, seconds=time.monotonic() - began)


def _doubted(
    claimed: Solved, compiled: Linear, settings: SolverSettings, start: np.ndarray | None, until: float, hear: _Ears
) -> Solved:
    """What other options say of a model that was called infeasible; the claim stands where none finds a plan."""
    contradicted = start is not None and admits(compiled, start)
    patience = np.inf if contradicted else DOUBT + DOUBTS * claimed.seconds
    for remedy in REMEDIES:
        options = {**settings.options, **remedy}
        limit = min(until - time.monotonic(), patience)
        again = _attempt(compiled, replace(settings, options=options), start, limit, hear)
        if again.values is not None or again.termination == "interrupted" or contradicted:
            claimed = again
        if claimed.termination != "infeasible":
            break
    return claimed


@dataclass(frozen=True)
class _Ears:
    """Who listens to a run, who may end it, who takes its solutions, and who knows of better ones."""

    stage: str
    began: float
    listener: Listener
    stop: Flag | None
    found: Callable[[np.ndarray], bool] | None
    better: Callable[[float], np.ndarray | None] | None

    def attend(self, highs: highspy.Highs) -> None:
        """Be called by a run."""
        highs.cbMipLogging += self._tell
        if self.found is not None:
            highs.cbMipImprovingSolution += self._take
        if self.better is not None:
            highs.cbMipUserSolution += self._give
        if self.stop is not None:
            highs.cbMipInterrupt += self._end
            highs.cbSimplexInterrupt += self._end

    def _tell(self, event: highspy.HighsCallbackEvent) -> None:
        known = _finite(event.data_out.mip_primal_bound), _finite(event.data_out.mip_dual_bound)
        self.listener(Progress(self.stage, time.monotonic() - self.began, *known))

    def _take(self, event: highspy.HighsCallbackEvent) -> None:
        if self.found is not None:
            self.found(np.array(event.data_out.mip_solution, float))

    def _give(self, event: highspy.HighsCallbackEvent) -> None:
        values = None if self.better is None else self.better(event.data_out.mip_primal_bound)
        if values is not None and event.data_in is not None:
            event.data_in.setSolution(values)

    def _end(self, event: highspy.HighsCallbackEvent) -> None:
        if self.stop is not None and self.stop.is_set():
            event.interrupt()


def _attempt(
    compiled: Linear,
    settings: SolverSettings,
    start: np.ndarray | None,
    limit: float,
    hear: _Ears,
    basis: Basis | None = None,
    keep_basis: bool = False,
) -> Solved:
    began = time.monotonic()
    highs = pass_model(compiled)
    for name, value in {
        "time_limit": max(limit, 0.1),
        "mip_rel_gap": settings.mip_gap,
        "mip_abs_gap": 1e-9,
        "parallel": "off",  # `threads` is left alone: HiGHS shares one pool a process and refuses a second size
        "random_seed": settings.seed,
        **settings.options,
    }.items():
        set_option(highs, name, value)
    if settings.options.get("solver") == "pdlp":
        set_option(highs, "output_flag", False)  # it prints whatever log_to_console says
    if basis is not None:
        set_option(highs, "presolve", "off")
        highs.setBasis(_in_highs(basis))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = list(start)
        solution.value_valid = True
        highs.setSolution(solution)
    hear.attend(highs)
    met = _Met(highs)
    if highs.run() == highspy.HighsStatus.kError:
        return met.so_far(compiled, settings, time.monotonic() - began)
    if start is not None and _took_start_unseen(highs):
        return _attempt(compiled, settings, None, limit - (time.monotonic() - began), hear)
    solved = _read(highs, compiled, time.monotonic() - began)
    return replace(solved, basis=_basis(highs)) if keep_basis else solved


def _in_highs(basis: Basis) -> highspy.HighsBasis:
    made = highspy.HighsBasis()
    made.col_status = [highspy.HighsBasisStatus(int(code)) for code in basis.columns]
    made.row_status = [highspy.HighsBasisStatus(int(code)) for code in basis.rows]
    made.valid = True
    return made


def _basis(highs: highspy.Highs) -> Basis | None:
    last = highs.getBasis()
    if not last.valid:
        return None
    return Basis(*(np.array([int(s) for s in codes], np.int8) for codes in (last.col_status, last.row_status)))


class _Met:
    """The best solution and bound that a MIP run has told of.

    HiGHS 1.15 ends with an error, and forgets both, where taking presolve back leaves a row of its last solution broken
    by a hair more than the tolerance. Where many programmes are solved, an error costs the one.
    """

    def __init__(self, highs: highspy.Highs) -> None:
        self.bound = math.inf
        self.values: np.ndarray | None = None
        highs.cbMipImprovingSolution += self._solution
        highs.cbMipLogging += self._bound

    def _solution(self, event: highspy.HighsCallbackEvent) -> None:
        self.values = np.array(event.data_out.mip_solution, float)

    def _bound(self, event: highspy.HighsCallbackEvent) -> None:
        bound = _finite(event.data_out.mip_dual_bound)
        self.bound = self.bound if bound is None else min(self.bound, bound)

    def so_far(self, compiled: Linear, settings: SolverSettings, seconds: float) -> Solved:
        """What was met before an error."""
        if self.values is None:
            return Solved(ERROR, None, -math.inf, self.bound, seconds)
        objective = float(compiled.cost @ self.values + compiled.constant)
        closed = self.bound - objective <= settings.mip_gap * max(abs(objective), 1e-9)
        return Solved("optimal" if closed else ERROR, self.values, objective, self.bound, seconds)


def _took_start_unseen(highs: highspy.Highs) -> bool:
    """Whether the start was called optimal though nothing was solved.

    Where presolve leaves an objective without variables, HiGHS 1.15 takes any feasible start for optimal, whatever it
    is worth; such a model is solved again, at no cost, without the start.
    """
    info = highs.getInfo()
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return optimal and info.mip_node_count <= 0 and info.simplex_iteration_count <= 0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) and abs(value) < 1e29 else None


def _read(highs: highspy.Highs, compiled: Linear, seconds: float) -> Solved:
    info, status = highs.getInfo(), highs.getModelStatus()
    termination = TERMINATION.get(status, str(highs.modelStatusToString(status)))
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible or (
        compiled.matrix.shape[1] == 0 and termination == "optimal"
    )
    values = np.array(highs.getSolution().col_value, float) if feasible else None
    objective = compiled.cost @ values + compiled.constant if values is not None else -math.inf
    proved = _finite(info.mip_dual_bound) if compiled.integer.any() else None
    bound = objective if proved is None and termination == "optimal" else proved
    return Solved(
        termination,
        values,
        float(objective),
        math.inf if bound is None else max(bound, float(objective)),
        seconds,
        None if compiled.integer.any() or not highs.getSolution().dual_valid else _duals(highs, compiled),
    )


def _duals(highs: highspy.Highs, compiled: Linear) -> np.ndarray:
    """Duals of the rows, positive where an upper limit binds.

    HiGHS 1.15 gives those of its first-order method with the signs of a minimisation: the rows that have one limit tell.
    """
    duals = np.array(highs.getSolution().row_dual)
    side = np.isfinite(compiled.row_upper).astype(float) - np.isfinite(compiled.row_lower)
    return -duals if float(side @ duals) < 0 else duals


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of ending the program (main thread only); a second one ends it."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(_signum: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
