"""The best plan of a tiny problem by trying every pattern of starts (docs/formulation.md, worked out a third time).

Every candidate has a short list of schedules; every combination of them is a pattern. Rules of time are checked on all
patterns at once, payments and services by linear programmes (tests/brute_linear.py) for the patterns that may be best.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from optimizer.problem import ANY, EpsilonBound, Problem
from tests.brute_linear import MILLION, Services, payable

NEVER = 99
Starts = tuple[tuple[int, int], ...]


class Calendar:
    """Years and periods of a problem, and what single transitions cost when."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.lengths = problem, problem.horizon.lengths
        self.periods, self.rate = len(self.lengths), problem.horizon.discount_rate
        self.first = problem.horizon.first_year
        self.period_of = {}
        for t, length in enumerate(self.lengths):
            for _ in range(length):
                self.period_of[self.first + len(self.period_of)] = t
        self.end = self.first + len(self.period_of)
        self.begins = [min(y for y, t in self.period_of.items() if t == period) for period in range(self.periods)]
        self.column = {str(n): problem.sequence[n].values for n in problem.sequence.data_vars}

    def discount(self, t: int) -> float:
        return (1 + self.rate) ** -(self.begins[t] - self.first + self.lengths[t] / 2)

    def serves(self, p: int, start: int) -> int:
        """First period in service."""
        lead = int(self.column["lead_years"][p])
        return start if lead == 0 else self.serves_from(self.begins[start] + lead)

    def serves_from(self, year: int) -> int:
        return min((t for t in range(self.periods) if self.begins[t] >= year), default=self.periods)

    def construction(self, p: int, start: int) -> list[tuple[int, int]]:
        """(year, CNY) of the works themselves."""
        shares = [Fraction(str(round(float(s), 9))) for s in self.column["spend_share"][p]]
        while len(shares) > 1 and shares[-1] == 0:
            shares.pop()
        exact = [int(self.column["overnight_cost"][p]) * s for s in shares]
        whole = [int(e) for e in exact]
        by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
        for i in by_remainder[: int(self.column["overnight_cost"][p]) - sum(whole)]:
            whole[i] += 1
        return [(self.begins[start] + i, amount) for i, amount in enumerate(whole)]

    def replacements(self, p: int, year: int) -> list[tuple[int, int]]:
        life, cost = int(self.column["lifetime"][p]), int(self.column["overnight_cost"][p])
        return [(y, cost) for y in self.period_of if y > year and (y - year) % life == 0]

    def by_period(self, paid: list[tuple[int, int]]) -> np.ndarray:
        spent = np.zeros(self.periods, np.int64)
        for year, amount in paid:
            if year in self.period_of:
                spent[self.period_of[year]] += amount
        return spent

    def residual(self, p: int, served_year: int) -> float:
        """CNY at the end of the horizon."""
        life, age = int(self.column["lifetime"][p]), self.end - served_year
        while age >= life:
            age -= life
        if age == 0:
            return 0.0
        cost, r = float(self.column["overnight_cost"][p]), self.rate
        return cost * (life - age) / life if r == 0 else cost * (1 - (1 + r) ** (age - life)) / (1 - (1 + r) ** -life)


@dataclass(frozen=True)
class Schedule:
    """One way a candidate can go, and what follows from it by period."""

    starts: Starts
    state: np.ndarray
    spending: np.ndarray
    worth: float
    under_way: np.ndarray
    used: np.ndarray
    arrivals: dict[int, int]

    @property
    def touched(self) -> bool:
        return bool(self.starts) or bool(self.arrivals)

    def begun(self, periods: int) -> np.ndarray:
        return np.array([any(t == s for _, s in self.starts) for t in range(periods)])


def schedules(problem: Problem, candidate: int) -> list[Schedule]:
    """Every schedule of a candidate that obeys the rules which concern it alone."""
    return list(_Candidate(problem, candidate).schedules())


