"""Steady water flow against the raw EPANET 2.2 toolkit: one by one, in batches, from a known state.

Both programs solve the same networks to the same accuracy in one thread, one after the other in turn, timed by the
processor time of that thread: 1e-7 on published networks; 1e-5, the least that a file of EPANET can ask for, on made-up
towns with every device (their PBV leaves rounding of more than 1e-7 in either program). EPANET's time is that of
``EN_initH`` and ``EN_runH`` alone: opening the file and setting demands do not count, nor does it start from a known
state (it has no such mode for independent scenarios).
"""

from __future__ import annotations

import ctypes
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.epanet_toolkit import FRESH_FLOWS, HEAD, Epanet
from benchmarks.water_simulation import find_files
from benchmarks.water_streets import street_inp
from network_models.hydraulics.water_inp import METRIC
from network_models.hydraulics.water_network import WaterNetwork
from network_models.hydraulics.water_solve import solve
from network_models.hydraulics.water_zones import isolated

Row = dict[str, Any]
HEAD_TOLERANCE = 1e-3
SCENARIOS, SAMPLED = 1000, 12
PUBLISHED = ("ky4", "ky10", "L-Town", "Net3", "Net6")
STREETS, SMOKE_STREETS = (31,), (8,)
SPREAD = (0.7, 1.3)
FINE, COARSE = 1e-7, 1e-5
ITERATIONS = 0


def rows(*, smoke: bool = False, repeats: int = 7, folder: Path | None = None) -> list[Row]:
    """Measure made-up towns with every device, and published networks where their folder is known.

    Parameters
    ----------
    smoke
        One small town, few scenarios.
    folder
        Folder of water networks; by default where ``chengxiang bench water-simulation`` looks.

    Returns
    -------
    Rows with ``value`` and ``seconds`` (median, one scenario, this program), ``reference`` (EPANET), ``ratio``,
    ``difference`` (m, largest difference of head at supplied nodes over the sampled scenarios) and ``status``: 'equal' or
    'failed'.
    """
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        found: list[Row] = []
        with tempfile.TemporaryDirectory() as place:
            for side in SMOKE_STREETS if smoke else STREETS:
                file = Path(place) / f"streets-{side * side}.inp"
                file.write_text(street_inp(side), encoding="utf-8")
                found += _measure(file, COARSE, 64 if smoke else SCENARIOS, 2 if smoke else repeats)
        for file in [] if smoke else _published(folder):
            found += _measure(file, FINE, SCENARIOS, repeats)
        return found
    finally:
        numba.set_num_threads(before)


def _published(folder: Path | None) -> list[Path]:
    from benchmarks.registry import instances_folder

    place = folder or instances_folder(None, "water")
    return [file for file in find_files(place) if file.stem in PUBLISHED]


def _measure(file: Path, accuracy: float, scenarios: int, repeats: int) -> list[Row]:
    network = WaterNetwork.from_inp(file)
    demands = network.demand * np.random.default_rng(1).uniform(*SPREAD, (scenarios, network.n_nodes))
    base = solve(network, accuracy=accuracy, strict=False)
    ways: dict[str, tuple[int, Callable[[], Any]]] = {
        "one": (1, lambda: solve(network, accuracy=accuracy, strict=False)),
        f"batch of {scenarios}": (scenarios, lambda: solve(network, demands, accuracy=accuracy, strict=False)),
        f"batch of {scenarios} from a known state": (
            scenarios,
            lambda: solve(network, demands, start=base, accuracy=accuracy, strict=False),
        ),
    }
    with Epanet(file, accuracy) as toolkit:
        toolkit.open_hydraulics()
        apart = {name: _difference(network, demands, way(), toolkit) for name, (_, way) in ways.items()}
        _set_demands(network, network.demand, toolkit)
        toolkit.solve()
        steps = (int(base.iterations), int(toolkit.statistic(ITERATIONS)))
        times: dict[str, list[float]] = {name: [] for name in ("EPANET", *ways)}
        for _ in range(repeats):
            times["EPANET"].append(_timed(toolkit.solve, 20))
            for name, (count, way) in ways.items():
                times[name].append(_timed(way, max(1, 20 // count)) / count)
    size = f"{network.n_nodes} nodes, {network.n_links} links"
    reference = median(times["EPANET"])
    known = {"accuracy": accuracy, "iterations": steps[0], "reference_iterations": steps[1]}
    return [_row(f"{file.stem}, {name}", size, times[name], reference, apart[name]) | known for name in ways]


def _timed(work: Callable[[], Any], count: int) -> float:
    began = time.thread_time()
    for _ in range(count):
        work()
    return (time.thread_time() - began) / count


def _difference(network: WaterNetwork, demands: np.ndarray, result: Any, toolkit: Epanet) -> float:
    """Largest difference of head from EPANET at supplied nodes, over scenarios spread through the batch."""
    many = result.heads.ndim > 1
    largest = 0.0
    for s in np.linspace(0, len(demands) - 1, SAMPLED).astype(int) if many else [0]:
        _set_demands(network, demands[s] if many else network.demand, toolkit)
        toolkit.solve(FRESH_FLOWS)
        metre = 1.0 if toolkit.units in METRIC else 0.3048
        heads = dict(
            zip(toolkit.nodes, toolkit.values("EN_getnodevalue", len(toolkit.nodes), HEAD) * metre, strict=True)
        )
        theirs = np.array([heads[name] for name in network.node_names])
        ours, status, flows = (np.atleast_2d(part)[s] for part in (result.heads, result.status, result.flows))
        apart = np.abs(ours - theirs)[~isolated(network, status, flows)]
        largest = max(largest, float(apart.max()))
    return largest


def _set_demands(network: WaterNetwork, demand: np.ndarray, toolkit: Epanet) -> None:
    """Scale every demand of a junction in EPANET to the sum given; a junction without demand keeps none."""
    position = {name: i + 1 for i, name in enumerate(toolkit.nodes)}
    for i in np.flatnonzero(network.is_junction & (network.demand != 0)):
        at = position[network.node_names[i]]
        for category, base in enumerate(toolkit.base_demands(at), start=1):
            scaled = ctypes.c_double(base * demand[i] / network.demand[i])
            toolkit.call("EN_setbasedemand", at, category, scaled)


def _row(name: str, size: str, seconds: list[float], reference: float, difference: float) -> Row:
    value = median(seconds)
    return {
        "instance": f"water: {name}",
        "size": size,
        "value": value,
        "bound": None,
        "gap": None,
        "status": "equal" if difference <= HEAD_TOLERANCE else "failed",
        "seconds": value,
        "reference": reference,
        "ratio": reference / value,
        "peer": "EPANET 2.2",
        "difference": difference,
        "spread": (max(seconds) - min(seconds)) / value,
        "measured": "one thread, processor time, against EPANET 2.2",
        "repeats": len(seconds),
    }
