"""Which rules are in conflict: the model with a priced slack on every rule that money or policy could relax."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled, Tags
from optimizer.solve.highs import run
from optimizer.solve.settings import SolverSettings

PRICE = "shortage"


@dataclass(frozen=True)
class Conflict:
    """Rules of one family that cannot all hold, with where they are short."""

    family: str
    rows: int
    counties: tuple[int, ...]
    periods: tuple[int, ...]
    shortage: float


def explain(compiled: Compiled, settings: SolverSettings) -> list[Conflict]:
    """Families of constraints in conflict, by the least relaxation that makes the model feasible.

    Every row that is not structural gets a slack in units of its own largest coefficient; the sum of slacks is
    minimised (an elastic model; Brown and Graves 1975).
    """
    relaxable = np.flatnonzero(~compiled.rows.structural)
    scale = np.maximum(abs(compiled.matrix).max(axis=1).toarray().ravel()[relaxable], 1e-6)
    elastic = _with_slacks(compiled, relaxable, scale)
    solved = run(elastic, replace(settings, mip_gap=0.05), stage="explain", time_limit=min(60.0, settings.time_limit))
    if solved.values is None:
        return []
    n = compiled.matrix.shape[1]
    slack = solved.values[n : n + len(relaxable)] + solved.values[n + len(relaxable) :]
    return _by_family(compiled.rows, relaxable, slack, scale)


def _with_slacks(compiled: Compiled, rows: np.ndarray, scale: np.ndarray) -> Compiled:
    m, n = compiled.matrix.shape
    k = len(rows)
    unit = sp.csc_matrix((scale, (rows, np.arange(k))), shape=(m, k))
    price = np.concatenate([np.zeros(n), -np.ones(2 * k)])
    return replace(
        compiled,
        matrix=sp.hstack([compiled.matrix, unit, -unit], format="csc"),
        costs={PRICE: price},
        constants={PRICE: 0.0},
        ranks=(PRICE,),
        col_lower=np.append(compiled.col_lower, np.zeros(2 * k)),
        col_upper=np.append(compiled.col_upper, np.full(2 * k, np.inf)),
        integer=np.append(compiled.integer, np.zeros(2 * k, bool)),
    )


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
