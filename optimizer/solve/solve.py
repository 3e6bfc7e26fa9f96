"""Solve a Problem: build, compile, greedy start, HiGHS rank by rank, settle the continuous part, read the Plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import numpy as np

from optimizer.errors import InfeasibleError
from optimizer.model.assembly import Model, build_model
from optimizer.model.compiled import Compiled, compile_model
from optimizer.model.cuts import columns_by_tag, with_cuts
from optimizer.model.rows import conflict
from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.solve.certificate import CERTIFICATE
from optimizer.solve.elastic import explain, explain_in_fractions
from optimizer.solve.greedy import greedy_start
from optimizer.solve.highs import ERROR, Solved, interruptible, run
from optimizer.solve.memory import Memory
from optimizer.solve.milp import some_columns
from optimizer.solve.progress import Listener, silent
from optimizer.solve.reach import within_reach
from optimizer.solve.reading import read_plan
from optimizer.solve.search import solve_compiled
from optimizer.solve.sequencing import is_small, solve_sequencing
from optimizer.solve.sequencing_plan import plan_of, values_of, with_bound
from optimizer.solve.sequencing_view import View, as_sequencing
from optimizer.solve.settings import SolverSettings
from optimizer.solve.strengthening import known_start, strengthened, widened
from optimizer.systems.protocol import Cut

POLISH_SECONDS = 60.0
GREEDY_SHARE = 0.05
LEAST_SECONDS = 5.0
"""What the model gets at least after a problem was strengthened."""


@dataclass(frozen=True)
class Built:
    """A model with its compiled form; build once, solve as often as needed."""

    model: Model
    compiled: Compiled
    variables: list[Any]
    seconds: float

    def with_cuts(self, cuts: Sequence[Cut]) -> Built:
        """The same model with a row for each cut."""
        if not cuts:
            return self
        return replace(self, compiled=with_cuts(self.compiled, cuts, columns_by_tag(self.model, self.variables)))


def build(problem: Problem) -> Built:
    """Build and compile the model of a Problem."""
    began = time.monotonic()
    model = build_model(problem)
    compiled, variables = compile_model(model)
    return Built(model, within_reach(compiled), variables, time.monotonic() - began)


def solve_problem(
    problem: Problem,
    settings: SolverSettings,
    listener: Listener = silent,
    *,
    hint: Plan | None = None,
) -> Plan:
    """Solve a Problem.

    Parameters
    ----------
    hint
        A plan over the same candidates whose starts are tried first.

    Raises
    ------
    InfeasibleError
        With the groups of constraints in conflict, or when no plan was found in time.
    """
    began = time.monotonic()
    view = as_sequencing(problem)
    if view is not None:
        return _sequenced(problem, view, settings, listener)
    narrowed = strengthened(problem, settings, listener)
    if narrowed is None:
        return solve_built(build(problem), settings, listener, hint=hint)
    built = build(narrowed.problem)
    start = known_start(narrowed, built.model, built.compiled, built.variables, settings)
    left = replace(settings, time_limit=max(settings.time_limit - (time.monotonic() - began), LEAST_SECONDS))
    plan = solve_built(built, left, listener, hint=hint, start=start)
    return widened(narrowed, plan, settings, time.monotonic() - began)


def _sequenced(problem: Problem, view: View, settings: SolverSettings, listener: Listener) -> Plan:
    """Solve pure sequencing by its structure; where it is small, the whole model has the last word."""
    began = time.monotonic()
    with interruptible() as stop:
        known = solve_sequencing(view, settings, listener, stop)
        stopped = stop.is_set()
    if stopped or known.closed(settings.mip_gap) or not is_small(view):
        return plan_of(problem, known, settings, time.monotonic() - began, stopped=stopped)
    built = build(problem)
    left = replace(settings, time_limit=max(settings.time_limit - (time.monotonic() - began), LEAST_SECONDS))
    plan = solve_built(
        built, left, listener, start=values_of(known, built.model, built.compiled, built.variables, left)
    )
    return with_bound(plan, known, settings, time.monotonic() - began)


def solve_built(
    built: Built,
    settings: SolverSettings,
    listener: Listener = silent,
    *,
    hint: Plan | None = None,
    start: np.ndarray | None = None,
    memory: Memory | None = None,
) -> Plan:
    """Solve a built model, from the values of all columns of a plan where one is known.

    Parameters
    ----------
    memory
        What earlier solves of the same model with fewer cuts have learned, where it has one metric.
    """
    began = time.monotonic()
    with interruptible() as stop:
        ranks = _Ranks(built, settings, listener, stop, began, memory)
        ranked = ranks.solve(hint, start)
    values = _settle(ranks.compiled, ranks.values, settings)
    termination = next((s.termination for s in ranked if s.termination != "optimal"), "optimal")
    plan = _read(built, values, termination, ranked[0].bound, began, ranked[0].evidence)
    proof = ranked[0].certificate
    return plan if proof is None else replace(plan, meta={CERTIFICATE: proof})


def _read(built: Built, values: np.ndarray, termination: str, bound: float, began: float, evidence: str) -> Plan:
    incumbent = float(built.compiled.cost @ values + built.compiled.constant)
    seconds = time.monotonic() - began
    outcome = Outcome(termination, "feasible", incumbent, max(bound, incumbent), seconds, evidence)
    return read_plan(built.model, built.variables, values, outcome)


def narrowed_to(built: Built, hint: Plan, settings: SolverSettings, seconds: float) -> Plan | None:
    """The best plan of a built model that starts nothing that another does not start, and nothing earlier.

    Parameters
    ----------
    seconds
        The most it may take.
    """
    began = time.monotonic()
    quick = replace(settings, time_limit=min(GREEDY_SHARE * settings.time_limit, seconds))
    with interruptible() as stop:
        values = greedy_start(built.model, built.compiled, built.variables, quick, silent, stop, hint)
    if values is None:
        return None
    return _read(built, _settle(built.compiled, values, settings), "time_limit", np.inf, began, "")


class _Ranks:
    """Maximises the metrics in order of rank, each kept near its best while the next is maximised.

    ``compiled`` maximises the rank at hand under what the ranks before it demand; ``values`` is the best plan so far.
    """

    def __init__(
        self,
        built: Built,
        settings: SolverSettings,
        listener: Listener,
        stop: Event,
        began: float,
        memory: Memory | None,
    ) -> None:
        self.built, self.settings, self.listener, self.stop, self.began = built, settings, listener, stop, began
        self.memory = memory if len(built.model.problem.objective.metrics) == 1 else None
        self.compiled = built.compiled
        self.values = np.empty(0)

    def solve(self, hint: Plan | None, start: np.ndarray | None = None) -> list[Solved]:
        objective = self.built.model.problem.objective
        start, solved = self._greedy(hint) if start is None else start, []
        for i, metric in enumerate(objective.metrics):
            self.compiled = self.compiled.with_ranks(metric)
            result = _with_start(self._run(metric, start, len(objective.metrics) - i), self.compiled, start)
            if result.values is None:
                raise _no_plan(self.built, self.compiled, result, self.settings)
            self.values = start = result.values
            solved.append(result)
            if metric != objective.metrics[-1]:
                slack = objective.tolerance * max(abs(result.objective), 1e-6)
                self.compiled = self.compiled.with_bound(metric, result.objective - slack)
        return solved

    def _greedy(self, hint: Plan | None) -> np.ndarray | None:
        quick = replace(self.settings, time_limit=GREEDY_SHARE * self.settings.time_limit)
        built = self.built
        return greedy_start(built.model, built.compiled, built.variables, quick, self.listener, self.stop, hint)

    def _run(self, metric: str, start: np.ndarray | None, ranks_left: int) -> Solved:
        left = self.settings.time_limit - (time.monotonic() - self.began)
        return solve_compiled(
            self.compiled,
            self.settings,
            start=start,
            stage=metric,
            time_limit=left / ranks_left,
            listener=self.listener,
            stop=self.stop,
            memory=self.memory,
        )


def _with_start(result: Solved, compiled: Compiled, start: np.ndarray | None) -> Solved:
    """Keep the start where the run was stopped before it had taken it in."""
    if start is None or result.values is not None or result.termination == "infeasible":
        return result
    return replace(result, values=start, objective=float(compiled.cost @ start + compiled.constant))


def _settle(compiled: Compiled, values: np.ndarray, settings: SolverSettings) -> np.ndarray:
    """Round the choices and solve the amounts again, without a copy of the model over its choices: it may be large."""
    settled = np.where(compiled.integer, np.round(values), values)
    amounts = np.flatnonzero(~compiled.integer)
    limit = max(POLISH_SECONDS, settings.time_limit / 4)
    given = some_columns(compiled, amounts, settled)
    answer = run(given, replace(settings, options={}), stage="settle", time_limit=limit)
    if answer.values is not None:
        settled[amounts] = answer.values
    return settled


def _no_plan(built: Built, compiled: Compiled, result: Solved, settings: SolverSettings) -> InfeasibleError:
    if result.termination == ERROR:
        return InfeasibleError(
            "HiGHS ended with an error before a plan was found. Another solver.seed may go another way; "
            "please report this with the configuration."
        )
    if result.termination == "infeasible":
        conflicts = explain(compiled, settings, result.conflict)
        unknown = "No plan obeys all rules; which of them are in conflict could not be told in time."
    else:
        conflicts = explain_in_fractions(compiled, settings) if result.termination == "time_limit" else []
        unknown = (
            f"No plan was found within {settings.time_limit:.0f} s ({result.termination}); "
            "raise solver.time_limit, or loosen floors, bounds and locks."
        )
    if not conflicts:
        return InfeasibleError(unknown)
    problem = built.model.problem
    lines = [conflict(problem, c.family, c.counties, c.periods, c.rows, c.shortage) for c in conflicts]
    head = "No plan obeys all rules. The least that would have to give way:"
    return InfeasibleError("\n  - ".join([head, *lines]), [c.family for c in conflicts])
