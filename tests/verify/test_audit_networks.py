"""Prepared pipe networks against the tables: equal when untouched, every changed number named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optimizer.verify import audit_region
from tests.systems.pipes_cases import network, tables
from tests.systems.tiny_runs import config, problem_of, region


@pytest.mark.parametrize(
    ("table", "cells", "says"),
    [
        (None, {}, None),
        ("pipe_corridors", {"length_km": 3.5}, "length_km of PA1-0"),
        ("pipe_corridors", {"from_place_id": "A13"}, "from_place_id of PA1-0"),
        ("elevations", {"elevation_m": 1501.0}, "elevation_m of SA1"),
        ("elevations", {"uncertainty_m": 6.0}, "uncertainty_m of SA1"),
        ("supplies", {"pressure": 61.0}, "pressure of supply at SA1"),
        ("supplies", {"capacity": 4_000_000}, "capacity of supply at SA1"),
    ],
)
def test_what_differs_is_named(table: str | None, cells: dict[str, Any], says: str | None, tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path / "before", network(), **tables())
    now = tables()
    if table is not None:
        now[table] = [{**now[table][0], **cells}, *now[table][1:]]
    rows, found = audit_region(region(tmp_path / "after", **now), config(network()), problem)
    assert rows > 300
    assert len(found) == (0 if says is None else 1), found
    assert says is None or says in str(found[0])


def test_diameters_are_those_of_the_settings(tmp_path: Path) -> None:
    problem, now = problem_of(tmp_path, network(), **tables())
    other = network(diameters={"dn100": 0.1, "dn200": 0.21})
    _, found = audit_region(now, config(other), problem)
    assert found and all("diameters of dn200" in str(v) for v in found)
