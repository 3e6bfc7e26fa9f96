"""What archetypes find out before any model is built: a narrowed problem, a plan to start from and a bound."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from optimizer.model.assembly import Model
from optimizer.model.compiled import Compiled
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.solve.highs import interruptible, run
from optimizer.solve.progress import Listener, Progress
from optimizer.solve.settings import SolverSettings
from optimizer.systems.protocol import Effort, Strengthened
from optimizer.systems.registry import strengthener

SHARE = 0.8
"""Of the time limit: what a strengthening may take; the rest is left to the model."""
START_SECONDS = 10.0


def strengthened(problem: Problem, settings: SolverSettings, listener: Listener) -> Strengthened | None:
    """The first strengthening that any system's archetype offers; None where none does."""
    for name, system in problem.systems.items():
        strengthen = strengthener(system.archetype)
        if strengthen is None:
            continue
        began = time.monotonic()

        def say(objective: float, bound: float, name: str = name, began: float = began) -> None:
            finite = [value if np.isfinite(value) else None for value in (objective, bound)]
            listener(Progress(name, time.monotonic() - began, *finite))

        with interruptible() as stop:
            effort = Effort(settings.mip_gap, SHARE * settings.time_limit, settings.seed, stop, say)
            offer = strengthen(problem, system, effort)
        if offer is not None:
            return offer
    return None


def known_start(
    narrowed: Strengthened, model: Model, compiled: Compiled, variables: list[object], settings: SolverSettings
) -> np.ndarray | None:
    """Values of all columns of the plan that the strengthening met; None where it met none."""
    if narrowed.starts is None:
        return None
    for (p, _), variable in model.pyomo.sequence.started.items():
        variable.set_value(float(p in narrowed.starts), skip_validation=True)
    narrowed.write(model.pyomo.systems.component(narrowed.system))
    values = [getattr(v, "value", None) for v in variables]
    known = np.array([value is not None for value in values], bool)
    at = np.array([0.0 if value is None else value for value in values], float)
    held = replace(
        compiled,
        col_lower=np.where(known, at, compiled.col_lower),
        col_upper=np.where(known, at, compiled.col_upper),
        integer=compiled.integer & ~known,
    )
    return run(held, replace(settings, options={}), stage="start", time_limit=START_SECONDS).values


def widened(narrowed: Strengthened, plan: Plan, settings: SolverSettings, seconds: float) -> Plan:
    """A plan of the narrowed problem as one of the whole, with what is proved about the whole."""
    outcome = plan.outcome
    bound = max(min(narrowed.bound, max(narrowed.left_out, outcome.bound)), outcome.incumbent)
    closed = bound - outcome.incumbent <= settings.mip_gap * max(abs(outcome.incumbent), 1e-9)
    ended = "interrupted" if outcome.termination == "interrupted" else "time_limit"
    evidence = narrowed.evidence if bound >= narrowed.bound else f"{narrowed.evidence}; then {outcome.evidence}"
    systems = {**plan.systems, narrowed.system: narrowed.expand(plan.systems[narrowed.system])}
    whole = replace(
        outcome, termination="optimal" if closed else ended, bound=bound, seconds=seconds, evidence=evidence
    )
    return replace(plan, systems=systems, outcome=whole, meta={})
