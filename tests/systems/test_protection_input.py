"""Bad tables of floods: one clear message each, with file, row and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from tests.systems.flood_cases import flood, tables
from tests.systems.tiny_runs import problem_of, region
from tests.tiny_region import edited

RATING = [{"zone_id": "ZA", "flow_m3s": q, "level_m": h} for q, h in ((0, 0), (200, 2.5), (900, 2.2))]
PEAKS = [{"reach_id": "R1", "return_period": n, "peak_m3s": q} for n, q in ((5, 300), (50, 280), (200, 900))]


def changed(table: str, row: int, **cells: Any) -> dict[str, Any]:
    """The tables of floods with some cells of one row changed."""
    made = tables()
    before = made[table]
    edit = edited(row, **cells)
    return made | {table: (lambda rows: edit(before(rows))) if callable(before) else edit(before)}


def options(rows: dict[str, Any], option: str, **cells: Any) -> dict[str, Any]:
    """Changes of one option of the catalogue."""
    before = rows["catalogue"]
    return rows | {"catalogue": lambda r: [x | (cells if x["option"] == option else {}) for x in before(r)]}


CASES: list[tuple[dict[str, Any], dict[str, Any], str, str, str]] = [
    ({}, changed("river_reaches", 2, downstream_id="R1"), "river_reaches.csv, row", "downstream_id", "a tree that flows"),
    ({}, changed("river_reaches", 1, downstream_id="R33"), "river_reaches.csv, row 3", "downstream_id", "Did you mean 'R3'"),
    ({}, changed("river_reaches", 0, slope=0), "river_reaches.csv, row 2", "slope", "more than 0"),
    ({}, changed("river_reaches", 0, cv=""), "river_reaches.csv, row 2", "cv", "no Cv"),
    ({}, tables(zone_ratings=RATING), "zone_ratings.csv, row 4", "level_m", "a level that rises with the flow"),
    ({}, tables(flood_peaks=PEAKS), "flood_peaks.csv, row 3", "peak_m3s", "rises with the return period"),
    ({}, changed("damage_curves", 2, share=0.2), "damage_curves.csv, row 4", "share", "does not fall with the depth"),
    ({}, options(tables(), "p20", overnight_cost=0), "catalogue.csv, row", "overnight_cost", "what the level costs"),
    ({}, options(tables(), "p20", capacity_unit="km"), "catalogue.csv, row", "capacity_unit", "one of yr, m"),
    ({}, options(tables(), "p50", capacity=500), "catalogue.csv", "capacity", "5 to 200, the return_periods"),
    ({}, changed("flood_zones", 0, levee_candidate_id="W-ZB"), "flood_zones.csv, row 2", "levee_candidate_id", "role 'levee'"),
    ({}, changed("flood_zones", 1, levee_candidate_id=""), "flood_zones.csv", "levee_candidate_id", "no row for L-ZB"),
    ({}, changed("flood_zones", 0, high_ground_m=0.5), "flood_zones.csv, row 2", "high_ground_m", "1 or more"),
    ({}, changed("zone_assets", 0, asset_class="house"), "zone_assets.csv, row 2", "asset_class", "damage_curves"),
    ({}, tables(zone_assets=tables()["zone_assets"][:2]), "zone_assets.csv", "zone_id", "no row for ZB"),
    ({}, tables(storage_curves=tables()["storage_curves"][:3]), "storage_curves.csv", "storage_id", "'pond'"),
    ({"return_periods": [20, 5]}, tables(), "system.flood.settings.return_periods", "", "probabilities fall"),
    ({"hours": 10.0}, tables(), "system.flood.settings.hours", "", "every flood reaches its outlet"),
    ({"roles": {}}, tables(), "system.flood.settings.roles", "", "at least one role"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "changes", "where", "column", "says"), CASES)
def test_a_fault_is_named_where_it_stands(
    tmp_path: Path, settings: dict[str, Any], changes: dict[str, Any], where: str, column: str, says: str
) -> None:
    with pytest.raises(InputError) as error:
        problem_of(tmp_path, flood(**settings), **changes)
    finding = error.value.findings[0]
    assert len(error.value.findings) == 1 + (column == "levee_candidate_id" and "role" in says)
    assert where in str(finding)
    assert finding.column == column
    assert says in str(finding)


def test_a_zone_on_no_reach(tmp_path: Path) -> None:
    (finding,) = region(tmp_path, **changed("flood_zones", 1, reach_id="R9")).check()
    assert str(finding).startswith("flood_zones.csv, row 3, column reach_id: found 'R9'; expected a reach_id of river_reaches")
