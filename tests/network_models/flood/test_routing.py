"""Routing: volume, the textbook recurrence, Todini's equations as printed, pools, levees and the joint rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.kernels_flood import plain_routing
from network_models.flood.errors import FloodError
from network_models.flood.hydrograph import gamma_hydrograph
from network_models.flood.muskingum import nonlinear_muskingum, through
from network_models.flood.river import MuskingumReach, Reach, Storage, Zone, river_of, suggested_segments
from network_models.flood.route import route
from network_models.flood.sections import Channel, wide_section

DT = 3600.0
SECTION = wide_section(80.0, 8e-4, 0.035)
TIME = np.arange(121) * DT
FLOOD = gamma_hydrograph(TIME, 900.0, 90_000.0, 8.0, 50.0)
POOL = ([0.0, 1e7, 3e7, 6e7], [0.0, 150.0, 300.0, 400.0], [0.0, 0.0, 0.0, 3000.0])
RATING = ([0.0, 100.0, 400.0, 900.0, 3000.0], [10.0, 12.0, 14.0, 16.0, 20.0])
GROUND = ([11.0, 12.0, 20.0], [0.0, 1e6, 6e7])


def random_river(rng):
    """A tree of 4 to 12 elements of all kinds, with zones, and inflows of 3 events."""
    n = int(rng.integers(4, 13))
    names = [f"e{k}" for k in range(n)]
    elements, zones = [], []
    for k, name in enumerate(names):
        below = names[int(rng.integers(0, k))] if k and rng.random() > 0.1 else ""
        kind = rng.integers(0, 4)
        if kind == 0:
            elements.append(MuskingumReach(name, below, float(rng.uniform(2e3, 5e4)), float(rng.uniform(0.0, 0.5))))
        elif kind == 1:
            control = below if rng.random() < 0.5 else ""
            elements.append(Storage(name, below, *POOL, control=control, safe_flow=300.0, hold_volume=2e7))
        else:
            flow = None if kind == 2 else 300.0
            segments = int(rng.integers(1, 5))
            elements.append(Reach(name, below, float(rng.uniform(3e3, 5e4)), 8e-4, SECTION, segments, flow))
        if rng.random() < 0.5:
            zones.append(Zone(f"z{k}", name, *RATING, *GROUND, 300.0, float(rng.choice([0.0, 40.0])), 11.5))
    order = rng.permutation(n)
    river = river_of([elements[k] for k in order], zones)
    peak = rng.uniform(20.0, 900.0, (3, n))
    return river, np.ascontiguousarray(np.swapaxes(gamma_hydrograph(TIME, peak, 90_000.0, 8.0, 10.0), 1, 2))


@pytest.mark.parametrize("seed", range(40))
def test_volume_is_conserved_in_random_rivers(seed):
    rng = np.random.default_rng(seed)
    river, inflow = random_river(rng)
    crest = rng.uniform(11.0, 20.0, (5, len(river.zones)))
    joint = rng.random((5, len(river.storages))) < 0.5
    found = route(river, inflow, DT, crest=crest, joint=joint)
    assert np.abs(found.balance).max() < 1e-12
    assert (found.stored >= 0).all() and (found.peak >= 0).all() and np.isfinite(found.peak).all()


def test_linear_muskingum_is_the_recurrence_of_the_textbook():
    k, x = 2.0 * DT * 4, 0.1
    found = through(MuskingumReach("reach", "", k, x), FLOOD, DT)
    ratio, out = DT / k, [FLOOD[0]]
    c = np.array([ratio - 2 * x, ratio + 2 * x, 2 * (1 - x) - ratio]) / (2 * (1 - x) + ratio)
    for before, after in itertools.pairwise(FLOOD):
        out.append(c[0] * after + c[1] * before + c[2] * out[-1])
    assert np.allclose(found.outflow, out, rtol=1e-12)
    assert abs(found.balance) < 1e-14


def todini(inflow, dt, dx, slope, section):
    """Todini 2007 as printed: C* and D* at the reference flow of each time, coefficients C1 to C3."""

    def star(flow):
        area = section.coefficient * flow**section.exponent
        celerity, beta = flow / (section.exponent * area), 1.0 / section.exponent
        courant, reynolds = celerity * dt / dx / beta, flow / (beta * section.width * slope * celerity * dx)
        return courant, reynolds

    out, (c0, d0) = [inflow[0]], star(inflow[0])
    for before, after in itertools.pairwise(inflow):
        now = out[-1] + after - before
        for _ in range(3):
            c1, d1 = star(0.5 * (after + now))
            below = 1.0 + c1 + d1
            now = (
                (-1.0 + c1 + d1) / below * after
                + (1.0 + c0 - d0) / below * c1 / c0 * before
                + (1.0 - c0 + d0) / below * c1 / c0 * out[-1]
            )
        out.append(now)
        c0, d0 = c1, d1
    return np.array(out)


def test_variable_parameters_are_todinis_equations():
    found = through(Reach("reach", "", 8000.0, 8e-4, SECTION), FLOOD, DT)
    assert np.allclose(found.outflow, todini(FLOOD, DT, 8000.0, 8e-4, SECTION), rtol=1e-11)
    assert abs(found.balance) < 1e-14


def test_the_batch_equals_plain_numpy_for_any_number_of_floods():
    names = [f"r{k}" for k in range(5)]
    river = river_of([Reach(n, names[(k - 1) // 2] if k else "", 2e4, 8e-4, SECTION, 3) for k, n in enumerate(names)])
    peak = np.random.default_rng(3).uniform(50.0, 400.0, (11, 5))
    inflow = np.swapaxes(gamma_hydrograph(TIME, peak, 90_000.0, 8.0, 10.0), 1, 2)
    assert np.allclose(route(river, inflow, DT).peak[0], plain_routing(river, inflow, DT), rtol=1e-12)
    alone = np.concatenate([route(river, inflow[k : k + 1], DT).peak for k in range(11)], axis=1)
    assert (route(river, inflow, DT).peak == alone).all()


def test_variable_and_constant_parameters_flatten_and_delay_the_flood():
    segments = suggested_segments(1e5, 8e-4, SECTION, 80.0, DT)
    for reference in (None, 500.0):
        out = through(Reach("reach", "", 1e5, 8e-4, SECTION, segments, reference), FLOOD, DT).outflow
        assert out.max() < FLOOD.max() and out.argmax() > FLOOD.argmax() and out.min() > 40.0


def test_nonlinear_muskingum_with_exponent_one_tends_to_the_linear_form():
    fine = np.linspace(0.0, TIME[-1], 24_001)
    flood = np.interp(fine, TIME, FLOOD)
    step = fine[1] - fine[0]
    ours = nonlinear_muskingum(flood, step, 20_000.0, 0.2, 1.0)
    linear = through(MuskingumReach("reach", "", 20_000.0, 0.2), flood, step)
    assert np.abs(ours.outflow - linear.outflow).max() < 0.5
    assert abs(ours.balance) < 1e-12


def test_level_pool_against_a_fine_integration():
    found = through(Storage("dam", "", *POOL), FLOOD, DT).outflow
    out, n = [], 200
    held = np.interp(FLOOD[0], np.add(*POOL[1:]), POOL[0])
    for before, after in itertools.pairwise(FLOOD):
        out.append(np.interp(held, POOL[0], np.add(*POOL[1:])))
        for j in range(n):
            flow = before + (after - before) * (j + 0.5) / n
            held += DT / n * (flow - np.interp(held, POOL[0], np.add(*POOL[1:])))
    assert np.abs(found[:-1] - out).max() < 0.005 * FLOOD.max()


def two_rivers():
    """A dam on one of two rivers that meet, and a zone below."""
    return river_of(
        [
            Storage("dam", "below", *POOL, control="below", safe_flow=500.0),
            Reach("other", "below", 2e4, 8e-4, SECTION, 2),
            Reach("below", "", 1e4, 8e-4, SECTION),
        ],
        [Zone("town", "below", *RATING, *GROUND, 500.0, 50.0, 11.5)],
    )


def test_the_joint_rule_holds_back_while_the_river_below_is_full():
    inflow = np.stack([FLOOD * 0.6, FLOOD * 0.8, 0.0 * FLOOD], axis=1)[None]
    alone, joint = (route(two_rivers(), inflow, DT, joint=rule, hydrographs=True) for rule in (False, True))
    assert joint.peak[0, 0, 2] < alone.peak[0, 0, 2]
    assert joint.held[0, 0, 0] > alone.held[0, 0, 0]
    assert np.abs(joint.balance).max() < 1e-13


def test_a_dam_above_a_full_one_holds():
    upper = Storage("upper", "lower", *POOL, control="lower", hold_volume=5e6)
    river = river_of([upper, Storage("lower", "", *POOL)])
    inflow = np.stack([FLOOD, 0.5 * FLOOD], axis=1)[None]
    alone, joint = (route(river, inflow, DT, joint=[[rule, False]]) for rule in (False, True))
    assert joint.held[0, 0, 0] > alone.held[0, 0, 0] and joint.held[0, 0, 1] < alone.held[0, 0, 1]


@pytest.mark.parametrize("breach", [0.0, 60.0])
def test_a_higher_levee_never_fills_its_own_zone_more(breach):
    river = river_of(
        [Reach("above", "", 1e4, 8e-4, SECTION)], [Zone("town", "above", *RATING, *GROUND, 400.0, breach, 11.2)]
    )
    events = np.stack([FLOOD * s for s in (0.3, 0.6, 1.0, 1.6, 2.5)])[:, :, None]
    stored = route(river, events, DT, crest=np.linspace(10.0, 22.0, 97)[:, None]).stored[:, :, 0]
    assert (np.diff(stored, axis=0) <= 0).all()
    assert (np.diff(stored, axis=1) >= -1e-6).all()
    assert stored[-1].max() == 0.0 and stored[0].min() > 0.0


def test_a_higher_levee_above_sends_more_water_down():
    river = river_of(
        [Reach("upper", "lower", 1e4, 8e-4, SECTION), Reach("lower", "", 1e4, 8e-4, SECTION)],
        [Zone("first", "upper", *RATING, *GROUND, 400.0), Zone("second", "lower", *RATING, *GROUND, 400.0)],
    )
    inflow = np.stack([FLOOD, 0.0 * FLOOD], axis=1)[None]
    found = route(river, inflow, DT, crest=[[13.0, 14.5], [18.0, 14.5]])
    assert found.stored[1, 0, 0] == 0.0 < found.stored[0, 0, 0]
    assert found.stored[1, 0, 1] > found.stored[0, 0, 1]
    assert found.level[1, 0, 0] == -np.inf and found.level[0, 0, 0] > 11.0


def test_a_configuration_may_give_a_storage_another_table():
    larger = ([0.0, 3e7, 9e7], [0.0, 100.0, 150.0], [0.0, 0.0, 500.0])
    river = river_of([Storage("dam", "", *POOL)], other_tables=[larger])
    found = route(river, FLOOD[None, :, None], DT, table=[[0], [1]])
    assert found.peak[1, 0, 0] < found.peak[0, 0, 0]


def test_power_section_follows_a_trapezoid():
    channel = Channel(60.0, 0.035, 2.0)
    law = channel.power_section(8e-4, 100.0, 900.0)
    for flow in (100.0, 300.0, 900.0):
        depth = channel.normal_depth(flow, 8e-4)
        assert law.coefficient * flow**law.exponent == pytest.approx((60.0 + 2.0 * depth) * depth, rel=0.015)


def reach(name, below):
    return Reach(name, below, 1e4, 8e-4, SECTION)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: river_of([reach("a", "b"), reach("b", "c"), reach("c", "b")]), "cycle through b, c"),
        (lambda: river_of([reach("a", "x")]), "downstream: found 'x'"),
        (lambda: river_of([reach("a", ""), reach("a", "")]), "name of its own"),
        (lambda: river_of([reach("a", "")], [Zone("z", "q", *RATING, *GROUND, 1.0)]), "zone 'z', element: found 'q'"),
        (lambda: river_of([reach("a", "")], [Zone("z", "", *RATING, *GROUND, 1.0)]), "expected the name of a reach"),
        (lambda: river_of([reach("a", "")], [Zone("z", "a", [0, 1], [2, 1], *GROUND, 1.0)]), "rating level, item 2"),
        (lambda: river_of([reach("a", "")], [Zone("z", "a", [1, 0], [1, 2], *GROUND, 1.0)]), "rating flow, item 2"),
        (lambda: river_of([Storage("s", "", [0, 1], [0, 1], [1, 1])]), "from 0"),
        (lambda: river_of([Storage("s", "", [0, 2, 1], [0, 1, 2], [0, 0, 0])]), "volume, item 3"),
        (lambda: river_of([MuskingumReach("a", "", 1.0, 0.6)]), "at most 0.5"),
        (lambda: route(river_of([reach("a", "")]), np.ones((1, 3, 2)), DT), "lateral"),
        (lambda: route(river_of([reach("a", "")]), -np.ones((1, 3, 1)), DT), "negative"),
        (lambda: route(two_rivers(), np.ones((1, 3, 3)), DT, crest=[[1.0, 2.0]]), "crest"),
        (lambda: route(two_rivers(), np.ones((1, 3, 3)), DT, table=[[7]]), "table"),
        (lambda: route(two_rivers(), np.ones((1, 3, 3)), 1e6), "dt"),
    ],
)
def test_bad_input_is_named(make, text):
    with pytest.raises(FloodError, match=text):
        make()
