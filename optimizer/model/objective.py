"""What a plan is worth: net benefit and the other named metrics, as linear terms."""

from __future__ import annotations

from optimizer.ledger import VALUE, Ledger
from optimizer.model.funding import MILLION, Funding
from optimizer.model.sequence import Sequence
from optimizer.model.services import LOWEST_SERVICE, Services
from optimizer.problem import Problem
from optimizer.terms import Terms, one, total

NET_BENEFIT = "net_benefit"


def net_benefit(problem: Problem, sequence: Sequence, funding: Funding, ledger: Ledger) -> dict[str, Terms]:
    """Parts that add up to net benefit, discounted and signed, in 10^6 CNY (docs/formulation.md)."""
    spending = (spent.scaled(-problem.horizon.discount(t)) for t, spent in funding.spent())
    return {
        "benefits": total(_benefits(problem, ledger.benefits.get(VALUE, []))),
        "fixed_om": total(_fixed_om(problem, sequence)),
        "spending": total(spending),
        "residual_value": total(_residual(problem, sequence)),
    }


def _benefits(problem: Problem, entries: list[tuple[int, int, Terms]]) -> list[Terms]:
    horizon = problem.horizon
    return [terms.scaled(horizon.discount(t) * horizon.lengths[t]) for _, t, terms in entries]


def _fixed_om(problem: Problem, sequence: Sequence) -> list[Terms]:
    horizon = problem.horizon
    return [
        sequence.in_state(state, t).scaled(-float(om) / MILLION * horizon.discount(t) * horizon.lengths[t])
        for state, om in enumerate(problem.sequence["fixed_om"].values)
        if om
        for t in range(horizon.n_periods)
    ]


def _residual(problem: Problem, sequence: Sequence) -> list[Terms]:
    table, today = sequence.timetable, problem.horizon.discount_end()
    started = [
        sequence.start(p, t).scaled(table.residual(p, t) / MILLION * today)
        for p, starts in enumerate(table.starts)
        for t in starts
    ]
    return started + [Terms(table.residual_in_flight(p) / MILLION * today, [], []) for p in table.in_flight]


def metrics(problem: Problem, ledger: Ledger, parts: dict[str, Terms], services: Services) -> dict[str, Terms]:
    """Every metric by name; those of systems are means over the years of the horizon."""
    horizon = problem.horizon
    years = sum(horizon.lengths)
    named = {
        name: total(terms.scaled(horizon.lengths[t] / years) for _, t, terms in entries)
        for name, entries in ledger.benefits.items()
        if name != VALUE
    }
    return {NET_BENEFIT: total(parts.values()), LOWEST_SERVICE: one(services.block.lowest), **named}
