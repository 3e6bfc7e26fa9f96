"""Scenarios one at a time, or eight at a time over the threads of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from network_models._numba import get_num_threads, njit
from network_models.hydraulics.water_kernel import WIDTH, iterate, linearise
from network_models.hydraulics.water_lane_io import Case, Found, load, load_links, progress, store, working

SERIAL_GROUPS = 8
"""Fewer groups of eight than this are not worth starting threads."""


@njit(cache=True, nogil=True)
def run_one(system, case, found, limits):  # type: ignore[no-untyped-def]
    """Solve scenarios one after another with one column of working arrays."""
    n_slots = len(system.layout.tail)
    work, state, falls = working(system, n_slots, case.demand.shape[1], 1), progress(1), np.zeros(n_slots)
    for s in range(len(found.head)):
        if s == 0 or len(case.resistance) > 1:
            load_links(system, case, work, s, s)
        load(system, case, work, state, s, s)
        iterate(system, work, state, falls, limits)
        linearise(system.rules.formula, work, system.layout.first_trimmed // WIDTH, n_slots // WIDTH)
        store(system, work, state, found, s, s)


@njit(cache=True, nogil=True)
def _groups(system, case, found, limits, begin, end):  # type: ignore[no-untyped-def]
    n_slots, last = len(system.layout.tail), len(found.head) - 1
    work, state, falls = working(system, n_slots, case.demand.shape[1], WIDTH), progress(WIDTH), np.zeros(0)
    for g in range(begin, end):
        if g == begin or len(case.resistance) > 1:
            load_links(system, case, work, g * WIDTH, last)
        load(system, case, work, state, g * WIDTH, last)
        iterate(system, work, state, falls, limits)
        linearise(system.rules.formula, work, system.layout.first_trimmed, n_slots)
        store(system, work, state, found, g * WIDTH, last)


def run_threads(system, case: Case, found: Found, limits: tuple[float, int], threads: int) -> None:  # type: ignore[no-untyped-def]
    """Solve scenarios eight at a time, the groups dealt out in equal chunks; the kernel lets go of the interpreter."""
    groups = -(-len(found.head) // WIDTH)
    ends = [c * groups // threads for c in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        runs = [pool.submit(_groups, system, case, found, limits, *part) for part in pairwise(ends)]
        for done in runs:
            done.result()


def run(system, case: Case, found: Found, limits: tuple[float, int]) -> None:  # type: ignore[no-untyped-def]
    """Solve all scenarios by the way that suits their number."""
    count = len(found.head)
    groups, threads = -(-count // WIDTH), get_num_threads()
    if count < 4:
        run_one(system, case, found, limits)
    elif threads == 1 or groups < SERIAL_GROUPS:
        _groups(system, case, found, limits, 0, groups)
    else:
        run_threads(system, case, found, limits, min(threads, groups))


def warm() -> Iterator[str]:
    """Call every kernel once; yields the name of a kernel when it is ready."""
    from network_models.hydraulics.water_network import WaterNetwork
    from network_models.hydraulics.water_solve import solve

    line = WaterNetwork.from_arrays(
        [30, 0, 0], [0, 0.001, 0.001], [30, np.nan, np.nan], [0, 1], [1, 2], 100.0, 0.1, 130.0
    )
    for count, name in ((1, "water network"), (8, "water networks by eight")):
        solve(line, demands=np.tile(line.demand, (count, 1)))
        yield name
