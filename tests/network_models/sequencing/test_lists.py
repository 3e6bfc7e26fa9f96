"""List schedules obey all rules and leave out what does not pay."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.sequencing.arrays import Sequencing, needs_of
from network_models.sequencing.lists import depths, pruned, scheduled
from tests.network_models.sequencing.cases import random_problem


@pytest.mark.parametrize("seed", range(10))
def test_schedules_obey_all_rules_whatever_the_order(seed: int) -> None:
    problem = random_problem(seed, n=40, periods=4)
    rng = np.random.default_rng(seed)
    for earliest in (None, rng.integers(0, 4, 40)):
        period = scheduled(problem, rng.random(40), earliest)
        assert problem.obeys(period)
        if earliest is not None:
            assert (period >= earliest).all()
        assert problem.total(pruned(problem, period)) == pytest.approx(problem.total(period))


def test_what_costs_more_than_it_brings_is_left_out() -> None:
    needs = needs_of(np.array([[1, 0], [3, 2]]), 4)
    value = np.array([[-5.0], [3.0], [-5.0], [9.0]])
    problem = Sequencing(needs, value, np.zeros((4, 0)), np.zeros((0, 1)))
    assert pruned(problem, np.zeros(4, np.int64)).tolist() == [1, 1, 0, 0]


def test_depth_is_the_longest_chain() -> None:
    needs = needs_of(np.array([[1, 0], [2, 1], [2, 0]]), 3)
    problem = Sequencing(needs, np.ones((3, 1)), np.zeros((3, 0)), np.zeros((0, 1)))
    assert depths(problem).tolist() == [0, 1, 2]


def test_a_circle_is_refused() -> None:
    problem = Sequencing(needs_of(np.array([[1, 0], [0, 1]]), 2), np.ones((2, 1)), np.zeros((2, 0)), np.zeros((0, 1)))
    with pytest.raises(ValueError, match="circle"):
        depths(problem)
