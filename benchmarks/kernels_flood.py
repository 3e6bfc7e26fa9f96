"""Flood kernels against peers: routed floods against plain NumPy, the local-inertial step against landlab.

Both programs run interleaved on one thread and are compared by processor time; results must be equal within the stated
tolerances in the same run, else the row fails. landlab (2.11 was measured) is in the bench requirements only; its
OpenMP threads are held to one, and the processor time is that of the whole process, so that none would go uncounted.
"""

from __future__ import annotations

import importlib.metadata
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from network_models.flood._reach import LEAST_FLOW
from network_models.flood.hydrograph import gamma_hydrograph
from network_models.flood.inertial import WALL, Flooding
from network_models.flood.river import Reach, River, river_of
from network_models.flood.route import route
from network_models.flood.sections import wide_section
from network_models.flood.warm import warm

Row = dict[str, Any]
DT = 3600.0
SAME_FLOW = 1e-9
SAME_DEPTH = 1e-5
LANDLAB_DEPTH = 1e-5
"""landlab adds this depth to all nodes at the start, and calls what is shallower dry."""
TURNS, STEPS = 3, 3
"""Turns of each program, and steps in a row at its turn; their mean counts."""
BYTES_A_CELL = 4 * 7
"""Least traffic of a step in float32: depth, bed and two flows read, flows and depth written."""


class Tree(NamedTuple):
    """A binary river of reaches, and how many floods are routed how many hours."""

    reaches: int
    floods: int
    hours: int
    plain: int  # floods that plain NumPy is given to route


ROUTING = (Tree(31, 256, 72, 1), Tree(127, 256, 72, 1))
ROUTING_SMOKE = (Tree(7, 64, 48, 1),)
GRIDS = (500, 2000)
GRIDS_SMOKE = (200,)


def rows(smoke: bool = False) -> list[Row]:
    """All flood rows: ``value`` is ours and ``reference`` the peer's processor time in s for the same work."""
    for _kernel in warm():
        pass
    return routing_rows(smoke) + inertial_rows(smoke)


def routing_rows(smoke: bool = False) -> list[Row]:
    """Routed floods by Muskingum-Cunge of variable parameters: against NumPy flood by flood, and all floods at once."""
    found = []
    with _one_thread():
        for tree in ROUTING_SMOKE if smoke else ROUTING:
            river, inflow = _tree(tree)
            few = inflow[: tree.plain]
            found.append(_routing_row(tree, "NumPy, flood by flood", river, inflow, few, 3))
            found.append(_routing_row(tree, "NumPy, all floods at once", river, inflow, inflow, 3))
    return found


