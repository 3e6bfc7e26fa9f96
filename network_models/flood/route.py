"""Routes events through a river tree for many configurations of its works at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood._river_kernel import Cases, Found, run
from network_models.flood.drainage import level_of_volume
from network_models.flood.errors import FloodError, positive
from network_models.flood.river import River


@dataclass(frozen=True)
class Routed:
    """Floods by configuration and event.

    Parameters
    ----------
    peak
        Greatest outflow of each element, m3/s, (n_configurations, n_events, n_elements).
    arriving
        Greatest flow beside each zone, before it takes any, m3/s, (n_configurations, n_events, n_zones).
    stored
        Water that came into each zone, m3, (n_configurations, n_events, n_zones).
    level
        It stands behind the levee at this height, m above datum; -inf where dry.
    held
        Greatest volume of each storage, m3, (n_configurations, n_events, n_storages).
    balance
        Inflow - outflow - change of storage, as a share of the inflow, (n_configurations, n_events).
    hydrograph
        Outflow of each element, m3/s, (n_configurations, n_events, n_steps, n_elements); no steps unless asked for.
    """

    peak: np.ndarray
    arriving: np.ndarray
    stored: np.ndarray
    level: np.ndarray
    held: np.ndarray
    balance: np.ndarray
    hydrograph: np.ndarray


def route(
    river: River,
    lateral: ArrayLike,
    dt: float,
    *,
    crest: ArrayLike | None = None,
    joint: ArrayLike = False,
    table: ArrayLike | None = None,
    hydrographs: bool = False,
) -> Routed:
    """Route all events under all configurations.

    Parameters
    ----------
    river
        The tree.
    lateral
        Inflow at the upper end of each element from outside the tree, m3/s, (n_events, n_steps, n_elements). The first
        flows are held to have lasted.
    dt
        Seconds.
    crest
        Height of the levees, m above datum, (n_configurations, n_zones) or (n_zones,); inf is never topped.
    joint
        Whether storages follow the joint rule, (n_configurations, n_storages) or what broadcasts to it.
    table
        Row of the storages' tables, (n_configurations, n_storages) or (n_storages,); None is their own.
    hydrographs
        Whether outflows are kept by step.

    Raises
    ------
    FloodError
        Shapes that do not fit, negative inflow, a time step too long for a storage.
    """
    n, z, p = len(river.elements), len(river.zones), len(river.storages)
    inflow = np.require(lateral, np.float64, ["C", "W"])
    if inflow.ndim != 3 or inflow.shape[2] != n or inflow.shape[1] < 2:
        raise FloodError(f"lateral: found shape {inflow.shape}; expected (events, steps of at least 2, {n} elements)")
    if not (inflow >= 0).all() or not np.isfinite(inflow).all():
        raise FloodError("lateral: found an inflow that is negative or no number; expected 0 or more")
    crests = _rows(np.full(z, np.inf) if crest is None else crest, z, "crest")
    tables = _rows(np.arange(p) if table is None else table, p, "table").astype(np.int64)
    rules = _rows(np.broadcast_to(joint, (*np.shape(joint)[:-1], p)), p, "joint").astype(np.bool_)
    count = max(len(crests), len(tables), len(rules))
    _check_tables(river, tables, dt)
    cases = Cases(
        positive(dt, "dt"), inflow, _repeated(crests, count), _repeated(rules, count), _repeated(tables, count)
    )
    shape = (count, len(inflow))
    found = Found(
        np.zeros((*shape, n)), np.zeros((*shape, z)), np.zeros((*shape, z)), np.zeros((*shape, p)), np.zeros(shape),
        np.zeros((*shape, inflow.shape[1] if hydrographs else 0, n)),
    )  # fmt: skip
    run(river.arrays, cases, found)
    return Routed(
        found.peak, found.arriving, found.stored, _levels(river, found.stored), found.held, found.balance, found.trace
    )


def _rows(values: ArrayLike, width: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] != width:
        raise FloodError(f"{name}: found shape {array.shape}; expected (configurations, {width})")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise FloodError(f"{name}: found nan; expected numbers")
    return array


def _repeated(rows: np.ndarray, count: int) -> np.ndarray:
    """Rows for every configuration; a copy in one order, so that the kernel meets one type of array."""
    if len(rows) not in (1, count):
        raise FloodError(
            f"configurations: found {len(rows)} and {count}; expected as many in each of crest, joint, table"
        )
    return np.array(np.broadcast_to(rows, (count, rows.shape[1])), order="C")


def _check_tables(river: River, tables: np.ndarray, dt: float) -> None:
    a = river.arrays
    if not ((tables >= 0) & (tables < len(a.volume))).all():
        raise FloodError(f"table: found rows {tables.min()}..{tables.max()}; expected 0..{len(a.volume) - 1}")
    if not len(a.volume):
        return
    used = np.unique(tables)
    outlet = a.gate[used] + a.spill[used]
    steepest = (np.diff(outlet, axis=1) / np.diff(a.volume[used], axis=1)).max(initial=0.0)
    if 0.5 * dt * steepest > 1.0:
        raise FloodError(f"dt: found {dt:g} s; expected at most {2.0 / steepest:g} s, else a storage empties in a step")


def _levels(river: River, stored: np.ndarray) -> np.ndarray:
    level = np.full(stored.shape, -np.inf)
    for z in range(stored.shape[2]):
        wet = stored[..., z] > 0.0
        rows = river.arrays.zone_level[z], river.arrays.zone_volume[z]
        level[..., z] = np.where(wet, level_of_volume(stored[..., z], *rows), -np.inf)
    return level
