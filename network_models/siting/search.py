"""Local search for siting: kernels that improve a solution by moving customers and by opening, closing, exchanging sites.

``interchange`` is vertex substitution with first and second nearest sites (Whitaker 1983; Resende and Werneck 2007);
``wander`` is an iterated local search over whole customers with priced overload (shift, swap; sites in one stroke).
Costs are finite here: a pair that is not allowed costs ``forbidden``.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel

EPS = 1e-9


@inner()
def interchange(cost, fixed, is_open, allowed, most):  # type: ignore[no-untyped-def]
    """Add, drop or exchange one site while that pays, each customer at its cheapest open site; returns the value."""
    m, n = cost.shape
    first, nearest, second = np.empty(n, np.int64), np.empty(n), np.empty(n)
    loss = np.empty(m)
    while True:
        value, n_open = _nearest(cost, fixed, is_open, first, nearest, second, loss)
        add, drop, best = -1, -1, -EPS * max(1.0, abs(value))
        for r in range(m):
            if is_open[r] and allowed[r] == 0 and n_open > 1 and loss[r] < best:
                add, drop, best = -1, r, loss[r]
        for i in range(m):
            if not is_open[i] and allowed[i] == 0:
                change, other = _opening(cost, fixed, is_open, allowed, first, nearest, second, loss, i, n_open < most)
                if change < best:
                    add, drop, best = i, other, change
        if add < 0 and drop < 0:
            return value
        if add >= 0:
            is_open[add] = True
        if drop >= 0:
            is_open[drop] = False


@inner()
def _nearest(cost, fixed, is_open, first, nearest, second, loss):  # type: ignore[no-untyped-def]
    """First and second nearest open sites; what closing each open site would cost; value and number of open sites."""
    nearest[:], second[:] = np.inf, np.inf
    value, n_open = 0.0, 0
    for i in range(len(is_open)):
        if is_open[i]:
            value += fixed[i]
            n_open += 1
            for j in range(len(first)):
                c = cost[i, j]
                if c < nearest[j]:
                    second[j], nearest[j], first[j] = nearest[j], c, i
                elif c < second[j]:
                    second[j] = c
        loss[i] = -fixed[i]
    for j in range(len(first)):
        value += nearest[j]
        loss[first[j]] += second[j] - nearest[j]
    return value, n_open


@inner()
def _opening(cost, fixed, is_open, allowed, first, nearest, second, loss, site, may_add):  # type: ignore[no-untyped-def]
    """Best change of value by opening a site, alone (-1) or in exchange for another."""
    saved = np.zeros(len(is_open))
    change = fixed[site]
    for j in range(len(first)):
        c = cost[site, j]
        if c < nearest[j]:
            change += c - nearest[j]
            saved[first[j]] += second[j] - nearest[j]
        elif c < second[j]:
            saved[first[j]] += second[j] - c
    best, drop = change if may_add else np.inf, -1
    for r in range(len(is_open)):
        if is_open[r] and allowed[r] == 0 and np.isfinite(loss[r]) and change + loss[r] - saved[r] < best:
            best, drop = change + loss[r] - saved[r], r
    return best, drop


@kernel()
def roam(cost, fixed, is_open, allowed, most, tries, rng):  # type: ignore[no-untyped-def]
    """Interchange from the given sites, then from the best ones with a few exchanged at random; returns the value."""
    best = interchange(cost, fixed, is_open, allowed, most)
    free = np.array([i for i in range(len(is_open)) if allowed[i] == 0])
    for _ in range(tries if len(free) > 2 else 0):
        trial = is_open.copy()
        for _ in range(1 + rng.integers(0, 1 + min(8, is_open.sum() // 2))):
            _exchange(trial, free, rng)
        value = interchange(cost, fixed, trial, allowed, most)
        if value < best:
            best = value
            is_open[:] = trial
    return best


@inner()
def _exchange(is_open, free, rng):  # type: ignore[no-untyped-def]
    """Close an open site and open a closed one, both at random."""
    n_open = is_open[free].sum()
    if n_open == 0 or n_open == len(free):
        return
    leaving, coming = rng.integers(0, n_open), rng.integers(0, len(free) - n_open)
    for i in free:
        if is_open[i]:
            if leaving == 0:
                is_open[i] = False
            leaving -= 1
        else:
            if coming == 0:
                is_open[i] = True
            coming -= 1


@inner()
def _over(load, room):  # type: ignore[no-untyped-def]
    return max(0.0, load - room)


@inner()
def _totals(weight, site_of, load, count):  # type: ignore[no-untyped-def]
    load[:], count[:] = 0.0, 0
    for j in range(len(site_of)):
        load[site_of[j]] += weight[j]
        count[site_of[j]] += 1


@inner()
def _worth(cost, room, fixed, site_of, load, count, fee):  # type: ignore[no-untyped-def]
    """Value with priced overload, and the overload."""
    value, over = 0.0, 0.0
    for j in range(len(site_of)):
        value += cost[site_of[j], j]
    for i in range(len(load)):
        if count[i] > 0:
            value += fixed[i]
            over += _over(load[i], room[i])
    return value + fee * over, over


@inner()
def _leaving(cost, weight, room, fixed, load, count, fee, j, a):  # type: ignore[no-untyped-def]
    """Change of value when a customer leaves its site."""
    change = -cost[a, j] + fee * (_over(load[a] - weight[j], room[a]) - _over(load[a], room[a]))
    return change - fixed[a] if count[a] == 1 else change


@inner()
def _joining(cost, weight, room, fixed, load, count, fee, j, b):  # type: ignore[no-untyped-def]
    """Change of value when a customer joins a site."""
    change = cost[b, j] + fee * (_over(load[b] + weight[j], room[b]) - _over(load[b], room[b]))
    return change + fixed[b] if count[b] == 0 else change


@inner()
def _put(weight, site_of, load, count, j, b):  # type: ignore[no-untyped-def]
    a = site_of[j]
    load[a] -= weight[j]
    count[a] -= 1
    load[b] += weight[j]
    count[b] += 1
    site_of[j] = b


@inner()
def _shuffled(count, rng):  # type: ignore[no-untyped-def]
    order = np.arange(count)
    for at in range(count - 1, 0, -1):
        other = rng.integers(0, at + 1)
        order[at], order[other] = order[other], order[at]
    return order


@inner()
def _shifts(cost, weight, room, fixed, usable, site_of, load, count, fee, n_open, most, rng):  # type: ignore[no-untyped-def]
    """Move single customers where that pays; whether any was moved, and the sites open then."""
    moved = False
    for j in _shuffled(len(site_of), rng):
        a = site_of[j]
        leaving = _leaving(cost, weight, room, fixed, load, count, fee, j, a)
        best, to = -1e-7, -1
        for b in usable:
            if b != a and (count[b] > 0 or n_open < most or count[a] == 1):
                change = leaving + _joining(cost, weight, room, fixed, load, count, fee, j, b)
                if change < best:
                    best, to = change, b
        if to >= 0:
            n_open += (1 if count[to] == 0 else 0) - (1 if count[a] == 1 else 0)
            _put(weight, site_of, load, count, j, to)
            moved = True
    return moved, n_open


@inner()
def _swaps(cost, weight, room, site_of, load, count, fee):  # type: ignore[no-untyped-def]
    """Exchange two customers where that pays; whether any were."""
    moved = False
    for j in range(len(site_of)):
        for k in range(j):
            a, b = site_of[j], site_of[k]
            if a == b:
                continue
            change = cost[b, j] + cost[a, k] - cost[a, j] - cost[b, k]
            if change >= fee * (_over(load[a], room[a]) + _over(load[b], room[b])) - 1e-7:
                continue
            extra = weight[k] - weight[j]
            change += fee * (_over(load[a] + extra, room[a]) - _over(load[a], room[a]))
            change += fee * (_over(load[b] - extra, room[b]) - _over(load[b], room[b]))
            if change < -1e-7:
                _put(weight, site_of, load, count, j, b)
                _put(weight, site_of, load, count, k, a)
                moved = True
    return moved


@inner()
def _close(cost, weight, room, fixed, usable, site_of, load, count, fee, site):  # type: ignore[no-untyped-def]
    """Send the customers of a site to the best of the others that are open, largest first."""
    mine = np.array([j for j in range(len(site_of)) if site_of[j] == site])
    for j in mine[np.argsort(-weight[mine])]:
        best, to = np.inf, -1
        for b in usable:
            if b != site and count[b] > 0:
                change = _joining(cost, weight, room, fixed, load, count, fee, j, b)
                if change < best:
                    best, to = change, b
        if to >= 0:
            _put(weight, site_of, load, count, j, to)


@inner()
def _open(cost, weight, room, site_of, load, count, fee, site):  # type: ignore[no-untyped-def]
    """Fill a site with the customers that gain most by coming."""
    n = len(site_of)
    gain = np.empty(n)
    for j in range(n):
        gain[j] = cost[site_of[j], j] - cost[site, j]
        if load[site_of[j]] > room[site_of[j]]:
            gain[j] += fee * weight[j]
    for j in np.argsort(-gain / np.maximum(weight, EPS)):
        if gain[j] <= 0.0:
            break
        if site_of[j] != site and load[site] + weight[j] <= room[site]:
            _put(weight, site_of, load, count, j, site)


@inner()
def _stroke(cost, weight, room, fixed, usable, fixed_open, site_of, load, count, fee, n_open, most, rng):  # type: ignore[no-untyped-def]
    """Close, open or exchange sites at random."""
    kind = rng.integers(0, 3)
    a = site_of[rng.integers(0, len(site_of))]
    b = usable[rng.integers(0, len(usable))]
    if kind != 0 and count[b] == 0 and (n_open < most or kind == 2):
        _open(cost, weight, room, site_of, load, count, fee, b)
    if kind != 1 and n_open > 1 and not fixed_open[a] and a != b:
        _close(cost, weight, room, fixed, usable, site_of, load, count, fee, a)


@kernel()
def wander(cost, weight, room, fixed, usable, fixed_open, site_of, most, tries, rng, fee):  # type: ignore[no-untyped-def]
    """Iterated local search from an assignment.

    Parameters
    ----------
    usable
        Sites that may be open.
    site_of
        (n,) the site of each customer; receives the best assignment without overload.
    fee
        Price of a unit of overload to begin with.

    Returns
    -------
    value of the best assignment without overload (inf if none was met), fee
    """
    m = len(room)
    load, count = np.zeros(m), np.zeros(m, np.int64)
    now, kept, best, kept_value = site_of.copy(), site_of.copy(), np.inf, np.inf
    for turn in range(tries + 1):
        if turn > 0:
            now[:] = kept
            _totals(weight, now, load, count)
            _stroke(cost, weight, room, fixed, usable, fixed_open, now, load, count, fee, (count > 0).sum(), most, rng)
        _totals(weight, now, load, count)
        n_open, moved = (count > 0).sum(), True
        while moved:
            moved, n_open = _shifts(cost, weight, room, fixed, usable, now, load, count, fee, n_open, most, rng)
            moved = _swaps(cost, weight, room, now, load, count, fee) or moved
        value, over = _worth(cost, room, fixed, now, load, count, fee)
        feasible = over <= 1e-9 and n_open <= most
        fee *= 0.98 if feasible else 1.02
        if feasible and value < best - 1e-9:
            best = value
            site_of[:] = now
        if value < kept_value or value < kept_value * (1.0 + 0.004 * rng.random() ** 3):
            kept_value = value
            kept[:] = now
        if turn % 200 == 199 and np.isfinite(best):
            kept[:] = site_of
            kept_value = best
    return best, fee
