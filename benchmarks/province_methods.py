"""Ways to plan a province, each timed by itself: this program, HiGHS alone, a greedy list, one year after the other."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import highspy
import numpy as np

from benchmarks.province_greedy import afforded
from benchmarks.province_options import METHODS
from optimizer.errors import ChengxiangError
from optimizer.model.assembly import build_model
from optimizer.model.compiled import compile_model
from optimizer.plan import Outcome, Plan
from optimizer.problem import Lock, Problem
from optimizer.solve import SolverSettings, solve_problem
from optimizer.solve.highs import pass_model, set_option
from optimizer.solve.progress import Progress
from optimizer.solve.reading import read_plan
from optimizer.solve.solve import build, solve_built
from optimizer.verify import verify_plan
from optimizer.verify.result import Verification

GAP = 1e-4
CORES = 2
POINTS = 200
"""Most points kept of a trace."""


class _Case(Protocol):
    @property
    def name(self) -> str: ...

    def problem(self) -> Problem: ...


@dataclass
class Trace:
    """Best plan and bound known over the seconds since the Problem was there."""

    began: float = field(default_factory=time.monotonic)
    points: list[tuple[float, float | None, float | None]] = field(default_factory=list)

    def hear(self, value: float | None, bound: float | None) -> None:
        """Keep what is new."""
        last = self.points[-1] if self.points else (0.0, None, None)
        value = max((v for v in (last[1], value) if v is not None), default=None)
        bound = min((b for b in (last[2], bound) if b is not None), default=None)
        if (value, bound) != last[1:]:
            self.points.append((round(time.monotonic() - self.began, 2), value, bound))

    def listen(self, progress: Progress) -> None:
        """A listener of a solve."""
        self.hear(progress.incumbent, progress.bound)

    def thinned(self) -> list[tuple[float, float | None, float | None]]:
        """At most :data:`POINTS` of the points, first and last among them."""
        step = max(1, math.ceil(len(self.points) / POINTS))
        return [*self.points[:-1][::step], *self.points[-1:]]


def measure(case: _Case, method: str, time_limit: float) -> dict[str, Any]:
    """One row; runs in a process of its own."""
    problem = case.problem()
    trace = Trace()
    cpu = _cpu()
    row: dict[str, Any] = {"instance": case.name, "method": method, "candidates": problem.sequence.sizes["candidate"]}
    try:
        plan = WAYS[method](problem, time_limit, trace)
    except ChengxiangError as error:
        found = {"value": None, "bound": None, "gap": None, "status": "failed" if method == METHODS[0] else "no plan"}
        return {**row, **found, "message": str(error), **_effort(trace, cpu)}
    effort = _effort(trace, cpu)
    outcome = plan.outcome
    proved = math.isfinite(outcome.bound) and method in METHODS[:2]
    return {
        **row,
        "value": outcome.incumbent,
        "bound": outcome.bound if proved else None,
        "gap": outcome.gap if proved else None,
        "status": judged(outcome, verify_plan(problem, plan)),
        "evidence": outcome.evidence,
        **effort,
    }


def judged(outcome: Outcome, verification: Verification) -> str:
    """How a plan ended: ``refuted`` where all that is wrong is a pressure that the model promised.

    The model bounds losses from below by tangents, the same for every method; here no simulation adds what they miss.
    """
    if verification.passed:
        return outcome.termination
    return "refuted" if {violation.rule for violation in verification.violations} == {"pressure"} else "failed"


def _effort(trace: Trace, cpu: float) -> dict[str, Any]:
    usage = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": time.monotonic() - trace.began,
        "cpu_seconds": _cpu() - cpu,
        "peak_gb": max(usage) / 2**20,
        "trace": trace.thinned(),
    }


def _cpu() -> float:
    """Processor time of this process and of those it started and that have ended."""
    own, started = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + started.ru_utime + started.ru_stime


# ---- ways to plan
def _ours(problem: Problem, time_limit: float, trace: Trace) -> Plan:
    """As a run solves it; the model is built within the time."""
    built = build(problem)
    left = max(time_limit - (time.monotonic() - trace.began), 0.1)
    return solve_built(built, SolverSettings(mip_gap=GAP, time_limit=left, threads=CORES), trace.listen)


def _highs(problem: Problem, time_limit: float, trace: Trace) -> Plan:
    """The model as it is built, in HiGHS with as many threads."""
    model = build_model(problem)
    compiled, variables = compile_model(model)
    highs = pass_model(compiled)
    left = max(time_limit - (time.monotonic() - trace.began), 0.1)
    options = {"time_limit": left, "mip_rel_gap": GAP, "threads": CORES, "parallel": "on"}
    for name, value in options.items():
        set_option(highs, name, value)

    def tell(event: highspy.HighsCallbackEvent) -> None:
        data = event.data_out
        trace.hear(_finite(data.mip_primal_bound), _finite(data.mip_dual_bound))

    met: list[np.ndarray] = []
    highs.cbMipLogging += tell
    highs.cbMipImprovingSolution += lambda event: met.append(np.array(event.data_out.mip_solution))
    highs.run()
    info = highs.getInfo()
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        met.append(np.array(highs.getSolution().col_value))
    if not met:
        status = highs.modelStatusToString(highs.getModelStatus())
        raise ChengxiangError(f"HiGHS found no plan in {time_limit:.0f} s ({status}).")
    values = met[-1]  # also where HiGHS takes its last solution back as an error of rounding
    values = np.where(compiled.integer, np.round(values), values)
    value = float(compiled.cost @ values + compiled.constant)
    closed = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    if info.valid:
        trace.hear(value, _finite(info.mip_dual_bound))
    bound = trace.points[-1][2]
    ended = "optimal" if closed else "time_limit"
    proved = math.inf if bound is None else max(bound, value)
    outcome = Outcome(ended, "feasible", value, proved, time.monotonic() - trace.began, "branch and bound by HiGHS")
    return read_plan(model, variables, values, outcome)


def _greedy(problem: Problem, time_limit: float, trace: Trace) -> Plan:
    """Works in the order of their worth per CNY, each in the first year whose money is enough for it; nothing moves.

    Sizes of a work and who is served are then decided as well as may be; works that do not pay may be dropped.
    """
    years = problem.horizon.starts
    when = {c: (years[first], years[last]) for c, (first, last) in afforded(problem).items()}
    return solve_problem(_only_in(problem, when, {}), _settings(time_limit), trace.listen)


def _yearly(problem: Problem, time_limit: float, trace: Trace) -> Plan:
    """One year after the other: this year's starts as if none came after, then they stand."""
    horizon = problem.horizon
    settled: dict[int, int] = {}
    plan: Plan | None = None
    for t, year in enumerate(horizon.starts):
        owner = problem.sequence["transition_candidate"].values
        begun = {int(owner[p]) for p in settled}
        free = {c: (year, year) for c in range(problem.sequence.sizes["candidate"]) if c not in begun}
        part = _only_in(problem, free, settled)
        plan = solve_problem(part, _settings(time_limit / horizon.n_periods), hint=plan)
        starts = np.argwhere(plan.decisions["start"].values)
        settled |= {int(p): int(horizon.starts[s]) for p, s in starts if s == t}
        trace.hear(plan.outcome.incumbent, None)
    if plan is None:
        raise ChengxiangError("No year to plan.")
    return plan


