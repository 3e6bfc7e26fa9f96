"""One joint plan of pipes and flood works on the tiny region, and everything its report is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optimizer.pipeline import examine
from optimizer.plan_file import read_plan, write_plan
from optimizer.report import write_report_files
from optimizer.report.views import Views
from optimizer.solve import SolverSettings, solve_problem
from tests.systems.flood_cases import levees
from tests.systems.flood_cases import tables as flood_tables
from tests.systems.pipes_cases import network
from tests.systems.pipes_cases import tables as pipe_tables
from tests.systems.test_coupling import joined
from tests.systems.tiny_runs import config, problem_of

ROUGH = SolverSettings(mip_gap=0.2, time_limit=60, threads=1)
SYSTEMS = {**network(), **levees()}
PLACES = [{"place_id": "A11", "zone_id": "ZA", "outage_days": 100}]


@pytest.fixture(scope="session")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    """A verified plan, read back from its file; pipes into A1 share a trench with its levee, A11 lies behind it."""
    folder = tmp_path_factory.mktemp("report")
    changes = joined(pipe_tables(), _placed(flood_tables(works=False, value=4e8)))
    problem, region = problem_of(folder / "region", SYSTEMS, **changes, zone_places=PLACES)
    plan, verification = examine(problem, solve_problem(problem, ROUGH), region, config(SYSTEMS))
    write_plan(folder / "plan.nc", problem, plan)
    return Views.of(problem, read_plan(folder / "plan.nc"), verification, region, config(SYSTEMS), {})


def _placed(tables: dict[str, Any]) -> dict[str, Any]:
    """Zones and reaches with a place on the map, one beside the other."""
    zones = [{**row, "lon": 103.0 + i / 10, "lat": 36.0} for i, row in enumerate(tables["flood_zones"])]
    reaches = [
        {**row, "from_lon": 102.9 + i / 10, "from_lat": 36.1, "to_lon": 103.0 + i / 10, "to_lat": 36.0}
        for i, row in enumerate(tables["river_reaches"])
    ]
    return {**tables, "flood_zones": zones, "river_reaches": reaches}


@pytest.fixture(scope="session")
def files(views: Views, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the files of the report."""
    folder = tmp_path_factory.mktemp("files")
    write_report_files(folder, views)
    return folder
