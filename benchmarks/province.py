"""A province planned by this program and by HiGHS alone, at equal cores and wall time; and what planning ahead is worth.

Every method runs in a process of its own, one after the other, in an order that changes from seed to seed.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.province_methods import measure
from benchmarks.province_options import GANSU, METHODS, SIZES
from benchmarks.province_plot import plot as draw
from benchmarks.province_region import SYSTEMS, Province, run_config
from optimizer._paths import region_path
from optimizer.errors import InputError
from optimizer.prepare import prepare_problem
from optimizer.problem import Problem
from optimizer.region import read_region

Row = dict[str, Any]
SMOKE_SECONDS = 12.0
CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "system"


@dataclass(frozen=True)
class Case:
    """One problem: a synthetic province, or Gansu (``counties`` 0)."""

    counties: int
    periods: int
    seed: int
    catalogue: str
    systems: tuple[str, ...] = SYSTEMS

    @property
    def name(self) -> str:
        who = f"{self.counties} counties, {self.catalogue}, seed {self.seed}" if self.counties else GANSU
        return f"{who}, {self.periods} years"

    def problem(self) -> Problem:
        """Prepared anew, by the archetypes themselves."""
        if self.counties:
            return Province(self.counties, self.seed, self.catalogue, self.systems).problem(self.periods)
        return prepare_problem(read_region(region_path(GANSU)), run_config(gansu_systems(), self.periods))


def gansu_systems() -> dict[str, dict[str, Any]]:
    """Every system that travels with the program, as configured."""
    found = [dict(yaml.safe_load(f.read_text(encoding="utf-8"))) for f in sorted(CONFIGS.glob("*.yaml"))]
    return {str(one["name"]): one for one in found}


def run(
    *,
    smoke: bool,
    time_limit: float,
    size: str = "M",
    seeds: int = 1,
    periods: int = 5,
    catalogue: str = "short",
    against: str = "",
    plot: Path | None = None,
    **_: Any,
) -> list[Row]:
    """Plan every province by every method asked for; prints a table.

    Raises
    ------
    InputError
        A method that there is not.
    """
    methods = _methods("all" if smoke else against)
    cases = [Case(SIZES[size], periods, s, catalogue) for s in range(1, seeds + 1)] if size != GANSU else []
    if size == GANSU:
        cases = [Case(0, periods, 1, "full")]
    if smoke:
        cases, time_limit = [Case(2, 5, 1, "short", ("cold_chain", "water"))], min(time_limit, SMOKE_SECONDS)
    rows: list[Row] = []
    for k, case in enumerate(cases):
        order = methods if k % 2 == 0 else methods[::-1]
        rows += _compared([_alone(case, method, time_limit) for method in order])
    _show(rows)
    if plot:
        draw(plot, rows)
    return rows


def _methods(against: str) -> list[str]:
    asked = list(METHODS[1:]) if against == "all" else [m for m in against.split(",") if m]
    unknown = [m for m in asked if m not in METHODS]
    if unknown:
        raise InputError(f"--against: found {unknown[0]!r}; expected some of {', '.join(METHODS[1:])}, or all.")
    return [METHODS[0], *(m for m in METHODS[1:] if m in asked)]


def _alone(case: Case, method: str, time_limit: float) -> Row:
    """One method in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        row: Row = pool.submit(measure, case, method, time_limit).result()
    value = "-" if row["value"] is None else f"{row['value']:,.1f}"
    Console().print(f"{row['instance']}, {method}: {value} ({row['status']}, {row['seconds']:.0f} s)", highlight=False)
    return row


def _compared(rows: list[Row]) -> list[Row]:
    """Rows of one province with what only all of them together tell: gap to the best bound proved, worth beside ours."""
    bounds = [r["bound"] for r in rows if r["bound"] is not None]
    best = min(bounds) if bounds else None
    ours = next(r["value"] for r in rows if r["method"] == METHODS[0])
    for r in rows:
        known = r["value"] is not None and best is not None
        r["best_bound"] = best
        r["gap_to_best_bound"] = (best - r["value"]) / max(abs(r["value"]), 1e-9) if known else None
        r["ours_over_this"] = ours / r["value"] if ours is not None and r["value"] else None
    return rows


def _show(rows: list[Row]) -> None:
    table = Table(
        "province", "method", "net benefit", "bound", "gap", "to best bound", "ours / this", "s", "CPU s", "GB"
    )
    for r in rows:
        cells = (
            _number(r["value"], 1),
            _number(r["bound"], 1),
            _percent(r["gap"]),
            _percent(r["gap_to_best_bound"]),
            _number(r["ours_over_this"], 3),
        )
        table.add_row(
            r["instance"], r["method"], *cells, f"{r['seconds']:.0f}", f"{r['cpu_seconds']:.0f}", f"{r['peak_gb']:.2f}"
        )
    Console(width=160).print(table)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"
