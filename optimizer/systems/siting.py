"""Plain siting (one period, one kind of site, everybody served) solved ahead of the model; anything else is left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from network_models.siting.arrays import CLOSED, FREE, OPEN, Siting
from optimizer.model.timetable import Timetable
from optimizer.problem import POOL, Lock, Problem, SystemProblem
from optimizer.systems.protocol import Effort, Strengthened
from optimizer.systems.siting_branch import Found, Limits, Tree

MILLION = 1e6
NET_BENEFIT = ("net_benefit",)
HANDED_OVER = 5_000
"""Most pairs that are left to the model when the search ends early; beyond that it gets the best plan only."""
SAFE = 0.5
"""Of the gap asked for: the rest is left to the rounding between the search and the model."""
EVIDENCE = "Lagrangian relaxation of who is served where, branch and bound over sites and customers"


@dataclass(frozen=True)
class View:
    """A system seen as :class:`Siting`.

    Parameters
    ----------
    siting
        Costs in 10^6 CNY, discounted: net benefit is minus the value of a solution.
    transition
        (m,) the transition that opens each site.
    pair
        (m, n) position in the system's pairs, -1 where there is none; customers are the origins that want something.
    """

    siting: Siting
    transition: np.ndarray
    pair: np.ndarray


def strengthen(problem: Problem, system: SystemProblem, effort: Effort) -> Strengthened | None:
    """Solve plain siting, or narrow it; None where the structure is another or nothing can be said."""
    view = as_siting(problem, system)
    if view is None or not np.isfinite(view.siting.cost).any(axis=0).all() or (view.siting.fixed < 0).any():
        return None
    limits = Limits(SAFE * effort.gap, time.monotonic() + effort.seconds, effort.stop, effort.seed)
    found = Tree(view.siting, limits, lambda value, bound: effort.say(-value, -bound)).run()
    if not np.isfinite(found.bound):
        return None
    return _narrowed(problem, system, view, found, effort.stop)


def as_siting(problem: Problem, system: SystemProblem) -> View | None:
    """The system as plain siting, or None where it is something else."""
    if not (_nothing_else(problem) and _plain_system(problem, system)):
        return None
    table = Timetable(problem)
    transition = _transitions(problem, system, table)
    most = _most(problem)
    if transition is None or most is None or not _all_may_work(problem):
        return None
    return _view(problem, system, table, transition, most)


def _nothing_else(problem: Problem) -> bool:
    """Whether one period, one system, net benefit and no rule among candidates are all there is."""
    return (
        problem.horizon.n_periods == 1
        and len(problem.systems) == 1
        and problem.objective.metrics == NET_BENEFIT
        and not (problem.objective.bounds or problem.floors)
        and not (problem.requirements or problem.needs or problem.exclusions or problem.locks)
        and problem.funding.sizes["source"] == 0
    )


def _plain_system(problem: Problem, system: SystemProblem) -> bool:
    """Whether everybody is served, over one echelon, and the sites are all there is to build, each in one size."""
    data, seq = system.data, problem.sequence
    count = data.sizes["site"]
    pairs = data["pair_site"].values * data.sizes["origin"] + data["pair_origin"].values
    standing = seq["state_initial"].values
    return bool(
        data.attrs["serve_all"]
        and data.sizes["link"] == 0
        and data.sizes["upper"] == 0
        and count == seq.sizes["candidate"] == seq.sizes["transition"] == len(set(data["site_candidate"].values))
        and seq.sizes["state"] == 2 * count
        and not seq["capacity"].values[standing].any()
        and not seq["fixed_om"].values[standing].any()
        and len(np.unique(pairs)) == len(pairs)
    )


def _transitions(problem: Problem, system: SystemProblem, table: Timetable) -> np.ndarray | None:
    """The transition of each site; None unless each has one, out of its initial state, that serves at once."""
    seq = problem.sequence
    count = seq.sizes["transition"]
    owner, initial = seq["transition_candidate"].values, seq["state_initial"].values
    at_once = all(table.starts[p] == (0,) and table.service(p, 0) == 0 for p in range(count))
    if not at_once or len(set(owner)) < count or not initial[seq["from_state"].values].all():
        return None
    of_candidate = np.empty(count, np.int64)
    of_candidate[owner] = np.arange(count)
    return of_candidate[system.data["site_candidate"].values]


def _most(problem: Problem) -> float | None:
    """Most sites that may be opened (inf: any number); None where resources say something else."""
    seq = problem.sequence
    limits, uses = seq["resource_limit"].values, seq["resource_use"].values
    owners = seq["owner"].values == POOL
    most = np.inf
    for r in range(seq.sizes["resource"]):
        if np.isnan(limits[r]).all():
            continue
        if not np.isnan(limits[r][~owners]).all() or (uses[:, r] != 1.0).any():
            return None
        most = min(most, float(np.floor(limits[r][owners].min() + 1e-9)))
    return most


def _all_may_work(problem: Problem) -> bool:
    seq = problem.sequence
    works = np.bincount(seq["candidate_county"].values, minlength=seq.sizes["county"])
    return bool((seq["works_at_once"].values >= works).all())


def _view(problem: Problem, system: SystemProblem, table: Timetable, transition: np.ndarray, most: float) -> View:
    data, horizon = system.data, problem.horizon
    quantity = data["quantity"].values[:, 0].astype(float)
    origins = np.flatnonzero(quantity > 0)
    pair = np.full((data.sizes["site"], data.sizes["origin"]), -1, np.int64)
    pair[data["pair_site"].values, data["pair_origin"].values] = np.arange(data.sizes["pair"])
    pair = pair[:, origins]
    today = horizon.discount(0) * horizon.lengths[0]
    demand, capacity = quantity[origins], problem.sequence["capacity"].values[_to_state(problem, transition)]
    cost = np.where(pair >= 0, -data["pair_value"].values[pair] * demand * today / MILLION, np.inf)
    single = bool(data.attrs["single_source"])
    if single:
        cost[capacity[:, None] < demand * (1 - 1e-9)] = np.inf
    fixed = np.array([_opening(problem, table, int(p)) for p in transition]) / MILLION
    limit = int(most) if np.isfinite(most) else None
    siting = Siting(cost, demand, capacity.astype(float), fixed, single, limit)
    return View(siting, transition, pair)


def _to_state(problem: Problem, transition: np.ndarray) -> np.ndarray:
    return np.asarray(problem.sequence["to_state"].values[transition])


def _opening(problem: Problem, table: Timetable, p: int) -> float:
    """CNY that a start costs, running costs and what is left at the end included, discounted."""
    horizon = problem.horizon
    paid = sum(horizon.discount(t) * amount for t, amount in table.spending(p, 0).items())
    om = float(problem.sequence["fixed_om"].values[problem.sequence["to_state"].values[p]])
    return float(paid + om * horizon.discount(0) * horizon.lengths[0] - horizon.discount_end() * table.residual(p, 0))


def _narrowed(problem: Problem, system: SystemProblem, view: View, found: Found, stop: threading.Event) -> Strengthened:
    """The problem with what no better plan needs left out; with the best plan alone where that is proved or too much."""
    solution = found.solution
    known = bool(np.isfinite(solution.value))
    done = known and (not found.keep.any() or found.keep.sum() > HANDED_OVER or stop.is_set())
    keep = found.keep.copy()
    status = found.status.copy()
    if done:
        keep[:] = False
        status = np.where(solution.is_open, OPEN, CLOSED)
    if known:
        keep |= solution.share > 0
        status[status != np.where(solution.is_open, OPEN, CLOSED)] = FREE
    kept = np.sort(view.pair[keep & (view.pair >= 0)])
    settled = [(int(view.transition[i]), s) for i, s in enumerate(status) if s != FREE]
    locks = tuple(Lock(p, "fixed" if s == OPEN else "forbidden", problem.horizon.first_year) for p, s in settled)
    narrow = replace(system, data=system.data.isel(pair=kept))
    share = np.zeros(system.data.sizes["pair"])
    if known:
        share[view.pair[solution.share > 0]] = solution.share[solution.share > 0]
    return Strengthened(
        problem=replace(problem, systems={system.name: narrow}, locks=locks),
        system=system.name,
        starts=frozenset(int(p) for p in view.transition[solution.is_open]) if known else None,
        write=_writer(share[kept]),
        expand=_expander(system, kept),
        bound=-found.bound,
        left_out=-found.bound if done else -found.others,
        evidence=f"{EVIDENCE} ({found.nodes} nodes)",
    )


def _writer(share: np.ndarray) -> Callable[[Any], None]:
    def write(block: Any) -> None:
        for (pair, _), variable in block.share.items():
            variable.set_value(float(share[pair]), skip_validation=True)

    return write


def _expander(system: SystemProblem, kept: np.ndarray) -> Callable[[xr.Dataset], xr.Dataset]:
    def expand(decisions: xr.Dataset) -> xr.Dataset:
        share = np.zeros((system.data.sizes["pair"], system.data.sizes["period"]))
        share[kept] = decisions["share"].values
        return decisions.drop_dims("pair").assign(share=(("pair", "period"), share))

    return expand
