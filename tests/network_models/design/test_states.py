"""States of designs against the independent solver of this package, and the prediction of moves against solving anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from network_models.design.arrays import make_work
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall, start_flows
from network_models.design.moves import predicted_shortfall
from network_models.design.network import Load, Size, design_network
from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkKind, WaterNetwork
from network_models.hydraulics.water_solve import solve
from tests.network_models.design.cases import DIAMETERS, design, loads, sizes, water


def state(network, chosen):
    work = make_work(network.layout)
    put_sizes(network.layout, network.sizes, work, chosen)
    start_flows(network.layout, network.sizes, work, chosen)
    assert settle(network.layout, work, 1e-11) != FAILED
    return work


@pytest.mark.parametrize("formula", ["H-W", "D-W", "C-M"])
def test_heads_equal_those_of_the_simulation(formula):
    network, designed = water(formula), design(formula, count=2)
    chosen = np.array([3, 2, 1, 0, 2, 1])
    work = state(designed, chosen)
    demands = [[load.demand.get(name, 0.0) for name in network.node_names] for load in loads(network, count=2)]
    known = solve(network, demands=demands, diameters=np.array(DIAMETERS)[chosen][None], accuracy=1e-11)
    column = {name: i for i, name in enumerate(network.node_names)}
    expected = known.heads[:, [column[name] for name in designed.nodes]]
    assert np.abs(work.heads - expected).max() < 1e-7


def test_a_pipe_beside_an_old_one_counts_with_it():
    network = water()
    old = WaterNetwork.from_arrays(
        network.elevation, network.demand, network.fixed_head, [0, 0, 1, 1, 2, 3, 2], [1, 1, 2, 3, 4, 4, 3],
        [400.0, 400.0, 500.0, 300.0, 600.0, 350.0, 700.0], 0.2, 130.0,
    )  # fmt: skip
    new = (Size(0.0, 130.0, 0.0), *sizes(old, 0))
    joined = design_network(old, {"0": new}, loads(old))
    assert len(joined.links) == 6
    plain = solve(old, diameters=[0.3, *[0.2] * 6], accuracy=1e-11)
    heads = dict(zip(joined.nodes, state(joined, np.array([4, 0, 0, 0, 0, 0])).heads[0], strict=True))
    assert all(abs(heads[name] - h) < 1e-7 for name, h in zip(old.node_names, plain.heads, strict=True))


def test_a_pump_that_alone_feeds_the_network_is_a_fixed_head():
    network = water()
    pumped = dataclasses.replace(
        network, kind=np.array([LinkKind.PUMP, *[LinkKind.PIPE] * 5], np.int8), power=np.array([9000.0, *[np.nan] * 5]),
        setting=np.array([1.0, *[np.nan] * 5]),
    )  # fmt: skip
    choices = {name: sizes(network, k) for k, name in enumerate(network.link_names) if k}
    made = design_network(pumped, choices, loads(network))
    heads = dict(zip(made.nodes, state(made, np.full(5, 2)).heads[0], strict=True))
    known = solve(pumped, diameters=np.full(6, 0.2), accuracy=1e-11)
    assert all(abs(heads[name] - h) < 1e-6 for name, h in zip(network.node_names, known.heads, strict=True))


@pytest.mark.parametrize("kind", [LinkKind.PRV, LinkKind.CHECK_PIPE])
def test_what_cannot_be_designed_says_so(kind):
    network = water()
    strange = dataclasses.replace(network, kind=np.array([*[LinkKind.PIPE] * 5, kind], np.int8))
    with pytest.raises(NetworkError, match=f"cannot design: link 5 is a {kind.name}"):
        design_network(strange, {"0": sizes(network, 0)}, loads(network))


@pytest.mark.parametrize("formula", ["H-W", "D-W"])
def test_small_moves_are_predicted(formula):
    """The missing head after a change of a small pipe is predicted within a few per cent."""
    network = design(formula, pressure=34.0, count=2)
    chosen = np.array([3, 3, 3, 2, 2, 1])
    kept = state(network, chosen)
    for k, size in ((5, 0), (5, 2), (3, 1)):
        move, response = np.array([k, size, -1, 0]), np.zeros((2, kept.heads.shape[1]))
        guess = predicted_shortfall(network.layout, network.sizes, kept, move, response)
        other = chosen.copy()
        other[k] = size
        real = shortfall(network.layout, network.sizes, state(network, other), other)
        assert guess == pytest.approx(real, rel=0.1, abs=0.05)


def test_excess_velocity_counts_as_missing_head():
    network = design(speed=0.5, pressure=-1e3)
    chosen = np.full(6, 3)
    work = state(network, chosen)
    fastest = np.abs(work.flow.ravel()[:6]) / network.sizes.area[np.arange(6), chosen]
    expected = 3.0 * np.maximum(fastest - 0.5, 0.0).sum()
    assert expected > 0
    assert shortfall(network.layout, network.sizes, work, chosen) == pytest.approx(expected)


def test_limits_of_pressure_hold_from_both_sides():
    network = water()
    choices = {name: sizes(network, k) for k, name in enumerate(network.link_names)}
    low = Load(loads(network)[0].demand, {}, dict.fromkeys("1234", 30.0))
    made = design_network(network, choices, [low])
    work = state(made, np.full(6, 3))
    assert shortfall(made.layout, made.sizes, work, np.full(6, 3)) == pytest.approx((work.heads[0, :4] - 30.0).sum())
