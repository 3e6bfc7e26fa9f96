"""Tables and settings of pipe networks that cannot be used: one message that names the place and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InputError
from tests.systems.pipes_cases import network, tables
from tests.systems.tiny_runs import problem_of
from tests.tiny_region import Row

Change = Callable[[dict[str, Any]], dict[str, Any]]


def _with(table: str, change: Callable[[list[Row]], list[Row]]) -> Change:
    """A change of a table on top of what the network needs of it."""

    def changed(have: dict[str, Any]) -> dict[str, Any]:
        before = have[table]
        return {**have, table: (lambda rows: change(before(rows))) if callable(before) else change(before)}

    return changed


def _cell(table: str, row: int, **cells: Any) -> Change:
    return _with(table, lambda rows: [{**r, **cells} if i == row % len(rows) else r for i, r in enumerate(rows)])


CASES: dict[str, tuple[Change, tuple[str, ...]]] = {
    "no source": (_with("supplies", lambda rows: []), ("supplies.csv", "net", "at least one row")),
    "disconnected demand": (
        _with("pipe_corridors", lambda rows: [{**rows[0], "from_place_id": "MA"}, *rows[1:]]),
        ("demand.csv", "A11", "no pipe reaches"),
    ),
    "a pipe of no length": (_cell("pipe_corridors", 0, length_km=0), ("pipe_corridors.csv", "2", "length_km", "more than 0")),
    "a pipe from a place to itself": (
        _cell("pipe_corridors", 0, to_place_id="SA1"), ("pipe_corridors.csv", "2", "to_place_id", "SA1"),
    ),
    "a pipe without corridor": (_with("pipe_corridors", lambda rows: rows[1:]), ("pipe_corridors.csv", "PA1-0")),
    "an unknown kind of supply": (_cell("supplies", 0, kind="workz"), ("supplies.csv", "2", "workz", "works")),
    "a supply above the largest pressure": (_cell("supplies", 0, pressure=500), ("supplies.csv", "2", "pressure", "500")),
    "an unknown booster": (_cell("pipe_corridors", 0, booster_id="BA1-9"), ("pipe_corridors.csv", "BA1-9", "booster")),
    "no elevation": (_with("elevations", lambda rows: rows[1:]), ("elevations.csv", "SA1")),
    "an unknown size": (_cell("catalogue", -6, option="dn101"), ("catalogue.csv", "dn101", "dn100")),
    "another unit": (_cell("catalogue", -6, capacity_unit="t/yr"), ("catalogue.csv", "capacity_unit", "t/yr", "m3/yr")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_message_says_where_and_what(case: str, tmp_path: Path) -> None:
    change, words = CASES[case]
    with pytest.raises(InputError) as error:
        problem_of(tmp_path, network(), **change(tables()))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_negative_demand_is_refused_by_the_table(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        problem_of(tmp_path, network(), **_cell("demand", -1, quantity=-5)(tables()))
    assert all(word in str(error.value) for word in ("demand.csv", "quantity", "-5", "from 0"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"peak_factor": 0.5}, ("peak_factor", "1")),
        ({"diameters": {}}, ("diameters",)),
        ({"roughness": -1.0}, ("roughness", "-1")),
        ({"pressure": {"least": 20.0, "most": 10.0}}, ("pressure", "most above least")),
        ({"pressure": {"least": 20.0, "most": 160.0}}, ("pressure.reduced",)),
        ({"rougness": 1.0}, ("rougness", "roughness")),
    ],
)
def test_settings_that_do_not_hold(settings: dict[str, Any], words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        problem_of(tmp_path, network(**settings), **tables())
    assert all(word in str(error.value) for word in words), str(error.value)
