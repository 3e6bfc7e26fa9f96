"""The search finds what trying every design finds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from network_models.design.arrays import make_work
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall, start_flows
from optimizer.design.search import Search, SearchSettings
from tests.network_models.design.cases import design

QUICK = SearchSettings(moves=2000, most=2000)


def cheapest(network):
    """Cost of the cheapest design by trying them all."""
    work, best = make_work(network.layout), np.inf
    for combination in itertools.product(*(range(n) for n in network.sizes.options)):
        chosen = np.array(combination)
        if network.cost(chosen) >= best:
            continue
        put_sizes(network.layout, network.sizes, work, chosen)
        start_flows(network.layout, network.sizes, work, chosen)
        if (
            settle(network.layout, work, 1e-10) != FAILED
            and shortfall(network.layout, network.sizes, work, chosen) <= 0.0
        ):
            best = network.cost(chosen)
    return best


@pytest.mark.parametrize(("pressure", "count", "speed"), [(25.0, 1, np.inf), (33.0, 2, np.inf), (25.0, 1, 1.2)])
def test_search_finds_the_cheapest_design(pressure, count, speed):
    network = design(pressure=pressure, count=count, speed=speed)
    best = cheapest(network)
    assert np.isfinite(best)
    found = Search(network, QUICK, seed=3).run(20.0, lambda cost: cost <= best * (1 + 1e-9))
    assert found.cost == pytest.approx(best, rel=1e-9)


def test_the_same_seed_finds_the_same():
    network = design()
    runs = [Search(network, replace(QUICK, workers=1), seed=5) for _ in range(2)]
    for search in runs:
        search.run(1e9, lambda _, search=search: search.board.restarts >= 2)
    assert (runs[0].board.chosen == runs[1].board.chosen).all()
    assert runs[0].board.solved == runs[1].board.solved


def test_without_a_design_within_the_limits_nothing_is_found():
    network = design(pressure=60.0)
    search = Search(network, QUICK, seed=1)
    board = search.run(1e9, lambda _: search.board.restarts >= 2)
    assert board.chosen is None
    assert np.isinf(board.cost)
