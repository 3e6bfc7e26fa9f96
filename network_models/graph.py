"""Directed graphs as compressed sparse rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Graph:
    """A directed graph; parallel arcs, loops and zero weights are allowed.

    Parameters
    ----------
    first
        (n_nodes + 1,) int64: arcs of node ``v`` are ``first[v]:first[v + 1]``.
    head
        (n_arcs,) int32: node an arc leads to.
    weight
        (n_arcs,) float64, not negative; seconds on roads.
    arc
        (n_arcs,) int64: position of the arc in the arrays the graph was made from.
    """

    first: np.ndarray
    head: np.ndarray
    weight: np.ndarray
    arc: np.ndarray

    @property
    def n_nodes(self) -> int:
        return len(self.first) - 1

    @property
    def n_arcs(self) -> int:
        return len(self.head)

    @classmethod
    def from_arrays(cls, tail: np.ndarray, head: np.ndarray, weight: np.ndarray, n_nodes: int) -> Graph:
        """Build from one entry an arc.

        Raises
        ------
        ValueError
            Arrays of different length, a node outside ``0 .. n_nodes - 1``, a negative or missing weight; the first
            offending arc is named.
        """
        tail, head = np.asarray(tail, np.int64), np.asarray(head, np.int64)
        weight = np.asarray(weight, np.float64)
        if not len(tail) == len(head) == len(weight):
            raise ValueError(f"arcs: {len(tail)} tails, {len(head)} heads, {len(weight)} weights; expected equal numbers")
        _refuse((tail < 0) | (tail >= n_nodes) | (head < 0) | (head >= n_nodes), f"a node outside 0..{n_nodes - 1}")
        _refuse(~(weight >= 0), "a weight that is negative or missing")
        order = np.argsort(tail, kind="stable")
        first = np.zeros(n_nodes + 1, np.int64)
        np.cumsum(np.bincount(tail, minlength=n_nodes), out=first[1:])
        return cls(first, head[order].astype(np.int32), weight[order], order)

    @classmethod
    def from_networkx(cls, graph: networkx.Graph, weight: str) -> Graph:
        """Build from a NetworkX graph (both directions of an undirected edge), nodes in its order."""
        position = {node: i for i, node in enumerate(graph)}
        arcs = [(position[u], position[v], float(data[weight])) for u, v, data in graph.edges(data=True)]
        if not graph.is_directed():
            arcs += [(v, u, w) for u, v, w in arcs]
        tail, head, length = (np.array(column) for column in zip(*arcs, strict=True)) if arcs else ([], [], [])
        return cls.from_arrays(np.asarray(tail), np.asarray(head), np.asarray(length), len(position))

    def reverse(self) -> Graph:
        """The graph with every arc turned round."""
        tail = np.repeat(np.arange(self.n_nodes), np.diff(self.first))
        turned = Graph.from_arrays(self.head, tail, self.weight, self.n_nodes)
        return Graph(turned.first, turned.head, turned.weight, self.arc[turned.arc])


def _refuse(wrong: np.ndarray, what: str) -> None:
    if wrong.any():
        raise ValueError(f"arc {int(np.argmax(wrong))}: found {what}")
