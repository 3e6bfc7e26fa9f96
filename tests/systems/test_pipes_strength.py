"""What strengthens the model of pipes cuts off no network that holds: every state of random trees is tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from optimizer.systems.pipes_bounds import Bounds
from optimizer.systems.pipes_network import Network, Standing
from optimizer.systems.pipes_rivals import Rivals
from tests.random_pipes import NAME, PERIODS, problem_of, random_tree

SEEDS = range(24)
ROUNDING = 1e-9


def bounds_of(seed: int) -> Bounds:
    problem = problem_of(random_tree(seed))
    return Bounds(Network(problem.systems[NAME]), problem.sequence["capacity"].values.astype(float))


def holding(bounds: Bounds, t: int) -> Iterator[tuple[Standing, np.ndarray]]:
    """Every network, with all lifts, whose pressures and capacities hold, and what flows through its arcs."""
    net, d = bounds.net, bounds.net.d
    choices = [[-1, *np.flatnonzero(d["size_arc"] == a).tolist()] for a in range(net.n_arcs)]
    stations = itertools.product(*[(0.0, m) if c >= 0 else (m,) for m, c in
                                   zip(bounds.reach.most, d["supply_candidate"], strict=True)])  # fmt: skip
    for supply, size in itertools.product(list(stations), itertools.product(*choices)):
        for connected in itertools.product((False, True), repeat=net.n_origins):
            standing = Standing(np.array(size), bounds.lift, np.zeros(net.n_arcs, bool), np.array(supply), np.array(connected))
            if (flow := flow_if_it_holds(net, standing, t)) is not None:
                yield standing, flow


def flow_if_it_holds(net: Network, standing: Standing, t: int) -> np.ndarray | None:
    """(arc,) units a year; None where a rule of the network is broken."""
    d, order = net.d, net.order(standing)
    fed = net.fed(standing, order)
    ways = np.bincount(d["arc_head"][standing.size >= 0], minlength=net.n_nodes)
    ways[d["supply_node"][standing.supply > 0]] += 1
    if (ways > 1).any() or len(order) < (standing.size >= 0).sum() or (standing.connected & ~fed[d["origin_node"]]).any():
        return None
    drawn = net.drawn(standing.connected.astype(float), t)
    flow = net.flows(order, drawn)
    given = drawn.copy()
    np.add.at(given, d["arc_tail"][order], flow[order])
    at = net.pressure(net.potentials(standing, order, net.losses(standing, flow)))
    need = np.full(net.n_nodes, float(net.attrs["transit"]))
    need[d["origin_node"][standing.connected]] = float(net.attrs["least"])
    on = standing.supply > 0
    holds = (flow[order] <= d["size_capacity"][standing.size[order]]).all() and (at[fed] >= need[fed]).all()
    return flow if holds and (given[d["supply_node"][on]] <= standing.supply[on]).all() else None


@pytest.mark.parametrize("seed", SEEDS)
def test_no_network_that_holds_is_cut_off(seed: int) -> None:
    bounds = bounds_of(seed)
    net, gates = bounds.net, bounds.gates
    cliques = Rivals(gates).cliques()
    for t in range(PERIODS):
        for standing, flow in holding(bounds, t):
            lies = standing.size >= 0
            assert (flow[lies] <= bounds.flow[standing.size[lies], t] * (1 + ROUNDING) + ROUNDING).all()
            assert not (standing.connected & ~gates.possible[:, t]).any()
            on = np.isin(np.arange(len(net.d["size_arc"])), standing.size[lies])
            fed = np.zeros(len(gates.node), int)
            np.add.at(fed, gates.sizes[:, 0], on[gates.sizes[:, 1]] & gates.size_fits[:, t])
            np.add.at(fed, gates.supplies[:, 0], (standing.supply > 0)[gates.supplies[:, 1]] & gates.supply_fits[:, t])
            assert (fed >= standing.connected[gates.origin]).all()
            for clique in (c for c in cliques if c.period == t):
                most = sum(n for k, n in zip(clique.sizes, clique.most, strict=True) if on[k])
                most += len(clique.places) * int((standing.supply > 0)[clique.supplies].sum())
                assert standing.connected[clique.places].sum() <= most


def test_something_is_cut_off() -> None:
    """The rules are not empty: sizes that leave a place short, flows under the velocity's, places out of reach, rivals."""
    found = [bounds_of(seed) for seed in SEEDS]
    assert sum(int((~b.gates.size_fits).sum()) for b in found) > 20
    assert sum(int((b.flow < np.minimum(b.net.d["size_capacity"][:, None], b.below[b.net.d["size_arc"]])).sum()) for b in found) > 20
    assert sum(int((~b.gates.possible).sum()) for b in found) > 5
    assert sum(len(Rivals(b.gates).cliques()) for b in found) > 5
