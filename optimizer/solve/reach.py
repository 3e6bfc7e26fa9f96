"""How far a county's money reaches: the most that can be spent by a period, and the works that this rules out.

The relaxation spends lumpy projects in small parts. Two things that hold for every whole plan say that it may not:
- `money_reach`: what has been spent in a county by the end of a period is at most what its funding rows allow (a small
  linear programme over the money columns alone), written over the choices themselves, so that it is a knapsack;
- a work that would alone exceed what the funding rows allow its system within some window of periods cannot be started then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import highspy
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optimizer.model.compiled import Compiled, Tags
from optimizer.solve.highs import pass_model
from optimizer.solve.rows_of import relaxed

MARGIN = 1e-7
"""Relative to the amount: what a limit is loosened by, so that no plan on the edge is lost to rounding."""


@dataclass(frozen=True)
class Reach:
    """What some spending columns of a county can be together, over choices: ``spending @ x <= most``.

    ``last`` is the last of their periods; ``whole``: whether they are all that the county spends by then.
    """

    county: int
    last: int
    whole: bool
    spending: sp.csr_matrix
    most: float


def within_reach(compiled: Compiled) -> Compiled:
    """The model with `money_reach` rows added and works beyond reach closed."""
    reaches = list(_reaches(compiled))
    if not reaches:
        return compiled
    matrix = sp.vstack([reach.spending for reach in reaches], format="csr")
    most = np.array([reach.most for reach in reaches])
    upper = _closed(compiled, matrix, most)
    kept = [i for i, reach in enumerate(reaches) if reach.whole]
    return _with_rows(replace(compiled, col_upper=upper), matrix[kept], most[kept], [reaches[i] for i in kept])


def _reaches(compiled: Compiled) -> Iterator[Reach]:
    """Of each county by the end of every period; of each of its systems in every window in which a work of it spends."""
    spent = compiled.columns.of_family("spent")
    defined = _definitions(compiled, spent)
    money = ~compiled.integer & ~compiled.columns.structural
    money[spent] = True
    period = compiled.columns.period
    for county, systems in _systems(compiled, spent, defined).items():
        mine = np.flatnonzero((compiled.columns.county == county) & money)
        highs = _money_alone(compiled, mine)
        here = np.concatenate(systems)
        together = [(here[period[here] <= last], True) for last in np.unique(period[here])]
        alone = [(chosen, False) for columns in systems for chosen in _windows(columns, period[columns], defined)]
        for chosen, whole in together + alone:
            most = _most(highs, np.searchsorted(mine, chosen))
            if most is not None:
                rows = [defined[j] for j in chosen]
                spending = sp.csr_matrix(sum(row for row, _ in rows))
                most -= sum(constant for _, constant in rows)
                yield Reach(county, int(period[chosen].max()), whole, spending, most + MARGIN * max(1.0, abs(most)))


def _systems(
    compiled: Compiled, spent: np.ndarray, defined: dict[int, tuple[sp.csr_matrix, float]]
) -> dict[int, list[np.ndarray]]:
    """Spending columns by county, in groups that share works: those of one system."""
    uses = sp.vstack([abs(defined[j][0]) for j in spent], format="csr") if len(spent) else sp.csr_matrix((0, 0))
    label = connected_components(uses @ uses.T, directed=False)[1]
    county = compiled.columns.county[spent]
    groups: dict[int, list[np.ndarray]] = {}
    for at, group in sorted(set(zip(county.tolist(), label.tolist(), strict=True))):
        groups.setdefault(at, []).append(spent[(county == at) & (label == group)])
    return groups


def _windows(
    columns: np.ndarray, period: np.ndarray, defined: dict[int, tuple[sp.csr_matrix, float]]
) -> Iterator[np.ndarray]:
    """Columns of every window that is no longer than a work of theirs spends."""
    choice = np.concatenate([defined[j][0].indices for j in columns])
    when = np.repeat(period, [defined[j][0].nnz for j in columns])
    first_of, last_of = np.full(choice.max(initial=0) + 1, when.max(initial=0)), np.zeros(choice.max(initial=0) + 1, when.dtype)
    np.minimum.at(first_of, choice, when)
    np.maximum.at(last_of, choice, when)
    longest = max(1, int((last_of - first_of).max()))  # a choice moves a work's spending to its start from the next one
    for first in np.unique(period):
        for last in range(first, first + longest):
            if last in period:
                yield columns[(period >= first) & (period <= last)]


def _definitions(compiled: Compiled, spent: np.ndarray) -> dict[int, tuple[sp.csr_matrix, float]]:
    """For each column of spending: its amount over the other columns of the `spending` row that defines it."""
    by_row = compiled.matrix.tocsr()
    is_spent = np.zeros(by_row.shape[1], bool)
    is_spent[spent] = True
    defined = {}
    for r in compiled.rows.of_family("spending"):
        row = slice(by_row.indptr[r], by_row.indptr[r + 1])
        indices, data = by_row.indices[row], by_row.data[row]
        (at,) = np.flatnonzero(is_spent[indices])
        column, coef = int(indices[at]), float(data[at])
        shape = (1, by_row.shape[1])
        rest = sp.csr_matrix((np.delete(data, at), np.delete(indices, at), [0, len(data) - 1]), shape=shape)
        defined[column] = (-rest / coef, float(compiled.row_upper[r]) / coef)
    return defined


def _money_alone(compiled: Compiled, columns: np.ndarray) -> highspy.Highs:
    """The funding rows of a county over its money columns, whatever else is in them at its most helpful."""
    free = relaxed(compiled, columns)
    return pass_model(
        replace(free, costs={"spent": np.zeros(len(columns))}, constants={"spent": 0.0}, ranks=("spent",))
    )


def _most(highs: highspy.Highs, columns: np.ndarray) -> float | None:
    index = columns.astype(np.int32)
    highs.changeColsCost(len(index), index, np.ones(len(index)))
    highs.run()
    known = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    most = float(highs.getInfo().objective_function_value)
    highs.changeColsCost(len(index), index, np.zeros(len(index)))
    return most if known else None


def _closed(compiled: Compiled, matrix: sp.csr_matrix, most: np.ndarray) -> np.ndarray:
    """Upper bounds of the columns: 0 for 'started by t' where a start by then would spend beyond reach."""
    chains = _chains(compiled)
    in_chain = np.zeros(matrix.shape[1], bool)
    in_chain[[j for chain in chains for j in chain]] = True
    least = matrix.multiply(~in_chain[None, :]).minimum(0) @ np.where(in_chain, 0.0, compiled.col_upper)
    by_column = matrix.tocsc()
    started = []
    for chain in chains:
        touched, spending = _spending(by_column, chain)
        lowest = np.minimum(spending.min(axis=1, initial=0.0), 0.0)
        least[touched] += lowest
        started.append((touched, spending, lowest))
    upper = compiled.col_upper.copy()
    for chain, (touched, spending, lowest) in zip(chains, started, strict=True):
        beyond = (spending + (least[touched] - lowest)[:, None] > most[touched, None]).any(axis=0)
        closed = len(chain) if beyond.all() else int(np.argmin(beyond))
        upper[chain[:closed]] = np.maximum(0.0, compiled.col_lower[chain[:closed]])
    return upper


def _spending(by_column: sp.csc_matrix, chain: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows that a chain touches, and (row, period) what a start by each period would spend there."""
    parts = [slice(by_column.indptr[j], by_column.indptr[j + 1]) for j in chain]
    touched = np.unique(np.concatenate([by_column.indices[part] for part in parts]))
    spending = np.zeros((len(touched), len(chain)))
    for k, part in enumerate(parts):
        spending[np.searchsorted(touched, by_column.indices[part]), k] = by_column.data[part]
    return touched, np.cumsum(spending[:, ::-1], axis=1)[:, ::-1]


