"""A whole plan through the kernels, its variants by what changed against evaluating each anew, and every single failure.

Processor time, since others may use the machine; of several processes that of the busiest, and of this one beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.evaluate_cases import proposed_plan, random_variants
from benchmarks.province import gansu_systems
from benchmarks.province_region import Province, run_config
from optimizer import contingency, pipeline
from optimizer._paths import region_path
from optimizer.config import RunConfig
from optimizer.evaluate import Evaluator, Values, Variant
from optimizer.evaluate_team import Team
from optimizer.prepare import prepare_problem
from optimizer.region import Region, read_region
from optimizer.road_failures import road_failures
from optimizer.scenarios.store import open_run

Row = dict[str, Any]
GANSU, PERIODS = "gansu", 5
REPEATS, CHECKED, WORKERS = 5, 20, 2
FEWER = 4
"""Processes first value fewer variants with so many times the changes: kernels are loaded, and no unit is met in advance."""
SMOKE_COUNTIES = 2
RELATIVE = 1e-9
FRESH = "each evaluated anew"


@dataclass(frozen=True)
class Case:
    """A plan under its name."""

    name: str
    evaluator: Evaluator
    region: Region
    config: RunConfig

    @property
    def size(self) -> str:
        """Systems, periods, and how many works are started."""
        problem, start = self.evaluator.problem, self.evaluator.plan.decisions["start"].values
        return f"{len(problem.systems)} systems, {problem.horizon.n_periods} periods, {int(start.sum())} starts"

    def row(self, what: str, seconds: float, **more: Any) -> Row:
        """A row in the form that all suites share."""
        usual = dict.fromkeys(("value", "bound", "gap", "reference", "ratio", "peer"))
        return {"instance": f"{self.name}: {what}", "size": self.size, **usual, "seconds": seconds, "status": "done", **more}


def case_of(run: Path | None, smoke: bool) -> Case:
    """The plan of a run folder; else what the archetypes propose for Gansu, or for a small province."""
    if run is not None:
        return Case(run.name, *pipeline.evaluator_of(open_run(run).folder))
    if smoke:
        province = Province(SMOKE_COUNTIES, 1)
        name, region, config = f"province of {SMOKE_COUNTIES}", province.region(), province.config(PERIODS)
    else:
        name, region, config = GANSU, read_region(region_path(GANSU)), run_config(gansu_systems(), PERIODS)
    problem = prepare_problem(region, config)
    return Case(f"{name}, all proposed", Evaluator(problem, proposed_plan(problem)), region, config)


def run(*, smoke: bool, run: Path | None = None, variants: int = 1000, changes: int = 5, **_: Any) -> list[Row]:
    """Measure, print a line a row and return the rows.

    Parameters
    ----------
    run
        Run folder of the plan; None: what the archetypes propose.
    variants, changes
        How many, and how many candidates differ in each.
    """
    case = case_of(run, smoke)
    rows = [_whole(case)]
    tried = random_variants(case.evaluator, min(variants, 50) if smoke else variants, changes)
    rows += _variants(case, tried, changes, rows[0]["seconds"])
    rows += _failures(case)
    for row in rows:
        ratio = f"{row['ratio']:8.0f}x {row['peer']}" if row["ratio"] else ""
        rate = f"{row['value']:10,.0f} a second" if row["value"] else ""
        print(f"{row['instance']:60} {row['seconds']:10.4f} s {rate:20} {ratio}  {row['status']}", flush=True)
    return rows


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    found = work()
    return found, time.process_time() - began


def _anew(case: Case, changes: Variant | None = None) -> Values:
    """Every part of the plan, or of a variant, in every period, nothing kept from before."""
    old = case.evaluator
    states = old.states.copy()
    for candidate, path in (changes or {}).items():
        states[candidate] = path
    return Evaluator(old.problem, old.plan, states).base


def _whole(case: Case) -> Row:
    """The whole plan, an evaluator made from problem and plan each time."""
    first = _timed(lambda: _anew(case))[1]
    seconds = [_timed(lambda: _anew(case))[1] for _ in range(REPEATS)]
    spread = (max(seconds) - min(seconds)) / median(seconds)
    return case.row("whole plan", median(seconds), spread=spread, first=first, repeats=REPEATS)


def _variants(case: Case, tried: Sequence[Variant], changes: int, anew: float) -> list[Row]:
    """Rates of variants: one after the other, all together, and by two processes."""
    plan = case.evaluator
    fresh = Evaluator(plan.problem, plan.plan)
    _, _ = fresh.base, plan.base
    singly, apart = _timed(lambda: [fresh.variant(one) for one in tried])
    together, whole = _timed(lambda: plan.many(tried))
    with Team(plan, WORKERS) as team:
        team.many(random_variants(plan, len(tried) // FEWER, FEWER * changes, seed=1))
        began = time.monotonic()
        shared, own = _timed(lambda: team.many(tried))
        clock, busiest = time.monotonic() - began, max(team.busy.values())
    n, what = len(tried), f"variants with {changes} changes"
    equal = _equal(case, tried, (singly, together, shared))
    rows = [
        case.row(f"{what}, one after the other", apart), case.row(f"{what}, together", whole),
        case.row(f"{what}, {WORKERS} processes", busiest + own, clock=clock, busiest=busiest, own=own),
    ]  # fmt: skip
    for row in rows:
        rate = n / row["seconds"]
        row |= {"value": rate, "reference": anew * n, "ratio": anew * rate, "peer": FRESH, "variants": n}
        row["status"] = "equal" if equal else "failed"
    return rows


def _equal(case: Case, tried: Sequence[Variant], found: Sequence[list[Values]]) -> bool:
    """Whether a sample of variants is worth what an evaluation anew finds, by every way."""
    for i in np.linspace(0, len(tried) - 1, min(CHECKED, len(tried))).astype(int):
        right = _anew(case, tried[i])
        for values in found:
            for name, one in right.items():
                for mine, theirs in ((values[i][name].value, one.value), (values[i][name].served, one.served)):
                    if np.abs(mine - theirs).max(initial=0.0) > RELATIVE * max(1.0, np.abs(theirs).max(initial=0.0)):
                        return False
    return True


def _failures(case: Case) -> list[Row]:
    plan = Evaluator(case.evaluator.problem, case.evaluator.plan)
    _ = plan.base
    standing = int(contingency.in_service(plan).sum())
    table, seconds = _timed(lambda: contingency.failures(plan))
    links = len(case.region.tables["link"])
    road_failures(plan, case.region, case.config)
    roads, on_roads = _timed(lambda: road_failures(plan, case.region, case.config))
    return [
        case.row(f"each of {standing} works fails alone", seconds, value=standing / seconds, losses=len(table)),
        case.row(f"each of {links} road links fails alone", on_roads, value=links / on_roads, losses=len(roads)),
    ]