class _Candidate:
    def __init__(self, problem: Problem, candidate: int) -> None:
        self.problem, self.candidate, self.calendar = problem, candidate, Calendar(problem)
        self.column = self.calendar.column
        self.mine = [int(p) for p in np.flatnonzero(self.column["transition_candidate"] == candidate)]
        self.initial = next(
            int(s)
            for s in np.flatnonzero(self.column["state_initial"])
            if self.column["state_candidate"][s] == candidate
        )
        mine = [lock for lock in problem.locks if lock.transition in self.mine]
        self.flying = {lock.transition: lock for lock in mine if lock.kind == "in_flight"}
        self.fixed = [(k.transition, self.calendar.period_of.get(k.year)) for k in mine if k.kind == "fixed"]
        self.forbidden = {lock.transition for lock in mine if lock.kind == "forbidden"}

    def schedules(self) -> Iterator[Schedule]:
        for starts in self._ways(self.initial, 0, ()):
            if all(lock in starts for lock in self.fixed):
                yield self._describe(starts)

    def _ways(self, state: int, since: int, so_far: Starts) -> Iterator[Starts]:
        """Continue from a state that is in service since a period."""
        out = [p for p in self.mine if self.column["from_state"][p] == state]
        flying = [p for p in out if p in self.flying]
        if flying:
            arrival = self.calendar.serves_from(self.flying[flying[0]].year)
            yield from self._ways(int(self.column["to_state"][flying[0]]), arrival, so_far)
            return
        yield so_far
        for p in out:
            for t in range(since, self.calendar.periods):
                if self._may_start(p, t):
                    yield from self._ways(
                        int(self.column["to_state"][p]), self.calendar.serves(p, t), (*so_far, (p, t))
                    )

    def _may_start(self, p: int, t: int) -> bool:
        year = self.calendar.begins[t]
        if (
            p in self.forbidden
            or not self.column["earliest_year"][self.candidate] <= year <= self.column["latest_year"][self.candidate]
        ):
            return False
        ended = (
            self.calendar.serves(p, t) < self.calendar.periods
            and max(self.calendar.construction(p, t))[0] < self.calendar.end
        )
        return ended or self.problem.horizon.allow_unfinished

    def _describe(self, starts: Starts) -> Schedule:
        calendar, periods = self.calendar, self.calendar.periods
        spending, under_way = np.zeros(periods, np.int64), np.zeros(periods, np.int64)
        used = np.zeros((self.column["resource_use"].shape[1], periods))
        residual, arrivals = 0.0, {}
        for p, t in starts:
            paid, arrivals[p] = calendar.by_period(calendar.construction(p, t)), calendar.serves(p, t)
            under_way[t : max(t + 1, arrivals[p])] += 1
            used[:, t] += self.column["resource_use"][p]
            if arrivals[p] < periods:
                served = calendar.begins[arrivals[p]]
                paid += calendar.by_period(calendar.replacements(p, served))
                residual += calendar.residual(p, served)
            else:
                residual += paid.sum()
            spending += paid
        for p, lock in self.flying.items():
            paid, arrivals[p] = (
                calendar.by_period([*lock.payments, *calendar.replacements(p, lock.year)]),
                calendar.serves_from(lock.year),
            )
            under_way[: arrivals[p]] += 1
            residual += calendar.residual(p, lock.year) if lock.year < calendar.end else paid.sum()
            spending += paid
        state = self._state(arrivals)
        yearly = self.column["fixed_om"][state] * np.array(calendar.lengths)
        flows = sum(calendar.discount(t) * float(spending[t] + yearly[t]) for t in range(periods))
        worth = residual * (1 + calendar.rate) ** -(calendar.end - calendar.first) - flows
        return Schedule(starts, state, spending, worth, under_way, used, arrivals)

    def _state(self, arrivals: dict[int, int]) -> np.ndarray:
        state = np.full(self.calendar.periods, self.initial)
        for t in range(self.calendar.periods):
            moved = True
            while moved:
                onward = [
                    p for p, arrival in arrivals.items() if arrival <= t and self.column["from_state"][p] == state[t]
                ]
                moved = bool(onward)
                state[t] = self.column["to_state"][onward[0]] if moved else state[t]
        return state


