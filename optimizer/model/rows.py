"""Small helpers that turn linear terms into named, tagged Pyomo rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyomo.environ as pyo

from optimizer.errors import InfeasibleError
from optimizer.ledger import Ledger
from optimizer.terms import Terms

TOLERANCE = 1e-9


def add_rows(
    block: pyo.Block,
    ledger: Ledger,
    family: str,
    keys: Iterable[Any],
    rule: Callable[..., Any],
    where: Callable[[Any], tuple[int, int]],
    *,
    structural: bool = False,
    linking: bool = False,
) -> None:
    """Add one constraint family to a block, tagged with what each row is about.

    ``rule(*key)`` returns :func:`at_most`, :func:`at_least` or :func:`equal`; a row that can never hold raises
    :class:`InfeasibleError` with the family's name.
    """

    def checked(_: pyo.Block, *key: Any) -> Any:
        try:
            return rule(*key)
        except InfeasibleError as error:
            raise InfeasibleError(f"{family} {key}: {error}", [family]) from None

    component = pyo.Constraint(list(keys), rule=checked)
    block.add_component(family, component)
    ledger.tag(component, where, structural=structural, linking=linking)


def at_most(terms: Terms, limit: float = 0.0) -> Any:
    """``terms <= limit`` as what a Pyomo rule returns; rows without variables are skipped when they hold."""
    return _row(terms, None, limit)


def at_least(terms: Terms, limit: float = 0.0) -> Any:
    """``terms >= limit``."""
    return _row(terms, limit, None)


def equal(terms: Terms, value: float = 0.0) -> Any:
    """``terms == value``."""
    return _row(terms, value, value)


def _row(terms: Terms, lower: float | None, upper: float | None) -> Any:
    if not terms.variables:
        below = lower is not None and terms.constant < lower - TOLERANCE
        above = upper is not None and terms.constant > upper + TOLERANCE
        if below or above:
            raise InfeasibleError(f"found {terms.constant:g}, allowed {lower} to {upper}")
        return pyo.Constraint.Skip
    return (
        None if lower is None else lower - terms.constant,
        Terms(0.0, terms.coefs, terms.variables).expression(),
        None if upper is None else upper - terms.constant,
    )
