"""A first idea of what to protect: each level by what it avoids alone, per CNY."""

from __future__ import annotations

import numpy as np

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_lookup import Lookup
from optimizer.systems.protocol import Proposal


def greedy(problem: Problem, system: SystemProblem) -> list[Proposal]:
    """Starts worth making, best first, money left aside.

    A step is worth what it saves in all tables with the other works as they stand, less its cost, discounted. Where no
    step is worth its cost alone, all are proposed: some may be together.
    """
    choice = _Choice(problem, system)
    scored = [(p, starts[0], choice.score(p, starts[0])) for p, starts in enumerate(choice.table.starts)
              if starts and p in choice.step]  # fmt: skip
    worth = [entry for entry in scored if entry[2] > 0] or scored
    return [Proposal(*entry) for entry in sorted(worth, key=lambda entry: (-entry[2], entry[0]))]


class _Choice:
    def __init__(self, problem: Problem, system: SystemProblem) -> None:
        self.problem, self.table, self.look = problem, Timetable(problem), Lookup(system)
        self.seq = {str(n): v.values for n, v in problem.sequence.data_vars.items()}
        horizon = problem.horizon
        self.today = np.array([horizon.discount(t) for t in range(horizon.n_periods)])
        self.flow_today = self.today * np.array(horizon.lengths)
        level = {int(s): (w, k) for w, states in enumerate(self.look.d["work_state"]) for k, s in enumerate(states) if s >= 0}
        self.step = {
            p: (*level[int(a)], level[int(b)][1])
            for p, (a, b) in enumerate(zip(self.seq["from_state"], self.seq["to_state"], strict=True))
            if int(a) in level
        }
        """By transition: work, level before, level after."""

    def score(self, p: int, start: int) -> float:
        """Discounted net worth per CNY of a step begun in a period."""
        work, before, after = self.step[p]
        yearly = self._damage(work, before) - self._damage(work, after)
        yearly = yearly - (self.seq["fixed_om"][self.seq["to_state"][p]] - self.seq["fixed_om"][self.seq["from_state"][p]])
        paid = sum(self.today[t] * amount for t, amount in self.table.spending(p, start).items())
        net = float((self.flow_today * yearly)[self.table.service(p, start) :].sum()) - paid
        net += self.problem.horizon.discount_end() * self.table.residual(p, start)
        return float(net / max(1.0, float(self.seq["overnight_cost"][p])))

    def _damage(self, work: int, level: int) -> np.ndarray:
        """(period,) damage in all tables with one work at a level and all others as they stand."""
        levels = np.zeros(self.look.n_works, np.int64)
        levels[work] = level
        entries = [self.look.entry(j, levels) for j in range(self.look.n_tables)]
        return np.asarray(self.look.d["entry_damage"][entries].sum(axis=0))
