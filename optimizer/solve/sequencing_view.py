"""Pure sequencing (works that earn or cost by themselves, need one another and share limits) seen as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network_models.sequencing.arrays import Sequencing, needs_of
from network_models.sequencing.closure import Closures
from network_models.sequencing.lists import depths
from optimizer.model.timetable import Timetable
from optimizer.problem import ANY, POOL, Problem

MILLION = 1e6


@dataclass(frozen=True)
class View:
    """A Problem as :class:`Sequencing`.

    Parameters
    ----------
    sequencing
        Over the works that any best plan can hold; values in 10^6 CNY, discounted.
    transition
        (n,) the transition of each work.
    grain
        Values of plans are whole multiples of this (10^6 CNY); 0 where nothing of the kind is known.
    """

    sequencing: Sequencing
    transition: np.ndarray
    grain: float


def as_sequencing(problem: Problem) -> View | None:
    """The view of a problem that is nothing but sequencing; None for any other."""
    if not (_nothing_else(problem) and _one_way_each(problem) and _always_possible(problem) and _only_pool(problem)):
        return None
    pairs = _pairs(problem)
    worth = _worth(problem)
    if pairs is None or worth is None:
        return None
    cost, factor = worth
    seq = problem.sequence
    n = seq.sizes["candidate"]
    of_candidate = np.empty(n, np.int64)
    of_candidate[seq["transition_candidate"].values] = np.arange(n)
    value = -cost[of_candidate, None] / MILLION * factor
    limit = np.nan_to_num(seq["resource_limit"].values[:, seq["owner"].values == POOL][:, 0], nan=np.inf)
    whole = Sequencing(needs_of(pairs, n), value, seq["resource_use"].values[of_candidate], limit)
    try:
        depths(whole)
    except ValueError:
        return None
    kept = _worth_having(whole, factor)
    step = float(np.gcd.reduce(np.abs(cost[of_candidate[kept]]).astype(np.int64))) if len(kept) else 0.0
    grain = step / MILLION * float(factor[0]) if problem.horizon.n_periods == 1 else 0.0
    return View(whole.only(kept), of_candidate[kept], grain)


def _nothing_else(problem: Problem) -> bool:
    """Whether there are works, no system, no money, no floor, and net benefit alone is wanted."""
    return (
        problem.sequence.sizes["candidate"] > 0
        and not problem.systems
        and problem.funding.sizes["source"] == 0
        and problem.objective.metrics == ("net_benefit",)
        and not (problem.objective.bounds or problem.floors or problem.exclusions or problem.locks)
        and not (problem.sequence["corridor"].values >= 0).any()
    )


def _one_way_each(problem: Problem) -> bool:
    """Whether every candidate has one transition out of its initial state, and states cost nothing."""
    seq = problem.sequence
    n = seq.sizes["candidate"]
    return bool(
        seq.sizes["transition"] == n == len(np.unique(seq["transition_candidate"].values))
        and seq.sizes["state"] == 2 * n
        and seq["state_initial"].values[seq["from_state"].values].all()
        and not seq["fixed_om"].values.any()
    )


def _always_possible(problem: Problem) -> bool:
    """Whether every work may start in every period, serves at once and is paid in the year of its start."""
    seq, horizon = problem.sequence, problem.horizon
    county = np.bincount(seq["candidate_county"].values, minlength=seq.sizes["county"])
    return bool(
        not seq["lead_years"].values.any()
        and not seq["spend_share"].values[:, 1:].any()
        and (seq["earliest_year"].values <= horizon.starts[0]).all()
        and (seq["latest_year"].values >= horizon.starts[-1]).all()
        and (seq["works_at_once"].values >= county).all()
    )


def _only_pool(problem: Problem) -> bool:
    """Whether limits are the pool's, by period, and no use is negative."""
    seq = problem.sequence
    limit, pool = seq["resource_limit"].values, seq["owner"].values == POOL
    by_period = problem.horizon.n_periods == 1 or not seq["resource_whole_horizon"].values.any()
    return bool(
        by_period
        and np.isnan(limit[:, ~pool]).all()
        and not (limit[:, pool] < 0).any()
        and (seq["resource_use"].values >= 0).all()
    )


def _pairs(problem: Problem) -> np.ndarray | None:
    """(k, 2) candidate and what it needs; None where a need is for a state that is never reached."""
    seq = problem.sequence
    reached = np.full(seq.sizes["candidate"], ANY, np.int64)
    reached[seq["transition_candidate"].values] = seq["to_state"].values
    rows = np.array([(r.candidate, r.state, r.needs, r.needs_state) for r in problem.requirements], np.int64)
    rows = rows.reshape(-1, 4)
    if any(
        not np.isin(rows[:, k + 1] - reached[rows[:, k]], 0).all() and (rows[:, k + 1] != ANY).any() for k in (0, 2)
    ):
        return None
    return rows[:, [0, 2]]


def _worth(problem: Problem) -> tuple[np.ndarray, np.ndarray] | None:
    """Overnight cost (transition,) in CNY, and what a CNY of it costs by period of the start, (T,), discounted.

    None where lifetimes differ, so that this is not the same for all.
    """
    seq, horizon = problem.sequence, problem.horizon
    cost = seq["overnight_cost"].values.astype(float)
    some = np.flatnonzero(cost)
    if len(np.unique(seq["lifetime"].values)) > 1:
        return None
    if not len(some):
        return cost, np.ones(horizon.n_periods)
    p = int(some[0])
    one = problem.sequence.isel(transition=[p])
    table = Timetable(Problem(horizon, one, (), (), (), problem.funding, {}))
    factor = [
        sum(horizon.discount(u) * amount for u, amount in table.spending(0, t).items())
        - horizon.discount_end() * table.residual(0, t)
        for t in range(horizon.n_periods)
    ]
    return cost, np.array(factor) / cost[p]


def _worth_having(whole: Sequencing, factor: np.ndarray) -> np.ndarray:
    """Works of the largest best closure without limits, if earlier is never worth less: no best plan holds others.

    A plan loses nothing when each of its sets 'begun by t' is cut down to that closure, because the weight of closures
    is supermodular and the steps of ``factor`` are non-negative; and it uses no more.
    """
    falling = bool((factor >= 0).all() and (np.diff(factor) <= 0).all())
    if not falling:
        return np.arange(whole.n)
    return np.flatnonzero(Closures(whole.needs, 1).best(whole.value[:, :1]).taken[:, 0])
