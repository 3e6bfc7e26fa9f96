"""Comparing ways to plan a province: every plan passes the check, none beats the bound, lists keep to the money."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.province import Case, _alone, _compared, run
from benchmarks.province_greedy import Purse, afforded
from benchmarks.province_methods import judged, measure
from benchmarks.province_options import METHODS
from benchmarks.province_plot import certified, gaps, plot
from benchmarks.province_region import Province
from optimizer.errors import InputError
from optimizer.plan import Outcome
from optimizer.verify.result import Verification, Violation

CASE = Case(1, 5, 2, "short", ("cold_chain", "water"))


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    """HiGHS in a process of its own: its pool of threads cannot be of two sizes in one."""
    return _compared([(_alone if method == "highs" else measure)(CASE, method, 6.0) for method in METHODS])


def test_every_plan_passes_the_check_and_no_plan_beats_the_bound(rows: list[dict]) -> None:
    assert [r["method"] for r in rows] == list(METHODS)
    assert all(r["status"] not in ("failed", "no plan") for r in rows)
    assert all(r["value"] <= r["best_bound"] * (1 + 1e-6) for r in rows)
    assert all(r["gap_to_best_bound"] >= -1e-6 for r in rows)


def test_planning_ahead_is_worth_no_less_than_a_list(rows: list[dict]) -> None:
    value = {r["method"]: r["value"] for r in rows}
    assert value["chengxiang"] >= value["greedy"] - 1e-3 * abs(value["greedy"])


def test_traces_only_get_better_and_are_drawn(rows: list[dict], tmp_path: Path) -> None:
    for r in rows:
        for distances in ([gap for _, gap in gaps(r)], [gap for _, gap in certified(r)]):
            assert distances == sorted(distances, reverse=True)
            assert all(gap >= -1e-6 for gap in distances)
    plot(tmp_path / "gaps.svg", rows)
    lines = ElementTree.parse(tmp_path / "gaps.svg").getroot().findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == sum(bool(gaps(r)) + bool(certified(r)) for r in rows)


def test_a_list_begins_works_after_the_pipes_that_lead_to_them() -> None:
    problem = Province(2, systems=("water",)).problem(5)
    windows = afforded(problem)
    assert windows
    data = problem.systems["water"].data
    into = {int(h): int(c) for h, c in zip(data["arc_head"], _pipe_of(problem, data), strict=True)}
    for node, c in zip(data["origin_node"].values, data["origin_candidate"].values, strict=True):
        if int(c) in windows:
            assert windows[into[int(node)]][0] <= windows[int(c)][0]


def _pipe_of(problem: object, data: object) -> np.ndarray:
    pipe = np.full(data.sizes["arc"], -1)  # type: ignore[attr-defined]
    owner = problem.sequence["state_candidate"].values  # type: ignore[attr-defined]
    pipe[data["size_arc"].values] = owner[data["size_state"].values]  # type: ignore[index]
    return pipe


def test_a_purse_pays_no_more_than_there_is() -> None:
    problem = Province(1, systems=("water",)).problem(5)
    purse = Purse(problem)
    total = problem.funding["budget"].values.sum()
    paid = 0.0
    while purse.pays(0, {2: 1_000_000}):
        paid += 1_000_000
    assert 0 < paid <= total
    assert (purse.left >= -1e-6).all()
    before = purse.left.copy()
    assert not purse.pays(0, {0: 1_000_000, 2: 10**12})
    assert np.array_equal(purse.left, before)


def test_unknown_rivals_are_refused() -> None:
    with pytest.raises(InputError, match=r"--against: found 'gurobi'; expected some of highs"):
        run(smoke=False, time_limit=1.0, against="gurobi")


@pytest.mark.parametrize(
    ("rules", "status"),
    [((), "optimal"), (("pressure",), "refuted"), (("pressure", "budget"), "failed"), (("budget",), "failed")],
)
def test_only_a_pressure_that_was_promised_is_refuted(rules: tuple[str, ...], status: str) -> None:
    broken = tuple(Violation(rule, "here", "1", "2 or more") for rule in rules)
    outcome = Outcome("optimal", "feasible", 1.0, 1.0, 1.0)
    assert judged(outcome, Verification(not broken, broken, {}, 1.0, 1.0)) == status
