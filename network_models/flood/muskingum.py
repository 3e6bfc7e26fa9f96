"""Routing of one flood through one reach or pool: Muskingum in its linear, nonlinear and Muskingum-Cunge forms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood.errors import FloodError, finite, positive
from network_models.flood.river import MuskingumReach, Reach, Storage, river_of
from network_models.flood.route import route


class Flood(NamedTuple):
    """Outflow in m3/s (n_steps,), and inflow - outflow - change of storage as a share of the inflow."""

    outflow: np.ndarray
    balance: float


def through(element: Reach | MuskingumReach | Storage, inflow: ArrayLike, dt: float, *, joint: bool = False) -> Flood:
    """Route a flood through one element: linear Muskingum, Muskingum-Cunge, or a level pool.

    Parameters
    ----------
    inflow
        m3/s, (n_steps,).
    dt
        Seconds.
    """
    found = route(
        river_of([element]), finite(inflow, "inflow", at_least=2)[None, :, None], dt, joint=joint, hydrographs=True
    )
    return Flood(found.hydrograph[0, 0, :, 0], float(found.balance[0, 0]))


def nonlinear_muskingum(
    inflow: ArrayLike, dt: float, k: float, x: float, m: float, first_outflow: float | None = None
) -> Flood:
    """Nonlinear Muskingum: S = K (x I + (1 - x) O)^m, in the explicit scheme of the literature on Wilson's flood.

    The store changes by dt (I - O*), I at the beginning of the step and O* = ((S / K)^(1/m) - x I) / (1 - x) with it;
    the outflow stated for the end of the step is that of the new store with the inflow at the beginning (Mohan 1997;
    Geem 2006). The balance is that of the store: inflow - sum of O* - change of S. Units are free: k, x and m belong to
    those of dt and S.

    Parameters
    ----------
    inflow
        (n_steps,).
    first_outflow
        None is the first inflow.
    """
    flow = finite(inflow, "inflow", at_least=2)
    if not x < 1:
        raise FloodError(f"x: found {x}; expected less than 1")
    for value, name in ((k, "k"), (m, "m"), (dt, "dt")):
        positive(value, name)
    out = np.empty_like(flow)
    out[0] = flow[0] if first_outflow is None else first_outflow
    store = began = k * (x * flow[0] + (1.0 - x) * out[0]) ** m
    emptied = 0.0
    for t in range(1, len(flow)):
        known = flow[t - 1]
        leaves = min(_outflow(store, known, k, x, m), store / dt + known)
        store += dt * (known - leaves)
        emptied += dt * leaves
        out[t] = _outflow(store, known, k, x, m)
    entered = dt * float(flow[:-1].sum())
    return Flood(out, (entered - emptied - (store - began)) / entered)


def _outflow(store: float, inflow: float, k: float, x: float, m: float) -> float:
    return max(0.0, (float(store / k) ** (1.0 / m) - x * inflow) / (1.0 - x))
