"""Ways to break the rules of facilities, of value, and of shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from tests.verify.mutating import Broken, breaks, capacities, reserved, rewritten, shares, systems


@breaks("served_once", "facilities")
def serve_twice(problem: Problem, plan: Plan) -> Broken:
    for name, data, _ in systems(problem):
        of = data["pair_origin"]
        twice = next((i for i in range(len(data["quantity"])) if (of == i).sum() > 1), None)
        if twice is not None:
            share = shares(plan, name)
            share[of == twice] = 0.7
            return reserved(plan, name, share=share)
    return None


@breaks("served_once", "facilities", "serve_all")
def leave_somebody_out(problem: Problem, plan: Plan) -> Broken:
    for name, data, attrs in systems(problem):
        if attrs["serve_all"] and len(data["pair_origin"]) and data["quantity"][data["pair_origin"][0], 0] > 0:
            share = shares(plan, name)
            share[data["pair_origin"] == data["pair_origin"][0], 0] = 0.0
            return reserved(plan, name, share=share)
    return None


@breaks("shares", "facilities", "single_source")
def split_an_origin(problem: Problem, plan: Plan) -> Broken:
    for name, data, attrs in systems(problem):
        if attrs["single_source"] and len(data["pair_origin"]):
            share = shares(plan, name)
            share[0, 0] = 0.5
            return reserved(plan, name, share=share)
    return None


@breaks("shares", "facilities")
def serve_less_than_nothing(problem: Problem, plan: Plan) -> Broken:
    for name, data, _ in systems(problem):
        if len(data["pair_origin"]):
            share = shares(plan, name)
            share[0, -1] = -0.2
            return reserved(plan, name, share=share)
    return None


@breaks("site_capacity", "facilities", "existing")
def overload_a_site(problem: Problem, plan: Plan) -> Broken:
    capacity = capacities(problem, plan)
    for name, data, _ in systems(problem):
        for j, candidate in enumerate(data["site_candidate"]):
            here = data["pair_site"] == j
            asked = data["quantity"][data["pair_origin"][here]].sum(axis=0)
            if (asked > capacity[candidate] + 1).any():
                share = shares(plan, name)
                share[here] = 1.0
                return reserved(plan, name, share=share)
    return None


@breaks("open_first", "facilities")
def serve_where_nothing_stands(problem: Problem, plan: Plan) -> Broken:
    capacity = capacities(problem, plan)
    for name, data, _ in systems(problem):
        closed = capacity[data["site_candidate"]][data["pair_site"]] <= 0
        options = np.argwhere(closed & (data["quantity"][data["pair_origin"]] > 0))
        if len(options):
            share = shares(plan, name)
            share[tuple(options[0])] = 1.0
            return reserved(plan, name, share=share)
    return None


@breaks("through_flow", "facilities")
def lose_goods_on_the_way(problem: Problem, plan: Plan) -> Broken:
    for name, data, _ in systems(problem):
        for link, site in enumerate(data["link_site"]):
            if (data["link_site"] == site).sum() > 1:
                flow = np.array(plan.systems[name]["flow"].values)
                flow[link, 0, 0] += 7.0
                return reserved(plan, name, flow=flow)
    return None


@breaks("upper_capacity", "facilities", "centres")
def overload_a_centre(problem: Problem, plan: Plan) -> Broken:
    capacity = capacities(problem, plan)
    for name, data, _ in systems(problem):
        candidate, fixed = data["upper_candidate"], data["upper_capacity"][:, 0]
        limit = np.where(candidate >= 0, capacity[candidate, 0], fixed) if len(candidate) else fixed
        for u in np.flatnonzero(np.isfinite(limit)):
            link = int(np.flatnonzero(data["link_upper"] == u)[0]) if (data["link_upper"] == u).any() else -1
            if link >= 0 and (data["link_site"] == data["link_site"][link]).sum() > 1:
                flow = np.array(plan.systems[name]["flow"].values)
                flow[link, 0, 0] = limit[u] + 10
                return reserved(plan, name, flow=flow)
            here = data["pair_site"] == data["link_site"][link]
            if link >= 0 and data["quantity"][data["pair_origin"][here], 0].sum() > limit[u] + 1:
                share = shares(plan, name)
                share[here, 0] = 1.0
                return reserved(plan, name, share=share)
    return None


@breaks("upper_first", "facilities", "centres")
def serve_without_a_centre(problem: Problem, plan: Plan) -> Broken:
    """Serve all that a site can get over its one link, to a centre that does not stand."""
    capacity = capacities(problem, plan)
    for name, data, _ in systems(problem):
        for link, u in enumerate(data["link_upper"]):
            site, centre = data["link_site"][link], data["upper_candidate"][u]
            here = data["pair_site"] == site
            closed = capacity[centre] <= 0 if centre >= 0 else np.zeros(capacity.shape[1], bool)
            asked = data["quantity"][data["pair_origin"][here]].sum(axis=0) > 0
            if (data["link_site"] == site).sum() == 1 and (closed & asked).any():
                share = shares(plan, name)
                share[np.ix_(here, closed)] = 1.0
                return reserved(plan, name, share=share)
    return None


@breaks("equity", "facilities", "equity")
def forget_a_county(problem: Problem, plan: Plan) -> Broken:
    for floor in problem.floors:
        data = problem.systems[floor.system].data
        mine = np.isin(data["origin_county"].values, floor.counties)
        if data["quantity"].values[mine, floor.period :].sum() > 0 and floor.level > 0:
            share = shares(plan, floor.system)
            share[mine[data["pair_origin"].values]] = 0.0
            return reserved(plan, floor.system, share=share)
    return None


@breaks("objective")
def promise_more(problem: Problem, plan: Plan) -> Broken:
    more = plan.outcome.incumbent + 1e-4 * max(1.0, abs(plan.outcome.incumbent))
    return replace(plan, outcome=replace(plan.outcome, incumbent=more, bound=max(more, plan.outcome.bound)))


@breaks("objective")
def hide_what_is_spent(problem: Problem, plan: Plan) -> Broken:
    terms = plan.decisions["objective_terms"].values.copy()
    terms[list(plan.decisions["term"].values).index("spending")] += 0.01
    return rewritten(plan, objective_terms=terms)


@breaks("objective", "facilities")
def claim_services(problem: Problem, plan: Plan) -> Broken:
    names = [str(name) for name in plan.decisions["metric"].values]
    value = plan.decisions["metric_value"].values.copy()
    served = [i for i, name in enumerate(names) if name.startswith("served:")]
    value[served] += 1.0
    return rewritten(plan, metric_value=value) if served else None


@breaks("bound")
def prove_too_much(problem: Problem, plan: Plan) -> Broken:
    return replace(
        plan, outcome=replace(plan.outcome, bound=plan.outcome.incumbent - 0.01 * max(1.0, abs(plan.outcome.incumbent)))
    )


@breaks("objective_bound", "facilities", "other_objective", "epsilon")
def miss_a_bound(problem: Problem, plan: Plan) -> Broken:
    for held in problem.objective.bounds:
        system = held.metric.partition(":")[2]
        if system and held.at_least > 0:
            return reserved(plan, system, share=np.zeros_like(shares(plan, system)))
    return None


@breaks("shape")
def lose_a_period(problem: Problem, plan: Plan) -> Broken:
    return replace(plan, decisions=plan.decisions.isel(period=slice(0, -1)))


@breaks("shape")
def rename_a_candidate(problem: Problem, plan: Plan) -> Broken:
    names = [f"{name}'" for name in plan.decisions["candidate"].values]
    return replace(plan, decisions=plan.decisions.assign_coords(candidate=names))


@breaks("shape", "money")
def pay_nan(problem: Problem, plan: Plan) -> Broken:
    payment = plan.decisions["payment"].values.astype(float)
    payment[0, 0, 0] = np.nan
    return rewritten(plan, payment=payment)


@breaks("shape", "facilities")
def forget_a_system(problem: Problem, plan: Plan) -> Broken:
    return replace(plan, systems={}) if problem.systems else None
