"""Level-pool routing: storage + half a step of outflow is known, and rises with the storage, so it is inverted exactly."""

from __future__ import annotations

from network_models._numba import inner


@inner(error_model="numpy")
def _invert(known, half, volume, first, second):  # type: ignore[no-untyped-def]
    """Storage S with S + half (first + second)(S) = known; straight between the points of the tables and beyond."""
    n, k = len(volume), 1
    while k < n - 1 and volume[k] + half * (first[k] + second[k]) < known:
        k += 1
    low = volume[k - 1] + half * (first[k - 1] + second[k - 1])
    high = volume[k] + half * (first[k] + second[k])
    return volume[k - 1] + (known - low) * (volume[k] - volume[k - 1]) / (high - low)


@inner(error_model="numpy")
def at(x, xs, ys):  # type: ignore[no-untyped-def]
    """Value at x of points in rising order; beyond both ends along the last line."""
    n, k = len(xs), 1
    while k < n - 1 and xs[k] < x:
        k += 1
    return ys[k - 1] + (x - xs[k - 1]) * (ys[k] - ys[k - 1]) / (xs[k] - xs[k - 1])


@inner(error_model="numpy")
def pool_step(known, half, volume, gate, spill, none, limit):  # type: ignore[no-untyped-def]
    """Storage and outflow at the end of a step.

    ``known`` is S + half (I + I' - O). The gates let out what the table says, at most ``limit``; the spillway is not
    held back. ``none`` is a row of zeros.
    """
    held = _invert(known, half, volume, gate, spill)
    if at(held, volume, gate) > limit:
        held = _invert(known - half * limit, half, volume, none, spill)
    held = max(held, 0.0)
    return held, (known - held) / half


@inner(error_model="numpy")
def steady_pool(inflow, volume, gate, spill):  # type: ignore[no-untyped-def]
    """Storage at which the outflow of the tables is the inflow; the first point where they let out more."""
    n = len(volume)
    for k in range(1, n):
        low, high = gate[k - 1] + spill[k - 1], gate[k] + spill[k]
        if high >= inflow and high > low:
            share = (inflow - low) / (high - low)
            return max(volume[k - 1] + share * (volume[k] - volume[k - 1]), 0.0)
    return volume[n - 1]
