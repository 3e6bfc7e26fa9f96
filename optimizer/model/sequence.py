"""The sequence core: what is started when, what is in service when. Knows no archetype and no system."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import Ledger
from optimizer.model.rows import add_rows, at_least, at_most
from optimizer.model.timetable import Timetable
from optimizer.problem import ANY, POOL, Lock, Problem, Requirement
from optimizer.terms import NOTHING, Terms, one, total

WHOLE_HORIZON = -1


class Sequence:
    """Variables *started by t* and the rules of time and precedence (docs/formulation.md).

    ``started[p, t]`` exists only for the periods in which transition ``p`` may start; between them it keeps its value.
    """

    def __init__(self, block: pyo.Block, problem: Problem, timetable: Timetable) -> None:
        self.block, self.problem, self.timetable = block, problem, timetable
        self.periods = range(problem.horizon.n_periods)
        seq = problem.sequence
        self.candidate_of = [int(c) for c in seq["transition_candidate"].values]
        self.county_of = [int(seq["candidate_county"].values[c]) for c in self.candidate_of]
        self._is_initial = seq["state_initial"].values
        keys = [(p, t) for p, periods in enumerate(timetable.starts) for t in periods]
        block.started = pyo.Var(keys, domain=pyo.Binary)
        self._variables: dict[tuple[int, int], pyo.Var] = dict(block.started.items())
        self._start: dict[tuple[int, int], Terms] = {}

    # ---- linear terms that everything else is made of
    def started_by(self, p: int, period: int) -> Terms:
        """1 if transition ``p`` has been started by the end of ``period``."""
        return self._started[p][period] if period >= 0 else self._before[p]

    @cached_property
    def _before(self) -> list[Terms]:
        """For each transition, 1 if it was started before the horizon."""
        return [Terms(1.0, [], []) if p in self.timetable.in_flight else NOTHING for p in range(len(self.candidate_of))]

    @cached_property
    def _started(self) -> list[list[Terms]]:
        """For each transition and period, 1 if it has been started by then: the variable of the last start so far."""
        started = []
        for p, starts in enumerate(self.timetable.starts):
            so_far, by_period = self._before[p], []
            for t in self.periods:
                if t in starts:
                    so_far = one(self._variables[p, t])
                by_period.append(so_far)
            started.append(by_period)
        return started

    def start(self, transition: int, period: int) -> Terms:
        """1 if a transition is started in ``period``."""
        if period not in self.timetable.starts[transition]:
            return NOTHING
        key = transition, period
        if key not in self._start:
            self._start[key] = self.started_by(transition, period).plus(self.started_by(transition, period - 1), -1.0)
        return self._start[key]

    def in_service(self, p: int, period: int) -> Terms:
        """1 if transition ``p`` has been completed and serves in ``period``."""
        if p in self.timetable.in_flight:
            return Terms(float(period >= self.timetable.service_in_flight(p)), [], [])
        return self._serving[p][period]

    @cached_property
    def _serving(self) -> list[list[Terms]]:
        """For each transition and period, 1 if it serves: the variable of the last start that serves by then."""
        serving = []
        for p, starts in enumerate(self.timetable.starts):
            since = [self.timetable.service(p, t) for t in starts]
            last = [
                max((t for t, s in zip(starts, since, strict=True) if s <= now), default=None) for now in self.periods
            ]
            serving.append([NOTHING if t is None else self._started[p][t] for t in last])
        return serving

    def in_state(self, state: int, period: int) -> Terms:
        """1 if the candidate of ``state`` is in it in ``period``."""
        entered = total(self.in_service(p, period) for p in self.into[state])
        left = total(self.in_service(p, period) for p in self.out_of[state])
        here = Terms(float(self._is_initial[state]), [], [])
        return here.plus(entered).plus(left, -1.0)

    def under_way(self, p: int, period: int) -> Terms:
        """1 if works of transition ``p`` go on in ``period``."""
        if p in self.timetable.in_flight:
            return Terms(float(period < self.timetable.service_in_flight(p)), [], [])
        return total(self.start(p, t) for t in self.timetable.starts[p] if period in self.timetable.under_way(p, t))

    @cached_property
    def into(self) -> dict[int, list[int]]:
        """Transitions into each state."""
        return self._by("to_state")

    @cached_property
    def out_of(self) -> dict[int, list[int]]:
        """Transitions out of each state."""
        return self._by("from_state")

    def _by(self, column: str) -> dict[int, list[int]]:
        groups: dict[int, list[int]] = {s: [] for s in range(self.problem.sequence.sizes["state"])}
        for p, state in enumerate(self.problem.sequence[column].values):
            groups[int(state)].append(p)
        return groups

    @cached_property
    def initial_states(self) -> list[int]:
        """Initial state of each candidate."""
        seq = self.problem.sequence
        states = np.flatnonzero(seq["state_initial"].values)
        order = np.argsort(seq["state_candidate"].values[states], kind="stable")
        return [int(s) for s in states[order]]

    # ---- rules, one method a family
    def add_rules(self, ledger: Ledger) -> None:
        """Add every family of rows of the sequence."""
        ledger.tag(self.block.started, lambda key: (self.county_of[key[0]], key[1]), structural=True)
        self._started_once(ledger)
        self._one_way_out(ledger)
        self._reached_first(ledger)
        self._requires(ledger)
        self._excludes(ledger)
        self._locks(ledger)
        self._works_at_once(ledger)
        self._resources(ledger)

    def _started_once(self, ledger: Ledger) -> None:
        def rule(p: int, t: int) -> object:
            return at_most(self.started_by(p, t - 1).plus(self.started_by(p, t), -1.0))

        keys = [(p, t) for p, periods in enumerate(self.timetable.starts) for t in periods[1:]]
        add_rows(self.block, ledger, "started_once", keys, rule, self._of_transition, structural=True)

    def _one_way_out(self, ledger: Ledger) -> None:
        def rule(state: int) -> object:
            return at_most(total(self.started_by(p, self.periods[-1]) for p in self.out_of[state]), 1.0)

        several = [s for s in self.initial_states if len(self.out_of[s]) > 1]
        add_rows(self.block, ledger, "one_way_out", several, rule, self._of_state, structural=True)

    def _reached_first(self, ledger: Ledger) -> None:
        def rule(state: int, t: int) -> object:
            leaving = total(self.started_by(p, t) for p in self.out_of[state])
            return at_most(leaving.plus(total(self.in_service(p, t) for p in self.into[state]), -1.0))

        initial = set(self.initial_states)
        states = [s for s, leaving in self.out_of.items() if leaving and s not in initial]
        keys = [(s, t) for s in states for t in self.periods]
        add_rows(self.block, ledger, "reached_first", keys, rule, self._of_state, structural=True)

    def _requires(self, ledger: Ledger) -> None:
        def rule(r: int, p: int, t: int) -> object:
            need = self.problem.requirements[r]
            done = total(self.in_service(q, t) for q in self._reaching(need.needs, need.needs_state))
            return at_most(self.started_by(p, t).plus(done, -1.0))

        keys = [
            (r, p, t)
            for r, need in enumerate(self.problem.requirements)
            for p in self._bound(need)
            for t in self.timetable.starts[p]
        ]
        add_rows(self.block, ledger, "requires", keys, rule, lambda key: (self.county_of[key[1]], key[2]))

    def _bound(self, need: Requirement) -> list[int]:
        return self._reaching(need.candidate, need.state) if need.state != ANY else self._of_candidate[need.candidate]

    def _reaching(self, candidate: int, state: int) -> list[int]:
        """Transitions that bring a candidate to a state, or out of its initial one."""
        return self.out_of[self.initial_states[candidate]] if state == ANY else self.into[state]

    @cached_property
    def _of_candidate(self) -> dict[int, list[int]]:
        groups: dict[int, list[int]] = defaultdict(list)
        for p, candidate in enumerate(self.candidate_of):
            groups[candidate].append(p)
        return groups

    def _excludes(self, ledger: Ledger) -> None:
        def rule(e: int) -> object:
            starts = (
                self.started_by(p, self.periods[-1])
                for c in self.problem.exclusions[e].candidates
                for p in self._reaching(c, ANY)
            )
            return at_most(total(starts), 1.0)

        add_rows(self.block, ledger, "excludes", range(len(self.problem.exclusions)), rule, lambda _: (-1, -1))

    def _locks(self, ledger: Ledger) -> None:
        def rule(index: int) -> object:
            lock = self.problem.locks[index]
            if lock.kind == "forbidden":
                return at_most(self.started_by(lock.transition, self.periods[-1]))
            return at_least(self.start(lock.transition, self.problem.horizon.period_of(lock.year)), 1.0)

        settled = [i for i, lock in enumerate(self.problem.locks) if lock.kind != "in_flight"]
        add_rows(self.block, ledger, "locks", settled, rule, lambda i: self._of_lock(self.problem.locks[i]))

    def _of_lock(self, lock: Lock) -> tuple[int, int]:
        return self.county_of[lock.transition], self.problem.horizon.period_of(lock.year)

    def _works_at_once(self, ledger: Ledger) -> None:
        limits = self.problem.sequence["works_at_once"].values
        by_county: dict[int, list[int]] = defaultdict(list)
        for p, county in enumerate(self.county_of):
            by_county[county].append(p)

        def rule(county: int, t: int) -> object:
            return at_most(total(self.under_way(p, t) for p in by_county[county]), float(limits[county]))

        keys = [(c, t) for c in by_county if limits[c] < len(by_county[c]) for t in self.periods]
        add_rows(self.block, ledger, "works_at_once", keys, rule, lambda key: key)

    def _resources(self, ledger: Ledger) -> None:
        seq = self.problem.sequence
        owners = [str(o) for o in seq["owner"].values]
        names = [str(r) for r in seq["resource"].values]
        limits, whole = seq["resource_limit"].values, seq["resource_whole_horizon"].values
        users = self._users(owners)

        def used(r: int, o: int, t: int) -> Terms:
            mine = range(len(owners) - 1) if owners[o] == POOL else [o - 1]
            entered = (terms for county in mine for terms in ledger.uses.get((names[r], county, t), []))
            return total([*entered, *(self.start(p, t).scaled(amount) for p, amount in users[r, o])])

        def limit(r: int, o: int, t: int) -> float:
            return float(limits[r, o].sum() if t == WHOLE_HORIZON else limits[r, o, t])

        def rule(r: int, o: int, t: int) -> object:
            periods = self.periods if t == WHOLE_HORIZON else [t]
            return at_most(total(used(r, o, period) for period in periods), limit(r, o, t))

        keys = [
            (r, o, t)
            for r in range(len(names))
            for o in range(len(owners))
            for t in ([WHOLE_HORIZON] if whole[r] else self.periods)
            if not np.isnan(limit(r, o, t))
        ]

        def where(key: tuple[int, int, int]) -> tuple[int, int]:
            return key[1] - 1, key[2]

        for linking in (False, True):
            mine = [k for k in keys if (owners[k[1]] == POOL) == linking]
            family = "resources_shared" if linking else "resources"
            add_rows(self.block, ledger, family, mine, rule, where, linking=linking)

    def _users(self, owners: list[str]) -> dict[tuple[int, int], list[tuple[int, float]]]:
        """Transitions that use a resource and how much, by (resource, owner); owner 0 is the pool, i county i - 1."""
        users: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        amounts = self.problem.sequence["resource_use"].values
        for p, r in np.argwhere(amounts):
            for o in (owners.index(POOL), self.county_of[p] + 1):
                users[int(r), int(o)].append((int(p), float(amounts[p, r])))
        return users

    def _of_transition(self, key: tuple[int, int]) -> tuple[int, int]:
        return self.county_of[key[0]], key[1]

    def _of_state(self, key: int | tuple[int, int]) -> tuple[int, int]:
        state, period = key if isinstance(key, tuple) else (key, -1)
        return self.county_of[self.out_of[state][0]], period
