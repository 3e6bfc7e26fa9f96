"""Services in flood zones: what a joint plan gains over plans made sector by sector; the checker knows it too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.systems.protection_lookup import Lookup
from optimizer.systems.registry import archetype, checker
from optimizer.verify import verify_plan
from tests.systems.coupling_example import Compared, compared, starts_of
from tests.systems.flood_cases import levees, tables
from tests.systems.pipes_cases import network
from tests.systems.pipes_cases import tables as pipe_tables
from tests.systems.tiny_runs import problem_of, solved
from tests.tiny_region import Change


def starts(problem: Problem, plan: Plan) -> dict[str, int]:
    """First year of works of each candidate."""
    names, owner = problem.sequence["candidate"].values, problem.sequence["transition_candidate"].values
    first: dict[str, int] = {}
    for p, year in starts_of(problem, plan).items():
        first[str(names[owner[p]])] = min(year, first.get(str(names[owner[p]]), year))
    return first


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    return compared(tmp_path_factory.mktemp("poor"), 1e7)


def test_a_levee_that_only_pays_with_the_hub_behind_it(poor: Compared) -> None:
    """14.73 against 11.57 million CNY: sector by sector nobody protects the first hub."""
    assert poor.joint.objective == pytest.approx(14.729, abs=2e-3)
    assert poor.by_sector.objective == pytest.approx(11.567, abs=2e-3)
    assert "L-ZA" in starts(poor.problem, poor.joint)
    assert "L-ZA" not in starts(poor.problem, poor.by_sector)


def test_the_levee_goes_before_the_hub(tmp_path: Path) -> None:
    """34.67 against 32.53 million CNY: jointly the second hub waits a year for its levee."""
    rich = compared(tmp_path, 4e7)
    assert rich.joint.objective == pytest.approx(34.671, abs=2e-3)
    assert rich.by_sector.objective == pytest.approx(32.529, abs=2e-3)
    joint, apart = starts(rich.problem, rich.joint), starts(rich.problem, rich.by_sector)
    assert joint["L-ZB"] < joint["H-A2"] and joint["L-ZA"] < apart["L-ZA"]
    assert apart["L-ZB"] == apart["H-A2"]


def test_the_checker_knows_what_is_lost(poor: Compared) -> None:
    simulations = [archetype(s.archetype).simulate(poor.problem, s, poor.joint, poor.region) for s in poor.problem.systems.values()]
    assert verify_plan(poor.problem, poor.joint, simulations).passed
    safe = poor.problem.systems["flood"].data.copy(deep=True)
    safe["place_outage"].values[:] = 0.0
    flood_system = replace(poor.problem.systems["flood"], data=safe)
    dry = replace(poor.problem, systems={**poor.problem.systems, "flood": flood_system})
    found = verify_plan(dry, poor.joint)
    assert {v.rule for v in found.violations} == {"objective"}
    assert found.objective_recomputed > poor.joint.objective + 0.1


def test_the_levee_is_named_with_what_it_keeps(poor: Compared) -> None:
    """Taken away, the hub behind it would lose what is said."""
    found = [c for c in verify_plan(poor.problem, poor.joint).couplings if c.kind == "protects"]
    names = [str(c) for c in poor.problem.sequence["candidate"].values]
    told = {(names[c.first], names[c.second][:2], c.place) for c in found}
    assert told == {("L-ZA", "H-", "SA1"), ("L-ZB", "H-", "SA2")}
    levee = next(c for c in found if names[c.first] == "L-ZA")
    assert levee.binding == (levee.serves >= levee.ready)
    look = Lookup(poor.problem.systems["flood"])
    levels = poor.joint.systems["flood"]["level"].values
    without = np.where(look.d["work"][:, None] == "L-ZA", 0, levels)
    kept = (look.lost(without) - look.lost(levels))[list(look.d["place"]).index("SA1"), -1]
    eye, cold = checker("facilities"), poor.problem.systems["cold_chain"]
    worth = eye.exposed(poor.problem, cold, poor.joint.systems["cold_chain"])["SA1"][-1]  # type: ignore[attr-defined]
    assert kept > 0
    assert levee.worth == pytest.approx(kept * worth)


def joined(a: dict[str, Change], b: dict[str, Change]) -> dict[str, Change]:
    """Both changes of the tiny region."""
    out = {**a, **b}
    for name in a.keys() & b.keys():
        first, second = a[name], b[name]
        assert callable(first) and callable(second)
        out[name] = lambda rows, first=first, second=second: second(first(rows))  # type: ignore[misc]
    return out


def test_a_pipe_in_a_flood_zone_gains_less(tmp_path: Path) -> None:
    """The checker works out what a connected place loses on its own."""
    places = [{"place_id": "A11", "zone_id": "ZA", "outage_days": 100}]
    systems = {**network(), **levees()}
    changes = joined(pipe_tables(), tables(works=False, value=1e5))
    free, _ = problem_of(tmp_path / "free", systems, **changes)
    wet, _ = problem_of(tmp_path / "wet", systems, **changes, zone_places=places)
    look = Lookup(wet.systems["flood"])
    share = look.lost(np.zeros((look.n_works, 5), np.int64))[0]
    assert share == pytest.approx(0.5 * 100 / 365)
    plan = solved(wet)
    assert verify_plan(wet, plan).passed
    assert plan.objective < solved(free).objective
