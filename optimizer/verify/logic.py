"""Rules of time and precedence, each checked on the starts alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from optimizer.problem import ANY, POOL, Problem
from optimizer.verify.result import Violation
from optimizer.verify.works import Work, Works

Findings = tuple[int, list[Violation]]


def _name(works: Works, candidate: int) -> str:
    return str(works.problem.sequence["candidate"].values[candidate])


def _year(works: Works, period: int) -> str:
    return works.problem.horizon.labels[period]


def started_once(works: Works) -> Findings:
    """A transition starts at most once, never if it is in flight, and starts are 0 or 1."""
    flying = {lock.transition for lock in works.problem.locks if lock.kind == "in_flight"}
    times = works.start.sum(axis=1)
    found = [
        Violation("started_once", f"{_name(works, int(works.column['transition_candidate'][p]))}, transition {p}",
                  f"{times[p]} starts" + (" of a work in flight" if p in flying else ""), "1" if p not in flying else "0")
        for p in np.flatnonzero((times > 1) | ((works.start < 0).any(axis=1)))
    ] + [
        Violation("started_once", f"transition {p}", f"{times[p]} starts of a work in flight", "0")
        for p in flying if times[p] > 0
    ]
    return len(times), found


def one_way_out(works: Works) -> Findings:
    """Of the transitions out of the initial state at most one is taken."""
    left = Counter(
        w.candidate for w in works.all if works.column["state_initial"][works.column["from_state"][w.transition]]
    )
    found = [Violation("one_way_out", _name(works, c), f"{n} ways out of the initial state", "1") for c, n in left.items() if n > 1]
    return works.spending.shape[0], found


def reached_first(works: Works) -> Findings:
    """A transition out of another state starts only when that state is in service, and each state is left once."""
    found, rows = [], 0
    left: Counter[int] = Counter()
    for w in works.all:
        state = int(works.column["from_state"][w.transition])
        if works.column["state_initial"][state]:
            continue
        rows += 1
        left[state] += 1
        into = np.flatnonzero(works.column["to_state"] == state)
        reached = w.start is not None and works.in_service[into, w.start].any()
        if not reached or left[state] > 1:
            found.append(Violation("reached_first", _name(works, w.candidate), f"transition {w.transition} before its state is in service"
                                   if not reached else f"{left[state]} ways out of one state", "after completion, once"))
    return rows, found


def window(works: Works) -> Findings:
    """Starts lie between earliest and latest year."""
    found = []
    mine = [w for w in works.all if w.start is not None]
    for w in mine:
        first, last = (int(works.column[k][w.candidate]) for k in ("earliest_year", "latest_year"))
        if not first <= works.begins[w.start or 0] <= last:
            found.append(Violation("window", _name(works, w.candidate), f"start in {_year(works, w.start or 0)}", f"{first} to {last}"))
    return len(mine), found


def finished_in_horizon(works: Works) -> Findings:
    """Works are finished and paid within the horizon, unless unfinished works are enabled."""
    if works.problem.horizon.allow_unfinished:
        return 0, []
    mine = [w for w in works.all if w.start is not None]
    late = [w for w in mine if w.service_period >= works.periods or max(year for year, _ in w.payments) >= works.end]
    return len(mine), [
        Violation("finished_in_horizon", _name(works, w.candidate), f"start in {_year(works, w.start or 0)}", f"an end before {works.end}")
        for w in late
    ]


def requires(works: Works) -> Findings:
    """What is needed first is in service when works start."""
    found, rows = [], 0
    for need in works.problem.requirements:
        bound = [w for w in works.all if w.start is not None and w.candidate == need.candidate
                 and need.state in (ANY, int(works.column["to_state"][w.transition]))]
        for w in bound:
            rows += 1
            done = [v for v in works.all if v.candidate == need.needs and v.service_period <= (w.start or 0)
                    and _reaches(works, v, need.needs_state)]
            if not done:
                found.append(Violation("requires", f"{_name(works, w.candidate)} ({need.row})", f"start in {_year(works, w.start or 0)}",
                                       f"after {_name(works, need.needs)} is in service"))
    return rows, found


def _reaches(works: Works, work: Work, state: int) -> bool:
    if state == ANY:
        return bool(works.column["state_initial"][works.column["from_state"][work.transition]])
    return int(works.column["to_state"][work.transition]) == state


def excludes(works: Works) -> Findings:
    """Of each group at most one candidate is started or in flight."""
    built = {w.candidate for w in works.all}
    found = []
    for group in works.problem.exclusions:
        taken = [c for c in group.candidates if c in built]
        if len(taken) > 1:
            found.append(Violation("excludes", f"group {group.group} ({group.row})", ", ".join(_name(works, c) for c in taken), "one of them"))
    return len(works.problem.exclusions), found


def locks(works: Works) -> Findings:
    """What was settled before planning is kept."""
    found = []
    for lock in works.problem.locks:
        starts = [int(t) for t in np.flatnonzero(works.start[lock.transition])]
        name = f"{_name(works, int(works.column['transition_candidate'][lock.transition]))} ({lock.row})"
        if lock.kind == "forbidden" and starts:
            found.append(Violation("locks", name, f"start in {_year(works, starts[0])}", "never"))
        if lock.kind == "fixed" and starts != [works.period_of(lock.year)]:
            found.append(Violation("locks", name, f"start in {', '.join(_year(works, t) for t in starts) or 'no year'}", str(lock.year)))
    return len(works.problem.locks), found


def works_at_once(works: Works) -> Findings:
    """Works under way in a county and period."""
    under_way: Counter[tuple[int, int]] = Counter()
    for w in works.all:
        first = 0 if w.start is None else w.start
        last = w.service_period if w.start is None else max(w.service_period, first + 1)
        for t in range(first, min(last, works.periods)):
            under_way[int(works.column["candidate_county"][w.candidate]), t] += 1
    limit = works.column["works_at_once"]
    found = [
        Violation("works_at_once", f"{works.problem.county_ids[c]}, {_year(works, t)}", str(n), str(limit[c]))
        for (c, t), n in sorted(under_way.items()) if n > limit[c]
    ]
    return len(limit) * works.periods, found


def resources(works: Works) -> Findings:
    """Use of capped resources by owner and period (or whole horizon)."""
    problem, found, rows = works.problem, [], 0
    used: dict[tuple[int, int], np.ndarray] = defaultdict(lambda: np.zeros(works.periods))
    for w in works.all:
        for r in np.flatnonzero(works.column["resource_use"][w.transition]):
            for owner in (0, int(works.column["candidate_county"][w.candidate]) + 1):
                if w.start is not None:
                    used[int(r), owner][w.start] += works.column["resource_use"][w.transition, r]
    owners = [str(o) for o in problem.sequence["owner"].values]
    for r, o, limits in _limits(problem):
        rows += 1
        amounts = used[r, o]
        whole = bool(works.column["resource_whole_horizon"][r])
        pairs = [(amounts.sum(), limits.sum(), "horizon")] if whole else list(zip(amounts, limits, problem.horizon.labels, strict=True))
        for amount, limit, when in pairs:
            if amount > limit + 1e-6:
                owner = "the pool" if owners[o] == POOL else owners[o]
                found.append(Violation("resources", f"{problem.sequence['resource'].values[r]}, {owner}, {when}", f"{amount:g}", f"{limit:g}"))
    return rows, found


def _limits(problem: Problem) -> Iterator[tuple[int, int, np.ndarray]]:
    limits = problem.sequence["resource_limit"].values
    for r, o in np.argwhere(~np.isnan(limits).any(axis=2)):
        yield int(r), int(o), limits[r, o]


RULES = (started_once, one_way_out, reached_first, window, finished_in_horizon, requires, excludes, locks, works_at_once, resources)
