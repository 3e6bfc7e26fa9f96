"""The constraints of a Pyomo model as arrays, read from the linear expressions that the rules returned.

The rules return linear expressions as lists of coefficients and variables; reading those lists takes a fraction of the
time of Pyomo's own compiler of standard forms, which walks every expression. Any other linear expression is read too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.gc_manager import PauseGC

from optimizer.model.linear import Columns
from optimizer.terms import as_terms


@dataclass(frozen=True)
class Extracted:
    """Rows ``lower <= matrix @ x <= upper`` in the order of the model's constraints; ``columns`` holds the variables."""

    matrix: sp.csr_matrix
    lower: np.ndarray
    upper: np.ndarray
    constraints: list[Any]
    columns: Columns


def extracted(model: pyo.ConcreteModel) -> Extracted:
    """Read every active constraint; variables stand in the order in which objective and rows name them.

    Raises
    ------
    ValueError
        An expression that is not linear.
    """
    with PauseGC():
        return _extracted(model)


def _extracted(model: pyo.ConcreteModel) -> Extracted:
    columns = Columns()
    for objective in model.component_data_objects(pyo.Objective, active=True):
        for variable in as_terms(objective.expr).variables:
            columns.place(variable)
    constraints = list(model.component_data_objects(pyo.Constraint, active=True))
    coefs: list[float] = []
    places: list[int] = []
    ends, lower, upper = [0], np.full(len(constraints), -np.inf), np.full(len(constraints), np.inf)
    for i, constraint in enumerate(constraints):
        low, body, high = constraint.to_bounded_expression(evaluate_bounds=True)
        terms = as_terms(body)
        coefs += terms.coefs
        places += map(columns.place, terms.variables)
        ends.append(len(coefs))
        lower[i] = -np.inf if low is None else low - terms.constant
        upper[i] = np.inf if high is None else high - terms.constant
    shape = len(constraints), len(columns.variables)
    matrix = sp.csr_matrix((coefs, places, ends), shape=shape, dtype=float)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return Extracted(matrix, lower, upper, constraints, columns)
