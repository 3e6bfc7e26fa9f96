"""Steady water surface profiles by the standard step method, and ratings from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from network_models._numba import inner, kernel
from network_models.flood.errors import FloodError, finite, rising
from network_models.flood.sections import (
    DEEPEST,
    GRAVITY,
    Channel,
    area_width_perimeter,
    critical_depth,
    friction_slope,
)


@inner(error_model="numpy")
def _energy(depth, bed, q, channel, gravity, half_step):  # type: ignore[no-untyped-def]
    """Energy head plus or minus the friction of half a step."""
    bottom, bank, manning = channel
    area, _, _ = area_width_perimeter(depth, bottom, bank)
    head = bed + depth + (q / area) ** 2 / (2.0 * gravity)
    return head + half_step * friction_slope(q, depth, bottom, bank, manning)


@inner(error_model="numpy")
def _solve_step(target, bed, q, channel, gravity, half_step, low, high):  # type: ignore[no-untyped-def]
    """Depth at which the energy meets the target between two depths; ``low`` where it has too much there already.

    ``low`` is the critical depth: where no subcritical depth fits, the flow passes through critical there.
    """
    sign = 1.0 if _energy(high, bed, q, channel, gravity, half_step) > target else -1.0
    if sign * (_energy(low, bed, q, channel, gravity, half_step) - target) >= 0.0:
        return low
    while True:
        middle = 0.5 * (low + high)
        if middle <= min(low, high) or middle >= max(low, high):
            return middle
        if sign * (_energy(middle, bed, q, channel, gravity, half_step) - target) < 0.0:
            low = middle
        else:
            high = middle


@kernel(error_model="numpy")
def subcritical(x, bed, q, channel, gravity, downstream):  # type: ignore[no-untyped-def]
    """Depths upstream of a known depth; critical where the flow would be faster."""
    bottom, bank, _ = channel
    n = len(x)
    depth = np.empty(n)
    critical = critical_depth(q, bottom, bank, gravity)
    depth[n - 1] = max(downstream, critical)
    for i in range(n - 2, -1, -1):
        half = 0.5 * (x[i + 1] - x[i])
        target = _energy(depth[i + 1], bed[i + 1], q, channel, gravity, half)
        depth[i] = _solve_step(target, bed[i], q, channel, gravity, -half, critical, DEEPEST)
    return depth


@kernel(error_model="numpy")
def supercritical(x, bed, q, channel, gravity, upstream):  # type: ignore[no-untyped-def]
    """Depths downstream of a known depth; critical where the flow would be slower."""
    bottom, bank, _ = channel
    n = len(x)
    depth = np.empty(n)
    critical = critical_depth(q, bottom, bank, gravity)
    depth[0] = min(upstream, critical)
    for i in range(1, n):
        half = 0.5 * (x[i] - x[i - 1])
        target = _energy(depth[i - 1], bed[i - 1], q, channel, gravity, -half)
        depth[i] = _solve_step(target, bed[i], q, channel, gravity, half, critical, 1e-6 * critical)
    return depth


@inner(error_model="numpy")
def _force(depth, q, channel, gravity):  # type: ignore[no-untyped-def]
    """Momentum and pressure by water's weight: Q^2 / (g A) + A y of a trapezoid."""
    bottom, bank, _ = channel
    area, _, _ = area_width_perimeter(depth, bottom, bank)
    return q * q / (gravity * area) + depth * depth * (bottom / 2.0 + bank * depth / 3.0)


@kernel(error_model="numpy")
def join(slow, fast, q, channel, gravity):  # type: ignore[no-untyped-def]
    """At each point the branch with the greater force: a jump where they change places."""
    depth = np.empty_like(slow)
    for i in range(len(slow)):
        faster = _force(fast[i], q, channel, gravity) > _force(slow[i], q, channel, gravity)
        depth[i] = fast[i] if faster else slow[i]
    return depth


def profile(
    x: ArrayLike,
    bed: ArrayLike,
    discharge: float,
    channel: Channel,
    downstream: float | None = None,
    upstream: float | None = None,
    *,
    gravity: float = GRAVITY,
) -> np.ndarray:
    """Depths of steady flow along a channel.

    Energy between neighbouring points, friction by the mean of their slopes (standard step method, Chow 1959,
    section 10-4). Both branches are computed where the flow enters faster than critical, and joined where their
    specific force is equal (a hydraulic jump).

    Parameters
    ----------
    x, bed
        Distance along the flow (rising) and height of the bed, m, (n,).
    discharge
        m3/s.
    downstream
        Depth at the last point, m; None is critical.
    upstream
        Depth at the first point where the flow enters supercritical, m; None where it does not.

    Returns
    -------
    Depth in m, (n,).
    """
    along, ground = rising(x, "x"), finite(bed, "bed")
    if len(along) != len(ground):
        raise FloodError(f"bed: found {len(ground)} heights; expected {len(along)}, one for each x")
    q, shape = float(discharge), (channel.bottom, channel.bank, channel.manning)
    slow = subcritical(along, ground, q, shape, gravity, downstream or 0.0)
    if upstream is None:
        return slow
    return join(slow, supercritical(along, ground, q, shape, gravity, float(upstream)), q, shape, gravity)


def backwater_rating(
    x: ArrayLike, bed: ArrayLike, discharges: ArrayLike, channel: Channel, downstream: ArrayLike
) -> np.ndarray:
    """Levels along a channel for a range of discharges: a rating at every point.

    Parameters
    ----------
    discharges, downstream
        m3/s and the depth at the last point in m, (n_flows,).

    Returns
    -------
    Level in m above datum, (n_flows, n_points); made to rise with the discharge at every point.
    """
    flows, ends = rising(discharges, "discharges"), np.broadcast_to(downstream, np.shape(discharges))
    ground = finite(bed, "bed")
    level = np.array([ground + profile(x, ground, q, channel, float(end)) for q, end in zip(flows, ends, strict=True)])
    return np.maximum.accumulate(level, axis=0)
