"""Flood routing and steady and unsteady water surfaces against published cases.

Files are known by their columns: Muskingum floods (``inflow_m3s`` and an outflow that is published, or observed),
MacDonald's steady profiles (``bed_m``, ``depth_m``) and the planar wave of Hunter et al. (``h_m_t<seconds>``). A flood
whose parameters are not among those below is fitted to first, and its row says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize

from network_models.flood.backwater import profile
from network_models.flood.errors import FloodError
from network_models.flood.inertial import WALL, Flooding
from network_models.flood.muskingum import Flood, nonlinear_muskingum, through
from network_models.flood.river import MuskingumReach
from network_models.flood.sections import GRAVITY, Channel
from network_models.flood.warm import warm
from optimizer.errors import InputError

Row = dict[str, Any]
DAY = 86400.0
LINEAR = {"ponce": (2.0, 0.1)}
"""K in days and x by a word in the file's name: Ponce, Engineering Hydrology, table 9-1."""
NONLINEAR = {"wilson": (0.5175, 0.2869, 1.8680)}
"""K, x and m, time in hours: Geem 2006."""
PUBLISHED_SQUARES = {"wilson": 36.77}
ROUNDING = 0.06
"""Ponce's table is rounded to 0.1 m3/s; the exact recurrence is up to 0.057 from it."""
VOLUME = 1e-9
MACDONALD = (20.0, Channel(10.0, 0.03))
"""Discharge and channel of MacDonald et al. 1997."""
DEPTH_SHARE = 1e-3
FRONT = 0.05


class Case(NamedTuple):
    """A file's columns."""

    name: str
    columns: dict[str, np.ndarray]


def read_tables(folder: Path) -> Iterator[Case]:
    """Tables of a folder and the folders in it that one of the cases can use.

    Raises
    ------
    InputError
        A table of a known family with cells that are no numbers.
    """
    for file in sorted(folder.rglob("*.csv")):
        with file.open(encoding="utf-8-sig") as lines:
            header = lines.readline().strip().split(",")
        if not _family(header):
            continue
        values = np.genfromtxt(file, delimiter=",", skip_header=1, ndmin=2)
        if np.isnan(values).any() or values.shape[1] != len(header):
            row = int(np.argmax(np.isnan(values).any(1))) + 2
            raise InputError(f"{file}, row {row}: found a cell that is no number; expected {len(header)} numbers.")
        yield Case(file.stem, dict(zip(header, values.T, strict=True)))


def _family(header: list[str]) -> Callable[[Case], Iterator[Row]] | None:
    if "inflow_m3s" in header and any(name.startswith("outflow_published") for name in header):
        return _linear
    if "inflow_m3s" in header and any(name.startswith("outflow_observed") for name in header):
        return _nonlinear
    if {"x_m", "bed_m", "depth_m"} <= set(header):
        return _steady
    return _wave if any(re.fullmatch(r"h_m_t\d+", name) for name in header) else None


def _known(name: str, table: dict[str, Any]) -> Any:
    return next((value for word, value in table.items() if word in name), None)


def _flood(table: Case, outflow: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Inflow, outflow of the file, and the time step in the file's unit."""
    clock = next(values for name, values in table.columns.items() if name.startswith("time"))
    given = next(values for name, values in table.columns.items() if name.startswith(outflow))
    return table.columns["inflow_m3s"], given, float(clock[1] - clock[0])


def _linear(table: Case) -> Iterator[Row]:
    inflow, published, step = _flood(table, "outflow_published")
    unit = DAY if "time_d" in table.columns else 3600.0

    def of(k: float, x: float) -> Flood:
        return through(MuskingumReach("reach", "", k * unit, x), inflow, step * unit)

    known = _known(table.name, LINEAR)
    parameters = known or _fitted(lambda p: of(p[0], p[1]), published, (2.0 * step, 0.2))
    flood = of(*parameters)
    error = float(np.abs(flood.outflow - published).max())
    yield _row(
        table, "linear Muskingum, peak", flood.outflow.max(), published.max(), error <= ROUNDING or not known,
        {"greatest_difference": error, "balance": flood.balance, "parameters": parameters, "fitted": not known},
    )  # fmt: skip


def _nonlinear(table: Case) -> Iterator[Row]:
    inflow, observed, step = _flood(table, "outflow_observed")
    known = _known(table.name, NONLINEAR)
    parameters = known or _fitted(
        lambda p: nonlinear_muskingum(inflow, step, *(float(v) for v in p)), observed, (0.5, 0.25, 1.8)
    )
    flood = nonlinear_muskingum(inflow, step, *(float(v) for v in parameters))
    squares = float(((flood.outflow - observed) ** 2).sum())
    published = _known(table.name, PUBLISHED_SQUARES)
    fine = published is None or squares <= published + 0.01
    extra = {"balance": flood.balance, "parameters": parameters, "fitted": not known}
    yield _row(table, "nonlinear Muskingum, squares", squares, published, fine, extra)


def _fitted(of: Callable[[np.ndarray], Flood], wanted: np.ndarray, start: tuple[float, ...]) -> tuple[float, ...]:
    def squares(parameters: np.ndarray) -> float:
        try:
            return float(((of(parameters).outflow - wanted) ** 2).sum())
        except (FloodError, OverflowError):
            return np.inf

    found = minimize(squares, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8, "maxiter": 4000})
    return tuple(float(value) for value in found.x)


