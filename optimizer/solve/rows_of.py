"""Parts of a Compiled: some of its columns, with the rows that they enter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled, Tags


def part(tags: Tags, which: np.ndarray) -> Tags:
    """Tags of some rows or columns."""
    arrays = {
        name: getattr(tags, name)[which] for name in ("family", "system", "county", "period", "linking", "structural")
    }
    return replace(tags, **arrays)


def relaxed(compiled: Compiled, by_row: sp.csr_matrix, columns: np.ndarray) -> Compiled:
    """Some columns under all rows that they enter, every other column at what helps most: a valid relaxation.

    Parameters
    ----------
    by_row
        The model's matrix by rows, so that many small parts cost no more than they hold.
    columns
        Positions, ascending.
    """
    mine = compiled.matrix[:, columns]
    rows, inner = np.unique(mine.indices, return_inverse=True)
    entries = by_row[rows]
    entries.data[np.isin(entries.indices, columns)] = 0.0
    entries.eliminate_zeros()
    others, place = np.unique(entries.indices, return_inverse=True)
    rest = sp.csr_matrix((entries.data, place, entries.indptr), shape=(len(rows), len(others)))
    least, most = activity(rest, compiled.col_lower[others], compiled.col_upper[others])
    return replace(
        compiled,
        matrix=sp.csc_matrix((mine.data, inner, mine.indptr), shape=(len(rows), len(columns))),
        row_lower=compiled.row_lower[rows] - most,
        row_upper=compiled.row_upper[rows] - least,
        col_lower=compiled.col_lower[columns],
        col_upper=compiled.col_upper[columns],
        integer=compiled.integer[columns],
        costs={name: cost[columns] for name, cost in compiled.costs.items()},
        rows=part(compiled.rows, rows),
        columns=part(compiled.columns, columns),
    )


def activity(matrix: sp.csr_matrix, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of ``matrix @ x`` for x within its bounds; infinite where a bound that counts is."""
    plus, minus = matrix.maximum(0), matrix.minimum(0)
    return _extreme(plus, lower, minus, upper, -np.inf), _extreme(plus, upper, minus, lower, np.inf)


def _extreme(
    plus: sp.csr_matrix, by_plus: np.ndarray, minus: sp.csr_matrix, by_minus: np.ndarray, unlimited: float
) -> np.ndarray:
    known = plus @ np.where(np.isfinite(by_plus), by_plus, 0.0) + minus @ np.where(np.isfinite(by_minus), by_minus, 0.0)
    unknown = (plus != 0) @ ~np.isfinite(by_plus) + (minus != 0) @ ~np.isfinite(by_minus)
    return np.where(np.asarray(unknown) > 0, unlimited, np.asarray(known))
