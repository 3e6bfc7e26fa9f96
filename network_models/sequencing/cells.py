"""Cells: works and periods that a relaxation moves together, and what the rows of a master problem say of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from network_models.sequencing.arrays import Sequencing


class Master(NamedTuple):
    """Maximise ``worth @ y``, ``use @ y <= limit`` and ``y[low] <= y[high]`` for every pair, 0 <= y <= 1.

    Parameters
    ----------
    worth
        (k,) of each cell.
    use, limit
        (rows, k) sparse and (rows,); rows are (resource, period), unlimited ones left out.
    pairs
        (p, 2): the cell of a work and one of what it needs.
    """

    worth: np.ndarray
    use: sp.csr_matrix
    limit: np.ndarray
    pairs: np.ndarray


def split(cell: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Cells (n, T) divided by whether they are in a closure, numbered anew."""
    return renumber(cell * 2 + taken)


def merged(cell: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Cells of the same value in the master put together."""
    _, same = np.unique(np.round(value, 9), return_inverse=True)
    return renumber(same[cell])


def renumber(cell: np.ndarray) -> np.ndarray:
    """Cells numbered 0, 1, ... without holes."""
    return np.unique(cell, return_inverse=True)[1].reshape(cell.shape)


def rows_used(problem: Sequencing) -> list[tuple[int, int]]:
    """(resource, period) that are limited."""
    return [(int(r), int(t)) for r, t in np.argwhere(np.isfinite(problem.limit))]


def master_of(problem: Sequencing, cell: np.ndarray) -> Master:
    """The master problem of cells (n, T), in terms of 'begun by t' (Bienstock and Zuckerberg 2010)."""
    k = int(cell.max()) + 1
    worth = np.bincount(cell.ravel(), problem.step.ravel(), minlength=k)
    rows = rows_used(problem)
    use = np.zeros((len(rows), k))
    for i, (r, t) in enumerate(rows):
        use[i] = np.bincount(cell[:, t], problem.use[:, r], minlength=k)
        if t > 0:
            use[i] -= np.bincount(cell[:, t - 1], problem.use[:, r], minlength=k)
    limit = np.array([problem.limit[r, t] for r, t in rows])
    return Master(worth, sp.csr_matrix(use), limit, _pairs(problem, cell, k))


def _pairs(problem: Sequencing, cell: np.ndarray, k: int) -> np.ndarray:
    """Pairs of cells between which a need, or time, leads."""
    tail, head = problem.needs.tail, problem.needs.need
    keys = [np.unique(cell[tail, t] * k + cell[head, t]) for t in range(problem.periods)]
    keys += [np.unique(cell[:, t] * k + cell[:, t + 1]) for t in range(problem.periods - 1)]
    found = np.unique(np.concatenate(keys)) if keys else np.empty(0, np.int64)
    pairs = np.column_stack([found // k, found % k])
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def priced(problem: Sequencing, price: np.ndarray) -> np.ndarray:
    """(n, T) weights of 'begun by t' where use is paid for at ``price`` (rows,)."""
    by_row = np.zeros(problem.limit.shape)
    for (r, t), p in zip(rows_used(problem), price, strict=True):
        by_row[r, t] = p
    net = problem.value - problem.use @ by_row
    return np.asarray(net - np.pad(net[:, 1:], ((0, 0), (0, 1))))
