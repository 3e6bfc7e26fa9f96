"""Choosing among works that need nothing within limits of one period: leave some out, fill up, exchange (iterated, with annealing)."""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel
from network_models.sequencing.arrays import Sequencing

NOISE = (0.05, 0.7)
"""Range of the noise in the order, in standard deviations of the gains."""
HEAT, SWEEP = 5e-4, 2000
"""Losses of this share of the value are taken now and then at first, none at the end of so many rounds; then anew."""
MOST_DROPPED, LOSS = 6, 0.7
"""Most left out in a round; the share of a choice that is left out where the search begins anew."""
SLACK = 1e-9


def exchanged(problem: Sequencing, period: np.ndarray, gain: np.ndarray, rounds: int, seed: int) -> np.ndarray:
    """A choice at least as good as ``period`` (n,), 0 or 1 for never, after so many rounds.

    ``gain`` (n,) is what each work brings after paying for its use at prices of the limits: the order of filling up, and
    what is likelier to be left out.
    """
    chosen = period == 0
    _search(problem.value[:, 0], problem.use, problem.limit[:, 0], gain, chosen, rounds, seed)
    return np.where(chosen, 0, 1).astype(np.int64)


@kernel()
def _search(value, use, limit, gain, chosen, rounds, seed):  # type: ignore[no-untyped-def]
    """Rounds of leaving out, filling up and exchanging; ``chosen`` (n,) holds the best at the end."""
    np.random.seed(seed)  # noqa: NPY002 (Numba's own generator)
    n = len(value)
    now, room = chosen.copy(), limit.copy()
    for b in range(n):
        if now[b]:
            room -= use[b]
    spread = np.std(gain) + 1e-12
    best = before = _total(value, chosen)
    kept, order = now.copy(), np.empty(n, np.int64)
    for k in range(rounds):
        if k % SWEEP == 0 and k > 0:
            _shaken(use, limit, chosen, now, room)
            before = -np.inf
        noise = NOISE[0] + (NOISE[1] - NOISE[0]) * np.random.random()  # noqa: NPY002
        order[:] = np.argsort(-(gain / spread) + noise * np.random.standard_normal(n))  # noqa: NPY002
        _leave_out(use, order, now, room)
        _fill(use, order, now, room)
        while _exchange(value, use, order, now, room):
            _fill(use, order, now, room)
        worth = _total(value, now)
        if worth > best + SLACK * abs(best):
            best = worth
            chosen[:] = now
        heat = HEAT * abs(best) * (1 - (k % SWEEP) / SWEEP)
        if worth >= before + heat * np.log(np.random.random() + 1e-300):  # noqa: NPY002
            before = worth
            kept[:] = now
        else:
            now[:] = kept
            room[:] = limit
            for b in range(n):
                if now[b]:
                    room -= use[b]


@inner()
def _shaken(use, limit, chosen, now, room):  # type: ignore[no-untyped-def]
    """Begin anew from the best choice, every second time with most of it left out."""
    share = LOSS if np.random.random() < 0.5 else 0.0  # noqa: NPY002
    room[:] = limit
    for b in range(len(now)):
        now[b] = chosen[b] and np.random.random() >= share  # noqa: NPY002
        if now[b]:
            room -= use[b]


@inner()
def _total(value, chosen):  # type: ignore[no-untyped-def]
    total = 0.0
    for b in range(len(value)):
        if chosen[b]:
            total += value[b]
    return total


@inner()
def _leave_out(use, order, now, room):  # type: ignore[no-untyped-def]
    """Leave out a few, as a rule from the end of the order."""
    count, n = np.random.randint(1, MOST_DROPPED + 1), len(order)  # noqa: NPY002
    for k in range(n - 1, -1, -1):
        b = order[k]
        if now[b] and np.random.random() < 0.5:  # noqa: NPY002
            now[b] = False
            room += use[b]
            count -= 1
            if count == 0:
                return


@inner()
def _fits(use, b, room):  # type: ignore[no-untyped-def]
    fits = True
    for r in range(len(room)):
        if use[b, r] > room[r] + SLACK:
            fits = False
            break
    return fits


@inner()
def _fill(use, order, now, room):  # type: ignore[no-untyped-def]
    """Add whatever fits, in order."""
    for b in order:
        if not now[b] and _fits(use, b, room):
            now[b] = True
            room -= use[b]


@inner()
def _exchange(value, use, order, now, room):  # type: ignore[no-untyped-def]
    """Exchange one work for one that is worth more and fits in its place; whether there was one."""
    n = len(order)
    for k in range(n - 1, -1, -1):
        out = order[k]
        if not now[out]:
            continue
        room += use[out]
        for b in order:
            if not now[b] and value[b] > value[out] and _fits(use, b, room):
                now[out] = False
                now[b] = True
                room -= use[b]
                return True
        room -= use[out]
    return False
