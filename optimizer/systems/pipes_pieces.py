"""Pieces of a network small enough to know all of their states: a way from a supply and the branch at its end. No Pyomo.

What else hangs on the way is left out, as if it drew nothing, which only allows more. So every row that all states of a piece
obey (`optimizer.model.hulls`) holds for the whole network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from network_models.pipe_states import best_state
from optimizer.systems.pipes_network import NONE, Network
from optimizer.systems.pipes_ways import Ways

MOST_ARCS = 6
"""Pipes of a piece. Pieces of ten close the relaxation of five synthetic counties no further."""
FLOWS = 64
"""Flows at which the losses of a size are tabulated."""


@dataclass(frozen=True)
class PieceStates:
    """States of a piece in every period: connected places, sizes, lifts and stations that stand.

    Parameters
    ----------
    links, heads, there, kinds, loss, step, supply
        The piece as `network_models.pipe_states` takes it.
    wants
        (period, node) units a year.
    node, column
        (state,) what each is about: a place in column 0, or an option.
    """

    links: np.ndarray
    heads: np.ndarray
    there: np.ndarray
    kinds: np.ndarray
    loss: np.ndarray
    step: float
    supply: float
    wants: np.ndarray
    node: np.ndarray
    column: np.ndarray

    @property
    def cases(self) -> int:
        """Periods."""
        return len(self.wants)

    def most(self, case: int, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """The most that weighted states come to in a period, and where they do."""
        n, m = self.there.shape
        worth, chosen = np.zeros((n, m + 1)), np.zeros((n, m + 1))
        worth[self.node, self.column] = weights
        piece = self.links, self.heads, self.there, self.kinds, self.loss, self.step, self.supply
        value = float(best_state(*piece, self.wants[case], worth, chosen))
        return value, chosen[self.node, self.column]


@dataclass(frozen=True)
class Piece:
    """``things``: of every state, which origin, size, lift or station state of the network it is, kind by kind."""

    states: PieceStates
    things: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def pieces(net: Network, quantity: np.ndarray, room: np.ndarray) -> Iterator[Piece]:
    """Pieces of everything that a supply that stands feeds along a single way.

    Parameters
    ----------
    quantity
        (origin, period) units a year, 0 for places that nothing can serve.
    room
        (station state,) units a year that it can give.
    """
    found = _Pieces(net, quantity, room)
    for root in sorted(found.ways.roots):
        for arc in found.leaving.get(root, []):
            for arcs in found.covering([], arc):
                if found.worth_knowing(arcs):
                    yield found.piece(arcs)


class _Pieces:
    def __init__(self, net: Network, quantity: np.ndarray, room: np.ndarray) -> None:
        self.net, self.d, self.quantity, self.room = net, net.d, quantity, room
        self.ways = Ways(net)
        self.leaving: dict[int, list[int]] = {}
        for a in self.ways.into[self.ways.into >= 0]:
            self.leaving.setdefault(int(self.d["arc_tail"][a]), []).append(int(a))
        self.origin = {int(n): o for o, n in enumerate(self.d["origin_node"])}
        self.least = net.potential(float(net.attrs["least"]))
        self.low = net.potential(float(net.attrs["transit"]))
        self.source = net.source()

    # ---- which pieces
    def covering(self, way: list[int], arc: int) -> Iterator[list[int]]:
        """Arcs of pieces that hold a branch, each after the arc before it; ``way`` leads to it."""
        branch, whole = self._branch(arc, MOST_ARCS - len(way))
        yield [*way, *branch]
        if not whole and len(way) + 1 < MOST_ARCS:
            for further in self.leaving.get(int(self.d["arc_head"][arc]), []):
                yield from self.covering([*way, arc], further)

    def _branch(self, arc: int, most: int) -> tuple[list[int], bool]:
        """The arcs of a branch nearest to its beginning, and whether these are all."""
        found = [arc]
        for a in found:
            found += self.leaving.get(int(self.d["arc_head"][a]), [])
        return found[:most], len(found) <= most

    def worth_knowing(self, arcs: list[int]) -> bool:
        """Whether more than single sizes decide, and no supply stands on the way that is no candidate."""
        heads = self.d["arc_head"][arcs].tolist()
        places = [n for n in heads if n in self.origin and self.quantity[self.origin[n]].any()]
        fed = [self.net.fed_by[n] for n in heads if n in self.net.fed_by]
        lifted = np.isin(self.d["lift_arc"], arcs).any()
        return bool(places) and (len(arcs) > 1 or bool(lifted)) and all(self.d["supply_candidate"][k] >= 0 for k in fed)

    # ---- one piece
    def piece(self, arcs: list[int]) -> Piece:
        """Its arrays."""
        nodes = [int(self.d["arc_tail"][arcs[0]]), *self.d["arc_head"][arcs].tolist()]
        n, supply = len(nodes), self.ways.roots[nodes[0]]
        kinds = self._things(arcs, nodes)
        number = [_numbered(node) for node, _ in kinds]
        ends = np.cumsum([int(option.max(initial=-1)) + 1 for option in number[1:]])
        there = np.full((n, ends[2]), -1.0)
        amounts = self.d["size_capacity"], self.d["lift_height"], self.room
        columns = [np.zeros(kinds[0].shape[1], np.int64)]
        for (node, thing), option, start, amount in zip(kinds[1:], number[1:], (0, ends[0], ends[1]), amounts, strict=True):
            there[node, start + option] = amount[thing]
            columns.append(1 + start + option)
        wants = np.zeros((self.quantity.shape[1], n))
        wants[:, kinds[0][0]] = self.quantity[kinds[0][1]].T
        step = float(wants.sum(axis=1).max()) / (FLOWS - 1)
        states = PieceStates(
            self._links(arcs, nodes), self._heads(nodes, supply), there, ends[:2].copy(),
            self._losses((n, ends[0]), kinds[1], number[1], step), step, float(self.d["supply_capacity"][supply]), wants,
            np.concatenate([node for node, _ in kinds]), np.concatenate(columns),
        )  # fmt: skip
        return Piece(states, (kinds[0][1], kinds[1][1], kinds[2][1], kinds[3][1]))

    def _things(self, arcs: list[int], nodes: list[int]) -> list[np.ndarray]:
        """(2, thing) node of the piece and thing of the network: origins that want something, sizes, lifts and station states."""
        d = self.d
        origins = [(i, self.origin[v]) for i, v in enumerate(nodes) if i and v in self.origin and self.quantity[self.origin[v]].any()]
        sizes = [(i, k) for i, a in enumerate(arcs, 1) for k in np.flatnonzero(d["size_arc"] == a)]
        lifts = [(i, b) for i, a in enumerate(arcs, 1) for b in np.flatnonzero(d["lift_arc"] == a)]
        stations = [(i, s) for i, k in self._fed(nodes) for s in np.flatnonzero(d["station_supply"] == k)]
        return [np.array(kind, np.int64).reshape(-1, 2).T for kind in (origins, sizes, lifts, stations)]

    def _fed(self, nodes: list[int]) -> list[tuple[int, int]]:
        """Nodes of the piece with a supply, and which; the root aside."""
        return [(i, self.net.fed_by[v]) for i, v in enumerate(nodes) if i and v in self.net.fed_by]

    def _links(self, arcs: list[int], nodes: list[int]) -> np.ndarray:
        """(node, 2) first node that a pipe leads to, and next one after the same node."""
        place = {node: i for i, node in enumerate(nodes)}
        links = np.full((len(nodes), 2), NONE)
        for i in range(len(nodes) - 1, 0, -1):
            before = place[int(self.d["arc_tail"][arcs[i - 1]])]
            links[i, 1], links[before, 0] = links[before, 0], i
        return links

    def _heads(self, nodes: list[int], supply: int) -> np.ndarray:
        """(node, 3) potential that a place needs, that a node with flow needs, and at the outlet of a station."""
        heads = np.column_stack([self.least[nodes], self.low[nodes], np.zeros(len(nodes))])
        heads[0, 2] = self.source[supply]
        for i, k in self._fed(nodes):
            heads[i, 2] = self.source[k]
        return heads

    def _losses(self, shape: tuple[int, int], sizes: np.ndarray, option: np.ndarray, step: float) -> np.ndarray:
        """(node, size, flow) losses at flows up to all that a piece wants."""
        loss = np.zeros((*shape, FLOWS))
        if sizes.shape[1]:
            found = self.net.loss(np.repeat(sizes[1], FLOWS), np.tile(np.arange(FLOWS) * step, sizes.shape[1]))
            loss[sizes[0], option] = found.reshape(-1, FLOWS)
        return loss


def _numbered(nodes: np.ndarray) -> np.ndarray:
    """Of every entry, how many of the same node came before it; entries of a node follow one another."""
    return np.asarray(np.arange(len(nodes)) - np.searchsorted(nodes, nodes, side="left"))
