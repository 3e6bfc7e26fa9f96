"""The prices that known plans of the blocks ask: shadow prices of Dantzig and Wolfe's master, near the best prices so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split, payments
from optimizer.solve.known import Known
from optimizer.solve.milp import Milp


class Pricing:
    """Shares of known plans of every block; payments, and the columns of no block, are free.

    Parameters
    ----------
    compiled, split
        The whole, and what it was taken apart into.
    """

    def __init__(self, compiled: Compiled, split: Split) -> None:
        self.compiled, self.split = compiled, split
        self.free = np.flatnonzero(payments(compiled, split))
        by_row = compiled.matrix.tocsr()
        touched = np.diff(by_row[:, self.free].indptr) > 0
        touched[split.shared] = True
        self.rows = np.flatnonzero(touched)
        self.matrix = by_row[self.rows].tocsc()
        self.shared = np.searchsorted(self.rows, split.shared)

    def programme(self, known: Sequence[Known], centre: np.ndarray, width: np.ndarray) -> Milp:
        """The master as a continuous programme; the duals of its rows `shared` are the prices asked.

        More of a shared row may be had at ``centre + width``, and room in it be sold at ``centre - width``, so that its
        dual stays between the two and few plans are enough for prices of use (the box step of Marsten, Hogan and
        Blankenship 1975).

        Parameters
        ----------
        centre, width
            (shared,) prices, and how far each may move.
        """
        plans, owner = self._plans(known)
        whole, n, blocks, k = self.compiled, len(owner), len(known), len(self.shared)
        unit = sp.csc_matrix((np.ones(k), (self.shared, np.arange(k))), shape=(len(self.rows), k))
        use = sp.hstack([self.matrix @ plans, self.matrix[:, self.free], -unit, unit])
        one_each = sp.csr_matrix((np.ones(n), (owner, np.arange(n))), shape=(blocks, use.shape[1]))
        return Milp(
            matrix=sp.vstack([use, one_each], format="csc"),
            row_lower=np.append(whole.row_lower[self.rows], np.ones(blocks)),
            row_upper=np.append(whole.row_upper[self.rows], np.ones(blocks)),
            col_lower=np.concatenate([np.zeros(n), whole.col_lower[self.free], np.zeros(2 * k)]),
            col_upper=np.concatenate([np.ones(n), whole.col_upper[self.free], np.full(2 * k, np.inf)]),
            integer=np.zeros(use.shape[1], bool),
            cost=np.concatenate([whole.cost @ plans, whole.cost[self.free], -(centre + width), centre - width]),
            constant=whole.constant,
        )

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
