"""Families of rows as arrays, for systems too large to write row by row: linear functions of columns, added and compared.

What Pyomo would turn into an expression a row, a system that knows its incidence matrices can say in a few products of
sparse matrices. The rows go to the compiled model as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from optimizer.ledger import Ledger
from optimizer.model.rows import TOLERANCE, impossible
from optimizer.terms import Terms


@dataclass
class Columns:
    """Pyomo variables that a system's rows are over, each once, in the order in which they were entered."""

    variables: list[Any] = field(default_factory=list)
    _place: dict[int, int] = field(default_factory=dict)
    _limits: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))

    def limits(self) -> np.ndarray:
        """(column, 2) lower and upper bounds of the variables."""
        new = self.variables[len(self._limits) :]
        if new:
            read = [(-np.inf if v.lb is None else v.lb, np.inf if v.ub is None else v.ub) for v in new]
            self._limits = np.concatenate([self._limits, np.array(read, float)])
        return self._limits

    def place(self, variable: Any) -> int:
        """Where a variable stands; it is entered if it is new."""
        place = self._place.setdefault(id(variable), len(self.variables))
        if place == len(self.variables):
            self.variables.append(variable)
        return place

    def places(self, component: Any) -> np.ndarray:
        """Where the variables of a component stand, in its own order."""
        return np.array([self.place(variable) for variable in component.values()], np.int64)

    def of_terms(self, listed: list[Terms]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Row, column and coefficient of every term, and the constant of every row."""
        row = np.repeat(np.arange(len(listed)), [len(terms.coefs) for terms in listed])
        column = np.array([self.place(v) for terms in listed for v in terms.variables], np.int64)
        coef = np.array([c for terms in listed for c in terms.coefs], float)
        return row, column, coef, np.array([terms.constant for terms in listed], float)


@dataclass(frozen=True)
class Linear:
    """``matrix @ x + constant``: one linear function a row."""

    matrix: sp.csr_matrix
    constant: np.ndarray

    @classmethod
    def of(cls, column: np.ndarray, width: int) -> Linear:
        """A single column a row."""
        n = len(column)
        return cls(sp.csr_matrix((np.ones(n), (np.arange(n), column)), shape=(n, width)), np.zeros(n))

    @classmethod
    def fixed(cls, value: np.ndarray, width: int) -> Linear:
        """Constants."""
        return cls(sp.csr_matrix((len(value), width)), np.asarray(value, float))

    def plus(self, other: Linear, factor: float | np.ndarray = 1.0) -> Linear:
        """Add ``factor`` (one, or one a row) times another."""
        more = other.times(factor)
        return Linear(self.matrix + more.matrix, self.constant + more.constant)

    def times(self, factor: float | np.ndarray) -> Linear:
        """Multiply by a factor, or by one a row."""
        by_row = np.broadcast_to(np.asarray(factor, float), self.constant.shape)
        return Linear(sp.csr_matrix(sp.diags(by_row) @ self.matrix), by_row * self.constant)

    def minus(self, other: Linear) -> Linear:
        """Subtract another."""
        return self.plus(other, -1.0)

    def picked(self, rows: np.ndarray) -> Linear:
        """Some rows, in the order given."""
        return Linear(self.matrix[rows], self.constant[rows])

    def summed(self, owner: np.ndarray, n: int) -> Linear:
        """Sums of rows by owner, ``n`` owners; rows with owner -1 are left out."""
        kept = np.flatnonzero(owner >= 0)
        gather = sp.csr_matrix((np.ones(len(kept)), (owner[kept], kept)), shape=(n, len(owner)))
        return Linear(sp.csr_matrix(gather @ self.matrix), np.asarray(gather @ self.constant))

    def terms(self, columns: Columns) -> list[Terms]:
        """The rows as terms."""
        m = self.matrix
        return [
            Terms(
                float(constant),
                m.data[start:end].tolist(),
                [columns.variables[j] for j in m.indices[start:end]],
            )
            for constant, start, end in zip(self.constant, m.indptr[:-1], m.indptr[1:], strict=True)
        ]


@dataclass(frozen=True)
class Rows:
    """A family of rows ``lower <= matrix @ x <= upper`` of a system; county and period of each row."""

    system: str
    family: str
    columns: Columns
    matrix: sp.csr_matrix
    lower: np.ndarray
    upper: np.ndarray
    county: np.ndarray
    period: np.ndarray

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        family: str,
        columns: Columns,
        left: Linear,
        bounds: tuple[float | np.ndarray, float | np.ndarray],
        where: tuple[np.ndarray, np.ndarray],
    ) -> Rows:
        """A family; rows are dropped that hold whatever values within their bounds the variables have.

        Raises
        ------
        InfeasibleError
            When rows without variables do not hold: the family, with counties and periods.
        """
        lower, upper = (np.broadcast_to(bound, left.constant.shape) - left.constant for bound in bounds)
        matrix = left.matrix.copy()
        matrix.eliminate_zeros()
        full = np.diff(matrix.indptr) > 0
        county, period = where
        short = np.maximum(np.where(full, 0.0, np.maximum(lower, -upper)), 0.0)
        wrong = np.flatnonzero(short > TOLERANCE)
        if len(wrong):
            raise impossible(ledger.problem, family, county[wrong], period[wrong], short[wrong].tolist())
        full[full] = ~_always_hold(matrix[full], columns.limits(), lower[full], upper[full])
        return cls(ledger.system, family, columns, matrix[full], lower[full], upper[full], county[full], period[full])


def _always_hold(matrix: sp.csr_matrix, limits: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """(row,) whether the bounds of the columns alone keep a row, none of which is empty, within its own."""
    if not matrix.shape[0]:
        return np.zeros(0, bool)
    low, high = limits[matrix.indices].T
    ends = matrix.data * np.where(matrix.data > 0, (low, high), (high, low))
    least, most = (np.add.reduceat(end, matrix.indptr[:-1]) for end in ends)
    return np.asarray((least >= lower) & (most <= upper))


def stacked(families: Iterable[Rows], position: dict[int, int]) -> sp.csr_matrix:
    """The matrices of families one below the other, over the columns of a whole model.

    Parameters
    ----------
    position
        Column of every variable by its ``id``.
    """
    width, parts = len(position), []
    at: dict[int, np.ndarray] = {}
    for family in families:
        key = id(family.columns)
        if key not in at:
            at[key] = np.array([position[id(v)] for v in family.columns.variables], np.int64)
        matrix = family.matrix
        parts.append(
            sp.csr_matrix((matrix.data, at[key][matrix.indices], matrix.indptr), shape=(matrix.shape[0], width))
        )
    return sp.csr_matrix(sp.vstack(parts, format="csr"))
