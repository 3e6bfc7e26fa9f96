"""A first idea of what to build: branches that are worth their pipes, with diameters that hold pressure."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_network import Network, Standing
from optimizer.systems.protocol import Proposal


def greedy(problem: Problem, system: SystemProblem) -> list[Proposal]:
    """Starts worth making, best first, money left aside.

    A tree of the shortest ways from the supplies is pruned from its ends: a branch stays where what it brings over the
    horizon exceeds the cost of its pipes, connections and stations. Its pipes get the smallest size that carries the
    flow; where the pressure is short, the pipe on the way that loses most is enlarged until it holds. Boosters and
    reducers on the way are proposed too.
    """
    return _Greedy(problem, system).run()


class _Greedy:
    def __init__(self, problem: Problem, system: SystemProblem) -> None:
        self.problem, self.net = problem, Network(system)
        self.d, self.table = self.net.d, Timetable(problem)
        self.seq = {str(n): problem.sequence[n].values for n in problem.sequence.data_vars}
        horizon = problem.horizon
        self.weight = np.array([horizon.discount(t) * n for t, n in enumerate(horizon.lengths)])
        self.into: dict[int, list[int]] = defaultdict(list)
        for p, state in enumerate(self.seq["to_state"]):
            self.into[int(state)].append(p)
        self.sizes: dict[int, list[int]] = defaultdict(list)
        for k in np.argsort(self.d["size_diameter"], kind="stable"):
            self.sizes[int(self.d["size_arc"][k])].append(int(k))

    def run(self) -> list[Proposal]:
        """Prune, size, propose."""
        everything = self._standing(np.ones(self.net.n_arcs, bool))
        order = self._order(everything)
        last = int(np.argmax(self.d["quantity"].sum(axis=0)))
        drawn = self.net.drawn(np.ones(self.net.n_origins), last)
        worth, keep = self._prune(order)
        order = order[keep[order]]
        nodes = self.net.fed(everything, order)
        flow = self.net.flows(order, np.where(nodes, drawn, 0.0))
        size = self._sized(everything, order, flow)
        return sorted(self._proposals(order, nodes, size, worth), key=lambda p: -p.score)

    def _standing(self, lying: np.ndarray) -> Standing:
        """Every pipe at its smallest size, every supply."""
        size = np.array([self.sizes[a][0] if lying[a] and self.sizes[a] else -1 for a in range(self.net.n_arcs)], int)
        lift = np.zeros(self.net.n_arcs)
        np.maximum.at(lift, self.d["lift_arc"], self.d["lift_height"])
        supply = np.full(self.net.n_supplies, np.inf)
        no = np.zeros(self.net.n_arcs, bool)
        return Standing(size, lift, no, supply, np.ones(self.net.n_origins, bool))

    def _order(self, standing: Standing) -> np.ndarray:
        return self.net.order(standing)

    def _cost(self, state: int) -> float:
        """CNY of the cheapest way into a state; 0 where it stands, inf where it cannot be reached."""
        if self.seq["state_initial"][state]:
            return 0.0
        costs = [float(self.seq["overnight_cost"][p]) for p in self.into[state] if self.table.starts[p]]
        return min(costs, default=np.inf)

    def _prune(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(node,) what a node and the branches behind it bring, CNY today; (arc,) whether its branch is worth it."""
        worth, keep = np.zeros(self.net.n_nodes), np.zeros(self.net.n_arcs, bool)
        left = float(self.problem.horizon.discount_end())
        gain = float(self.net.attrs["gain"]) - self._supply_cost(order)
        for o, node in enumerate(self.d["origin_node"]):
            states = self.d["connect_state"][self.d["connect_origin"] == o]
            cost = min((self._cost(int(s)) for s in states), default=np.inf)
            yearly = float(self.weight @ self.d["quantity"][o])
            worth[node] += max(0.0, gain[node] * yearly - cost * (1 - 0.8 * left)) if np.isfinite(cost) else 0.0
        for a in order[::-1]:
            cost = min((self._cost(int(self.d["size_state"][k])) for k in self.sizes[int(a)]), default=np.inf)
            net = worth[self.d["arc_head"][a]] - cost * (1 - 0.8 * left)
            keep[a] = net > 0 and np.isfinite(net)
            worth[self.d["arc_tail"][a]] += max(0.0, net) if keep[a] else 0.0
        for a in order:
            tail = self.d["arc_tail"][a]
            before = [b for b in order if self.d["arc_head"][b] == tail]
            keep[a] &= all(keep[b] for b in before)
        return worth, keep

    def _supply_cost(self, order: np.ndarray) -> np.ndarray:
        """(node,) CNY a unit at the supply that feeds it."""
        cost = np.zeros(self.net.n_nodes)
        cost[self.d["supply_node"]] = self.d["supply_cost"]
        for a in order:
            cost[self.d["arc_head"][a]] = cost[self.d["arc_tail"][a]]
        return cost

    def _sized(self, standing: Standing, order: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """(arc,) size: carries the flow, and leaves enough pressure everywhere on the way as far as any does."""
        size = np.full(self.net.n_arcs, -1)
        for a in order:
            fit = [k for k in self.sizes[int(a)] if self.d["size_capacity"][k] >= flow[a]]
            size[a] = fit[0] if fit else self.sizes[int(a)][-1]
        before = {int(self.d["arc_head"][a]): int(a) for a in order}
        need = self.net.potential(float(self.net.attrs["least"]))
        for _ in range(2 * len(order) * max((len(k) for k in self.sizes.values()), default=1)):
            now = Standing(size, standing.lift, standing.reduced, standing.supply, standing.connected)
            lost = self.net.losses(now, flow)
            at = self.net.potentials(now, order, lost)
            short = np.where(np.isnan(at), -np.inf, need - at)
            if not self._enlarge(size, lost, before, short):
                return size
        return size

    def _enlarge(self, size: np.ndarray, lost: np.ndarray, before: dict[int, int], short: np.ndarray) -> bool:
        """Enlarge the pipe that loses most on the way to the worst node that can still be helped."""
        for node in np.argsort(-short, kind="stable"):
            if short[node] <= 0:
                return False
            way, n = [], int(node)
            while n in before:
                way.append(before[n])
                n = int(self.d["arc_tail"][before[n]])
            can = [a for a in way if self.sizes[a].index(int(size[a])) + 1 < len(self.sizes[a])]
            if can:
                worst = max(can, key=lambda a: float(lost[a]))
                size[worst] = self.sizes[worst][self.sizes[worst].index(int(size[worst])) + 1]
                return True
        return False

    def _proposals(self, order: np.ndarray, nodes: np.ndarray, size: np.ndarray, worth: np.ndarray) -> list[Proposal]:
        kept = set(order.tolist())
        wanted = [(int(self.d["size_state"][size[a]]), int(self.d["arc_head"][a])) for a in order]
        for name in ("lift", "reduce"):
            pairs = zip(self.d[f"{name}_arc"], self.d[f"{name}_state"], strict=True)
            wanted += [(int(s), int(self.d["arc_head"][a])) for a, s in pairs if int(a) in kept]
        wanted += [(int(s), int(self.d["origin_node"][o])) for o, s in
                   zip(self.d["connect_origin"], self.d["connect_state"], strict=True)
                   if nodes[self.d["origin_node"][o]]]  # fmt: skip
        wanted += [(int(s), int(self.d["supply_node"][k])) for k, s in
                   zip(self.d["station_supply"], self.d["station_state"], strict=True)
                   if worth[self.d["supply_node"][k]] > 0]  # fmt: skip
        return [
            Proposal(p, self.table.starts[p][0], float(worth[node]) / max(1.0, float(self.seq["overnight_cost"][p])))
            for state, node in wanted
            for p in self.into[state]
            if self.table.starts[p]
        ]
