"""Cheapest diameters of looped water networks: a design that EPANET confirms, and a proven lower bound."""

from __future__ import annotations

import math
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.epanet_toolkit import Epanet
from benchmarks.water_design_files import DesignCase, find_cases, read_case
from network_models.design.arrays import DesignNetwork
from network_models.design.network import Size, design_network
from network_models.hydraulics.water_check import NetworkError
from optimizer.design.bound import Bound, Proof
from optimizer.design.search import Board, Search, SearchSettings
from optimizer.errors import InputError

Row = dict[str, Any]
ACCURACY = 1e-7
HEAD_SLACK, SPEED_SLACK = 1e-5, 1e-6
"""Metres and m/s by which EPANET's last digits may miss a limit."""
ROUNDING = 1e-6
"""Relative difference of costs that counts as equal."""
SMOKE, SMOKE_SECONDS = ("two_loop", "hanoi"), 8.0


@dataclass(frozen=True)
class Check:
    """What EPANET says of a design over all loads: metres and m/s left before the nearest limit (negative: missed)."""

    head_slack: float
    speed_slack: float
    balanced: bool

    @property
    def holds(self) -> bool:
        return self.balanced and self.head_slack >= -HEAD_SLACK and self.speed_slack >= -SPEED_SLACK


def run(
    *, smoke: bool, instances: Path | None, time_limit: float, only: str = "", seeds: int = 1, **_: Any
) -> list[Row]:
    """Design every network of a folder, by so many searches; prints a line each.

    Raises
    ------
    InputError
        No folder, or no ``design.json`` in it.
    """
    if instances is None and smoke:
        Console().print("skipped: needs published instances (see docs/benchmarks.md)")
        return []
    files = [file for file in find_cases(instances) if only in file.parent.name]
    if smoke:
        files = [file for file in files if file.parent.name in SMOKE]
    if not files:
        raise InputError(
            f"{instances or 'No folder'}: found no design.json. Name a folder by --instances DIR (docs/benchmarks.md)."
        )
    rows = []
    for file in files:
        rows.append(_row(file, min(time_limit, SMOKE_SECONDS) if smoke else time_limit, seeds))
        _say(rows[-1])
    return rows


def _row(path: Path, time_limit: float, seeds: int) -> Row:
    empty: Row = {"instance": path.parent.name, "size": ""}
    empty |= dict.fromkeys(("value", "bound", "gap", "seconds", "reference"))
    try:
        case = read_case(path)
    except InputError as error:
        return {**empty, "status": "failed", "reason": str(error)}
    reference = min((cost for cost, _ in case.references), default=math.nan)
    empty |= {"reference": None if math.isnan(reference) else reference}
    empty["verified_design"] = None if math.isnan(case.verified) else case.verified
    try:
        network = design_network(case.network, case.choices, case.loads, case.largest_speed)
    except NetworkError as error:
        return {**empty, "status": "cannot", "reason": str(error)}
    size = f"{network.layout.n_junctions} junctions, {network.layout.n_links} links, {len(case.choices)} to choose"
    return {**empty, "size": size, **designed(case, network, time_limit, seeds)}


def designed(case: DesignCase, network: DesignNetwork, time_limit: float, seeds: int = 1) -> Row:
    """Search by seeds 1 to ``seeds``, check the best and bound: the fields of a row."""
    began = time.monotonic()
    boards, bound = searched_and_proved(network, time_limit, seeds)
    least, board = bound.value + case.fixed_cost, min(boards, key=lambda board: board.cost)
    row: Row = {
        "seconds": time.monotonic() - began,
        "bound": least,
        "boxes": bound.boxes,
        "restarts": board.restarts,
        "solutions": board.solved,
        "found_after": [board.found_after for board in boards],
    }
    if board.chosen is None:
        status = "infeasible" if bound.proved else "none found"
        return {**row, "status": status, "reason": "no design within the limits was found"}
    chosen = sizes_of(case, network, board.chosen)
    check, value = checked(case, chosen), board.cost + case.fixed_cost
    status = "optimal" if value - least <= ROUNDING * value else "verified"
    if least > value * (1 + ROUNDING):
        status, row["reason"] = "failed", f"a bound of {least:,.2f} was claimed above a design"
    return {
        **row,
        "value": value,
        "by_seed": [board.cost + case.fixed_cost for board in boards],
        "gap": max(value - least, 0.0) / max(value, 1e-9),
        "status": status if check.holds else "failed",
        "head_slack_m": check.head_slack,
        "speed_slack_m_s": None if math.isinf(check.speed_slack) else check.speed_slack,
        "design": {name: size.diameter * 1000.0 for name, size in chosen.items()},
    }


