"""What one round over all blocks costs as a province grows, and what a second worker is worth.

The round is the same work each time, limited in nodes: every block at the same prices, by one process and by two, in turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.province_region import SYSTEMS, Province
from optimizer.errors import InputError
from optimizer.solve import SolverSettings
from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.crew import Crew, crew
from optimizer.solve.first_order import FirstOrder
from optimizer.solve.milp import Milp
from optimizer.solve.prices import Prices, shadow_prices
from optimizer.solve.proofs import BLOCK_GAP
from optimizer.solve.relaxation import TOLERANCE_OF_PRICES
from optimizer.solve.solve import build
from optimizer.solve.streams import Job, Stream, serve
from optimizer.solve.tasks import Tasks
from optimizer.solve.work import Answer, Task, solve_task

Row = dict[str, Any]
NODES = 20
"""Of every block's tree."""
WORKERS = (1, 2)
LONG = 1e4
"""Seconds within which a round ends in any case."""
SAME = 1e-9
"""Relative: how near the bounds of two runs of one round have to be."""


def run(*, smoke: bool, counties: str = "20,43,86", periods: int = 5, repeats: int = 3, **_: Any) -> list[Row]:
    """Time a round at every size by every number of workers; prints a table.

    Raises
    ------
    InputError
        Sizes that are no numbers of counties.
    """
    sizes, repeats, systems = ([2], 1, ("cold_chain", "water")) if smoke else (_sizes(counties), repeats, SYSTEMS)
    rows = [_measured(n, periods, repeats, systems) for n in sizes]
    _show(rows)
    return rows


def _sizes(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise InputError(f"--counties {text}: expected numbers of counties such as 20,43,86.")
    return [int(part) for part in parts]


def _measured(counties: int, periods: int, repeats: int, systems: tuple[str, ...]) -> Row:
    """One size: the least seconds of some repeats for each number of workers, which take turns."""
    compiled = build(Province(counties, 1, "short", systems).problem(periods)).compiled
    split = find_blocks(compiled)
    tasks = Tasks(SolverSettings(nodes=NODES), time.monotonic() + LONG)
    whole = compiled.row_lower, compiled.row_upper, compiled.col_lower, compiled.col_upper
    relaxed = Milp(compiled.matrix, *whole, np.zeros_like(compiled.integer), compiled.cost, compiled.constant)
    duals = solve_task(Task(relaxed, None, 0.0, LONG, LONG, None, 1, first_order=FirstOrder(TOLERANCE_OF_PRICES))).duals
    prices = Prices(split, compiled.constant)
    prices.add(shadow_prices(split, None if duals is None else duals[split.shared]))
    seconds: dict[int, list[float]] = {n: [] for n in WORKERS}
    bounds = []
    for repeat in range(repeats):
        for n in WORKERS if repeat % 2 == 0 else WORKERS[::-1]:
            took, bound = _round(split, prices, tasks, n)
            seconds[n].append(took)
            bounds.append(bound)
    one, two = (min(seconds[n]) for n in WORKERS)
    same = max(bounds) - min(bounds) <= SAME * abs(bounds[0])
    return {
        "instance": f"{counties} counties, {periods} years",
        "size": int(compiled.integer.sum()),
        "blocks": len(split.blocks),
        "bound": bounds[0],
        "status": "measured" if same else "failed",
        "one_worker_s": one,
        "two_workers_s": two,
        "a_county_ms": 1000 * one / counties,
        "ratio": one / two,
        "seconds": sum(sum(s) for s in seconds.values()),
    }


def _round(split: Split, prices: Prices, tasks: Tasks, workers: int) -> tuple[float, float]:
    """Seconds of one round once the workers are there, and the bound that it proves."""
    with crew(workers, threading.Event()) as hands:
        _serve(hands, [split.blocks[-1].priced(prices[0])] * workers, tasks)
        began = time.monotonic()
        answers = _serve(hands, [block.priced(prices[0]) for block in split.blocks], tasks)
        return time.monotonic() - began, prices.fixed(0) + sum(answer.bound for answer in answers)


def _serve(hands: Crew, models: list[Milp], tasks: Tasks) -> list[Answer]:
    answers: list[Answer] = []

    def jobs() -> Iterator[Job | None]:
        for model in models:
            yield Job(tasks.make(model, None, BLOCK_GAP, LONG), answers.append)

    serve(hands, [Stream(jobs())], tasks.until, lambda: False, timed=False)
    return answers


def _show(rows: list[Row]) -> None:
    table = Table("province", "choices", "blocks", "one worker, s", "two, s", "ratio", "a county, ms (one)")
    for r in rows:
        seconds = f"{r['one_worker_s']:.1f}", f"{r['two_workers_s']:.1f}", f"{r['ratio']:.2f}x"
        table.add_row(r["instance"], f"{r['size']:,}", str(r["blocks"]), *seconds, f"{r['a_county_ms']:,.0f}")
    Console(width=120).print(table)
