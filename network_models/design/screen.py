"""Heads after a change of one link, predicted from the last factor: a change of rank one.

With the network linear around its state, a link whose size changes sees the rest as one resistance, so that its new flow
solves one equation and every head moves along one response vector (Sherman and Morrison 1950).
"""

from __future__ import annotations

from network_models._numba import inner
from network_models.hydraulics.water_laws import pipe

STEPS = 6
ENOUGH = 1e-3


@inner(error_model="numpy")
def respond(layout, matrix, k, response):  # type: ignore[no-untyped-def]
    """Response of all heads to a unit of flow put in at the tail of a link and taken out at its head, (n + n_fixed,)."""
    n, i, j = layout.demand.shape[1], layout.tail[k], layout.head[k]
    column, row = layout.column, layout.row
    response[:] = 0.0
    first = n
    if i < n:
        response[i], first = 1.0, i
    if j < n:
        response[j], first = -1.0, min(first, j)
    for c in range(first, n):
        value = response[c]
        if value != 0.0:
            value *= matrix[c]
            for x in range(column[c], column[c + 1]):
                response[row[x]] -= matrix[n + x] * value
    for c in range(n - 1, -1, -1):
        value = response[c]
        for x in range(column[c], column[c + 1]):
            value -= matrix[n + x] * response[row[x]]
        response[c] = value * matrix[c]
    response[n:] = 0.0


@inner(error_model="numpy")
def shift(layout, sizes, state, k, size, response):  # type: ignore[no-untyped-def]
    """Factor of ``response`` by which the heads move when a link gets another size.

    ``state`` is the fall of head over the link, its flow and the inverse slope of its head loss.
    """
    fall, flow, p = state
    across = response[layout.tail[k]] - response[layout.head[k]]
    if across <= 0.0:
        return 0.0
    left = max(1.0 - p * across, 0.0)
    q, loss = flow, fall
    for _ in range(STEPS):
        new_p, y = pipe(
            layout.formula,
            q,
            sizes.resistance[k, size],
            sizes.minor[k, size],
            sizes.viscous[k, size],
            sizes.rough[k, size],
        )
        slope = 1.0 / new_p
        loss = y * slope
        step = ((loss - fall) * left + (q - flow) * across) / (slope * left + across)
        q -= step
        loss -= slope * step
        if left == 0.0 or abs(step) < ENOUGH * abs(q):
            break
    return (loss - fall) / across
