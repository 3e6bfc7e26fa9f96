"""Directed graphs as compressed sparse rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import networkx

LARGEST = int(np.iinfo(np.int32).max)


@dataclass(frozen=True)
class Graph:
    """A directed graph; parallel arcs, loops and zero weights are allowed, an arc of infinite weight is closed.

    Parameters
    ----------
    indptr
        (n_nodes + 1,) int64: arcs of node ``v`` are ``indptr[v]:indptr[v + 1]``.
    head
        (n_arcs,) int32: node an arc leads to.
    weight
        (n_arcs,) float64, not negative; seconds on roads.
    arc_id
        (n_arcs,) int64: position of the arc in the arrays the graph was made from.
    """

    indptr: np.ndarray
    head: np.ndarray
    weight: np.ndarray
    arc_id: np.ndarray

    @property
    def n_nodes(self) -> int:
        return len(self.indptr) - 1

    @property
    def n_arcs(self) -> int:
        return len(self.head)

    @property
    def tail(self) -> np.ndarray:
        """Node an arc starts from, (n_arcs,) int64."""
        return np.repeat(np.arange(self.n_nodes), np.diff(self.indptr))

    @classmethod
    def from_arrays(cls, tail: ArrayLike, head: ArrayLike, weight: ArrayLike, n_nodes: int) -> Graph:
        """Build from one entry an arc.

        Parameters
        ----------
        tail, head
            (n_arcs,) node numbers ``0 .. n_nodes - 1``.
        weight
            (n_arcs,) not negative, seconds on roads.

        Raises
        ------
        ValueError
            Arrays of different length, a node that is no whole number in range, a negative or missing weight; the
            first offending arc is named.
        """
        if not 0 <= n_nodes <= LARGEST:
            raise ValueError(f"n_nodes: found {n_nodes}; expected 0..{LARGEST}")
        lengths = np.asarray(weight, np.float64).ravel()
        tails, heads = whole(tail, n_nodes, "arc"), whole(head, n_nodes, "arc")
        if not len(tails) == len(heads) == len(lengths):
            found = f"{len(tails)} tails, {len(heads)} heads, {len(lengths)} weights"
            raise ValueError(f"arcs: found {found}; expected equal numbers")
        refuse(~(lengths >= 0), lengths, "arc", "expected a weight of 0 or more")
        order = np.argsort(tails, kind="stable")
        indptr = np.zeros(n_nodes + 1, np.int64)
        np.cumsum(np.bincount(tails, minlength=n_nodes), out=indptr[1:])
        return cls(indptr, heads[order].astype(np.int32), lengths[order], order)

    @classmethod
    def from_networkx(cls, graph: networkx.Graph, weight: str) -> Graph:
        """Build from a NetworkX graph, its nodes in its order.

        ``arc_id`` counts ``graph.edges``; in an undirected graph, edge ``i`` of ``m`` is also arc ``m + i`` back.

        Raises
        ------
        ValueError
            An edge without the attribute ``weight``, or with one that is negative or missing.
        """
        position = {node: i for i, node in enumerate(graph)}
        tail, head, length = [], [], []
        for u, v, data in graph.edges(data=True):
            if weight not in data:
                raise ValueError(f"edge {u!r}, {v!r}: found no attribute {weight!r}")
            tail.append(position[u])
            head.append(position[v])
            length.append(data[weight])
        if not graph.is_directed():
            tail, head, length = tail + head, head + tail, length + length
        return cls.from_arrays(tail, head, length, len(position))

    def reverse(self) -> Graph:
        """The graph with every arc turned round; ``arc_id`` as before."""
        turned = Graph.from_arrays(self.head, self.tail, self.weight, self.n_nodes)
        return Graph(turned.indptr, turned.head, turned.weight, self.arc_id[turned.arc_id])


def whole(nodes: ArrayLike, n_nodes: int, what: str) -> np.ndarray:
    """Node numbers as (n,) int64.

    Raises
    ------
    ValueError
        A number outside ``0 .. n_nodes - 1`` or not whole; ``what`` and the position of the first are named.
    """
    given = np.asarray(nodes).ravel()
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{what}s: found nodes of type {given.dtype}; expected whole numbers")
    wrong = ~((given >= 0) & (given < n_nodes) & (given == np.floor(given)))
    refuse(wrong, given, what, f"expected a node of 0..{n_nodes - 1}")
    return given.astype(np.int64)


def refuse(wrong: np.ndarray, values: np.ndarray, what: str, expected: str) -> None:
    """Raise a ValueError that names the first value marked wrong.

    Raises
    ------
    ValueError
        Any value is marked.
    """
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(f"{what} {first}: found {values[first]}; {expected}")
