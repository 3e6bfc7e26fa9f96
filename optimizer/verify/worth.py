"""What a plan serves and is worth, worked out again: the systems' own rules, floors, metrics, bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import ANY
from optimizer.systems.registry import checker
from optimizer.verify.money import Books
from optimizer.verify.result import Findings, Violation
from optimizer.verify.works import Works

RELATIVE = 1e-6
MILLION = 1e6
LOWEST = "lowest_service"
NET_BENEFIT = "net_benefit"
SERVED = "served"


def _none(*_: object) -> dict[str, np.ndarray]:
    """What an archetype says that knows of no places."""
    return {}


class Worth:
    """Services and values of a plan, through the Pyomo-free checks of its archetypes."""

    def __init__(self, works: Works, books: Books, plan: Plan) -> None:
        self.works, self.books, self.plan, self.problem = works, books, plan, works.problem
        self.eyes = {name: checker(system.archetype) for name, system in self.problem.systems.items()}

    @cached_property
    def served(self) -> dict[str, np.ndarray]:
        """Units a year by system, (county, period)."""
        systems, decisions = self.problem.systems, self.plan.systems
        return {name: eye.served(self.problem, systems[name], decisions[name]) for name, eye in self.eyes.items()}

    @cached_property
    def demand(self) -> dict[str, np.ndarray]:
        """Units a year wanted by system, (county, period)."""
        return {name: eye.demand(self.problem, self.problem.systems[name]) for name, eye in self.eyes.items()}

    @cached_property
    def lost(self) -> np.ndarray:
        """CNY a year, (period,): benefits at places that are expected to be out of service for a share of the year."""
        total = np.zeros(self.works.periods)
        out: dict[str, np.ndarray] = {}
        for name in self.eyes:
            for place, share in self.out_of_service(name, self.works.states).items():
                out[place] = out.get(place, np.zeros(self.works.periods)) + share
        for worth in self.exposed.values() if out else ():
            for place, amount in worth.items():
                total += amount * out.get(place, 0.0)
        return total

    def out_of_service(self, name: str, states: np.ndarray) -> dict[str, np.ndarray]:
        """By place, the share of a year, (period,), that a system is expected to put it out of service in some states."""
        found: dict[str, np.ndarray] = getattr(self.eyes[name], "lost", _none)(self.problem, self.problem.systems[name], states)
        return found

    @cached_property
    def exposed(self) -> dict[str, dict[str, np.ndarray]]:
        """By system and place, CNY a year, (period,), that are earned only while the place is in service."""
        systems, decisions = self.problem.systems, self.plan.systems
        return {
            name: getattr(eye, "exposed", _none)(self.problem, systems[name], decisions[name])
            for name, eye in self.eyes.items()
        }

    @cached_property
    def terms(self) -> dict[str, float]:
        """Parts that add up to net benefit, 10^6 CNY, discounted to the beginning."""
        works, horizon = self.works, self.problem.horizon
        flow = np.array([works.discount(t) for t in range(works.periods)]) / MILLION
        yearly = flow * np.array(horizon.lengths)
        systems, decisions = self.problem.systems, self.plan.systems
        values = [eye.value(self.problem, systems[name], decisions[name]) for name, eye in self.eyes.items()]
        values.append(-self.lost)
        end = (1 + horizon.discount_rate) ** -(works.end - works.begins[0]) / MILLION
        return {
            "benefits": float(sum(yearly @ value for value in values)),
            "fixed_om": -float(yearly @ works.column["fixed_om"][works.states].sum(axis=0)),
            "spending": -float(flow @ self.books.due.sum(axis=0)),
            "residual_value": end * works.residual,
        }

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """Every metric by name."""
        lengths = np.array(self.problem.horizon.lengths)
        levels = [
            self.served[name][wanted, -1] / demand[wanted, -1]
            for name, demand in self.demand.items()
            if (wanted := demand[:, -1] > 0).any()
        ]
        return {
            NET_BENEFIT: sum(self.terms.values()),
            LOWEST: float(np.concatenate(levels).min()) if levels else 1.0,
            **{
                f"{getattr(self.eyes[name], 'METRIC', SERVED)}:{name}": float(served.sum(axis=0) @ lengths / lengths.sum())
                for name, served in self.served.items()
            },
        }


def systems(worth: Worth, checks: dict[str, int]) -> list[Violation]:
    """The rules of every system's archetype; rows checked are added to ``checks``."""
    found: list[Violation] = []
    for name, eye in worth.eyes.items():
        system = worth.problem.systems[name]
        for rule, rows in eye.rows_checked(worth.problem, system).items():
            checks[rule] = checks.get(rule, 0) + rows
        found += eye.check(worth.problem, system, worth.plan.systems[name], worth.works.states)
    return found


