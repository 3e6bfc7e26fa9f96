"""Expected annual damage of a basin: own level, upstream level, overtopping, Monte Carlo, damage routed afresh."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from network_models.flood.damage import DepthDamage, damage_at
from network_models.flood.errors import FloodError
from network_models.flood.evaluate import Exposure, evaluate
from network_models.flood.frequency import pearson3
from network_models.flood.hydrograph import gamma_hydrograph
from network_models.flood.river import Reach, Zone, river_of
from network_models.flood.sections import wide_section

PERIODS = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
DT = 3600.0
RATING = ([0.0, 100.0, 400.0, 900.0, 3000.0], [10.0, 12.0, 14.0, 16.0, 20.0])
GROUND = ([11.0, 12.0, 20.0], [0.0, 1e6, 6e7])
CURVE = DepthDamage.from_points([0.0, 1.0, 3.0, 6.0], [0.0, 0.4, 0.8, 1.0])
TOWN = Exposure([11.0, 12.5, 14.0], [1e8, 2e8, 1e8], CURVE)
LEVELS = (13.0, 14.5, 16.0, 18.0)


def basin(breach: float = 40.0):
    section = wide_section(80.0, 8e-4, 0.035)
    river = river_of(
        [
            Reach("upper", "lower", 1e4, 8e-4, section),
            Reach("side", "lower", 2e4, 8e-4, section, 2),
            Reach("lower", "", 1e4, 8e-4, section),
        ],
        [
            Zone("first", "upper", *RATING, *GROUND, 300.0, breach, 11.5),
            Zone("second", "lower", *RATING, *GROUND, 300.0, breach, 11.5),
        ],
    )
    peak = pearson3(350.0, 0.6, 1.5).quantile(PERIODS)
    flood = gamma_hydrograph(np.arange(97) * DT, peak, 90_000.0, 8.0, 30.0)
    return river, np.stack([flood, 0.5 * flood, 0.0 * flood], axis=2)


@pytest.fixture(scope="module")
def table():
    river, inflow = basin()
    crest = np.array(list(itertools.product(LEVELS, LEVELS)))
    return crest, evaluate(river, inflow, DT, PERIODS, [TOWN, TOWN], crest=crest)


def test_own_level_lowers_and_upstream_level_raises_the_damage(table):
    expected = table[1].expected.reshape(len(LEVELS), len(LEVELS), 2)
    assert (np.diff(expected[:, :, 0], axis=0) <= 0).all(), "own level of the first"
    assert (np.diff(expected[:, :, 1], axis=1) <= 0).all(), "own level of the second"
    assert np.ptp(expected[:, :, 0], axis=1).max() == 0.0, "what is downstream has no effect"
    assert (expected[-1, :, 1] >= expected[:, :, 1]).all(), "a levee that is never topped sends most down"
    assert expected[-1, 0, 1] > 1.1 * expected[0, 0, 1]


def test_a_tabulated_state_is_what_a_fresh_simulation_gives(table):
    river, inflow = basin()
    crest, found = table
    for row in (0, 6, 15):
        alone = evaluate(river, inflow, DT, PERIODS, [TOWN, TOWN], crest=crest[row])
        assert (alone.expected[0] == found.expected[row]).all()
        assert (alone.damage[0] == found.damage[row]).all()


def test_monte_carlo_over_synthetic_years_reproduces_it(table):
    _, found = table
    years = np.random.default_rng(11).random(10_000)
    for c, z in itertools.product(range(0, 16, 3), range(2)):
        losses = damage_at(1.0 / PERIODS, found.damage[c, :, z], years, overtopping=float(found.overtopping[c, z]))
        assert abs(losses.mean() - found.expected[c, z]) <= 4.0 * losses.std() / 100.0 + 1e-9


def test_years_of_floods_routed_one_by_one_agree_with_the_integral():
    """1,500 peaks at evenly spread probabilities, each routed, against six return periods."""
    river, _ = basin(0.0)
    p = (np.arange(1500) + 0.5) / 1500 * 0.25
    peaks = pearson3(350.0, 0.6, 1.5).quantile(1.0 / p[::-1])
    floods = gamma_hydrograph(np.arange(97) * DT, peaks, 90_000.0, 8.0, 30.0)
    inflow = np.stack([floods, 0.5 * floods, 0.0 * floods], axis=2)
    fine = evaluate(river, inflow, DT, 1.0 / p[::-1], [TOWN, TOWN], crest=[14.5, 14.5])
    rough = evaluate(*basin(0.0), DT, PERIODS, [TOWN, TOWN], crest=[14.5, 14.5])
    assert rough.expected[0] == pytest.approx(fine.expected[0], rel=0.15)


def test_overtopping_lies_between_the_events_that_do_and_do_not(table):
    crest, found = table
    limit = np.interp(crest, RATING[1], RATING[0])
    for c, z in itertools.product(range(16), range(2)):
        tops = found.routed.arriving[c, :, z] > limit[c, z]
        p0 = found.overtopping[c, z]
        assert ((1.0 / PERIODS < p0) == tops).all()
        assert (found.routed.stored[c, :, z] > 0).tolist() == tops.tolist()


def test_what_does_not_fit_is_named():
    river, inflow = basin()
    with pytest.raises(FloodError, match="6 events and 2 zones"):
        evaluate(river, inflow, DT, PERIODS, [TOWN], crest=[14.0, 14.0])
    with pytest.raises(FloodError, match="return_period, item 2"):
        evaluate(river, inflow, DT, PERIODS[::-1], [TOWN, TOWN], crest=[14.0, 14.0])
