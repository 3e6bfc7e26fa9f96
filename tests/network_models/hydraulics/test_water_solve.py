"""Water networks by themselves: balance, batches, properties that no formula may break."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork, WaterOptions
from network_models.hydraulics.water_solve import Scenarios, solve

NAN = np.nan


def random_network(seed: int, formula: str = "H-W", **options: object) -> WaterNetwork:
    """A connected network of pipes with loops and dead ends, one reservoir and one tank."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 30))
    tail = [int(rng.integers(i)) for i in range(1, n)] + rng.integers(n, size=n // 3).tolist()
    head = [*range(1, n), *rng.integers(n, size=n // 3).tolist()]
    keep = [k for k, (a, b) in enumerate(zip(tail, head, strict=True)) if a != b]
    fixed = np.full(n, NAN)
    fixed[[0, n - 1]] = 80.0, 70.0
    demand = np.where(np.isnan(fixed), rng.uniform(0, 0.004, n), 0.0)
    rough = {"H-W": (90, 140), "D-W": (5e-5, 5e-4), "C-M": (0.01, 0.014)}[formula]
    m = len(keep)
    return WaterNetwork.from_arrays(
        rng.uniform(0, 20, n), demand, fixed, np.array(tail)[keep], np.array(head)[keep],
        rng.uniform(50, 800, m), rng.choice([0.08, 0.1, 0.15, 0.25], m), rng.uniform(*rough, m),
        minor_loss=rng.choice([0.0, 3.0], m), options=WaterOptions(formula, **options),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("formula", ["H-W", "D-W", "C-M"])
@pytest.mark.parametrize("seed", range(4))
def test_flows_balance_and_lose_the_head_they_should(seed: int, formula: str):
    result = solve(random_network(seed, formula))
    assert result.converged
    assert np.abs(result.mass_residual).max() < 1e-9
    assert np.abs(result.energy_residual).max() < 1e-4


@pytest.mark.parametrize("friction", ["Swamee-Jain", "Colebrook", "Nikuradse"])
def test_the_laws_of_eight_lanes_are_those_of_one(friction: str):
    network = random_network(7, "D-W", friction=friction)
    scale = np.geomspace(0.001, 3.0, 21)
    many = solve(network, network.demand * scale[:, None])
    for s in range(len(scale)):
        one = solve(network, network.demand * scale[s])
        assert np.allclose(one.heads, many.heads[s], atol=1e-5)
        assert np.allclose(one.flows, many.flows[s], atol=1e-8)
    assert np.abs(many.energy_residual).max() < 1e-3


@pytest.mark.parametrize("count", [2, 7, 8, 9, 130])
def test_scenarios_are_solved_as_if_each_were_alone(count: int):
    network, rng = random_network(1), np.random.default_rng(count)
    demands = network.demand * rng.uniform(0.5, 1.5, (count, network.n_nodes))
    diameters = network.diameter * rng.choice([0.8, 1.0, 1.3], (count, network.n_links))
    many = solve(network, demands, diameters)
    for s in {0, count // 2, count - 1}:
        one = solve(network, demands[s], diameters[s])
        assert np.allclose(one.heads, many.heads[s], atol=1e-5)


def test_closed_links_of_a_scenario_carry_nothing():
    network = random_network(2)
    status = np.tile(network.status, (network.n_links, 1))
    np.fill_diagonal(status, LinkStatus.CLOSED)
    many = solve(network, scenarios=Scenarios(status=status), strict=False)
    assert (np.diag(many.flows) == 0.0).all()
    assert (many.isolated.any(axis=1) == [_parted(network, k) for k in range(network.n_links)]).all()


def _parted(network: WaterNetwork, k: int) -> bool:
    reached = {int(v) for v in np.flatnonzero(~network.is_junction)}
    while True:
        ends = zip(network.tail.tolist(), network.head.tolist(), strict=True)
        more = {a + b - v for i, (a, b) in enumerate(ends) if i != k for v in (a, b) if v in reached} - reached
        if not more:
            return len(reached) < network.n_nodes
        reached |= more


def test_a_start_changes_the_effort_and_not_the_result():
    network = random_network(5)
    base = solve(network)
    demands = network.demand * np.linspace(0.9, 1.1, 16)[:, None]
    cold, warm = solve(network, demands), solve(network, demands, start=base)
    assert warm.iterations.mean() < cold.iterations.mean()
    assert np.allclose(cold.heads, warm.heads, atol=1e-5)


def test_new_names_and_another_order_of_nodes_change_nothing():
    network = random_network(3)
    order = np.random.default_rng(0).permutation(network.n_nodes)
    place = np.argsort(order)
    turned = WaterNetwork.from_arrays(
        network.elevation[order], network.demand[order], network.fixed_head[order],
        place[network.head], place[network.tail],
        network.length, network.diameter, network.roughness, minor_loss=network.minor_loss,
    )  # fmt: skip
    one, other = solve(network), solve(turned)
    assert np.allclose(one.heads[order], other.heads, atol=1e-6)
    assert np.allclose(one.flows, -other.flows, atol=1e-8)


def test_a_pipe_in_two_parts_is_the_same_pipe():
    network = random_network(4)
    n, m = network.n_nodes, network.n_links
    head, tail, length = network.head.copy(), network.tail.copy(), network.length.copy()
    a, b = int(tail[0]), int(head[0])
    head[0], length[0] = n, 0.3 * network.length[0]
    split = WaterNetwork.from_arrays(
        np.append(network.elevation, 5.0), np.append(network.demand, 0.0), np.append(network.fixed_head, NAN),
        np.append(tail, n), np.append(head, b), np.append(length, 0.7 * network.length[0]),
        np.append(network.diameter, network.diameter[0]), np.append(network.roughness, network.roughness[0]),
        minor_loss=np.append(network.minor_loss, 0.0),
    )  # fmt: skip
    whole, parts = solve(network), solve(split)
    assert a != b and split.n_links == m + 1
    assert np.allclose(whole.heads, parts.heads[:n], atol=1e-6)


def test_a_bend_in_time_and_length_scales_out():
    """Twice as long and twice the slope resistance by minor losses: the flows of one pipe follow the formula."""
    flow, length, size, rough = 0.02, 1000.0, 0.2, 130.0
    line = WaterNetwork.from_arrays([0, 0], [0, flow], [50, NAN], [0], [1], length, size, rough)
    lost = 50.0 - solve(line).heads[1]
    assert lost == pytest.approx(10.667 * length * flow**1.852 / (rough**1.852 * size**4.871), rel=2e-4)


def test_pressure_driven_demand_follows_wagner():
    options = WaterOptions(pressure_driven=True, minimum_pressure=5.0, required_pressure=25.0, pressure_exponent=0.5)
    line = WaterNetwork.from_arrays([0, 10], [0, 0.02], [30, NAN], [0], [1], 400.0, 0.12, 120.0, options=options)
    result = solve(line)
    share = ((result.pressures[1] - 5.0) / 20.0) ** 0.5
    assert 0 < share < 1
    assert result.outflows[1] == pytest.approx(0.02 * share, rel=1e-5)
    assert np.abs(result.mass_residual).max() < 1e-9


def test_emitters_follow_their_power():
    options = WaterOptions(emitter_exponent=0.6)
    line = WaterNetwork.from_arrays(
        [0, 10], [0, 0.0], [40, NAN], [0], [1], 100.0, 0.2, 120.0, emitter=[0, 0.001], options=options
    )
    result = solve(line)
    assert result.outflows[1] == pytest.approx(0.001 * result.pressures[1] ** 0.6, rel=1e-6)


def valve_line(kind: LinkKind, setting: float, demand: float = 0.01) -> WaterNetwork:
    """Reservoir, pipe, valve, pipe, draw-off."""
    return WaterNetwork.from_arrays(
        [0, 0, 0, 0], [0, 0, 0, demand], [60, NAN, NAN, NAN], [0, 1, 2], [1, 2, 3], [500, NAN, 500], 0.15,
        [120, NAN, 120], kind=[LinkKind.PIPE, kind, LinkKind.PIPE], setting=[NAN, setting, NAN],
    )  # fmt: skip


@pytest.mark.parametrize("copies", [1, 9])
def test_valves_do_what_they_are_set_to(copies: int):
    def heads(kind: LinkKind, setting: float) -> np.ndarray:
        line = valve_line(kind, setting)
        return np.atleast_2d(solve(line, np.tile(line.demand, (copies, 1))).heads)[-1]

    reduced, broken = heads(LinkKind.PRV, 25.0), heads(LinkKind.PBV, 12.0)
    assert reduced[2] == pytest.approx(25.0, abs=1e-6)
    assert broken[1] - broken[2] == pytest.approx(12.0, abs=1e-6)
    speed = 0.01 / (np.pi * 0.15**2 / 4)
    throttled = heads(LinkKind.TCV, 30.0)
    assert throttled[1] - throttled[2] == pytest.approx(30.0 * speed**2 / (2 * 9.81), rel=1e-3)


def test_a_check_valve_stops_what_would_flow_back():
    back = WaterNetwork.from_arrays(
        [0, 0, 0], [0, 0.001, 0], [40, NAN, 60], [1, 1], [0, 2], [100, 100], 0.1, 120.0,
        kind=[LinkKind.PIPE, LinkKind.CHECK_PIPE],
    )  # fmt: skip
    result = solve(back)
    assert result.status[1] == LinkStatus.CLOSED and result.flows[1] == 0.0
    assert result.flows[0] == pytest.approx(-0.001, abs=1e-7)


def test_a_pump_lifts_by_its_curve_and_its_speed():
    line = WaterNetwork.from_arrays(
        [0, 0], [0, 0.004], [10, NAN], [0], [1], NAN, NAN, NAN, kind=LinkKind.PUMP, curve=0, setting=0.9,
        curves=([[0, 45], [0.004, 38], [0.009, 15]],),
    )  # fmt: skip
    power = np.log((45 - 15) / (45 - 38)) / np.log(9 / 4)
    expected = 0.81 * 45 - 7 / 0.004**power * 0.9 ** (2 - power) * 0.004**power
    assert solve(line).heads[1] - 10 == pytest.approx(expected, rel=1e-6)


def test_a_network_is_ordered_once_and_its_arrays_are_locked():
    network = random_network(6)
    solve(network)
    kept = network.__dict__["_prepared"]
    solve(network, network.demand * 2)
    assert network.__dict__["_prepared"] is kept
    with pytest.raises(ValueError, match="read-only"):
        network.demand[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.demand = network.demand  # type: ignore[misc]
