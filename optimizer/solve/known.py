"""What is known of one block: its plans, and its proven most at prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np

from optimizer.solve.blocks import Block
from optimizer.solve.highs import Basis
from optimizer.solve.hull_cuts import Cuts, together
from optimizer.solve.milp import Milp

TOLERANCE = 1e-6
"""By how much a plan may break a row and still count as one that obeys it."""
MOST_PLANS = 40
"""Plans remembered of a block; beyond, those worth least at the prices at hand are forgotten."""


@dataclass
class Known:
    """Plans of a block as values of its columns, bounds by the number of the price vector they hold at, ``closed``: the
    numbers at which nothing is left to prove, ``effort``: how many times longer than others it is solved, ``mixed``: the
    plans that the last master took shares of, until a merger has tried them, ``hurried``: whether it was ended by its time when it was
    solved last, ``basis``: of its last relaxation, and ``cuts``: rows that parts of it obey, found so far and in the model of ``block``.
    """

    block: Block
    plans: list[np.ndarray] = field(default_factory=list)
    bounds: dict[int, float] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    effort: float = 1.0
    mixed: list[np.ndarray] = field(default_factory=list)
    hurried: bool = False
    basis: Basis | None = None
    cuts: Cuts | None = None
    _seen: set[bytes] = field(default_factory=set)

    def learn(self, plans: Iterable[np.ndarray]) -> None:
        """Remember plans that use the shared rows in a new way."""
        for plan in plans:
            key = self._key(plan)
            if key not in self._seen:
                self._seen.add(key)
                self.plans.append(plan)

    def tighten(self, cuts: Cuts | None) -> None:
        """Take rows that hold for every plan, whatever the prices; plans that break them are forgotten, unless all do."""
        if cuts is None:
            return
        obey = [plan for plan in self.plans if (cuts.matrix @ plan <= cuts.upper + TOLERANCE).all()]
        self.plans = obey or self.plans
        self.block = replace(self.block, model=cuts.below(self.block.model))
        self.basis = cuts.basis(self.basis)
        self.cuts = together([cuts] if self.cuts is None else [self.cuts, cuts])

    def forget(self, prices: np.ndarray) -> None:
        """Keep the plans that are worth most at these prices."""
        if len(self.plans) > MOST_PLANS:
            kept = np.sort(np.argsort(-self.worth(prices), kind="stable")[:MOST_PLANS])
            self.plans = [self.plans[i] for i in kept]
            self._seen = {self._key(plan) for plan in self.plans}

    def worth(self, prices: np.ndarray) -> np.ndarray:
        """What each plan is worth at these prices."""
        cost = self.block.priced(prices).cost
        return np.array([float(cost @ plan) for plan in self.plans])

    def best(self, prices: np.ndarray) -> float:
        """The most that a known plan is worth at these prices."""
        return float(self.worth(prices).max(initial=-np.inf))

    def start(self, model: Milp) -> np.ndarray | None:
        """The best known plan of this block under another cost, or None."""
        return max(self.plans, key=lambda plan: float(model.cost @ plan), default=None)

    def bound(self, number: int) -> float:
        """Proven most at a price vector."""
        return self.bounds.get(number, np.inf)

    def prove(self, number: int, bound: float) -> None:
        """Take a bound if it is better."""
        self.bounds[number] = min(bound, self.bound(number))

    def _key(self, plan: np.ndarray) -> bytes:
        whole = plan[self.block.model.integer].round().astype(np.int8)
        used = np.round(np.asarray(self.block.shared @ plan), 4)
        return blake2b(whole.tobytes() + (used + 0.0).tobytes(), digest_size=16).digest()
