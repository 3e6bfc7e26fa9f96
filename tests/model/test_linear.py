"""Families of rows as arrays say what the same rows say in Pyomo."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizer.draft import Draft
from optimizer.errors import InfeasibleError
from optimizer.horizon import Horizon
from optimizer.ledger import Ledger
from optimizer.model.linear import Columns, Linear, Rows, stacked

WHERE = np.zeros(2, np.int64), np.zeros(2, np.int64)


def _columns() -> tuple[Columns, pyo.ConcreteModel, np.ndarray]:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(3))
    columns = Columns()
    return columns, model, columns.places(model.x)


def _ledger() -> Ledger:
    draft = Draft(Horizon(2025, (1, 1), 0.08))
    for name in ("A", "B"):
        draft.county(name)
    return Ledger(draft.freeze(), None, "s")


def test_functions_are_what_they_say() -> None:
    columns, model, places = _columns()
    x = Linear.of(places, 3)
    point = np.array([2.0, 3.0, 5.0])
    value = x.times(np.array([1.0, 2.0, 3.0])).plus(Linear.fixed(np.ones(3), 3), 10.0).minus(x.picked(places[::-1]))
    assert (value.matrix @ point + value.constant).tolist() == [2 + 10 - 5, 6 + 10 - 3, 15 + 10 - 2]
    assert (x.summed(np.array([0, -1, 0]), 2).matrix @ point).tolist() == [7.0, 0.0]
    terms = value.terms(columns)[0]
    body = terms.constant + sum(c * point[v.index()] for c, v in zip(terms.coefs, terms.variables, strict=True))
    assert body == 7.0
    assert columns.place(model.x[1]) == 1 and len(columns.variables) == 3


def test_constants_move_to_the_bounds_and_empty_rows_go() -> None:
    columns, model, places = _columns()
    left = Linear.of(places[:2], 3).plus(Linear.fixed(np.array([1.0, 4.0]), 3)).times(np.array([1.0, 0.0]))
    rows = Rows.of(_ledger(), "family", columns, left, (-np.inf, 5.0), WHERE)
    assert rows.upper.tolist() == [4.0] and rows.matrix.shape == (1, 3)
    position = {id(v): 2 - i for i, v in enumerate(model.x.values())}
    assert stacked([rows], position).toarray().tolist() == [[0.0, 0.0, 1.0]]


def test_rows_that_bounds_keep_are_left_out() -> None:
    """x0 + x1 <= 3 and x0 - x1 <= 0.5 with x0 in 0..1 and x1 in 0..2; x2 has no upper bound."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(3), bounds=lambda _, i: (0, (1, 2, None)[i]))
    columns = Columns()
    x = [Linear.of(np.array([place]), 3) for place in columns.places(model.x)]
    one = np.zeros(1, np.int64), np.zeros(1, np.int64)

    def kept(left: Linear, lower: float, upper: float) -> int:
        return Rows.of(_ledger(), "family", columns, left, (lower, upper), one).matrix.shape[0]

    assert kept(x[0].plus(x[1]), -np.inf, 3.0) == 0
    assert kept(x[0].plus(x[1]), -np.inf, 2.9) == 1
    assert kept(x[0].minus(x[1]), -2.0, np.inf) == 0
    assert kept(x[0].minus(x[1]), -2.0, 0.5) == 1
    assert kept(x[2], 0.0, np.inf) == 0
    assert kept(x[2], 0.0, 1e9) == 1


def test_empty_rows_that_cannot_hold_are_told_with_counties_and_periods() -> None:
    columns, _, _ = _columns()
    left = Linear.fixed(np.array([0.0, 7.0, 6.5]), 3)
    where = np.array([0, 1, 1]), np.array([0, 0, 1])
    with pytest.raises(InfeasibleError, match=r"family in B, 2025, 2026: 2 row\(s\), short by 3.5 in all") as caught:
        Rows.of(_ledger(), "family", columns, left, (-np.inf, 5.0), where)
    assert caught.value.groups == ["family"]
