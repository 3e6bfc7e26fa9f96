"""Cheapest supply of a gas network (de Wolf & Smeers 2000): a bound by relaxation, a plan verified by simulation."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.gas_expansion import Found, least_cost
from benchmarks.gas_problem import operation_of
from optimizer.errors import InputError

Row = dict[str, Any]
GAP = 1e-6
TOLERANCE = 1e-5
"""Relative difference from a published optimum that counts as equal."""


def run(*, smoke: bool, instances: Path | None, time_limit: float, only: str = "", **_: Any) -> list[Row]:
    """Solve every network of a folder that has nodes, arcs and costs in one JSON file; prints a line each.

    Raises
    ------
    InputError
        No folder, or no such file in it.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/benchmarks.md)")
            return []
        raise InputError("No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (docs/benchmarks.md).")
    files = [f for f in sorted(instances.rglob("*.json")) if only in f.stem and _is_operation(f)]
    if not files:
        raise InputError(f"{instances}: found no JSON file with nodes and arcs of a gas network.")
    rows = [_row(file, time_limit) for file in files]
    for row in rows:
        text = f"{row['instance']}, {row['size']}: {row['value']}, bound {row['bound']}, {row['status']}"
        Console(highlight=False, soft_wrap=True).print(f"{text}; published {row['reference']}")
    return rows


def _is_operation(path: Path) -> bool:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(data, dict) and "nodes" in data and "arcs" in data


def _row(path: Path, time_limit: float) -> Row:
    problem = operation_of(path)
    found = least_cost(problem, time_limit, GAP)
    reference = json.loads(path.read_text(encoding="utf-8")).get("best_known", {}).get("objective")
    return {
        "instance": path.stem,
        "size": problem.size,
        "value": None if math.isinf(found.value) else found.value,
        "bound": None if math.isinf(found.bound) else found.bound,
        "gap": None if math.isinf(found.gap) else found.gap,
        "status": "failed" if _contradicts(found, reference) else found.status,
        "seconds": found.seconds,
        "reference": reference,
        "rounds": found.rounds,
        "reason": found.reason,
    }


def _contradicts(found: Found, reference: float | None) -> bool:
    """Whether a published optimum was not met, from above or below."""
    if reference is None:
        return False
    slack = TOLERANCE * abs(reference)
    return abs(found.value - reference) > slack or found.bound > reference + slack
