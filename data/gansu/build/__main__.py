"""Build every table of the region from ``facts``: ``python -m data.gansu.build [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from data.gansu.build import (
    demand,
    floods,
    heights,
    money,
    network_catalogue,
    networks,
    origins,
    places,
    projects,
    roads,
    values,
)
from data.gansu.build.files import HERE, Row, write_table

REGION = """\
id: gansu
name_zh: 甘肃省
name_en: Gansu
base_year: 2024
price_base_year: 2023
map:
  counties: counties.geojson
  rivers: rivers.geojson
"""

COLUMNS = {
    "counties": [
        "county_id", "name_zh", "name_en", "prefecture_id", "prefecture_zh", "prefecture_en", "kind",
        "in_official_list", "lon", "lat", "area_km2", "population", "urban_population", "rural_population",
        "agri_employed_share", "elevation_m",
    ],
    "places": [
        "place_id", "name_zh", "name_en", "kind", "county_id", "lon", "lat", "placement", "population",
        "rural_population", "node_id", "origin",
    ],
    "node": ["node_id", "name", "x_coord", "y_coord", "node_type", "zone_id", "origin"],
    "link": [
        "link_id", "from_node_id", "to_node_id", "directed", "length", "facility_type", "free_speed", "lanes", "origin",
    ],
    "demand": ["place_id", "commodity", "year", "quantity"],
    "elevations": ["place_id", "elevation_m", "uncertainty_m"],
    "pipe_corridors": ["candidate_id", "from_place_id", "to_place_id", "length_km", "booster_id", "reducer_id"],
    "supplies": ["system", "place_id", "kind", "candidate_id", "pressure", "capacity"],
    "corridors": ["corridor_id", "name_zh", "saving"],
    "river_reaches": [
        "reach_id", "name_zh", "name_en", "downstream_id", "length_km", "slope", "width_m", "manning", "base_m3s",
        "mean_peak_m3s", "cv", "cs_over_cv", "time_to_peak_h", "delay_h", "from_lon", "from_lat", "to_lon", "to_lat",
    ],
    "river_storages": [
        "storage_id", "name_zh", "name_en", "downstream_id", "storage_candidate_id", "joint_candidate_id", "control_id",
        "safe_flow_m3s", "hold_m3",
    ],
    "storage_curves": ["storage_id", "option", "volume_m3", "gate_m3s", "spill_m3s"],
    "flood_zones": [
        "zone_id", "name_zh", "name_en", "county_id", "reach_id", "area_km2", "ground_m", "high_ground_m", "crest_m",
        "levee_km", "breach_m", "breach_sill_m", "standard_years", "levee_candidate_id", "warning_candidate_id", "lon", "lat",
    ],
    "zone_assets": ["zone_id", "asset_class", "value", "growth"],
    "damage_curves": ["asset_class", "depth_m", "share"],
    "zone_drainage": [
        "zone_id", "drainage_candidate_id", "catchment_km2", "runoff", "drains_m3s", "storage_m3", "a1", "c", "b", "n",
    ],
    "zone_places": ["place_id", "zone_id", "outage_days"],
    "commodities": ["commodity", "unit", "name_zh", "name_en"],
    "catalogue": projects.CATALOGUE_COLUMNS,
    "candidates": [
        "candidate_id", "system", "role", "name_zh", "name_en", "county_id", "place_id", "options", "cost_factor",
        "existing_option", "existing_capacity", "earliest_year", "latest_year", "corridor_id",
    ],
    "sources": [
        "source_id", "name_zh", "name_en", "kind", "level", "systems", "max_share", "carry_over_share", "bond_rate",
        "bond_term", "preference",
    ],
    "budgets": ["source_id", "county_id", "year", "amount"],
    "county_rules": ["county_id", "own_share", "debt_service_ceiling", "works_at_once", "land_quota_mu", "migrants"],
    "requires": ["candidate_id", "option", "needs_candidate_id", "needs_option"],
    "excludes": ["group_id", "candidate_id"],
    "locks": ["candidate_id", "option", "kind", "year", "payments"],
    "values": [*values.COLUMNS, "origin"],
    "origins": origins.COLUMNS,
    "provenance": origins.PROVENANCE_COLUMNS,
}  # fmt: skip


def tables() -> dict[str, list[Row]]:
    """Every table of the region."""
    county_rows = places.counties()
    township_rows = places.townships(county_rows)
    place_rows = [*township_rows, *places.seats_and_markets(county_rows)]
    node_rows = roads.nodes(county_rows, township_rows)
    demand_rows = demand.demand(county_rows, township_rows, place_rows)
    link_rows = roads.links(node_rows)
    height_rows = heights.elevations(county_rows, township_rows)
    height = {str(r["place_id"]): float(r["elevation_m"]) for r in height_rows}
    nets = [
        networks.candidates_and_tables(
            kind, county_rows, township_rows, link_rows, demand.wanted(demand_rows, kind.commodity), height
        )
        for kind in (networks.WATER, networks.GAS)
    ]
    pipe_rows, sharing = [r for net in nets for r in net["pipe_corridors"]], networks.corridors(nets)
    shared = {str(r["corridor_id"]) for r in sharing}
    pipes = [{**r, "corridor_id": r["corridor_id"] if r["corridor_id"] in shared else ""}
             for net in nets for r in net["candidates"]]  # fmt: skip
    works = floods.tables(county_rows)
    return {
        **works,
        "counties": county_rows,
        "places": place_rows,
        "node": node_rows,
        "link": link_rows,
        "demand": demand_rows,
        "commodities": demand.commodities(),
        "elevations": height_rows,
        "pipe_corridors": pipe_rows,
        "supplies": [r for net in nets for r in net["supplies"]],
        "corridors": sharing,
        "catalogue": [*projects.catalogue(), *network_catalogue.catalogue(), *works["catalogue"]],
        "candidates": [*projects.candidates(county_rows, township_rows, demand_rows), *pipes, *works["candidates"]],
        "sources": money.sources(),
        "budgets": money.budgets(county_rows),
        "county_rules": money.county_rules(county_rows),
        "requires": [],
        "excludes": [],
        "locks": [],
        "values": values.values(),
        "origins": origins.origins(),
        "provenance": origins.provenance(),
    }


def build(folder: Path) -> None:
    """Write the region into a folder; the map files are left as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "region.yaml").write_text(REGION, encoding="utf-8")
    for name, rows in tables().items():
        write_table(folder, name, rows, COLUMNS[name])


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
