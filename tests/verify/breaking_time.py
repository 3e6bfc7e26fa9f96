"""Ways to break the rules of time and precedence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import ANY, Problem
from tests.verify.mutating import Broken, breaks, column, first_start, idle, rewritten, started, works


@breaks("started_once")
def start_twice(problem: Problem, plan: Plan) -> Broken:
    found = first_start(plan)
    return found and started(plan, (found[0], (found[1] + 1) % problem.horizon.n_periods))


@breaks("started_once", "in_flight")
def start_what_is_in_flight(problem: Problem, plan: Plan) -> Broken:
    flying = [lock.transition for lock in problem.locks if lock.kind == "in_flight"]
    return started(plan, (flying[0], 0)) if flying else None


@breaks("one_way_out", "sizes", "direct")
def start_two_sizes(problem: Problem, plan: Plan) -> Broken:
    initial = column(problem, "state_initial")[column(problem, "from_state")]
    for c in range(problem.sequence.sizes["candidate"]):
        ways = np.flatnonzero(initial & (column(problem, "transition_candidate") == c))
        if len(ways) > 1:
            return started(plan, *((int(p), 0) for p in ways if not plan.decisions["start"].values[p].any()))
    return None


@breaks("reached_first", "sizes", "upgrade")
def upgrade_nothing(problem: Problem, plan: Plan) -> Broken:
    later = ~column(problem, "state_initial")[column(problem, "from_state")]
    return next((started(plan, (p, problem.horizon.n_periods - 1)) for p, _ in idle(problem, plan) if later[p]), None)


@breaks("reached_first", "sizes", "upgrade", "unfinished")
def drop_a_lead(problem: Problem, plan: Plan) -> Broken:
    """Start an upgrade in the period in which the works it builds upon start."""
    for p, t in np.argwhere(plan.decisions["start"].values):
        onward = np.flatnonzero(column(problem, "from_state") == column(problem, "to_state")[p])
        if len(onward) and column(problem, "lead_years")[p] > 0:
            start = plan.decisions["start"].values.copy()
            start[onward] = 0
            start[onward[0], t] = 1
            return rewritten(plan, start=start)
    return None


@breaks("window", "window")
def start_outside_the_window(problem: Problem, plan: Plan) -> Broken:
    for p, c in idle(problem, plan):
        for t, year in enumerate(problem.horizon.starts):
            if not column(problem, "earliest_year")[c] <= year <= column(problem, "latest_year")[c]:
                return started(plan, (p, t))
    return None


@breaks("finished_in_horizon")
def start_too_late(problem: Problem, plan: Plan) -> Broken:
    last = problem.horizon.n_periods - 1
    late = column(problem, "lead_years") > 0
    if problem.horizon.allow_unfinished:
        return None
    return next((started(plan, (p, last)) for p, _ in idle(problem, plan) if late[p]), None)


@breaks("requires", "requires")
def start_before_what_is_needed(problem: Problem, plan: Plan) -> Broken:
    serving = works(problem, plan).in_service
    initial = column(problem, "state_initial")[column(problem, "from_state")]
    for need in problem.requirements:
        mine = np.flatnonzero(column(problem, "transition_candidate") == need.needs)
        whichever = need.needs_state == ANY
        steps = [q for q in mine if (initial[q] if whichever else column(problem, "to_state")[q] == need.needs_state)]
        waiting = np.flatnonzero(~serving[steps].any(axis=0))
        for p, c in idle(problem, plan):
            if c == need.candidate and need.state in (ANY, column(problem, "to_state")[p]) and len(waiting):
                return started(plan, (p, int(waiting[0])))
    return None


@breaks("excludes", "excludes")
def start_two_of_a_group(problem: Problem, plan: Plan) -> Broken:
    group = problem.exclusions[0].candidates if problem.exclusions else ()
    new = {c: (p, 0) for p, c in idle(problem, plan) if c in group}
    return started(plan, *new.values()) if len(new) and len(group) > 1 else None


@breaks("locks", "fixed")
def move_a_fixed_start(problem: Problem, plan: Plan) -> Broken:
    for lock in problem.locks:
        if lock.kind == "fixed":
            start = plan.decisions["start"].values.copy()
            start[lock.transition] = np.roll(start[lock.transition], 1)
            return rewritten(plan, start=start)
    return None


@breaks("locks", "forbidden")
def start_what_is_forbidden(problem: Problem, plan: Plan) -> Broken:
    forbidden = [lock.transition for lock in problem.locks if lock.kind == "forbidden"]
    return started(plan, (forbidden[0], 0)) if forbidden else None


@breaks("works_at_once", "works_at_once")
def crowd_a_county(problem: Problem, plan: Plan) -> Broken:
    county = column(problem, "candidate_county")
    for c, limit in enumerate(column(problem, "works_at_once")):
        mine = {candidate: (p, 0) for p, candidate in idle(problem, plan) if county[candidate] == c}
        if len(mine) > limit:
            return started(plan, *mine.values())
    return None


@breaks("resources", "land")
def use_too_much_land(problem: Problem, plan: Plan) -> Broken:
    return _use_all(problem, plan, "land", lambda limit: limit[0])


@breaks("resources", "permits")
def use_too_many_permits(problem: Problem, plan: Plan) -> Broken:
    return _use_all(problem, plan, "permits", lambda limit: limit.sum())


def _use_all(problem: Problem, plan: Plan, name: str, limit_of: Callable[[np.ndarray], float]) -> Broken:
    r = list(problem.sequence["resource"].values).index(name)
    use, county = column(problem, "resource_use")[:, r], column(problem, "candidate_county")
    for o, limit in enumerate(column(problem, "resource_limit")[r]):
        mine = {c: (p, 0) for p, c in idle(problem, plan) if o in (0, county[c] + 1)}
        if sum(use[p] for p, _ in mine.values()) > limit_of(limit):
            return started(plan, *mine.values())
    return None
