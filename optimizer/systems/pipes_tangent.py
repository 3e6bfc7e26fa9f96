"""Lines under the loss of a pipe: what the model begins with and what simulations send back. No Pyomo."""

from __future__ import annotations

import numpy as np

from optimizer.systems.pipes_network import Network

STEP = 1e-4
"""Of the flow: the difference that gives a slope."""
BELOW = 1e-7
"""Of the loss: how far a line is moved down, more than the error of the difference."""


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
