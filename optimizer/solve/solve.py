"""Solve a Problem: build, compile, greedy start, HiGHS rank by rank, settle the continuous part, read the Plan."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import numpy as np

from optimizer.errors import InfeasibleError
from optimizer.model.assembly import Model, build_model
from optimizer.model.compiled import Compiled, compile_model
from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.solve.elastic import explain
from optimizer.solve.greedy import greedy_start
from optimizer.solve.highs import Solved, interruptible, run
from optimizer.solve.progress import Listener, silent
from optimizer.solve.reading import read_plan
from optimizer.solve.settings import SolverSettings

POLISH_SECONDS = 60.0
GREEDY_SHARE = 0.15


@dataclass(frozen=True)
class Built:
    """A model with its compiled form; build once, solve as often as needed."""

    model: Model
    compiled: Compiled
    variables: list[Any]
    seconds: float


def build(problem: Problem) -> Built:
    """Build and compile the model of a Problem."""
    began = time.monotonic()
    model = build_model(problem)
    compiled, variables = compile_model(model)
    return Built(model, compiled, variables, time.monotonic() - began)


def solve_problem(problem: Problem, settings: SolverSettings, listener: Listener = silent) -> Plan:
    """Solve a Problem.

    Raises
    ------
    InfeasibleError
        With the groups of constraints in conflict, or when no plan was found in time.
    """
    return solve_built(build(problem), settings, listener)


def solve_built(built: Built, settings: SolverSettings, listener: Listener = silent) -> Plan:
    """Solve a built model."""
    began = time.monotonic()
    with interruptible() as stop:
        ranked = _solve_ranks(built, settings, listener, stop, began)
    first, last = ranked[0], ranked[-1]
    values = _settle(built.compiled, last, settings)
    incumbent = float(built.compiled.cost @ values + built.compiled.constant)
    outcome = Outcome(
        termination=next((s.termination for s in ranked if s.termination != "optimal"), "optimal"),
        solution="feasible", incumbent=incumbent, bound=max(first.bound, incumbent),
        seconds=time.monotonic() - began, evidence="branch and bound of the whole model by HiGHS",
    )
    return read_plan(built.model, built.variables, values, outcome)


def _solve_ranks(built: Built, settings: SolverSettings, listener: Listener, stop: Event, began: float) -> list[Solved]:
    """Maximise the metrics in order of rank, each kept near its best while the next is maximised."""
    objective = built.model.problem.objective
    compiled, solved = built.compiled, []
    greedy_limit = GREEDY_SHARE * settings.time_limit
    start = greedy_start(built.model, compiled, built.variables, replace(settings, time_limit=greedy_limit), listener, stop)
    for i, metric in enumerate(objective.metrics):
        left = settings.time_limit - (time.monotonic() - began)
        share = left / (len(objective.metrics) - i)
        result = run(compiled.with_ranks(metric), settings, start=start, stage=metric, time_limit=share, listener=listener, stop=stop)
        result = _with_start(result, compiled.with_ranks(metric), start)
        solved.append(result)
        if result.values is None:
            raise _no_plan(built, compiled, result, settings)
        start = result.values
        slack = objective.tolerance * max(abs(result.objective), 1e-6)
        compiled = compiled.with_bound(metric, result.objective - slack)
    return solved


def _with_start(result: Solved, compiled: Compiled, start: np.ndarray | None) -> Solved:
    """Keep the start where the run was stopped before it had taken it in."""
    if start is None or result.values is not None or result.termination == "infeasible":
        return result
    return replace(result, values=start, objective=float(compiled.cost @ start + compiled.constant))


def _settle(compiled: Compiled, solved: Solved, settings: SolverSettings) -> np.ndarray:
    """Round the binaries and solve the continuous part again, for the last metric under the bounds of the others."""
    assert solved.values is not None
    values = np.where(compiled.integer, np.round(solved.values), solved.values)
    fixed = replace(
        compiled, integer=np.zeros_like(compiled.integer),
        col_lower=np.where(compiled.integer, values, compiled.col_lower),
        col_upper=np.where(compiled.integer, values, compiled.col_upper),
    )
    limits = replace(settings, options={})
    settled = run(fixed, limits, stage="settle", time_limit=max(POLISH_SECONDS, settings.time_limit / 4))
    return values if settled.values is None else settled.values


def _no_plan(built: Built, compiled: Compiled, result: Solved, settings: SolverSettings) -> InfeasibleError:
    if result.termination != "infeasible":
        return InfeasibleError(
            f"No plan was found within {settings.time_limit:.0f} s ({result.termination}); "
            "raise solver.time_limit, or loosen solver.mip_gap."
        )
    conflicts = explain(compiled, settings)
    problem = built.model.problem
    lines = [_describe(problem, c.family, c.counties, c.periods, c.rows, c.shortage) for c in conflicts]
    head = "No plan obeys all rules. The least that would have to give way:"
    return InfeasibleError("\n  - ".join([head, *lines]), [c.family for c in conflicts])


def _describe(problem: Problem, family: str, counties: tuple[int, ...], periods: tuple[int, ...], rows: int, shortage: float) -> str:
    names = [str(problem.sequence["county_name_zh"].values[c]) for c in counties]
    where = (f" in {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")) if names else ""
    when = f", {', '.join(problem.horizon.labels[t] for t in periods)}" if periods else ""
    return f"{family}{where}{when}: {rows} row(s), short by {shortage:g} in all"


