"""How soon the relaxation of a whole province has prices that are worth having, here and by the PDLP of HiGHS and of OR-Tools.

What prices are worth is what the relaxations of all blocks prove at them, each solved to its end. A peer is asked for ever finer prices
until these are as good as ours; the seconds are those of that one solve.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.prices_peers import PEERS, TOLERANCES, Answer
from benchmarks.province import Case
from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split, find_blocks
from optimizer.solve.cluster import cores
from optimizer.solve.first_order import FirstOrder, nearly
from optimizer.solve.highs import run as by_highs
from optimizer.solve.milp import Milp
from optimizer.solve.prices import Prices, shadow_prices
from optimizer.solve.relaxation import TOLERANCE_OF_PRICES
from optimizer.solve.settings import SolverSettings
from optimizer.solve.solve import build

Row = dict[str, Any]
CASES = (Case(0, 5, 1, "full"), Case(86, 5, 1, "short"), Case(20, 10, 2, "full"))
SMOKE = (Case(2, 5, 1, "short", ("cold_chain", "water")),)
AS_GOOD = 1e-3
"""Relative: what a peer's prices prove may be above what ours do by so much."""
BLOCK_SECONDS = 60.0
"""Within which the relaxation of a block is solved."""


class Found(NamedTuple):
    """Seconds to the prices, and what the blocks prove at them (infinite where there are none)."""

    seconds: float
    proved: float


def run(*, smoke: bool, time_limit: float, only: str = "", **_: Any) -> list[Row]:
    """Every case against every peer that is installed; prints a table."""
    rows: list[Row] = []
    for case in SMOKE if smoke else CASES:
        if only in case.name:
            rows += _compared(case, build(case.problem()).compiled, time_limit)
    _show(rows)
    return rows


def _compared(case: Case, compiled: Compiled, time_limit: float) -> Iterator[Row]:
    """Ours before every peer, so that both meet the machine in one mood."""
    split, model = find_blocks(compiled), Milp.of(compiled).continuous
    _ours(model)  # kernels are compiled
    for peer, solve in PEERS.items():
        ours = _judged(split, compiled, _ours(model))
        theirs, tolerance = Found(np.nan, np.inf), np.nan
        for tolerance in TOLERANCES:
            theirs = _judged(split, compiled, solve(model, tolerance, time_limit))
            if theirs.proved <= ours.proved + AS_GOOD * abs(ours.proved):
                break
        best = min(ours.proved, theirs.proved)
        print(f"{case.name}: {ours.seconds:.1f} s; {peer} at {tolerance:g}: {theirs.seconds:.1f} s", flush=True)
        yield {
            "instance": case.name,
            "peer": peer,
            "size": int(compiled.matrix.nnz),
            "status": "measured" if np.isfinite(ours.proved) else "failed",
            "seconds": ours.seconds,
            "proved": ours.proved,
            "over_best": ours.proved / best - 1.0,
            "peer_tolerance": tolerance,
            "peer_seconds": theirs.seconds,
            "peer_proved": theirs.proved if np.isfinite(theirs.proved) else None,
            "peer_over_best": theirs.proved / best - 1.0 if np.isfinite(theirs.proved) else None,
            "ratio": theirs.seconds / ours.seconds,
        }


def _ours(model: Milp) -> Answer:
    solved = nearly(model, FirstOrder(TOLERANCE_OF_PRICES, cores()), lambda: False)
    return Answer(solved.duals, solved.seconds)


def _judged(split: Split, compiled: Compiled, answer: Answer) -> Found:
    """What the blocks prove at prices."""
    duals, seconds = answer
    if duals is None:
        return Found(seconds, np.inf)
    prices = Prices(split, compiled.constant)
    vector = shadow_prices(split, duals[split.shared])
    prices.add(vector)
    limits = SolverSettings(time_limit=BLOCK_SECONDS, options={"presolve": "off"})  # surely in time (see `narrow`)
    solved = (by_highs(part.priced(vector).continuous, limits) for part in (split.rest, *split.blocks))
    return Found(seconds, prices.fixed(0) + sum(one.objective if one.termination == "optimal" else np.inf for one in solved))


def _show(rows: list[Row]) -> None:
    table = Table("province", "entries", "ours, s", "proves", "peer", "tolerance", "s", "proves", "ratio")
    for r in rows:
        theirs = "none in time" if r["peer_over_best"] is None else f"best + {100 * r['peer_over_best']:.2f} %"
        mine = f"{r['seconds']:.1f}", f"best + {100 * r['over_best']:.2f} %"
        cells = r["peer"], f"{r['peer_tolerance']:g}", f"{r['peer_seconds']:.1f}", theirs
        table.add_row(r["instance"], f"{r['size']:,}", *mine, *cells, f"{r['ratio']:.2f}x")
    Console(width=140).print(table)
