"""From the values of the columns to a Plan: rounded binaries, whole CNY, the archetypes' own decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from optimizer.model.assembly import Model
from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.solve.rounding import settle_payments
from optimizer.systems.registry import archetype
from optimizer.terms import Terms

WHOLE = 0.5


def read_plan(model: Model, variables: list[Any], values: np.ndarray, outcome: Outcome) -> Plan:
    """Make the Plan of a solution.

    Parameters
    ----------
    variables, values
        The columns and their values.
    """
    for variable, value in zip(variables, values, strict=True):
        variable.set_value(float(value), skip_validation=True)
    problem = model.problem
    start = starts(model)
    spent = spending(model, start)
    payments = settle_payments(problem, spent)
    decisions = xr.Dataset(
        {
            "start": (("transition", "period"), start),
            "spending": (("candidate", "period"), spent),
            "payment": (("candidate", "source", "period"), payments.payment),
            "carry_over": (("source", "owner", "period"), payments.carry_over),
            "objective_terms": ("term", np.array([_value(t) for t in model.value_parts.values()], float)),
            "metric_value": ("metric", np.array([_value(t) for t in model.metrics.values()], float)),
        },
        {
            "candidate": problem.sequence["candidate"].values,
            "source": problem.funding["source"].values,
            "owner": problem.funding["owner"].values,
            "period": problem.sequence["period"].values,
            "metric": np.array(list(model.metrics), str),
            "term": np.array(list(model.value_parts), str),
        },
    )
    systems = {
        name: archetype(system.archetype).extract(model.pyomo.systems.component(name), system)
        for name, system in problem.systems.items()
    }
    return Plan(decisions, systems, outcome)


def starts(model: Model) -> np.ndarray:
    """(transition, period) 0/1."""
    n = model.problem.sequence.sizes["transition"], model.problem.horizon.n_periods
    start = np.zeros(n, np.int8)
    for p, periods in enumerate(model.timetable.starts):
        first = next((t for t in periods if model.sequence.block.started[p, t].value > WHOLE), None)
        if first is not None:
            start[p, first] = 1
    return start


def spending(model: Model, start: np.ndarray) -> np.ndarray:
    """(candidate, period) whole CNY, shared trenches taken off."""
    problem, table = model.problem, model.timetable
    spent = np.zeros((problem.sequence.sizes["candidate"], problem.horizon.n_periods), np.int64)
    for p, t in np.argwhere(start):
        for period, amount in table.spending(int(p), int(t)).items():
            spent[model.sequence.candidate_of[p], period] += amount
    for p in table.in_flight:
        for period, amount in table.spending_in_flight(p).items():
            spent[model.sequence.candidate_of[p], period] += amount
    for candidate, period, amount in shared_trenches(problem, start):
        spent[candidate, period] -= amount
    return spent


def shared_trenches(problem: Problem, start: np.ndarray) -> list[tuple[int, int, int]]:
    """(follower, period, CNY saved) where two systems start in one corridor in one period."""
    corridor, saving = problem.sequence["corridor"].values, problem.sequence["corridor_saving"].values
    owner, system = problem.sequence["transition_candidate"].values, problem.system_of_candidate()
    users: dict[tuple[int, int], set[int]] = {}
    for p, t in np.argwhere(start):
        if corridor[owner[p]] >= 0:
            users.setdefault((int(corridor[owner[p]]), int(t)), set()).add(int(owner[p]))
    shared = []
    for (r, t), candidates in users.items():
        if len({int(system[c]) for c in candidates}) > 1:
            follower = max(candidates, key=lambda c: (int(system[c]), c))
            shared.append((follower, t, round(float(saving[r]))))
    return shared


def _value(terms: Terms) -> float:
    return terms.constant + sum(c * (v.value or 0.0) for c, v in zip(terms.coefs, terms.variables, strict=True))
