"""Random numbers inside kernels, the same for a seed whatever runs beside (splitmix64; Steele, Lea and Flood 2014)."""

from __future__ import annotations

import numpy as np

from network_models._numba import inner

STEP, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11))


@inner()
def make_dice(seed):  # type: ignore[no-untyped-def]
    """State of a generator, (1,) uint64."""
    return np.full(1, np.uint64(seed))


@inner()
def roll(dice):  # type: ignore[no-untyped-def]
    """A number from 0 up to 1."""
    dice[0] += STEP
    x = dice[0]
    x = (x ^ (x >> SHIFTS[0])) * FIRST
    x = (x ^ (x >> SHIFTS[1])) * SECOND
    return ((x ^ (x >> SHIFTS[2])) >> SHIFTS[3]) * 2.0**-53


@inner()
def pick(dice, count):  # type: ignore[no-untyped-def]
    """A whole number from 0 up to ``count``."""
    return min(int(roll(dice) * count), count - 1)


@inner()
def shuffle(dice, values):  # type: ignore[no-untyped-def]
    """Put values into random order in place (Fisher and Yates) and return them."""
    for i in range(len(values) - 1, 0, -1):
        j = pick(dice, i + 1)
        values[i], values[j] = values[j], values[i]
    return values