class Patterns:
    """Every combination of schedules, arrays over patterns in the last or the middle axis."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.calendar = problem, Calendar(problem)
        self.column, self.periods = self.calendar.column, self.calendar.periods
        self.lists = [schedules(problem, c) for c in range(len(self.column["candidate_system"]))]
        index = list(product(*(range(len(one)) for one in self.lists)))
        self.index = np.array(index, np.int64).reshape(len(index), len(self.lists))

    def of(self, candidate: int, feature: list) -> np.ndarray:  # type: ignore[type-arg]
        """A feature of each schedule of a candidate, spread over the patterns."""
        return np.array(feature)[self.index[:, candidate]]

    def total(self, name: str, candidates: list[int]) -> np.ndarray:
        """Sum of a feature over candidates."""
        parts = [self.of(c, [getattr(s, name) for s in self.lists[c]]) for c in candidates]
        return np.sum(parts, axis=0) if parts else np.zeros((len(self.index), self.periods))

    @cached_property
    def allowed(self) -> np.ndarray:
        """Patterns that obey every rule of time and precedence."""
        good = np.ones(len(self.index), bool)
        for group in self.problem.exclusions:
            good &= self.total("touched", list(group.candidates)) <= 1
        for need in self.problem.requirements:
            good &= self._bound_from(need.candidate, need.state) >= self._reached(need.needs, need.needs_state)
        for county, limit in enumerate(self.column["works_at_once"]):
            good &= (self.total("under_way", self._in(county)) <= limit).all(axis=1)
        return good & self._within_resources()

    def _in(self, county: int) -> list[int]:
        return [int(c) for c in np.flatnonzero(self.column["candidate_county"] == county)]

    def _bound_from(self, candidate: int, state: int) -> np.ndarray:
        first = [
            min((t for p, t in s.starts if state in (ANY, self.column["to_state"][p])), default=NEVER)
            for s in self.lists[candidate]
        ]
        return self.of(candidate, first)

    def _reached(self, candidate: int, state: int) -> np.ndarray:
        def fits(p: int) -> bool:
            if state == ANY:
                return bool(self.column["state_initial"][self.column["from_state"][p]])
            return bool(self.column["to_state"][p] == state)

        return self.of(
            candidate,
            [min((a for p, a in s.arrivals.items() if fits(p)), default=NEVER - 1) for s in self.lists[candidate]],
        )

    def _within_resources(self) -> np.ndarray:
        good = np.ones(len(self.index), bool)
        limits = self.problem.sequence["resource_limit"].values
        for o in range(limits.shape[1]):
            mine = list(range(len(self.lists))) if o == 0 else self._in(o - 1)
            if not mine:
                continue
            used = self.total("used", mine)
            for r in range(limits.shape[0]):
                whole = bool(self.column["resource_whole_horizon"][r])
                amount = used[:, r].sum(axis=1, keepdims=True) if whole else used[:, r]
                limit = limits[r, o].sum(keepdims=True) if whole else limits[r, o]
                good &= ~(amount > limit + 1e-9).any(axis=1)
        return good

    @cached_property
    def money(self) -> tuple[np.ndarray, np.ndarray]:
        """Spending (pattern, candidate, period), value beside services (pattern,), CNY, shared trenches taken off."""
        spending = np.stack([self.of(c, [s.spending for s in one]) for c, one in enumerate(self.lists)], axis=1)
        worth = np.sum([self.of(c, [s.worth for s in one]) for c, one in enumerate(self.lists)], axis=0)
        rank = self.problem.system_of_candidate()
        for r, saving in enumerate(self.column["corridor_saving"]):
            users = sorted(np.flatnonzero(self.column["corridor"] == r), key=lambda c: (rank[c], c))
            begun = {c: self.of(c, [s.begun(self.periods) for s in self.lists[c]]) for c in users}
            for t, c in product(range(self.periods), users):
                earlier = np.any(
                    [begun[b][:, t] for b in users if rank[b] < rank[c]] or [np.zeros(len(self.index), bool)], axis=0
                )
                later = np.any(
                    [begun[b][:, t] for b in users if (rank[b], b) > (rank[c], c)] or [np.zeros(len(self.index), bool)],
                    axis=0,
                )
                saved = (begun[c][:, t] & earlier & ~later) * round(float(saving))
                spending[:, c, t] -= saved
                worth = worth + saved * self.calendar.discount(t)
        return spending, worth

    def states(self, pattern: int) -> np.ndarray:
        """(candidate, period)."""
        return np.stack([one[i].state for one, i in zip(self.lists, self.index[pattern], strict=True)])


def brute_force(
    problem: Problem, metric: str | None = None, bounds: tuple[EpsilonBound, ...] | None = None
) -> float | None:
    """Best value of a metric (the first of the objective) over all plans, None when no plan obeys all rules."""
    metric = problem.objective.metrics[0] if metric is None else metric
    patterns = Patterns(problem)
    if len(patterns.index) == 0:
        return None
    spending, worth = patterns.money
    services = Services(problem, metric, problem.objective.bounds if bounds is None else bounds)
    fixed = worth / MILLION if metric == "net_benefit" else np.zeros(len(worth))
    candidates = np.flatnonzero(patterns.allowed & _affordable(problem, spending))
    best: float | None = None
    for i in candidates[np.argsort(-fixed[candidates], kind="stable")]:
        if best is not None and fixed[i] + services.most <= best:
            break
        value = services.best(patterns.states(i), float(worth[i]) / MILLION)
        if value is not None and (best is None or value > best) and payable(problem, spending[i]):
            best = value
    return best


def _affordable(problem: Problem, spending: np.ndarray) -> np.ndarray:
    """A necessary condition that is quick: what is spent by a period cannot exceed all money up to then."""
    if problem.funding.sizes["source"] == 0:
        return np.ones(len(spending), bool)
    money = problem.funding["budget"].values.sum(axis=(0, 1)).cumsum()
    return np.asarray((spending.sum(axis=1).cumsum(axis=1) <= money + 1.0).all(axis=1))
