"""Ways to break the rules of money."""

from __future__ import annotations

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from tests.verify.mutating import (
    Broken,
    breaks,
    column,
    first_start,
    idle,
    moved,
    payments,
    rewritten,
    started,
    works,
)


@breaks("spending")
def shift_a_start(problem: Problem, plan: Plan) -> Broken:
    found = first_start(plan)
    if found is None or column(problem, "corridor")[column(problem, "transition_candidate")[found[0]]] >= 0:
        return None
    start = plan.decisions["start"].values.copy()
    start[found[0]] = np.roll(start[found[0]], 1)
    return rewritten(plan, start=start)


@breaks("spending")
def drop_a_start(problem: Problem, plan: Plan) -> Broken:
    found = first_start(plan)
    start = plan.decisions["start"].values.copy()
    start[found[0] if found else 0] = 0
    return rewritten(plan, start=start) if found else None


@breaks("spending")
def spend_a_little_more(problem: Problem, plan: Plan) -> Broken:
    spent = plan.decisions["spending"].values.copy()
    spent[0, -1] += 2
    return rewritten(plan, spending=spent) if column(problem, "corridor")[0] < 0 else None


@breaks("dig_once", "corridors", "two_systems")
def dig_twice(problem: Problem, plan: Plan) -> Broken:
    """Start works of two systems in one corridor, and spend as if each had its own trench."""
    corridor, system = column(problem, "corridor"), problem.system_of_candidate()
    new = list(idle(problem, plan))
    for p, c in new:
        for q, other in new:
            if corridor[c] == corridor[other] >= 0 and system[c] < system[other]:
                both = started(plan, (p, 0), (q, 0))
                return rewritten(both, spending=works(problem, both).spending)
    return None


@breaks("funding_balance", "money")
def pay_too_little(problem: Problem, plan: Plan) -> Broken:
    payment = plan.decisions["payment"].values.copy()
    for place in payments(plan):
        payment[place] -= 5
        return rewritten(plan, payment=payment)
    return None


@breaks("eligible", "money", "eligible", "two_systems")
def pay_from_another_pot(problem: Problem, plan: Plan) -> Broken:
    may = problem.funding["eligible"].values[:, problem.system_of_candidate()]
    options = ((c, k, t, to) for c, k, t in payments(plan) for to in np.flatnonzero(~may[:, c]))
    return next((moved(plan, *option) for option in options), None)


@breaks("max_share", "money", "max_share")
def let_one_source_pay_all(problem: Problem, plan: Plan) -> Broken:
    capped = np.flatnonzero(problem.funding["max_share"].values < 1)
    options = ((c, k, t, int(to)) for c, k, t in payments(plan) for to in capped if to != k)
    for c, _, t, to in options:
        payment = plan.decisions["payment"].values.copy()
        payment[c, :, t] = 0
        payment[c, to, t] = plan.decisions["spending"].values[c, t]
        return rewritten(plan, payment=payment)
    return None


@breaks("own_share", "money", "own_share", "own", "grant")
def spare_the_county(problem: Problem, plan: Plan) -> Broken:
    kind = problem.funding["source_kind"].values
    share = problem.funding["own_share"].values[column(problem, "candidate_county")]
    others = np.flatnonzero(kind != "own")
    for c, k, t in payments(plan):
        if kind[k] == "own" and share[c] > 0 and len(others):
            payment = plan.decisions["payment"].values.copy()
            payment[c, others[0], t] += payment[c, kind == "own", t].sum()
            payment[c, kind == "own", t] = 0
            return rewritten(plan, payment=payment)
    return None


@breaks("budget", "money")
def overdraw(problem: Problem, plan: Plan) -> Broken:
    pooled, budget = problem.funding["pooled"].values, problem.funding["budget"].values
    for c, k, t in payments(plan):
        for to in range(len(pooled)):
            owner = 0 if pooled[to] else column(problem, "candidate_county")[c] + 1
            most = budget[to, owner, : t + 1].sum()
            if to != k and plan.decisions["payment"].values[c, k, t] > most + 2:
                return moved(plan, c, k, t, to)
    return None


@breaks("budget", "money")
def carry_on_what_is_spent(problem: Problem, plan: Plan) -> Broken:
    carried, budget = plan.decisions["carry_over"].values.copy(), problem.funding["budget"].values
    k, o, t = np.unravel_index(int(np.argmax(budget)), budget.shape)
    carried[k, o, t] += 2 * int(budget.sum())
    return rewritten(plan, carry_over=carried)


@breaks("carry_over", "money", "carry_over")
def carry_too_much(problem: Problem, plan: Plan) -> Broken:
    carried = plan.decisions["carry_over"].values.copy()
    cap = problem.funding["carry_over_share"].values[:, None, None] * problem.funding["budget"].values
    found = np.argwhere(cap[:, :, :-1] > 0)
    if not len(found):
        return None
    carried[tuple(found[0])] = int(cap[tuple(found[0])]) + 3
    return rewritten(plan, carry_over=carried)


@breaks("carry_over", "money")
def carry_past_the_end(problem: Problem, plan: Plan) -> Broken:
    carried = plan.decisions["carry_over"].values.copy()
    carried[0, 0, -1] = 1
    return rewritten(plan, carry_over=carried)


@breaks("carry_over", "money")
def carry_a_debt(problem: Problem, plan: Plan) -> Broken:
    carried = plan.decisions["carry_over"].values.copy()
    carried[0, 0, 0] = -50
    return rewritten(plan, carry_over=carried)


@breaks("debt_service", "money", "bond", "debt_service")
def borrow_too_much(problem: Problem, plan: Plan) -> Broken:
    bonds = np.flatnonzero(problem.funding["source_kind"].values == "bond")
    if not len(bonds) or not plan.decisions["spending"].values.any():
        return None
    payment = np.zeros_like(plan.decisions["payment"].values)
    payment[:, bonds[0], :] = 40 * plan.decisions["spending"].values
    return rewritten(plan, payment=payment)


@breaks("whole_payments", "money")
def pay_back(problem: Problem, plan: Plan) -> Broken:
    several = problem.funding.sizes["source"] > 1
    options = ((c, k, t, (k + 1) % problem.funding.sizes["source"]) for c, k, t in payments(plan) if several)
    for c, k, t, to in options:
        return moved(plan, c, k, t, to, int(plan.decisions["payment"].values[c, k, t]) + 100)
    return None


@breaks("whole_payments", "money")
def pay_half_a_yuan(problem: Problem, plan: Plan) -> Broken:
    payment = plan.decisions["payment"].values.astype(float)
    payment[0, 0, 0] += 0.5
    return rewritten(plan, payment=payment)
