"""Rows that simulations send back: found by tag, tagged themselves, seen by whoever splits the model."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.model.cuts import FAMILY, columns_by_tag, with_cuts
from optimizer.solve.blocks import find_blocks
from optimizer.solve.solve import build, solve_built
from optimizer.systems.protocol import ColumnTag, Cut
from tests.core_problems import rich_problem
from tests.systems.tiny_runs import EXACT


def test_a_cut_is_a_row_over_its_columns() -> None:
    built = build(rich_problem(0))
    p, t = next(iter(built.model.pyomo.sequence.started))
    cut = Cut((ColumnTag("", "started", (p, t)),), (1.0,), "<=", 0.0, True, "never")
    more = built.with_cuts([cut])
    column = columns_by_tag(built.model, built.variables)(cut.columns[0])
    row = more.compiled.matrix.tocsr()[-1]
    assert row.indices.tolist() == [column] and row.data.tolist() == [1.0]
    assert more.compiled.row_lower[-1] == -np.inf and more.compiled.row_upper[-1] == 0.0
    assert more.compiled.rows.of_family(FAMILY).tolist() == [built.compiled.matrix.shape[0]]
    assert more.compiled.rows.county[-1] == built.compiled.columns.county[column] >= 0
    assert not more.compiled.rows.linking[-1]
    assert built.compiled.rows.of_family(FAMILY).size == 0


def test_a_cut_is_obeyed_and_only_worsens_the_best() -> None:
    built = build(rich_problem(0))
    before = solve_built(built, EXACT)
    p, _ = np.argwhere(before.decisions["start"].values)[0]
    last = max(tau for q, tau in built.model.pyomo.sequence.started if q == p)
    after = solve_built(built.with_cuts([Cut((ColumnTag("", "started", (p, last)),), (1.0,), "<=", 0.0, True)]), EXACT)
    assert after.decisions["start"].values[p].sum() == 0
    assert after.objective <= before.objective + 1e-9


def test_blocks_hold_every_cut() -> None:
    built = build(rich_problem(0))
    keys = list(built.model.pyomo.sequence.started)[:2]
    cuts = [Cut((ColumnTag("", "started", key),), (1.0,), ">=", 0.0, True) for key in keys]
    more = with_cuts(built.compiled, cuts, columns_by_tag(built.model, built.variables))
    split = find_blocks(more)
    inside = np.concatenate([block.rows for block in split.blocks])
    assert set(more.rows.of_family(FAMILY)) <= set(inside)


def test_unknown_columns_are_refused() -> None:
    built = build(rich_problem(0))
    with pytest.raises(KeyError):
        built.with_cuts([Cut((ColumnTag("", "started", (10**6, 0)),), (1.0,), "<=", 0.0, True)])
