"""Sites and uppers without a limit of capacity, beside limited ones."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.plan import states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.facilities_check import check
from tests.systems.tiny_runs import solved


def two_stage(site: list[float], plant: list[float], plant_cost: int) -> Problem:
    """Two customers, one depot of given sizes (the first stands already), two plants that it may be supplied from."""
    draft = Draft(Horizon(2025, (1,), 0.0))
    county = draft.county("A")
    depot = draft.candidate("D", "goods", county, capacity=site[0])
    for size in site[1:]:
        draft.option(depot, f"size{size:g}", capacity=size, overnight_cost=1_000, lead_years=0, lifetime=1)
    plants = [draft.candidate(f"P{k}", "goods", county) for k in (0, 1)]
    for k, capacity in zip(plants, plant, strict=True):
        draft.option(k, "built", capacity=capacity, overnight_cost=plant_cost, lead_years=0, lifetime=1)
    pairs = dict(pair_value=[1_000.0, 1_000.0], pair_minutes=[1.0, 1.0], pair_km=[1.0, 1.0], pair_weight=[1.0, 1.0])
    links = dict(link_minutes=[1.0, 1.0], link_km=[1.0, 1.0])
    data = xr.Dataset(
        {
            "origin_county": ("origin", [county] * 2),
            "origin_product": ("origin", [0, 0]),
            "quantity": (("origin", "period"), [[30.0], [50.0]]),
            "site_candidate": ("site", [depot]),
            "site_place": ("site", ["D"]),
            "site_county": ("site", [county]),
            "upper_candidate": ("upper", plants),
            "upper_capacity": (("upper", "period"), np.full((2, 1), np.inf)),
            "pair_origin": ("pair", [0, 1]),
            "pair_site": ("pair", [0, 0]),
            **{n: ("pair", v) for n, v in pairs.items()},
            "link_site": ("link", [0, 0]),
            "link_upper": ("link", [0, 1]),
            "link_value": (("link", "product"), [[-10.0], [-20.0]]),
            **{n: ("link", v) for n, v in links.items()},
        },
        {"origin": ["c0", "c1"], "product": ["g"], "site": ["D"], "upper": ["P0", "P1"], "period": [0]},
        {"single_source": 0, "serve_all": 0, "commodity": "g", "unit": "t"},
    )
    draft.systems["goods"] = SystemProblem("goods", "facilities", data)
    return draft.freeze()


def worth(problem: Problem) -> float:
    """Net benefit in CNY of the best plan, which obeys all rules."""
    plan = solved(problem)
    states = states_over_time(problem, plan.decisions["start"].values)
    assert check(problem, problem.systems["goods"], plan.systems["goods"], states) == []
    return plan.objective * 1e6


def test_unlimited_plant_must_be_built_to_supply() -> None:
    assert worth(two_stage([np.inf], [np.inf, np.inf], 5_000)) == pytest.approx(80 * 990 - 5_000)
    assert worth(two_stage([np.inf], [np.inf, np.inf], 100_000)) == pytest.approx(0.0, abs=1e-6)


def test_limited_and_unlimited_plants() -> None:
    assert worth(two_stage([np.inf], [20, np.inf], 500)) == pytest.approx(80 * 980 - 500)
    assert worth(two_stage([np.inf], [60, np.inf], 500)) == pytest.approx(60 * 990 + 20 * 980 - 1_000)


def test_limited_depot_that_may_become_unlimited() -> None:
    assert worth(two_stage([20], [np.inf, np.inf], 500)) == pytest.approx(20 * 990 - 500)
    assert worth(two_stage([20, np.inf], [np.inf, np.inf], 500)) == pytest.approx(80 * 990 - 1_500)
