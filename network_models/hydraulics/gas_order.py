"""The order of elimination of a sparse matrix with a symmetric pattern, and where every product of its factors goes."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

DENSE = 0.8
"""Share of entries from which on the last unknowns are eliminated as a dense matrix."""
SMALLEST_DENSE = 8


@dataclass(frozen=True)
class Elimination:
    """Pattern of the factors of a matrix of size n, its rows in the order of elimination.

    Values are kept as [diagonal | lower and upper entries in pairs | dense, row by row | spare]: the first two of the
    columns before ``n_sparse``, the dense matrix of the rest. Arrays of ``column`` to ``target`` are uint32.

    Parameters
    ----------
    place
        (n,) row of each unknown.
    n_sparse
        Columns that are kept sparse.
    column, row
        Compressed sparse columns of the lower factor, rows rising; the upper one mirrors it.
    first_dense
        (n_sparse,) rank in ``row`` of the first entry of each column that lies in the rows of the dense matrix.
    target
        Rank of the pair that each product of two entries of a column goes to, where it goes to a sparse column.
    position
        Rank of each lower entry of the sparse columns by (row, column).
    """

    place: np.ndarray
    n_sparse: int
    column: np.ndarray
    row: np.ndarray
    first_dense: np.ndarray
    target: np.ndarray
    position: dict[tuple[int, int], int]

    @property
    def n(self) -> int:
        return len(self.place)

    @property
    def size(self) -> int:
        """Number of values, the spare one included."""
        return self.n_sparse + 2 * len(self.row) + (self.n - self.n_sparse) ** 2 + 1

    def at(self, row: int, column: int) -> int:
        """Place of an entry; the spare one where the row or column is n or more."""
        return _at(self.n, self.n_sparse, len(self.row), self.position, row, column)


def _at(n: int, sparse: int, count: int, position: dict[tuple[int, int], int], row: int, column: int) -> int:
    dense, width = sparse + 2 * count, n - sparse
    if max(row, column) >= n:
        return dense + width * width
    if min(row, column) >= sparse:
        return dense + (row - sparse) * width + column - sparse
    if row == column:
        return row
    rank = position[max(row, column), min(row, column)]
    return sparse + 2 * rank + (row < column)


def eliminate(n: int, first: np.ndarray, second: np.ndarray) -> Elimination:
    """Least degree first (Tinney & Walker 1967).

    Parameters
    ----------
    first, second
        Unknowns that share an entry of the matrix.
    """
    order, columns = _least_degree(n, first, second)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    sparse = _sparse_columns([len(near) for near in columns])
    column = np.zeros(sparse + 1, np.uint32)
    row: list[int] = []
    position: dict[tuple[int, int], int] = {}
    for j, near in enumerate(columns[:sparse]):
        for r in sorted(int(place[v]) for v in near):
            position[r, j] = len(row)
            row.append(r)
        column[j + 1] = len(row)
    rows = np.array(row, np.uint32)
    first_dense = np.array(
        [column[j] + np.searchsorted(rows[column[j] : column[j + 1]], sparse) for j in range(sparse)], np.uint32
    )
    target = [
        position[row[y], row[x]]
        for j in range(sparse)
        for x in range(column[j], first_dense[j])
        for y in range(x + 1, column[j + 1])
    ]
    return Elimination(place, sparse, column, rows, first_dense, np.array(target, np.uint32), position)


def _sparse_columns(counts: list[int]) -> int:
    """Columns before the largest part at the end that is dense enough."""
    n, entries, best = len(counts), 0, len(counts)
    for j in range(n - 1, -1, -1):
        entries += counts[j]
        width = n - j
        if width >= SMALLEST_DENSE and entries >= DENSE * width * (width - 1) / 2:
            best = j
    return best


def _least_degree(n: int, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """The order, and the neighbours of each unknown when its turn comes."""
    near: list[set[int]] = [set() for _ in range(n)]
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a != b:
            near[a].add(b)
            near[b].add(a)
    heap = [(len(near[v]), v) for v in range(n)]
    heapq.heapify(heap)
    done, order, columns = [False] * n, [], []
    while heap:
        degree, v = heapq.heappop(heap)
        if done[v] or degree != len(near[v]):
            continue
        done[v] = True
        order.append(v)
        columns.append(list(near[v]))
        for u in near[v]:
            near[u] |= near[v]
            near[u] -= {u, v}
        for u in near[v]:
            heapq.heappush(heap, (len(near[u]), u))
    return np.array(order, np.int64), columns
