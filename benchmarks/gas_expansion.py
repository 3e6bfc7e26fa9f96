"""Least-cost expansion of gas networks (matgas, problem ``ne``): a bound by relaxation, a plan verified by simulation."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.gas_plan import State, find_state, simulate
from benchmarks.gas_problem import GasProblem, expansion_of
from benchmarks.gas_relaxation import Relaxation
from network_models.hydraulics.gas_matgas import read_matgas
from network_models.hydraulics.water_check import NetworkError
from optimizer.errors import InputError
from optimizer.solve.settings import SolverSettings

Row = dict[str, Any]
GAP = 1e-4
TOLERANCE = 1e-3
"""Relative difference from a published objective that counts as equal."""
BROKEN = 1e-4
"""Relative breach of a tangent that is worth a new one."""
PIECES_A_ROUND = 8
LEAST_ERROR = 1e-6
SMOKE = ("case-6-ne", "A1")


@dataclass(frozen=True)
class Found:
    """Cost of the best verified plan (infinite: none), proven lower bound (infinite: infeasible), what ended the search."""

    value: float
    bound: float
    status: str
    rounds: int
    seconds: float
    state: State | None
    reason: str

    @property
    def gap(self) -> float:
        if math.isinf(self.value) or math.isinf(self.bound):
            return 0.0 if self.status == "infeasible" else math.inf
        return max(self.value - self.bound, 0.0) / max(abs(self.value), 1e-9)


def least_cost(problem: GasProblem, time_limit: float, smallest_gap: float = GAP) -> Found:
    """Solve relaxations, each tightened where the last one broke a law, until a verified plan meets the bound.

    Parameters
    ----------
    time_limit
        Seconds.
    smallest_gap
        Relative gap that ends the search.
    """
    began = time.monotonic()
    relaxation, bound, best, reason = Relaxation(problem), -math.inf, None, ""
    value, rounds, status = math.inf, 0, "time_limit"
    while (left := time_limit - (time.monotonic() - began)) > 1.0:
        rounds += 1
        model = relaxation.build()
        solved = model.solve(SolverSettings(mip_gap=0.2 * smallest_gap, time_limit=left))
        if solved.termination == "infeasible":
            status, bound = ("infeasible", math.inf) if best is None else ("optimal", value)
            break
        if math.isfinite(solved.bound):
            bound = max(bound, -solved.bound)
        if solved.values is None:
            break
        state = find_state(model, solved.values)
        if state is not None and state.cost < value:
            good, reason, _ = simulate(problem, state)
            if good:
                best, value = state, state.cost
        if math.isfinite(value) and value - bound <= smallest_gap * max(abs(value), 1e-9):
            status = "optimal"
            break
        if not model.missing_cuts(solved.values, BROKEN):
            _split(relaxation, model.chord_errors(solved.values))
    return Found(value, bound, status, rounds, time.monotonic() - began, best, reason)


def _split(relaxation: Relaxation, errors: list[tuple[float, tuple[int, int], float]]) -> None:
    for excess, direction, flow in errors[:PIECES_A_ROUND]:
        if excess > LEAST_ERROR:
            relaxation.breaks.setdefault(direction, set()).add(flow)


def run(*, smoke: bool, instances: Path | None, time_limit: float, only: str = "", **_: Any) -> list[Row]:
    """Solve every expansion problem of a folder; prints a line each.

    Raises
    ------
    InputError
        No folder, or no expansion problem in it.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/benchmarks.md)")
            return []
        raise InputError("No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (docs/benchmarks.md).")
    known = best_known(instances)
    files = [f for f in sorted(instances.rglob("*.m")) if only in f.stem and _is_expansion(f, known)]
    if smoke:
        files = [f for f in files if f.stem in SMOKE]
    if not files:
        raise InputError(f"{instances}: found no matgas file with candidates (mgc.ne_pipe or mgc.ne_compressor).")
    rows = []
    for file in files:
        rows.append(_row(file, time_limit, known.get(file.name, {})))
        _say(rows[-1])
    return rows


def best_known(folder: Path) -> dict[str, dict[str, str]]:
    """Rows of every BEST_KNOWN.csv of a folder by name of file: problem, objective, status."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.rglob("BEST_KNOWN.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found |= {row["file"]: row for row in csv.DictReader(file) if row.get("file")}
    return found


def _is_expansion(path: Path, known: dict[str, dict[str, str]]) -> bool:
    if path.name in known:
        return known[path.name].get("problem") == "ne"
    try:
        file = read_matgas(path)
    except NetworkError:
        return True  # told when it is read
    return bool(file.rows("ne_pipe") or file.rows("ne_compressor"))


def _row(path: Path, time_limit: float, known: dict[str, str]) -> Row:
    try:
        problem = expansion_of(path)
    except InputError as error:
        empty = dict.fromkeys(("value", "bound", "gap", "seconds", "reference"))
        return {"instance": path.stem, "size": "", **empty, "status": "failed", "reason": str(error)}
    found = least_cost(problem, time_limit)
    return {
        "instance": path.stem,
        "size": problem.size,
        "value": None if math.isinf(found.value) else found.value,
        "bound": None if math.isinf(found.bound) else found.bound,
        "gap": None if math.isinf(found.gap) else found.gap,
        "status": "failed" if contradicts(found, known) else found.status,
        "seconds": found.seconds,
        "reference": known.get("objective") or None,
        "built": _built(problem, found),
        "rounds": found.rounds,
        "reason": found.reason,
    }


def contradicts(found: Found, known: dict[str, str]) -> bool:
    """Whether a published objective and what was found cannot both be right, or a proven one was not reached."""
    objective, proved = known.get("objective", ""), known.get("status", "").startswith("global")
    if not objective:
        return False
    if objective == "infeasible":
        return math.isfinite(found.value)
    reference = float(objective)
    slack = TOLERANCE * max(abs(reference), 1e-9)
    reached = found.value <= reference + slack or not proved
    return (
        found.status == "infeasible"
        or found.bound > reference + slack
        or not reached
        or (found.value < reference - slack)
    )


def _built(problem: GasProblem, found: Found) -> list[str]:
    if found.state is None:
        return []
    names = [(link.name, link.candidate) for link in problem.pipes]
    names += [(link.name, link.candidate) for link in problem.devices]
    return [name for name, candidate in names if candidate >= 0 and found.state.built[candidate]]


def _say(row: Row) -> None:
    numbers = ("-" if row[key] is None else f"{row[key]:,.4f}" for key in ("value", "bound", "seconds"))
    value, bound, seconds = numbers
    text = f"{row['instance']}, {row['size']}: {value}, bound {bound}, {row['status']}, {seconds} s"
    known = f"; published {row['reference']}" if row["reference"] else ""
    Console(highlight=False, soft_wrap=True).print(text + known + (f"; {row['reason']}" if row.get("reason") else ""))
