"""Scenarios one at a time, or eight at a time over the threads of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models._numba import get_num_threads, kernel
from network_models._threads import deal
from network_models.hydraulics.water_kernel import WIDTH, iterate, linearise
from network_models.hydraulics.water_lane_io import Case, Found, load, load_links, progress, store, working

WORTH_LANES = 4
"""Fewer scenarios than this are solved one by one."""
SERIAL_GROUPS = 8
"""Fewer groups of eight than this are not worth starting threads."""


@kernel()
def run_groups(system, case, found, limits, width, begin, end):  # type: ignore[no-untyped-def]
    """Solve scenarios one (``width`` 1) or eight at a time, with one set of working arrays."""
    n_slots, last, at_once = len(system.layout.tail), len(found.head) - 1, WIDTH // width
    work, state = working(system, n_slots, case.demand.shape[1], width), progress(width)
    falls = np.zeros(n_slots if width == 1 else 0)
    for g in range(begin, end):
        if g == begin or len(case.resistance) > 1:
            load_links(system, case, work, g * width, last)
        load(system, case, work, state, g * width, last)
        iterate(system, work, state, falls, limits)
        linearise(system.rules.formula, work, system.layout.first_trimmed // at_once, n_slots // at_once)
        store(system, work, state, found, g * width, last)


def run(system, case: Case, found: Found, limits: tuple[float, int]) -> None:  # type: ignore[no-untyped-def]
    """Solve all scenarios by the way that suits their number."""
    count = len(found.head)
    width = 1 if count < WORTH_LANES else WIDTH
    groups = -(-count // width)
    chunks = 1 if width == 1 or groups < SERIAL_GROUPS else min(get_num_threads(), groups)
    deal(run_groups, (system, case, found, limits, width), groups, chunks)


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