def _steady(table: Case) -> Iterator[Row]:
    """Depths at the ends where the flow's kind asks for them are given; all others are compared."""
    depth, (q, channel) = table.columns["depth_m"], MACDONALD
    critical = channel.critical_depth(q)
    found = profile(
        table.columns["x_m"], table.columns["bed_m"], q, channel,
        downstream=float(depth[-1]) if depth[-1] >= critical else None,
        upstream=float(depth[0]) if depth[0] < critical else None,
        gravity=GRAVITY,
    )  # fmt: skip
    error = np.abs(found - depth)
    worst = float((error / depth).max())
    yield _row(
        table, "steady profile, greatest depth m", found.max(), depth.max(), worst <= DEPTH_SHARE,
        {"greatest_difference": float(error.max()), "greatest_share": worst},
    )  # fmt: skip


def _wave(table: Case) -> Iterator[Row]:
    """Wave over a plane on the file's own grid; manning and speed are told by the file's name, as n003 and u1."""
    x = table.columns["x_m"]
    n, u = _decimal(table.name, "n", 0.03), _decimal(table.name, "u", 1.0)
    for dtype in (np.float64, np.float32):
        grid = _plane(x, n, dtype)
        before = 0.0

        def rising(at: float, depth: np.ndarray) -> None:
            depth[1, 0] = (7.0 / 3.0 * n * n * u**3 * at) ** (3.0 / 7.0)

        for column in sorted((c for c in table.columns if c.startswith("h_m_t")), key=lambda c: float(c[5:])):
            at = float(column[5:])
            grid.run(at - before, rising, before)
            before = at
            yield _wave_row(table, grid, table.columns[column], at, u)


def _plane(x: np.ndarray, manning: float, dtype: type) -> Flooding:
    """A strip of one row between walls, half as long again as the file, so that the wave does not meet its end."""
    columns = int(1.5 * len(x)) + 1
    bed: np.ndarray = np.full((3, columns), WALL, dtype)
    bed[1, :-1] = 0.0
    return Flooding(np.zeros((3, columns), dtype), bed, float(x[1] - x[0]), manning)


def _wave_row(table: Case, grid: Flooding, wanted: np.ndarray, at: float, speed: float) -> Row:
    """Root mean square of the difference; allowed is the size of the convective term that the equations leave out.

    That is, as a share of the slope of the water, the Froude number squared, here at the mean depth.
    """
    error = grid.depth[1, : len(wanted)] - wanted
    wet = wanted > 0.0
    root, mean = float(np.sqrt((error[wet] ** 2).mean())), float(wanted[wet].mean())
    behind = wanted > FRONT + 0.5 * wanted.max()
    balance = (grid.entered - grid.volume) / grid.volume if grid.depth.dtype == np.float64 else None
    allowed = speed**2 / (GRAVITY * mean)
    fine = root <= allowed * mean and (balance is None or abs(balance) <= VOLUME)
    row = _row(table, f"wave at {at:g} s, {grid.depth.dtype}, mean depth m", 0.0, mean, fine, {"balance": balance})
    value = float(grid.depth[1, : len(wanted)][wet].mean())
    share = float(np.abs(error[behind]).max() / wanted.max())
    return {
        **row,
        "value": value,
        "gap": root / mean,
        "allowed": allowed,
        "root_mean_square": root,
        "behind_the_front": share,
    }


def _decimal(name: str, letter: str, default: float) -> float:
    found = re.search(rf"_{letter}(\d)(\d*)(?:_|$)", name)
    return float(f"{found[1]}.{found[2] or 0}") if found else default


def _row(table: Case, what: str, value: float, reference: float | None, fine: bool, extra: Row) -> Row:
    fine = fine and abs(extra.get("balance") or 0.0) <= VOLUME
    gap = None if reference is None else abs(float(value) - reference) / abs(reference)
    return {
        "instance": f"{table.name}: {what}",
        "size": f"{len(next(iter(table.columns.values())))} points",
        "value": float(value),
        "bound": None,
        "gap": gap,
        "status": "agrees" if fine else "failed",
        "reference": None if reference is None else float(reference),
        **extra,
    }


def run(*, smoke: bool, instances: Path | None, only: str = "", **_: Any) -> list[Row]:
    """Compare every case of a folder; prints a table.

    Raises
    ------
    InputError
        No folder, or no case in it.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/flood.md)")
            return []
        raise InputError("No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (see docs/flood.md).")
    for _kernel in warm():
        pass
    rows: list[Row] = []
    for table in read_tables(instances):
        family = _family(list(table.columns))
        if family is not None and only in table.name:
            began = time.perf_counter()
            for row in family(table):
                rows.append({**row, "seconds": time.perf_counter() - began})
                began = time.perf_counter()
    if not rows:
        raise InputError(
            f"{instances}: no case of routing, steady profile or wave; see docs/flood.md for their columns."
        )
    _show(rows)
    return rows


def _show(rows: list[Row]) -> None:
    table = Table("instance", "value", "reference", "gap", "status", "s")
    for row in rows:
        reference = "" if row["reference"] is None else f"{row['reference']:.4f}"
        gap = "" if row["gap"] is None else f"{100 * row['gap']:.4f} %"
        table.add_row(row["instance"], f"{row['value']:.4f}", reference, gap, row["status"], f"{row['seconds']:.2f}")
    Console().print(table)
