"""A looped network whose links choose among sizes, as the arrays that the kernels take.

Junctions are numbered in the order in which they are eliminated (least degree first), nodes of fixed head after them.
A *load* is one set of demands and fixed heads that a design must carry; all loads are solved together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models.hydraulics.water_tape import eliminate, factor_pattern

WIDTH = 8


class Sizes(NamedTuple):
    """What every link may be; each (n_links, n_sizes), rising in cost, of which ``options`` (n_links,) are real.

    ``resistance``, ``minor``, ``viscous``, ``rough`` are the coefficients of the head-loss formula in SI units (a negative
    resistance: closed); ``cost`` in the currency of the case; ``largest`` m3/s that may flow (inf: any); ``area`` m2.
    """

    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray
    cost: np.ndarray
    largest: np.ndarray
    area: np.ndarray
    options: np.ndarray


class Layout(NamedTuple):
    """Topology, loads and limits.

    ``formula`` as in the head-loss laws; ``tail``, ``head`` (n_links,) rows; ``entry`` (n_links,) position of a link below the
    diagonal, -1 without one; ``column``, ``row``, ``target`` the pattern of the factor; ``demand`` (n_loads, n) m3/s;
    ``fixed`` (n_loads, n_fixed) m; ``lowest``, ``highest`` (n_loads, n) m of head.
    """

    formula: int
    tail: np.ndarray
    head: np.ndarray
    entry: np.ndarray
    column: np.ndarray
    row: np.ndarray
    target: np.ndarray
    demand: np.ndarray
    fixed: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @property
    def n_links(self) -> int:
        return len(self.tail)

    @property
    def n_junctions(self) -> int:
        return int(self.demand.shape[1])


class Work(NamedTuple):
    """Working arrays, one row a vector of eight links of one load; heads, factor and right-hand side by load.

    ``flow``, ``resistance``, ``minor``, ``viscous``, ``rough``, ``p``, ``y`` (n_loads * blocks, 8); ``heads`` (n_loads, n + n_fixed);
    ``matrix`` (n_loads, n + entries): inverse pivots, then entries below the diagonal; ``right`` (n,).
    """

    flow: np.ndarray
    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray
    p: np.ndarray
    y: np.ndarray
    heads: np.ndarray
    matrix: np.ndarray
    right: np.ndarray


class DesignNetwork(NamedTuple):
    """Layout and sizes, with the node of each row (``nodes``) and the names of the links."""

    layout: Layout
    sizes: Sizes
    nodes: tuple[str, ...]
    links: tuple[str, ...]

    def cost(self, chosen: np.ndarray) -> float:
        """Cost of a design."""
        return float(self.sizes.cost[np.arange(len(chosen)), chosen].sum())


def make_layout(
    formula: int, tail: np.ndarray, head: np.ndarray, demand: np.ndarray, fixed: np.ndarray, limits: np.ndarray
) -> tuple[Layout, np.ndarray]:
    """Order a network by elimination.

    Parameters
    ----------
    tail, head
        (n_links,) nodes, junctions first.
    demand, fixed
        (n_loads, n) m3/s and (n_loads, n_fixed) m.
    limits
        (2, n_loads, n) m: least and largest head.

    Returns
    -------
    The layout, and the junction of every row, (n,).
    """
    n, n_fixed = demand.shape[1], fixed.shape[1]
    keep = np.arange(n + n_fixed) < n
    inner = keep[tail] & keep[head]
    order, columns = eliminate(keep, tail[inner], head[inner])
    place = np.concatenate([np.empty(n, np.int64), np.arange(n, n + n_fixed)])
    place[order] = np.arange(n)
    column, row, target, position = factor_pattern(columns, place)
    a, b = place[tail].astype(np.int32), place[head].astype(np.int32)
    entry = np.full(len(a), -1, np.int32)
    for k in np.flatnonzero(inner).tolist():
        entry[k] = position[max(a[k], b[k]), min(a[k], b[k])]
    lowest, highest = (np.ascontiguousarray(part[:, order]) for part in limits)
    ordered = np.ascontiguousarray(demand[:, order])
    return Layout(formula, a, b, entry, column, row, target, ordered, fixed.copy(), lowest, highest), order


def make_work(layout: Layout) -> Work:
    """Fresh working arrays."""
    loads, n = layout.demand.shape
    blocks = -(-layout.n_links // WIDTH) * loads
    heads = np.zeros((loads, n + layout.fixed.shape[1]))
    heads[:, n:] = layout.fixed
    matrix, right = np.zeros((loads, n + len(layout.row))), np.zeros(n)
    return Work._make([*(np.ones((blocks, WIDTH)) for _ in range(7)), heads, matrix, right])
