"""The relaxation contains true states of designs, and the bound lies below what trying every design finds."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.design.arrays import make_work
from network_models.design.kernel import FAILED, put_sizes, settle, start_flows
from optimizer.design.bound import Proof, balance_of, narrow
from optimizer.design.relaxation import Box, Relaxation
from tests.design.test_search import cheapest
from tests.network_models.design.cases import design


def breach(relaxation: Relaxation, box: Box, chosen: np.ndarray, flow: np.ndarray, heads: np.ndarray) -> float:
    """Largest breach, by a state, of the rows and ranges of the relaxation in a box."""
    pieces = relaxation.pieces(box)
    assert pieces is not None
    loss = heads[relaxation.layout.tail] - heads[relaxation.layout.head]
    sign = np.where(flow < 0, -1, 1)
    mine = (pieces.size == chosen[pieces.link]) & (pieces.sign == sign[pieces.link])
    assert mine.sum() == relaxation.m
    parts = (np.ones(relaxation.m), np.abs(flow), sign * loss)
    x = np.concatenate([*(np.where(mine, part[pieces.link], 0.0) for part in parts), heads[: relaxation.n]])
    matrix, lower, upper = relaxation.rows(pieces)
    rows = matrix @ x
    ranges = np.concatenate([relaxation.lowest - heads, heads - relaxation.highest])
    return float(max((lower - rows).max(), (rows - upper).max(), ranges.max()))


@pytest.mark.parametrize("formula", ["H-W", "D-W", "C-M"])
def test_true_states_lie_in_the_relaxation(formula):
    """Over sampled designs within limits and sampled boxes around their states; a state of too little head lies outside."""
    network, rng, inside, outside = design(formula, pressure=5.0), np.random.default_rng(7), 0, 0
    relaxation, work = Relaxation(network), make_work(network.layout)
    ends = balance_of(network)
    for _ in range(300):
        chosen = rng.integers(0, network.sizes.options)
        put_sizes(network.layout, network.sizes, work, chosen)
        start_flows(network.layout, network.sizes, work, chosen)
        assert settle(network.layout, work, 1e-11) != FAILED
        heads, flow = work.heads[0].copy(), work.flow.ravel()[: relaxation.m] / relaxation.scale
        whole = relaxation.whole()
        if (heads < relaxation.lowest).any():
            outside += 1
            continue
        inside += 1
        low, high = (np.clip(flow + side * rng.random(6) * 0.3, whole.low, whole.high) for side in (-1, 1))
        assert narrow(ends, relaxation.demand / relaxation.scale, low, high)
        for box in (whole, Box(low, high, np.maximum(chosen - 1, 0), np.minimum(chosen + 1, whole.last))):
            assert (box.low <= flow + 1e-9).all() and (flow <= box.high + 1e-9).all()
            assert breach(relaxation, box, chosen, flow, heads) < 1e-6
    assert inside > 30 and outside > 10


@pytest.mark.parametrize(
    ("formula", "pressure", "speed"), [("H-W", 25.0, np.inf), ("H-W", 25.0, 1.2), ("C-M", 25.0, np.inf)]
)
def test_the_bound_meets_the_cheapest_design(formula, pressure, speed):
    network = design(formula, pressure=pressure, speed=speed)
    best = cheapest(network)
    bound = Proof(network).run(60.0, lambda: best)
    assert bound.proved
    assert best * (1 - 1e-6) <= bound.value <= best


@pytest.mark.parametrize(("formula", "count"), [("D-W", 1), ("H-W", 2)])
def test_the_bound_never_passes_the_cheapest_design(formula, count):
    network = design(formula, pressure=30.0, count=count)
    best = cheapest(network)
    bound = Proof(network).run(2.0, lambda: np.inf)
    assert 0.5 * best < bound.value <= best * (1 + 1e-9)


def test_where_no_design_holds_the_proof_says_so():
    bound = Proof(design(pressure=60.0)).run(20.0, lambda: np.inf)
    assert bound.proved
    assert np.isinf(bound.value)
