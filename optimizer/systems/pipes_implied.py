"""Rows that every network obeys whose pressures hold, and that the relaxation of its rules does not (docs/pipes.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from optimizer.model.hulls import Entered
from optimizer.model.linear import Linear, Rows
from optimizer.systems.pipes_pieces import pieces
from optimizer.systems.pipes_piped import piped
from optimizer.systems.pipes_rivals import Rivals
from optimizer.systems.pipes_ways import Ways

if TYPE_CHECKING:
    from optimizer.systems.pipes_model import PipesModel

Parts = Iterable[tuple[Sequence[tuple[int, int, float]], Linear]]


class Implied:
    """Adds them to a model of pipes, one short method a family."""

    def __init__(self, model: PipesModel) -> None:
        self.model, self.net, self.d, self.bounds = model, model.net, model.d, model.bounds
        self.gates, self.room = model.bounds.gates, model.capacity[model.d["station_state"]]

    def add(self) -> None:
        """Add every family."""
        self._rivals()
        self._piped()
        self._along_ways()
        self._pieces()

    def _rivals(self) -> None:
        """Of places that a size into their gate, or a station, cannot serve together, one is served (pipes_rivals.py)."""
        m = self.model
        cliques = Rivals(self.gates, self.room).cliques()
        places = [(i, o, 1.0) for i, c in enumerate(cliques) for o in c.places]
        sizes = [(i, k, -float(n)) for i, c in enumerate(cliques) for k, n in zip(c.sizes, c.most, strict=True)]
        stations = [
            (i, s, -float(n)) for i, c in enumerate(cliques) for s, n in zip(c.stations, c.station_most, strict=True)
        ]
        node = self.gates.node[[c.gate for c in cliques]].astype(np.int64)
        parts = ((places, m.connected), (sizes, m.on), (stations, m.station))
        self._add("rivals", parts, np.array([c.period for c in cliques], np.int64), node)

    def _piped(self) -> None:
        """What pipes bring into a node, where stations could give only some of what is wanted there (pipes_piped.py)."""
        m, d = self.model, self.d
        found = list(piped(self.gates, self.room))
        if not found:
            return
        into = m.sum(m.through, d["arc_head"], self.net.n_nodes)
        wants = [(i, o, d["quantity"][o, p.period] / m.unit) for i, p in enumerate(found) for o in p.places]
        gives = [(i, s, -n / m.unit) for i, p in enumerate(found) for s, n in zip(p.stations, p.most, strict=True)]
        brought = [(i, p.node, -1.0) for i, p in enumerate(found)]
        parts = ((wants, m.connected), (gives, m.station), (brought, into))
        self._add("piped", parts, np.array([p.period for p in found], np.int64), np.array([p.node for p in found]))

    def _add(self, family: str, parts: Parts, period: np.ndarray, node: np.ndarray) -> None:
        """A family ``sum of parts <= 0``: of every part (row, thing, coefficient) and a function of the things in every period."""
        m, n = self.model, len(period)
        left = Linear.fixed(np.zeros(n), m.width)
        for listed, function in parts:
            row, thing, coef = np.array(listed, float).reshape(-1, 3).T
            owner = row.astype(np.int64)
            picked = function.picked(thing.astype(np.int64) * m.n_periods + period[owner])
            left = left.plus(picked.times(coef).summed(owner, n))
        where = self.d["node_county"][node], period
        m.ledger.add_rows(Rows.of(m.ledger, family, m.columns, left, (-np.inf, 0.0), where))

    def _along_ways(self) -> None:
        """What is spent of pressure along the only way to a place, summed over its pipes."""
        m, ways = self.model, Ways(self.net)
        origins = np.array([o for o, n in enumerate(self.d["origin_node"]) if ways.arcs.get(int(n))], np.int64)
        if not len(origins):
            return
        node = self.d["origin_node"][origins]
        arcs = np.array([(i, a) for i, n in enumerate(node) for a in ways.arcs[int(n)]], np.int64)
        stations = np.array([(i, k) for i, n in enumerate(node) for k in ways.stations(int(n))], np.int64).reshape(-1, 2)
        served = m.at(m.connected, origins)
        fed = served.minus(m.sum(m.at(m.supplied, stations[:, 1]), stations[:, 0], len(origins)))
        source = self.net.source()[[ways.root(int(n)) for n in node]]
        need = self.net.potential(float(m.attrs["least"]))[node] - source
        lifted = m.sum(m.at(m.lifting, arcs[:, 1]), arcs[:, 0], len(origins))
        asked = fed.times(m.every(np.maximum(need, 0.0))).plus(served, m.every(np.minimum(need, 0.0)))
        m.at_least("way_loss", lifted.minus(self._own_losses(origins, arcs, fed)).minus(asked), node)
        lost = m.sum(m.at(m.loss, arcs[:, 1]), arcs[:, 0], len(origins))
        lowest = np.full(len(origins), np.inf)
        np.minimum.at(lowest, arcs[:, 0], self.bounds.low[self.d["arc_head"][arcs[:, 1]]])
        least = np.minimum(0.0, lowest - source)
        more = np.minimum(0.0, lowest[stations[:, 0]] - self.net.source()[stations[:, 1]])
        slack = m.sum(m.at(m.supplied, stations[:, 1]).times(m.every(more)), stations[:, 0], len(origins))
        left = lifted.minus(lost).minus(slack).minus(fed.times(m.every(need - least)))
        m.at_least("way_head", left, node, m.every(least))

    def _pieces(self) -> None:
        """Pieces whose states are all known, for rows that the solver finds (pipes_pieces.py)."""
        m, periods = self.model, np.arange(self.model.n_periods)[:, None]
        kinds = (m.connected, m.on, m.booster, m.station)
        matrix = sp.vstack([kind.matrix for kind in kinds], format="csr")
        constant = np.concatenate([kind.constant for kind in kinds])
        first = np.cumsum([0, *(len(kind.constant) for kind in kinds[:-1])])
        found = list(pieces(self.net, self.bounds.quantity, self.room))
        for piece in found[:1]:
            piece.states.most(0, np.zeros(len(piece.states.node)))  # compiled here: those who solve blocks would wait for it
        for piece in found:
            things = zip(first, piece.things, strict=True)
            rows = np.concatenate([start + of * m.n_periods for start, of in things]) + periods
            states = Linear(matrix[rows.ravel()], constant[rows.ravel()])
            m.ledger.hulls.append(Entered(m.columns, states, piece.states))

    def _own_losses(self, origins: np.ndarray, arcs: np.ndarray, fed: Linear) -> Linear:
        """What the wants of a place alone lose on the way to it: ``sum(largest * fed - (largest - loss) * on)``."""
        m = self.model
        sizes: list[list[int]] = [[] for _ in range(self.net.n_arcs)]
        for k, a in enumerate(self.d["size_arc"]):
            sizes[a].append(k)
        pair = np.repeat(np.arange(len(arcs)), [len(sizes[a]) for a in arcs[:, 1]])
        size = np.array([k for a in arcs[:, 1] for k in sizes[a]], np.int64)
        flow = self.d["quantity"][origins[arcs[pair, 0]]]
        loss = self.net.loss(np.repeat(size, m.n_periods), flow.ravel()).reshape(flow.shape)
        largest = np.zeros((len(arcs), m.n_periods))
        np.maximum.at(largest, pair, loss)
        saved = m.at(m.on, size).times(m.every(largest[pair] - loss))
        total = np.zeros((len(origins), m.n_periods))
        np.add.at(total, arcs[:, 0], largest)
        return fed.times(m.every(total)).minus(m.sum(saved, arcs[pair, 0], len(origins)))
