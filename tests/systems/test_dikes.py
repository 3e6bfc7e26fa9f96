"""Dike heightening: costs against quadrature, plans against brute force, the bound against every plan known."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from benchmarks.dikes import find_instances, recomputed, run
from optimizer.errors import InputError
from optimizer.systems.protection_dikes import DikeRing, cost_of, solve_dikes

RING = dict(
    name="10", c=16.6939, b=0.6258, growth=0.0014, alpha=0.033027, eta=0.32, zeta=0.003774, value=1564.9,
    probability=0.00044, gamma=0.02, delta=0.04, horizon=300.0,
)  # fmt: skip


def ring(**changes) -> DikeRing:
    return DikeRing(**{**RING, **changes})


def random_ring(seed: int) -> DikeRing:
    rng = np.random.default_rng(seed)
    alpha = float(rng.uniform(0.03, 0.08))
    return ring(
        c=float(rng.uniform(2, 300)), b=float(rng.uniform(0, 2)), growth=float(rng.choice([0.0, 0.004, 0.012])),
        alpha=alpha, eta=float(rng.uniform(0.0, 0.9)), zeta=float(rng.uniform(0, 0.1)) * alpha,
        value=float(10 ** rng.uniform(2, 4.5)), probability=float(10 ** rng.uniform(-4, -2)),
        gamma=float(rng.uniform(-0.01, 0.03)), horizon=float(rng.uniform(40, 300)),
    )  # fmt: skip


def test_costs_are_those_of_the_formulas_by_quadrature():
    one, years, steps = ring(), (20.0, 90.0, 250.0), (50.0, 40.0, 60.0)
    heights = np.cumsum([0.0, *steps])

    def rate(t: float) -> float:
        h = heights[np.searchsorted(years, t, side="right")]
        growth = one.alpha * one.eta + one.gamma
        return one.probability * one.value * np.exp(growth * t - (one.alpha - one.zeta) * h)

    works = sum(
        (one.c + one.b * u) * np.exp(one.growth * h - one.delta * t)
        for t, u, h in zip(years, steps, heights[1:], strict=True)
    )
    ends = [0.0, *years, one.horizon]
    damage = sum(quad(lambda t: rate(t) * np.exp(-one.delta * t), *pair)[0] for pair in itertools.pairwise(ends))
    after = rate(one.horizon) * np.exp(-one.delta * one.horizon) / one.delta
    assert cost_of(one, years, steps) == pytest.approx((works, damage, after), rel=1e-9)
    assert recomputed(one, list(years), list(steps)) == pytest.approx(works + damage + after, rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_on_a_coarse_grid_is_better_and_none_is_below_the_bound(seed):
    one = random_ring(seed)
    plan = solve_dikes(one)
    assert plan.bound <= plan.total * (1 + 1e-12) and plan.gap < 2e-4
    assert list(plan.years) == sorted(plan.years)
    assert sum(cost_of(one, plan.years, plan.heightenings)) == pytest.approx(plan.total, rel=1e-12)
    years, steps = np.linspace(0.0, one.horizon, 7), (30.0, 60.0, 100.0)
    for count in range(3):
        for when in itertools.combinations(years, count):
            for high in itertools.product(steps, repeat=count):
                assert sum(cost_of(one, when, high)) >= plan.total * (1 - 1e-12)


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_no_plan_found_by_a_general_solver_is_better(seed):
    one = random_ring(seed)
    plan, rng = solve_dikes(one), np.random.default_rng(seed)
    for count in range(1, len(plan.years) + 2):
        start = np.concatenate([np.sort(rng.uniform(0, one.horizon, count)), rng.uniform(20, 90, count)])

        def cost(z: np.ndarray, count: int = count) -> float:
            return sum(
                cost_of(one, tuple(np.sort(np.clip(z[:count], 0, one.horizon))), tuple(np.abs(z[count:]) + 1e-9))
            )

        found = minimize(cost, start, method="Nelder-Mead", options={"maxiter": 1500})
        assert found.fun >= plan.bound
        assert found.fun >= plan.total * (1 - 1e-9)


def test_constant_costs_and_an_endless_horizon_give_equal_steps_at_equal_times():
    """The periodic theorem of Eijgenraam et al., up to the effects of the two ends."""
    plan = solve_dikes(ring(growth=0.0))
    gaps = np.diff(plan.years)
    assert np.ptp(plan.heightenings[:3]) < 0.5 and np.ptp(gaps[:2]) < 0.5


def test_where_nothing_pays_nothing_is_built():
    plan = solve_dikes(ring(value=1e-3, horizon=50.0))
    assert plan.years == () and plan.bound == pytest.approx(plan.total, rel=1e-4)


@pytest.mark.parametrize(
    ("key", "value"), [("c", 0.0), ("zeta", 0.1), ("delta", 0.0), ("b", -1.0), ("horizon", np.nan)]
)
def test_bad_parameters_are_named(key, value):
    with pytest.raises(InputError, match=f"dike ring 10: {key}"):
        ring(**{key: value})


def test_bad_plans_are_named():
    with pytest.raises(InputError, match="years must rise"):
        cost_of(ring(), (50.0, 20.0), (10.0, 10.0))


def test_the_suite_reads_both_forms_and_compares(tmp_path):
    keys = {
        "c": "c", "b": "b", "growth": "lambda_", "alpha": "alpha_per_cm", "eta": "eta_cm_per_year", "zeta": "zeta_per_cm",
        "value": "V0_million_EUR", "probability": "P0_per_year", "gamma": "gamma", "delta": "delta",
        "horizon": "horizon_years",
    }  # fmt: skip
    one = ring()
    known = solve_dikes(one)
    content = {
        "dike_ring": 10,
        "parameters": {name: RING[key] for key, name in keys.items()},
        "optimum_computed": {"years": list(known.years), "heightenings_cm": list(known.heightenings)},
    }
    (tmp_path / "dike_ring_10.json").write_text(json.dumps(content))
    (row,) = run(smoke=False, instances=tmp_path)
    assert row["status"] == "optimal" and row["over_reference"] == pytest.approx(0.0, abs=1e-12)
    assert row["years"] and row["heightenings_cm"]
    (tmp_path / "dike_ring_10.json").unlink()
    table = "dike_ring,c_MEUR,b_MEUR_per_cm,lambda_per_cm,alpha_per_cm,eta_cm_per_yr,zeta_per_cm,V0_MEUR,P0_per_yr\n"
    (tmp_path / "parameters.csv").write_text(table + "10,16.6939,0.6258,0.0014,0.033027,0.32,0.003774,1564.9,0.00044\n")
    (found,) = find_instances(tmp_path)
    assert found.ring == one and found.years is None
    (tmp_path / "parameters.csv").write_text(table + "10,x,0.6258,0.0014,0.033027,0.32,0.003774,1564.9,0.00044\n")
    with pytest.raises(InputError, match="row 2: c found 'x'"):
        find_instances(tmp_path)