def _settings(time_limit: float) -> SolverSettings:
    return SolverSettings(mip_gap=0.005, time_limit=time_limit, threads=CORES)


def _only_in(problem: Problem, when: dict[int, tuple[int, int]], settled: dict[int, int]) -> Problem:
    """The problem with each candidate of ``when`` in its years or never, starts that stand, and no others."""
    seq = problem.sequence
    n = seq.sizes["candidate"]
    owner = seq["transition_candidate"].values
    earliest, latest = seq["earliest_year"].values.copy(), seq["latest_year"].values.copy()
    for c, (first, last) in when.items():
        earliest[c], latest[c] = max(earliest[c], first), min(latest[c], last)
    stand = {int(owner[p]) for p in settled}
    closed = [p for p in range(len(owner)) if p not in settled and (owner[p] in stand or int(owner[p]) not in when)]
    known = {lock.transition for lock in problem.locks}
    locks = [Lock(p, "fixed", year) for p, year in settled.items() if p not in known]
    locks += [Lock(p, "forbidden", problem.horizon.first_year) for p in closed if p not in known]
    narrow = seq.assign(earliest_year=("candidate", earliest[:n]), latest_year=("candidate", latest[:n]))
    return replace(problem, sequence=narrow, locks=(*problem.locks, *locks))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) and abs(value) < 1e29 else None


WAYS: dict[str, Callable[[Problem, float, Trace], Plan]] = {
    "chengxiang": _ours,
    "highs": _highs,
    "greedy": _greedy,
    "yearly": _yearly,
}
