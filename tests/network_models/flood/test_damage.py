"""Damage, expected annual damage against its integral and against Monte Carlo, drainage."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from network_models.flood.damage import (
    DepthDamage,
    damage_at,
    expected_annual_damage,
    falling_probability,
    grown,
    trended,
    zone_damage,
)
from network_models.flood.drainage import StormFormula, level_of_volume, surplus
from network_models.flood.errors import FloodError
from network_models.flood.hydrograph import enlarged, enlarged_to_volume, gamma_hydrograph

PERIODS = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
DAMAGE = np.array([0.0, 3.0, 8.0, 20.0, 45.0, 60.0])


@pytest.mark.parametrize("overtopping", [None, 0.9, 0.5, 0.3, 0.1, 0.07, 0.01, 0.005, 0.002, 0.0])
def test_expected_annual_damage_is_the_integral_of_the_stated_curve(overtopping):
    p = falling_probability(PERIODS)
    limit = 1.0 if overtopping is None else overtopping
    nodes = sorted({0.0, 0.5, 1.0, limit, *p})
    wanted = sum(
        quad(lambda x: damage_at(p, DAMAGE, x, overtopping=limit), low, high)[0] for low, high in pairwise(nodes)
    )
    assert expected_annual_damage(p, DAMAGE, overtopping=overtopping) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("overtopping", [1.0, 0.04])
def test_monte_carlo_under_the_same_rules_agrees(overtopping):
    p = falling_probability(PERIODS)
    years = np.random.default_rng(7).random(10_000)
    losses = damage_at(p, DAMAGE, years, overtopping=overtopping)
    exact = expected_annual_damage(p, DAMAGE, overtopping=overtopping)
    assert abs(losses.mean() - exact) < 4.0 * losses.std() / np.sqrt(len(years))


def test_many_levels_at_once_and_a_higher_level_never_costs_more():
    p = falling_probability(PERIODS)
    limits = np.linspace(0.0, 0.6, 50)
    ead = expected_annual_damage(p, np.broadcast_to(DAMAGE, (50, 6)), overtopping=limits)
    assert ead.shape == (50,)
    assert (np.diff(ead) >= 0).all() and ead[0] == 0.0


def test_depth_damage_by_band_of_ground():
    curve = DepthDamage.from_points([0.0, 1.0, 3.0], [0.0, 0.4, 1.0])
    assert curve([-1.0, 0.0, 0.5, 2.0, 9.0]).tolist() == pytest.approx([0.0, 0.0, 0.2, 0.7, 1.0])
    assert zone_damage([-np.inf, 101.0], [100.0, 102.0], [10.0, 50.0], curve).tolist() == pytest.approx([0.0, 4.0])


def test_growth_and_trend():
    assert grown(100.0, 0.02, [0, 1, 2]).tolist() == pytest.approx([100.0, 102.0, 104.04])
    p = falling_probability(PERIODS)
    later = trended(p, 0.01, 30.0)
    assert (later > p).all() and (later < 1).all() and (np.diff(later) < 0).all()
    assert trended(p, 0.0, 30.0) == pytest.approx(p)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DepthDamage.from_points([0, 1, 2], [0, 0.5, 0.4], "houses"), "houses, damage share, item 3"),
        (lambda: DepthDamage.from_points([0, 2, 1], [0, 0.5, 0.6]), "depth, item 3"),
        (lambda: DepthDamage.from_points([0, 1], [0, 1.2]), "0..1"),
        (lambda: falling_probability([5, 20, 10]), "return_period, item 3"),
        (lambda: falling_probability([1, 20]), "more than 1"),
        (lambda: expected_annual_damage([0.1, 0.2], [1, 2]), "probability, item 2"),
        (lambda: expected_annual_damage([0.2, 0.1], [1, 2, 3]), "events"),
        (lambda: level_of_volume(1.0, [1, 2], [0, 0]), "volume, item 2"),
        (lambda: StormFormula(10.0, 1.0, 5.0, 0.7).design_storm(10, 61, 5), "whole steps"),
    ],
)
def test_bad_input_is_named(make, text):
    with pytest.raises(FloodError, match=text):
        make()


STORM = StormFormula(a1=9.0, c=0.85, b=12.0, n=0.72)


def test_design_storm_has_the_depth_of_its_formula_for_every_duration_around_the_peak():
    storm = STORM.design_storm(10.0, 120.0, 1.0, peak_at=0.4)
    assert storm.sum() == pytest.approx(float(STORM.depth(10.0, 120.0)))
    assert storm[48 - 20 : 48 + 30].sum() == pytest.approx(float(STORM.depth(10.0, 50.0)))
    assert storm.argmax() in (47, 48) and (storm > 0).all()
    assert (STORM.depth([5.0, 50.0], 60.0)[1] > STORM.depth([5.0, 50.0], 60.0)[0]).all()


def test_surplus_of_drains():
    rain = np.array([0.0, 60.0, 60.0, 0.0, 0.0])  # mm in 10 minutes, over a hectare
    waits = surplus(rain, 10.0, 10_000.0, 0.5, [0.0, 0.25, 10.0])
    assert waits.tolist() == pytest.approx([600.0, 2 * (300.0 - 150.0), 0.0])
    assert surplus(rain, 10.0, 10_000.0, 0.5, 0.25, store=100.0) == pytest.approx(200.0)
    assert level_of_volume([0.0, 50.0, 250.0], [10.0, 11.0], [0.0, 100.0]).tolist() == pytest.approx([10, 10.5, 12.5])


def test_hydrographs():
    t = np.arange(0.0, 200_000.0, 3600.0)
    flood = gamma_hydrograph(t, [100.0, 300.0], 36_000.0, base=20.0)
    assert flood.max(1).tolist() == [100.0, 300.0] and flood[0, 0] == 20.0
    assert enlarged(flood[0], [50.0])[0].max() == 50.0
    bent = enlarged_to_volume(flood[1], 400.0, 1.5e7, 3600.0)
    assert bent.max() == pytest.approx(400.0) and np.trapezoid(bent, dx=3600.0) == pytest.approx(1.5e7)
    with pytest.raises(FloodError, match="volume"):
        enlarged_to_volume(flood[1], 400.0, 1e10, 3600.0)
