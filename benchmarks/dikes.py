"""Published dike-ring heightening instances (Eijgenraam et al. 2012): plan, proven bound, years and heights.

Instances are JSON files with ``parameters`` (and ``optimum_computed`` where one is known), or rows of a
``parameters.csv``. The plan's cost is computed again here from the formulas of the paper, apart from the solver's code.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from optimizer.errors import ChengxiangError, InputError
from optimizer.systems.protection_dikes import DikePlan, DikeRing, solve_dikes

Row = dict[str, Any]
PROVED = 1e-4
"""A gap up to this is called optimal."""
ALLOWED = 5e-4
"""A total so far above the reference fails."""
SAME = 1e-9
SMOKE = 2
GAMMA, DELTA, HORIZON = 0.02, 0.04, 300.0
KEYS = {
    "c": ("c", "c_MEUR"),
    "b": ("b", "b_MEUR_per_cm"),
    "growth": ("lambda_", "lambda_per_cm"),
    "alpha": ("alpha_per_cm",),
    "eta": ("eta_cm_per_year", "eta_cm_per_yr"),
    "zeta": ("zeta_per_cm",),
    "value": ("V0_million_EUR", "V0_MEUR"),
    "probability": ("P0_per_year", "P0_per_yr"),
    "gamma": ("gamma",),
    "delta": ("delta",),
    "horizon": ("horizon_years",),
}
DEFAULTS = {"gamma": GAMMA, "delta": DELTA, "horizon": HORIZON}


class Instance(NamedTuple):
    """A ring, and the years and heightenings of the reference where there is one."""

    ring: DikeRing
    years: list[float] | None
    heightenings: list[float] | None


def find_instances(folder: Path) -> list[Instance]:
    """Instances of a folder and the folders in it: JSON files, else tables of parameters.

    Raises
    ------
    InputError
        A file without the parameters that the model needs.
    """
    files = sorted(folder.rglob("*.json"))
    found = [_from_json(file) for file in files if "dike" in file.name]
    if found:
        return found
    return [one for file in sorted(folder.rglob("parameters.csv")) for one in _from_table(file)]


def _from_json(file: Path) -> Instance:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        known = content.get("optimum_computed") or {}
        ring = _ring(content["parameters"], str(content.get("dike_ring", file.stem)), file.name)
    except (ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{file}: found no dike ring ({error}); expected JSON with 'parameters'.") from error
    return Instance(ring, known.get("years"), known.get("heightenings_cm"))


def _from_table(file: Path) -> Iterator[Instance]:
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            yield Instance(_ring(row, row.get("dike_ring") or str(number), f"{file.name}, row {number}"), None, None)


def _ring(row: dict[str, Any], name: str, where: str) -> DikeRing:
    values = dict(DEFAULTS)
    for key, names in KEYS.items():
        given = next((row[n] for n in names if n in row), values.get(key))
        try:
            values[key] = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}: {names[0]} found {given!r}; expected a number.") from error
    return DikeRing(name, **values)


def recomputed(ring: DikeRing, years: list[float], heightenings: list[float]) -> float:
    """Total of a plan: sum of (c + b u) exp(lambda (H + u) - delta t), and damage by intervals in closed form."""
    beta, theta = ring.alpha * ring.eta + ring.gamma, ring.alpha - ring.zeta
    total, height, begin = 0.0, 0.0, 0.0
    for year, step in [*zip(years, heightenings, strict=True), (ring.horizon, 0.0)]:
        total += ring.probability * ring.value * math.exp(-theta * height) * _integral(beta - ring.delta, begin, year)
        if step > 0:
            total += (ring.c + ring.b * step) * math.exp(ring.growth * (height + step) - ring.delta * year)
        height, begin = height + step, year
    at_end = ring.probability * ring.value * math.exp(beta * ring.horizon - theta * height)
    return total + at_end * math.exp(-ring.delta * ring.horizon) / ring.delta


def _integral(rate: float, begin: float, end: float) -> float:
    return end - begin if rate == 0 else (math.exp(rate * end) - math.exp(rate * begin)) / rate


def solve_instance(instance: Instance) -> Row:
    """One row; value, bound and reference in the instance's money."""
    ring = instance.ring
    row: Row = {"instance": f"dike_ring_{ring.name}", "size": f"{ring.horizon:g} years", "reference": None}
    if instance.years is not None and instance.heightenings is not None:
        row["reference"] = recomputed(ring, instance.years, instance.heightenings)
    began = time.perf_counter()
    try:
        plan = solve_dikes(ring)
    except ChengxiangError as error:
        empty = dict.fromkeys(("value", "bound", "gap", "seconds"))
        return {**row, **empty, "status": "failed", "message": str(error)}
    return {**row, **_outcome(ring, plan, row["reference"]), "seconds": time.perf_counter() - began}


def _outcome(ring: DikeRing, plan: DikePlan, reference: float | None) -> Row:
    total = recomputed(ring, list(plan.years), list(plan.heightenings))
    wrong = abs(total - plan.total) > SAME * total or plan.bound > total
    worse = reference is not None and total > (1.0 + ALLOWED) * reference
    refuted = reference is not None and plan.bound > reference * (1.0 + SAME)
    status = "failed" if wrong or worse or refuted else "optimal" if plan.gap <= PROVED else "feasible"
    return {
        "value": total,
        "bound": plan.bound,
        "gap": plan.gap,
        "status": status,
        "over_reference": None if reference is None else total / reference - 1.0,
        "years": [round(year, 3) for year in plan.years],
        "heightenings_cm": [round(step, 3) for step in plan.heightenings],
        "investment": plan.investment,
        "damage_within_horizon": plan.damage,
        "damage_after_horizon": plan.after,
    }


def run(*, smoke: bool, instances: Path | None, only: str = "", **_: Any) -> list[Row]:
    """Solve every dike ring of a folder; prints a table.

    Raises
    ------
    InputError
        No folder, or no instance in it.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/flood.md)")
            return []
        raise InputError("No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (see docs/flood.md).")
    found = [one for one in find_instances(instances) if only in f"dike_ring_{one.ring.name}"]
    if not found:
        raise InputError(f"{instances}: no dike rings; expected dike_ring_*.json or parameters.csv.")
    rows = [solve_instance(one) for one in (found[:SMOKE] if smoke else found)]
    _show(rows)
    return rows


def _show(rows: list[Row]) -> None:
    table = Table("instance", "total", "bound", "gap", "reference", "over", "status", "s")
    for row in rows:
        if row["value"] is None:
            table.add_row(row["instance"], *["-"] * 5, row["status"], "-")
            continue
        reference = row["reference"]
        table.add_row(
            row["instance"],
            f"{row['value']:,.5f}",
            f"{row['bound']:,.5f}",
            f"{100 * row['gap']:.4f} %",
            "" if reference is None else f"{reference:,.5f}",
            "" if reference is None else f"{row['over_reference']:+.1e}",
            row["status"],
            f"{row['seconds']:.2f}",
        )
    Console().print(table)
    for row in rows:
        Console().print(f"{row['instance']}: {_heightenings(row)}", highlight=False, soft_wrap=True)


def _heightenings(row: Row) -> str:
    if row["value"] is None:
        return str(row["message"])
    pairs = zip(row["years"], row["heightenings_cm"], strict=True)
    return ", ".join(f"year {year:.1f} +{step:.1f} cm" for year, step in pairs) or "none"
