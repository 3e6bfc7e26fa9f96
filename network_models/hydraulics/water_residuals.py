"""How well heads and flows fulfil the two laws: balance at nodes, head loss along links."""

from __future__ import annotations

import numpy as np

from network_models._numba import kernel
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork
from network_models.hydraulics.water_prepared import prepare
from network_models.hydraulics.water_state import coefficients


def mass_residual(network: WaterNetwork, flows: np.ndarray, outflows: np.ndarray) -> np.ndarray:
    """Inflow less outflow of junctions, (..., n_nodes) m3/s; 0 at nodes of fixed head.

    Parameters
    ----------
    flows
        (..., n_links) m3/s.
    outflows
        (..., n_nodes) m3/s.
    """
    rows, n = np.atleast_2d(flows), network.n_nodes
    balance = np.empty((len(rows), n))
    for s, q in enumerate(rows):
        balance[s] = np.bincount(network.head, q, n) - np.bincount(network.tail, q, n)
    balance -= np.atleast_2d(outflows)
    balance[:, ~network.is_junction] = 0.0
    return balance if flows.ndim > 1 else balance[0]


def energy_residual(
    network: WaterNetwork,
    diameters: np.ndarray,
    heads: np.ndarray,
    flows: np.ndarray,
    status: np.ndarray,
    settings: np.ndarray,
) -> np.ndarray:
    """Difference of heads less the head loss at the flow, (..., n_links) m.

    0 in closed links and in active PRVs, PSVs and FCVs (the valve takes what remains).

    Parameters
    ----------
    diameters, flows, status, settings
        (..., n_links); diameters in m, flows in m3/s.
    heads
        (..., n_nodes) m.
    """
    system = prepare(network).system
    rows = np.atleast_2d(flows)
    many = [np.broadcast_to(np.atleast_2d(part), rows.shape) for part in (diameters, status, settings)]
    residual = np.empty(rows.shape)
    for s, (q, h, d, state, setting) in enumerate(zip(rows, np.atleast_2d(heads), *many, strict=True)):
        sizes = np.where(np.isfinite(d) & (d > 0), d, 1.0)
        parts = coefficients(network, sizes, (state <= LinkStatus.CLOSED) & (network.kind == LinkKind.PIPE))
        plain = [np.array(part) for part in (*parts, q, state, setting)]
        residual[s] = h[network.tail] - h[network.head] - _losses(system, np.array(network.kind), *plain)
        still = (state <= LinkStatus.CLOSED) | _held(network, state, setting)
        residual[s, still] = 0.0
    return residual if flows.ndim > 1 else residual[0]


def _held(network: WaterNetwork, status: np.ndarray, setting: np.ndarray) -> np.ndarray:
    holding = np.isin(network.kind, (LinkKind.PRV, LinkKind.PSV, LinkKind.FCV)) & ~np.isnan(setting)
    return holding & (status == LinkStatus.ACTIVE)


@kernel(error_model="numpy")
def _losses(system, kinds, resistance, minor, viscous, rough, flow, status, setting):  # type: ignore[no-untyped-def]
    """Head loss of every link at its flow, (n_links,) m."""
    lay, dev, formula = system.layout, system.devices, system.rules.formula
    loss = np.empty(len(flow))
    for k in range(len(flow)):
        q, kind, d = flow[k], kinds[k], lay.slot[k] - lay.first_device
        closed = status[k] <= law.CLOSED
        if kind <= law.PIPE:
            p, y = law.pipe(formula, q, resistance[k], minor[k], viscous[k], rough[k])
        elif kind == law.PUMP:
            shape = (dev.lift_law[d], dev.shutoff[d], dev.factor[d], dev.power[d])
            p, y = law.pump(q, setting[k], closed, shape, dev.points, dev.begin[d], dev.end[d])
        elif kind == law.GPV and not closed:
            p, y = law.general_valve(q, dev.points, dev.begin[d], dev.end[d])
        elif kind == law.PBV and setting[k] > 0.0 and minor[k] * q * q <= setting[k]:
            p, y = 1.0, setting[k]
        else:
            throttled = kind == law.TCV and not np.isnan(setting[k])
            p, y = law.valve(q, setting[k] * rough[k] if throttled else minor[k], closed)
        loss[k] = y / p
    return loss
