"""From a sequence to a Plan, with or without the model that is built for small ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from optimizer.model.assembly import Model
from optimizer.model.compiled import Compiled
from optimizer.model.timetable import Timetable
from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.solve.highs import run
from optimizer.solve.sequencing import EVIDENCE, Sequenced
from optimizer.solve.settings import SolverSettings

MILLION = 1e6
START_SECONDS = 10.0


def plan_of(problem: Problem, known: Sequenced, settings: SolverSettings, seconds: float, *, stopped: bool) -> Plan:
    """The Plan of a sequence; there are no payments because there is no money to pay with."""
    start = _starts(problem, known)
    spent, parts = _spending(problem, start)
    value = float(sum(parts.values()))
    sizes = problem.funding.sizes
    nothing = np.zeros((spent.shape[0], sizes["source"], spent.shape[1]), np.int64)
    decisions = xr.Dataset(
        {
            "start": (("transition", "period"), start),
            "spending": (("candidate", "period"), spent),
            "payment": (("candidate", "source", "period"), nothing),
            "carry_over": (("source", "owner", "period"), np.zeros(problem.funding["budget"].shape, np.int64)),
            "objective_terms": ("term", np.array(list(parts.values()))),
            "metric_value": ("metric", np.array([value])),
        },
        {
            "candidate": problem.sequence["candidate"].values,
            "source": problem.funding["source"].values,
            "owner": problem.funding["owner"].values,
            "period": problem.sequence["period"].values,
            "metric": np.array(["net_benefit"]),
            "term": np.array(list(parts)),
        },
    )
    ended = "interrupted" if stopped else "optimal" if known.closed(settings.mip_gap) else "time_limit"
    outcome = Outcome(ended, "feasible", value, max(known.bound, value), seconds, _evidence(known))
    return Plan(decisions, {}, outcome, _meta(known))


def with_bound(plan: Plan, known: Sequenced, settings: SolverSettings, seconds: float) -> Plan:
    """The plan of the whole model, with the better of both bounds."""
    outcome = plan.outcome
    bound = max(min(known.bound, outcome.bound), outcome.incumbent)
    closed = bound - outcome.incumbent <= settings.mip_gap * max(abs(outcome.incumbent), 1e-9)
    ended = "optimal" if closed else outcome.termination if outcome.termination != "optimal" else "time_limit"
    evidence = outcome.evidence if outcome.bound < known.bound else _evidence(known)
    whole = replace(outcome, termination=ended, bound=bound, seconds=seconds, evidence=evidence)
    return replace(plan, outcome=whole, meta={**plan.meta, **_meta(known)})


def values_of(
    known: Sequenced, model: Model, compiled: Compiled, variables: list[object], settings: SolverSettings
) -> np.ndarray | None:
    """Values of all columns of a sequence; None where HiGHS finds none."""
    first = dict(zip(known.view.transition.tolist(), known.period.tolist(), strict=True))
    at = {id(v): float(first.get(p, known.view.sequencing.periods) <= t)
          for (p, t), v in model.pyomo.sequence.started.items()}  # fmt: skip
    settled = np.array([at.get(id(v), np.nan) for v in variables])
    held = replace(
        compiled,
        col_lower=np.where(np.isnan(settled), compiled.col_lower, settled),
        col_upper=np.where(np.isnan(settled), compiled.col_upper, settled),
    )
    return run(held, replace(settings, options={}), stage="start", time_limit=START_SECONDS).values


def _starts(problem: Problem, known: Sequenced) -> np.ndarray:
    periods = problem.horizon.n_periods
    start = np.zeros((problem.sequence.sizes["transition"], periods), np.int8)
    begun = np.flatnonzero(known.period < periods)
    start[known.view.transition[begun], known.period[begun]] = 1
    return start


def _spending(problem: Problem, start: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """(candidate, period) whole CNY, and the parts of net benefit in 10^6 CNY."""
    table, horizon = Timetable(problem), problem.horizon
    owner = problem.sequence["transition_candidate"].values
    spent = np.zeros((problem.sequence.sizes["candidate"], horizon.n_periods), np.int64)
    residual = 0.0
    for p, t in np.argwhere(start):
        residual += table.residual(int(p), int(t))
        for period, amount in table.spending(int(p), int(t)).items():
            spent[owner[p], period] += amount
    paid = sum(horizon.discount(t) * float(spent[:, t].sum()) for t in range(horizon.n_periods))
    parts = {"benefits": 0.0, "fixed_om": 0.0, "spending": -paid / MILLION}
    return spent, {**parts, "residual_value": residual / MILLION * horizon.discount_end()}


def _evidence(known: Sequenced) -> str:
    return f"{EVIDENCE} ({known.rounds} rounds)"


def _meta(known: Sequenced) -> dict[str, float]:
    return {} if known.relaxation is None else {"relaxation": known.relaxation}
