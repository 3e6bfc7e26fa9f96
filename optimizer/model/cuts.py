"""Rows that simulations send back, added to a compiled model; whoever reads rows by tag finds them as any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp

from optimizer.model.assembly import Model
from optimizer.model.compiled import Compiled
from optimizer.systems.protocol import ColumnTag, Cut

FAMILY = "cut"


def columns_by_tag(model: Model, variables: Sequence[object]) -> Callable[[ColumnTag], int]:
    """Where a tagged column stands among the variables of a compiled model.

    Raises
    ------
    KeyError
        At a call: no such variable, or one that enters no row.
    """
    position = {id(variable): i for i, variable in enumerate(variables)}

    def column(tag: ColumnTag) -> int:
        block = model.pyomo.systems.component(tag.system) if tag.system else model.pyomo.sequence
        key = tag.index if len(tag.index) != 1 else tag.index[0]
        return position[id(block.component(tag.family)[key])]

    return column


def with_cuts(compiled: Compiled, cuts: Sequence[Cut], column: Callable[[ColumnTag], int]) -> Compiled:
    """The model with a row for each cut, tagged with the system, county and period of its first column that has them."""
    if not cuts:
        return compiled
    at = [[column(tag) for tag in cut.columns] for cut in cuts]
    rows = np.repeat(np.arange(len(cuts)), [len(columns) for columns in at])
    coefs = np.concatenate([cut.coefs for cut in cuts])
    matrix = sp.csr_matrix((coefs, (rows, np.concatenate(at))), shape=(len(cuts), compiled.matrix.shape[1]))
    tags, rhs = compiled.columns, np.array([cut.rhs for cut in cuts])
    sense = np.array([cut.sense for cut in cuts])
    return compiled.with_rows(
        FAMILY,
        matrix,
        np.where(sense == "<=", -np.inf, rhs),
        np.where(sense == ">=", np.inf, rhs),
        system=[cut.columns[0].system for cut in cuts],
        county=np.array([_first(tags.county[columns]) for columns in at]),
        period=np.array([_first(tags.period[columns]) for columns in at]),
        structural=True,
    )


def _first(values: np.ndarray) -> int:
    known = values[values >= 0]
    return int(known[0]) if len(known) else -1
