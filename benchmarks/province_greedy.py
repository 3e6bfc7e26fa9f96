"""What a list would afford: works in the order of worth per CNY, each in the first period whose money is enough for it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.registry import archetype


@dataclass
class Bundle:
    """What is bought together: works in order, worth per CNY by a rule that looks at what is bought already."""

    works: tuple[int, ...]
    score: Callable[[set[int]], float]


def afforded(problem: Problem) -> dict[int, tuple[int, int]]:
    """First and last period in which each candidate that is bought may begin (the same but for devices on pipes).

    Bundles are bought by worth per CNY, highest first, valued anew as others are bought, each in the first period whose
    money is enough. A site is valued by its archetype's greedy rule on what the sites before it leave; a connection on
    pipes with the pipes to it that are not there yet. Boosters, reducers and stations may come when they help.
    """
    proposed = _proposed(problem)
    last = problem.horizon.n_periods - 1
    bundles: list[Bundle] = []
    windows: dict[int, tuple[int, int]] = {}
    for system in problem.systems.values():
        data = {str(n): v.values for n, v in system.data.variables.items()}
        mine = proposed[system.name]
        if "arc_tail" in data:
            joined = _connections(problem, system, data, mine)
            bundles += joined
            on_pipes = {c for b in joined for c in b.works}
            windows |= {c: (0, last) for c in mine if c not in on_pipes and c not in data["origin_candidate"]}
        else:
            bundles += [Bundle((c,), partial(_as_stated, worth)) for c, (_, worth) in mine.items()]
    transition = {c: p for mine in proposed.values() for c, (p, _) in mine.items()}
    begun = _bought(problem, bundles, transition)
    return windows | {c: (t, t) for c, t in begun.items()}


def _proposed(problem: Problem) -> dict[str, dict[int, tuple[int, float]]]:
    """By system, for each candidate that its archetype proposes: the cheapest transition proposed, and the best worth."""
    cost, owner = problem.sequence["overnight_cost"].values, problem.sequence["transition_candidate"].values
    found: dict[str, dict[int, tuple[int, float]]] = {}
    for system in problem.systems.values():
        mine = found.setdefault(system.name, {})
        for p, _, worth in archetype(system.archetype).greedy(problem, system):
            c = int(owner[p])
            known, best = mine.get(c, (p, worth))
            mine[c] = (p if cost[p] < cost[known] else known, max(best, worth))
    return found


def _connections(
    problem: Problem, system: SystemProblem, data: dict[str, np.ndarray], proposed: dict[int, tuple[int, float]]
) -> list[Bundle]:
    """Each place that the archetype would connect, with the pipes on its way from a supply that stands."""
    horizon, cost = problem.horizon, problem.sequence["overnight_cost"].values.astype(float)
    weight = np.array([horizon.discount(t) * n for t, n in enumerate(horizon.lengths)])
    weight[0] = 0.0  # works begun in the first period serve from the second
    pipe = dict(zip(data["size_arc"], problem.sequence["state_candidate"].values[data["size_state"]], strict=True))
    fed = {int(n) for n, c in zip(data["supply_node"], data["supply_candidate"], strict=True) if c < 0}
    into = {int(data["arc_head"][a]): (int(c), int(data["arc_tail"][a])) for a, c in pipe.items() if int(c) in proposed}
    gain = float(system.data.attrs["gain"]) - float(data["supply_cost"].min())
    kept = 1 - 0.8 * horizon.discount_end()  # of the cost, after what is left of it at the end
    bundles = []
    for o, c in enumerate(data["origin_candidate"]):
        way, node = [int(c)], int(data["origin_node"][o])
        while node not in fed and node in into:
            way.append(into[node][0])
            node = into[node][1]
        if node in fed and all(w in proposed for w in way):
            worth = gain * float(weight @ data["quantity"][o])
            costs = {w: float(cost[proposed[w][0]]) for w in way}
            bundles.append(Bundle(tuple(way[::-1]), partial(_worth_of_way, worth, costs, kept)))
    return bundles


def _as_stated(worth: float, bought: set[int]) -> float:
    """The worth per CNY of a work that hangs on no other."""
    del bought
    return worth


def _worth_of_way(worth: float, costs: dict[int, float], kept: float, bought: set[int]) -> float:
    """Net worth per CNY of what is not bought yet."""
    missing = sum(c for w, c in costs.items() if w not in bought)
    return (worth - kept * missing) / max(1.0, missing)


def _bought(problem: Problem, bundles: list[Bundle], transition: dict[int, int]) -> dict[int, int]:
    """Period of every work bought; a bundle that no period can pay is passed over."""
    purse, table = Purse(problem), Timetable(problem)
    first: dict[int, int] = {}
    bought: set[int] = set()
    shared: dict[int, list[int]] = defaultdict(list)
    for i, bundle in enumerate(bundles):
        for w in bundle.works:
            shared[w].append(i)
    queue = [(-b.score(bought), i) for i, b in enumerate(bundles)]
    heapq.heapify(queue)
    done: set[int] = set()
    while queue:
        score, i = heapq.heappop(queue)
        if i in done or -score <= 0:
            continue
        if bundles[i].score(bought) != -score:
            continue  # valued anew further up
        done.add(i)
        for w in _pay(bundles[i].works, transition, first, purse, table):
            bought.add(w)
            for k in shared[w]:
                if k not in done:
                    heapq.heappush(queue, (-bundles[k].score(bought), k))
    return first


def _pay(
    works: tuple[int, ...], transition: dict[int, int], first: dict[int, int], purse: Purse, table: Timetable
) -> list[int]:
    """Begin the works of a bundle that are not begun, all or none, each as early as money allows and not before the last."""
    kept, now = purse.state(), 0
    mine: list[int] = []
    for w in works:
        if w in first:
            now = max(now, first[w])
            continue
        p = transition[w]
        when = (t for t in table.starts[p] if t >= now and purse.pays(w, table.spending(p, t)))
        now = next(when, -1)
        if now < 0:
            purse.restore(kept)
            for m in mine:
                del first[m]
            return []
        first[w] = now
        mine.append(w)
    return mine


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
        kept = self.state()
        if all(self._draw(candidate, t, float(amount)) for t, amount in spending.items()):
            return True
        self.restore(kept)
        return False

    def state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is left now, to come back to."""
        return self.left.copy(), self.carried.copy(), self.room.copy()

    def restore(self, state: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        """Come back to what was left."""
        self.left, self.carried, self.room = state

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
