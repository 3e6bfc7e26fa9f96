"""The restricted master: one known plan of every block, all money decided afresh; and the prices that its relaxation asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split
from optimizer.solve.known import Known
from optimizer.solve.milp import Milp

DEARER = 1.05
"""What breaking a soft row costs, relative to its price."""


@dataclass(frozen=True)
class Restricted:
    """A master's programme with what is needed to read its solution.

    Parameters
    ----------
    plans
        (columns of the whole, plans) CSC.
    owner
        (plans,) block of each plan.
    """

    model: Milp
    plans: sp.csc_matrix
    owner: np.ndarray


class Master:
    """Choose among plans of blocks; payments, and the columns of no block, are free.

    Shared rows without choices in them (a place is served once) may be broken at a little more than their price: the
    plans of blocks were made without knowing of one another, and amounts are settled once the choices are made.
    """

    def __init__(self, compiled: Compiled, split: Split) -> None:
        self.compiled, self.split = compiled, split
        free = ~compiled.integer & ~compiled.columns.structural
        free[split.rest.columns] = True
        self.free = np.flatnonzero(free)
        by_row = compiled.matrix.tocsr()
        touched = np.diff(by_row[:, self.free].indptr) > 0
        touched[split.shared] = True
        self.rows = np.flatnonzero(touched)
        self.matrix = by_row[self.rows].tocsc()
        self.soft = np.flatnonzero(~split.tagged & ~split.hard)

    def programme(self, known: Sequence[Known], prices: np.ndarray) -> Restricted:
        """The choice among all known plans; soft rows at these prices."""
        price = DEARER * np.abs(prices[self.soft])
        return self._choice(known, self.soft, -price, price)

    def pricing(self, known: Sequence[Known], centre: np.ndarray, width: np.ndarray) -> Milp:
        """The relaxed choice, every shared row to be had and to be sold near its price: its shadow prices are near them.

        The box step (Marsten, Hogan and Blankenship 1975) on Dantzig and Wolfe's master: the duals of `shared_rows` stay
        within ``centre - width`` and ``centre + width``, so that few plans are enough for prices of use.
        """
        relaxed = self._choice(known, np.arange(len(self.split.shared)), centre - width, centre + width).model
        return replace(relaxed, integer=np.zeros_like(relaxed.integer))

    @cached_property
    def shared_rows(self) -> np.ndarray:
        """Positions of the shared rows in a master's programme."""
        return np.searchsorted(self.rows, self.split.shared)

    def _choice(self, known: Sequence[Known], bent: np.ndarray, sold: np.ndarray, bought: np.ndarray) -> Restricted:
        """One plan of each block; of the shared rows ``bent`` more may be used at one price, and room sold at another."""
        plans, owner = self._plans(known)
        whole, n, blocks, k = self.compiled, len(owner), len(known), len(bent)
        unit = sp.csc_matrix((np.ones(k), (self.shared_rows[bent], np.arange(k))), shape=(len(self.rows), k))
        use = sp.hstack([self.matrix @ plans, self.matrix[:, self.free], -unit, unit])
        one_each = sp.csr_matrix((np.ones(n), (owner, np.arange(n))), shape=(blocks, use.shape[1]))
        model = Milp(
            matrix=sp.vstack([use, one_each], format="csc"),
            row_lower=np.append(whole.row_lower[self.rows], np.ones(blocks)),
            row_upper=np.append(whole.row_upper[self.rows], np.ones(blocks)),
            col_lower=np.concatenate([np.zeros(n), whole.col_lower[self.free], np.zeros(2 * k)]),
            col_upper=np.concatenate([np.ones(n), whole.col_upper[self.free], np.full(2 * k, np.inf)]),
            integer=np.append(np.ones(n, bool), np.zeros(len(self.free) + 2 * k, bool)),
            cost=np.concatenate([whole.cost @ plans, whole.cost[self.free], -bought, sold]),
            constant=whole.constant,
        )
        return Restricted(model, plans, owner)

    def values(self, restricted: Restricted, solution: np.ndarray) -> np.ndarray:
        """Values of all columns of the whole; soft rows may be broken in them."""
        n = len(restricted.owner)
        values = np.asarray(restricted.plans @ np.round(solution[:n])).ravel()
        values[self.free] = solution[n : n + len(self.free)]
        return values

    def start(self, restricted: Restricted, known: Sequence[Known], values: np.ndarray | None) -> np.ndarray | None:
        """A plan of the whole as a solution of the master, or None where a block's part of it is not known."""
        if values is None:
            return None
        solution = np.zeros(restricted.model.matrix.shape[1])
        first = 0
        for one in known:
            at = one.number(values[one.block.columns])
            if at is None:
                return None
            solution[first + at] = 1.0
            first += len(one.plans)
        n = len(restricted.owner)
        solution[n : n + len(self.free)] = values[self.free]
        return solution

    def _plans(self, known: Sequence[Known]) -> tuple[sp.csc_matrix, np.ndarray]:
        """Plans as columns over all columns of the whole (free ones left out), and the block of each."""
        held = np.ones(self.compiled.matrix.shape[1])
        held[self.free] = 0.0
        rows, values, owner = [], [], []
        for i, one in enumerate(known):
            whole = one.block.model.integer
            for plan in one.plans:
                x = np.where(whole, np.round(plan), plan) * held[one.block.columns]
                used = np.flatnonzero(x)
                rows.append(one.block.columns[used])
                values.append(x[used])
                owner.append(i)
        lengths = [len(r) for r in rows]
        entries = np.concatenate([np.empty(0), *values]), np.concatenate([np.empty(0, np.int64), *rows])
        plans = sp.csc_matrix((*entries, np.concatenate([[0], np.cumsum(lengths)])), shape=(len(held), len(owner)))
        return plans, np.array(owner, np.int64)
