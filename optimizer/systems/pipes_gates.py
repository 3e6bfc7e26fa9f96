"""Gates: nodes that every way to a place passes, and what can feed them so that the place has the pressure it needs. No Pyomo.

A place that is connected is fed through every gate on its way: by a pipe into the gate, or by a station that stands at it or
behind it. Only those count that leave the place its pressure when nothing but its own wants flows, in the largest sizes
everywhere else; whatever flows besides loses more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

import networkx as nx
import numpy as np

from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_reach import Reach

ROOT = -1
SLACK = 1e-6
"""Of a potential: by how much it may be short and still count."""


class Gates:
    """Gates of all places, as pairs with what feeds them.

    Parameters
    ----------
    origin, node
        (gate,) whose gate it is, and where.
    sizes
        (entry, 2) gate and size of pipes into it; ``size_fits`` (entry, period): whether it leaves the place its pressure.
    supplies
        (entry, 2) gate and supply at it or behind it; ``supply_fits`` (entry, period) likewise.
    possible
        (origin, period) whether something can feed every gate of a place.
    """

    def __init__(self, net: Network, reach: Reach) -> None:
        self.net, self.reach, self.d = net, reach, net.d
        self.periods = self.d["quantity"].shape[1]
        self._potentials()
        self.into: dict[int, list[int]] = defaultdict(list)
        for k, a in enumerate(self.d["size_arc"].tolist()):
            self.into[int(self.d["arc_head"][a])].append(k)
        found = [gate for o in range(net.n_origins) for gate in self._of(o)]
        self.origin = np.array([o for o, _, _ in found], np.int64)
        self.node = np.array([v for _, v, _ in found], np.int64)
        self.sizes = np.array([(g, k) for g, (_, v, _) in enumerate(found) for k in self.into[v]], np.int64).reshape(-1, 2)
        self.supplies = np.array([(g, s) for g, (_, _, near) in enumerate(found) for s in near], np.int64).reshape(-1, 2)
        self.size_fits, self.supply_fits = self._size_fits(), self._supply_fits()
        self.possible = self._possible()

    # ---- potentials at the wants of each place alone
    def _potentials(self) -> None:
        """Places of a part have a column each, and period by period of each."""
        d, part = self.d, self.reach.part
        of = part[d["origin_node"]]
        self.place = np.zeros(self.net.n_origins, np.int64)
        for p in np.unique(of):
            self.place[of == p] = np.arange((of == p).sum())
        width = int(self.place.max(initial=-1)) + 1
        flow = np.zeros((part.max(initial=-1) + 1, width, self.periods))
        flow[of, self.place] = d["quantity"]
        flow = flow.reshape(len(flow), -1)[part]
        at = np.repeat(d["origin_node"], self.periods), self._columns(np.arange(self.net.n_origins)).ravel()
        need = self.net.potential(float(self.net.attrs["least"]))[at[0]]
        self.high = self.reach.highest(flow)
        self.need = self.reach.needed(flow, np.column_stack(at), need)

    def _columns(self, origin: np.ndarray) -> np.ndarray:
        """(thing, period) columns of places."""
        return np.asarray(self.place[origin][:, None] * self.periods + np.arange(self.periods))

    def _size_fits(self) -> np.ndarray:
        gate, size = self.sizes.T
        origin, arc = self.origin[gate], self.d["size_arc"][size]
        columns, flow = self._columns(origin), self.d["quantity"][origin]
        lost = self.net.loss(np.repeat(size, self.periods), flow.ravel()).reshape(flow.shape) - self.reach.lift[arc, None]
        left = self.high[self.d["arc_tail"][arc][:, None], columns] - lost - self.need[self.node[gate][:, None], columns]
        return np.asarray((left >= -SLACK) & (flow <= self.d["size_capacity"][size][:, None] * (1 + SLACK)))

    def _supply_fits(self) -> np.ndarray:
        gate, supply = self.supplies.T
        origin, node = self.origin[gate], self.d["supply_node"][supply]
        left = self.net.source()[supply][:, None] - self.need[node[:, None], self._columns(origin)]
        return np.asarray((left >= -SLACK) & (self.d["quantity"][origin] <= self.reach.most[supply][:, None] * (1 + SLACK)))

    def _possible(self) -> np.ndarray:
        fed = np.zeros((len(self.node), self.periods), bool)
        np.logical_or.at(fed, self.sizes[:, 0], self.size_fits)
        np.logical_or.at(fed, self.supplies[:, 0], self.supply_fits)
        possible = np.ones((self.net.n_origins, self.periods), bool)
        np.logical_and.at(possible, self.origin, fed)
        return possible

    # ---- gates
    @cached_property
    def at(self) -> dict[int, list[int]]:
        """The gates at each node, one for each place behind it."""
        at: dict[int, list[int]] = defaultdict(list)
        for g, node in enumerate(self.node.tolist()):
            at[node].append(g)
        return at

    def stations(self, gates: list[int]) -> tuple[list[int], np.ndarray]:
        """Rows of the states of the stations at some gates or behind them, and (state, gate) at or behind which."""
        near = np.zeros((len(gates), self.net.n_supplies), bool)
        mine = np.flatnonzero(np.isin(self.supplies[:, 0], gates))
        near[np.searchsorted(gates, self.supplies[mine, 0]), self.supplies[mine, 1]] = True
        near = near[:, self.d["station_supply"]].T
        rows = np.flatnonzero(near.any(axis=1))
        return rows.tolist(), near[rows]

    @cached_property
    def _graph(self) -> nx.DiGraph:
        graph = nx.DiGraph(zip(self.d["arc_tail"].tolist(), self.d["arc_head"].tolist(), strict=True))
        graph.add_nodes_from(range(self.net.n_nodes))
        return graph

    @cached_property
    def _above(self) -> dict[int, int]:
        """The gate before each node on the ways from the main supplies."""
        graph = self._graph.copy()
        graph.add_edges_from((ROOT, int(self.d["supply_node"][k])) for k in self._main())
        return dict(nx.immediate_dominators(graph, ROOT))

    def _main(self) -> list[int]:
        """Supplies that stand, and in parts without one the station that comes first."""
        part = self.reach.part[self.d["supply_node"]]
        standing = [k for k in range(self.net.n_supplies) if self.d["supply_candidate"][k] < 0]
        have = {int(part[k]) for k in standing}
        first: dict[int, int] = {}
        for k in range(self.net.n_supplies):
            if int(part[k]) not in have:
                first.setdefault(int(part[k]), k)
        return [*standing, *first.values()]

    def _chain(self, node: int) -> Iterator[int]:
        """A node and the gates before it."""
        yield node
        while (above := self._above.get(node, ROOT)) not in (ROOT, node):
            yield (node := above)

    def _of(self, origin: int) -> Iterator[tuple[int, int, list[int]]]:
        """The gates of a place, each with the supplies at it and behind it; the last is where one stands."""
        node = int(self.d["origin_node"][origin])
        for gate in self._chain(node):
            near = [self.net.fed_by[n] for n in sorted(self._behind(node, gate)) if n in self.net.fed_by]
            if any(self.d["supply_candidate"][k] < 0 for k in near):
                return
            yield origin, gate, near

    def _behind(self, node: int, gate: int) -> set[int]:
        """The gate, and nodes from which ways lead to a node without it."""
        seen, front = {gate, node}, [] if node == gate else [node]
        while front:
            for before in self._graph.pred[front.pop()]:
                if before not in seen:
                    seen.add(before)
                    front.append(before)
        return seen
