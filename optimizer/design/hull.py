"""The cheapest cost of a lane over flow and loss: facets of the lower convex hull of its points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from network_models._numba import kernel

FLAT = 1e-9
"""Width, as a share of the largest value, below which a coordinate is taken as one number."""
STEEP = 1e-6
"""Facets whose normal points down by less than this are left to the outline in flow and loss."""
APEX, ROUNDING = 1e3, 1e-12


def facets_of(points: np.ndarray) -> np.ndarray:
    """Rows ``delta * cost - beta * flow - gamma * loss >= alpha`` that hold for the convex hull of points and what costs more.

    Parameters
    ----------
    points
        (n, 3) flow, loss, cost.

    Returns
    -------
    (n_rows, 4) alpha, beta, gamma, delta (1; 0 for the outline in flow and loss). Offsets are taken anew from the points, so that
    every row holds, however the hull was rounded.
    """
    least, most = points.min(axis=0), points.max(axis=0)
    wide = most - least
    flat = wide <= FLAT * np.maximum(np.abs(most), 1e-3)
    unit = np.where(flat, 1.0, wide)
    slopes = _slopes(np.where(flat, 0.0, (points - least) / unit), flat)
    rows = np.empty((len(slopes), 4))
    rows[:, 3] = slopes[:, 2]
    rows[:, 1:3] = slopes[:, :2] * np.where(slopes[:, 2:] > 0, unit[2], 1.0) / unit[:2]
    rows[:, 0] = (slopes[:, 2:] * points[:, 2] - rows[:, 1:3] @ points[:, :2].T).min(axis=1)
    reach = np.abs(rows[:, 1:3] * np.abs(points[:, :2]).max(axis=0)).max(axis=1) + slopes[:, 2] * np.abs(most[2])
    rows[:, 0] -= ROUNDING * reach
    return rows


def _slopes(x: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Slopes in flow and loss, and 1 (0: outline), of every facet of points in the unit cube."""
    floor = np.array([[0.0, 0.0, 1.0]])
    if flat[0] and flat[1]:
        return floor
    if flat[0] or flat[1]:
        along = 1 if flat[0] else 0
        lower = _chain(x[:, along], x[:, 2])
        found = np.zeros((len(lower) + 2, 3))
        found[:, along], found[:-2, 2] = [*lower, 1.0, -1.0], 1.0
        return np.vstack([floor, found])
    outline = _hull(x[:, :2]).equations
    normal = _hull(np.vstack([x, [0.5, 0.5, APEX]])).equations
    normal = normal[normal[:, 2] < -STEEP]
    found = np.column_stack([-normal[:, :2] / normal[:, 2:3], np.ones(len(normal))])
    return np.vstack([floor, found, np.column_stack([outline[:, :2], np.zeros(len(outline))])])


def _hull(x: np.ndarray) -> ConvexHull:
    try:
        return ConvexHull(x)
    except QhullError:
        return ConvexHull(x, qhull_options="QJ")


def _chain(x: np.ndarray, z: np.ndarray) -> list[float]:
    """Slopes of the lower hull in the plane from left to right (Andrew 1979)."""
    chain: list[int] = []
    for i in np.lexsort((z, x)).tolist():
        if chain and x[chain[-1]] == x[i]:
            continue
        while len(chain) > 1 and _idle(x, z, (chain[-2], chain[-1], i)):
            chain.pop()
        chain.append(i)
    return [float((z[j] - z[i]) / (x[j] - x[i])) for i, j in pairwise(chain)]


def _idle(x: np.ndarray, z: np.ndarray, three: tuple[int, int, int]) -> bool:
    """Whether the second of three points lies on or above the line through the others."""
    a, b, c = three
    return bool((x[b] - x[a]) * (z[c] - z[a]) - (z[b] - z[a]) * (x[c] - x[a]) <= 0.0)


@kernel()
def cheapest_mixture(falls, price, size, loss):  # type: ignore[no-untyped-def]
    """Cost, spread of cost and mean size of the cheapest mixture of two sizes at a loss.

    ``falls`` (n,) m, rising, at one flow; ``price`` and ``size`` (n,). Beyond the falls the nearest size stands alone.
    """
    if loss <= falls[0]:
        return price[0], 0.0, float(size[0])
    last = len(falls) - 1
    if loss >= falls[last]:
        return price[last], 0.0, float(size[last])
    best, spread, mean = np.inf, 0.0, 0.0
    for i in range(last + 1):
        if falls[i] > loss:
            break
        for j in range(last, i, -1):
            if falls[j] <= loss:
                break
            share = (loss - falls[i]) / (falls[j] - falls[i])
            cost = price[i] + share * (price[j] - price[i])
            if cost < best:
                best, spread = cost, share * (1.0 - share) * abs(price[j] - price[i])
                mean = size[i] + share * (size[j] - size[i])
    return best, spread, mean
