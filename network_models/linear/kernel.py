"""One iteration of the primal-dual hybrid gradient method, averaged with where it began; and a look at where it is.

Signs are those of a minimisation: a row's price ``y`` is positive where its lower limit binds.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import kernel

U = np.uint64
"""Loops over unsigned numbers: no entry is looked up from the end."""
LOOSE = {"reassoc", "contract", "nsz", "arcp"}
"""What floating point may do; infinite limits must stay what they are."""


@kernel(fastmath=LOOSE)
def step_columns(begin, index, value, cost, lower, upper, x, origin, ahead, y, tau, weight, first, last):  # type: ignore[no-untyped-def]
    """Columns ``first`` to ``last``: a gradient step of ``tau`` within limits, reflected (``ahead``), then averaged with ``origin``."""
    for j in range(U(first), U(last)):
        slope = cost[j]
        for k in range(U(begin[j]), U(begin[j + U(1)])):
            slope -= value[k] * y[index[k]]
        held = min(max(x[j] - tau * slope, lower[j]), upper[j])
        ahead[j] = 2.0 * held - x[j]
        x[j] = weight * ahead[j] + (1.0 - weight) * origin[j]


@kernel(fastmath=LOOSE)
def step_rows(begin, index, value, lower, upper, ahead, y, origin, sigma, weight, first, last):  # type: ignore[no-untyped-def]
    """Rows ``first`` to ``last``: the same for prices, at the reflected columns."""
    for i in range(U(first), U(last)):
        used = 0.0
        for k in range(U(begin[i]), U(begin[i + U(1)])):
            used += value[k] * ahead[index[k]]
        free = used - y[i] / sigma
        reflected = 2.0 * sigma * (min(max(free, lower[i]), upper[i]) - free) - y[i]
        y[i] = weight * reflected + (1.0 - weight) * origin[i]


@kernel(fastmath=LOOSE)
def look_columns(begin, index, value, cost, lower, upper, x, y):  # type: ignore[no-untyped-def]
    """Cost, what the columns add to the value of the prices ``y``, and the square of what no limit stands behind."""
    primal = dual = wrong = 0.0
    for j in range(U(len(x))):
        left = cost[j]
        primal += cost[j] * x[j]
        for k in range(U(begin[j]), U(begin[j + U(1)])):
            left -= value[k] * y[index[k]]
        limit = lower[j] if left > 0.0 else upper[j]
        if np.abs(limit) < np.inf:
            dual += left * limit
        else:
            wrong += left * left
    return primal, dual, wrong


@kernel(fastmath=LOOSE)
def look_rows(begin, index, value, lower, upper, x, moved, y, changed):  # type: ignore[no-untyped-def]
    """What the rows add to the value of ``y``, the square of what they are broken by, and ``changed @ matrix @ moved``."""
    dual = broken = crossed = 0.0
    for i in range(U(len(y))):
        used = change = 0.0
        for k in range(U(begin[i]), U(begin[i + U(1)])):
            used += value[k] * x[index[k]]
            change += value[k] * moved[index[k]]
        crossed += changed[i] * change
        off = used - min(max(used, lower[i]), upper[i])
        broken += off * off
        limit = lower[i] if y[i] > 0.0 else upper[i]
        if np.abs(limit) < np.inf:
            dual += y[i] * limit
    return dual, broken, crossed
