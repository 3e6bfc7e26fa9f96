"""The exact checker: every rule of docs/formulation.md, worked out again on the plan alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.systems.registry import checker
from optimizer.verify import logic, money
from optimizer.verify.result import SERVICE_COLUMNS, SimulationResult, Verification, Violation
from optimizer.verify.works import Works

RELATIVE = 1e-6
MILLION = 1e6
SERVICE_TOLERANCE = 1e-6


def verify_plan(
    problem: Problem, plan: Plan, simulations: Iterable[SimulationResult] = (), audit: Iterable[Violation] = (),
) -> Verification:
    """Check a plan against its problem.

    Parameters
    ----------
    simulations
        What each system would really serve.
    audit
        What :func:`optimizer.verify.audit.audit_region` found between the problem and the region's tables.
    """
    broken = _shapes(problem, plan)
    if broken:
        return Verification(False, tuple(broken), {"shape": 1}, plan.objective, math.nan)
    works = Works(problem, np.rint(plan.decisions["start"].values).astype(np.int64))
    checks: dict[str, int] = {}
    violations = list(audit)
    books = money.Ledgers(works, plan)
    for rules, about in ((logic.RULES, works), (money.RULES, books)):
        for rule in rules:
            rows, found = rule(about)  # type: ignore[operator]
            checks[rule.__name__] = rows
            violations += found
    if violations and not _usable(works):
        return Verification(False, tuple(violations), checks, plan.objective, math.nan)
    violations += _systems(problem, plan, works, checks)
    recomputed = metrics(problem, plan, works)
    violations += _objective(problem, plan, recomputed, checks)
    violations += _equity(problem, plan, checks)
    service = _service(simulations)
    difference = _largest_difference(service)
    if difference > SERVICE_TOLERANCE:
        violations.append(Violation("simulation", "service", f"{difference:.3g} of demand promised and not served", "none"))
    first = problem.objective.metrics[0]
    return Verification(
        not violations, tuple(violations), checks, plan.objective, recomputed.get(first, math.nan), service, difference,
        tuple(note for s in simulations for note in s.notes),
    )


def _shapes(problem: Problem, plan: Plan) -> list[Violation]:
    """A plan of another problem is refused before anything else."""
    expected = {
        "start": (problem.sequence.sizes["transition"], problem.horizon.n_periods),
        "spending": (problem.sequence.sizes["candidate"], problem.horizon.n_periods),
        "payment": (problem.sequence.sizes["candidate"], problem.funding.sizes["source"], problem.horizon.n_periods),
        "carry_over": (problem.funding.sizes["source"], problem.funding.sizes["owner"], problem.horizon.n_periods),
    }
    found = [
        Violation("shape", name, str(plan.decisions[name].shape) if name in plan.decisions else "nothing", str(shape))
        for name, shape in expected.items() if name not in plan.decisions or plan.decisions[name].shape != shape
    ]
    names = [str(c) for c in plan.decisions["candidate"].values] if "candidate" in plan.decisions.coords else []
    if not found and names != [str(c) for c in problem.sequence["candidate"].values]:
        found.append(Violation("shape", "candidates", "other candidates or another order", "those of the problem"))
    return found


def _usable(works: Works) -> bool:
    """Whether starts make sense enough to go on to services and values."""
    return bool((works.start.sum(axis=1) <= 1).all() and (works.start >= 0).all())


def _systems(problem: Problem, plan: Plan, works: Works, checks: dict[str, int]) -> list[Violation]:
    found: list[Violation] = []
    for name, system in problem.systems.items():
        eye = checker(system.archetype)
        for rule, rows in eye.rows_checked(problem, system).items():
            checks[rule] = checks.get(rule, 0) + rows
        found += eye.check(problem, system, plan.systems[name], works.states)
    return found


def metrics(problem: Problem, plan: Plan, works: Works) -> Mapping[str, float]:
    """Every metric, worked out from the plan."""
    horizon = problem.horizon
    years = sum(horizon.lengths)
    spent = plan.decisions["spending"].values.sum(axis=0)
    om = works.column["fixed_om"][works.states].sum(axis=0)
    worth = -om.astype(float)
    result: dict[str, float] = {}
    levels: list[float] = []
    for name, system in problem.systems.items():
        eye = checker(system.archetype)
        worth = worth + eye.value(problem, system, plan.systems[name])
        served, demand = (eye.served(problem, system, plan.systems[name]), eye.demand(problem, system))
        result[f"served:{name}"] = float((served.sum(axis=0) * horizon.lengths).sum() / years)
        wanted = demand[:, -1] > 0
        levels += list(served[wanted, -1] / demand[wanted, -1])
    flows = sum(
        works.discount(t) * (horizon.lengths[t] * float(worth[t]) - float(spent[t])) for t in range(horizon.n_periods)
    )
    end = (1 + horizon.discount_rate) ** -(works.end - works.begins[0])
    result["net_benefit"] = (flows + end * works.residual) / MILLION
    result["lowest_service"] = float(min(levels)) if levels else 1.0
    return result


def _objective(problem: Problem, plan: Plan, recomputed: Mapping[str, float], checks: dict[str, int]) -> list[Violation]:
    """Claimed metrics are true, the bound is above the plan, epsilon bounds hold."""
    claimed = dict(zip([str(m) for m in plan.decisions["metric"].values], plan.decisions["metric_value"].values, strict=True))
    first = problem.objective.metrics[0]
    claimed[first] = plan.objective
    found = []
    for name, value in claimed.items():
        true = recomputed.get(name)
        wanted = {first, *problem.objective.metrics, *(b.metric for b in problem.objective.bounds)}
        if true is None or (name == "lowest_service" and name not in wanted):
            continue
        short = name == "lowest_service" and true >= value - RELATIVE
        if not short and abs(true - value) > RELATIVE * max(1.0, abs(true)):
            found.append(Violation("objective", name, f"{value:.9g} claimed", f"{true:.9g} recomputed"))
    if plan.outcome.bound < plan.objective - RELATIVE * max(1.0, abs(plan.objective)):
        found.append(Violation("bound", first, f"{plan.outcome.bound:.9g}", f"{plan.objective:.9g} or more"))
    for bound in problem.objective.bounds:
        true = recomputed.get(bound.metric, math.nan)
        if not true >= bound.at_least - RELATIVE * max(1.0, abs(bound.at_least)):
            found.append(Violation("objective_bound", bound.metric, f"{true:.9g}", f"{bound.at_least:.9g} or more"))
    checks["objective"], checks["objective_bound"] = len(claimed), len(problem.objective.bounds)
    return found


def _equity(problem: Problem, plan: Plan, checks: dict[str, int]) -> list[Violation]:
    found, rows = [], 0
    for floor in problem.floors:
        system = problem.systems[floor.system]
        eye = checker(system.archetype)
        served, demand = (eye.served(problem, system, plan.systems[floor.system]), eye.demand(problem, system))
        for c in floor.counties:
            for t in range(floor.period, problem.horizon.n_periods):
                rows += 1
                if demand[c, t] > 0 and served[c, t] / demand[c, t] < floor.level - RELATIVE:
                    found.append(Violation("equity", f"{floor.system}, {problem.county_ids[c]}, {problem.horizon.labels[t]}",
                                           f"{served[c, t] / demand[c, t]:.4f}", f"{floor.level:.4f} or more"))
    checks["equity"] = rows
    return found


def _service(simulations: Iterable[SimulationResult]) -> pd.DataFrame:
    frames = [s.service for s in simulations if len(s.service)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=SERVICE_COLUMNS)


def _largest_difference(service: pd.DataFrame) -> float:
    wanted = service[service["demand"] > 0] if len(service) else service
    return float((abs(wanted["promised"] - wanted["simulated"]) / wanted["demand"]).max()) if len(wanted) else 0.0
