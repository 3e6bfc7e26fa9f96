"""The whole model of a Problem, put together in one place."""

from __future__ import annotations

from dataclasses import dataclass

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC

from optimizer.errors import InputError
from optimizer.ledger import Ledger
from optimizer.model.availability import Availability
from optimizer.model.corridors import Corridors
from optimizer.model.funding import Funding
from optimizer.model.objective import metrics, net_benefit
from optimizer.model.sequence import Sequence
from optimizer.model.services import LOWEST_SERVICE, Services, enter_needs
from optimizer.model.timetable import Timetable
from optimizer.problem import Objective, Problem
from optimizer.systems.registry import archetype
from optimizer.terms import Terms


@dataclass(frozen=True)
class Model:
    """A Pyomo model with what is needed to read it: tags, sequence, metrics and the parts of value."""

    pyomo: pyo.ConcreteModel
    problem: Problem
    timetable: Timetable
    sequence: Sequence
    ledger: Ledger
    metrics: dict[str, Terms]
    value_parts: dict[str, Terms]


def build_model(problem: Problem) -> Model:
    """Build the Pyomo model: sequence, systems, corridors, money, services, objective.

    Meanwhile the interpreter does not look for cyclic garbage: there is none, and looking through millions of small
    objects again and again took a third of the time.
    """
    with PauseGC():
        return _built(problem)


def _built(problem: Problem) -> Model:
    model = pyo.ConcreteModel()
    timetable = Timetable(problem)
    for name in ("sequence", "systems", "availability", "corridors", "funding", "services"):
        model.add_component(name, pyo.Block())
    sequence = Sequence(model.sequence, problem, timetable)
    ledger = Ledger(problem, sequence, "")
    for system in problem.systems.values():
        block = pyo.Block()
        model.systems.add_component(system.name, block)
        archetype(system.archetype).build(block, system, problem, ledger.for_system(system.name))
    availability = Availability(model.availability, ledger)
    corridors = Corridors(model.corridors, problem, sequence, ledger)
    funding = Funding(model.funding, problem, sequence, corridors, ledger)
    enter_needs(problem, sequence, ledger)
    services = Services(model.services, ledger)
    sequence.add_rules(ledger)
    availability.add_rules()
    corridors.add_rules(ledger)
    funding.add_rules(ledger)
    services.add_rules(problem.floors, problem.horizon.n_periods - 1, _wants_lowest(problem.objective))
    parts = net_benefit(problem, sequence, funding, ledger)
    named = metrics(problem, ledger, parts, services)
    _check_metrics(problem.objective, named)
    model.objective = pyo.Objective(expr=named[problem.objective.metrics[0]].expression(), sense=pyo.maximize)
    return Model(model, problem, timetable, sequence, ledger, named, parts)


def _wants_lowest(objective: Objective) -> bool:
    return LOWEST_SERVICE in {*objective.metrics, *(b.metric for b in objective.bounds)}


def _check_metrics(objective: Objective, named: dict[str, Terms]) -> None:
    for name in [*objective.metrics, *(b.metric for b in objective.bounds)]:
        if name not in named:
            raise InputError(f"objective: unknown metric {name!r}; known are {', '.join(sorted(named))}.")
