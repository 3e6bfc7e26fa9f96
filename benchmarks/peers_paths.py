"""Shortest paths by other programs on the same graph, one thread: each says how long a task takes and what it finds.

Programs that are not installed are left out (requirement set ``bench``). SciPy, NetworKit and igraph search from each
source alone, so that a sample of the sources tells the time of all; the same holds for pandana's pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from benchmarks.dimacs import Roads

os.environ.setdefault("OMP_NUM_THREADS", "1")

Table = np.ndarray


class Peer(NamedTuple):
    """A program: how many sources a sample has, and its answer for some sources and all nodes or some targets."""

    name: str
    sample: int
    times: Callable[[np.ndarray, np.ndarray | None], Table]


def lightest(roads: Roads) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs without loops and without all but the lightest of parallel ones, as most programs want them."""
    order = np.lexsort((roads.weight, roads.head, roads.tail))
    tail, head, weight = roads.tail[order], roads.head[order], roads.weight[order]
    new = np.ones(len(tail), np.bool_)
    new[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    new &= tail != head
    return tail[new], head[new], weight[new]


def scipy_matrix(roads: Roads) -> Any:
    """As a sparse matrix; zero weights as 1e-9, since SciPy drops zeros (sums are rounded afterwards)."""
    from scipy.sparse import csr_matrix

    tail, head, weight = lightest(roads)
    return csr_matrix((np.maximum(weight, 1e-9), (tail, head)), shape=(roads.n_nodes, roads.n_nodes))


def scipy_peer(roads: Roads) -> Peer:
    """SciPy's Dijkstra."""
    from scipy.sparse.csgraph import dijkstra

    matrix = scipy_matrix(roads)
    return Peer("scipy", 12, lambda sources, targets: _some(dijkstra(matrix, indices=sources), targets))


def networkit_peer(roads: Roads) -> Peer:
    """NetworKit's searches from some sources."""
    networkit = import_module("networkit")
    networkit.setNumberOfThreads(1)
    graph = networkit.GraphFromCoo(_coo(roads), n=roads.n_nodes, weighted=True, directed=True)

    def times(sources: np.ndarray, targets: np.ndarray | None) -> Table:
        search = networkit.distance.SPSP(graph, sources.tolist())
        search.run()
        found = np.asarray(search.getDistances(asarray=True))
        return _some(np.where(found >= 1e300, np.inf, found), targets)

    return Peer("networkit", 6, times)


def igraph_peer(roads: Roads) -> Peer:
    """Dijkstra of igraph."""
    igraph = import_module("igraph")
    tail, head, weight = lightest(roads)
    graph = igraph.Graph(n=roads.n_nodes, edges=np.stack([tail, head], axis=1), directed=True)
    weights = weight.tolist()
    return Peer("igraph", 4, lambda sources, targets: np.array(graph.distances(sources.tolist(), targets, weights)))


def rustworkx_peer(roads: Roads) -> Peer:
    """Dijkstra of rustworkx, one source at a time."""
    rustworkx = import_module("rustworkx")
    tail, head, weight = lightest(roads)
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(roads.n_nodes))
    graph.add_edges_from(list(zip(tail.tolist(), head.tolist(), weight.tolist(), strict=True)))

    def times(sources: np.ndarray, targets: np.ndarray | None) -> Table:
        table = np.full((len(sources), roads.n_nodes), np.inf)
        for row, source in zip(table, sources.tolist(), strict=True):
            found = rustworkx.digraph_dijkstra_shortest_path_lengths(graph, source, float)
            row[list(found.keys())] = list(found.values())
            row[source] = 0.0
        return _some(table, targets)

    return Peer("rustworkx", 2, times)


def pandana_peer(roads: Roads) -> Peer:
    """Contraction hierarchy of pandana, pair by pair; it cuts off after three decimals, so weights are thousandths and a little."""
    cyaccess = import_module("pandana.cyaccess").cyaccess
    tail, head, weight = lightest(roads)
    nodes = np.arange(roads.n_nodes, dtype=np.int64)
    edges = np.stack([tail, head], axis=1).astype(np.int64)
    network = cyaccess(nodes, np.zeros((len(nodes), 2)), edges, ((weight + 0.25) / 1000)[None, :], False)

    def times(sources: np.ndarray, targets: np.ndarray | None) -> Table:
        goals = nodes if targets is None else targets
        pairs = np.repeat(sources, len(goals)), np.tile(goals, len(sources))
        found = np.array(network.shortest_path_distances(*pairs)).reshape(len(sources), len(goals))
        return np.where(found > 4e6, np.inf, found * 1000)

    return Peer("pandana", 5, times)


MAKERS = {
    "scipy": scipy_peer,
    "networkit": networkit_peer,
    "igraph": igraph_peer,
    "rustworkx": rustworkx_peer,
    "pandana": pandana_peer,
}


def peers_of(roads: Roads, names: tuple[str, ...]) -> list[Peer]:
    """The programs of those names that are installed, ready to search a graph."""
    return [MAKERS[name](roads) for name in names if find_spec(name)]


def _coo(roads: Roads) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    tail, head, weight = lightest(roads)
    return weight.astype(np.float64), (tail.astype(np.uint64), head.astype(np.uint64))


def _some(table: Table, targets: np.ndarray | None) -> Table:
    return table if targets is None else table[:, targets]
