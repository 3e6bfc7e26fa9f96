"""The benchmark of evaluations: every way of valuing variants finds the same, and every suite's row form is kept."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evaluate import FRESH, Case, _equal, run
from benchmarks.evaluate_cases import proposed_plan, random_variants
from benchmarks.province_region import Province
from optimizer.evaluate import Evaluator, SystemValue


@pytest.fixture(scope="module")
def case() -> Case:
    province = Province(1, 3)
    problem = province.problem(5)
    return Case("one county", Evaluator(problem, proposed_plan(problem)), province.region(), province.config(5))


def test_the_smoke_run_finds_equal_values_by_every_way():
    rows = run(smoke=True)
    assert [row["status"] for row in rows] == ["done", "equal", "equal", "equal", "done", "done"]
    assert all(row["seconds"] > 0 for row in rows)
    assert [row["peer"] for row in rows if row["ratio"]] == [FRESH] * 3


def test_a_plan_is_proposed_and_its_variants_differ(case: Case):
    plan = case.evaluator
    assert plan.plan.decisions["start"].values.sum() > 0
    assert all(one.served.sum() > 0 for one in plan.base.values())
    found = plan.many(random_variants(plan, 20, 3))
    assert any(not np.array_equal(left[name].value, one.value) for left in found for name, one in plan.base.items())


def test_values_that_differ_are_told(case: Case):
    tried = random_variants(case.evaluator, 3, 2)
    found = case.evaluator.many(tried)
    assert _equal(case, tried, (found,))
    name = next(iter(found[2]))
    found[2][name] = SystemValue(found[2][name].value * 1.001, found[2][name].served)
    assert not _equal(case, tried, (found,))
