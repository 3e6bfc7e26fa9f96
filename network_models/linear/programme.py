"""A linear programme as arrays, and the same in units in which its rows and columns are alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

RUIZ = 10
"""Passes of equilibration."""


@dataclass(frozen=True)
class Programme:
    """``minimise cost @ x + constant`` subject to ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    Parameters
    ----------
    matrix
        (m, n) CSR.
    cost, lower, upper
        (n,); limits may be infinite.
    row_lower, row_upper
        (m,).
    """

    matrix: sp.csr_matrix
    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    constant: float = 0.0


class Fibres:
    """Rows (or columns) of a matrix for kernels, which are two and a half times as fast over unsigned indices.

    Parameters
    ----------
    matrix
        CSR for rows, CSC for columns.

    Attributes
    ----------
    begin, index, value
        (k + 1,) and (entries,) uint32; (entries,) float64.
    """

    def __init__(self, matrix: sp.csr_matrix | sp.csc_matrix) -> None:
        self.begin, self.index = matrix.indptr.astype(np.uint32), matrix.indices.astype(np.uint32)
        self.value = np.ascontiguousarray(matrix.data, float)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What a kernel takes."""
        return self.begin, self.index, self.value


@dataclass(frozen=True)
class Scaled:
    """A programme in other units.

    Parameters
    ----------
    programme
        In those units; its matrix has no singular value above 1.
    row, column
        (m,), (n,) what rows and columns of the matrix were multiplied by.
    amount, money
        What limits and costs were multiplied by besides.
    """

    programme: Programme
    row: np.ndarray
    column: np.ndarray
    amount: float
    money: float

    def solution(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the columns and prices of the rows, in the units of the programme that was given."""
        return x * self.column / self.amount, y * self.row / self.money


def scaled(given: Programme) -> Scaled:
    """Ruiz's (2001) equilibration, then that of Pock and Chambolle (2011, lemma 2 with alpha = 1); then limits and costs of norm 1."""
    matrix = sp.csr_matrix(given.matrix, dtype=float, copy=True)
    row, column = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    entries = np.repeat(np.arange(len(row)), np.diff(matrix.indptr))
    for step in range(RUIZ + 1):
        size = np.abs(matrix)
        least = size.sum if step == RUIZ else size.max
        by_row, by_column = (_root(least(axis=axis)) for axis in (1, 0))
        matrix.data *= by_row[entries] * by_column[matrix.indices]
        row, column = row * by_row, column * by_column
    cost, row_lower, row_upper = given.cost * column, given.row_lower * row, given.row_upper * row
    amount = 1.0 / (1.0 + float(np.linalg.norm(magnitude(row_lower, row_upper))))
    money = 1.0 / (1.0 + float(np.linalg.norm(cost)))
    limits = given.lower * (amount / column), given.upper * (amount / column)
    programme = Programme(matrix, cost * money, *limits, row_lower * amount, row_upper * amount)
    return Scaled(replace(programme, constant=given.constant * amount * money), row, column, amount, money)


def magnitude(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The larger of two limits, without signs; infinite ones count for nothing."""
    finite = [np.where(np.isfinite(limit), np.abs(limit), 0.0) for limit in (lower, upper)]
    return np.maximum(*finite)


def _root(size: Any) -> np.ndarray:
    """One over the root; 1 where there is nothing."""
    found = np.asarray(size.todense() if sp.issparse(size) else size, float).ravel()
    return 1.0 / np.sqrt(np.where(found > 0, found, 1.0))
