"""A small linear programme collected row by row, solved to a vertex."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np
import scipy.sparse as sp

from optimizer.solve.highs import set_option

SOLVED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)


class LinearProgramme:
    """Rows over columns that are numbered by the caller."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._coefs: list[float] = []
        self._lower: list[float] = []
        self._upper: list[float] = []

    def add(self, terms: Sequence[tuple[int, float]], lower: float, upper: float) -> None:
        """Add ``lower <= sum(coef * column) <= upper``."""
        self._rows += [len(self._lower)] * len(terms)
        self._columns += [column for column, _ in terms]
        self._coefs += [coef for _, coef in terms]
        self._lower.append(lower)
        self._upper.append(upper)

    def minimise(self, cost: np.ndarray, col_upper: np.ndarray) -> np.ndarray | None:
        """Vertex that minimises ``cost`` over columns between 0 and ``col_upper``; None when there is none."""
        shape = (len(self._lower), len(cost))
        matrix = sp.csc_matrix((self._coefs, (self._rows, self._columns)), shape=shape)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), col_upper
        lp.row_lower_, lp.row_upper_ = np.array(self._lower), np.array(self._upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = shape
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = (
            matrix.indptr,
            matrix.indices,
            matrix.data,
        )
        highs = highspy.Highs()
        set_option(highs, "output_flag", False)
        set_option(highs, "solver", "simplex")
        highs.passModel(lp)
        highs.run()
        if highs.getModelStatus() not in SOLVED:  # presolve of HiGHS 1.15 calls some programmes infeasible that are not
            set_option(highs, "presolve", "off")
            highs.run()
        return np.array(highs.getSolution().col_value, float) if highs.getModelStatus() in SOLVED else None
