"""What is known of all blocks: their plans, the price vectors used, and what is proved at each."""

from __future__ import annotations

import numpy as np

from optimizer.solve.blocks import Split
from optimizer.solve.hull_cuts import Cuts, together
from optimizer.solve.known import Known
from optimizer.solve.prices import Prices

HELD = 0.75
"""Share of the gap within blocks that the widest hold."""

FAR = 3.0
"""What is open of a block, as a multiple of the mean, from which on it lags behind."""


class Knowledge:
    """Grows while blocks are solved; read by all who decide what to solve next.

    Parameters
    ----------
    split
        The blocks.
    constant
        Of the model.

    Attributes
    ----------
    blocks, rest
        What is known of each block, and of what has no choice in it.
    prices
        All price vectors used.
    """

    def __init__(self, split: Split, constant: float) -> None:
        self.split = split
        self.blocks = [Known(block) for block in split.blocks]
        self.rest = Known(split.rest)
        self.prices = Prices(split, constant)

    @property
    def everything(self) -> list[Known]:
        """The blocks, and the rest."""
        return [*self.blocks, self.rest]

    @property
    def met(self) -> bool:
        """Whether there is a plan of every block."""
        return all(known.plans for known in self.blocks)

    def cuts(self) -> Cuts | None:
        """Rows found for parts of the blocks, over all columns."""
        width = sum(len(known.block.columns) for known in self.everything)
        return together([known.cuts.over(known.block.columns, width) for known in self.blocks if known.cuts is not None])

    def bound(self, number: int) -> float:
        """The Lagrangian bound at a price vector: price times limit plus the proven most of every block."""
        return self.prices.fixed(number) + sum(known.bound(number) for known in self.everything)

    def best(self) -> int:
        """Number of the price vector that gives the best bound."""
        return min(range(len(self.prices.vectors)), key=self.bound)

    def worth(self, number: int) -> float:
        """What the plans known of the blocks are worth at prices, price times limit added: no more than any bound there."""
        prices = self.prices[number]
        return self.prices.fixed(number) + self.rest.bound(number) + sum(known.best(prices) for known in self.blocks)

    def promise(self, number: int) -> float:
        """What the bound at sketched prices may come to: between what the plans known are worth there and the relaxations."""
        return 0.5 * (self.worth(number) + self.prices.relaxed.get(number, np.inf))

    def lagging(self, number: int) -> list[Known]:
        """The blocks of which far more is open at a price vector than of others."""
        gaps = np.array([known.bound(number) - known.best(self.prices[number]) for known in self.blocks])
        finite = gaps[np.isfinite(gaps)]
        usual = float(finite.mean()) if len(finite) else 0.0
        return [known for known, gap in zip(self.blocks, gaps, strict=True) if gap > FAR * max(usual, 0.0)]

    def widest(self, number: int) -> list[Known]:
        """The blocks that hold most of what is open within blocks at a price vector, the widest first."""
        left = [known for known in self.blocks if number not in known.closed]
        gaps = np.array([known.bound(number) - known.best(self.prices[number]) for known in left])
        order = np.argsort(-gaps, kind="stable")
        if not np.isfinite(gaps).all():
            return [left[i] for i in order if not np.isfinite(gaps[i])]
        count = int(np.searchsorted(np.cumsum(gaps[order]), HELD * gaps.sum())) + 1
        return [left[i] for i in order[:count]]
