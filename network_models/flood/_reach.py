"""One routing step of eight floods through one segment of a reach: storage = w_in inflow + w_out outflow.

The storage is carried along and the outflow follows from it, so that inflow - outflow = change of storage to the last
bit whatever the weights, also where an outflow is held at zero.
"""

from __future__ import annotations

from network_models._numba import inner
from network_models.flood._power import power

LANES = 8  # loops over lanes run to the length of their arrays: a constant length is unrolled, not made vectors
LEAST_FLOW = 1e-6
"""Celerity is evaluated at this flow at least, m3/s."""
CONTRACT = {"contract"}


@inner(inline="always")
def muskingum_cunge(inflow, outflow, segment):  # type: ignore[no-untyped-def]
    """Weights in s of inflow and outflow at their mean flow (Todini 2007, equations 38 and 50).

    ``segment``: coefficient k and exponent m of A = k Q^m, length in m, and m^2 / (width x slope x length). With the
    celerity c = Q / (m A) and beta = 1 / m: C* = Q dt / (A dx), D* = m^2 A / (B S dx), and
    S = (1 - D*) dt / (2 C*) I + (1 + D*) dt / (2 C*) O.
    """
    coefficient, exponent, length, diffusion = segment
    flow = max(0.5 * (inflow + outflow), LEAST_FLOW)
    area = coefficient * power(flow, exponent)
    half, spread = 0.5 * area * length / flow, diffusion * area
    return half * (1.0 - spread), half * (1.0 + spread)


@inner(inline="always")
def _outflow(known, inflow, guess, half, segment):  # type: ignore[no-untyped-def]
    """Outflow at the end of a step, with the weights at a guess."""
    w_in, w_out = muskingum_cunge(inflow, guess, segment)
    return max(0.0, (known - w_in * inflow) / (half + w_out))


@inner(error_model="numpy", fastmath=CONTRACT)
def todini_reach(passing, flow, store, first, last, half, segment):  # type: ignore[no-untyped-def]
    """Variable parameters (Todini 2007): three passes from the guess O + change of I.

    Parameters
    ----------
    passing
        (2, 8): what enters the first segment at both ends of the step; changed to what leaves the last one.
    flow, store
        (n_segments, 8): outflow and storage, of which rows ``first`` to ``last`` are moved on by the step.
    """
    for s in range(first, last):
        for lane in range(passing.shape[1]):
            before, after, out = passing[0, lane], passing[1, lane], flow[s, lane]
            known = store[s, lane] + half * (before + after - out)
            leaves = max(0.0, out + after - before)
            leaves = _outflow(known, after, leaves, half, segment)
            leaves = _outflow(known, after, leaves, half, segment)
            leaves = _outflow(known, after, leaves, half, segment)
            store[s, lane] = known - half * leaves
            passing[0, lane] = out
            passing[1, lane] = leaves
            flow[s, lane] = leaves


@inner(error_model="numpy", fastmath=CONTRACT)
def constant_reach(passing, flow, store, first, last, half, segment):  # type: ignore[no-untyped-def]
    """Linear Muskingum and Muskingum-Cunge of constant parameters; as ``todini_reach``."""
    w_in, w_out, _, _ = segment
    for s in range(first, last):
        for lane in range(passing.shape[1]):
            before, after, out = passing[0, lane], passing[1, lane], flow[s, lane]
            known = store[s, lane] + half * (before + after - out)
            leaves = max(0.0, (known - w_in * after) / (half + w_out))
            store[s, lane] = known - half * leaves
            passing[0, lane] = out
            passing[1, lane] = leaves
            flow[s, lane] = leaves


@inner(error_model="numpy")
def steady_store(flow, segment):  # type: ignore[no-untyped-def]
    """Storage of a segment in steady flow."""
    w_in, w_out = muskingum_cunge(flow, flow, segment)
    return (w_in + w_out) * flow