def searched_and_proved(network: DesignNetwork, time_limit: float, seeds: int) -> tuple[list[Board], Bound]:
    """Search in two threads and prove in this one, each told of the others, until the bound meets the cost; then search by
    the other seeds, each until it meets the bound. Every thread has so many seconds of processor time.
    """
    searches = [Search(network, SearchSettings(), seed + 1, time.thread_time) for seed in range(seeds)]
    searches[0].compile()
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(searches[0].run, time_limit, lambda _: done.is_set())
        bound = Proof(network, time.thread_time).run(time_limit, lambda: searches[0].board.cost)
        if bound.proved:
            done.set()
        first = job.result()
    enough = bound.value + ROUNDING * abs(bound.value) if bound.proved else -math.inf
    rest = [search.run(time_limit, lambda cost: cost <= enough) for search in searches[1:]]
    return [first, *rest], bound


def sizes_of(case: DesignCase, network: DesignNetwork, chosen: np.ndarray) -> dict[str, Size]:
    """The size of every pipe that has a choice."""
    return {
        name: case.choices[name][int(x)] for name, x in zip(network.links, chosen, strict=True) if name in case.choices
    }


def checked(case: DesignCase, chosen: dict[str, Size]) -> Check:
    """Simulate a design with the EPANET toolkit, from fresh flows, at accuracy 1e-7."""
    head, speed, balanced = math.inf, math.inf, True
    with tempfile.TemporaryDirectory() as folder:
        for s, load in enumerate(case.loads):
            file = Path(folder) / f"load{s}.inp"
            file.write_text(case.file_of(chosen, s), encoding="utf-8")
            with Epanet(file, ACCURACY) as toolkit:
                state = toolkit.state()
            balanced &= state.balanced
            head = min(head, *(state.head[name] - h for name, h in load.lowest.items()))
            head = min([head, *(h - state.head[name] for name, h in load.highest.items())])
            speed = min(speed, case.largest_speed - fastest(case, chosen, state.flow))
    return Check(head, speed, balanced)


def fastest(case: DesignCase, chosen: dict[str, Size], flow: dict[str, float]) -> float:
    """Largest velocity in an open pipe, m/s."""
    found = 0.0
    for name, given in zip(case.network.link_names, case.network.diameter.tolist(), strict=True):
        diameter = chosen[name].diameter if name in chosen else given
        if diameter > 0:
            found = max(found, abs(flow[name]) / (math.pi / 4.0 * diameter**2))
    return found


def _say(row: Row) -> None:
    value, bound, seconds = ("-" if row[key] is None else f"{row[key]:,.2f}" for key in ("value", "bound", "seconds"))
    text = f"{row['instance']}, {row['size']}: {value}, bound {bound}, {row['status']}, {seconds} s"
    known = f"; published {row['reference']:,.2f}" if row["reference"] else ""
    several = ""
    if len(row.get("by_seed", ())) > 1:
        worst, after = max(row["by_seed"]), max(row["found_after"])
        several = f"; worst of {len(row['by_seed'])} seeds {worst:,.2f}, found after {after:.1f} s or sooner"
    reason = f"; {row['reason']}" if row.get("reason") else ""
    Console(highlight=False, soft_wrap=True).print(text + several + known + reason)
