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

from optimizer.model.compiled import Compiled
from optimizer.solve.highs import pass_model
from optimizer.solve.rows_of import relaxed

MARGIN = 1e-7
"""Relative to the amount: what a limit is loosened by, so that no plan on the edge is lost to rounding."""


@dataclass(frozen=True)
class Spending:
    """Every column of spending as a function of the others: ``use @ x + constant``.

    Parameters
    ----------
    columns
        Positions in the model.
    county, period
        (column,) whose and when.
    use, constant
        (column, model column) CSR and (column,): from the `spending` row that defines it.
    """

    columns: np.ndarray
    county: np.ndarray
    period: np.ndarray
    use: sp.csr_matrix
    constant: np.ndarray

    @classmethod
    def of(cls, compiled: Compiled) -> Spending:
        """That of a model."""
        columns = compiled.columns.of_family("spent")
        rows = compiled.rows.of_family("spending")
        use = compiled.matrix.tocsr()[rows]
        which = np.full(use.shape[1], -1)
        which[columns] = np.arange(len(columns))
        at = np.flatnonzero(which[use.indices] >= 0)  # one in every row
        coef, order = use.data[at], np.argsort(which[use.indices[at]])
        use.data[at] = 0.0
        use.eliminate_zeros()
        use = sp.csr_matrix(sp.diags(-1.0 / coef) @ use)[order]
        constant = (compiled.row_upper[rows] / coef)[order]
        return cls(columns, compiled.columns.county[columns], compiled.columns.period[columns], use, constant)

    def systems(self) -> dict[int, list[np.ndarray]]:
        """By county, which of these columns share works: those of one system."""
        label = connected_components(abs(self.use) @ abs(self.use).T, directed=False)[1]
        groups: dict[int, list[np.ndarray]] = {}
        order = np.lexsort((label, self.county))
        turns = np.flatnonzero(np.diff(self.county[order]) | np.diff(label[order])) + 1
        for group in np.split(order, turns) if len(order) else ():
            groups.setdefault(int(self.county[group[0]]), []).append(np.sort(group))
        return groups

    def windows(self, chosen: np.ndarray) -> Iterator[np.ndarray]:
        """Those of some columns in every window of periods that is no longer than a work of theirs spends."""
        period, use = self.period[chosen], self.use[chosen]
        work = np.unique(use.indices, return_inverse=True)[1]
        when = np.repeat(period, np.diff(use.indptr))
        n = work.max(initial=0) + 1
        first_of, last_of = np.full(n, when.max(initial=0)), np.zeros(n, when.dtype)
        np.minimum.at(first_of, work, when)
        np.maximum.at(last_of, work, when)
        longest = max(1, int((last_of - first_of).max()))  # a choice moves a work's spending to its start from the next one
        for first in np.unique(period):
            for last in range(first, first + longest):
                if last in period:
                    yield chosen[(period >= first) & (period <= last)]


@dataclass(frozen=True)
class Reach:
    """The most that some columns of spending can be together; ``whole``: they are all that the county spends by then."""

    chosen: np.ndarray
    most: float
    whole: bool


def within_reach(compiled: Compiled) -> Compiled:
    """The model with `money_reach` rows added and works beyond reach closed."""
    spending = Spending.of(compiled)
    reaches = list(_reaches(compiled, spending))
    if not reaches:
        return compiled
    chosen = np.concatenate([reach.chosen for reach in reaches])
    owner = np.repeat(np.arange(len(reaches)), [len(reach.chosen) for reach in reaches])
    together = sp.csr_matrix((np.ones(len(chosen)), (owner, chosen)), shape=(len(reaches), len(spending.columns)))
    matrix = sp.csr_matrix(together @ spending.use)
    most = np.array([reach.most for reach in reaches])
    most += MARGIN * np.maximum(1.0, np.abs(most)) - together @ spending.constant
    kept = np.flatnonzero([reach.whole for reach in reaches])
    least, tags = np.full(len(kept), -np.inf), (spending.county, spending.period)
    county, period = (np.array([tag[reaches[i].chosen].max() for i in kept]) for tag in tags)
    closed = replace(compiled, col_upper=_closed(compiled, matrix, most))
    return closed.with_rows("money_reach", matrix[kept], least, most[kept], county=county, period=period)


def _reaches(compiled: Compiled, spending: Spending) -> Iterator[Reach]:
    """Of each county by the end of every period; of each of its systems in every window in which a work of it spends."""
    money = ~compiled.integer & ~compiled.columns.structural
    money[spending.columns] = True
    whole = np.flatnonzero(money)
    by_county = whole[np.argsort(compiled.columns.county[whole], kind="stable")]
    county = compiled.columns.county[by_county]
    by_row = compiled.matrix.tocsr()
    for at, systems in spending.systems().items():
        mine = by_county[np.searchsorted(county, at) : np.searchsorted(county, at, "right")]
        highs = _money_alone(compiled, by_row, mine)
        here = np.concatenate(systems)
        by_then = [(here[spending.period[here] <= last], True) for last in np.unique(spending.period[here])]
        alone = [(chosen, False) for columns in systems for chosen in spending.windows(columns)]
        for chosen, together in by_then + alone:
            most = _most(highs, np.searchsorted(mine, spending.columns[chosen]))
            if most is not None:
                yield Reach(chosen, most, together)


def _money_alone(compiled: Compiled, by_row: sp.csr_matrix, columns: np.ndarray) -> highspy.Highs:
    """The funding rows of a county over its money columns, whatever else is in them at its most helpful."""
    free = relaxed(compiled, by_row, columns)
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
