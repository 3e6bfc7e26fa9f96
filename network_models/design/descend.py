"""Descent to a design that no cheaper size of a link, and no larger size of one for smaller ones of another, improves."""

from __future__ import annotations

import numpy as np

from network_models._numba import inner, kernel
from network_models.design.anneal import EXACT, LEAST_GAIN, ROUGH
from network_models.design.dice import make_dice, shuffle
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall
from network_models.design.moves import extra_cost, make_move, put_move, take_back

UP, DOWN = 2, 3


@kernel()
def descend(layout, sizes, free, memory, chosen, cost, limits):  # type: ignore[no-untyped-def]
    """Improve a feasible design in place.

    Parameters
    ----------
    memory
        Two sets of working arrays; the second holds flows to start from.
    cost
        What the design costs.
    limits
        Most full solutions, and the seed of the orders.

    Returns
    -------
    The cost reached, and the full solutions made.
    """
    most, seed = limits
    dice, order, others = make_dice(seed), free.copy(), free.copy()
    work, kept = memory
    put_sizes(layout, sizes, work, chosen)
    work.flow[:] = kept.flow
    settle(layout, work, EXACT)
    kept.flow[:] = work.flow
    solved, better, move = 0, True, np.zeros(4, np.int64)
    while better and solved < most:
        better = False
        for k in shuffle(dice, order):
            gain, more = _cheaper(layout, sizes, memory, chosen, move, k)
            cost, solved, better = cost + gain, solved + more, better or gain < 0.0
        if better:
            continue
        for k in shuffle(dice, order):
            for other in shuffle(dice, others):
                if other != k and solved < most:
                    gain, more = _pair(layout, sizes, memory, chosen, move, (k, other, cost))
                    cost, solved, better = cost + gain, solved + more, better or gain < 0.0
    return cost, solved


@inner()
def _cheaper(layout, sizes, memory, chosen, move, k):  # type: ignore[no-untyped-def]
    """Give a link the cheapest size that holds; gain (negative) and solutions made."""
    solved = 0
    for size in range(chosen[k]):
        move[0], move[1], move[2], move[3] = k, size, -1, 0
        gain = extra_cost(sizes, chosen, move)
        if gain < 0.0:
            solved += 1
            if _accept(layout, sizes, memory, chosen, move):
                return gain, solved
    return 0.0, solved


@inner()
def _pair(layout, sizes, memory, chosen, move, pair):  # type: ignore[no-untyped-def]
    """Make one link larger and another smaller where that is cheaper and holds; gain (negative) and solutions made."""
    k, other, cost = pair
    solved = 0
    for up in range(1, UP + 1):
        if chosen[k] + up >= sizes.options[k]:
            break
        for down in range(1, DOWN + 1):
            if chosen[other] < down:
                break
            move[0], move[1], move[2], move[3] = k, chosen[k] + up, other, chosen[other] - down
            gain = extra_cost(sizes, chosen, move)
            if gain > -LEAST_GAIN * cost:
                continue
            solved += 1
            if _accept(layout, sizes, memory, chosen, move):
                return gain, solved
            break
    return 0.0, solved


@inner()
def _accept(layout, sizes, memory, chosen, move):  # type: ignore[no-untyped-def]
    """Make a move if the design then holds, first roughly, then to the end."""
    work, kept = memory
    old, old_other = chosen[move[0]], chosen[move[2]]
    put_move(sizes, work, move)
    make_move(chosen, move)
    work.flow[:] = kept.flow
    for accuracy in (ROUGH, EXACT):
        if settle(layout, work, accuracy) == FAILED or shortfall(layout, sizes, work, chosen) > 0.0:
            chosen[move[0]] = old
            if move[2] >= 0:
                chosen[move[2]] = old_other
            take_back(sizes, work, chosen, move)
            return False
    kept.flow[:] = work.flow
    return True
