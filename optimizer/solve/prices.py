"""Prices of the shared rows: shadow prices to begin with, then those that known plans ask, each near the best before."""

from __future__ import annotations

import numpy as np

from optimizer.solve.blocks import Split

NEAR = 0.3
"""How far prices may move at a time, relative to themselves or, where that is more, a part of what their like cost."""
LEAST_NEAR = 0.1
NEARER = 0.4
"""What `NEAR` shrinks by where a step gave no better bound, and grows by (its inverse, never beyond 1) where one did."""


def shadow_prices(split: Split, duals: np.ndarray | None) -> np.ndarray:
    """Prices of the shared rows with the signs that their limits allow; zeros where there are no duals.

    Parameters
    ----------
    duals
        (shared,) positive where an upper limit binds.
    """
    prices = np.zeros(len(split.shared)) if duals is None else duals.copy()
    return admitted(split, prices)


def admitted(split: Split, prices: np.ndarray) -> np.ndarray:
    """Prices with what no limit stands behind left out."""
    prices = np.where(np.isfinite(split.upper), prices, np.minimum(prices, 0.0))
    return np.where(np.isfinite(split.lower), prices, np.maximum(prices, 0.0))


class Prices:
    """All price vectors used; ``reference``: number of the best; ``relaxed``: what the blocks' relaxations alone prove at each."""

    def __init__(self, split: Split, constant: float) -> None:
        self.split, self.constant = split, constant
        self.vectors: list[np.ndarray] = []
        self.relaxed: dict[int, float] = {}
        self.reference = 0
        self.step = 1.0

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

    def width(self, number: int) -> np.ndarray:
        """How far each price may move from a price vector: a share of itself, at least of the mean of its like."""
        prices = self.vectors[number]
        width = NEAR * np.abs(prices)
        for like in (self.split.tagged, ~self.split.tagged):
            paid = np.abs(prices[like & (prices != 0)])
            width[like] = np.maximum(width[like], LEAST_NEAR * float(paid.mean()) if len(paid) else 0.0)
        return self.step * width

    def learn(self, number: int) -> None:
        """Whether a price vector is the best now decides how far the next may move."""
        self.stepped(forward=self.reference == number)

    def stepped(self, *, forward: bool) -> None:
        """The next step may be longer after one that was forward, and is shorter after one that was not."""
        self.step = min(1.0, self.step / NEARER) if forward else self.step * NEARER

    def fixed(self, number: int) -> float:
        """Price times limit, and the constant of the model."""
        prices = self.vectors[number]
        up, down = prices > 0, prices < 0
        return self.constant + float(prices[up] @ self.split.upper[up] + prices[down] @ self.split.lower[down])
