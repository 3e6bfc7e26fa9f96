"""Blocks of a Compiled: what falls apart when the widely shared rows are dropped. Found, not declared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optimizer.model.compiled import Compiled
from optimizer.solve.rows_of import part

PRICED = "priced"


@dataclass(frozen=True)
class Block:
    """Columns and rows of one component, as a model of its own.

    Parameters
    ----------
    columns, rows
        Positions in the whole.
    model
        The component alone.
    shared
        (linking rows, columns) CSR: what it uses of the shared rows.
    """

    columns: np.ndarray
    rows: np.ndarray
    model: Compiled
    shared: sp.csr_matrix

    def priced(self, prices: np.ndarray) -> Compiled:
        """The block with what it uses of the shared rows charged at their prices."""
        cost = self.model.cost - self.shared.T @ prices
        return replace(self.model, costs={PRICED: np.asarray(cost)}, constants={PRICED: 0.0}, ranks=(PRICED,))

    def allotted(self, lower: np.ndarray, upper: np.ndarray) -> Compiled:
        """The block with what it may use of the shared rows as rows of its own."""
        model = self.model
        rows = part(model.rows, np.append(np.arange(len(self.rows)), np.zeros(len(upper), int)))
        return replace(
            model,
            matrix=sp.vstack([model.matrix, self.shared], format="csc"),
            row_lower=np.append(model.row_lower, lower),
            row_upper=np.append(model.row_upper, upper),
            rows=rows,
        )


def clusters(compiled: Compiled) -> list[np.ndarray]:
    """Columns that hang together by physics and precedence alone, money and quotas left aside; those with choices."""
    core = compiled.rows.system == (compiled.rows.systems.index("") if "" in compiled.rows.systems else -1)
    kept = np.flatnonzero(~compiled.rows.linking & ~(core & ~compiled.rows.structural))
    _, of_column = _components(compiled.matrix.tocsr()[kept])
    order = np.argsort(of_column, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(of_column[order])) + 1)
    return [part for part in parts if compiled.integer[part].any()]


def _components(pattern: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Component of every row and of every column of a sparse pattern."""
    _, label = connected_components(sp.bmat([[None, pattern], [pattern.T, None]], format="csr"), directed=False)
    return label[: pattern.shape[0]], label[pattern.shape[0] :]


def find_blocks(compiled: Compiled) -> tuple[np.ndarray, list[Block]]:
    """Shared rows, and the components that are left without them."""
    shared = np.flatnonzero(compiled.rows.linking)
    inner = np.flatnonzero(~compiled.rows.linking)
    by_row = compiled.matrix.tocsr()
    of_row, of_column = _components(by_row[inner])
    order = {int(component): i for i, component in enumerate(dict.fromkeys(of_column))}
    blocks = []
    for component in order:
        columns, rows = np.flatnonzero(of_column == component), inner[of_row == component]
        blocks.append(_block(compiled, by_row, columns, rows, shared))
    return shared, sorted(blocks, key=lambda block: -int(block.model.integer.sum()))


def _block(
    compiled: Compiled, by_row: sp.csr_matrix, columns: np.ndarray, rows: np.ndarray, shared: np.ndarray
) -> Block:
    metric = compiled.ranks[0]
    model = replace(
        compiled,
        matrix=by_row[rows][:, columns].tocsc(),
        row_lower=compiled.row_lower[rows],
        row_upper=compiled.row_upper[rows],
        col_lower=compiled.col_lower[columns],
        col_upper=compiled.col_upper[columns],
        integer=compiled.integer[columns],
        costs={metric: compiled.costs[metric][columns]},
        constants={metric: 0.0},
        rows=part(compiled.rows, rows),
        columns=part(compiled.columns, columns),
    )
    return Block(columns, rows, model, by_row[shared][:, columns])
