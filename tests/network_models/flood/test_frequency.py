"""Peak frequency: quantiles against SciPy's distributions, fits against large samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from network_models.flood.errors import FloodError
from network_models.flood.frequency import (
    PeakFrequency,
    fit_l_moments,
    fit_moments,
    l_moments,
    pearson3,
    pearson3_factor,
)

PERIODS = np.array([2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 1000.0])
CASES = [
    (PeakFrequency("gumbel", 800.0, 250.0), stats.gumbel_r(800.0, 250.0)),
    (PeakFrequency("gev", 800.0, 250.0, -0.15), stats.genextreme(-0.15, 800.0, 250.0)),
    (PeakFrequency("gev", 800.0, 250.0, 0.1), stats.genextreme(0.1, 800.0, 250.0)),
    (pearson3(1000.0, 0.5, 1.5), stats.pearson3(1.5, 1000.0, 500.0)),
    (pearson3(1000.0, 0.2, -0.4), stats.pearson3(-0.4, 1000.0, 200.0)),
    (pearson3(1000.0, 0.2, 0.0), stats.norm(1000.0, 200.0)),
]


@pytest.mark.parametrize(("ours", "theirs"), CASES)
def test_quantiles_and_exceedance_are_scipys(ours, theirs):
    assert np.allclose(ours.quantile(PERIODS), theirs.isf(1.0 / PERIODS), rtol=1e-10)
    assert np.allclose(ours.exceedance(ours.quantile(PERIODS)), 1.0 / PERIODS, rtol=1e-9)


def test_log_pearson3_is_pearson3_of_logarithms():
    ours = PeakFrequency("log_pearson3", 3.0, 0.25, 0.6)
    assert np.allclose(np.log10(ours.quantile(PERIODS)), stats.pearson3(0.6, 3.0, 0.25).isf(1.0 / PERIODS))
    assert np.allclose(ours.exceedance(ours.quantile(PERIODS)), 1.0 / PERIODS)
    assert ours.exceedance(0.0) == 1.0


def test_frequency_factors_of_the_printed_tables():
    """Foster's table for Cs = 1.0: 3.02 at 1 %, 1.34 at 10 %."""
    assert pearson3_factor([0.01, 0.1], 1.0).round(2).tolist() == [3.02, 1.34]


@pytest.mark.parametrize("family", ["gumbel", "gev", "pearson3", "log_pearson3"])
def test_fits_find_the_distribution_that_made_the_sample(family):
    true = {
        "gumbel": PeakFrequency("gumbel", 800.0, 250.0),
        "gev": PeakFrequency("gev", 800.0, 250.0, -0.1),
        "pearson3": pearson3(1000.0, 0.5, 1.2),
        "log_pearson3": PeakFrequency("log_pearson3", 3.0, 0.2, 0.3),
    }[family]
    sample = true.quantile(1.0 / (1.0 - (np.arange(40_000) + 0.5) / 40_000))
    fits = [fit_l_moments(sample, family)] + ([fit_moments(sample, family)] if family != "gev" else [])
    for fit in fits:
        assert np.allclose(fit.quantile(PERIODS), true.quantile(PERIODS), rtol=0.02)


def test_l_moments_of_a_uniform_sample():
    first, second, ratio = l_moments((np.arange(10_000) + 0.5) / 10_000)
    assert (first, second, ratio) == pytest.approx((0.5, 1.0 / 6.0, 0.0), abs=1e-4)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PeakFrequency("weibull", 1.0, 1.0), "family"),
        (lambda: PeakFrequency("gumbel", 1.0, 0.0), "scale"),
        (lambda: pearson3(100.0, 0.5, 1.0).quantile([1.0]), "return_period"),
        (lambda: fit_moments([5.0, 5.0, 5.0], "gumbel"), "one value"),
        (lambda: fit_moments([1.0, 2.0, 0.0], "log_pearson3"), "above 0"),
        (lambda: fit_moments([1.0, 2.0, 4.0], "gev"), "fit_l_moments"),
        (lambda: fit_l_moments([1.0, np.nan, 4.0], "gev"), "item 2"),
    ],
)
def test_bad_input_is_named(make, text):
    with pytest.raises(FloodError, match=text):
        make()
