"""Compiled: the whole model once as sparse matrix, with a tag on every row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from optimizer.ledger import Ledger, Tag, nowhere
from optimizer.model.assembly import Model
from optimizer.model.extracted import extracted
from optimizer.model.hulls import LocalHull
from optimizer.model.linear import Columns, Rows, stacked
from optimizer.terms import Terms

UNTAGGED = Tag("untagged", "", nowhere)


@dataclass(frozen=True)
class Tags:
    """One entry a row (or column): names as indices into ``families`` and ``systems``, -1 for no county or period."""

    families: tuple[str, ...]
    systems: tuple[str, ...]
    family: np.ndarray
    system: np.ndarray
    county: np.ndarray
    period: np.ndarray
    linking: np.ndarray
    structural: np.ndarray

    def of_family(self, name: str) -> np.ndarray:
        """Positions of a family's rows or columns."""
        return (
            np.flatnonzero(self.family == self.families.index(name)) if name in self.families else np.empty(0, np.int64)
        )


@dataclass(frozen=True)
class Compiled:
    """``maximise costs[metric] @ x + constants[metric]`` subject to ``row_lower <= matrix @ x <= row_upper``.

    Parameters
    ----------
    matrix
        (rows, columns) CSC.
    row_lower, row_upper, col_lower, col_upper, integer
        Bounds and integrality.
    costs, constants
        Every named metric over the columns; the first of ``ranks`` is maximised first.
    rows, columns
        Tags.
    hulls
        Parts whose states are known, for rows beyond these.
    """

    matrix: sp.csc_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    col_lower: np.ndarray
    col_upper: np.ndarray
    integer: np.ndarray
    costs: dict[str, np.ndarray]
    constants: dict[str, float]
    ranks: tuple[str, ...]
    rows: Tags
    columns: Tags
    hulls: tuple[LocalHull, ...] = ()

    @property
    def cost(self) -> np.ndarray:
        return self.costs[self.ranks[0]]

    @property
    def constant(self) -> float:
        return self.constants[self.ranks[0]]

    def with_bound(self, metric: str, at_least: float) -> Compiled:
        """The same with a row that keeps a metric at or above a value (`objective_bound`)."""
        row, low = sp.csr_matrix(self.costs[metric]), np.array([at_least - self.constants[metric]])
        return self.with_rows("objective_bound", row, low, np.array([np.inf]), linking=True)

    def with_rows(
        self,
        family: str | Sequence[str],
        matrix: sp.csr_matrix,
        lower: np.ndarray,
        upper: np.ndarray,
        *,
        system: str | Sequence[str] = "",
        county: int | np.ndarray = -1,
        period: int | np.ndarray = -1,
        linking: bool = False,
        structural: bool = False,
    ) -> Compiled:
        """The same with rows below; ``family``, ``system``, ``county`` and ``period`` for all or for each."""
        n, tags = matrix.shape[0], self.rows
        families, family_of = _indexed(tags.families, [family] * n if isinstance(family, str) else family)
        systems, system_of = _indexed(tags.systems, [system] * n if isinstance(system, str) else system)
        rows = Tags(
            families,
            systems,
            np.append(tags.family, family_of),
            np.append(tags.system, system_of),
            np.append(tags.county, np.broadcast_to(county, n)),
            np.append(tags.period, np.broadcast_to(period, n)),
            np.append(tags.linking, np.full(n, linking)),
            np.append(tags.structural, np.full(n, structural)),
        )
        return replace(
            self,
            matrix=sp.vstack([self.matrix, matrix], format="csc"),
            rows=rows,
            row_lower=np.append(self.row_lower, lower),
            row_upper=np.append(self.row_upper, upper),
        )

    def with_ranks(self, *ranks: str) -> Compiled:
        """The same with other metrics to maximise."""
        return replace(self, ranks=ranks)


def _indexed(known: tuple[str, ...], names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The known names with the new ones, and the place of each name given among them."""
    place = {name: i for i, name in enumerate(known)}
    found = np.array([place.setdefault(name, len(place)) for name in names], np.int64)
    return tuple(place), found


def compile_model(model: Model) -> tuple[Compiled, list[Any]]:
    """Compile a model.

    Returns
    -------
    compiled
        The arrays.
    variables
        Pyomo variables in the order of the columns.
    """
    found = extracted(model.pyomo)
    position = _positions(found.columns, model)
    variables = found.columns.variables
    matrix = sp.csc_matrix(found.matrix)
    matrix.resize(matrix.shape[0], len(variables))
    compiled = Compiled(
        matrix=matrix,
        row_lower=found.lower,
        row_upper=found.upper,
        col_lower=np.array([-np.inf if v.lb is None else v.lb for v in variables], float),
        col_upper=np.array([np.inf if v.ub is None else v.ub for v in variables], float),
        integer=np.array([v.is_integer() or v.is_binary() for v in variables], bool),
        costs={name: _vector(terms, position) for name, terms in model.metrics.items()},
        constants={name: terms.constant for name, terms in model.metrics.items()},
        ranks=model.problem.objective.metrics,
        rows=_tags(model.ledger, found.constraints),
        columns=_tags(model.ledger, variables),
        hulls=tuple(entered.compiled(position) for entered in model.ledger.hulls),
    )
    compiled = _with_families(compiled, model.ledger.rows, position)
    for bound in model.problem.objective.bounds:
        compiled = compiled.with_bound(bound.metric, bound.at_least)
    return compiled, variables


def _positions(columns: Columns, model: Model) -> dict[int, int]:
    """Column of every variable by its ``id``; those that no constraint names come last."""
    for terms in model.metrics.values():
        for variable in terms.variables:
            columns.place(variable)
    for entered in {id(rows.columns): rows.columns for rows in model.ledger.rows}.values():
        for variable in entered.variables:
            columns.place(variable)
    return {id(v): i for i, v in enumerate(columns.variables)}


def _with_families(compiled: Compiled, families: Sequence[Rows], position: dict[int, int]) -> Compiled:
    """The model with the rows that systems gave as arrays."""
    if not families:
        return compiled
    return compiled.with_rows(
        [rows.family for rows in families for _ in rows.lower],
        stacked(families, position),
        np.concatenate([rows.lower for rows in families]),
        np.concatenate([rows.upper for rows in families]),
        system=[rows.system for rows in families for _ in rows.lower],
        county=np.concatenate([rows.county for rows in families]),
        period=np.concatenate([rows.period for rows in families]),
        structural=True,
    )


def _vector(terms: Terms, position: dict[int, int]) -> np.ndarray:
    cost = np.zeros(len(position))
    np.add.at(cost, [position[id(v)] for v in terms.variables], terms.coefs)
    return cost


def _tags(ledger: Ledger, members: list[Any]) -> Tags:
    families: dict[str, int] = {}
    systems: dict[str, int] = {}
    count = len(members)
    family, system, county, period = (np.full(count, -1, np.int64) for _ in range(4))
    linking, structural = np.zeros(count, bool), np.zeros(count, bool)
    for i, member in enumerate(members):
        tag = ledger.tags.get(id(member.parent_component()), UNTAGGED)
        family[i] = families.setdefault(tag.family, len(families))
        system[i] = systems.setdefault(tag.system, len(systems))
        county[i], period[i] = tag.where(member.index())
        linking[i], structural[i] = tag.linking, tag.structural
    return Tags(tuple(families), tuple(systems), family, system, county, period, linking, structural)
