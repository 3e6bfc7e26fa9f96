"""Tools to break one named rule of a plan.

A mutation takes a problem and its plan and returns a broken plan, or None where the problem offers no way to do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.verify.works import Works

Broken = Plan | None


@dataclass(frozen=True)
class Mutation:
    """A way to break a rule, and the features a random problem needs to offer it."""

    rule: str
    features: tuple[str, ...]
    apply: Callable[[Problem, Plan], Broken]

    @property
    def name(self) -> str:
        return self.apply.__name__


def breaks(rule: str, *features: str) -> Callable[[Callable[[Problem, Plan], Broken]], Mutation]:
    """Turn a function into a mutation that breaks a rule."""
    return lambda apply: Mutation(rule, features, apply)


def rewritten(plan: Plan, **arrays: np.ndarray) -> Plan:
    """The plan with some of its decisions replaced."""
    changed = {name: (plan.decisions[name].dims, values) for name, values in arrays.items()}
    return replace(plan, decisions=plan.decisions.assign(changed))


def reserved(plan: Plan, system: str, **arrays: np.ndarray) -> Plan:
    """The plan with some of a system's decisions replaced."""
    old = plan.systems[system]
    new = old.assign({name: (old[name].dims, values) for name, values in arrays.items()})
    return replace(plan, systems={**plan.systems, system: new})


def started(plan: Plan, *starts: tuple[int, int]) -> Plan:
    """The plan with further starts (transition, period)."""
    start = plan.decisions["start"].values.copy()
    for p, t in starts:
        start[p, t] = 1
    return rewritten(plan, start=start)


def column(problem: Problem, name: str) -> np.ndarray:
    return problem.sequence[name].values


def works(problem: Problem, plan: Plan) -> Works:
    return Works(problem, plan.decisions["start"].values.astype(np.int64))


def idle(problem: Problem, plan: Plan) -> Iterator[tuple[int, int]]:
    """Transitions that are not started, with their candidates, none of a candidate with any start."""
    of = column(problem, "transition_candidate")
    busy = {w.candidate for w in works(problem, plan).all}
    return ((p, int(c)) for p, c in enumerate(of) if int(c) not in busy)


def first_start(plan: Plan) -> tuple[int, int] | None:
    found = np.argwhere(plan.decisions["start"].values)
    return (int(found[0][0]), int(found[0][1])) if len(found) else None


def payments(plan: Plan) -> Iterator[tuple[int, int, int]]:
    """(candidate, source, period) that pays something."""
    return ((int(c), int(k), int(t)) for c, k, t in np.argwhere(plan.decisions["payment"].values > 100))


def moved(plan: Plan, c: int, k: int, t: int, to: int, amount: int | None = None) -> Plan:
    """The plan with a payment moved to another source."""
    payment = plan.decisions["payment"].values.copy()
    amount = int(payment[c, k, t]) if amount is None else amount
    payment[c, k, t] -= amount
    payment[c, to, t] += amount
    return rewritten(plan, payment=payment)


def systems(problem: Problem) -> Iterator[tuple[str, dict[str, np.ndarray], Any]]:
    """Name, data and attributes of every system."""
    for name, system in problem.systems.items():
        yield name, {str(n): v.values for n, v in system.data.variables.items()}, system.data.attrs


def shares(plan: Plan, system: str) -> np.ndarray:
    return np.array(plan.systems[system]["share"].values)


def capacities(problem: Problem, plan: Plan) -> np.ndarray:
    """(candidate, period) capacity in service."""
    return column(problem, "capacity")[works(problem, plan).states]
