"""Rules of time and precedence, each checked on the starts alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np

from optimizer.problem import ANY, POOL
from optimizer.verify.result import Findings, Violation
from optimizer.verify.works import Works

NEAR = 1e-6


def started_once(works: Works) -> Findings:
    """A transition starts at most once, and never if it is in flight already."""
    times, flying = works.start.sum(axis=1), {w.transition for w in works.all if w.start is None}
    wrong = (works.start < 0).any(axis=1) | (times > 1)
    wrong[list(flying)] |= times[list(flying)] > 0
    found = [
        Violation(
            "started_once",
            works.way(p),
            f"{times[p]} starts",
            "0 beside the work in flight" if p in flying else "0 or 1",
        )
        for p in np.flatnonzero(wrong)
    ]
    return len(times), found


def one_way_out(works: Works) -> Findings:
    """Of the transitions out of the initial state at most one is taken."""
    initial = works.column["state_initial"][works.column["from_state"]]
    left = np.zeros(works.spending.shape[0], np.int64)
    np.add.at(left, works.column["transition_candidate"][initial], works.started[initial, -1])
    found = [
        Violation("one_way_out", works.name(c), f"{left[c]} ways out of the initial state", "1")
        for c in np.flatnonzero(left > 1)
    ]
    return len(left), found


def reached_first(works: Works) -> Findings:
    """A state that is not initial is left only once it is in service, and left once."""
    shape = len(works.column["state_initial"]), works.periods
    leaving, entered = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(leaving, works.column["from_state"], works.started)
    np.add.at(entered, works.column["to_state"], works.in_service.astype(np.int64))
    later = ~works.column["state_initial"]
    found = []
    for s in np.flatnonzero((leaving > entered).any(axis=1) & later):
        t = int(np.argmax(leaving[s] > entered[s]))
        where = f"{works.name(works.column['state_candidate'][s])}, {works.column['state_option'][s]}, {works.year(t)}"
        found.append(
            Violation(
                "reached_first", where, f"left {leaving[s, t]} times", f"{entered[s, t]}, as often as it is in service"
            )
        )
    return int(later.sum()) * works.periods, found


def window(works: Works) -> Findings:
    """Starts lie between earliest and latest year."""
    begins = np.array(works.begins)
    p, t = np.nonzero(works.start)
    candidate = works.column["transition_candidate"][p]
    first, last = (works.column[k][candidate] for k in ("earliest_year", "latest_year"))
    found = [
        Violation("window", works.way(p[i]), f"a start in {begins[t[i]]}", f"{first[i]} to {last[i]}")
        for i in np.flatnonzero((begins[t] < first) | (begins[t] > last))
    ]
    return len(p), found


def finished_in_horizon(works: Works) -> Findings:
    """Works are in service and paid within the horizon, unless unfinished works are enabled."""
    if works.problem.horizon.allow_unfinished:
        return 0, []
    found, rows = [], 0
    for w in works.all:
        if w.start is None:
            continue
        rows += 1
        paid = max(year for year, _ in w.payments)
        if w.service_period >= works.periods or paid >= works.end:
            says = f"a start in {works.begins[w.start]}, last paid in {paid}"
            found.append(
                Violation(
                    "finished_in_horizon", works.way(w.transition), says, f"service and payment before {works.end}"
                )
            )
    return rows, found


def requires(works: Works) -> Findings:
    """What is needed first is in service when works start."""
    of_candidate: dict[int, list[int]] = defaultdict(list)
    for p, c in enumerate(works.column["transition_candidate"]):
        of_candidate[int(c)].append(p)
    to, initial = works.column["to_state"], works.column["state_initial"][works.column["from_state"]]
    found, rows = [], 0
    for need in works.problem.requirements:
        bound = [p for p in of_candidate[need.candidate] if need.state in (ANY, to[p])]
        steps = [
            q
            for q in of_candidate[need.needs]
            if (initial[q] if need.needs_state == ANY else to[q] == need.needs_state)
        ]
        reached = works.in_service[steps].any(axis=0)
        rows += len(bound) * works.periods
        for i, t in np.argwhere(works.start[bound].astype(bool) & ~reached):
            where = f"{works.way(bound[i])} {need.row}".strip()
            found.append(
                Violation(
                    "requires", where, f"a start in {works.year(t)}", f"after {works.name(need.needs)} is in service"
                )
            )
    return rows, found


def excludes(works: Works) -> Findings:
    """Of each group at most one candidate is started or in flight."""
    built = set(works.column["transition_candidate"][works.started[:, -1] > 0].tolist())
    found = []
    for group in works.problem.exclusions:
        taken = [works.name(c) for c in group.candidates if c in built]
        if len(taken) > 1:
            found.append(
                Violation("excludes", f"group {group.group} {group.row}".strip(), ", ".join(taken), "one of them")
            )
    return len(works.problem.exclusions), found


def locks(works: Works) -> Findings:
    """What was settled before planning is kept: fixed years, and what is forbidden."""
    found = []
    for lock in works.problem.locks:
        starts = [int(t) for t in np.flatnonzero(works.start[lock.transition])]
        where = f"{works.way(lock.transition)} {lock.row}".strip()
        says = f"a start in {', '.join(works.year(t) for t in starts) or 'no year'}"
        if lock.kind == "forbidden" and starts:
            found.append(Violation("locks", where, says, "none"))
        if lock.kind == "fixed" and starts != [works.period_of(lock.year)]:
            found.append(Violation("locks", where, says, str(lock.year)))
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
        Violation(
            "works_at_once",
            f"county {works.problem.sequence['county'].values[c]}, {works.year(t)}",
            f"{n} works",
            f"{limit[c]}",
        )
        for (c, t), n in sorted(under_way.items())
        if n > limit[c]
    ]
    return len(limit) * works.periods, found


def resources(works: Works) -> Findings:
    """Use of capped resources by owner, in each period or over the whole horizon."""
    seq, limits = works.problem.sequence, works.column["resource_limit"]
    owners = seq["owner"].values
    county = works.column["candidate_county"][works.column["transition_candidate"]]
    used = np.zeros(limits.shape)
    uses = works.column["resource_use"].T[:, :, None] * works.start
    for c in np.unique(county):
        spent = uses[:, county == c].sum(axis=1)
        used[:, c + 1] += spent
        used[:, list(owners).index(POOL)] += spent
    found, rows = [], 0
    for r, name in enumerate(seq["resource"].values):
        whole = bool(works.column["resource_whole_horizon"][r])
        amount, limit = (a[r].sum(axis=1, keepdims=True) if whole else a[r] for a in (used, limits))
        rows += int((~np.isnan(limit)).sum())
        for o, t in np.argwhere(amount > limit + NEAR):
            owner = "the pool" if owners[o] == POOL else f"county {owners[o]}"
            where = f"{name} of {owner}, {'the whole horizon' if whole else works.year(t)}"
            found.append(Violation("resources", where, f"{amount[o, t]:g}", f"{limit[o, t]:g}"))
    return rows, found


RULES: tuple[Callable[[Works], Findings], ...] = (
    started_once,
    one_way_out,
    reached_first,
    window,
    finished_in_horizon,
    requires,
    excludes,
    locks,
    works_at_once,
    resources,
)
