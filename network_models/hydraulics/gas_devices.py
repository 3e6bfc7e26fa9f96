"""Compressors and regulators: which state each of them takes next."""

from __future__ import annotations

import numpy as np

from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus

SLACK = 1e-7
"""Relative excess of pressure that makes a device switch."""
LEAST_FLOW = 1e-7
"""kg/s of reversed flow that closes a device."""


def largest_ratio(network: GasNetwork, ratio: np.ndarray) -> np.ndarray:
    """Ratio that a device can reach: none given means any for a compressor, 1 for a regulator."""
    return np.where(np.isnan(ratio), np.where(network.kind == GasLink.COMPRESSOR, np.inf, 1.0), ratio)


def next_status(
    network: GasNetwork,
    ratio: np.ndarray,
    set_pressure: np.ndarray,
    wanted: np.ndarray,
    status: np.ndarray,
    pressure: np.ndarray,
    flow: np.ndarray,
) -> np.ndarray:
    """States of all links after a solution; unchanged where every device keeps its rule.

    Parameters
    ----------
    ratio, set_pressure
        (n_scenarios or 1, n_links).
    wanted
        (n_scenarios, n_links) states that were asked for; only devices to hold something are switched.
    status, flow
        (n_scenarios, n_links) present states, and flows in kg/s.
    pressure
        (n_scenarios, n_nodes) Pa, 0 where there is none.
    """
    automatic = (network.kind >= GasLink.COMPRESSOR) & (wanted >= GasStatus.ACTIVE)
    if not automatic.any():
        return status
    inlet, outlet = pressure[:, network.tail], pressure[:, network.head]
    holds = np.where(wanted == GasStatus.ACTIVE, set_pressure, np.inf)
    reach = largest_ratio(network, ratio) * inlet
    through = (network.kind == GasLink.COMPRESSOR) & (inlet > holds * (1.0 + SLACK))
    best = np.where(
        through, GasStatus.OPEN, np.where(holds > reach * (1.0 + SLACK), GasStatus.AT_RATIO, GasStatus.ACTIVE)
    )
    target = np.where(through, inlet, np.minimum(holds, reach))
    back = (status != GasStatus.CLOSED) & (flow < -LEAST_FLOW)
    idle = (status == GasStatus.CLOSED) & (outlet >= target * (1.0 - SLACK))
    limited = (status == GasStatus.AT_RATIO) & (outlet <= holds * (1.0 + SLACK))
    passing = (status == GasStatus.OPEN) & (outlet >= holds * (1.0 - SLACK))
    found = np.where(back | idle, GasStatus.CLOSED, np.where(limited | passing, status, best))
    return np.where(automatic, found, status).astype(np.int8)


def only_first(status: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """The first change of each scenario only: what is done when changing all at once goes round in circles."""
    differs = status != changed
    first = differs & (np.cumsum(differs, axis=1) == 1)
    return np.where(first, changed, status)
