"""What facilities are prepared from: tables, roads, worth; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.horizon import Horizon
from optimizer.prepare import prepare_problem
from optimizer.problem import POOL
from optimizer.systems.demand import demand_of, interpolate
from optimizer.systems.facilities_config import Coverage, read_settings
from optimizer.systems.facilities_travel import weights
from optimizer.systems.registry import archetype
from tests.systems.tiny_runs import BOTH, changed, clinic_rows, clinics, config, problem_of, region, system_yaml
from tests.tiny_region import added, edited


def test_demand_is_a_line_between_knots_and_goes_on_after_them() -> None:
    knots, amounts = np.array([2024.0, 2029.0]), np.array([100.0, 150.0])
    years = np.array([2023, 2024, 2026, 2029, 2031])
    np.testing.assert_allclose(interpolate(knots, amounts, years), [100, 100, 120, 150, 170])
    np.testing.assert_allclose(interpolate(knots, -amounts + 150, np.array([2040])), [0.0])
    np.testing.assert_allclose(interpolate(knots[:1], amounts[:1], years), 100.0)


def test_demand_of_a_period_is_the_mean_of_its_years(tmp_path: Path) -> None:
    tiny = region(tmp_path)
    demand = demand_of(tiny, "produce", Horizon(2025, (1, 2), 0.06))
    assert len(demand.places) == 6
    np.testing.assert_allclose(demand.quantity[0], [6200, 6500])
    assert tiny.row_of("demand", demand.first_row[0]) == 2


def test_pair_value_by_hand(tmp_path: Path) -> None:
    """Township A11 lies 5 km at 40 km/h from the hub at the seat, which is where the market is."""
    problem, _ = problem_of(tmp_path, changed("cold_chain"))
    data = problem.systems["cold_chain"].data
    first = int(np.flatnonzero(data["origin"].values == "A11")[0])
    hub = int(np.flatnonzero(data["site"].values == "H-A1")[0])
    pair = np.flatnonzero((data["pair_origin"].values == first) & (data["pair_site"].values == hub))[0]
    assert data["pair_minutes"].values[pair] == pytest.approx(7.5)
    assert data["pair_km"].values[pair] == pytest.approx(5.0)
    spoilt = 2500 * (1 - np.exp(-0.004 * 7.5 / 60))
    assert data["pair_value"].values[pair] == pytest.approx(2500 * 0.1 + 350 - 120 - 0.35 * 5 - spoilt)
    far = int(np.flatnonzero(data["link_site"].values == 1)[0])
    spoilt = 2500 * (1 - np.exp(-0.004))
    assert data["link_value"].values[far, 0] == pytest.approx(-(0.6 - 0.35) * 60 - spoilt)


@pytest.mark.parametrize(
    ("catchment", "reach"), [("own_county", 3), ("own_prefecture", 6), ({"within_minutes": 45.0}, 3)]
)
def test_catchments(tmp_path: Path, catchment: Any, reach: int) -> None:
    problem, _ = problem_of(tmp_path, changed("cold_chain", catchment=catchment))
    assert (np.bincount(problem.systems["cold_chain"].data["pair_site"].values) == reach).all()


def test_nearest_sites_only(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, changed("cold_chain", max_sites_per_origin=1))
    data = problem.systems["cold_chain"].data
    assert data.sizes["pair"] == data.sizes["origin"]
    own = data["origin_county"].values[data["pair_origin"].values]
    assert (data["site_county"].values[data["pair_site"].values] == own).all()


def test_states_and_ways_of_a_candidate(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, changed("township_logistics"))
    seq = problem.sequence
    mine = np.flatnonzero(seq["state_candidate"].values == list(seq["candidate"].values).index("P-A11"))
    assert [str(o) for o in seq["state_option"].values[mine]] == ["", "refit", "new"]
    assert list(seq["capacity"].values[mine]) == [60_000, 150_000, 400_000]
    ways = np.flatnonzero(np.isin(seq["to_state"].values, mine))
    assert list(seq["overnight_cost"].values[ways]) == [100_000, 350_000, 260_000]
    assert list(seq["from_state"].values[ways]) == [mine[0], mine[0], mine[1]]


def test_own_options_override_the_catalogue(tmp_path: Path) -> None:
    own = [{"candidate_id": "H-A1", "option": "small", "overnight_cost": 15_000_001, "capacity": 12_000}]
    dear = edited(0, cost_factor=1.3)
    problem, _ = problem_of(tmp_path, changed("cold_chain"), candidate_options=own, candidates=dear)
    seq = problem.sequence
    assert list(seq["overnight_cost"].values[:3]) == [15_000_001, 41_600_000, 20_800_000]
    assert seq["capacity"].values[1] == 12_000


def test_static_capacity_is_turned_over(tmp_path: Path) -> None:
    static = edited(0, capacity_unit="t", capacity=4_000)
    turns = added({"key": "cold_chain.turns", "name_zh": "周转", "low": 2, "central": 3, "high": 4, "unit": "1/yr",
                   "basis": "assumption", "reason": "made up"})  # fmt: skip
    systems = changed("cold_chain", capacity_turns="cold_chain.turns")
    problem, _ = problem_of(tmp_path / "turned", systems, catalogue=static, values=turns)
    assert problem.sequence["capacity"].values[1] == 12_000
    with pytest.raises(InputError, match=r"catalogue\.csv, row 2, column capacity_unit"):
        problem_of(tmp_path / "refused", changed("cold_chain"), catalogue=static)


def test_coverage_weights() -> None:
    minutes = np.array([10.0, 20.0, 40.0, 60.0, 80.0])
    graded = Coverage(standard_minutes=20.0, form="graded", zero_at_minutes=60.0)
    np.testing.assert_allclose(weights(graded, minutes), [1, 1, 0.5, 0, 0])
    np.testing.assert_allclose(weights(Coverage(standard_minutes=20.0), minutes), [1, 1, 0, 0, 0])


def test_coverage_needs_no_code(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, clinics(), **clinic_rows())
    data = problem.systems["clinics"].data
    assert data.sizes["site"] == 4
    assert set(np.round(data["pair_weight"].values, 6)) > {1.0}
    assert (data["pair_value"].values <= 12).all()


def cut_off(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No road leads to township A13 any more."""
    return [r for r in rows if "TA13" not in (r["from_node_id"], r["to_node_id"])]


