"""What is wrong with flood input: one message that says where, what was found and what is expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


class FloodError(ValueError):
    """Input that has no meaning; the message names the element or column and says what is expected."""


def finite(values: ArrayLike, name: str, *, at_least: int = 1) -> np.ndarray:
    """Values as a float64 vector without gaps.

    Raises
    ------
    FloodError
        Too few values, not a vector, or one that is no number.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) < at_least:
        raise FloodError(f"{name}: found shape {array.shape}; expected a vector of at least {at_least}")
    wrong = ~np.isfinite(array)
    if wrong.any():
        raise FloodError(f"{name}, item {int(np.argmax(wrong)) + 1}: found {array[wrong][0]}; expected a number")
    return array


def rising(values: ArrayLike, name: str, *, strictly: bool = True) -> np.ndarray:
    """Values as a float64 vector that rises (or never falls).

    Raises
    ------
    FloodError
        The first item that does not rise.
    """
    array = finite(values, name, at_least=2)
    step = np.diff(array)
    wrong = step <= 0 if strictly else step < 0
    if wrong.any():
        k = int(np.argmax(wrong)) + 1
        word = "rising" if strictly else "never falling"
        raise FloodError(f"{name}, item {k + 1}: found {array[k]:g} after {array[k - 1]:g}; expected {word} values")
    return array


def positive(value: float, name: str) -> float:
    """A number above zero.

    Raises
    ------
    FloodError
        Zero, less, or no number.
    """
    if not (np.isfinite(value) and value > 0):
        raise FloodError(f"{name}: found {value}; expected a number above 0")
    return float(value)
