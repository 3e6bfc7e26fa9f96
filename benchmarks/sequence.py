"""Published sequencing instances as Problems of the sequence core alone, solved and checked by the same path as a region."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.sequence_formats import SequenceInstance, find_files, read_file
from optimizer.draft import Draft
from optimizer.errors import ChengxiangError, InputError
from optimizer.horizon import Horizon
from optimizer.problem import ANY, POOL, Problem, Requirement
from optimizer.solve import SolverSettings, solve_problem
from optimizer.verify import verify_plan

SYSTEM = "blocks"
SCALE = 1e6
SMOKE = ("newman1.upit", "pet2.dat", "pb5.dat", "weing1.dat", "OR5x100-0.75_4.dat")
SMOKE_SECONDS = 20.0
GAP = 1e-6
SAME = 1e-6
"""Relative to a reference: published values are rounded to whole units."""


def problem_of(instance: SequenceInstance) -> Problem:
    """An instance as a Problem without systems: a block is a candidate whose start earns its value once.

    Money is in the instance's own unit times 10^6 CNY, and values are counted from the middle of a period, so that the
    objective reads in the instance's unit, discounted from the beginning of the first period as MineLib does.
    """
    horizon = Horizon(2025, (1,) * instance.periods, instance.rate)
    draft = Draft(horizon)
    county = draft.county("all")
    names = [f"resource {r}" for r in range(len(instance.limit))]
    for name, limit in zip(names, instance.limit, strict=True):
        draft.resource(name, {POOL: np.where(np.isfinite(limit), limit, np.nan).tolist()})
    cost = np.round(-instance.value * SCALE / horizon.discount(0)).astype(np.int64)
    for block, amount in enumerate(cost):
        candidate = draft.candidate(f"b{block}", SYSTEM, county)
        uses = {names[r]: float(instance.use[block, r]) for r in np.flatnonzero(instance.use[block])}
        draft.option(candidate, "taken", overnight_cost=int(amount), lead_years=0, lifetime=0, uses=uses)
    draft.requirements = [Requirement(int(b), ANY, int(k), ANY) for b, k in instance.needs]
    return draft.freeze(region=instance.name)


def solve_instance(instance: SequenceInstance, time_limit: float) -> dict[str, Any]:
    """One row: value and bound in the instance's own terms, and what the independent check says of the plan."""
    row: dict[str, Any] = {"instance": instance.name, "size": instance.size, "reference": instance.reference}
    began, clock = time.process_time(), time.monotonic()
    try:
        problem = problem_of(instance)
        plan = solve_problem(problem, SolverSettings(mip_gap=GAP, time_limit=time_limit, threads=2))
        verification = verify_plan(problem, plan)
    except ChengxiangError as error:
        return {**row, "value": None, "bound": None, "gap": None, "status": "failed", "message": str(error)}
    outcome = plan.outcome
    return {
        **row,
        "value": outcome.incumbent,
        "bound": outcome.bound,
        "lp_bound": plan.meta.get("relaxation"),
        "gap": outcome.gap,
        "status": outcome.termination if verification.passed else "failed",
        "reached": _reached(outcome.incumbent, instance.reference),
        "checked": sum(verification.checks.values()),
        "seconds": time.monotonic() - clock,
        "cpu_seconds": time.process_time() - began,
        "evidence": outcome.evidence,
    }


def _reached(value: float, reference: float | None) -> bool | None:
    return None if reference is None else value >= reference - SAME * max(1.0, abs(reference))


def run(
    *, smoke: bool, instances: Path | None, time_limit: float, family: str | None = None, only: str = "", **_: Any
) -> list[dict[str, Any]]:
    """Solve every instance of a folder; prints a table as it goes.

    Raises
    ------
    InputError
        No folder, or no file in it that can be read.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/benchmarks.md)")
            return []
        raise InputError(
            "No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (see docs/benchmarks.md)."
        )
    files = find_files(instances, family)
    if not files:
        raise InputError(f"{instances}: no .upit, .cpit, .dat or .txt file in it or the folders in it.")
    if smoke:
        files, time_limit = [(f, kind) for f, kind in files if f.name in SMOKE], min(time_limit, SMOKE_SECONDS)
    rows = []
    for file, kind in files:
        if only and kind != "knapsack" and only not in f"{file.parent.name}/{file.name}":
            continue
        for instance in read_file(file, kind):
            if only in instance.name:
                rows.append(solve_instance(instance, time_limit))
                _say(rows[-1])
    _show(rows)
    return rows


def _say(row: dict[str, Any]) -> None:
    value = row.get("message", "-") if row["value"] is None else f"{row['value']:,.2f}"
    Console().print(f"{row['instance']} {row['size']}: {value} ({row['status']})", highlight=False)


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("instance", "value", "bound", "gap", "status", "s", "reference", "reached")
    for r in rows:
        if r["value"] is None:
            table.add_row(r["instance"], "-", "-", "-", r["status"], "-", "", "")
            continue
        reference = "" if r["reference"] is None else f"{r['reference']:,.0f}"
        reached = {None: "", True: "yes", False: "no"}[r["reached"]]
        figures = (f"{r['value']:,.2f}", f"{r['bound']:,.2f}", f"{100 * r['gap']:.4f} %")
        table.add_row(r["instance"], *figures, r["status"], f"{r['seconds']:.1f}", reference, reached)
    Console().print(table)
