"""Directed graphs as compressed sparse rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import networkx

    from network_models.hierarchy import Hierarchy, Shape

LARGEST = int(np.iinfo(np.int32).max)
FEW_CHANGED = 10_000
"""A change of weights touches few arcs where it touches at most one in so many, or at most ``SOME_CHANGED``."""
SOME_CHANGED = 4


class _Shapes:
    """The shape of a hierarchy, found when first asked for; shared by all graphs with the same arcs."""

    def __init__(self, indptr: np.ndarray, head: np.ndarray, turned: tuple[_Shapes, np.ndarray] | None = None) -> None:
        self.indptr, self.head, self.turned = indptr, head, turned
        self.found: Shape | None = None
        self.refusal = ""

    @property
    def known(self) -> bool:
        """Whether it was found already, for these arcs or turned round."""
        return self.found is not None or (self.turned is not None and self.turned[0].known)

    def get(self) -> Shape:
        from network_models.hierarchy import Shape

        if self.refusal:
            raise ValueError(self.refusal)
        if self.found is None and self.turned is not None:
            self.found = self.turned[0].get().turned(self.turned[1])
        if self.found is None:
            try:
                self.found = Shape(self.indptr, self.head)
            except ValueError as error:
                self.refusal = str(error)
                raise
        return self.found


@dataclass(frozen=True)
class Graph:
    """A directed graph; parallel arcs, loops and zero weights are allowed, an arc of infinite weight is closed.

    Weights are seconds (float64) or, where they are given as int32, whole milliseconds: then all times are int32
    milliseconds, 2**31 - 1 is a closed arc, and a way of 2**31 - 1 ms (24.8 days) or longer counts as none.

    Parameters
    ----------
    indptr
        (n_nodes + 1,) int64: arcs of node ``v`` are ``indptr[v]:indptr[v + 1]``.
    head
        (n_arcs,) int32: node an arc leads to.
    weight
        (n_arcs,) float64 or int32, not negative.
    arc_id
        (n_arcs,) int64: position of the arc in the arrays the graph was made from.
    shapes
        What graphs with the same arcs share.
    """

    indptr: np.ndarray
    head: np.ndarray
    weight: np.ndarray
    arc_id: np.ndarray
    shapes: _Shapes | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.shapes is None:
            object.__setattr__(self, "shapes", _Shapes(self.indptr, self.head))

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
            (n_arcs,) not negative: int32 milliseconds, or anything else as float64 seconds.

        Raises
        ------
        ValueError
            Arrays of different length, a node that is no whole number in range, a negative or missing weight; the
            first offending arc is named.
        """
        if not 0 <= n_nodes <= LARGEST:
            raise ValueError(f"n_nodes: found {n_nodes}; expected 0..{LARGEST}")
        lengths = times(weight)
        tails, heads = whole(tail, n_nodes, "arc"), whole(head, n_nodes, "arc")
        if not len(tails) == len(heads) == len(lengths):
            found = f"{len(tails)} tails, {len(heads)} heads, {len(lengths)} weights"
            raise ValueError(f"arcs: found {found}; expected equal numbers")
        order = np.argsort(tails, kind="stable")
        indptr = np.zeros(n_nodes + 1, np.int64)
        np.cumsum(np.bincount(tails, minlength=n_nodes), out=indptr[1:])
        return cls(indptr, heads[order].astype(np.int32), lengths[order], order)

    def with_weights(self, weight: ArrayLike) -> Graph:
        """The same arcs with other weights, in the order of the arrays the graph was made from.

        What was found for the arcs alone is kept. Where a hierarchy was made for this graph and few arcs differ, only
        what depends on those is customised again.

        Raises
        ------
        ValueError
            Not one weight an arc, or one that is negative or missing.
        """
        lengths = times(weight)
        if len(lengths) != self.n_arcs:
            raise ValueError(f"weights: found {len(lengths)}; expected one for each of {self.n_arcs} arcs")
        other = Graph(self.indptr, self.head, lengths[self.arc_id], self.arc_id, self.shapes)
        made = self.__dict__.get("hierarchy")
        few = max(self.n_arcs // FEW_CHANGED, SOME_CHANGED)
        if made and lengths.dtype == self.weight.dtype and np.count_nonzero(other.weight != self.weight) <= few:
            other.__dict__["hierarchy"] = made.revised(other.weight)
        return other

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The customised hierarchy, made when first asked for.

        Raises
        ------
        ValueError
            No small cuts divide the graph, so that its hierarchy would be larger than is useful.
        """
        from network_models.hierarchy import Hierarchy

        return Hierarchy.customised(self.shape, self.weight)

    @property
    def shape(self) -> Shape:
        """Order and arcs of the hierarchy; errors as :attr:`hierarchy`."""
        assert self.shapes is not None  # noqa: S101 - set when the graph was made
        return self.shapes.get()

    @cached_property
    def lengths(self) -> np.ndarray:
        """Weights as float64, closed arcs infinite."""
        if self.weight.dtype == np.float64:
            return self.weight
        return np.where(self.weight == LARGEST, np.inf, self.weight)

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
        assert self.shapes is not None  # noqa: S101 - set when the graph was made
        shapes = _Shapes(turned.indptr, turned.head, (self.shapes, turned.arc_id))
        return Graph(turned.indptr, turned.head, turned.weight, self.arc_id[turned.arc_id], shapes)


def times(weight: ArrayLike) -> np.ndarray:
    """Weights as (n,) int32 milliseconds where they are int32, else as float64 seconds.

    Raises
    ------
    ValueError
        A negative or missing weight; the first is named.
    """
    given = np.asarray(weight).ravel()
    if given.dtype != np.int32:
        given = given.astype(np.float64)
    refuse(~(given >= 0), given, "arc", "expected a weight of 0 or more")
    return given


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
