"""Sums of whole wants: places are served in full or not at all, so what flows is a sum of what some of them want. No Pyomo."""

from __future__ import annotations

from functools import cache

import numpy as np

MANY = 12
"""Places of which all sums are tried."""
ROUNDING = 1e-9
"""Relative: by how much a sum may be above a room."""


def largest_sums(wants: np.ndarray, room: np.ndarray) -> np.ndarray:
    """The largest sum of some wants that is no more than a room; where there are too many to try, the room or all that fit it alone.

    Parameters
    ----------
    wants
        (place, period) units a year.
    room
        (thing, period) units a year.

    Returns
    -------
    np.ndarray
        (thing, period) units a year.
    """
    wants = wants[wants.any(axis=1)]
    limit = room[:, None] * (1 + ROUNDING)
    if len(wants) > MANY:
        return np.asarray(np.minimum(room, np.where(wants <= limit, wants, 0.0).sum(axis=1)))
    sums = _subsets(len(wants)) @ wants
    return np.asarray(np.where(sums <= limit, sums, 0.0).max(axis=1))


@cache
def _subsets(n: int) -> np.ndarray:
    """(subset, member) 1 where it belongs."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)
