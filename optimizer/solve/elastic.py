"""Which rules are in conflict: the model with a priced slack on every rule that money or policy could relax."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled, Tags
from optimizer.solve.highs import run
from optimizer.solve.milp import Milp
from optimizer.solve.settings import SolverSettings

SURE = 1e-3
"""Less than that may be the tolerance of the solver."""


@dataclass(frozen=True)
class Conflict:
    """Rules of one family that cannot all hold, with where they are short."""

    family: str
    rows: int
    counties: tuple[int, ...]
    periods: tuple[int, ...]
    shortage: float


def explain(compiled: Compiled, settings: SolverSettings, among: np.ndarray | None = None) -> list[Conflict]:
    """Families of constraints in conflict, by the least relaxation that makes the model feasible; none if not found in time.

    Every row that is not structural gets a slack in units of its own largest coefficient; the sum of slacks is
    minimised (an elastic model; Brown and Graves 1975).

    Parameters
    ----------
    among
        Positions of rows that are known not to hold together; all where None.
    """
    rows = np.arange(compiled.matrix.shape[0]) if among is None else among
    relaxable = np.flatnonzero(~compiled.rows.structural[rows])
    elastic, scale = _with_slacks(compiled, rows, relaxable)
    solved = run(elastic, replace(settings, mip_gap=0.05), stage="explain", time_limit=min(60.0, settings.time_limit))
    if solved.values is None:
        return []
    more, less = np.split(solved.values[len(solved.values) - 2 * len(relaxable) :], 2)
    return _by_family(compiled.rows, rows[relaxable], more + less, scale)


def explain_in_fractions(compiled: Compiled, settings: SolverSettings) -> list[Conflict]:
    """The same where every choice may be made in part: what is then in conflict, no plan at all can obey."""
    conflicts = explain(replace(compiled, integer=np.zeros_like(compiled.integer)), settings)
    return conflicts if sum(c.shortage for c in conflicts) > SURE else []


def _with_slacks(compiled: Compiled, rows: np.ndarray, relaxable: np.ndarray) -> tuple[Milp, np.ndarray]:
    """The model of some rows, and what one unit of slack in each of those that may be relaxed is worth in its own units."""
    by_row = compiled.matrix.tocsr()[rows]
    columns = np.flatnonzero(np.diff(by_row.tocsc().indptr))
    matrix = by_row[:, columns]
    scale = np.maximum(abs(matrix).max(axis=1).toarray().ravel()[relaxable], 1e-6)
    n, k = len(columns), len(relaxable)
    unit = sp.csc_matrix((scale, (relaxable, np.arange(k))), shape=(len(rows), k))
    return Milp(
        matrix=sp.hstack([matrix, unit, -unit], format="csc"),
        row_lower=compiled.row_lower[rows],
        row_upper=compiled.row_upper[rows],
        col_lower=np.append(compiled.col_lower[columns], np.zeros(2 * k)),
        col_upper=np.append(compiled.col_upper[columns], np.full(2 * k, np.inf)),
        integer=np.append(compiled.integer[columns], np.zeros(2 * k, bool)),
        cost=np.append(np.zeros(n), -np.ones(2 * k)),
    ), scale


def _by_family(tags: Tags, rows: np.ndarray, slack: np.ndarray, scale: np.ndarray) -> list[Conflict]:
    short = slack > 1e-6
    conflicts = []
    for f in np.unique(tags.family[rows[short]]):
        mine = short & (tags.family[rows] == f)
        conflicts.append(
            Conflict(
                tags.families[f],
                int(mine.sum()),
                tuple(int(c) for c in np.unique(tags.county[rows[mine]]) if c >= 0),
                tuple(int(t) for t in np.unique(tags.period[rows[mine]]) if t >= 0),
                float((slack * scale)[mine].sum()),
            )
        )
    return sorted(conflicts, key=lambda c: -c.rows)
