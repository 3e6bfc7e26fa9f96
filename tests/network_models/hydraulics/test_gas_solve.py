"""Gas: every state obeys balances and laws computed afresh, and does not depend on names, units or the way it is asked."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.gas_result import GasScenarios
from network_models.hydraulics.gas_solve import solve
from network_models.hydraulics.water_check import NetworkError

NAN = np.nan
IDEAL = GasProperties(compressibility="constant")


def looped(
    seed: int, n: int = 30, *, friction: str = "colebrook", gas: GasProperties | None = None, hills: float = 300.0
):
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(0, k)), k) for k in range(1, n)]
    extra = [tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(n // 3)]
    tail, head = np.array([pair[:: rng.choice([-1, 1])] for pair in tree + extra]).T
    demand, fixed = rng.uniform(0.0, 0.2, n), np.full(n, NAN)
    fixed[0] = 2.5e6
    m = len(tail)
    return GasNetwork.from_arrays(
        demand, fixed, tail, head, rng.uniform(200, 4000, m), rng.choice([0.1, 0.15, 0.25], m), 5e-5,
        height=rng.uniform(0, hills, n), gas=gas, friction=friction,
    )  # fmt: skip


def assert_sound(result, flow=1e-7, pressure=1.0):
    assert result.solved.all(), result.reason
    assert np.abs(result.mass_residual).max() < flow
    assert np.abs(result.law_residual).max() < pressure


@pytest.mark.parametrize("friction", ["colebrook", "hofer", "nikuradse", "nikuradse_laminar"])
@pytest.mark.parametrize("seed", range(6))
def test_random_networks_obey_balances_and_laws(seed, friction):
    laws = ("papay", "aga", "constant")
    gas = GasProperties(compressibility=laws[seed % 3])
    assert_sound(solve(looped(seed, friction=friction, gas=gas)))


def test_one_pipe_in_closed_form():
    factor, length, width, m = 0.012, 30e3, 0.3, 6.0
    network = GasNetwork.from_arrays([0, m], [5e6, NAN], [0], [1], length, width, friction_factor=factor, gas=IDEAL)
    loss = 16 * factor * length * IDEAL.gas_constant * IDEAL.temperature / (np.pi**2 * width**5) * m**2
    assert solve(network).pressures[1] == pytest.approx(np.sqrt(5e6**2 - loss), rel=1e-12)


def test_a_column_of_gas_at_rest():
    network = GasNetwork.from_arrays([0, 0], [2e5, NAN], [0], [1], 500, 0.2, height=[0, 400], gas=IDEAL)
    expected = 2e5 * np.exp(-9.80665 * 400 / (IDEAL.gas_constant * IDEAL.temperature))
    assert solve(network).pressures[1] == pytest.approx(expected, rel=1e-9)


def test_friction_of_colebrook_and_of_hofer_are_close():
    one, other = (solve(looped(3, friction=law)) for law in ("colebrook", "hofer"))
    assert one.pressures == pytest.approx(other.pressures, rel=2e-3)


def test_names_and_order_do_not_matter():
    network, rng = looped(5), np.random.default_rng(0)
    nodes, links = rng.permutation(network.n_nodes), rng.permutation(network.n_links)
    place = np.argsort(nodes)
    other = GasNetwork.from_arrays(
        network.demand[nodes], network.fixed_pressure[nodes], place[network.tail[links]], place[network.head[links]],
        network.length[links], network.diameter[links], network.roughness[links], height=network.height[nodes],
    )  # fmt: skip
    one, two = solve(network), solve(other)
    assert two.pressures[place] == pytest.approx(one.pressures, rel=1e-9)
    assert two.flows == pytest.approx(one.flows[links], abs=1e-7)


def test_a_pipe_split_in_two_is_the_same_pipe():
    network = looped(7, gas=IDEAL, hills=0.0)
    k, n = int(np.argmax(network.length)), network.n_nodes
    split = GasNetwork.from_arrays(
        np.append(network.demand, 0.0), np.append(network.fixed_pressure, NAN),
        np.append(network.tail, n), np.append(np.where(np.arange(network.n_links) == k, n, network.head), network.head[k]),
        np.append(np.where(np.arange(network.n_links) == k, 0.3, 1.0) * network.length, 0.7 * network.length[k]),
        np.append(network.diameter, network.diameter[k]), 5e-5, gas=IDEAL,
    )  # fmt: skip
    assert solve(split).pressures[:n] == pytest.approx(solve(network).pressures, rel=1e-8)


def test_pressures_scale_with_flows():
    def at(scale: float) -> np.ndarray:
        return solve(GasNetwork.from_arrays(
            np.array([0, 1, 2, 0.5]) * scale, [3e6 * scale, NAN, NAN, NAN], [0, 0, 1, 2], [1, 2, 3, 3],
            5000, 0.2, friction_factor=0.015, gas=IDEAL,
        )).pressures  # fmt: skip

    assert at(0.1) * 10 == pytest.approx(at(1.0), rel=1e-9)


def chain(kind: GasLink, demand: float = 2.0, **device):
    """Source 0 - pipe - 1 - device - 2 - pipe - 3."""
    given = {name: [NAN, value, NAN] for name, value in device.items()}
    return GasNetwork.from_arrays(
        [0, 0, 0, demand], [2e6, NAN, NAN, NAN], [0, 1, 2], [1, 2, 3], [5e3, NAN, 5e3], [0.2, NAN, 0.2],
        kind=[GasLink.PIPE, kind, GasLink.PIPE], **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "device", "status", "outlet"),
    [
        (GasLink.COMPRESSOR, {"ratio": 1.5}, GasStatus.AT_RATIO, lambda p: 1.5 * p),
        (GasLink.COMPRESSOR, {"set_pressure": 3e6}, GasStatus.ACTIVE, lambda p: 3e6),
        (GasLink.COMPRESSOR, {"set_pressure": 3e6, "ratio": 1.2}, GasStatus.AT_RATIO, lambda p: 1.2 * p),
        (GasLink.COMPRESSOR, {"set_pressure": 1e6}, GasStatus.OPEN, lambda p: p),
        (GasLink.REGULATOR, {"set_pressure": 1e6}, GasStatus.ACTIVE, lambda p: 1e6),
        (GasLink.REGULATOR, {"set_pressure": 4e6}, GasStatus.AT_RATIO, lambda p: p),
        (GasLink.REGULATOR, {"ratio": 0.7}, GasStatus.AT_RATIO, lambda p: 0.7 * p),
        (GasLink.VALVE, {}, GasStatus.OPEN, lambda p: p),
        (GasLink.SHORT_PIPE, {}, GasStatus.OPEN, lambda p: p),
    ],
)
def test_devices_do_what_they_are_set_to(kind, device, status, outlet):
    result = solve(chain(kind, **device))
    assert result.status[1] == status
    assert result.pressures[2] == pytest.approx(outlet(result.pressures[1]), rel=1e-12)
    assert result.flows == pytest.approx([2.0, 2.0, 2.0])
    assert_sound(result)


def test_no_gas_flows_back_through_a_regulator():
    network = chain(GasLink.REGULATOR, demand=-1.0, set_pressure=1e6)
    result = solve(network)
    assert not result.solved
    assert "'3'" in str(result.reason)
    assert "'1' is closed" in str(result.reason) or "no open link" in str(result.reason)


def test_a_resistor_takes_off_its_fixed_loss():
    network = GasNetwork.from_arrays(
        [0, 0, 3.0], [2e6, NAN, NAN], [0, 1], [1, 2], [1e3, NAN], [0.3, NAN],
        kind=[GasLink.PIPE, GasLink.RESISTOR], pressure_loss=[0.0, 5e4],
    )  # fmt: skip
    result = solve(network)
    assert result.pressures[1] - result.pressures[2] == pytest.approx(5e4, rel=1e-3)
    assert_sound(result)


def test_a_pump_lifts_by_its_curve():
    network = GasNetwork.from_arrays(
        [0, 0, 0.5], [6e5, NAN, NAN], [0, 1], [1, 2], [100, NAN], 0.2,
        kind=[GasLink.PIPE, GasLink.PUMP], lift=[[0, 0, 0], [2e5, -1e5, 0]],
    )  # fmt: skip
    result = solve(network)
    volume = 0.5 / network.gas.density(result.pressures[1])
    assert result.pressures[2] - result.pressures[1] == pytest.approx(2e5 - 1e5 * volume, rel=1e-9)


def test_scenarios_are_their_single_solutions():
    network, rng = looped(11), np.random.default_rng(1)
    demand = network.demand * rng.uniform(0.2, 1.2, (9, network.n_nodes))
    diameter = network.diameter * rng.choice([0.9, 1.0], (9, network.n_links))
    many = solve(network, scenarios=GasScenarios(demand=demand, diameter=diameter))
    assert_sound(many)
    warm = solve(network, scenarios=GasScenarios(demand=demand, diameter=diameter), start=solve(network))
    assert warm.pressures == pytest.approx(many.pressures, rel=1e-8)
    assert warm.iterations.sum() < many.iterations.sum()
    for s in range(9):
        one = solve(network, demands=demand[s], diameters=diameter[s])
        assert many.pressures[s] == pytest.approx(one.pressures, rel=1e-9)


def test_failures_of_single_pipes_at_once():
    network = looped(13)
    status = np.tile(network.status, (network.n_links, 1))
    np.fill_diagonal(status, GasStatus.CLOSED)
    many = solve(network, scenarios=GasScenarios(status=status))
    assert (np.diagonal(many.flows) == 0).all()
    for s in np.flatnonzero(~many.solved):
        assert "no open link" in many.reason[s] or "cannot be met" in many.reason[s]
    assert many.solved.any()
    assert not many.solved.all()


def test_too_much_demand_names_the_node_and_the_pipe():
    result = solve(looped(1), demands=np.full(30, 20.0))
    assert not result.solved
    assert "node" in str(result.reason)
    assert "pipe" in str(result.reason)
    assert "cannot be met" in str(result.reason)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": [0, 1, 1]}, "pipe '0': expected a length above 0"),
        ({"diameter": [1, 0, 1]}, "link '1': expected a diameter above 0"),
        ({"roughness": -1}, "expected a roughness"),
        ({"fixed_pressure": NAN}, "no source of fixed pressure"),
        ({"fixed_pressure": [-1, NAN, NAN, NAN]}, "node '0': expected a fixed pressure above 0"),
        ({"demand": [0, NAN, 0, 0]}, "node '1': found no demand"),
        ({"head": [1, 2, 9]}, "link '2': its end is no node"),
        ({"head": [0, 2, 3]}, "link '0': starts and ends at the same node"),
        ({"kind": GasLink.COMPRESSOR, "ratio": 0.5}, "expected a ratio of 1 or more"),
        ({"kind": GasLink.REGULATOR, "ratio": 1.5}, "expected a ratio above 0 and at most 1"),
        ({"friction": "magic"}, "friction: found 'magic'"),
        ({"tail": [0, 1], "head": [1, 2, 3]}, "head: found (3,)"),
        ({"node_names": ("a",)}, "node_names: found 1; expected 4"),
    ],
)
def test_faults_are_named(change, words):
    usual = dict(
        demand=[0, 1, 1, 1], fixed_pressure=[2e6, NAN, NAN, NAN], tail=[0, 1, 2], head=[1, 2, 3], length=1000.0,
        diameter=0.2, roughness=1e-4,
    )  # fmt: skip
    with pytest.raises(NetworkError) as error:
        GasNetwork.from_arrays(**{**usual, **change})
    assert words in str(error.value)


def test_links_that_fix_too_much_are_named():
    with pytest.raises(NetworkError, match="'0' and '1' of fixed pressure are joined without any resistance"):
        solve(GasNetwork.from_arrays([0, 0], [2e6, 1e6], [0], [1], NAN, NAN, kind=GasLink.VALVE))


def test_the_gas_is_checked():
    with pytest.raises(NetworkError, match="temperature = 0"):
        GasProperties(temperature=0)
    with pytest.raises(NetworkError, match="compressibility = 'x'"):
        GasProperties(compressibility="x")
