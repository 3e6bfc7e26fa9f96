"""Road graphs in the format of the ninth DIMACS challenge, with queries whose answers are known.

``.gr`` files hold lines ``a from to weight``; a line ``p sp nodes arcs`` says that nodes count from 1, without it they
count from 0. ``NAME.queries.csv`` beside a graph holds source, target, distance (-1: no way), numbered as in the graph.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from network_models.graph import Graph
from optimizer.errors import InputError


class Roads(NamedTuple):
    """A graph as arrays, nodes from 0; ``first`` is the number of its first node in the file and its queries."""

    name: str
    tail: np.ndarray
    head: np.ndarray
    weight: np.ndarray
    n_nodes: int
    first: int

    def graph(self, kind: type = np.int32) -> Graph:
        """As a graph: whole weights as milliseconds (int32), or as seconds (float64)."""
        return Graph.from_arrays(self.tail, self.head, self.weight.astype(kind), self.n_nodes)


def graph_files(folder: Path) -> list[Path]:
    """Graphs in a folder, smallest file first."""
    files = [file for file in folder.iterdir() if file.name.endswith((".gr", ".gr.gz"))]
    return sorted(files, key=lambda file: (file.stat().st_size, file.name))


def read_graph(path: Path) -> Roads:
    """Read a graph.

    Raises
    ------
    InputError
        A line that is none of the format, or a graph without arcs; the file and the line are named.
    """
    arcs, n, first = [], 0, 0
    with gzip.open(path, "rt", encoding="ascii") if path.suffix == ".gz" else path.open(encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            kind, *fields = line.split() or ["c"]
            try:
                if kind == "p":
                    n, first = int(fields[1]), 1
                elif kind == "a":
                    arcs.append((int(fields[0]), int(fields[1]), int(fields[2])))
                elif kind != "c":
                    raise ValueError(kind)
            except (ValueError, IndexError) as error:
                expected = "expected 'a FROM TO WEIGHT', 'p sp NODES ARCS' or 'c ...'"
                raise InputError(f"{path.name}, line {number}: found {line.strip()!r}; {expected}.") from error
    if not arcs:
        raise InputError(f"{path.name}: found no arcs; expected lines 'a FROM TO WEIGHT'.")
    tail, head, weight = np.array(arcs, np.int64).T
    n = n or int(max(tail.max(), head.max())) + 1
    return Roads(path.name.split(".gr")[0], tail - first, head - first, weight, n, first)


def read_queries(graph_path: Path, roads: Roads) -> np.ndarray:
    """Queries beside a graph, (n, 3) int64: source and target from 0, distance; empty where there are none.

    Raises
    ------
    InputError
        A line that is no query.
    """
    path = graph_path.with_name(f"{roads.name}.queries.csv")
    if not path.is_file():
        return np.empty((0, 3), np.int64)
    queries = []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines()[1:], 2):
        try:
            source, target, distance = (int(field) for field in line.split(","))
        except ValueError as error:
            raise InputError(f"{path.name}, line {number}: found {line!r}; expected SOURCE,TARGET,DISTANCE.") from error
        queries.append((source - roads.first, target - roads.first, distance))
    return np.array(queries, np.int64).reshape(-1, 3)


def road_like(n: int, seed: int = 1) -> Roads:
    """A road-like graph: random places numbered county by county, joined by a tree and short links, four speeds.

    About 1.4 roads a node, all both ways; weights are milliseconds.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(seed)
    places = rng.random((n, 2))
    county = np.floor(places * max(np.sqrt(n) / 8, 1)).astype(np.int64)
    places = places[np.lexsort((county[:, 0], county[:, 1]))]
    corners = Delaunay(places).simplices.astype(np.int64)
    pairs = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    u, v = np.unique(pairs[:, 0] * n + pairs[:, 1]) // n, np.unique(pairs[:, 0] * n + pairs[:, 1]) % n
    length = np.hypot(*(places[u] - places[v]).T)
    tree = minimum_spanning_tree(coo_matrix((length, (u, v)), shape=(n, n))).tocoo()
    low, high = np.minimum(tree.row, tree.col).astype(np.int64), np.maximum(tree.row, tree.col)
    kept = np.isin(u * n + v, low * n + high)
    rest = np.flatnonzero(~kept)
    short = np.argsort(length[rest] * rng.exponential(size=len(rest)))
    kept[rest[short[: max(int(1.4 * n) - int(kept.sum()), 0)]]] = True
    u, v, length = u[kept], v[kept], length[kept]
    speed = rng.choice([20.0, 40.0, 60.0, 100.0], len(u), p=[0.4, 0.35, 0.2, 0.05]) / 3.6
    metres = length * np.sqrt(n) * 400 * rng.uniform(1, 1.5, len(u))
    weight = np.maximum(metres / speed * 1000, 1).astype(np.int64)
    both = np.concatenate([u, v]), np.concatenate([v, u]), np.concatenate([weight, weight])
    return Roads(f"road-like {n}", *both, n, 0)
