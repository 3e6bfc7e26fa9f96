"""A mixed-integer programme as bare arrays, light enough to travel to another process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import scipy.sparse as sp

BROKEN = 1e-3
"""Relative; values that a solver took for feasible break no row by as much."""


class Linear(Protocol):
    """What HiGHS needs to know of a model: ``maximise cost @ x + constant`` within bounds of rows and columns."""

    @property
    def matrix(self) -> sp.csc_matrix: ...
    @property
    def row_lower(self) -> np.ndarray: ...
    @property
    def row_upper(self) -> np.ndarray: ...
    @property
    def col_lower(self) -> np.ndarray: ...
    @property
    def col_upper(self) -> np.ndarray: ...
    @property
    def integer(self) -> np.ndarray: ...
    @property
    def cost(self) -> np.ndarray: ...
    @property
    def constant(self) -> float: ...


@dataclass(frozen=True)
class Milp:
    """``maximise cost @ x + constant`` subject to ``row_lower <= matrix @ x <= row_upper`` and bounds of the columns.

    Parameters
    ----------
    matrix
        (rows, columns) CSC.
    integer
        (columns,) bool.
    """

    matrix: sp.csc_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    col_lower: np.ndarray
    col_upper: np.ndarray
    integer: np.ndarray
    cost: np.ndarray
    constant: float = 0.0

    @classmethod
    def of(cls, model: Linear) -> Milp:
        """The arrays of a model alone."""
        limits = model.row_lower, model.row_upper, model.col_lower, model.col_upper
        return cls(model.matrix, *limits, model.integer, model.cost, model.constant)

    @property
    def continuous(self) -> Milp:
        """The same with all choices in parts."""
        return replace(self, integer=np.zeros_like(self.integer))


def admits(model: Linear, values: np.ndarray, tolerance: float = 1e-6) -> bool:
    """Whether values of the columns obey every row and every bound."""
    activity = model.matrix @ values
    rows = (activity <= model.row_upper + tolerance).all() and (activity >= model.row_lower - tolerance).all()
    columns = (values <= model.col_upper + tolerance).all() and (values >= model.col_lower - tolerance).all()
    return bool(rows and columns)


def some_columns(whole: Linear, free: np.ndarray, values: np.ndarray) -> Milp:
    """The model over some columns, all others held at their values: the rows that the free ones enter, and no more.

    Where the held values alone break a row, that row stays too, so that the model is as infeasible as it should be.

    Parameters
    ----------
    free
        Positions of the free columns.
    values
        (columns,) of the whole.
    """
    chosen = whole.matrix[:, free].tocsr()
    held = values.copy()
    held[free] = 0.0
    used = whole.matrix @ held
    broken = (used > _looser(whole.row_upper, 1.0)) | (used < _looser(whole.row_lower, -1.0))
    rows = np.flatnonzero((np.diff(chosen.indptr) > 0) | broken)
    used = used[rows]
    return Milp(
        matrix=chosen[rows].tocsc(),
        row_lower=whole.row_lower[rows] - used,
        row_upper=whole.row_upper[rows] - used,
        col_lower=whole.col_lower[free],
        col_upper=whole.col_upper[free],
        integer=whole.integer[free],
        cost=whole.cost[free],
        constant=whole.constant + float(whole.cost @ held),
    )


def _looser(limits: np.ndarray, sign: float) -> np.ndarray:
    return limits + sign * BROKEN * np.maximum(np.where(np.isfinite(limits), np.abs(limits), 0.0), 1.0)
