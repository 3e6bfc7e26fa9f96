"""The exact checker: every rule of docs/formulation.md, worked out again on the plan alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import pandas as pd

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.verify import logic, money, worth
from optimizer.verify.couplings import couplings
from optimizer.verify.money import Books
from optimizer.verify.result import (
    SERVED_NEAR,
    SERVICE_COLUMNS,
    Findings,
    SimulationResult,
    Verification,
    Violation,
    differences,
)
from optimizer.verify.works import Works
from optimizer.verify.worth import Worth

About = TypeVar("About", Works, Books, Worth)


def verify_plan(
    problem: Problem,
    plan: Plan,
    simulations: Iterable[SimulationResult] = (),
    audit: Findings | None = None,
) -> Verification:
    """Check a plan against its problem.

    Parameters
    ----------
    problem, plan
        What was to be planned, and the plan; nothing of the model or the solver is looked at.
    simulations
        What each system would really serve.
    audit
        What :func:`optimizer.verify.audit.audit_region` found between the problem and the region's tables; None if
        there is no region.

    Returns
    -------
    Verification
        Passed when no rule is broken, by at most 1 CNY a row of money and 1e-6 (relative) of services and metrics.
    """
    broken = list(_shape(problem, plan))
    if broken:
        return Verification(False, tuple(broken), {"shape": len(broken)}, plan.objective, math.nan)
    works = Works(problem, np.rint(plan.decisions["start"].values).astype(np.int64))
    books = Books(works, plan)
    value = Worth(works, books, plan)
    checks: dict[str, int] = {}
    violations = worth.systems(value, checks)
    violations += _apply(logic.RULES, works, checks)
    violations += _apply(money.RULES, books, checks)
    violations += _apply(worth.RULES, value, checks)
    simulated = tuple(simulations)
    service = _service(simulated)
    checks["simulation"], apart = _simulation(service)
    violations += apart
    if audit is not None:
        checks["tables"] = audit[0]
        violations += audit[1]
    return Verification(
        passed=not violations,
        violations=tuple(violations),
        checks=checks,
        objective_claimed=plan.objective,
        objective_recomputed=value.metrics.get(problem.objective.metrics[0], math.nan),
        service=service,
        largest_difference=float(differences(service).max(initial=0.0)),
        notes=tuple(note for result in simulated for note in result.notes),
        couplings=couplings(value),
    )


def _apply(rules: Iterable[Callable[[About], Findings]], about: About, checks: dict[str, int]) -> list[Violation]:
    """What is broken; rows looked at are entered in ``checks`` under each rule's name."""
    violations: list[Violation] = []
    for rule in rules:
        checks[rule.__name__], found = rule(about)
        violations += found
    return violations


def _shape(problem: Problem, plan: Plan) -> Iterable[Violation]:
    """A plan of another problem, or one that is no plan at all, is refused before anything else."""
    sizes = {str(d): n for data in (problem.sequence, problem.funding) for d, n in data.sizes.items()}
    expected = {
        "start": ("transition", "period"),
        "spending": ("candidate", "period"),
        "payment": ("candidate", "source", "period"),
        "carry_over": ("source", "owner", "period"),
    }
    for name, dims in expected.items():
        shape = tuple(sizes[d] for d in dims)
        found = plan.decisions[name].shape if name in plan.decisions else None
        if found != shape:
            yield Violation("shape", name, str(found), str(shape))
        elif not np.isfinite(plan.decisions[name].values).all():
            yield Violation("shape", name, "an entry that is no number", "numbers")
    for dim, dataset in (("candidate", problem.sequence), ("source", problem.funding), ("owner", problem.funding)):
        names = list(plan.decisions[dim].values) if dim in plan.decisions.coords else None
        if names is not None and names != list(dataset[dim].values):
            yield Violation("shape", dim, "other names, or another order", "those of the problem")
    for name, system in problem.systems.items():
        yield from _shape_of_system(name, plan, {str(d): n for d, n in system.data.sizes.items()})


def _shape_of_system(name: str, plan: Plan, sizes: dict[str, int]) -> Iterable[Violation]:
    if name not in plan.systems:
        yield Violation("shape", name, "no decisions of this system", "decisions")
        return
    for variable, values in plan.systems[name].data_vars.items():
        expected = tuple(sizes[str(d)] for d in values.dims)
        if values.shape != expected:
            yield Violation("shape", f"{name}, {variable}", str(values.shape), str(expected))
        elif not np.isfinite(values.values).all():
            yield Violation("shape", f"{name}, {variable}", "an entry that is no number", "numbers")


def _service(simulations: tuple[SimulationResult, ...]) -> pd.DataFrame:
    frames = [s.service for s in simulations if len(s.service)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=SERVICE_COLUMNS)


def _simulation(service: pd.DataFrame) -> Findings:
    """What a plan promises to serve is what the simulation serves."""
    difference = differences(service)
    found = [
        Violation(
            "simulation", f"{system} in county {county}, {when}", f"{simulated:.6g} {unit}", f"{promised:.6g}, promised"
        )
        for system, county, when, _, promised, simulated, unit in service[~(difference <= SERVED_NEAR)].to_numpy()
    ]
    return len(service), found
