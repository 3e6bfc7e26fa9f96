"""Steady gas networks solved and held against the reference beside them, or against their own laws."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.gas_stanet import Stanet, read_stanet
from network_models.hydraulics.gas_gaslib import read_gaslib
from network_models.hydraulics.gas_matgas import network_of, read_matgas
from network_models.hydraulics.gas_network import GasNetwork
from network_models.hydraulics.gas_result import GasResult
from network_models.hydraulics.gas_solve import solve
from network_models.hydraulics.water_check import NetworkError
from optimizer.errors import InputError

Row = dict[str, Any]
TOLERANCE = 1e-3
"""Largest relative difference in pressure from a reference."""
TRUSTED = 5e-4
"""A reference whose own deviation is larger is reported, not judged by."""
LEAST_MASS, LEAST_LAW = 1e-6, 10.0
"""kg/s of imbalance at a node beside 1e-9 of all flows, and Pa by which a link may miss its law."""
SMOKE = ("H_net_N", "square_PC", "GasLib-11", "case-6-gf")


def run(*, smoke: bool, instances: Path | None, only: str = "", **_: Any) -> list[Row]:
    """Solve every network of a folder; prints a table.

    Raises
    ------
    InputError
        No folder, or no network in it.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/benchmarks.md)")
            return []
        raise InputError("No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (docs/benchmarks.md).")
    cases = [(name, case) for name, case in find_cases(instances) if only in name]
    if not cases:
        raise InputError(f"{instances}: found no gas networks; expected STANET folders, .net or .m files.")
    rows = [_attempt(name, case) for name, case in cases if not smoke or name.endswith(SMOKE)]
    _show(rows)
    return rows


def find_cases(folder: Path) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Networks of a folder and its subfolders, by name; each is read and solved when called."""
    for info in sorted(folder.rglob("info.json")):
        if (info.parent / "junction.csv").is_file() and _carries_gas(info):
            yield info.parent.name, lambda f=info.parent: _stanet(f)  # type: ignore[misc]
    for net in sorted(folder.rglob("*.net")):
        yield net.stem, lambda f=net: _gaslib(f)  # type: ignore[misc]
    for file in sorted(folder.rglob("*.m")):
        yield file.stem, lambda f=file: _matgas(f)  # type: ignore[misc]


def _carries_gas(info: Path) -> bool:
    try:
        return bool(json.loads(info.read_text(encoding="utf-8")).get("is_gas", True))
    except ValueError:
        return True  # told when it is read


def _attempt(name: str, case: Callable[[], Row]) -> Row:
    """A row; a file that cannot be read has failed, and the others are still solved."""
    try:
        return case()
    except (NetworkError, InputError) as error:
        empty = dict.fromkeys(("value", "bound", "gap", "seconds", "reference", "mass_residual", "law_residual"))
        return {"instance": name, "size": "", **empty, "status": "failed", "iterations": 0, "reason": str(error)}


def _stanet(folder: Path) -> Row:
    case: Stanet = read_stanet(folder)
    result, seconds = _timed(case.network)
    gauge = result.pressures - case.air
    difference = float(np.nanmax(np.abs(gauge / case.reference - 1.0)))
    judged = case.deviation < TRUSTED
    within = difference <= TOLERANCE and _fits(result)
    status = ("equal" if within else "failed") if judged else "reported"
    return {
        **_row(folder.name, result, seconds, status),
        "value": difference,
        "reference": case.deviation,
        "pandapipes_difference": float(np.nanmax(np.abs(gauge / case.pandapipes - 1.0))),
    }


def _gaslib(net: Path) -> Row:
    scenario = net.with_suffix(".scn")
    return _plain(net, lambda bypass: read_gaslib(net, scenario if scenario.is_file() else None, bypass=bypass))


def _matgas(path: Path) -> Row:
    return _plain(path, lambda bypass: network_of(read_matgas(path), bypass=bypass))


def _plain(path: Path, read: Callable[[bool], GasNetwork]) -> Row:
    """A network without reference: with all devices open, and where pressure is used up with devices that hold it."""
    result, seconds = _timed(read(True))
    devices = "open"
    if not result.solved:
        held, more = _timed(read(False))
        seconds += more
        if held.solved:
            result, devices = held, "holding"
    status = "unsolvable" if not result.solved else "solved" if _fits(result) else "failed"
    return {**_row(path.stem, result, seconds, status), "devices": devices, "reason": str(result.reason)}


def _timed(network: GasNetwork) -> tuple[GasResult, float]:
    began = time.thread_time()
    result = solve(network)
    return result, time.thread_time() - began


def _fits(result: GasResult) -> bool:
    mass = float(np.abs(result.mass_residual).max(initial=0.0))
    law = float(np.abs(result.law_residual).max(initial=0.0))
    return bool(result.solved) and mass <= LEAST_MASS + 1e-9 * float(np.abs(result.flows).sum()) and law <= LEAST_LAW


def _row(name: str, result: GasResult, seconds: float, status: str) -> Row:
    network = result.network
    return {
        "instance": name,
        "size": f"{network.n_nodes} nodes, {network.n_links} links",
        "value": None,
        "bound": None,
        "gap": None,
        "status": status,
        "seconds": seconds,
        "reference": None,
        "iterations": int(result.iterations),
        "mass_residual": float(np.abs(result.mass_residual).max(initial=0.0)),
        "law_residual": float(np.abs(result.law_residual).max(initial=0.0)),
        "outside_limits": int(result.outside_limits.sum()),
    }


def _show(rows: list[Row]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print("instance, size: difference from the reference (its own deviation); residuals; steps; status")
    for row in rows:
        value, own, mass, law = (
            "-" if row[key] is None else f"{row[key]:.1e}"
            for key in ("value", "reference", "mass_residual", "law_residual")
        )
        text = f"{row['instance']}, {row['size']}: {value} ({own}); {mass} kg/s, {law} Pa; {row['iterations']}; {row['status']}"
        console.print(text + (f": {row['reason']}" if row.get("reason") else ""))
