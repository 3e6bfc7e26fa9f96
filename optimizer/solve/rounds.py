"""Rounds of planning and simulation: solve, simulate, add what the simulation refuted as rows, solve again.

Where the model of a system only bounds what its physics would do, the best plan of the model may promise too much. Each
round solves the model with every valid cut known so far, so that its bound holds for all plans that keep their promises
(Kelley 1960: outer approximation by cutting planes). A plan that is refuted is then repaired: the same model, with heuristic
cuts beside the valid ones, is solved over the works of that plan alone, so that at the end of a round there is as a rule a
plan that simulation confirms. The best confirmed plan is what comes out, held against the best bound of any round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.errors import InfeasibleError
from optimizer.plan import Plan, Round
from optimizer.problem import Problem
from optimizer.solve.certificate import CERTIFICATE, Certificate
from optimizer.solve.memory import Memory
from optimizer.solve.progress import Listener, Progress, silent
from optimizer.solve.settings import SolverSettings
from optimizer.solve.solve import build, narrowed_to, solve_built, solve_problem
from optimizer.systems.protocol import Cut
from optimizer.systems.registry import archetype, checker
from optimizer.verify.result import SimulationResult

Simulate = Callable[[Plan], list[SimulationResult]]
"""What every system of a problem would really do under a plan, in the order of the systems."""

SHARE, LAST_SHARE = 0.8, 0.85
"""Of the time left: what a round may take, and what the last one may, so that a refuted plan can be repaired."""
WORTH_A_ROUND = 0.1
"""Share of all time that has to be left for another round."""
REPAIRS = 3
"""Tries, in a round, to repair a plan that was refuted."""
REPAIR_SHARE = 0.15
"""Of all time: what the repair of a plan has at least while none is confirmed, beyond the limit where it must be. In two seconds
nothing is found but the plan that starts nothing, and that would be the result."""
LEAST_SECONDS = 2.0
"""A round is not begun with less."""
MILLION = 1e6
NET_BENEFIT = "net_benefit"


@dataclass(frozen=True)
class _Trial:
    """A plan as simulated, whether it keeps its promises, and the cuts that were not known before."""

    plan: Plan
    short: int
    cuts: list[Cut]

    @property
    def valid(self) -> list[Cut]:
        return [cut for cut in self.cuts if cut.valid]

    @property
    def heuristic(self) -> list[Cut]:
        return [cut for cut in self.cuts if not cut.valid]


def plan_in_rounds(
    problem: Problem,
    settings: SolverSettings,
    simulate: Simulate,
    listener: Listener = silent,
    *,
    hint: Plan | None = None,
) -> tuple[Plan, tuple[Round, ...]]:
    """Plan until the plan holds in simulation and its gap is closed, or rounds or time are spent.

    Parameters
    ----------
    settings
        ``time_limit`` is for all rounds together.
    hint
        A plan over the same candidates whose starts are tried first.

    Returns
    -------
    plan
        The best plan that simulation confirms, its value as simulated; or the last one, its solution ``refuted``.
    rounds
        What each found; empty where every system's model is exact, so that one solve is all there is to do.

    Raises
    ------
    InfeasibleError
        Rules that no plan obeys, or none found in time.
    """
    if all(archetype(system.archetype).RELATION.kind == "exact" for system in problem.systems.values()):
        return solve_problem(problem, settings, listener, hint=hint), ()
    rounds = _Rounds(problem, settings, simulate, listener)
    return rounds.run(hint), tuple(rounds.log)


class _Rounds:
    """``model`` proves, with the cuts of ``valid``; ``steered`` has heuristic cuts beside them and serves for repairs alone;
    ``proof`` is the certificate of the best bound.
    """

    def __init__(self, problem: Problem, settings: SolverSettings, simulate: Simulate, listener: Listener) -> None:
        self.problem, self.settings, self.simulate, self.listener = problem, settings, simulate, listener
        self.model = build(problem)
        self.began = time.monotonic()
        self.steered = self.model
        self.memory = Memory()
        self.known: set[Cut] = set()
        self.valid: list[Cut] = []
        self.bound = np.inf
        self.best: Plan | None = None
        self.proof: dict[str, object] = {}
        self.log: list[Round] = []

    def run(self, hint: Plan | None) -> Plan:
        """Round after round, each from the plan of the one before."""
        last, more = self._round(1, hint)
        while more and len(self.log) < self.settings.rounds and self._left() >= LEAST_SECONDS:
            try:
                last, more = self._round(len(self.log) + 1, last)
            except InfeasibleError as error:
                if error.groups:
                    raise
                break  # no plan in the time that was left: the last one stands
        return self._outcome(last)

    # ---- one round
    def _round(self, number: int, hint: Plan | None) -> tuple[Plan, bool]:
        """The plan that a round ends with, and whether another round could do better."""
        began = time.monotonic()
        limits = replace(self.settings, time_limit=self._share(number) * self._left())
        plan = solve_built(self.model, limits, self._named(number), hint=hint, memory=self.memory)
        if plan.outcome.bound < self.bound:
            self.bound = plan.outcome.bound
            self.proof = self._proof(plan)
        trial = self._try(plan)
        self._add(trial.cuts)
        last = trial.plan if trial.short == 0 else self._repaired(trial.plan)
        found = (trial.short, len(trial.valid), len(trial.heuristic))
        self._note(Round(number, plan.objective, self.bound, *found, self._confirmed, time.monotonic() - began))
        stopped = plan.outcome.termination == "interrupted"
        done = not trial.cuts and plan.outcome.termination == "optimal"
        return last, not (self._closed() or stopped or done)

    def _proof(self, plan: Plan) -> dict[str, object]:
        """What a solve proved, with the cuts that took part in it."""
        proof = plan.meta.get(CERTIFICATE)
        return {CERTIFICATE: replace(proof, cuts=tuple(self.valid))} if isinstance(proof, Certificate) else {}

    def _share(self, number: int) -> float:
        """Of the time left, what a round may take."""
        another = (1.0 - SHARE) * self._left() >= WORTH_A_ROUND * self.settings.time_limit
        return SHARE if another and number < self.settings.rounds else LAST_SHARE

    def _try(self, plan: Plan) -> _Trial:
        """Simulate a plan, put its value right, and keep it where it is the best that holds."""
        results = self.simulate(plan)
        plan = as_simulated(self.problem, plan, results)
        cuts = [
            cut
            for system, result in zip(self.problem.systems.values(), results, strict=True)
            for cut in archetype(system.archetype).cuts(result)
        ]
        new = [cut for cut in dict.fromkeys(cuts) if cut not in self.known]
        short = sum(result.refuted for result in results)
        if short == 0 and (self.best is None or plan.objective > self.best.objective):
            self.best = plan
        return _Trial(plan, short, new)

    def _add(self, cuts: list[Cut]) -> None:
        self.known.update(cuts)
        valid = [cut for cut in cuts if cut.valid]
        self.valid += valid
        self.model = self.model.with_cuts(valid)
        self.steered = self.steered.with_cuts(cuts)

    def _repaired(self, plan: Plan) -> Plan:
        """The best that can be made of a refuted plan's works; that plan itself where no repair holds."""
        least = REPAIR_SHARE * self.settings.time_limit if self.best is None else LEAST_SECONDS
        hint, until = plan, time.monotonic() + max(self._left(), least)
        for _ in range(REPAIRS):
            made = narrowed_to(self.steered, hint, self.settings, max(until - time.monotonic(), LEAST_SECONDS))
            if made is None:
                break
            trial = self._try(made)
            if trial.short == 0:
                return trial.plan
            if not trial.cuts:
                break
            self._add(trial.cuts)
            hint = trial.plan
        return plan

    # ---- the end
    def _closed(self) -> bool:
        if self.best is None:
            return False
        return self.bound - self.best.objective <= self.settings.mip_gap * max(abs(self.best.objective), 1e-9)

    def _outcome(self, last: Plan) -> Plan:
        """The best plan that holds, or the last one, with what all rounds proved."""
        plan = last if self.best is None else self.best
        solution = "refuted" if self.best is None else "feasible"
        ended = "round_limit" if len(self.log) == self.settings.rounds and self._left() > 0 else "time_limit"
        stopped = last.outcome.termination
        return replace(
            plan,
            meta=self.proof,
            outcome=replace(
                plan.outcome,
                termination="optimal" if self._closed() else stopped if stopped == "interrupted" else ended,
                solution=solution,
                bound=max(self.bound, plan.objective),
                seconds=time.monotonic() - self.began,
                evidence=f"{last.outcome.evidence}; {len(self.log)} rounds with {len(self.known)} cuts from simulation",
            ),
        )

    def _left(self) -> float:
        return self.settings.time_limit - (time.monotonic() - self.began)

    @property
    def _confirmed(self) -> float | None:
        return None if self.best is None else self.best.objective

    # ---- telling
    def _named(self, number: int) -> Listener:
        """The listener, told which round it hears of."""

        def listen(progress: Progress) -> None:
            self.listener(replace(progress, stage=f"round {number}, {progress.stage}"))

        return listen

    def _note(self, found: Round) -> None:
        self.log.append(found)
        stage = f"round {found.number} simulated: {found.short} short, {found.valid + found.heuristic} cuts"
        self.listener(Progress(stage, time.monotonic() - self.began, found.confirmed, found.bound))


