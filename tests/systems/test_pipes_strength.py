"""What strengthens the model of pipes cuts off no network that holds: every state of random trees is tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from optimizer.systems.pipes_bounds import Bounds
from optimizer.systems.pipes_network import Network, Standing
from optimizer.systems.pipes_piped import piped
from optimizer.systems.pipes_rivals import Rivals
from optimizer.systems.pipes_sums import largest_sums
from tests.random_pipes import NAME, PERIODS, Tree, problem_of, random_tree

SEEDS = range(24)
ROUNDING = 1e-9


def tree_of(seed: int) -> Tree:
    """A random tree; beyond the seeds one of three towns behind a place for a station that has too little for them all."""
    if seed < len(SEEDS):
        return random_tree(seed)
    tree = random_tree(3 * seed)
    room = float(tree.quantity[:, -1].sum()) * (0.3 + 0.1 * (seed % 7))
    return replace(tree, parent=(0, 1, 1 + seed % 2), station=0, station_capacity=room, lift=None, reducer=None)


def bounds_of(seed: int) -> Bounds:
    problem = problem_of(tree_of(seed))
    return Bounds(Network(problem.systems[NAME]), problem.sequence["capacity"].values.astype(float))


def room_of(bounds: Bounds) -> np.ndarray:
    """(station state,) units a year."""
    return np.asarray(bounds.capacity[bounds.net.d["station_state"]])


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


@pytest.mark.parametrize("seed", range(2 * len(SEEDS)))
def test_no_network_that_holds_is_cut_off(seed: int) -> None:
    bounds = bounds_of(seed)
    net, gates = bounds.net, bounds.gates
    room = room_of(bounds)
    cliques, bring = Rivals(gates, room).cliques(), list(piped(gates, room))
    for t in range(PERIODS):
        for standing, flow in holding(bounds, t):
            lies = standing.size >= 0
            assert (flow[lies] <= bounds.flow[standing.size[lies], t] * (1 + ROUNDING) + ROUNDING).all()
            assert not (standing.connected & ~gates.possible[:, t]).any()
            on = np.isin(np.arange(len(net.d["size_arc"])), standing.size[lies])
            stands = (standing.supply > 0)[net.d["station_supply"]]
            fed = np.zeros(len(gates.node), int)
            np.add.at(fed, gates.sizes[:, 0], on[gates.sizes[:, 1]] & gates.size_fits[:, t])
            np.add.at(fed, gates.supplies[:, 0], (standing.supply > 0)[gates.supplies[:, 1]] & gates.supply_fits[:, t])
            assert (fed >= standing.connected[gates.origin]).all()
            for clique in (c for c in cliques if c.period == t):
                most = sum(n for k, n in zip(clique.sizes, clique.most, strict=True) if on[k])
                most += sum(n for s, n in zip(clique.stations, clique.station_most, strict=True) if stands[s])
                assert standing.connected[clique.places].sum() <= most
            for row in (r for r in bring if r.period == t):
                wanted = (net.d["quantity"][row.places, t] * standing.connected[row.places]).sum()
                into = flow[lies & (net.d["arc_head"] == row.node)].sum()
                given = sum(most for s, most in zip(row.stations, row.most, strict=True) if stands[s])
                assert wanted <= (into + given) * (1 + ROUNDING) + ROUNDING


def test_something_is_cut_off() -> None:
    """The rules are not empty: sizes that leave a place short, flows under the velocity's, places out of reach, rivals for sizes
    and for stations, wants that only pipes bring.
    """
    found = [bounds_of(seed) for seed in range(2 * len(SEEDS))]
    assert sum(int((~b.gates.size_fits).sum()) for b in found) > 20
    assert sum(int((b.flow < np.minimum(b.net.d["size_capacity"][:, None], b.below[b.net.d["size_arc"]])).sum()) for b in found) > 20
    assert sum(int((~b.gates.possible).sum()) for b in found) > 5
    cliques = [clique for b in found for clique in Rivals(b.gates, room_of(b)).cliques()]
    assert sum(min(c.most, default=2) == 1 for c in cliques) > 5
    assert sum(max(c.station_most, default=2) < 2 for c in cliques) > 20
    assert sum(len(list(piped(b.gates, room_of(b)))) for b in found) > 50


@pytest.mark.parametrize(
    ("wants", "room", "most"),
    [
        ([2.0, 3.0, 4.0], 8.0, 7.0), ([2.0, 3.0], 9.0, 5.0), ([5.0], 4.0, 0.0), ([], 1.0, 0.0),
        ([1.0] * 12, 7.5, 7.0), ([1.0] * 20, 7.5, 7.5), ([3.0] * 20, 2.0, 0.0),
    ],
)
def test_most_of_what_is_wanted(wants: list[float], room: float, most: float) -> None:
    found = largest_sums(np.array(wants).reshape(-1, 1), np.array([[room]]))
    assert found == pytest.approx(most)


def test_a_station_without_a_limit_asks_nothing_of_pipes() -> None:
    bounds = bounds_of(len(SEEDS))
    room = room_of(bounds)
    assert list(piped(bounds.gates, room))
    assert not list(piped(bounds.gates, np.full_like(room, np.inf)))


@pytest.mark.parametrize("seed", range(len(SEEDS), 2 * len(SEEDS)))
def test_a_station_of_two_sizes_is_held_to_the_one_that_stands(seed: int) -> None:
    bounds = bounds_of(seed)
    net, d = bounds.net, bounds.net.d
    networks = [list(holding(bounds, t)) for t in range(PERIODS)]
    d["station_supply"], d["station_state"] = (np.repeat(d[name], 2) for name in ("station_supply", "station_state"))
    room = room_of(bounds) * np.array([1.0, 0.6])
    cliques, bring = Rivals(bounds.gates, room).cliques(), list(piped(bounds.gates, room))
    for (t, found), level in itertools.product(enumerate(networks), range(2)):
        for standing, flow in (one for one in found if one[0].supply[1] > 0):
            wanted = d["quantity"][:, t] * standing.connected
            source = net.fed_from(standing, net.order(standing))[d["origin_node"]]
            if wanted[source == 1].sum() > room[level]:
                continue
            lies = standing.size[standing.size >= 0]
            for clique in (c for c in cliques if c.period == t):
                most = sum(n for k, n in zip(clique.sizes, clique.most, strict=True) if k in lies)
                assert standing.connected[clique.places].sum() <= most + clique.station_most[level]
            for row in (r for r in bring if r.period == t):
                into = flow[(standing.size >= 0) & (d["arc_head"] == row.node)].sum()
                assert wanted[row.places].sum() <= (into + row.most[level]) * (1 + ROUNDING) + ROUNDING
