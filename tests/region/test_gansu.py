"""The reference region: rebuilt byte for byte, whole, connected, on the path to 62 % urban, and its arithmetic."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from data.gansu.build.__main__ import COLUMNS, build
from data.gansu.build.demand import urban_share
from optimizer.region import Region, default_region_path, load_schema, provenance_shares, read_region

GANSU = default_region_path("gansu")


@lru_cache(maxsize=1)
def gansu() -> Region:
    return read_region(GANSU)


def demand(commodity: str, year: int) -> pd.Series:
    frame = gansu().tables["demand"]
    chosen = frame[(frame["commodity"] == commodity) & (frame["year"] == year)]
    return chosen.set_index("place_id")["quantity"]


def test_the_script_gives_the_tables_byte_for_byte(tmp_path: Path) -> None:
    build(tmp_path)
    for name in COLUMNS:
        assert (tmp_path / f"{name}.csv").read_bytes() == (GANSU / f"{name}.csv").read_bytes(), name
    assert (tmp_path / "region.yaml").read_bytes() == (GANSU / "region.yaml").read_bytes()


def test_the_tables_fit_together_and_carry_every_column() -> None:
    assert gansu().check() == []
    for name, table in load_schema().items():
        if name in COLUMNS:
            assert set(table.columns) <= set(COLUMNS[name]), name


def test_counties_and_townships_are_all_there() -> None:
    counties, places = gansu().tables["counties"], gansu().tables["places"]
    assert (len(counties), int(counties["in_official_list"].sum())) == (88, 86)
    assert int(counties["population"].sum()) == 25_019_831
    towns = places[places["kind"] == "township"]
    assert len(towns) == 1360
    assert (towns["placement"] == "synthetic placement").all()
    by_county = towns.groupby("county_id")[["population", "rural_population"]].sum()
    expected = counties.set_index("county_id")[["population", "rural_population"]]
    assert (by_county.loc[expected.index].to_numpy() == expected.to_numpy()).all()


def test_roads_are_one_network_of_three_classes() -> None:
    graph = gansu().road_graph()
    assert nx.number_strongly_connected_components(graph) == 1
    link = gansu().tables["link"]
    assert set(link["facility_type"]) == {"expressway", "county_road", "township_road"}
    assert link["length"].between(0.5, 400).all()


def test_people_follow_the_path_to_62_percent_urban() -> None:
    for year in (2024, 2029, 2034, 2039):
        share = demand("urban_residents", year).sum() / demand("residents", year).sum()
        assert share == pytest.approx(urban_share(year), abs=1e-5)
    assert urban_share(2029) == pytest.approx(0.62)
    settlers = gansu().tables["county_rules"]["migrants"].sum() * 5
    grown = demand("urban_residents", 2029).sum() - demand("urban_residents", 2024).sum()
    assert settlers == pytest.approx(grown, rel=1e-3)


def test_demand_follows_the_facts() -> None:
    assert demand("produce", 2024).sum() == pytest.approx(10_000_000 - 5_930_000, rel=1e-4)
    assert demand("parcels", 2024).sum() == pytest.approx(25 * 24_583_400 * (1 - 0.5683), rel=2e-3)
    candidates = gansu().tables["candidates"]
    stations = set(candidates.loc[(candidates["system"] == "township_logistics") & (candidates["role"] == "station"), "place_id"])
    assert stations == set(demand("parcels", 2024).index)
    hubs = candidates[candidates["role"] == "hub"]
    assert 130 <= len(hubs) <= 180
    assert (candidates["role"] == "centre").sum() == hubs["county_id"].nunique()


def test_a_hub_pays_where_it_is_filled_and_not_where_it_is_half_empty() -> None:
    """The calculation of SOURCES.md: yearly worth of a small hub against its yearly cost at 8 % over its life."""
    value = gansu().tables["values"].set_index("key")["central"]
    small = gansu().tables["catalogue"].iloc[0]
    price = value["cold_chain.produce_price"]
    gain = price * value["cold_chain.loss_avoided"] + value["cold_chain.storage_premium"]
    minutes, access_km, outbound_km = 30, 25, 120
    road = access_km * value["cold_chain.transport_cost_km"]
    road += outbound_km * (value["cold_chain.reefer_cost_km"] - value["cold_chain.transport_cost_km"])
    road += price * value["cold_chain.spoilage_per_hour"] * (minutes + 90) / 60
    net = gain - value["cold_chain.running_cost"] - road
    rate = value["social_discount_rate"]
    annuity = small["overnight_cost"] * rate / (1 - (1 + rate) ** -small["lifetime"])
    filled = (annuity + small["fixed_om"]) / (net * small["capacity"])
    assert 410 < net < 430
    assert 0.4 < filled < 0.6


def test_pipes_lead_from_the_seat_to_every_connection_and_heights_are_plausible() -> None:
    tables = gansu().tables
    height = tables["elevations"].set_index("place_id")["elevation_m"]
    for system in ("water", "gas"):
        mine = tables["candidates"].query("system == @system")
        pipes = tables["pipe_corridors"].merge(mine[["candidate_id", "county_id"]], on="candidate_id")
        ways = nx.DiGraph(list(zip(pipes["from_place_id"], pipes["to_place_id"], strict=True)))
        fed = set().union(*(nx.descendants(ways, f"S{c}") for c in mine["county_id"].unique() if f"S{c}" in ways))
        connected = set(mine.loc[mine["role"] == "connection", "place_id"])
        assert connected <= fed
        assert connected <= set(demand(system, 2039).index)
        assert pipes["length_km"].between(0.5, 60).all()
        rise = height.loc[pipes["to_place_id"]].to_numpy() - height.loc[pipes["from_place_id"]].to_numpy()
        assert np.abs(rise).max() <= 240
    shared = tables["candidates"].dropna(subset=["corridor_id"]).groupby("corridor_id")["system"].nunique()
    assert (shared.loc[tables["corridors"]["corridor_id"]] == 2).all()


def test_rivers_are_trees_and_zones_stand_dry_in_ordinary_years() -> None:
    tables = gansu().tables
    reaches, zones = tables["river_reaches"], tables["flood_zones"]
    below = dict(zip(reaches["reach_id"], reaches["downstream_id"], strict=True))
    below |= dict(zip(tables["river_storages"]["storage_id"], tables["river_storages"]["downstream_id"], strict=True))
    ways = nx.DiGraph([(u, v) for u, v in below.items() if isinstance(v, str)])
    assert nx.is_forest(ways.to_undirected())
    assert max(dict(ways.out_degree).values()) == 1
    assert set(zones["reach_id"]) == set(reaches["reach_id"])
    assert (zones["ground_m"] < zones["crest_m"]).all()
    assert (zones["crest_m"] < zones["high_ground_m"]).all()
    lanzhou = nx.ancestors(ways, "R620102") | {"R620102"}
    mean = reaches.set_index("reach_id")["mean_peak_m3s"]
    assert 2500 < mean.loc[mean.index.isin(lanzhou)].sum() < 4500


def test_flood_works_raised_in_steps_cost_more_than_at_once_and_less_than_built_twice() -> None:
    sizes = gansu().tables["catalogue"].query("system == 'flood'").set_index(["role", "option"])
    steps = sizes[sizes["from_options"] != ""]
    assert len(steps) == 4
    for (role, _), row in steps.iterrows():
        lower = sizes.loc[(role, row["from_options"]), "overnight_cost"]
        assert row["overnight_cost"] < lower + row["upgrade_cost"] < lower + row["overnight_cost"]


def test_water_for_a_dense_township_pays_and_costs_what_schemes_cost() -> None:
    """The calculation of SOURCES.md: 1,500 people without a tap, 8 km of DN100 and the pipes in their villages."""
    value = gansu().tables["values"].set_index("key")["central"]
    cost = gansu().tables["catalogue"].set_index(["role", "option"])["overnight_cost"]
    people, km = 1500, 8
    spent = km * cost["pipe", "dn100"] + people / 1000 * cost["connection", "network"].iloc[0]
    assert 550 < spent / people < 2700
    rate = value["social_discount_rate"]
    net = value["water.worth"] - value["water.treatment"] - value["water.upkeep"]
    assert net * people * 105 * 0.365 > spent * rate / (1 - (1 + rate) ** -40)


def test_money_is_scarce_and_every_county_can_begin() -> None:
    budgets, rules = gansu().tables["budgets"], gansu().tables["county_rules"]
    first_five = budgets[budgets["year"] < 2030]
    assert 6.4e9 < first_five["amount"].sum() < 7.4e9
    for_stores = first_five[~first_five["source_id"].isin(["water_grant", "utility_own"])]
    assert 4.0e9 < for_stores["amount"].sum() < 4.6e9
    own = first_five[first_five["source_id"] == "county_own"].groupby("county_id")["amount"].mean()
    grants = gansu().tables["sources"].query("kind == 'grant'")["max_share"].sum()
    station = gansu().tables["catalogue"].set_index("option").loc["new", "overnight_cost"]
    assert (own.reindex(rules["county_id"]) > (1 - grants) * station).all()


def test_every_number_has_an_origin_and_the_folder_is_small() -> None:
    shares = provenance_shares(gansu()).set_index("table")
    assert (shares["unknown"] == 0).all()
    assert shares.loc["total", ["fact", "derived"]].min() > 0
    assert sum(f.stat().st_size for f in GANSU.rglob("*") if f.is_file() and "__pycache__" not in f.parts) < 6e6
    assert (GANSU / "rivers.geojson").stat().st_size < 150_000


def test_seats_lie_where_towns_are_densest() -> None:
    """Streets stand within 16 km of their seat, and no two townships stand on one spot."""
    towns = gansu().tables["places"].query("kind == 'township'")
    assert not towns.duplicated(["lon", "lat"]).any()
    seat = gansu().tables["counties"].set_index("county_id")
    streets = towns[towns["name_zh"].str.endswith("街道")]
    at = seat.loc[streets["county_id"]]
    km = 111.3 * np.hypot(
        (streets["lon"].to_numpy() - at["lon"].to_numpy()) * np.cos(np.radians(at["lat"].to_numpy())),
        streets["lat"].to_numpy() - at["lat"].to_numpy(),
    )
    assert km.max() < 16
