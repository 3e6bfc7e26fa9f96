"""Tiny siting instances, and their best value by trying everything."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from benchmarks.siting_formats import SitingInstance
from network_models.siting.arrays import Siting

KINDS = ("unlimited", "median", "shared", "whole", "whole_decimal")


def tiny(kind: str, seed: int) -> SitingInstance:
    """Four sites, six customers; whole numbers, but in ``whole_decimal``."""
    rng = np.random.default_rng(seed)
    m, n = 4, 6
    decimals = 7 if kind == "whole_decimal" else 0
    cost = rng.uniform(1, 60, (m, n)).round(decimals)
    demand, fixed = rng.uniform(2, 9, n).round(decimals), rng.uniform(5, 80, m).round(decimals)
    capacity = rng.uniform(0.3, 0.9, m) * demand.sum() if kind in KINDS[2:] else np.full(m, np.inf)
    if kind == "median":
        return SitingInstance("tiny", demand, capacity, np.zeros(m), cost, count=2)
    return SitingInstance("tiny", demand, np.round(capacity), fixed, cost, single_source=kind in KINDS[3:])


def siting_of(instance: SitingInstance) -> Siting:
    """The same as the search takes it."""
    cost = instance.cost.astype(float)
    if instance.single_source:
        cost = np.where(instance.capacity[:, None] < instance.demand, np.inf, cost)
    return Siting(cost, instance.demand, instance.capacity, instance.fixed, instance.single_source, instance.count)


def best_value(instance: SitingInstance) -> float:
    """Least cost over all sets of sites; inf where no set can serve all."""
    m = len(instance.fixed)
    most = m if instance.count is None else instance.count
    sets = (s for k in range(1, most + 1) for s in itertools.combinations(range(m), k))
    served = _whole if instance.single_source else _shared
    return min(float(instance.fixed[list(s)].sum()) + served(instance, list(s)) for s in sets)


def _whole(instance: SitingInstance, sites: list[int]) -> float:
    ways = np.array(list(itertools.product(range(len(sites)), repeat=len(instance.demand))))
    load = np.array([((ways == k) * instance.demand).sum(axis=1) for k in range(len(sites))]).T
    fits = (load <= instance.capacity[sites] + 1e-9).all(axis=1)
    cost = instance.cost[sites][ways, np.arange(len(instance.demand))].sum(axis=1)
    return float(cost[fits].min(initial=np.inf))


def _shared(instance: SitingInstance, sites: list[int]) -> float:
    """Transportation as a linear programme by SciPy."""
    s, n = len(sites), len(instance.demand)
    once = np.tile(np.eye(n), s)
    load = np.kron(np.eye(s), instance.demand)
    limited = np.isfinite(instance.capacity[sites])
    result = linprog(
        instance.cost[sites].ravel(), load[limited] if limited.any() else None,
        instance.capacity[sites][limited] if limited.any() else None, once, np.ones(n),
    )  # fmt: skip
    return float(result.fun) if result.status == 0 else float(np.inf)
