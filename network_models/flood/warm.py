"""Compiles the kernels of floods into the private cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models.flood import _inertial
from network_models.flood.backwater import profile
from network_models.flood.inertial import Flooding
from network_models.flood.river import Reach, Storage, Zone, river_of
from network_models.flood.route import route
from network_models.flood.sections import Channel, wide_section


def warm() -> Iterator[str]:
    """Call every kernel once; yields the name of a kernel when it is ready."""
    reach = Reach("reach", "", 1000.0, 1e-3, wide_section(50.0, 1e-3, 0.035))
    dam = Storage("dam", "reach", [0, 1e6], [0, 10], [0, 0])
    zone = Zone("zone", "reach", [0, 100], [0, 5], [0, 5], [0, 1e6], 10.0)
    river, inflow = river_of([reach, dam], [zone]), np.ones((1, 2, 2))
    route(river, inflow, 60.0)
    yield "flood routing"
    bed = np.linspace(1.0, 0.0, 3)
    profile(np.arange(3.0), bed, 1.0, Channel(2.0, 0.03), upstream=0.1)
    Channel(2.0, 0.03).power_section(1e-3, 1.0, 10.0)
    yield "steady profiles"
    for dtype in (np.float32, np.float64):
        grid = Flooding.walled(np.ones((3, 3)), np.zeros((3, 3)), 10.0, 0.03, dtype)
        grid.step(0.1)
        yield f"flooding of a grid, {np.dtype(dtype)}"
    rows = (grid.depth.astype(np.float32) for _ in range(4))
    _inertial.step32_threads(*rows, *np.ones(4, np.float32))
    yield "in threads"
