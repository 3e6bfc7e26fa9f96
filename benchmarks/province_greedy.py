"""What a list would afford: works in the order of worth per CNY, each in the first period whose money is enough for it."""

from __future__ import annotations

import numpy as np

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem
from optimizer.systems.registry import archetype


def afforded(problem: Problem) -> dict[int, int]:
    """Period in which each candidate that is worth something is begun; those that no period can pay are left out.

    The order is that of the archetypes' own greedy rules, which value each work on what those before it leave. A
    candidate counts with the cheapest size proposed, so that none is kept out by a size that need not be taken.
    """
    score: dict[int, float] = {}
    cheapest: dict[int, int] = {}
    cost, owner = problem.sequence["overnight_cost"].values, problem.sequence["transition_candidate"].values
    for system in problem.systems.values():
        for p, _, worth in archetype(system.archetype).greedy(problem, system):
            c = int(owner[p])
            score[c] = max(score.get(c, worth), worth)
            if c not in cheapest or cost[p] < cost[cheapest[c]]:
                cheapest[c] = p
    return _Shopping(problem, cheapest).begun(sorted(score, key=lambda c: (-score[c], c)))


class _Shopping:
    """Works bought one by one, each after the pipes that lead to it."""

    def __init__(self, problem: Problem, cheapest: dict[int, int]) -> None:
        self.purse, self.table, self.cheapest = Purse(problem), Timetable(problem), cheapest
        self.before = _upstream(problem)
        self.first: dict[int, int] = {}
        self.refused: set[int] = set()

    def begun(self, order: list[int]) -> dict[int, int]:
        """Periods of all that can be paid."""
        for c in order:
            self._buy(c)
        return self.first

    def _buy(self, candidate: int) -> bool:
        """Begin a work, and before it what it hangs on, in the first period that pays; whether it is begun."""
        if candidate in self.first or candidate in self.refused:
            return candidate in self.first
        self.refused.add(candidate)
        upstream = self.before.get(candidate)
        known = candidate in self.cheapest and (upstream is None or self._buy(upstream))
        after = self.first.get(upstream, 0) if upstream is not None else 0
        p = self.cheapest.get(candidate, 0)
        for t in self.table.starts[p] if known else ():
            if t >= after and self.purse.pays(candidate, self.table.spending(p, t)):
                self.first[candidate] = t
                self.refused.discard(candidate)
                return True
        return False


def _upstream(problem: Problem) -> dict[int, int]:
    """For pipes and what hangs on their ends: the pipe before them; none at a supply that stands."""
    before: dict[int, int] = {}
    for system in problem.systems.values():
        data = {str(n): v.values for n, v in system.data.variables.items()}
        if "arc_tail" not in data:
            continue
        pipe = dict(zip(data["size_arc"], problem.sequence["state_candidate"].values[data["size_state"]], strict=True))
        fed = {int(n) for n, c in zip(data["supply_node"], data["supply_candidate"], strict=True) if c < 0}
        into = {int(h): int(pipe[a]) for a, h in enumerate(data["arc_head"]) if a in pipe and int(h) not in fed}
        for a, c in pipe.items():
            if int(data["arc_tail"][a]) in into:
                before[int(c)] = into[int(data["arc_tail"][a])]
        for node, c in zip(data["origin_node"], data["origin_candidate"], strict=True):
            if int(node) in into:
                before[int(c)] = into[int(node)]
    return before


class Purse:
    """What is left of every source, by owner and period, money of earlier periods as far as it may be carried on."""

    def __init__(self, problem: Problem) -> None:
        funding = problem.funding
        self.left = funding["budget"].values.astype(float).copy()
        self.carried = self.left * funding["carry_over_share"].values.astype(float)[:, None, None]
        self.pooled, self.kind = funding["pooled"].values, funding["source_kind"].values
        self.most, self.own_share = funding["max_share"].values, funding["own_share"].values
        self.eligible, self.order = funding["eligible"].values, np.argsort(funding["preference"].values, kind="stable")
        rate, term = funding["bond_rate"].values.astype(float), funding["bond_term"].values.astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.repaid = np.where(rate > 0, rate / (1 - (1 + rate) ** -term), 1 / np.maximum(term, 1))
        self.room = funding["debt_service_ceiling"].values.astype(float).copy()
        self.county = problem.sequence["candidate_county"].values
        self.system = problem.system_of_candidate()

    def pays(self, candidate: int, spending: dict[int, int]) -> bool:
        """Pay for a work if every period's part can be paid; nothing is drawn otherwise."""
        if self.left.shape[0] == 0:
            return True
        kept = self.left.copy(), self.carried.copy(), self.room.copy()
        if all(self._draw(candidate, t, float(amount)) for t, amount in spending.items()):
            return True
        self.left, self.carried, self.room = kept
        return False

    def _draw(self, candidate: int, t: int, amount: float) -> bool:
        """Take a period's part: the county's least share first, then sources in their order, each to its most."""
        county = int(self.county[candidate])
        missing, taken = amount, np.zeros(len(self.order))
        wanted = [(k, self.own_share[county] * amount) for k in self.order if self.kind[k] == "own"]
        for k, most in [*wanted, *((k, amount) for k in self.order)]:
            if self.eligible[k, self.system[candidate]] and missing > 0:
                part = self._most(int(k), county, t, min(most, missing, self.most[k] * amount - taken[k]))
                taken[k] += part
                missing -= part
        own = sum(taken[k] for k in self.order if self.kind[k] == "own")
        return bool(missing <= 1.0 and own >= self.own_share[county] * amount - 1.0)

    def _most(self, k: int, county: int, t: int, asked: float) -> float:
        """Draw as much of what is asked as a source has and the county may repay."""
        owner = 0 if self.pooled[k] else county + 1
        part = max(0.0, min(asked, self._there(k, owner, t)))
        if self.kind[k] == "bond":
            part = min(part, max(0.0, float(self.room[county, t:].min())) / float(self.repaid[k]))
            self.room[county, t:] -= part * self.repaid[k]
        self._take(k, owner, t, part)
        return part

    def _there(self, k: int, owner: int, t: int) -> float:
        """What can be drawn in a period: its own money, and what may still be carried on from the one before."""
        before = min(float(self.carried[k, owner, t - 1]), self._there(k, owner, t - 1)) if t > 0 else 0.0
        return float(self.left[k, owner, t]) + before

    def _take(self, k: int, owner: int, t: int, amount: float) -> None:
        own = min(amount, float(self.left[k, owner, t]))
        self.left[k, owner, t] -= own
        if amount > own and t > 0:
            self.carried[k, owner, t - 1] -= amount - own
            self._take(k, owner, t - 1, amount - own)
