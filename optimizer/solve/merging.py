"""Plans of blocks merged: what known plans and the best plan of the whole disagree on is free, all else is held.

Each plan of a block is good at prices, but blocks were made without knowing of one another. Taken together they leave open
a few hundred choices, and the whole model over those is small (construct, merge, solve and adapt; Blum et al. 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimizer.solve.known import Known
from optimizer.solve.surroundings import Surroundings

FIRST_SIZE, FEWEST = 700.0, 150.0
"""Choices that are left open at first, and at least."""
FEWER = 0.7
MOST_AMOUNTS = 200_000
"""Columns of amounts in the blocks that are merged at once: the continuous programme over more takes all of a merger's time,
and gigabytes."""


class Merging:
    """Which columns to leave open next; how many plans and blocks are merged follows what was solved in time."""

    def __init__(self, around: Surroundings, seed: int) -> None:
        self.around = around
        self.rng = np.random.default_rng(seed)
        self.plans, self.size = 1, FIRST_SIZE
        self.open, self.widest = 0.0, True
        self.under_way = self.begun = False

    def columns(self, known: Sequence[Known], prices: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Columns left open.

        Parameters
        ----------
        prices
            (shared,) at which plans of blocks are ranked.
        values
            (columns,) the best plan of the whole.
        weight
            (blocks,) how much each is worth being looked at.
        """
        self.under_way = True
        integer = np.zeros(len(values), bool)
        chosen: list[int] = []
        self.open, amounts = 0.0, 0
        for i in np.argsort(-np.log(np.maximum(weight, 1e-12)) - self.rng.gumbel(size=len(weight))):
            varied = self._varied(known[i], prices, values)
            amounts += len(known[i].block.columns) - known[i].block.choices
            if chosen and (self.open >= self.size or amounts > MOST_AMOUNTS):
                break
            integer[varied] = True
            known[i].mixed = []
            self.open += len(varied)
            chosen.append(int(i))
        self.widest = len(chosen) == len(known) or amounts > MOST_AMOUNTS
        columns = self.around.columns(chosen)
        return columns[integer[columns] | self.around.amounts[columns]]

    def learn(self, better: bool, in_time: bool) -> None:
        """More plans of more blocks where all was solved in time; fewer where time ran out without gain."""
        self.under_way, self.begun = False, True
        if in_time:
            self.plans += self.widest
            self.size = self.size if self.widest else self.size / FEWER
        elif not better:
            self.size = self.size if self.plans > 1 else max(FEWEST, FEWER * min(self.size, self.open))
            self.plans = 1

    def _varied(self, known: Known, prices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Columns of a block's choices that some of its plans do not make like the whole's.

        The plans that the last master mixed, once; else the best at these prices.
        """
        integer = known.block.model.integer
        columns = known.block.columns[integer]
        now = values[columns].round()
        best = np.argsort(-known.worth(prices), kind="stable")[: self.plans]
        plans = known.mixed or [known.plans[i] for i in best]
        return columns[np.any([plan[integer].round() != now for plan in plans], axis=0)]