def as_simulated(problem: Problem, plan: Plan, results: list[SimulationResult]) -> Plan:
    """A plan with the decisions and values that simulation found in place of those that a relaxation promised."""
    systems, more = dict(plan.systems), 0.0
    metrics: dict[str, float] = {}
    for system, result in zip(problem.systems.values(), results, strict=True):
        metrics |= dict(result.metrics)
        if result.decisions is not None:
            value = checker(system.archetype).value
            gained = value(problem, system, result.decisions) - value(problem, system, systems[system.name])
            more += sum(problem.horizon.discount(t) * n * gained[t] for t, n in enumerate(problem.horizon.lengths))
            systems[system.name] = result.decisions
    if not metrics and more == 0.0:
        return replace(plan, systems=systems)
    decisions = plan.decisions.copy(deep=True)
    decisions["objective_terms"].loc[{"term": "benefits"}] += more / MILLION
    decisions["metric_value"].loc[{"metric": NET_BENEFIT}] += more / MILLION
    for metric, true in metrics.items():
        decisions["metric_value"].loc[{"metric": metric}] = true
    first = float(decisions["metric_value"].sel(metric=problem.objective.metrics[0]))
    return replace(plan, decisions=decisions, systems=systems, outcome=replace(plan.outcome, incumbent=first))
