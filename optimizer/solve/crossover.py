"""Plans of the whole from pieces of the blocks' plans: where a plan differs from the best one, by parts that need not change together.

What a known plan of a block does otherwise than the best plan of the whole falls apart into pieces that no physics or
precedence ties to one another: to change one of them alone leaves every such row as good as it is in one plan or the other
(partition crossover; Tinós, Whitley and Chicano 2015). Money, quotas and shared rows tie pieces, so that which to take is a
programme of its own: a choice for each piece, payments free, and none of the amounts that make mergers slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Split, payments
from optimizer.solve.known import Known
from optimizer.solve.milp import Milp

SAME = 1e-7
"""Values that differ by no more are the same."""
MOST_PLANS = 8
"""Plans of each block that are crossed with the best plan: the best at the prices at hand."""


@dataclass(frozen=True)
class Crossing:
    """Which pieces to take, as a programme.

    Parameters
    ----------
    model
        A column for each piece, then the payments.
    start
        The best plan so far: no piece.
    changes
        (columns, pieces) what each piece changes.
    free
        Positions of the payments in the whole.
    held
        (columns,) the best plan so far.
    """

    model: Milp
    start: np.ndarray
    changes: sp.csc_matrix
    free: np.ndarray
    held: np.ndarray

    def plan(self, found: np.ndarray) -> np.ndarray:
        """(columns,) the plan of the whole that a solution makes."""
        pieces = self.changes.shape[1]
        taken = np.where(self.model.integer[:pieces], np.round(found[:pieces]), found[:pieces])
        values = np.asarray(self.held + self.changes @ taken)
        values[self.free] = found[pieces:]
        return values


class Crossover:
    """Crosses known plans of blocks with a plan of the whole.

    Parameters
    ----------
    compiled, split
        The whole, and what it was taken apart into.
    """

    def __init__(self, compiled: Compiled, split: Split) -> None:
        self.whole = compiled
        self.paid = payments(compiled, split)
        self.free = np.flatnonzero(self.paid)
        tying = ~compiled.rows.structural
        tying[split.shared] = True
        payment_part = compiled.matrix[:, self.free]
        tying[payment_part.indices] = True
        self.tying, self.own = np.flatnonzero(tying), np.flatnonzero(~tying)
        self.payment_part = payment_part.tocsr()[self.tying]

    def of(self, known: Sequence[Known], prices: np.ndarray, values: np.ndarray) -> Crossing:
        """The programme that crosses plans of all blocks with the best plan of the whole.

        Parameters
        ----------
        prices
            (shared,) at which plans of blocks are ranked.
        values
            (columns,) the best plan of the whole.
        """
        whole = self.whole
        layers = [self._pieces(other, values) for other in self._others(known, prices, values)]
        changes = sp.hstack([one for one, _ in layers], format="csc")
        rivals = _more_than_one(sp.vstack([sp.hstack([rows for _, rows in layers]), changes != 0], format="csr"))
        chosen = (abs(changes).T @ whole.integer.astype(float)) > 0
        count, k = changes.shape[1], len(self.free)
        held = np.where(self.paid, 0.0, values)
        used = (whole.matrix @ held)[self.tying]
        use = sp.hstack([(whole.matrix @ changes).tocsr()[self.tying], self.payment_part])
        one_of = sp.hstack([rivals, sp.csr_matrix((rivals.shape[0], k))])
        model = Milp(
            matrix=sp.vstack([use, one_of], format="csc"),
            row_lower=np.append(whole.row_lower[self.tying] - used, np.full(rivals.shape[0], -np.inf)),
            row_upper=np.append(whole.row_upper[self.tying] - used, np.ones(rivals.shape[0])),
            col_lower=np.append(np.zeros(count), whole.col_lower[self.free]),
            col_upper=np.append(np.ones(count), whole.col_upper[self.free]),
            integer=np.append(chosen, np.zeros(k, bool)),
            cost=np.append(changes.T @ whole.cost, whole.cost[self.free]),
            constant=whole.constant + float(whole.cost @ held),
        )
        return Crossing(model, np.append(np.zeros(count), values[self.free]), changes, self.free, values)

    def _others(self, known: Sequence[Known], prices: np.ndarray, values: np.ndarray) -> Iterator[np.ndarray]:
        """Plans of the whole, rules that blocks share aside: of every block its best plan, its second best, and so on."""
        ranked = [np.argsort(-one.worth(prices), kind="stable")[:MOST_PLANS] for one in known]
        for place in range(max([1, *map(len, ranked)])):
            other = values.copy()
            for one, order in zip(known, ranked, strict=True):
                if place < len(order):
                    plan = one.plans[order[place]]
                    other[one.block.columns] = np.where(one.block.model.integer, np.round(plan), plan)
            yield other

    def _pieces(self, other: np.ndarray, values: np.ndarray) -> tuple[sp.csc_matrix, sp.csc_matrix]:
        """What each piece of another plan changes, and (own rows, pieces) the rows that it enters."""
        change = np.where(self.paid, 0.0, other - values)
        at = np.flatnonzero(np.abs(change) > SAME)
        tied = self.whole.matrix[:, at].tocsr()[self.own]
        rows = np.flatnonzero(np.diff(tied.indptr))
        entered = tied[rows]
        count, label = connected_components(sp.bmat([[None, entered], [entered.T, None]], format="csr"), directed=False)
        of_row, of_column = label[: len(rows)], label[len(rows) :]
        changes = sp.csc_matrix((change[at], (at, of_column)), shape=(len(values), count))
        return changes, sp.csc_matrix((np.ones(len(rows)), (rows, of_row)), shape=(len(self.own), count))


def _more_than_one(entered: sp.csr_matrix) -> sp.csr_matrix:
    """The rows that more than one piece enters, each set of pieces once: no two of them can be taken."""
    entered = sp.csr_matrix(entered, dtype=float)[np.diff(entered.indptr) > 1]
    entered.sort_indices()
    sets = [entered.indices[a:b].tobytes() for a, b in zip(entered.indptr[:-1], entered.indptr[1:], strict=True)]
    return entered[sorted({pieces: i for i, pieces in enumerate(sets)}.values())]
