"""The compiled arrays say what Pyomo's own HiGHS interface solves, and every row and column says what it is about."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.contrib.solver.common.factory import SolverFactory

from optimizer.model.assembly import build_model
from optimizer.model.compiled import compile_model
from optimizer.solve.highs import run
from optimizer.solve.settings import SolverSettings
from tests.core_problems import rich_problem


@pytest.mark.parametrize("seed", range(5))
def test_compiled_equals_what_pyomo_solves(seed: int):
    model = build_model(rich_problem(seed))
    compiled, _ = compile_model(model)
    ours = run(compiled, SolverSettings(mip_gap=0.0, time_limit=30))
    theirs = SolverFactory("highs").solve(model.pyomo, load_solutions=False, raise_exception_on_nonoptimal_result=False)
    assert ours.termination == "optimal"
    assert ours.objective == pytest.approx(float(theirs.incumbent_objective), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_point_has_the_same_row_values_in_both(seed: int):
    model = build_model(rich_problem(seed))
    compiled, variables = compile_model(model)
    point = np.random.default_rng(seed).uniform(0, 1, len(variables))
    for variable, value in zip(variables, point, strict=True):
        variable.set_value(float(value), skip_validation=True)
    activity = compiled.matrix @ point
    bodies = sorted(
        round(pyo.value(row.body) - bound, 9)
        for row in model.pyomo.component_data_objects(pyo.Constraint, active=True)
        for bound in {b for b in (row.lb, row.ub) if b is not None}
    )
    ours = sorted(
        round(a - b, 9)
        for a, low, high in zip(activity, compiled.row_lower, compiled.row_upper, strict=True)
        for b in {x for x in (low, high) if np.isfinite(x)}
    )
    assert np.allclose(bodies, ours, atol=1e-8)
    assert compiled.cost @ point + compiled.constant == pytest.approx(pyo.value(model.pyomo.objective))


def test_every_row_and_column_is_tagged():
    compiled, _ = compile_model(build_model(rich_problem(1)))
    for tags in (compiled.rows, compiled.columns):
        assert "untagged" not in tags.families
    shared = compiled.rows.of_family("budget_shared")
    assert len(shared) and compiled.rows.linking[shared].all()
    assert (compiled.rows.county[compiled.rows.of_family("budget")] >= 0).all()


def test_building_is_deterministic():
    first, second = (compile_model(build_model(rich_problem(2)))[0] for _ in range(2))
    assert (first.matrix != second.matrix).nnz == 0
    assert np.array_equal(first.cost, second.cost)
