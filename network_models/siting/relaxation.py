"""Lagrangian relaxation of one-period siting: what each site would earn at given prices of customers, and the best prices.

The rows 'each customer is served once' are relaxed with prices u. Every site then solves a knapsack of its own: which
customers, bought at u and served at cost c, earn most within its capacity (Geoffrion and McBride 1978; Beasley 1988;
Holmberg et al. 1999 for whole customers). The sites are chosen by a knapsack that covers the total demand, or by
number.
"""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel
from network_models.siting.arrays import CLOSED, FREE, OPEN, SHARED, UNLIMITED, WHOLE


@inner()
def ranked(profit: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """Items by profit per weight, best first."""
    return np.argsort(-profit[:count] / weight[:count])


@inner()
def fill_shared(profit: np.ndarray, weight: np.ndarray, count: int, room: float, take: np.ndarray) -> float:
    """Continuous knapsack; ``take`` receives the shares; returns the profit."""
    value = 0.0
    take[:count] = 0.0
    for k in ranked(profit, weight, count):
        if weight[k] > room:
            take[k] = room / weight[k]
            return value + take[k] * profit[k]
        take[k] = 1.0
        value += profit[k]
        room -= weight[k]
    return value


@inner()
def fill_whole(profit: np.ndarray, weight: np.ndarray, count: int, room: float, take: np.ndarray) -> float:
    """0-1 knapsack, exact: items that cannot change the best value are fixed first (Dembo and Hammer), the core by
    dynamic programming.
    """
    order = ranked(profit, weight, count)
    left, lower, split = room, 0.0, count
    take[:count] = 0.0
    for at in range(count):
        k = order[at]
        if weight[k] <= left:
            take[k] = 1.0
            lower += profit[k]
            left -= weight[k]
        elif split == count:
            split = at
            rate = profit[k] / weight[k]
            upper = lower + left * rate
    if split == count:
        return lower
    return _core(profit, weight, order, split, room, rate, upper, lower, take)


@inner()
def _core(profit, weight, order, split, room, rate, upper, lower, take):  # type: ignore[no-untyped-def]
    """Dynamic programming over the items whose inclusion is open; keeps the greedy solution where that is best."""
    core, n_core, inside, left = _open_items(profit, weight, order, split, room, rate, upper, lower)
    size = int(left + 0.5)
    if n_core == 0 or size < 0:
        return lower
    best = np.zeros(size + 1)
    chosen = np.zeros((n_core, size + 1), np.bool_)
    for c in range(n_core):
        w, p = int(weight[core[c]] + 0.5), profit[core[c]]
        for room_left in range(size, w - 1, -1):
            value = best[room_left - w] + p
            if value > best[room_left]:
                best[room_left] = value
                chosen[c, room_left] = True
    if inside + best[size] <= lower:
        return lower
    take[order] = 0.0
    take[order[:split]] = 1.0
    take[core[:n_core]] = 0.0
    room_left = size
    for c in range(n_core - 1, -1, -1):
        if chosen[c, room_left]:
            take[core[c]] = 1.0
            room_left -= int(weight[core[c]] + 0.5)
    return inside + best[size]


@inner()
def _open_items(profit, weight, order, split, room, rate, upper, lower):  # type: ignore[no-untyped-def]
    """Items that a best solution may have otherwise than the greedy one; profit and room left of those that stay in."""
    core = np.empty(len(order), np.int64)
    n_core, inside, left = 0, 0.0, room
    for at in range(len(order)):
        k = order[at]
        loss = abs(profit[k] - weight[k] * rate)
        if upper - loss > lower + 1e-12 * abs(lower):
            core[n_core] = k
            n_core += 1
        elif at < split:
            inside += profit[k]
            left -= weight[k]
    return core, n_core, inside, left


@inner()
def earn(pairs, site, price, items, profit, weight, take):  # type: ignore[no-untyped-def]
    """Best earning of a site at given prices; ``items``, ``take`` receive the pairs it would serve and their shares.

    Returns
    -------
    earning, number of items
    """
    count, total, wanted = 0, 0.0, 0.0
    for k in range(pairs.ptr[site], pairs.ptr[site + 1]):
        gain = price[pairs.customer[k]] - pairs.cost[k]
        if gain > 0.0:
            w = pairs.weight[pairs.customer[k]]
            if pairs.mode == WHOLE and w > pairs.capacity[site]:
                continue
            items[count], profit[count], weight[count], take[count] = k, gain, w, 1.0
            total += gain
            wanted += w
            count += 1
    if pairs.mode == UNLIMITED or wanted <= pairs.capacity[site]:
        return total, count
    if pairs.mode == SHARED:
        return fill_shared(profit, weight, count, pairs.capacity[site], take), count
    return fill_whole(profit, weight, count, pairs.capacity[site], take), count


@inner()
def choose_sites(pairs, charge, status, chosen):  # type: ignore[no-untyped-def]
    """Cheapest choice of sites at given net charges that covers the demand (or is few enough); inf where none is."""
    value, covered, n_open = 0.0, 0, 0
    for i in range(len(charge)):
        chosen[i] = status[i] == OPEN or (status[i] == FREE and charge[i] < 0.0)
        if chosen[i]:
            value += charge[i]
            covered += pairs.cover_size[i]
            n_open += 1
    if n_open > pairs.most:
        value += _close_dearest(charge, status, chosen, n_open - pairs.most)
    elif covered < pairs.cover_need:
        value += _cover(pairs, charge, status, chosen, pairs.cover_need - covered)
    return value


@inner()
def _close_dearest(charge, status, chosen, surplus):  # type: ignore[no-untyped-def]
    open_free = np.array([i for i in range(len(charge)) if chosen[i] and status[i] == FREE])
    if len(open_free) < surplus:
        return np.inf
    change = 0.0
    for at in np.argsort(-charge[open_free])[:surplus]:
        chosen[open_free[at]] = False
        change -= charge[open_free[at]]
    return change


@inner()
def _cover(pairs, charge, status, chosen, need):  # type: ignore[no-untyped-def]
    """Adds sites that cover what is missing at least charge; dynamic programming over rounded sizes."""
    spare = np.array([i for i in range(len(charge)) if not chosen[i] and status[i] == FREE])
    best = np.full(need + 1, np.inf)
    best[0] = 0.0
    used = np.zeros((len(spare), need + 1), np.bool_)
    for a in range(len(spare)):
        size, cost = pairs.cover_size[spare[a]], charge[spare[a]]
        for q in range(need, 0, -1):
            value = best[max(0, q - size)] + cost
            if value < best[q]:
                best[q] = value
                used[a, q] = True
    q = need
    if np.isfinite(best[need]):
        for a in range(len(spare) - 1, -1, -1):
            if used[a, q]:
                chosen[spare[a]] = True
                q = max(0, q - pairs.cover_size[spare[a]])
    return best[need]


@kernel()
def relax(pairs, status, price, chosen, served, sites_of):  # type: ignore[no-untyped-def]
    """Value of the relaxation at given prices.

    Parameters
    ----------
    chosen, served, sites_of
        Receive the sites, the times each customer is served, and (items, shares) of every site in CSR places.

    Returns
    -------
    bound, charge of every site (m,)
    """
    m, longest = len(status), 0
    for i in range(m):
        longest = max(longest, pairs.ptr[i + 1] - pairs.ptr[i])
    items = np.empty(longest, np.int64)
    profit, weight, take = np.empty(longest), np.empty(longest), np.empty(longest)
    charge = np.empty(m)
    item_of, share_of, counts = sites_of
    for i in range(m):
        counts[i] = 0
        charge[i] = np.inf
        if status[i] != CLOSED:
            earning, count = earn(pairs, i, price, items, profit, weight, take)
            charge[i] = pairs.fixed[i] - earning
            at = pairs.ptr[i]
            for k in range(count):
                if take[k] > 0.0:
                    item_of[at + counts[i]], share_of[at + counts[i]] = items[k], take[k]
                    counts[i] += 1
    value = choose_sites(pairs, charge, status, chosen)
    served[:] = 0.0
    for i in range(m):
        if chosen[i]:
            for at in range(pairs.ptr[i], pairs.ptr[i] + counts[i]):
                served[pairs.customer[item_of[at]]] += share_of[at]
    return value + price.sum(), charge
