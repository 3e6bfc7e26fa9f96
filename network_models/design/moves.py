"""Changes of a design that the searches try: one size up or down, one up and one down, two exchanged."""

from __future__ import annotations

import math

import numpy as np

from network_models._numba import inner, kernel
from network_models.design.dice import pick, roll
from network_models.design.kernel import put_size
from network_models.design.screen import respond, shift

SINGLE, PAIR = 0.5, 0.9
"""Cumulative shares of moves of one link and of moves up and down; the rest exchanges two neighbours."""
NEAR, FAR_DOWN, FAR_UP, BY_TWO = 0.5, 0.25, 0.36, 0.2


@inner()
def propose(dice, sizes, near, free, chosen, move):  # type: ignore[no-untyped-def]
    """Draw a move into ``move`` = (link, size, other link or -1, its size); whether there is one.

    ``near`` is where each link's neighbours begin, and the neighbours; ``free`` the links that have a choice.
    """
    u, k = roll(dice), free[pick(dice, len(free))]
    move[0], move[2], move[3] = k, -1, 0
    if u < SINGLE:
        step = 2 if roll(dice) < BY_TWO else 1
        move[1] = chosen[k] + (step if roll(dice) < 0.5 else -step)
        return 0 <= move[1] < sizes.options[k]
    begin, end = near[0][k], near[0][k + 1]
    close = u >= PAIR or roll(dice) < NEAR
    if close and end == begin:
        return False
    other = near[1][begin + pick(dice, end - begin)] if close else free[pick(dice, len(free))]
    if other == k:
        return False
    move[2] = other
    if u < PAIR:
        v = roll(dice)
        move[1] = chosen[k] + (2 if FAR_DOWN <= v < FAR_UP else 1)
        move[3] = chosen[other] - (2 if v < FAR_DOWN else 1)
    else:
        move[1], move[3] = chosen[other], chosen[k]
        if move[1] == move[3]:
            return False
    return move[1] < sizes.options[k] and 0 <= move[3] < sizes.options[other]


@inner()
def extra_cost(sizes, chosen, move):  # type: ignore[no-untyped-def]
    """What a move costs more."""
    k, other = move[0], move[2]
    extra = sizes.cost[k, move[1]] - sizes.cost[k, chosen[k]]
    if other >= 0:
        extra += sizes.cost[other, move[3]] - sizes.cost[other, chosen[other]]
    return extra


@inner()
def put_move(sizes, work, move):  # type: ignore[no-untyped-def]
    """Give the links of a move their new sizes in the working arrays."""
    put_size(sizes, work, move[0], move[1])
    if move[2] >= 0:
        put_size(sizes, work, move[2], move[3])


@inner()
def take_back(sizes, work, chosen, move):  # type: ignore[no-untyped-def]
    """Give the links of a move their old sizes in the working arrays."""
    put_size(sizes, work, move[0], chosen[move[0]])
    if move[2] >= 0:
        put_size(sizes, work, move[2], chosen[move[2]])


@inner()
def make_move(chosen, move):  # type: ignore[no-untyped-def]
    """Write a move into a design."""
    chosen[move[0]] = move[1]
    if move[2] >= 0:
        chosen[move[2]] = move[3]


@kernel()
def predicted_shortfall(layout, sizes, kept, move, response):  # type: ignore[no-untyped-def]
    """Missing head that a move would leave, predicted from the kept state; the moves of two links are added up.

    ``response`` (2, n + n_fixed) is working memory.
    """
    loads, n, missing = kept.heads.shape[0], layout.demand.shape[1], 0.0
    blocks = kept.flow.shape[0] // loads
    for s in range(loads):
        heads, by = kept.heads[s], np.zeros(2)
        for x in range(2):
            k = move[2 * x]
            if k >= 0:
                b, lane = s * blocks + k // 8, k % 8
                state = (heads[layout.tail[k]] - heads[layout.head[k]], kept.flow[b, lane], kept.p[b, lane])
                respond(layout, kept.matrix[s], k, response[x])
                by[x] = shift(layout, sizes, state, k, move[2 * x + 1], response[x])
        for i in range(n):
            h = heads[i] + by[0] * response[0, i] + by[1] * response[1, i]
            missing += max(0.0, layout.lowest[s, i] - h) + max(0.0, h - layout.highest[s, i])
    return missing


@inner()
def bar(dice, value, temperature):  # type: ignore[no-untyped-def]
    """Largest value that annealing accepts from this one, drawn (Metropolis et al. 1953)."""
    return value - temperature * math.log(roll(dice) + 1e-300)
