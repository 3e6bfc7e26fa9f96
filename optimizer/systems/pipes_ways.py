"""Where only one way leads to a node: the arcs on it, and what any plan must spend of pressure along it. No Pyomo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.systems.pipes_network import NONE, Network


@dataclass(frozen=True)
class Ways:
    """Ways from a supply that stands to the nodes that no other way of pipes leads to.

    Parameters
    ----------
    net
        The network.
    """

    net: Network

    @cached_property
    def into(self) -> np.ndarray:
        """(node,) the only arc into a node, -1 where there is none or more than one."""
        d, n = self.net.d, self.net.n_nodes
        count = np.bincount(d["arc_head"], minlength=n)
        into = np.full(n, NONE)
        into[d["arc_head"]] = np.arange(self.net.n_arcs)
        return np.where(count == 1, into, NONE)

    @cached_property
    def arcs(self) -> dict[int, list[int]]:
        """Arcs on the way to each node, the first one first; nodes that may be reached otherwise are left out."""
        found: dict[int, list[int]] = {n: [] for n in self.roots}
        front = sorted(found)
        leaving: dict[int, list[int]] = {}
        for a in self.into[self.into >= 0]:
            leaving.setdefault(int(self.net.d["arc_tail"][a]), []).append(int(a))
        while front:
            node = front.pop()
            for a in leaving.get(node, []):
                head = int(self.net.d["arc_head"][a])
                found[head] = [*found[node], a]
                front.append(head)
        return found

    @cached_property
    def roots(self) -> dict[int, int]:
        """Supplies that stand, by node, where no pipe leads."""
        d = self.net.d
        entered = set(d["arc_head"].tolist())
        standing = np.flatnonzero(d["supply_candidate"] < 0)
        return {int(d["supply_node"][k]): int(k) for k in standing if int(d["supply_node"][k]) not in entered}

    def root(self, node: int) -> int:
        """The supply at the beginning of the way to a node."""
        arcs = self.arcs[node]
        return self.roots[int(self.net.d["arc_tail"][arcs[0]])] if arcs else self.roots[node]

    def stations(self, node: int) -> list[int]:
        """Supplies that could be built on the way, each of which would cut off what comes before it."""
        nodes = [int(self.net.d["arc_head"][a]) for a in self.arcs[node]]
        return [self.net.fed_by[n] for n in nodes if n in self.net.fed_by]
