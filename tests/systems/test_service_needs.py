"""A facility that needs water at its place: built only where, and when, the place is connected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.solve import solve_problem
from optimizer.verify import verify_plan
from tests.systems.pipes_cases import network
from tests.systems.pipes_cases import tables as pipe_tables
from tests.systems.tiny_runs import EXACT, clinic_rows, clinics, problem_of, region

NEED = {"candidate_id": "K-A11", "option": "*", "commodity": "flow"}


def changes() -> dict[str, Any]:
    """Tables of the tiny region with pipes and clinics."""
    made: dict[str, Any] = {}
    for name, change in [*pipe_tables().items(), *clinic_rows().items()]:
        before = made.get(name)
        made[name] = change if before is None else lambda rows, a=before, b=change: b(a(rows))
    return made


def made(folder: Path, needs: list[dict[str, Any]], **systems: Any) -> Problem:
    return problem_of(folder, systems or {**network(), **clinics()}, **changes(), service_needs=needs)[0]


def in_service(problem: Problem, plan: Plan, candidate: str) -> np.ndarray:
    """(period,) whether anything of a candidate that takes no time to build has been started."""
    names = problem.sequence["candidate"].values[problem.sequence["transition_candidate"].values]
    lead = problem.sequence["lead_years"].values
    start = np.cumsum(plan.decisions["start"].values, axis=1)
    shifted = [np.concatenate([np.zeros(lead[p], int), row])[: len(row)] for p, row in enumerate(start)]
    return np.array([row > 0 for row, name in zip(shifted, names, strict=True) if name == candidate]).any(axis=0)


def served(problem: Problem, plan: Plan, place: str) -> np.ndarray:
    """(period,) share of a place that is served."""
    names = problem.systems["net"].data["origin"].values.tolist()
    return np.asarray(plan.systems["net"]["share"].values[names.index(place)])


def test_the_place_is_connected_while_the_facility_serves(tmp_path: Path) -> None:
    free, bound = made(tmp_path / "free", []), made(tmp_path / "bound", [NEED])
    alone = solve_problem(free, EXACT)
    plan = solve_problem(bound, EXACT)
    clinic, connected = in_service(bound, plan, "K-A11"), served(bound, plan, "A11")
    assert (connected[clinic] == 1).all()
    assert plan.objective <= alone.objective + 1e-6
    assert verify_plan(bound, plan).passed


def test_the_checker_refuses_a_facility_without_what_it_needs(tmp_path: Path) -> None:
    """Of a plan made without the need, for a place that nothing connects."""
    poor = {"net": {**network()["net"], "settings": {**network()["net"]["settings"], "gains": []}}, **clinics()}
    free = made(tmp_path / "free", [], **poor)
    plan = solve_problem(free, EXACT)
    assert in_service(free, plan, "K-A11").any() and verify_plan(free, plan).passed
    bound = made(tmp_path / "bound", [NEED], **poor)
    found = verify_plan(bound, replace(plan, meta={}))
    assert {v.rule for v in found.violations} == {"dependence"}
    held = solve_problem(bound, EXACT)
    assert verify_plan(bound, held).passed and held.objective < plan.objective


def test_a_need_of_what_is_not_planned_is_taken_as_given(tmp_path: Path) -> None:
    problem = made(tmp_path, [NEED], **clinics())
    assert not problem.needs
    assert any("taken as given" in note for note in problem.meta["notes"])


@pytest.mark.parametrize(("change", "says"), [({"commodity": "wine"}, "wine"), ({"candidate_id": "X"}, "X"), ({"option": "vast"}, "vast")])
def test_bad_needs_are_refused(tmp_path: Path, change: dict[str, str], says: str) -> None:
    findings = region(tmp_path, **changes(), service_needs=[{**NEED, **change}]).check()
    assert [f for f in findings if "service_needs" in f.file and says in f.found]
    assert not region(tmp_path / "good", **changes(), service_needs=[NEED]).check()
