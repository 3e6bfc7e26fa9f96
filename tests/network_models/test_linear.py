"""First-order iterations over linear programmes, against HiGHS."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from network_models.linear.halpern import Halpern, Look
from network_models.linear.programme import Programme, magnitude, scaled

SEEDS = range(6)


def programme(seed: int) -> Programme:
    """One with a solution; rows with one limit, both, or equal ones; columns with and without limits; units apart by 1e6."""
    random = np.random.default_rng(seed)
    m, n = 40, 60
    dense = np.where(random.random((m, n)) < 0.15, random.normal(size=(m, n)), 0.0)
    inside, prices = random.random(n), np.where(random.random(m) < 0.5, random.normal(size=m), 0.0)
    used = dense @ inside
    kind = random.integers(0, 4, m)
    prices = np.where(kind == 0, np.maximum(prices, 0), np.where(kind == 1, np.minimum(prices, 0), prices))
    row_lower = np.where(kind == 1, -np.inf, used - (prices <= 0) * (kind != 3) * random.random(m))
    row_upper = np.where(kind == 0, np.inf, used + (prices >= 0) * (kind != 3) * random.random(m))
    free = random.random(n) < 0.2
    left = np.where(free, 0.0, random.random(n))  # of costs once prices are paid: such columns are at their lower limits
    lower = np.where(left > 0, inside, -1.0)
    upper = np.where(free, np.inf, inside + 1.0)
    row, column = 10.0 ** random.uniform(-3, 3, m), 10.0 ** random.uniform(-3, 3, n)
    matrix = sp.csr_matrix(row[:, None] * dense * column)
    cost = (dense.T @ prices + left) * column
    return Programme(matrix, cost, lower / column, upper / column, row_lower * row, row_upper * row, 5.0)


def exact(given: Programme) -> float:
    """The least cost, by HiGHS."""
    rows = sp.vstack([given.matrix, -given.matrix])
    most = np.append(given.row_upper, -given.row_lower)
    kept = np.isfinite(most)
    found = linprog(given.cost, rows.tocsr()[kept], most[kept], bounds=np.column_stack([given.lower, given.upper]), method="highs")
    assert found.status == 0
    return float(found.fun) + given.constant


def after(iterations: Halpern, least: int) -> Look:
    """The first look after so many iterations."""
    return next(look for look in iterations.looks() if look.iterations >= least)


@pytest.mark.parametrize("seed", SEEDS)
def test_iterations_come_to_what_highs_finds(seed: int):
    given = programme(seed)
    iterations, optimum = Halpern(given), exact(given)
    near = 1e-4 * abs(optimum)
    look = next(
        look
        for look in iterations.looks()
        if look.iterations > 100_000 or max(abs(look.primal - optimum), abs(look.dual - optimum)) < near
    )
    assert look.iterations <= 100_000 and look.broken < 1e-3 and look.wrong < 1e-3
    x, y = iterations.solution
    assert given.cost @ x + given.constant == pytest.approx(look.primal)
    assert (x >= given.lower - 1e-9 * np.abs(given.lower)).all() and (x <= given.upper + 1e-9 * np.abs(given.upper)).all()
    left = given.cost - given.matrix.T @ y
    used, held = np.where(y > 0, given.row_lower, given.row_upper), np.where(left > 0, given.lower, given.upper)
    value = y[np.isfinite(used)] @ used[np.isfinite(used)] + left[np.isfinite(held)] @ held[np.isfinite(held)]
    assert value + given.constant == pytest.approx(look.dual)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_of_any_moment_prove_no_more_than_is_true(seed: int):
    """Where every column has limits, whatever the prices are."""
    given = programme(seed)
    bounded = Programme(
        given.matrix, given.cost, given.lower, np.minimum(given.upper, given.lower + 10.0 * (1.0 + np.abs(given.lower))),
        given.row_lower, given.row_upper, given.constant,
    )
    optimum = exact(bounded)
    assert all(look.dual <= optimum + 1e-9 * abs(optimum) and look.wrong == 0.0 for look in islice(Halpern(bounded).looks(), 50))


def test_threads_change_nothing():
    given = programme(0)
    one, three = (after(Halpern(given, threads), 500) for threads in (1, 3))
    assert one == three


@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_programmes_are_those_given_in_other_units(seed: int):
    given = programme(seed)
    made = scaled(given)
    inner = made.programme
    assert np.linalg.norm(inner.matrix.toarray(), 2) <= 1.0 + 1e-9
    norms = [np.linalg.norm(v) for v in (inner.cost, magnitude(inner.row_lower, inner.row_upper))]
    assert max(norms) <= 1.0 and min(norms) > 0.1
    x = np.random.default_rng(seed).normal(size=len(inner.cost))
    values, _ = made.solution(x, np.zeros(len(inner.row_lower)))
    assert given.cost @ values + given.constant == pytest.approx((inner.cost @ x + inner.constant) / (made.amount * made.money))
    assert (given.matrix @ values) * made.row * made.amount == pytest.approx(inner.matrix @ x)


def test_a_row_and_a_column_without_entries_do_no_harm():
    one = np.ones(2)
    empty = Programme(sp.csr_matrix([[1.0, 0.0], [0.0, 0.0]]), -one, 0.0 * one, one, -one, 0.5 * one)
    assert after(Halpern(empty), 500).dual == pytest.approx(-1.5, rel=1e-3)
