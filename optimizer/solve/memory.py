"""What a solve by blocks leaves to the next one of the same model with more rows: prices, plans and bounds of the blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split, find_blocks, take_apart
from optimizer.solve.knowledge import Knowledge
from optimizer.solve.known import Known
from optimizer.solve.milp import admits

ROUNDED = 1e-5
"""What a row may be off by in a plan put together from parts; amounts are settled again before it is read."""


@dataclass
class Memory:
    """Empty at first. Rows that were added since only take plans away, so that every bound still holds.

    Parameters
    ----------
    label
        (columns,) block of each column, or None.
    known
        What was known of the blocks and of the rest, the rest last.
    vectors, relaxed, reference
        Prices, what relaxations prove at each, and the number of the best of them.
    share
        Seconds that a block is solved in the first place.
    values
        Of all columns: the best plan.
    """

    label: np.ndarray | None = None
    known: list[Known] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    relaxed: dict[int, float] = field(default_factory=dict)
    reference: int = 0
    share: float | None = None
    values: np.ndarray | None = None

    def split(self, compiled: Compiled) -> Split:
        """The blocks as they were, or found anew where there is nothing to remember."""
        return find_blocks(compiled) if self.label is None else take_apart(compiled, self.label)

    def recall(self, knowledge: Knowledge) -> None:
        """Tell what was known to those who know nothing yet; plans that the added rows forbid are forgotten."""
        if self.label is None:
            return
        prices = knowledge.prices
        for now, before in zip(knowledge.everything, self.known, strict=True):
            now.bounds, now.effort = dict(before.bounds), before.effort
            now.tighten(before.cuts)
            now.learn(plan for plan in before.plans if admits(now.block.model, plan))
        prices.vectors = [np.append(v, np.zeros(len(prices.split.shared) - len(v))) for v in self.vectors]
        prices.relaxed.update(self.relaxed)
        prices.reference = self.reference

    def plan(self, compiled: Compiled) -> np.ndarray | None:
        """The best plan, where the added rows allow it."""
        if self.values is None:
            return None
        return self.values if admits(compiled, self.values, ROUNDED) else None

    def remember(self, knowledge: Knowledge, share: float, values: np.ndarray | None) -> None:
        """Keep what a solve has learned."""
        known, prices = knowledge.everything, knowledge.prices
        self.label = np.zeros(sum(len(one.block.columns) for one in known), np.int64)
        for number, one in enumerate(known):
            self.label[one.block.columns] = number
        self.known, self.vectors = known, prices.vectors
        self.relaxed, self.reference = dict(prices.relaxed), prices.reference
        self.share, self.values = share, values
