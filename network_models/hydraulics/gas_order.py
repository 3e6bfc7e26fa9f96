"""The order of elimination of a sparse matrix with a symmetric pattern, and where every product of its factors goes."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Elimination:
    """Pattern of the factors of a matrix of size n, its rows in the order of elimination.

    Parameters
    ----------
    place
        (n,) row of each unknown.
    column, row
        Compressed columns of the lower factor, rows rising.
    target
        Place among the lower entries of each product of two entries of a column, in order.
    position
        Place of each lower entry by (row, column).
    """

    place: np.ndarray
    column: np.ndarray
    row: np.ndarray
    target: np.ndarray
    position: dict[tuple[int, int], int]


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
    column, row = np.zeros(n + 1, np.int32), []
    position: dict[tuple[int, int], int] = {}
    for j, near in enumerate(columns):
        for r in sorted(int(place[v]) for v in near):
            position[r, j] = len(row)
            row.append(r)
        column[j + 1] = len(row)
    target = [
        position[row[y], row[x]]
        for j in range(n)
        for x in range(column[j], column[j + 1])
        for y in range(x + 1, column[j + 1])
    ]
    return Elimination(place, column, np.array(row, np.int32), np.array(target, np.int32), position)


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
