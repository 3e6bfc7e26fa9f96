"""Prices of the shared rows: shadow prices to begin with, disturbed ones for plans of other kinds; what they prove."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.solve.blocks import Split
from optimizer.solve.known import Known

SPREAD_ALL, SPREAD_EACH = 0.12, 0.08
"""Standard deviations of the logarithm by which tagged prices are disturbed: all together, and each."""


def shadow_prices(split: Split, duals: np.ndarray | None) -> np.ndarray:
    """Prices of the shared rows with the signs that their limits allow; zeros where there are no duals.

    Parameters
    ----------
    duals
        Of all rows; positive where an upper limit binds.
    """
    prices = np.zeros(len(split.shared)) if duals is None else duals[split.shared].copy()
    return admitted(split, prices)


def admitted(split: Split, prices: np.ndarray) -> np.ndarray:
    """Prices with what no limit stands behind left out."""
    prices = np.where(np.isfinite(split.upper), prices, np.minimum(prices, 0.0))
    return np.where(np.isfinite(split.lower), prices, np.maximum(prices, 0.0))


def disturbed(prices: np.ndarray, split: Split, rng: np.random.Generator) -> np.ndarray:
    """Prices times random factors: one for all tagged rows, and one for each."""
    common = SPREAD_ALL * rng.standard_normal()
    factors = np.exp(common + SPREAD_EACH * rng.standard_normal(len(prices)))
    return prices * np.where(split.tagged, factors, 1.0)


class Prices:
    """All price vectors used, and the best bound each has given."""

    def __init__(self, split: Split, constant: float) -> None:
        self.split, self.constant = split, constant
        self.vectors: list[np.ndarray] = []
        self.reference = 0

    def __getitem__(self, number: int) -> np.ndarray:
        return self.vectors[number]

    @property
    def empty(self) -> bool:
        """Whether there are no prices yet."""
        return not self.vectors

    def add(self, prices: np.ndarray) -> int:
        """Take a price vector; its number."""
        self.vectors.append(prices)
        return len(self.vectors) - 1

    def fixed(self, number: int) -> float:
        """Price times limit, and the constant of the model."""
        prices = self.vectors[number]
        up, down = prices > 0, prices < 0
        return self.constant + float(prices[up] @ self.split.upper[up] + prices[down] @ self.split.lower[down])

    def bound(self, number: int, known: Sequence[Known]) -> float:
        """The Lagrangian bound: price times limit plus the proven most of every block."""
        return self.fixed(number) + sum(one.bound(number) for one in known)

    def best(self, known: Sequence[Known]) -> int:
        """Number of the price vector that gives the best bound."""
        return min(range(len(self.vectors)), key=lambda number: self.bound(number, known))