def test_demand_nobody_can_serve(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"demand\.csv, row 14, .*A13 that nobody can serve.*link\.csv") as refused:
        problem_of(tmp_path, changed("cold_chain"), link=cut_off)
    assert len(refused.value.findings) == 1


def test_all_to_be_served_but_out_of_reach(tmp_path: Path) -> None:
    systems = changed("cold_chain", serve_all=True, catchment={"within_minutes": 20.0})
    with pytest.raises(InputError, match="nobody can serve") as refused:
        problem_of(tmp_path, systems)
    assert len(refused.value.findings) == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"comodity": "produce"}, r"system\.cold_chain\.settings\.comodity.*commodity"),
        ({"max_sites_per_origin": 0}, r"settings\.max_sites_per_origin"),
        ({"catchment": "own_contry"}, r"settings\.catchment"),
        ({"upper": {"kind": "market"}}, r"settings\.upper"),
        ({"coverage": {"standard_minutes": 30.0, "form": "graded"}}, "zero_at_minutes above standard_minutes"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_settings("cold_chain", {**system_yaml("cold_chain")["settings"], **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"commodity": "produse"}, r"commodities\.csv.*'produse'"),
        ({"roles": ["hubb"]}, r"candidates\.csv, column role.*Did you mean 'hub'"),
        (
            {"worth": {"gains": [["cold_chain.produce_prise"]]}},
            r"values\.csv.*Did you mean 'cold_chain\.produce_price'",
        ),
    ],
)
def test_names_that_no_table_holds(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        problem_of(tmp_path, changed("cold_chain", **settings))


def test_unknown_archetype() -> None:
    with pytest.raises(InputError, match="Did you mean 'facilities'"):
        archetype("facility")


def test_budgets_by_period_and_scale(tmp_path: Path) -> None:
    tiny = region(tmp_path)
    horizon = {"name": "two", "lengths": [2, 3]}
    funding = {"scale": 0.5, "scale_by_source": {"bond": 2.0}, "carry_over": False}
    problem = prepare_problem(tiny, config(BOTH, horizon=horizon, funding=funding))
    budget = problem.funding["budget"]
    np.testing.assert_allclose(budget.sel(source="grant", owner=POOL), [12e6, 18e6])
    np.testing.assert_allclose(budget.sel(source="bond", owner=POOL), [20e6, 30e6])
    np.testing.assert_allclose(budget.sel(source="own", owner="A2"), [6e6, 9e6])
    assert (problem.funding["carry_over_share"].values == 0).all()


def test_money_and_land_follow_migrants(tmp_path: Path) -> None:
    problem = prepare_problem(region(tmp_path), config(BOTH, funding={"tie_to_migrants": True}))
    grant = problem.funding["budget"].sel(source="grant")
    np.testing.assert_allclose(grant.sel(owner=["A1", "A2"])[:, 0], [8e6, 4e6])
    assert float(grant.sel(owner=POOL).sum()) == 0
    land = problem.sequence["resource_limit"].sel(resource="land_mu", period=0)
    np.testing.assert_allclose(land.sel(owner=["A1", "A2"]), [80 * 2 / 3, 80 / 3])


def test_only_sources_of_selected_systems(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, changed("township_logistics"))
    assert list(problem.funding["source"].values) == ["grant", "own"]
    assert set(problem.sequence["candidate_system"].values) == {"township_logistics"}


def test_rules_among_candidates(tmp_path: Path) -> None:
    problem, _ = problem_of(
        tmp_path, BOTH,
        requires=[
            {"candidate_id": "H-A1", "option": "large", "needs_candidate_id": "C-A1", "needs_option": "*"},
        ],
        excludes=[{"group_id": "g", "candidate_id": "H-A1"}, {"group_id": "g", "candidate_id": "H-A2"}],
        locks=[
            {"candidate_id": "P-A11", "option": "new", "kind": "in_flight", "year": 2026, "payments": "2025:100000"},
            {"candidate_id": "H-A2", "option": "small", "kind": "forbidden"},
        ],
    )  # fmt: skip
    (need,) = problem.requirements
    assert problem.sequence["state_option"].values[need.state] == "large"
    assert problem.exclusions[0].row == "excludes.csv rows 2, 3"
    flight, barred = problem.locks
    assert (flight.kind, flight.payments) == ("in_flight", ((2025, 100_000),))
    assert (barred.kind, barred.row) == ("forbidden", "locks.csv row 3")


def test_requirement_on_a_system_left_out_is_noted(tmp_path: Path) -> None:
    needs = [{"candidate_id": "H-A1", "option": "*", "needs_candidate_id": "C-A1", "needs_option": "*"}]
    problem, _ = problem_of(tmp_path, changed("cold_chain"), requires=needs)
    assert problem.requirements == ()
    assert "C-A1 is not planned" in problem.meta["notes"][0]


@pytest.mark.parametrize(
    ("groups", "changes", "message"),
    [
        ({"horizon": {"first_year": 2036}}, {}, r"budgets\.csv.*grant.*2040"),
        ({"funding": {"scale": 0.0}}, {}, r"budgets\.csv.*0 CNY in all sources"),
        ({"funding": {"scale_by_source": {"grand": 1.0}}}, {}, "Did you mean 'grant'"),
        ({}, {"county_rules": edited(0, own_share=0.5), "sources": edited(1, max_share=0.3)},
         r"county_rules\.csv, row 2, column own_share"),
        ({}, {"locks": [{"candidate_id": "H-A1", "option": "small", "kind": "fixed", "year": 2029}]},
         r"locks\.csv row 2.*H-A1 fixed in 2029"),
        ({"objective": {"floors": [{"system": "cold_chian", "level": 0.5}]}}, {}, "Did you mean 'cold_chain'"),
        ({"objective": {"floors": [{"system": "cold_chain", "level": 0.5, "from_year": 2031}]}}, {}, "from_year"),
        ({"objective": {"floors": [{"system": "cold_chain", "level": 0.5, "counties": ["A3"]}]}}, {}, "'A3'"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned(tmp_path: Path, groups: Any, changes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare_problem(region(tmp_path, **changes), config(BOTH, **groups))