def _chains(compiled: Compiled) -> list[list[int]]:
    """Columns 'started by t' of each transition in order of time, from the `started_once` rows."""
    by_row = compiled.matrix.tocsr()
    after: dict[int, int] = {}
    for r in compiled.rows.of_family("started_once"):
        row = slice(by_row.indptr[r], by_row.indptr[r + 1])
        indices, data = by_row.indices[row], by_row.data[row]
        if len(data) == 2:
            sign = 1.0 if np.isfinite(compiled.row_upper[r]) else -1.0
            early, late = indices if data[0] * sign > 0 else indices[::-1]
            after[int(early)] = int(late)
    chains = []
    for first in after.keys() - set(after.values()):
        chain = [first]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        chains.append(chain)
    return chains


def _with_rows(compiled: Compiled, matrix: sp.csr_matrix, most: np.ndarray, reaches: list[Reach]) -> Compiled:
    n = len(reaches)
    tags = compiled.rows
    rows = Tags(
        (*tags.families, "money_reach"),
        tags.systems,
        np.append(tags.family, np.full(n, len(tags.families))),
        np.append(tags.system, np.full(n, tags.systems.index("") if "" in tags.systems else -1)),
        np.append(tags.county, [reach.county for reach in reaches]),
        np.append(tags.period, [reach.last for reach in reaches]),
        np.append(tags.linking, np.zeros(n, bool)),
        np.append(tags.structural, np.zeros(n, bool)),
    )
    return replace(
        compiled,
        matrix=sp.vstack([compiled.matrix, matrix], format="csc"),
        row_lower=np.append(compiled.row_lower, np.full(n, -np.inf)),
        row_upper=np.append(compiled.row_upper, most),
        rows=rows,
    )
