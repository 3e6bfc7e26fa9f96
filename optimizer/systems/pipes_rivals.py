"""Rivals: places behind one gate that a size of pipe, or a station, cannot serve together. No Pyomo.

Two places behind a gate draw through the pipe into it and through all before it. Where that flow loses so much that one of them
is left short, in the largest sizes everywhere else, the two are rivals for that size. They are rivals for a station whose
capacity is less than they want together. A set of places, any two of which are rivals, can have one of its places served by it
(a clique of the conflict graph: Padberg 1973), whatever else is built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.systems.pipes_gates import SLACK, Gates

FLOWS = 160
"""Flows at which potentials and losses are tabulated; both are taken at the flow below, which errs on the careful side."""


@dataclass(frozen=True)
class Clique:
    """``sum(places connected) <= sum(most * on) + sum(station_most * stands)``.

    Parameters
    ----------
    gate
        Index of the gate of the first place.
    period
        When.
    places
        Origins.
    sizes, most
        Sizes into the gate and how many of the places each can serve at once.
    stations, station_most
        The same of states of the stations at the gate or behind it.
    """

    gate: int
    period: int
    places: list[int]
    sizes: list[int]
    most: list[int]
    stations: list[int]
    station_most: list[int]


class Rivals:
    """Cliques of rivals at all gates.

    Parameters
    ----------
    room
        (station state,) units a year that it can give.
    """

    def __init__(self, gates: Gates, room: np.ndarray) -> None:
        self.gates, self.net, self.d, self.room = gates, gates.net, gates.d, room
        self.grid = self._flows()
        tables = np.broadcast_to(self.grid, (self.net.n_nodes, FLOWS))
        self.high = gates.reach.highest(tables)
        n = len(self.d["size_arc"])
        loss = self.net.loss(np.repeat(np.arange(n), FLOWS), np.tile(self.grid, n)).reshape(n, FLOWS)
        arc = self.d["size_arc"]
        too_much = self.grid > self.d["size_capacity"][:, None] * (1 + SLACK)
        left = self.high[self.d["arc_tail"][arc]] + gates.reach.lift[arc, None] - loss
        self.left = np.where(too_much, -np.inf, left)

    def _flows(self) -> np.ndarray:
        """Flows from the smallest want to all of them."""
        wanted = self.d["quantity"][self.d["quantity"] > 0]
        if not len(wanted):
            return np.linspace(0.0, 1.0, FLOWS)
        return np.concatenate([[0.0], np.geomspace(wanted.min(), self.d["quantity"].sum(axis=0).max(), FLOWS - 1)])

    def cliques(self) -> list[Clique]:
        """Of every gate, period, and size into it or station at it or behind it."""
        shared = [(node, gates) for node, gates in self.gates.at.items() if len(gates) > 1]
        return [
            clique
            for node, gates in shared
            for t in range(self.gates.periods)
            for clique in self._at(gates, self.gates.into[node], t)
        ]

    def _at(self, gates: list[int], sizes: list[int], t: int) -> list[Clique]:
        places = self.gates.origin[gates]
        wanted, together = self.d["quantity"][places, t], self._together(places, t)
        stations, near = self.gates.stations(gates)
        room = self.room[stations][:, None, None] * (1 + SLACK)
        near_both = near[:, :, None] & near[:, None]
        none, all_both = np.zeros_like(together), np.ones((len(sizes), *together.shape), bool)
        alone = np.concatenate([self._fits(gates, sizes, t, none), (wanted <= room) & near_both])
        both = np.concatenate([self._fits(gates, sizes, t, together), (together <= room) & near_both])
        possible = self.gates.possible[places, t]
        seen: set[frozenset[int]] = set()
        found: list[Clique] = []
        for fits, meet in zip(both, np.concatenate([all_both, near_both]), strict=True):
            for clique in cover(~fits & meet & possible & possible[:, None]):
                if frozenset(clique) not in seen:
                    seen.add(frozenset(clique))
                    most = [self._most(one, two, clique) for one, two in zip(alone, both, strict=True)]
                    who, n = [int(o) for o in places[clique]], len(sizes)
                    found.append(Clique(gates[0], t, who, sizes, most[:n], stations, most[n:]))
        return found

    def _together(self, places: np.ndarray, t: int) -> np.ndarray:
        """(place, place) units a year of two."""
        wanted = self.d["quantity"][places, t]
        return np.asarray(wanted + wanted[:, None])

    def _fits(self, gates: list[int], sizes: list[int], t: int, flow: np.ndarray) -> np.ndarray:
        """(size, place, place) whether a size leaves two places what they need while a flow passes; alone at no flow."""
        column = self.gates.place[self.gates.origin[gates]] * self.gates.periods + t
        need = self.gates.need[self.gates.node[gates], column]
        at = np.maximum(np.searchsorted(self.grid, flow * (1 + SLACK), side="right") - 1, 0)
        return np.asarray(self.left[sizes][:, at] >= np.maximum(need, need[:, None]) - SLACK)

    @staticmethod
    def _most(alone: np.ndarray, both: np.ndarray, clique: list[int]) -> int:
        """How many of a clique's places a size or a station can serve at once."""
        able = [i for i in clique if alone[i, i]]
        pairs = both[np.ix_(able, able)]
        return min(1, len(able)) if not np.triu(pairs, 1).any() else len(able)


def cover(rivals: np.ndarray) -> list[list[int]]:
    """Cliques that together hold every pair of rivals, each grown from a pair by the one with most pairs not yet held."""
    left, found = np.triu(rivals, 1), []
    while left.any():
        i, j = np.argwhere(left)[0]
        clique = [int(i), int(j)]
        fit = rivals[i] & rivals[j]
        fit[clique] = False
        while fit.any():
            gain = (left + left.T).sum(axis=1)
            new = int(np.argmax(np.where(fit, gain + 1, 0)))
            clique.append(new)
            fit &= rivals[new]
            fit[clique] = False
        left[np.ix_(clique, clique)] = False
        found.append(sorted(clique))
    return found
