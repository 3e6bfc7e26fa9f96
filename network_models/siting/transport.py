"""Customers shared among open sites at least cost: the transportation problem by successive shortest paths, exactly."""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel

EPS = 1e-9


@kernel()
def transport(unit_cost, demand, room, sites, share):  # type: ignore[no-untyped-def]
    """Least cost of serving all demand from some sites (Ford and Fulkerson 1962; Tomizawa 1971).

    Parameters
    ----------
    unit_cost
        (m, n) of one unit; inf where a site may not serve a customer.
    demand, room
        (n,), (m,).
    sites
        (s,) int64 open sites.
    share
        (m, n) receives the share of each customer's demand.

    Returns
    -------
    cost, inf where the sites cannot serve all
    """
    share[:, :] = 0.0
    s, n = len(sites), len(demand)
    flow, left = np.zeros((s, n)), room[sites].copy()
    move, item = np.full((s, s), np.inf), np.full((s, s), -1, np.int64)
    dist, before = np.empty(s), np.empty(s, np.int64)
    for j in range(n):
        rest = demand[j]
        while rest > EPS * demand[j]:
            end = _nearest(unit_cost, sites, left, move, j, dist, before)
            if end < 0:
                return np.inf
            rest -= _push(unit_cost, demand, sites, flow, left, move, item, before, j, end, rest)
    total = 0.0
    for a in range(s):
        for j in range(n):
            if flow[a, j] > EPS * demand[j]:
                share[sites[a], j] = min(1.0, flow[a, j] / demand[j])
                total += unit_cost[sites[a], j] * flow[a, j]
    return total


@inner()
def _nearest(unit_cost, sites, left, move, customer, dist, before):  # type: ignore[no-untyped-def]
    """The site with room that is cheapest to reach, others handing customers on; -1 where there is none."""
    s = len(sites)
    for a in range(s):
        dist[a], before[a] = unit_cost[sites[a], customer], -1
    changed, rounds = True, 0
    while changed and rounds < s:
        changed = False
        rounds += 1
        for a in range(s):
            if left[a] > EPS or not np.isfinite(dist[a]):
                continue
            for b in range(s):
                if dist[a] + move[a, b] < dist[b] - EPS * (1.0 + abs(dist[b])):
                    dist[b], before[b] = dist[a] + move[a, b], a
                    changed = True
    end = -1
    for a in range(s):
        if left[a] > EPS and np.isfinite(dist[a]) and (end < 0 or dist[a] < dist[end]):
            end = a
    return end


@inner()
def _push(unit_cost, demand, sites, flow, left, move, item, before, customer, end, rest):  # type: ignore[no-untyped-def]
    """Send what fits along the path that ends at a site; returns how much."""
    amount, b = min(rest, left[end]), end
    while before[b] >= 0:
        amount = min(amount, flow[before[b], item[before[b], b]])
        b = before[b]
    left[end] -= amount
    b = end
    while before[b] >= 0:
        a = before[b]
        k = item[a, b]
        flow[a, k] -= amount
        flow[b, k] += amount
        if flow[a, k] <= EPS * demand[k]:
            flow[a, k] = 0.0
        b = a
    flow[b, customer] += amount
    if before[end] < 0:
        _offer(unit_cost, sites, move, item, end, customer)
    else:
        b = end
        while b >= 0:
            move[b, :] = np.inf
            for k in range(len(demand)):
                if flow[b, k] > 0.0:
                    _offer(unit_cost, sites, move, item, b, k)
            b = before[b]
    return amount


@inner()
def _offer(unit_cost, sites, move, item, a, customer):  # type: ignore[no-untyped-def]
    """A site could hand a customer of its own on to each other site."""
    for b in range(len(sites)):
        extra = unit_cost[sites[b], customer] - unit_cost[sites[a], customer]
        if b != a and extra < move[a, b]:
            move[a, b], item[a, b] = extra, customer
