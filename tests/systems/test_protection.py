"""Plans of flood works: rounds with cuts, Monte Carlo, standards, the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network_models.flood.damage import damage_at
from optimizer.plan import states_over_time
from optimizer.solve import solve_problem
from optimizer.solve.rounds import plan_in_rounds
from optimizer.systems import protection, protection_check
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_lookup import Lookup
from optimizer.verify import audit_region, verify_plan
from tests.systems.flood_cases import flood, levees, tables
from tests.systems.tiny_runs import EXACT, config, problem_of, solved

YEARS = 10_000


@pytest.mark.parametrize("bound", ["tested", "proven"])
def test_rounds_end_where_full_tables_end(tmp_path: Path, bound: str) -> None:
    """Tables that are too small only bound; simulation and cuts lead to the plan that full tables give at once."""
    whole, _ = problem_of(tmp_path / "whole", levees(), **tables(works=False, value=6e6))
    small, region = problem_of(tmp_path / "small", levees(most_states=3, bound=bound), **tables(works=False, value=6e6))
    look = Lookup(small.systems["flood"])
    assert any(look.beside)
    best = solved(whole).objective
    if bound == "proven":
        assert solved(small).objective >= best - 1e-6

    def simulate(plan: object) -> list[object]:
        return [protection.simulate(small, small.systems["flood"], plan, region)]  # type: ignore[arg-type]

    patient = replace(EXACT, rounds=30)
    plan, rounds = plan_in_rounds(small, patient, simulate)  # type: ignore[arg-type]
    assert sum(r.valid for r in rounds) > 0
    assert plan.outcome.solution == "feasible"
    assert plan.objective == pytest.approx(best, rel=1e-6)
    assert plan.outcome.bound >= best - 1e-6
    assert verify_plan(small, plan, simulate(plan)).passed  # type: ignore[arg-type]


def test_ten_thousand_years_lose_what_is_expected(tmp_path: Path) -> None:
    """Years drawn at random, each with the damage of its flood by the same rules of tails and overtopping."""
    problem, _ = problem_of(tmp_path, flood(), **tables())
    basin = Basin(problem.systems["flood"].data)
    rng = np.random.default_rng(7)
    states = np.array([[0] * 8, [1, 0, 0, 1, 0, 0, 1, 1]])
    floods = basin.floods(states)
    chance = rng.uniform(size=YEARS)
    for s in range(len(states)):
        for z in range(basin.n_zones):
            lost = floods.share[s, z].T @ basin.values[z, :, 0]
            drawn = damage_at(basin.probability[0], lost, chance, overtopping=float(floods.topped[s, z, 0]))
            error = drawn.std() / np.sqrt(YEARS)
            assert abs(drawn.mean() - floods.expected[s, z, 0]) <= 4 * error + 1e-6


def test_standards_are_met_from_their_year_on(tmp_path: Path) -> None:
    """Levees that are not worth their cost are built for the standard, in time and not before."""
    poor = tables(works=False, value=1e5)
    free, _ = problem_of(tmp_path / "free", levees(), **poor)
    bound, _ = problem_of(tmp_path / "bound", levees(standards_from=2028), **poor)
    assert solved(free).decisions["start"].values.sum() == 0
    plan = solved(bound)
    states = states_over_time(bound, plan.decisions["start"].values)
    look = Lookup(bound.systems["flood"])
    topped = look.topped(look.levels(states))
    assert (topped[:, 3:] <= 1 / 20 + 1e-9).all()
    assert (topped[:, :3] > 1 / 20).all()
    idle = np.tile(bound.sequence["state_initial"].values.nonzero()[0][:, None], (1, 5))
    found = protection_check.check(bound, bound.systems["flood"], plan.systems["flood"], idle)
    assert {v.rule for v in found} >= {"standards", "levels", "damage"}


def test_a_levee_upstream_sends_more_water_down(tmp_path: Path) -> None:
    problem, _ = problem_of(tmp_path, levees(), **tables(works=False))
    look = Lookup(problem.systems["flood"])
    below = next(j for j in range(look.n_tables) if len(look.axes[j]) == 2)
    raised = np.array([look.d["entry_damage"][look.entry(below, np.array([k, 0])), 0] for k in (0, 2)])
    assert raised[1] > 1.01 * raised[0]


def test_a_plan_passes_the_audit_and_every_check(tmp_path: Path) -> None:
    problem, region = problem_of(tmp_path, flood(), **tables())
    plan = solve_problem(problem, EXACT)
    result = protection.simulate(problem, problem.systems["flood"], plan, region)
    found = verify_plan(problem, plan, [result], audit=audit_region(region, config(flood()), problem))
    assert found.passed, found.violations
    assert found.objective_recomputed == pytest.approx(plan.objective, rel=1e-9)
    assert plan.decisions["metric_value"].sel(metric="ead_avoided:flood") > 0


@pytest.mark.parametrize("name", ["reach_peak", "reach_slope", "zone_area", "asset_value", "rain_runoff", "damage_share"])
def test_the_audit_finds_an_array_that_differs(tmp_path: Path, name: str) -> None:
    problem, region = problem_of(tmp_path, flood(), **tables())
    system = problem.systems["flood"]
    data = system.data.copy(deep=True)
    data[name].values.flat[0] += 0.125
    wrong = replace(problem, systems={"flood": replace(system, data=data)})
    assert not audit_region(region, config(flood()), problem)[1]
    assert audit_region(region, config(flood()), wrong)[1]
