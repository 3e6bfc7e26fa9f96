"""The restricted master: one known plan of every block, all money decided afresh."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled
from optimizer.solve.blocks import Block
from optimizer.solve.highs import run
from optimizer.solve.rows_of import part
from optimizer.solve.settings import SolverSettings

CHOICE = "chosen"


class Master:
    """Choose among plans of blocks; money, and the columns of blocks without a choice (``rest``), are free."""

    def __init__(self, compiled: Compiled, shared: np.ndarray, rest: Sequence[Block]) -> None:
        self.compiled, self.shared = compiled, shared
        free = ~compiled.integer & ~compiled.columns.structural
        free[np.concatenate([np.empty(0, int), *(block.columns for block in rest)])] = True
        self.free = np.flatnonzero(free)
        by_row = compiled.matrix.tocsr()
        touched = np.diff(by_row[:, self.free].indptr) > 0
        touched[shared] = True
        self.rows = np.flatnonzero(touched)
        self.matrix = by_row[self.rows].tocsc()

    def best(
        self,
        columns: Sequence[tuple[Block, Sequence[np.ndarray]]],
        incumbent: np.ndarray | None,
        settings: SolverSettings,
        limit: float,
        stop: threading.Event,
    ) -> np.ndarray | None:
        """Values of the whole for the best choice found, or None.

        Parameters
        ----------
        columns
            For each block the plans known, as values of its columns.
        """
        plans, owner = self._plans(columns)
        solved = run(self._compiled(plans, owner), settings, time_limit=limit, stop=stop)
        if solved.values is None:
            return None if incumbent is None else incumbent
        chosen = np.round(solved.values[: len(owner)])
        values = np.asarray(plans @ chosen).ravel()
        values[self.free] = solved.values[len(owner) :]
        return values

    def prices(
        self,
        columns: Sequence[tuple[Block, Sequence[np.ndarray]]],
        about: np.ndarray,
        sign: np.ndarray,
        within: float,
        settings: SolverSettings,
    ) -> np.ndarray:
        """Prices of the shared rows, near given ones, at which mixtures of known plans are worth least.

        Shared rows may be bought at ``about + within`` and sold at ``about - within``, so that the shadow prices stay in between
        (stabilised column generation; du Merle and others 1999). Rows of ``sign`` 0 have no price.
        """
        compiled = self._compiled(*self._plans(columns))
        priced = np.flatnonzero(sign)
        rows = np.searchsorted(self.rows, self.shared[priced])
        sign, n = sign[priced], len(priced)
        trade = sp.csc_matrix((sign, (rows, np.arange(n))), shape=(compiled.matrix.shape[0], n))
        least = np.maximum(np.abs(about[priced]) - within, 0.0)
        cost = np.concatenate([compiled.cost, -(np.abs(about[priced]) + within), least])
        relaxed = replace(
            compiled,
            matrix=sp.hstack([compiled.matrix, -trade, trade], format="csc"),
            col_lower=np.append(compiled.col_lower, np.zeros(2 * n)),
            col_upper=np.append(compiled.col_upper, np.full(2 * n, np.inf)),
            integer=np.zeros(len(cost), bool),
            costs={CHOICE: cost},
        )
        solved = run(relaxed, replace(settings, options={}), time_limit=settings.time_limit)
        prices = about.copy()
        if solved.duals is not None:
            prices[priced] = sign * np.clip(solved.duals[rows], least, np.abs(about[priced]) + within)
        return prices

    def _plans(self, columns: Sequence[tuple[Block, Sequence[np.ndarray]]]) -> tuple[sp.csc_matrix, np.ndarray]:
        """Plans as columns over all columns of the whole (free ones left out), and the block of each."""
        held = np.ones(self.compiled.matrix.shape[1])
        held[self.free] = 0.0
        whole, owner = [], []
        for i, (block, plans) in enumerate(columns):
            distinct = {x[block.model.integer].round().astype(np.int8).tobytes(): x for x in plans}
            for x in distinct.values():
                x = np.where(block.model.integer, np.round(x), x) * held[block.columns]
                whole.append(sp.csc_matrix((x, (block.columns, np.zeros(len(x), int))), shape=(len(held), 1)))
                owner.append(i)
        return sp.hstack(whole, format="csc"), np.array(owner)

    def _compiled(self, plans: sp.csc_matrix, owner: np.ndarray) -> Compiled:
        whole, n, blocks = self.compiled, len(owner), int(owner.max()) + 1
        use = sp.hstack([self.matrix @ plans, self.matrix[:, self.free]])
        one_each = sp.csr_matrix((np.ones(n), (owner, np.arange(n))), shape=(blocks, n + len(self.free)))
        columns = np.concatenate([np.zeros(n, int), self.free])
        return replace(
            whole,
            matrix=sp.vstack([use, one_each], format="csc"),
            row_lower=np.append(whole.row_lower[self.rows], np.ones(blocks)),
            row_upper=np.append(whole.row_upper[self.rows], np.ones(blocks)),
            col_lower=np.append(np.zeros(n), whole.col_lower[self.free]),
            col_upper=np.append(np.ones(n), whole.col_upper[self.free]),
            integer=np.append(np.ones(n, bool), np.zeros(len(self.free), bool)),
            costs={CHOICE: np.append(whole.cost @ plans, whole.cost[self.free])},
            constants={CHOICE: whole.constant},
            ranks=(CHOICE,),
            rows=part(whole.rows, np.append(self.rows, np.zeros(blocks, int))),
            columns=part(whole.columns, columns),
        )
