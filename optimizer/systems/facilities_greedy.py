"""A first idea of what to build: sites by what they would add, per CNY, to those chosen before them."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protocol import Proposal


def greedy(problem: Problem, system: SystemProblem) -> list[Proposal]:
    """Starts worth making, best first, money left aside.

    Sites are chosen one by one by discounted net worth per CNY of overnight cost, each on the demand that those before
    it leave unserved, the best demand first up to a size's capacity; worths are brought up to date only when a site
    comes to the head of the queue (they fall but never rise). A chosen site proposes all its sizes that are worth their
    cost by themselves; what stands above the sites (centres) is proposed whole. Where value decides nothing (a pure
    coverage metric) everything is proposed.
    """
    choice = _Choice(problem, system)
    proposals = choice.run()
    if not proposals:
        proposals = [Proposal(p, starts[0], 0.0) for p, starts in choice.open_transitions(choice.site_of)]
    above = {int(c) for c in system.data["upper_candidate"].values if c >= 0}
    proposals += [Proposal(p, starts[0], 0.0) for p, starts in choice.open_transitions(above)]
    return sorted(proposals, key=lambda proposal: (-proposal.score, proposal.transition))


class _Choice:
    """Demand left to serve, and what a transition would add by serving some of it."""

    def __init__(self, problem: Problem, system: SystemProblem) -> None:
        self.problem, self.table = problem, Timetable(problem)
        self.seq = {str(n): v.values for n, v in problem.sequence.data_vars.items()}
        self.data = {str(n): v.values for n, v in system.data.variables.items()}
        self.left = self.data["quantity"].astype(float).copy()
        self.site_of = {int(c): j for j, c in enumerate(self.data["site_candidate"])}
        self.pairs = self._pairs_by_site(system.data.sizes["site"])
        horizon = problem.horizon
        self.today = np.array([horizon.discount(t) for t in range(horizon.n_periods)])
        self.flow_today = self.today * np.array(horizon.lengths)

    def _pairs_by_site(self, sites: int) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Origins and worth per unit of a site's pairs, best first, worthless ones left out."""
        onward = np.zeros(sites)
        if len(self.data["link_site"]):
            onward[:] = -np.inf
            np.maximum.at(onward, self.data["link_site"], self.data["link_value"].max(axis=1))
        value = self.data["pair_value"] + onward[self.data["pair_site"]]
        kept = np.flatnonzero(value > 0)
        order = kept[np.lexsort((-value[kept], self.data["pair_site"][kept]))]
        groups: dict[int, list[int]] = defaultdict(list)
        for k in order:
            groups[int(self.data["pair_site"][k])].append(int(k))
        return {j: (self.data["pair_origin"][ks], value[ks]) for j, ks in groups.items()}

    def open_transitions(self, candidates: Iterable[int]) -> list[tuple[int, tuple[int, ...]]]:
        """Transitions of some candidates that may start at all, with the periods they may start in."""
        owner, wanted = self.seq["transition_candidate"], set(candidates)
        return [(p, starts) for p, starts in enumerate(self.table.starts) if starts and int(owner[p]) in wanted]

    def run(self) -> list[Proposal]:
        """Choose sites until none adds anything."""
        out_of_first = self.seq["state_initial"][self.seq["from_state"]]
        alone = {p: self.score(p) for p, _ in self.open_transitions(self.site_of)}
        queue = [(-score, p) for p, score in alone.items() if score > 0 and out_of_first[p]]
        heapq.heapify(queue)
        chosen: dict[int, float] = {}
        while queue:
            _, p = heapq.heappop(queue)
            candidate = int(self.seq["transition_candidate"][p])
            score = 0.0 if candidate in chosen else self.score(p)
            if score > 0 and queue and score < -queue[0][0]:
                heapq.heappush(queue, (-score, p))
            elif score > 0:
                chosen[candidate] = score
                self._serve(p)
        owner = self.seq["transition_candidate"]
        return [
            Proposal(p, self.table.starts[p][0], chosen[int(owner[p])])
            for p, score in alone.items()
            if score > 0 and int(owner[p]) in chosen
        ]

    def score(self, p: int) -> float:
        """Discounted net worth per CNY of a transition started as early as it may, on the demand that is left."""
        start = self.table.starts[p][0]
        served = self.table.service(p, start)
        site = self.site_of[int(self.seq["transition_candidate"][p])]
        before, after = int(self.seq["from_state"][p]), int(self.seq["to_state"][p])
        yearly = self._worth(site, after) - self._worth(site, before)
        yearly -= self.seq["fixed_om"][after] - self.seq["fixed_om"][before]
        paid = sum(self.today[t] * amount for t, amount in self.table.spending(p, start).items())
        net = float((self.flow_today * yearly)[served:].sum()) - paid
        net += self.problem.horizon.discount_end() * self.table.residual(p, start)
        return float(net / max(1.0, float(self.seq["overnight_cost"][p])))

    def _worth(self, site: int, state: int) -> np.ndarray:
        """CNY a year that a state would serve, by period."""
        if site not in self.pairs:
            return np.zeros(len(self.today))
        origins, value = self.pairs[site]
        return np.asarray(value @ self._filled(origins, float(self.seq["capacity"][state])))

    def _filled(self, origins: np.ndarray, capacity: float) -> np.ndarray:
        """Units a year of each origin that a capacity serves, first come first served, (origin, period)."""
        wanted = self.left[origins]
        return np.clip(capacity - (np.cumsum(wanted, axis=0) - wanted), 0.0, wanted)

    def _serve(self, p: int) -> None:
        site = self.site_of[int(self.seq["transition_candidate"][p])]
        origins = self.pairs[site][0] if site in self.pairs else np.empty(0, np.int64)
        self.left[origins] -= self._filled(origins, float(self.seq["capacity"][self.seq["to_state"][p]]))