def equity(worth: Worth) -> Findings:
    """Counties are served at least as floors demand."""
    found, rows = [], 0
    for floor in worth.problem.floors:
        served, demand = worth.served[floor.system], worth.demand[floor.system]
        counties = [c for c in range(len(demand)) if c in floor.counties]
        rows += len(counties) * (worth.works.periods - floor.period)
        for c in counties:
            for t in np.flatnonzero(served[c] < floor.level * demand[c] - RELATIVE * np.maximum(1.0, demand[c])):
                if t >= floor.period:
                    county = worth.problem.sequence["county"].values[c]
                    where = f"{floor.system} in county {county}, {worth.works.year(int(t))}"
                    level = served[c, t] / demand[c, t]
                    found.append(
                        Violation("equity", where, f"{level:.4f} of demand served", f"{floor.level:.4f} or more")
                    )
    return rows, found


def dependence(worth: Worth) -> Findings:
    """What a candidate needs at its place is served there while it is in service."""
    problem, states = worth.problem, worth.works.states
    offered: dict[tuple[str, str], np.ndarray] = {}
    for name, system in problem.systems.items():
        if "connect_origin" in system.data:
            share = worth.plan.systems[name]["share"].values
            offered |= {(str(p), str(system.data.attrs["commodity"])): share[o] for o, p in enumerate(system.data["origin"].values)}
    found = []
    for need in problem.needs:
        at = states[need.candidate]
        stands = ~worth.works.column["state_initial"][at] if need.state == ANY else at == need.state
        for t in np.flatnonzero(stands & (offered[need.place, need.commodity] < 1 - RELATIVE)):
            where = f"{worth.works.name(need.candidate)}, {worth.works.year(int(t))} {need.row}".strip()
            found.append(Violation("dependence", where, f"in service without {need.commodity}", f"served at {need.place}"))
    return len(problem.needs) * worth.works.periods, found


def objective(worth: Worth) -> Findings:
    """What the plan says it is worth is what it is worth, metric by metric and term by term.

    The lowest service is a promise where something else is maximised too: then it may be less than what is kept.
    """
    plan, first = worth.plan, worth.problem.objective.metrics[0]
    claims = {**_named(plan, "metric", "metric_value"), first: plan.objective}
    if LOWEST not in _wanted(worth):
        claims.pop(LOWEST, None)
    pairs = [(name, value, worth.metrics.get(name, math.nan)) for name, value in claims.items()]
    pairs += [
        (name, value, worth.terms.get(name, math.nan))
        for name, value in _named(plan, "term", "objective_terms").items()
    ]
    kept = LOWEST if worth.problem.objective.metrics != (LOWEST,) else ""
    found = [
        Violation("objective", name, f"{value:.9g} claimed", f"{true:.9g} recomputed")
        for name, value, true in pairs
        if not (_near(value, true) or (name == kept and value <= true))
    ]
    return len(pairs), found


def bound(worth: Worth) -> Findings:
    """No plan is worth more than the bound that was proved."""
    outcome, first = worth.plan.outcome, worth.problem.objective.metrics[0]
    if _near(outcome.bound, outcome.incumbent) or outcome.bound >= outcome.incumbent:
        return 1, []
    return 1, [Violation("bound", first, f"{outcome.bound:.9g}", f"{outcome.incumbent:.9g} or more")]


def objective_bound(worth: Worth) -> Findings:
    """Metrics are held where the objective says so."""
    found = []
    for held in worth.problem.objective.bounds:
        true = worth.metrics.get(held.metric, math.nan)
        if not (true >= held.at_least or _near(true, held.at_least)):
            found.append(Violation("objective_bound", held.metric, f"{true:.9g}", f"{held.at_least:.9g} or more"))
    return len(worth.problem.objective.bounds), found


def _named(plan: Plan, dimension: str, variable: str) -> dict[str, float]:
    if variable not in plan.decisions:
        return {}
    names = (str(name) for name in plan.decisions[dimension].values)
    return {name: float(value) for name, value in zip(names, plan.decisions[variable].values, strict=True)}


def _wanted(worth: Worth) -> set[str]:
    """Metrics that the solver was asked for."""
    asked = worth.problem.objective
    return {*asked.metrics, *(held.metric for held in asked.bounds)}


def _near(value: float, true: float) -> bool:
    return abs(value - true) <= RELATIVE * max(1.0, abs(true))


RULES = (equity, dependence, objective, bound, objective_bound)
