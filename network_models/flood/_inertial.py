"""Steps of the local-inertial scheme on a raster: float32 in one pass for speed, float64 with volume kept to the last bit.

Arrays are (n_rows, n_columns); ``along[i, j]`` is the flow in m2/s from cell (i, j) to (i, j + 1), ``across[i, j]`` that
to (i + 1, j). The outermost ring of cells is the boundary: it keeps its depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from network_models._numba import inner, kernel, prange
from network_models.flood._power import _bitcast

GRAVITY = 9.81
DRY = 1e-5
"""Flow depths below this carry nothing, m."""
VECTORS = {"contract", "arcp", "nsz"}
BLOCK = 32


def _bits_of(_typing: Any, _value: Any) -> Any:
    return types.int32(types.float32), _bitcast(ir.IntType(32))


def _float_of(_typing: Any, _bits: Any) -> Any:
    return types.float32(types.int32), _bitcast(ir.FloatType())


bits_of: Any = intrinsic(_bits_of)
float_of: Any = intrinsic(_float_of)
ZERO, ONE, THIRD, TWO_NINTHS, FOUR_THIRDS, DRY32 = (
    np.float32(v) for v in (0.0, 1.0, 1.0 / 3.0, 2.0 / 9.0, 4.0 / 3.0, DRY)
)
GUESS = np.int32(0x54A2FA8C)


@inner(inline="always")
def _flow32(level, level2, bed, bed2, flow, gdt, inverse_dx, friction):  # type: ignore[no-untyped-def]
    """Bates et al. 2010, equation 11; depth^(-7/3) from 1 / cube root: a guess by its bits, a step of third order (the
    series of (1 - off)^(-1/3)), a step of Newton's method.
    """
    depth = max(level, level2) - max(bed, bed2)
    deep = max(depth, DRY32)
    r = float_of(np.int32(GUESS - np.int32(np.float32(bits_of(deep)) * THIRD)))
    off = ONE - deep * (r * r * r)
    r = r + r * (off * (THIRD + TWO_NINTHS * off))
    r = r * (FOUR_THIRDS - THIRD * deep * (r * r * r))
    r2 = r * r
    new = (flow - gdt * inverse_dx * (deep * (level2 - level))) / (ONE + friction * abs(flow) * ((r2 * r2) * (r2 * r)))
    return new if depth > DRY32 else ZERO


@inner(fastmath=VECTORS, error_model="numpy")
def _rows32(depth, bed, along, across, limits, gdt, idx, friction, ratio):  # type: ignore[no-untyped-def]
    """Flows of rows begin..end and the depths of all of them but the first, whose upper flows another block computes.

    A row's depths are written once the flows to the next row are known, and no later flow asks for them.
    """
    begin, end = limits
    n_rows, n_columns = depth.shape
    for i in range(begin, end):
        h, z, q = depth[i], bed[i], along[i]
        for j in range(n_columns - 1):
            q[j] = _flow32(h[j] + z[j], h[j + 1] + z[j + 1], z[j], z[j + 1], q[j], gdt, idx, friction)
        if i < n_rows - 1:
            h2, z2, p = depth[i + 1], bed[i + 1], across[i]
            for j in range(n_columns):
                p[j] = _flow32(h[j] + z[j], h2[j] + z2[j], z[j], z2[j], p[j], gdt, idx, friction)
        if i > begin and 0 < i < n_rows - 1:
            _depths32(depth, along, across, i, ratio)


@inner(fastmath=VECTORS, error_model="numpy")
def _depths32(depth, along, across, i, ratio):  # type: ignore[no-untyped-def]
    h, q, above, below = depth[i, 1:-1], along[i], across[i - 1, 1:-1], across[i, 1:-1]
    for j in range(len(h)):
        h[j] = max(ZERO, h[j] + ratio * (q[j] - q[j + 1] + above[j] - below[j]))


@kernel(fastmath=VECTORS, error_model="numpy")
def step32(depth, bed, along, across, gdt, idx, friction, ratio):  # type: ignore[no-untyped-def]
    """One step in float32 by the calling thread, in place."""
    _rows32(depth, bed, along, across, (0, len(depth)), gdt, idx, friction, ratio)


@kernel(parallel=True, fastmath=VECTORS, error_model="numpy")
def step32_threads(depth, bed, along, across, gdt, idx, friction, ratio):  # type: ignore[no-untyped-def]
    """``step32`` in blocks of rows dealt out to threads."""
    n = len(depth)
    blocks = -(-n // BLOCK)
    for b in prange(blocks):
        limits = (b * BLOCK, min(n, b * BLOCK + BLOCK))
        _rows32(depth, bed, along, across, limits, gdt, idx, friction, ratio)
    for b in prange(blocks):
        if 0 < b * BLOCK < n - 1:
            _depths32(depth, along, across, b * BLOCK, ratio)


@inner(error_model="numpy")
def _flow64(level, level2, bed, bed2, flow, dt, dx, squared_n):  # type: ignore[no-untyped-def]
    depth = max(level, level2) - max(bed, bed2)
    if depth <= DRY:
        return 0.0
    slope = (level2 - level) / dx
    return (flow - GRAVITY * depth * dt * slope) / (1.0 + GRAVITY * dt * squared_n * abs(flow) / depth ** (7.0 / 3.0))


@inner(error_model="numpy")
def _flows64(depth, bed, along, across, dt, dx, squared_n):  # type: ignore[no-untyped-def]
    n_rows, n_columns = depth.shape
    for i in range(n_rows):
        for j in range(n_columns):
            level = depth[i, j] + bed[i, j]
            if j < n_columns - 1:
                level2 = depth[i, j + 1] + bed[i, j + 1]
                along[i, j] = _flow64(level, level2, bed[i, j], bed[i, j + 1], along[i, j], dt, dx, squared_n)
            if i < n_rows - 1:
                level2 = depth[i + 1, j] + bed[i + 1, j]
                across[i, j] = _flow64(level, level2, bed[i, j], bed[i + 1, j], across[i, j], dt, dx, squared_n)


@inner(error_model="numpy")
def _shares(depth, along, across, dt, dx, share):  # type: ignore[no-untyped-def]
    """Share of its outflows that a cell can pay from its water; the boundary pays all."""
    share[:] = 1.0
    for i in range(1, depth.shape[0] - 1):
        for j in range(1, depth.shape[1] - 1):
            leaves = max(0.0, along[i, j]) + max(0.0, -along[i, j - 1])
            leaves += max(0.0, across[i, j]) + max(0.0, -across[i - 1, j])
            if leaves * dt > depth[i, j] * dx:
                share[i, j] = depth[i, j] * dx / (leaves * dt)


@kernel(error_model="numpy")
def step64(depth, bed, along, across, share, dt, dx, squared_n):  # type: ignore[no-untyped-def]
    """One step in float64, in place; outflows are cut to the water of their cell, so that none is made.

    Returns
    -------
    Volume that came in over the ring, m3.
    """
    _flows64(depth, bed, along, across, dt, dx, squared_n)
    _shares(depth, along, across, dt, dx, share)
    n_rows, n_columns = depth.shape
    for i in range(n_rows):
        for j in range(n_columns):
            if j < n_columns - 1:
                along[i, j] *= share[i, j] if along[i, j] > 0.0 else share[i, j + 1]
            if i < n_rows - 1:
                across[i, j] *= share[i, j] if across[i, j] > 0.0 else share[i + 1, j]
    for i in range(1, n_rows - 1):
        for j in range(1, n_columns - 1):
            change = along[i, j - 1] - along[i, j] + across[i - 1, j] - across[i, j]
            depth[i, j] = max(0.0, depth[i, j] + dt / dx * change)
    entered = 0.0
    for i in range(1, n_rows - 1):
        entered += along[i, 0] - along[i, n_columns - 2]
    for j in range(1, n_columns - 1):
        entered += across[0, j] - across[n_rows - 2, j]
    return entered * dt * dx
