"""What a design and its bound do not depend on: names and order of nodes and pipes, units of the file, pipes in two parts."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from benchmarks.water_design_files import read_case
from network_models.design.arrays import DesignNetwork, make_work
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall, start_flows
from network_models.design.network import design_network
from network_models.hydraulics.water_inp import PER_CFS
from network_models.hydraulics.water_network import WaterNetwork
from optimizer.design.bound import Proof
from tests.benchmarks.test_water_design import CASE, INP, written
from tests.design.test_search import cheapest
from tests.network_models.design.cases import loads, sizes, water


def heads_of(network: DesignNetwork, chosen: np.ndarray) -> tuple[dict[str, float], float]:
    """Head of every node of a design, and the head that is missing."""
    work = make_work(network.layout)
    put_sizes(network.layout, network.sizes, work, chosen)
    start_flows(network.layout, network.sizes, work, chosen)
    assert settle(network.layout, work, 1e-11) != FAILED
    missing = shortfall(network.layout, network.sizes, work, chosen)
    return dict(zip(network.nodes, work.heads[0].tolist(), strict=True)), float(missing)


def shuffled(network: WaterNetwork, rng: np.random.Generator) -> WaterNetwork:
    """The same network, its nodes and pipes in another order, some pipes the other way round."""
    nodes, links = rng.permutation(network.n_nodes), rng.permutation(network.n_links)
    place = np.argsort(nodes)
    ends = np.stack([place[network.tail[links]], place[network.head[links]]])
    turned = rng.random(len(links)) < 0.5
    ends[:, turned] = ends[::-1, turned]
    return dataclasses.replace(
        network,
        elevation=network.elevation[nodes],
        demand=network.demand[nodes],
        fixed_head=network.fixed_head[nodes],
        node_names=tuple(network.node_names[i] for i in nodes),
        link_names=tuple(network.link_names[k] for k in links),
        tail=ends[0],
        head=ends[1],
        length=network.length[links],
    )


@pytest.mark.parametrize("seed", range(2))
def test_names_order_and_direction_change_neither_heads_nor_cost_nor_bound(seed):
    rng, usual = np.random.default_rng(seed), water()
    other = shuffled(usual, rng)
    choices = {name: sizes(usual, k) for k, name in enumerate(usual.link_names)}
    one, two = (design_network(network, choices, loads(usual)) for network in (usual, other))
    for _ in range(20):
        pick = {name: int(rng.integers(len(choices[name]))) for name in choices}
        (heads, missing), (same, also) = (
            heads_of(network, np.array([pick[name] for name in network.links])) for network in (one, two)
        )
        assert heads == pytest.approx(same, abs=1e-6)
        assert missing == pytest.approx(also, abs=1e-5)
    best = cheapest(one)
    bounds = [Proof(network).run(60.0, lambda: best) for network in (one, two)]
    assert all(bound.proved for bound in bounds)
    assert bounds[0].value == pytest.approx(bounds[1].value, rel=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_a_pipe_in_two_parts_keeps_heads_and_makes_no_design_dearer(seed):
    """Equal sizes of both parts are the whole pipe; free to differ, they can only be cheaper, and so is the bound."""
    rng, usual = np.random.default_rng(seed), water()
    k, share = int(rng.integers(usual.n_links)), float(rng.uniform(0.2, 0.8))
    cut = WaterNetwork.from_arrays(
        [*usual.elevation, 20.0],
        [*usual.demand, 0.0],
        [*usual.fixed_head, np.nan],
        [*usual.tail, 5],
        [*(5 if i == k else head for i, head in enumerate(usual.head)), int(usual.head[k])],
        [*(share * x if i == k else x for i, x in enumerate(usual.length)), (1.0 - share) * usual.length[k]],
        0.2,
        130.0,
    )
    whole, parts = (
        design_network(network, {name: sizes(network, i) for i, name in enumerate(network.link_names)}, loads(usual))
        for network in (usual, cut)
    )
    for _ in range(20):
        chosen = rng.integers(0, 4, 6)
        (heads, _), (same, _) = heads_of(whole, chosen), heads_of(parts, np.append(chosen, chosen[k]))
        assert {name: same[name] for name in heads} == pytest.approx(heads, abs=1e-6)
        assert whole.cost(chosen) == pytest.approx(parts.cost(np.append(chosen, chosen[k])))
    best = cheapest(whole)
    bound = Proof(parts).run(5.0, lambda: best)
    assert bound.value <= best * (1 + 1e-9)


@pytest.mark.parametrize("units", ["CMH", "LPM", "MLD"])
def test_units_of_the_file_change_nothing(tmp_path, units):
    """With EPANET's own numbers of units to the cubic foot, which agree among themselves to six digits only."""
    per_lps = PER_CFS[units] / PER_CFS["LPS"]
    scaled = INP.replace("UNITS LPS", f"UNITS {units}")
    scaled = scaled.replace(" a 10 20", f" a 10 {20 * per_lps!r}").replace(" b 12 15", f" b 12 {15 * per_lps!r}")
    found = []
    for name, text in (("usual", INP), ("other", scaled)):
        folder = tmp_path / name
        folder.mkdir()
        case = read_case(written(folder, json.loads(json.dumps(CASE)), text))
        found.append(design_network(case.network, case.choices, case.loads, case.largest_speed))
    for chosen in ((0, 0, 0), (1, 0, 0), (1, 1, 0)):
        states = [heads_of(network, np.minimum(chosen, network.sizes.options - 1)) for network in found]
        assert states[0][0] == pytest.approx(states[1][0], abs=1e-6)
        assert states[0][1] == pytest.approx(states[1][1], abs=2e-4)  # m3/s, so velocities, differ in the sixth digit
    assert cheapest(found[0]) == pytest.approx(cheapest(found[1]))
