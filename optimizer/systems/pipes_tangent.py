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
    return float(10.0 ** np.floor(np.log10(max(largest, 1.0))))


def tangent(net: Network, size: int, flow: float) -> tuple[float, float]:
    """Slope (potential per unit a year) and constant of a line under a size's loss that all but meets it at a flow."""
    step = max(flow, 1.0) * STEP
    sizes = np.array([size, size, size])
    low, at, high = net.loss(sizes, np.array([max(flow - step, 0.0), flow, flow + step]))
    slope = float((high - low) / (flow + step - max(flow - step, 0.0)))
    return slope, min(0.0, float(at) - slope * flow) - BELOW * float(at)
