"""Hubs in two flood zones: planned sector by sector, each for its own gains, and jointly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Lock, Problem
from optimizer.region import Region
from optimizer.solve import solve_problem
from tests.systems.flood_cases import levees, tables
from tests.systems.tiny_runs import EXACT, changed, problem_of

OUTAGE_DAYS = 180
LEVEE_FACTOR = 5
PLACES = [{"place_id": "SA1", "zone_id": "ZA", "outage_days": OUTAGE_DAYS},
          {"place_id": "SA2", "zone_id": "ZB", "outage_days": OUTAGE_DAYS}]  # fmt: skip
SYSTEMS = {**changed("cold_chain"), **levees()}


class Compared(NamedTuple):
    """The joint problem and region, the joint plan, and the plan made sector by sector, both as the joint problem values
    them.
    """

    problem: Problem
    region: Region
    joint: Plan
    by_sector: Plan


def compared(folder: Path, value: float) -> Compared:
    """Plans where assets of a value (CNY) stand in each zone: cold chain first with all the money, then levees with what is
    left for the damage they avoid; and both at once.
    """
    made = tables(works=False, value=value)
    listed = made["candidates"]
    made["candidates"] = lambda rows: [
        {**r, "cost_factor": LEVEE_FACTOR if r["role"] == "levee" else 1} for r in listed(rows)
    ]
    coupled, region = problem_of(folder / "coupled", SYSTEMS, **made, zone_places=PLACES)
    apart, _ = problem_of(folder / "apart", SYSTEMS, **made)
    cold = solve_problem(held(apart, {}, "flood"), EXACT)
    both = solve_problem(held(apart, starts_of(apart, cold)), EXACT)
    by_sector = solve_problem(held(coupled, starts_of(apart, both), "flood"), EXACT)
    return Compared(coupled, region, solve_problem(coupled, EXACT), by_sector)


def starts_of(problem: Problem, plan: Plan) -> dict[int, int]:
    """Year in which each transition starts."""
    return {int(p): problem.horizon.starts[t] for p, t in np.argwhere(plan.decisions["start"].values)}


def held(problem: Problem, starts: dict[int, int], idle: str = "") -> Problem:
    """The problem with some starts fixed; whatever else belongs to their systems, or to an idle one, is forbidden."""
    system = problem.sequence["candidate_system"].values[problem.sequence["transition_candidate"].values]
    settled = {str(system[p]) for p in starts} | {idle}
    locks: list[Any] = [Lock(p, "fixed", year) for p, year in starts.items()]
    locks += [Lock(p, "forbidden", 0) for p, s in enumerate(system) if str(s) in settled and p not in starts]
    return replace(problem, locks=tuple(locks))
