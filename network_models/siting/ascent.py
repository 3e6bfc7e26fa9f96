"""The best prices of customers, and what they prove: subgradient ascent, and bounds with one thing forced.

Ascent follows Held, Wolfe and Crowder (1974) with a deflected direction (Camerini et al. 1975); the running mean of the
sites' choices approaches a solution of the relaxation in shares (Barahona and Anbil 2000) and guides what to try next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import inner, kernel
from network_models.siting.arrays import CLOSED, FREE, OPEN, SHARED, UNLIMITED, WHOLE, Pairs
from network_models.siting.relaxation import choose_sites, earn, relax

DEFLECTION = 0.7
MEMORY = 0.06
"""Weight of the newest choice in the running mean."""
SHRINK = 0.75


class Ascent(NamedTuple):
    """Bound, prices (n,), shares of sites (m,) and of pairs (k,) in the mean choice, evaluations used."""

    bound: float
    price: np.ndarray
    site_share: np.ndarray
    pair_share: np.ndarray
    used: int


def ascend(
    pairs: Pairs, status: np.ndarray, price: np.ndarray, target: float, rounds: int, step: float, patience: int
) -> Ascent:
    """Raise the bound from given prices.

    Parameters
    ----------
    status
        (m,) int64 ``CLOSED``, ``FREE`` or ``OPEN``.
    price
        (n,) where to begin.
    target
        A value to reach; the ascent ends above it.
    rounds, step, patience
        Most evaluations; first step in Polyak's rule; evaluations without progress before the step shrinks.
    """
    best = price.copy()
    site_share, pair_share = np.zeros(len(status)), np.zeros(len(pairs.customer))
    bound, used = _ascend(pairs, status, best, target, rounds, step, patience, site_share, pair_share)
    return Ascent(bound, best, site_share, pair_share, used)


@kernel()
def _ascend(pairs, status, best_price, target, rounds, step, patience, site_share, pair_share):  # type: ignore[no-untyped-def]
    n, k = len(best_price), len(pairs.customer)
    chosen, served = np.zeros(len(status), np.bool_), np.zeros(n)
    sites_of = np.empty(k, np.int64), np.empty(k), np.zeros(len(status), np.int64)
    price, direction = best_price.copy(), np.zeros(n)
    best, stale, scale, smallest = -np.inf, 0, 1.0, step * 2e-3
    for used in range(1, rounds + 1):
        value, _ = relax(pairs, status, price, chosen, served, sites_of)
        if value == np.inf:
            return value, used
        scale = _mix(pairs, chosen, sites_of, max(MEMORY, 1.0 / used), scale, site_share, pair_share)
        stale += 1
        if value > best:
            if value > best + 1e-6 * abs(best):
                stale = 0
            best = value
            best_price[:] = price
        if best > target or step < smallest:
            break
        if stale >= patience:
            step, stale = step * SHRINK, 0
            price[:] = best_price
        if not _move(price, direction, served, step * (target - value)):
            break
    pair_share *= scale
    return best, used


@inner()
def _move(price, direction, served, length):  # type: ignore[no-untyped-def]
    """Step along the deflected direction; whether any customer was not served just once."""
    norm, off = 0.0, 0.0
    for j in range(len(price)):
        off += abs(1.0 - served[j])
        direction[j] = 1.0 - served[j] + DEFLECTION * direction[j]
        norm += direction[j] * direction[j]
    if off < 1e-9 or norm < 1e-12:
        return False
    for j in range(len(price)):
        price[j] += length / norm * direction[j]
    return True


@inner()
def _mix(pairs, chosen, sites_of, part, scale, site_share, pair_share):  # type: ignore[no-untyped-def]
    """Mix the newest choice into the mean; pair shares are held divided by ``scale``, the new one is returned."""
    item_of, share_of, counts = sites_of
    if part == 1.0:
        pair_share[:], scale = 0.0, 1.0
    else:
        scale *= 1.0 - part
    if scale < 1e-9:
        pair_share *= scale
        scale = 1.0
    for i in range(len(chosen)):
        site_share[i] *= 1.0 - part
        if chosen[i]:
            site_share[i] += part
            for at in range(pairs.ptr[i], pairs.ptr[i] + counts[i]):
                pair_share[item_of[at]] += part * share_of[at] / scale
    return scale


@kernel()
def settle_sites(pairs, status, price, cutoff):  # type: ignore[no-untyped-def]
    """Settle what the prices prove.

    A free site whose bound when open (closed) is above the cutoff is closed (opened) in ``status``.

    Returns
    -------
    bound, bound with each site open (m,)
    """
    m = len(status)
    chosen, served = np.zeros(m, np.bool_), np.zeros(len(price))
    k = len(pairs.customer)
    sites_of = np.empty(k, np.int64), np.empty(k), np.zeros(m, np.int64)
    bound, charge = relax(pairs, status, price, chosen, served, sites_of)
    base, selected, with_open = price.sum(), chosen.copy(), np.full(m, np.inf)
    for i in range(m):
        if status[i] == CLOSED:
            continue
        with_open[i] = bound
        if status[i] == FREE:
            before = status[i]
            status[i] = CLOSED if selected[i] else OPEN
            other = base + choose_sites(pairs, charge, status, chosen)
            if not selected[i]:
                with_open[i] = other
            status[i] = (OPEN if selected[i] else CLOSED) if other > cutoff else before
    return bound, with_open


@kernel()
def settle_pairs(pairs, status, price, cutoff, with_open, keep):  # type: ignore[no-untyped-def]
    """Clear in ``keep`` (k,) the pairs whose bound when used is above the cutoff, and those of closed sites."""
    longest = 0
    for i in range(len(status)):
        longest = max(longest, pairs.ptr[i + 1] - pairs.ptr[i])
    items, profit, weight, take = np.empty(longest, np.int64), np.empty(longest), np.empty(longest), np.empty(longest)
    for i in range(len(status)):
        if status[i] == CLOSED:
            keep[pairs.ptr[i] : pairs.ptr[i + 1]] = False
            continue
        earning, count = earn(pairs, i, price, items, profit, weight, take)
        table = _earnings_by_room(pairs, i, profit, weight, count)
        for k in range(pairs.ptr[i], pairs.ptr[i + 1]):
            gain = price[pairs.customer[k]] - pairs.cost[k]
            if pairs.mode == UNLIMITED:
                loss = max(0.0, -gain)
            else:
                left = pairs.capacity[i] - pairs.weight[pairs.customer[k]]
                loss = earning - gain - table[int(left + 0.5)] if left > -0.5 else np.inf
            if with_open[i] + loss > cutoff:
                keep[k] = False


@inner()
def _earnings_by_room(pairs, site, profit, weight, count):  # type: ignore[no-untyped-def]
    """Best earning of a site for every whole room up to its capacity."""
    if pairs.mode != WHOLE:
        return np.zeros(1)
    table = np.zeros(int(pairs.capacity[site] + 0.5) + 1)
    for c in range(count):
        w = int(weight[c] + 0.5)
        for room in range(len(table) - 1, w - 1, -1):
            table[room] = max(table[room], table[room - w] + profit[c])
    return table


def settle(pairs: Pairs, status: np.ndarray, price: np.ndarray, cutoff: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Settle sites and pairs that no solution below the cutoff can have otherwise.

    Returns
    -------
    bound, status (m,), keep (k,) bool: pairs that may still be used; all of them where customers are shared among
    sites, except those of closed sites.
    """
    status = status.copy()
    bound, with_open = settle_sites(pairs, status, price, cutoff)
    keep = np.ones(len(pairs.customer), bool)
    if pairs.mode == SHARED:
        keep = np.repeat(status != CLOSED, np.diff(pairs.ptr))
    else:
        settle_pairs(pairs, status, price, cutoff, with_open, keep)
    return bound, status, keep
