"""Overtopping and breach of a levee: what leaves the wave and stays in the zone behind."""

from __future__ import annotations

from network_models._numba import inner
from network_models.flood._pool import at

WEIR = 1.7
"""Broad-crested weir, m^(1/2)/s: Q = 1.7 L h^1.5."""


@inner(error_model="numpy")
def over_weir(level, crest, length):  # type: ignore[no-untyped-def]
    """Flow over a broad crest, m3/s."""
    head = level - crest
    return WEIR * length * head**1.5 if head > 0.0 else 0.0


@inner(error_model="numpy")
def levee_step(flow, level, crest, shape, stored, broken, half, volumes, levels):  # type: ignore[no-untyped-def]
    """What enters a zone at the end of a step, m3/s, and whether the levee is broken.

    Parameters
    ----------
    flow, level
        Of the river beside it.
    shape
        Length that is overtopped, width and sill of the breach that opens once the river tops the crest.
    stored
        Volume in the zone with half a step of the inflow at the step's beginning: inflow q leads from W to W + 2 half q.

    Water enters only until the zone stands as high as the river, and stays. W' is the smallest of what weir, river and
    zone allow, each never falling in W and none rising with the crest: a higher crest never means a fuller zone.
    """
    length, width, sill = shape
    broken = broken or (level > crest and width > 0.0)
    free = over_weir(level, crest, length)
    if broken:
        free += over_weir(level, sill, width)
    if free <= 0.0:
        return 0.0, broken
    room = max(0.0, at(level, levels, volumes) - stored) / (2.0 * half)
    return min(min(free, flow), room), broken
