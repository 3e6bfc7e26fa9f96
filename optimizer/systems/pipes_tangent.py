"""Lines under the loss of a pipe: what the model begins with and what simulations send back. No Pyomo."""

from __future__ import annotations

import numpy as np

from optimizer.systems.pipes_network import Network
from optimizer.systems.protocol import Cut

STEP = 1e-4
"""Of the flow: the difference that gives a slope."""
BELOW = 1e-7
"""Of the loss: how far a line is moved down, more than the error of the difference."""

FLOWS = 2000
"""At which a line is held against the law."""


def model_unit(quantity: np.ndarray) -> float:
    """A power of ten near the largest quantity, so that coefficients stay near 1."""
    largest = float(quantity.max()) if quantity.size else 1.0
    return float(10.0 ** np.floor(np.log10(largest))) if largest > 0 else 1.0


def tangents(net: Network, size: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines under the losses of sizes that all but meet them at given flows.

    Parameters
    ----------
    size, flow
        (line,) index of the size; units a year, 0 or more.

    Returns
    -------
    slope, constant
        (line,) potential per unit a year, and potential; the constant is never above 0, so that the line times 'this
        size lies' is under the loss of no flow as well.
    """
    step = np.where(flow > 0, flow, 1.0) * STEP
    low, high = np.maximum(flow - step, 0.0), flow + step
    at = net.loss(size, flow)
    slope = (net.loss(size, high) - net.loss(size, low)) / (high - low)
    return slope, np.minimum(0.0, at - slope * flow) - BELOW * at


def holds(net: Network, cut: Cut) -> bool:
    """Whether a cut is a line under the loss of its size, at flows up to what all places together take."""
    families = tuple(tag.family for tag in cut.columns)
    if families != ("loss", "flow", "on") or cut.sense != ">=" or cut.rhs != 0.0 or cut.coefs[0] != 1.0:
        return False
    (arc, period), (size, flow_period), (on_size, on_period) = (tag.index for tag in cut.columns)
    of_arc = np.flatnonzero(net.d["size_arc"] == arc)
    if {period} != {flow_period, on_period} or size != on_size or size not in of_arc:
        return False
    quantity = net.d["quantity"]
    slope, constant = -cut.coefs[1] / model_unit(quantity), -cut.coefs[2]
    flows = float(quantity.sum()) * np.append(0.0, np.geomspace(1e-9, 1.0, FLOWS))
    loss = net.loss(np.full(len(flows), size), flows)
    return bool(constant <= 0.0 and (slope * flows + constant <= loss * (1.0 + BELOW) + 1e-12).all())
