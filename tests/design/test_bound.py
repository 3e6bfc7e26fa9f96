"""The relaxation contains true states of designs, and the bound lies below what trying every design finds."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.design.arrays import make_work
from network_models.design.kernel import FAILED, put_sizes, settle, start_flows
from optimizer.design.bound import Proof
from optimizer.design.contract import Contraction, Node
from optimizer.design.program import NO_CUTS, Program
from optimizer.design.ranges import balance_of, chains, narrow
from optimizer.design.relaxation import Box, Relaxation
from tests.design.test_search import cheapest
from tests.network_models.design.cases import design

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def states(network, count, rng):
    """Sampled designs that keep the limits of head, with flows, in total demands, and heads of all loads."""
    work, relaxation = make_work(network.layout), Relaxation(network)
    for _ in range(count):
        chosen = rng.integers(0, network.sizes.options)
        put_sizes(network.layout, network.sizes, work, chosen)
        start_flows(network.layout, network.sizes, work, chosen)
        assert settle(network.layout, work, 1e-11) != FAILED
        loads, n = network.layout.demand.shape
        flow = work.flow.reshape(loads, -1)[:, : relaxation.links].ravel() / relaxation.scale
        heads = np.append(work.heads[:, :n].ravel(), work.heads[:, n:].ravel())
        if (heads[: relaxation.spots] >= relaxation.lowest).all():
            yield chosen, flow, heads


def breach(relaxation: Relaxation, node: Node, state: State) -> float:
    """Largest breach, by a state, of the ranges of a fitted box and of the facets of its lanes (in parts of their scale)."""
    chosen, flow, heads = state
    box, loss = node.box, heads[relaxation.tail] - heads[relaxation.head]
    parts = [box.low - flow, flow - box.high, box.bottom - heads, heads - box.top]
    parts += [box.first - chosen, chosen - box.last]
    worst = max(float(part.max()) for part in parts)
    for lane, rows in enumerate(node.facets):
        k = relaxation.link[lane]
        cost = relaxation.sizes.cost[k, chosen[k]]
        alpha, beta, gamma, delta = rows.T
        scale = np.abs(rows[:, 1:] * [1.0, relaxation.range, relaxation.sizes.cost[k].max()]).max(axis=1)
        excess = alpha + beta * flow[lane] + gamma * loss[lane] - delta * cost
        worst = max(worst, float((excess / np.maximum(scale, 1e-12)).max()))
    return worst


@pytest.mark.parametrize(("formula", "count"), [("H-W", 2), ("D-W", 1), ("C-M", 1)])
def test_true_states_lie_in_the_relaxation(formula, count):
    """In the box of all designs and in sampled boxes around the states; and a box away from a state is seen to be so."""
    network, rng, seen = design(formula, pressure=5.0, count=count), np.random.default_rng(7), 0
    relaxation = Relaxation(network)
    contraction, whole = Contraction(relaxation, Program(relaxation, 1.0), lambda: 0.0), relaxation.whole()
    first = contraction.fit(Node(whole, [], NO_CUTS))
    for chosen, flow, heads in states(network, 60, rng):
        seen += 1
        assert breach(relaxation, first, (chosen, flow, heads)) < 1e-7
        low, high = (np.clip(flow + side * rng.random(len(flow)) * 0.3, whole.low, whole.high) for side in (-1, 1))
        near = (np.maximum(chosen - 1, 0), np.minimum(chosen + 1, whole.last))
        node = contraction.fit(Node(Box(low, high, whole.bottom, whole.top, *near), [], NO_CUTS))
        assert breach(relaxation, node, (chosen, flow, heads)) < 1e-7
        other = np.where(heads > 55.0, heads - 1.0, heads + 1.0)
        assert breach(relaxation, node, (chosen, flow, other)) > 1e-4
    assert seen > 15


@pytest.mark.parametrize("formula", ["H-W", "D-W"])
def test_contraction_keeps_what_is_cheaper_than_the_limit(formula):
    network, rng = design(formula, pressure=5.0), np.random.default_rng(3)
    found = list(states(network, 200, rng))
    proof = Proof(network)
    costs = [network.cost(chosen) for chosen, _, _ in found]
    cut = float(np.quantile(costs, 0.3))
    solved = proof.contraction.solve(Node(proof.relaxation.whole(), [], NO_CUTS), cut, np.inf, first=True)
    point, node = solved
    assert (node.box.high - node.box.low).sum() < (2.0 * proof.relaxation.most).sum() * 0.95
    cheap = [state for state, cost in zip(found, costs, strict=True) if cost < cut]
    assert len(cheap) > 3
    assert point.bound * proof.unit <= min(costs)
    for state in cheap:
        assert breach(proof.relaxation, node, state) < 1e-6


def test_balances_narrow_flows_to_what_the_junctions_draw():
    """The third lane carries what the first brings less what the junction draws and the second takes."""
    network = design()
    relaxation = Relaxation(network)
    whole, drawn = relaxation.whole(), relaxation.demand[network.nodes.index("1")]
    low, high = whole.low.copy(), whole.high.copy()
    low[0] = high[0] = 1.0
    low[1] = high[1] = 0.25
    assert narrow(balance_of(relaxation), relaxation.demand, low, high)
    assert (low[2], high[2]) == pytest.approx((0.75 - drawn, 0.75 - drawn), abs=1e-6)
    low[2], high[2] = 0.1, 0.2
    assert not narrow(balance_of(relaxation), relaxation.demand, low, high)


def test_chains_are_lanes_whose_flows_move_together():
    """The first lane alone feeds the rest; two loops share one lane, and each has its own beside."""
    found = chains(Relaxation(design()))
    assert found[0] == -1
    assert found[1] == found[2]
    assert found[3] == found[4]
    assert len(set(found.tolist())) == 4


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


def test_programs_that_come_to_no_end_prove_nothing():
    network = design()
    proof = Proof(network)
    proof.program.highs.setOptionValue("simplex_iteration_limit", 0)
    bound = proof.run(3.0, lambda: np.inf)
    assert proof.floor <= bound.value <= cheapest(network)


@pytest.mark.parametrize("seed", range(20))
def test_ranges_without_a_limit_are_narrowed_around_every_true_flow(seed: int):
    rng = np.random.default_rng(seed)
    n, lanes = 12, 20
    tail, head = rng.integers(0, n, lanes), rng.integers(0, n, lanes)
    tail[tail == head] = (head[tail == head] + 1) % n
    flow = rng.normal(size=lanes)
    sign, lane = np.repeat([1, -1], lanes), np.tile(np.arange(lanes), 2)
    spot = np.concatenate([head, tail])
    order = np.argsort(spot, kind="stable")
    ends = np.searchsorted(spot[order], np.arange(n + 1)), lane[order], sign[order]
    demand = np.bincount(head, flow, n) - np.bincount(tail, flow, n)
    low, high = np.full(lanes, -1e9), np.full(lanes, 1e9)
    known = rng.random(lanes) < 0.6
    low[known], high[known] = flow[known] - 0.01, flow[known] + 0.01
    assert narrow(ends, demand, low, high)
    assert (low <= flow).all() and (flow <= high).all()
    assert (high - low < 1e3).sum() > known.sum()
