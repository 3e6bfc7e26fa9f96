"""A plan without a solve, and random variants of a plan: what the benchmark of evaluations runs on."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from optimizer.evaluate import Evaluator, Variant
from optimizer.plan import Outcome, Plan, states_over_time
from optimizer.problem import Problem
from optimizer.systems.registry import archetype
from optimizer.variants import Paths

SHIFTS = (-1, 1, 2)
"""Periods by which candidates are moved."""


def proposed_plan(problem: Problem) -> Plan:
    """Everything that the archetypes propose, money left aside: each candidate by its best proposal, as early as it may.

    Origins are served by the pair worth most of those whose site stands at the end, and sites send all over their best link.
    """
    seq = problem.sequence
    owner, initial = seq["transition_candidate"].values, seq["state_initial"].values[seq["from_state"].values]
    start = np.zeros((seq.sizes["transition"], problem.horizon.n_periods), np.int8)
    built: set[int] = set()
    for system in problem.systems.values():
        for p, t, _ in archetype(system.archetype).greedy(problem, system):
            if initial[p] and int(owner[p]) not in built:
                built.add(int(owner[p]))
                start[p, t] = 1
    states = states_over_time(problem, start)
    capacity = seq["capacity"].values[states]
    decided = {name: _served(one.data, capacity) for name, one in problem.systems.items() if "pair" in one.data.sizes}
    none = xr.Dataset()
    decisions = xr.Dataset({"start": (("transition", "period"), start)})
    outcome = Outcome("proposed", "feasible", float("nan"), float("nan"), 0.0)
    return Plan(decisions, {name: decided.get(name, none) for name in problem.systems}, outcome)


def _served(data: xr.Dataset, capacity: np.ndarray) -> xr.Dataset:
    """Shares and flows of a system of sites, in periods in which the sites stand."""
    d: dict[str, Any] = {str(n): v.values for n, v in data.variables.items()}
    stands = capacity[d["site_candidate"]] > 0
    share = np.zeros((data.sizes["pair"], data.sizes["period"]))
    for p in np.argsort(d["pair_value"], kind="stable"):
        if stands[d["pair_site"][p], -1]:
            share[d["pair_origin"] == d["pair_origin"][p]] = 0.0
            share[p] = stands[d["pair_site"][p]]
    entering = np.zeros((data.sizes["site"], data.sizes["product"], data.sizes["period"]))
    amount = share * d["quantity"][d["pair_origin"]]
    np.add.at(entering, (d["pair_site"], d["origin_product"][d["pair_origin"]]), amount)
    flow, best = np.zeros((data.sizes["link"], *entering.shape[1:])), {}
    for link in np.argsort(d["link_value"].sum(axis=1), kind="stable") if data.sizes["link"] else ():
        best[int(d["link_site"][link])] = int(link)
    for site, link in best.items():
        flow[link] = entering[site]
    return xr.Dataset({"share": (("pair", "period"), share), "flow": (("link", "product", "period"), flow)})


def random_variants(evaluator: Evaluator, count: int, changes: int, seed: int = 0) -> list[Variant]:
    """Variants that each drop, move or resize some of the candidates that the plan starts, drawn evenly."""
    rng, paths = np.random.default_rng(seed), Paths(evaluator.problem, evaluator.plan.decisions["start"].values)
    started = sorted(paths.starts)
    return [
        {int(c): _changed(paths, int(c), rng) for c in rng.choice(started, min(changes, len(started)), replace=False)}
        for _ in range(count)
    ]


def _changed(paths: Paths, candidate: int, rng: np.random.Generator) -> np.ndarray:
    kind, choices = rng.integers(3), paths.choices(candidate)
    if kind == 0:
        return paths.dropped(candidate)
    if kind == 1 or not choices:
        return paths.moved(candidate, int(rng.choice(SHIFTS)))
    return paths.resized(candidate, int(rng.choice(choices)))
