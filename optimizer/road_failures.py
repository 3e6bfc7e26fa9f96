"""N-1 of roads: what a plan loses when a single link of the road network is cut, for every link that it uses."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from network_models.graph import Graph
from network_models.paths import route, ways
from optimizer.config import RunConfig
from optimizer.contingency import Loss, ranked
from optimizer.evaluate import Evaluator
from optimizer.region import Region
from optimizer.systems.evaluation import Journeys, Leg
from optimizer.systems.registry import journeys_of
from optimizer.systems.roads import Roads
from optimizer.systems.tables import records, rows

ROAD = "road"


class _Use(NamedTuple):
    """A leg (row) of a system's journeys."""

    system: str
    row: int


def road_failures(evaluator: Evaluator, region: Region, config: RunConfig) -> pd.DataFrame:
    """Loss by every single road link that fails for good, both its ways: rows by value lost, the largest first.

    What the plan carries takes the fastest way that is left. A link that no journey of the plan uses takes nothing.

    Returns
    -------
    Columns of :class:`optimizer.contingency.Loss`.
    """
    carried: dict[str, Journeys] = {}
    for name, system in evaluator.problem.systems.items():
        find = journeys_of(system.archetype)
        if find is not None:
            settings = config.system[name].settings
            carried[name] = find(region, settings, config.objective.values, evaluator.problem, system, evaluator.plan)
    network = _Network(region, {name: list(one.legs) for name, one in carried.items()})
    found: list[Loss] = []
    for link, uses in network.users.items():
        for name, (which, minutes, km) in network.without(link, uses).items():
            value, served = carried[name].lost(which, minutes, km)
            loss = Loss(network.ids[link], ROAD, network.county[link], name, evaluator.mean(served), evaluator.discounted(value))
            if loss.served_lost > 0 or loss.value_lost > 0:
                found.append(loss)
    return ranked(found)


class _Network:
    """Roads, searched against the arcs from where journeys end.

    Attributes
    ----------
    users
        By link, the legs whose way leads over it.
    """

    def __init__(self, region: Region, legs: dict[str, list[Leg]]) -> None:
        self.roads, self.legs = Roads.of(region), legs
        links, node = records(rows(region, "link")), {str(r["node_id"]): r for r in records(rows(region, "node"))}
        self.ids = [str(r["link_id"]) for r in links]
        self.county = [str(node[str(r["from_node_id"])]["zone_id"] or "") for r in links]
        both = np.flatnonzero(rows(region, "link")["directed"].to_numpy(float) == 0)
        self.link_of = np.concatenate([np.arange(len(links)), both])
        arcs = self.roads.arcs
        self.back = Graph.from_arrays(arcs.head, arcs.tail, arcs.seconds, len(arcs.nodes))

    def _ends(self, use: _Use) -> tuple[int, list[int]]:
        leg = self.legs[use.system][use.row]
        return self.roads.node_of[leg.head], [self.roads.node_of[p] for p in leg.tails]

    @cached_property
    def users(self) -> dict[int, list[_Use]]:
        found: dict[int, list[_Use]] = defaultdict(list)
        for name, listed in self.legs.items():
            for row in range(len(listed)):
                use = _Use(name, row)
                for link in self._way(*self._ends(use)):
                    found[link].append(use)
        return dict(sorted(found.items()))

    def _way(self, head: int, tails: list[int]) -> list[int]:
        """Links on the way to a node from the nearest of some."""
        if head in tails:
            return []
        nearest = tails[0]
        if len(tails) > 1:
            nearest = tails[int(ways(self.back, [head], tails, self.roads.arcs.km).seconds[0].argmin())]
        _, arcs = route(self.back, head, nearest, self.roads.arcs.km)
        return sorted({int(self.link_of[a]) for a in arcs})

    def without(self, link: int, uses: list[_Use]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """By system, legs with minutes and km along what is left of the roads."""
        arcs = self.roads.arcs
        left = self.back.with_weights(np.where(self.link_of == link, np.inf, arcs.seconds))
        by_head: dict[int, list[tuple[_Use, list[int]]]] = defaultdict(list)
        for use in uses:
            head, tails = self._ends(use)
            by_head[head].append((use, tails))
        found: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
        for head, listed in by_head.items():
            nodes = sorted({n for _, tails in listed for n in tails})
            seen = ways(left, [head], nodes, arcs.km)
            place = {n: i for i, n in enumerate(nodes)}
            for use, tails in listed:
                at = [place[n] for n in tails]
                best = at[int(seen.seconds[0, at].argmin())]
                found[use.system].append((use.row, seen.seconds[0, best] / 60, seen.carried[0, best]))
        return {
            name: (np.array([r for r, _, _ in one]), np.array([m for _, m, _ in one]), np.array([k for _, _, k in one]))
            for name, one in found.items()
        }
