"""Simulated annealing over designs with a penalty for missing head that finds its own level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._numba import inner, kernel
from network_models.design.dice import make_dice
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall
from network_models.design.moves import (
    bar,
    extra_cost,
    make_move,
    predicted_shortfall,
    propose,
    put_move,
    take_back,
)

ROUGH, FINE, EXACT = 1e-5, 1e-8, 1e-10
"""Relative changes of flow at which a trial, a starting point and a claim count as settled."""
WINDOW, MANY, FEW, GROWTH = 100, 60, 35, 1.15
"""The penalty grows (falls) by this factor when of so many accepted moves more (fewer) than so many were short of head."""
LEAST_GAIN = 1e-9
"""Relative gain in cost that counts as one."""


class Cooling(NamedTuple):
    """Temperatures at the beginning and the end in the currency; moves; the share of the predicted missing head that is
    believed (0: no screening); and the seed.
    """

    first: float
    last: float
    moves: int
    belief: float
    seed: int


@inner()
def keep(kept, work):  # type: ignore[no-untyped-def]
    """Keep flows, heads and factor of the working arrays."""
    kept.flow[:] = work.flow
    kept.p[:] = work.p
    kept.heads[:] = work.heads
    kept.matrix[:] = work.matrix


@kernel()
def anneal(layout, sizes, near, free, memory, chosen, best, cooling, penalty):  # type: ignore[no-untyped-def]
    """Anneal a design.

    Parameters
    ----------
    memory
        Two sets of working arrays; flows of the second are where to start from.
    chosen, best
        (n_links,) the design, changed in place, and where the best feasible one is written.
    penalty
        Currency for a metre of missing head, at the start.

    Returns
    -------
    Cost of ``best`` (inf: none found), penalty at the end, full solutions made.
    """
    dice = make_dice(cooling.seed)
    work, kept = memory
    move, response = np.zeros(4, np.int64), np.zeros((2, work.heads.shape[1]))
    put_sizes(layout, sizes, work, chosen)
    work.flow[:] = kept.flow
    settle(layout, work, FINE)
    keep(kept, work)
    cost, missing = 0.0, shortfall(layout, sizes, work, chosen)
    for k in range(len(chosen)):
        cost += sizes.cost[k, chosen[k]]
    lowest, solved, accepted, short = np.inf, 0, 0, 0
    temperature, factor = cooling.first, (cooling.last / cooling.first) ** (1.0 / cooling.moves)
    for _ in range(cooling.moves):
        temperature *= factor
        if not propose(dice, sizes, near, free, chosen, move):
            continue
        new, most = cost + extra_cost(sizes, chosen, move), bar(dice, cost + penalty * missing, temperature)
        if not _promising(layout, sizes, kept, move, response, (new, most, penalty * cooling.belief)):
            continue
        solved += 1
        new_missing = _try(layout, sizes, memory, chosen, move)
        if new + penalty * new_missing > most:
            take_back(sizes, work, chosen, move)
            continue
        make_move(chosen, move)
        keep(kept, work)
        cost, missing, accepted = new, new_missing, accepted + 1
        short += missing > 0.0
        if missing <= 0.0 and cost < lowest * (1.0 - LEAST_GAIN) and _holds(layout, sizes, work, chosen):
            lowest = cost
            best[:] = chosen
        if accepted == WINDOW:
            penalty *= GROWTH if short > MANY else 1.0 / GROWTH if short < FEW else 1.0
            accepted, short = 0, 0
    return lowest, penalty, solved


@inner()
def _promising(layout, sizes, kept, move, response, bars):  # type: ignore[no-untyped-def]
    """Whether a move may be accepted, by its cost and the missing head predicted for it."""
    new, most, penalty = bars
    if new > most:
        return False
    return penalty <= 0.0 or new + penalty * predicted_shortfall(layout, sizes, kept, move, response) <= most


@inner()
def _try(layout, sizes, memory, chosen, move):  # type: ignore[no-untyped-def]
    """Missing head after a move, from the kept flows; inf where they do not settle."""
    work, kept = memory
    put_move(sizes, work, move)
    work.flow[:] = kept.flow
    if settle(layout, work, ROUGH) == FAILED:
        return np.inf
    old, old_other = chosen[move[0]], chosen[move[2]]
    make_move(chosen, move)
    missing = shortfall(layout, sizes, work, chosen)
    chosen[move[0]] = old
    if move[2] >= 0:
        chosen[move[2]] = old_other
    return missing


@inner()
def _holds(layout, sizes, work, chosen):  # type: ignore[no-untyped-def]
    """Whether the design of the working arrays keeps its limits when solved to the end."""
    return settle(layout, work, EXACT) != FAILED and shortfall(layout, sizes, work, chosen) <= 0.0
