"""Exchanges within limits: never worse, never beyond a limit, and the best there is on small knapsacks."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.sequencing.arrays import Sequencing, needs_of
from network_models.sequencing.exchange import exchanged
from tests.network_models.sequencing.cases import best_by_trying

NOTHING = np.zeros((0, 2), np.int64)


def knapsack(seed: int, n: int, resources: int = 3) -> Sequencing:
    rng = np.random.default_rng(seed)
    use = rng.integers(1, 30, (n, resources)).astype(float)
    value = use.mean(axis=1, keepdims=True) + rng.integers(0, 15, (n, 1))
    return Sequencing(needs_of(NOTHING, n), value, use, np.floor(use.sum(axis=0) / 2)[:, None])


@pytest.mark.parametrize("seed", range(5))
def test_best_of_small_knapsacks(seed: int) -> None:
    case = knapsack(seed, 12)
    gain = case.value[:, 0] - case.use.mean(axis=1)
    found = exchanged(case, np.ones(12, np.int64), gain, 2000, seed)
    assert case.obeys(found)
    assert case.total(found) == pytest.approx(best_by_trying(case))


def test_never_worse_and_repeatable() -> None:
    case = knapsack(9, 60)
    gain = case.value[:, 0] - case.use.mean(axis=1)
    period, worth = np.ones(60, np.int64), 0.0
    for seed in range(4):
        again = exchanged(case, period, gain, 200, seed)
        assert np.array_equal(again, exchanged(case, period, gain, 200, seed))
        period = again
        assert case.obeys(period)
        assert case.total(period) >= worth
        worth = case.total(period)
