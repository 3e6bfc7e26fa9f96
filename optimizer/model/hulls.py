"""Small parts of a system whose states are known exactly, so that rows can be found that the relaxation of the model breaks.

An archetype that can say which state of a part is worth most, whatever each is worth, enters the part in the ledger. Any
weights then give a row that every plan obeys: weights times states is no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from optimizer.model.linear import Columns, Linear


class Hull(Protocol):
    """Of all states of a part, in every case (a period, say)."""

    @property
    def cases(self) -> int:
        """How many cases there are."""
        ...

    def most(self, case: int, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """The most that weighted states come to in a case (inf where it cannot tell), and (state,) 0 or 1 where they do."""
        ...


@dataclass(frozen=True)
class Entered:
    """A part as its archetype enters it: states as functions of its columns, case by case.

    Parameters
    ----------
    states
        A row for each state in each case, the states of a case one after the other.
    """

    columns: Columns
    states: Linear
    hull: Hull

    def compiled(self, position: dict[int, int]) -> LocalHull:
        """Over the columns of a compiled model, whose positions are known by the ``id`` of variables."""
        used = np.unique(self.states.matrix.indices)
        at = np.array([position[id(self.columns.variables[j])] for j in used], np.int64)
        order = np.argsort(at)
        return LocalHull(at[order], sp.csr_matrix(self.states.matrix[:, used[order]]), self.states.constant, self.hull)


@dataclass(frozen=True)
class LocalHull:
    """A part over columns of a model.

    Parameters
    ----------
    columns
        Positions in the model, in ascending order.
    matrix, constant
        (cases * states, columns) and (cases * states,): the states as functions of those columns.
    """

    columns: np.ndarray
    matrix: sp.csr_matrix
    constant: np.ndarray
    hull: Hull

    def within(self, columns: np.ndarray) -> LocalHull | None:
        """The same over some columns of the model, in ascending order; None where others are needed."""
        at = np.searchsorted(columns, self.columns)
        inside = (at < len(columns)) & (columns[np.minimum(at, len(columns) - 1)] == self.columns)
        return LocalHull(at, self.matrix, self.constant, self.hull) if inside.all() else None

    def states(self, values: np.ndarray) -> np.ndarray:
        """(case, state) at values of the columns of the model."""
        return np.asarray(self.matrix @ values[self.columns] + self.constant).reshape(self.hull.cases, -1)

    def row(self, case: int, weights: np.ndarray) -> tuple[np.ndarray, float]:
        """Coefficients of ``columns``, and the constant, of weighted states in a case."""
        mine = slice(case * len(weights), (case + 1) * len(weights))
        return np.asarray(self.matrix[mine].T @ weights), float(weights @ self.constant[mine])
