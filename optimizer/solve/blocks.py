"""Blocks of a Compiled: what falls apart when shared rows are priced. Found, not declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from optimizer.model.compiled import Compiled
from optimizer.model.hulls import LocalHull
from optimizer.solve.milp import Milp
from optimizer.solve.partition import LARGE, SMALL, components, cut_rows, parts
from optimizer.solve.rows_of import activity

LOOSER = 1e-6
"""Relative: what a limit that follows from others is loosened by."""


@dataclass(frozen=True)
class Block:
    """Columns and rows of one part, as a model of its own.

    Parameters
    ----------
    columns, rows
        Positions in the whole.
    model
        The part alone, its own value as cost.
    shared
        (shared rows, columns) CSR: what it uses of the shared rows.
    hulls
        Parts of it whose states are known.
    """

    columns: np.ndarray
    rows: np.ndarray
    model: Milp
    shared: sp.csr_matrix
    hulls: tuple[LocalHull, ...] = ()

    @cached_property
    def choices(self) -> int:
        """How many whole-number columns it has."""
        return int(self.model.integer.sum())

    def priced(self, prices: np.ndarray) -> Milp:
        """The block with what it uses of the shared rows charged at their prices."""
        return replace(self.model, cost=self.model.cost - np.asarray(self.shared.T @ prices))


@dataclass(frozen=True)
class Split:
    """A model taken apart.

    Parameters
    ----------
    shared
        Positions of the rows that are priced.
    tagged
        (shared,) bool: rows that the model says all counties share; the others were found and cut.
    hard
        (shared,) bool: rows with whole-number columns in them.
    lower, upper
        (shared,) limits of the shared rows.
    blocks
        Parts with choices, the largest first.
    rest
        Everything without a choice, as one part.
    """

    shared: np.ndarray
    tagged: np.ndarray
    hard: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    blocks: tuple[Block, ...]
    rest: Block

    def describe(self) -> str:
        """What was cut, in one line."""
        choices = [block.choices for block in self.blocks]
        return (
            f"{len(self.blocks)} blocks of {min(choices, default=0)} to {max(choices, default=0)} choices; "
            f"{len(self.shared)} rows priced, {int((~self.tagged).sum())} of them found"
        )


def clusters(compiled: Compiled) -> list[np.ndarray]:
    """Columns that hang together by physics and precedence alone, money and quotas left aside; those with choices."""
    core = compiled.rows.system == (compiled.rows.systems.index("") if "" in compiled.rows.systems else -1)
    kept = np.flatnonzero(~compiled.rows.linking & ~(core & ~compiled.rows.structural))
    return [part for part in _members(components(compiled.matrix.tocsr()[kept])) if compiled.integer[part].any()]


def payments(compiled: Compiled, split: Split) -> np.ndarray:
    """(columns,) bool: amounts of money, and the columns of no block, which plans of blocks leave open."""
    free = ~compiled.integer & ~compiled.columns.structural
    free[split.rest.columns] = True
    return free


def find_blocks(compiled: Compiled, small: int = SMALL, large: int = LARGE) -> Split:
    """Price what is tagged as linking; cut what is then still larger than ``small`` choices (see `partition`)."""
    by_row = compiled.matrix.tocsr()
    inner = by_row[np.flatnonzero(~compiled.rows.linking)]
    label = components(inner)
    by_column = inner.tocsc()
    for members in _members(label):
        if compiled.integer[members].sum() > small:
            mine = parts(_own_rows(by_column, members)[1].tocsr(), compiled.integer[members], small, large)
            label[members] = label.max() + 1 + mine
    return take_apart(compiled, label)


def take_apart(compiled: Compiled, label: np.ndarray) -> Split:
    """The split by a given part of every column; rows that are tagged as linking, or that parts share, are priced."""
    by_row = compiled.matrix.tocsr()
    inner = np.flatnonzero(~compiled.rows.linking)
    shared = np.union1d(np.flatnonzero(compiled.rows.linking), inner[cut_rows(by_row[inner], label)])
    whole = [members for members in _members(label) if compiled.integer[members].any()]
    rest = np.setdiff1d(np.arange(len(label)), np.concatenate([np.empty(0, np.int64), *whole]))
    entered = np.diff(by_row[shared].tocsc().indptr) > 0
    upper = np.where(entered, _limited(compiled, by_row), compiled.col_upper)
    hulls = _hulls(compiled, label)
    blocks = [_block(compiled, upper, columns, shared, hulls.get(int(label[columns[0]]), [])) for columns in whole]
    return Split(
        shared,
        compiled.rows.linking[shared],
        abs(by_row[shared]) @ compiled.integer.astype(float) > 0,
        compiled.row_lower[shared],
        compiled.row_upper[shared],
        tuple(sorted(blocks, key=lambda block: -block.choices)),
        _block(compiled, upper, rest, shared, []),
    )


def _members(label: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(label, kind="stable")
    return [part for part in np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(part)]


def _own_rows(by_column: sp.csc_matrix, columns: np.ndarray) -> tuple[np.ndarray, sp.csc_matrix]:
    """The rows that some columns enter, and those rows over those columns; costs no more than they hold."""
    mine = by_column[:, columns]
    rows, place = np.unique(mine.indices, return_inverse=True)
    return rows, sp.csc_matrix((mine.data, place, mine.indptr), shape=(len(rows), len(columns)))


def _limited(compiled: Compiled, by_row: sp.csr_matrix) -> np.ndarray:
    """Upper limits of the columns, with what rows say of those that have none.

    A payment whose every row is priced would else be unlimited in its block, and so would the bound at most prices.
    """
    lower, upper = compiled.col_lower, compiled.col_upper
    touched = np.flatnonzero(abs(by_row) @ ~np.isfinite(upper) > 0)
    matrix = by_row[touched]
    both = sp.vstack([matrix, -matrix], format="csr")
    most = np.concatenate([compiled.row_upper[touched], -compiled.row_lower[touched]])
    entries = both.tocoo()
    while True:
        room = most - activity(both, lower, upper)[0]
        says = (entries.data > 0) & np.isfinite(room[entries.row]) & ~np.isfinite(upper[entries.col])
        if not says.any():
            return upper
        column = entries.col[says]
        limit = lower[column] + room[entries.row[says]] / entries.data[says]
        upper = upper.copy()
        np.minimum.at(upper, column, limit + LOOSER * np.maximum(1.0, np.abs(limit)))


def _hulls(compiled: Compiled, label: np.ndarray) -> dict[int, list[LocalHull]]:
    """Parts whose states are known, by the label of their first column."""
    found: dict[int, list[LocalHull]] = {}
    for hull in compiled.hulls:
        found.setdefault(int(label[hull.columns[0]]), []).append(hull)
    return found


def _block(
    compiled: Compiled, upper: np.ndarray, columns: np.ndarray, shared: np.ndarray, hulls: Sequence[LocalHull]
) -> Block:
    entered, mine = _own_rows(compiled.matrix, columns)
    by_row = mine.tocsr()
    own = ~np.isin(entered, shared)
    rows = entered[own]
    model = Milp(
        by_row[own].tocsc(),
        compiled.row_lower[rows],
        compiled.row_upper[rows],
        compiled.col_lower[columns],
        upper[columns],
        compiled.integer[columns],
        compiled.cost[columns],
    )
    priced = by_row[~own].tocoo()
    place = np.searchsorted(shared, entered[~own])[priced.row]
    uses = sp.csr_matrix((priced.data, (place, priced.col)), shape=(len(shared), len(columns)))
    inside = (hull.within(columns) for hull in hulls)
    return Block(columns, rows, model, uses, tuple(hull for hull in inside if hull is not None))
