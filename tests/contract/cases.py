"""What the contract tests run on: for every archetype, systems of it that between them use all it can do."""

from __future__ import annotations

from typing import Any

from tests.systems.flood_cases import flood, levees
from tests.systems.flood_cases import tables as flood_tables
from tests.systems.pipes_cases import network, tables
from tests.systems.tiny_runs import changed, clinic_rows, clinics

Case = tuple[dict[str, Any], dict[str, Any]]
"""Systems, and changes of the tiny region."""

MANY_MARKETS = {
    "places": lambda rows: [*rows, {**rows[-1], "place_id": "MB", "county_id": "A2", "node_id": "SA2"}],
    "demand": lambda rows: [
        *rows,
        {"place_id": "MB", "commodity": "produce_market", "year": 2024, "quantity": 9_000},
    ],
}

CASES: dict[str, dict[str, Case]] = {
    "facilities": {
        "flows_to_markets": (changed("cold_chain"), MANY_MARKETS),
        "two_echelons": (changed("township_logistics"), {}),
        "two_echelons_several_links": (
            changed(
                "township_logistics",
                upper={"kind": "candidates", "role": "centre", "catchment": "own_prefecture", "max_per_site": 2},
            ),
            {},
        ),
        "single_source": (changed("cold_chain", assignment="single_source"), {}),
        "coverage_graded": (clinics(), clinic_rows()),
        "coverage_threshold": (
            clinics(coverage={"standard_minutes": 30.0, "form": "threshold"}, assignment="single_source"),
            clinic_rows(),
        ),
    },
    "protection": {
        "all_works": (flood(), flood_tables()),
        "levees": (levees(), flood_tables(works=False)),
        "standards": (flood(standards_from=2027), flood_tables(value=2e6)),
        "slight_works": (flood(negligible=0.02), flood_tables()),
    },
    "pipes": {
        "water": (network(), tables()),
        "water_from_below": (network(), tables(rise=25.0)),
        "gas": (network("gas"), tables("gas")),
    },
}
