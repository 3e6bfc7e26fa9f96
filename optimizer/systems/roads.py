"""Travel on a region's roads, many-to-many: minutes and kilometres along the fastest way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network_models.graph import Graph
from network_models.paths import ways
from optimizer.region import Region
from optimizer.systems.tables import rows


@dataclass(frozen=True)
class Arcs:
    """The link table as arcs; both ways of a link that is not directed.

    Parameters
    ----------
    nodes
        Position of every node id.
    tail, head
        (arc,) node positions.
    seconds, km
        (arc,) free-flow travel time and length.
    """

    nodes: dict[str, int]
    tail: np.ndarray
    head: np.ndarray
    seconds: np.ndarray
    km: np.ndarray


def arcs_of(region: Region) -> Arcs:
    """Read the road arcs of a region (node.csv, link.csv)."""
    link = rows(region, "link")
    nodes = {str(n): i for i, n in enumerate(rows(region, "node")["node_id"])}
    tail = link["from_node_id"].astype(str).map(nodes).to_numpy(np.int64)
    head = link["to_node_id"].astype(str).map(nodes).to_numpy(np.int64)
    km, speed = link["length"].to_numpy(float), link["free_speed"].to_numpy(float)
    both = link["directed"].to_numpy(float) == 0
    return Arcs(
        nodes,
        np.concatenate([tail, head[both]]),
        np.concatenate([head, tail[both]]),
        np.concatenate([km / speed, (km / speed)[both]]) * 3600,
        np.concatenate([km, km[both]]),
    )


@dataclass(frozen=True)
class Roads:
    """Travel between places of a region."""

    arcs: Arcs
    graph: Graph
    node_of: dict[str, int]

    @classmethod
    def of(cls, region: Region) -> Roads:
        """Roads of a region, with the node of every place."""
        arcs = arcs_of(region)
        graph = Graph.from_arrays(arcs.tail, arcs.head, arcs.seconds, len(arcs.nodes))
        return cls(arcs, graph, node_of_place(region, arcs))

    def travel(self, sources: list[str], targets: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Minutes and km from every source place to every target place, (sources, targets), inf where none leads.

        Searches from the smaller side, against the arcs where that is the targets'.
        """
        start, goal = self._nodes(sources), self._nodes(targets)
        if len(goal) < len(start):
            found = ways(self.graph.reverse(), goal, start, self.arcs.km)
            return found.seconds.T / 60, found.carried.T
        found = ways(self.graph, start, goal, self.arcs.km)
        return found.seconds / 60, found.carried

    def _nodes(self, places: list[str]) -> np.ndarray:
        return np.array([self.node_of[p] for p in places], np.int64)


def node_of_place(region: Region, arcs: Arcs) -> dict[str, int]:
    """Position in the graph of every place."""
    places = rows(region, "places")
    pairs = zip(places["place_id"].astype(str), places["node_id"].astype(str), strict=True)
    return {place: arcs.nodes[node] for place, node in pairs if node in arcs.nodes}