def _tree(tree: Tree) -> tuple[River, np.ndarray]:
    rng, section = np.random.default_rng(1), wide_section(80.0, 8e-4, 0.035)
    names = [f"r{k}" for k in range(tree.reaches)]
    river = river_of(
        [Reach(name, names[(k - 1) // 2] if k else "", 20e3, 8e-4, section, 3) for k, name in enumerate(names)]
    )
    peak = rng.uniform(50.0, 300.0, (tree.floods, tree.reaches))
    flood = gamma_hydrograph(np.arange(tree.hours + 1) * DT, peak, 100e3, 6.0, 10.0)
    return river, np.ascontiguousarray(np.swapaxes(flood, 1, 2))


def _routing_row(tree: Tree, peer: str, river: River, inflow: np.ndarray, given: np.ndarray, repeats: int) -> Row:
    """The peer's time is scaled from the floods it was given to all of them."""
    share = len(inflow) / len(given)
    ours, theirs, difference = [], [], 0.0
    for _ in range(repeats):
        seconds, found = _timed(time.thread_time, lambda: route(river, inflow, DT).peak[0])
        ours.append(seconds)
        seconds, expected = _timed(time.thread_time, lambda: plain_routing(river, given, DT))
        theirs.append(seconds * share)
        difference = max(difference, float((np.abs(found[: len(given)] - expected) / expected).max()))
    size = f"{tree.reaches} reaches x 3 segments, {tree.floods} floods of {tree.hours} steps"
    work = tree.reaches * 3 * tree.floods * tree.hours
    row = _row(f"routing/{tree.reaches}", size, peer, ours, theirs, difference, SAME_FLOW)
    return {**row, "nanoseconds_a_segment_step": median(ours) / work * 1e9, "floods_given_to_peer": len(given)}


def plain_routing(river: River, inflow: np.ndarray, dt: float) -> np.ndarray:
    """The same scheme in NumPy: loops over time, reaches and segments, floods as vectors.

    Returns
    -------
    Peak of each reach, (n_floods, n_reaches).
    """
    a = river.arrays
    floods, steps, reaches = inflow.shape
    flow = np.zeros((a.first_segment[-1], floods))
    store, enters = np.zeros_like(flow), np.zeros((reaches, floods))
    peak = np.zeros((floods, reaches))
    for t in range(steps):
        before, enters = enters, inflow[:, t].T.copy()
        for e in a.order:
            old, new = before[e], enters[e]
            for s in range(a.first_segment[e], a.first_segment[e + 1]):
                move = _plain_start(new, a.segment[e]) if t == 0 else _plain_step(
                    old, new, flow[s], store[s], 0.5 * dt, a.segment[e]
                )  # fmt: skip
                old, flow[s], store[s] = flow[s].copy(), move[0], move[1]
                new = move[0]
            peak[:, e] = np.maximum(peak[:, e], new)
            if a.downstream[e] >= 0:
                enters[a.downstream[e]] += new
    return peak


def _plain_weights(inflow: np.ndarray, outflow: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flow = np.maximum(0.5 * (inflow + outflow), LEAST_FLOW)
    area = segment[0] * flow ** segment[1]
    half, spread = 0.5 * area * segment[2] / flow, segment[3] * area
    return half * (1.0 - spread), half * (1.0 + spread)


def _plain_start(flow: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w_in, w_out = _plain_weights(flow, flow, segment)
    return flow, (w_in + w_out) * flow


def _plain_step(
    before: np.ndarray, after: np.ndarray, out: np.ndarray, store: np.ndarray, half: float, segment: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known = store + half * (before + after - out)
    leaves = np.maximum(0.0, out + after - before)
    for _ in range(3):
        w_in, w_out = _plain_weights(after, leaves, segment)
        leaves = np.maximum(0.0, (known - w_in * after) / (half + w_out))
    return leaves, known - half * leaves


def inertial_rows(smoke: bool = False) -> list[Row]:
    """The local-inertial step in float32 against landlab's OverlandFlow (theta 1, float64), and against our float64.

    Without landlab its rows are left out and say so.
    """
    sides = GRIDS_SMOKE if smoke else GRIDS
    with _one_thread():
        found = [_float64_row(side) for side in sides]
        try:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            version = importlib.metadata.version("landlab")
        except importlib.metadata.PackageNotFoundError:
            return [*found, _left_out()]
        return found + [_landlab_row(side, version) for side in sides]


def _left_out() -> Row:
    empty = dict.fromkeys(("value", "bound", "gap", "seconds", "reference", "ratio"))
    return {"instance": "inertial", "size": "", "status": "skipped", "peer": "landlab", **empty}


def _terrain(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A wavy slope under 5 to 15 cm of water, within walls."""
    y, x = np.mgrid[0:side, 0:side]
    bed = 0.02 * x + 0.5 * np.sin(x / 40.0) * np.cos(y / 55.0) + 0.02 * np.random.default_rng(0).random((side, side))
    return bed, 0.1 + 0.05 * np.sin(x / 13.0) * np.sin(y / 17.0)


def _grid(side: int, dtype: type, added: float = 0.0) -> Flooding:
    bed, depth = _terrain(side)
    depth += added
    for ring in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        bed[ring], depth[ring] = WALL, 0.0
    return Flooding(depth.astype(dtype), bed.astype(dtype), 10.0, 0.03)


def _float64_row(side: int) -> Row:
    fast, exact = _grid(side, np.float32), _grid(side, np.float64)
    return _inertial_row(
        side, "float64 of this program", fast, lambda: exact.step(1.0), lambda: exact.depth[1:-1, 1:-1]
    )


def _landlab_row(side: int, version: str) -> Row:
    raster, components = import_module("landlab").RasterModelGrid, import_module("landlab.components")
    bed, depth = _terrain(side)
    grid = raster((side, side), xy_spacing=10.0)
    grid.add_field("topographic__elevation", bed.ravel(), at="node")
    grid.add_field("surface_water__depth", depth.ravel(), at="node")
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    flow = components.OverlandFlow(grid, mannings_n=0.03, steep_slopes=False, theta=1.0, h_init=LANDLAB_DEPTH)

    def inner() -> np.ndarray:
        return grid.at_node["surface_water__depth"].reshape(side, side)[1:-1, 1:-1]

    fast = _grid(side, np.float32, LANDLAB_DEPTH)
    return _inertial_row(side, f"landlab {version}", fast, lambda: flow.overland_flow(dt=1.0), inner)


def _inertial_row(side: int, peer: str, fast: Flooding, step: Callable[[], Any], inner: Callable[[], Any]) -> Row:
    """Time of a step, and the depths after as many of both."""
    ours, theirs = [], []
    for _ in range(TURNS):
        theirs.append(_seconds_a_step(step))
        ours.append(_seconds_a_step(lambda: fast.step(1.0)))
    difference = float(np.abs(fast.depth[1:-1, 1:-1] - inner()).max())
    row = _row(f"inertial/{side}x{side}", f"{side**2} cells, a step", peer, ours, theirs, difference, SAME_DEPTH)
    cells = side**2 / median(ours)
    return {**row, "million_cells_a_second": cells / 1e6, "gigabytes_a_second": cells * BYTES_A_CELL / 1e9}


def _seconds_a_step(step: Callable[[], Any]) -> float:
    return _timed(time.process_time, lambda: [step() for _ in range(STEPS)])[0] / STEPS


def _row(
    instance: str, size: str, peer: str, ours: list[float], theirs: list[float], difference: float, allowed: float
) -> Row:
    value, reference = median(ours), median(theirs)
    return {
        "instance": f"{instance} against {peer}",
        "size": size,
        "value": value,
        "bound": None,
        "gap": None,
        "status": "equal" if difference <= allowed else "failed",
        "seconds": value,
        "reference": reference,
        "ratio": reference / value,
        "spread": max(ours) / min(ours) - 1.0,
        "difference": difference,
        "allowed": allowed,
        "peer": peer,
        "measured": "one thread, processor time",
    }


def _timed(clock: Callable[[], float], work: Callable[[], Any]) -> tuple[float, Any]:
    began = clock()
    result = work()
    return clock() - began, result


@contextmanager
def _one_thread() -> Iterator[None]:
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
