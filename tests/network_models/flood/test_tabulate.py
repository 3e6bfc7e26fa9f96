"""Tables of damage: equal to a fresh simulation of any state, on random basins with reservoirs under the joint rule."""

from __future__ import annotations

import numpy as np
import pytest

from network_models.flood.errors import FloodError
from network_models.flood.evaluate import evaluate
from network_models.flood.hydrograph import gamma_hydrograph
from network_models.flood.river import Reach, Storage, Zone, river_of
from network_models.flood.sections import wide_section
from network_models.flood.tabulate import StorageOption, influences, tabulate
from tests.network_models.flood.test_evaluate import DT, GROUND, PERIODS, RATING, TOWN

SECTION = wide_section(80.0, 8e-4, 0.035)
POOL = ([0.0, 1e7, 3e7, 6e7], [0.0, 150.0, 300.0, 400.0], [0.0, 0.0, 0.0, 3000.0])
OPTIONS = [StorageOption(0), StorageOption(0, joint=True), StorageOption(1)]


def random_basin(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    below = [f"r{int(rng.integers(0, k))}" if k else "" for k in range(n)]
    elements = [Reach(f"r{k}", below[k], 1e4, 8e-4, SECTION) for k in range(n)]
    at, control = (f"r{int(rng.integers(0, n))}" for _ in range(2))
    elements.append(Storage("dam", at, *POOL, control=control, safe_flow=150.0))
    places = rng.integers(0, n, 3)
    zones = [Zone(f"z{k}", f"r{e}", *RATING, *GROUND, 300.0, 30.0, 11.5) for k, e in enumerate(places)]
    river = river_of(elements, zones, other_tables=[([0.0, 6e7, 2e8], [0.0, 100.0, 200.0], [0.0, 0.0, 500.0])])
    peak = rng.uniform(50.0, 150.0, n + 1)[:, None] * np.linspace(1.0, 3.5, len(PERIODS))
    flood = gamma_hydrograph(np.arange(61) * DT, peak, 90_000.0, 8.0, 10.0)
    return river, np.ascontiguousarray(flood.transpose(1, 2, 0))


@pytest.mark.parametrize("seed", range(25))
def test_any_state_is_what_a_fresh_simulation_gives(seed):
    river, inflow = random_basin(seed)
    rng = np.random.default_rng(seed)
    crests = [sorted(rng.uniform(11.5, 19.0, int(rng.integers(1, 4)))) for _ in river.zones]
    tables = tabulate(river, inflow, DT, PERIODS, [TOWN] * 3, crests, [OPTIONS])
    for _ in range(6):
        state = [int(rng.integers(0, len(c))) for c in (*crests, OPTIONS)]
        option = OPTIONS[state[3]]
        fresh = evaluate(
            river, inflow, DT, PERIODS, [TOWN] * 3,
            crest=[crests[k][state[k]] for k in range(3)], joint=[[option.joint]], table=[[option.table]],
        )  # fmt: skip
        assert [table.at(state) for table in tables] == fresh.expected[0].tolist()


def test_only_what_is_upstream_matters_unless_a_rule_looks_downstream():
    def zone(name: str, element: str) -> Zone:
        return Zone(name, element, *RATING, *GROUND, 300.0)

    def made(control: str):
        return river_of(
            [
                Reach("left", "below", 1e4, 8e-4, SECTION),
                Storage("dam", "right", *POOL, control=control, safe_flow=100.0),
                Reach("right", "below", 1e4, 8e-4, SECTION),
                Reach("below", "", 1e4, 8e-4, SECTION),
            ],
            [zone("a", "left"), zone("b", "right"), zone("c", "below"), zone("d", "below")],
        )

    plain = influences(made("").arrays).astype(int).tolist()
    assert plain == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 1], [1, 1, 1, 0, 1], [1, 1, 1, 1, 1]]
    joint = influences(made("below").arrays).astype(int).tolist()
    assert joint == [[1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]]


def test_too_many_configurations_and_missing_options_are_named():
    river, inflow = random_basin(0)
    with pytest.raises(FloodError, match="zone 'z"):
        tabulate(river, inflow, DT, PERIODS, [TOWN] * 3, [[12.0, 13.0]] * 3, [OPTIONS], most=3)
    with pytest.raises(FloodError, match="2 levees"):
        tabulate(river, inflow, DT, PERIODS, [TOWN] * 3, [[12.0]] * 2, [OPTIONS])
