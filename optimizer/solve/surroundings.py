"""Neighbourhoods of a plan made of blocks: some blocks freed, with the money of all; every other choice held.

Blocks that fall short of what their bound promises are freed more often (large neighbourhood search; Shaw 1998), together
with blocks that share cut rows with them or, half of the time, with others that fall short: those trade money.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split, payments

FIRST_SIZE, SMALLEST, LARGEST = 700.0, 150.0, 6000.0
"""Choices that are freed at once."""
LARGER, SMALLER = 1.25, 0.8


class Surroundings:
    """Which columns to free next; the number of choices freed follows what was solved in time."""

    def __init__(self, compiled: Compiled, split: Split, seed: int) -> None:
        self.split = split
        self.rng = np.random.default_rng(seed)
        self.size = FIRST_SIZE
        self.hurried = False
        self.choices = np.array([block.choices for block in split.blocks], float)
        self.money = payments(compiled, split)
        self.amounts = ~compiled.integer
        found = split.shared[~split.tagged]
        self.found = compiled.matrix.tocsr()[found]
        use = [sp.csr_matrix(abs(block.shared[~split.tagged]).sum(axis=1) > 0, dtype=float) for block in split.blocks]
        touched = sp.hstack(use, format="csc") if use else sp.csc_matrix((len(found), 0))
        self.near = (touched.T @ touched).toarray()
        np.fill_diagonal(self.near, 0.0)

    def blocks(self, shortfall: np.ndarray) -> list[int]:
        """Blocks to free.

        Parameters
        ----------
        shortfall
            (blocks,) what the plan's part is worth less than the block's bound, at the reference prices.
        """
        weight = shortfall + 0.02 * max(float(shortfall.mean()), 1e-12)
        chosen = [int(self.rng.choice(len(weight), p=weight / weight.sum()))]
        neighbours = self.rng.random() < 0.5 and self.near[chosen[0]].any()
        while self.choices[chosen].sum() < self.size and len(chosen) < len(weight):
            near = self.near[chosen].sum(axis=0) if neighbours else np.zeros(len(weight))
            pull = np.where(near > 0, near, 0.0) if near.any() else weight.copy()
            pull[chosen] = 0.0
            if pull.sum() <= 0:
                neighbours = False
                pull = np.where(np.isin(np.arange(len(weight)), chosen), 0.0, weight)
            chosen.append(int(self.rng.choice(len(weight), p=pull / pull.sum())))
        return chosen

    def columns(self, chosen: Sequence[int]) -> np.ndarray:
        """Columns that are free with some blocks: theirs, money, and amounts of others in the cut rows they enter."""
        free = self.money.copy()
        free[np.concatenate([self.split.blocks[i].columns for i in chosen])] = True
        entered = np.flatnonzero(np.asarray(abs(self.found) @ free.astype(float)) > 0)
        also = np.diff(self.found[entered].tocsc().indptr) > 0
        return np.flatnonzero(free | (also & self.amounts))

    def learn(self, better: bool, in_time: bool) -> None:
        """Free more where all was solved in time, less where time ran out without gain."""
        self.hurried = not in_time
        if in_time:
            self.size = min(self.size * LARGER, LARGEST)
        elif not better:
            self.size = max(self.size * SMALLER, SMALLEST)
