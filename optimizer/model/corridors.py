"""Dig once: two systems that start works in one corridor in one period share the trench."""

from __future__ import annotations

from collections.abc import Iterator

import pyomo.environ as pyo

from optimizer.errors import InputError
from optimizer.ledger import Ledger
from optimizer.model.rows import add_rows, at_most
from optimizer.model.sequence import Sequence
from optimizer.problem import Problem
from optimizer.terms import Terms, one, total

MILLION = 1e6


class Corridors:
    """``shared[corridor, candidate, period]``: the candidate follows another into the trench and saves."""

    def __init__(self, block: pyo.Block, problem: Problem, sequence: Sequence, ledger: Ledger) -> None:
        self.block, self.problem = block, problem
        self.saving = problem.sequence["corridor_saving"].values
        self.system_of = problem.system_of_candidate()
        self._enter(sequence, ledger)
        self.trenches = {
            key: sorted(users, key=lambda user: self._order(user[0])) for key, users in ledger.corridors.items()
        }
        self.keys = list(
            dict.fromkeys(
                (r, c, t) for (r, t), users in self.trenches.items() for c, _ in users if self._before(r, c, t)
            )
        )
        block.shared = pyo.Var(self.keys, bounds=(0, 1))

    def _enter(self, sequence: Sequence, ledger: Ledger) -> None:
        """Enter the starts of every candidate that lies in a corridor."""
        corridor = self.problem.sequence["corridor"].values
        for p, starts in enumerate(sequence.timetable.starts):
            candidate = sequence.candidate_of[p]
            for t in starts if corridor[candidate] >= 0 else ():
                self._check_saving(sequence, p, t, int(corridor[candidate]))
                ledger.corridor_use(int(corridor[candidate]), candidate, t, sequence.start(p, t))

    def _check_saving(self, sequence: Sequence, p: int, t: int, corridor: int) -> None:
        if self.saving[corridor] > sequence.timetable.spending(p, t).get(t, 0):
            name = self.problem.sequence["candidate"].values[sequence.candidate_of[p]]
            raise InputError(
                f"corridors: the saving of {self.problem.sequence['corridor_id'].values[corridor]} is larger than what "
                f"{name} spends in the period of its start; lower the saving or take the candidate out of the corridor."
            )

    def _order(self, candidate: int) -> tuple[int, int]:
        return int(self.system_of[candidate]), candidate

    def _before(self, corridor: int, candidate: int, period: int) -> list[Terms]:
        """Starts, in the same trench, of systems that come before the candidate's."""
        mine = self.system_of[candidate]
        return [start for c, start in self.trenches[corridor, period] if self.system_of[c] < mine]

    def savings(self) -> Iterator[tuple[int, int, Terms]]:
        """(candidate, period, 10^6 CNY saved)."""
        for (r, c, t), var in self.block.shared.items():
            yield c, t, one(var, float(self.saving[r]) / MILLION)

    def add_rules(self, ledger: Ledger) -> None:
        """Add the rows of `dig_once`."""
        ledger.tag(self.block.shared, lambda key: (-1, key[2]))

        def follows(r: int, c: int, t: int) -> object:
            own = total(start for user, start in self.trenches[r, t] if user == c)
            return at_most(one(self.block.shared[r, c, t]).plus(own, -1.0))

        def led(r: int, c: int, t: int) -> object:
            return at_most(one(self.block.shared[r, c, t]).plus(total(self._before(r, c, t)), -1.0))

        def last(r: int, c: int, after: int, t: int) -> object:
            return at_most(one(self.block.shared[r, c, t]).plus(self.trenches[r, t][after][1]), 1.0)

        def met(r: int, c: int, before: int, own: int, t: int) -> object:
            users = self.trenches[r, t]
            later = total(start for user, start in users if self._order(user) > self._order(c))
            both = users[own][1].plus(users[before][1]).plus(later, -1.0)
            return at_most(both.plus(one(self.block.shared[r, c, t]), -1.0), 1.0)

        def where(key: tuple[int, ...]) -> tuple[int, int]:
            return -1, key[-1]

        for name, keys, rule in (
            ("dig_once_follows", self.keys, follows),
            ("dig_once_led", self.keys, led),
            ("dig_once_last", list(self._lasts()), last),
            ("dig_once_met", list(self._meetings()), met),
        ):
            add_rows(self.block, ledger, name, keys, rule, where, structural=True)

    def _lasts(self) -> Iterator[tuple[int, int, int, int]]:
        """(corridor, candidate, a start after its own, period)."""
        for r, c, t in self.keys:
            for i, (user, _) in enumerate(self.trenches[r, t]):
                if self._order(user) > self._order(c):
                    yield r, c, i, t

    def _meetings(self) -> Iterator[tuple[int, int, int, int, int]]:
        """(corridor, candidate, a start of an earlier system, a start of its own, period)."""
        for r, c, t in self.keys:
            users = [user for user, _ in self.trenches[r, t]]
            befores = [i for i, user in enumerate(users) if self.system_of[user] < self.system_of[c]]
            yield from ((r, c, i, j, t) for i in befores for j, user in enumerate(users) if user == c)
