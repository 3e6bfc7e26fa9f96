"""Linear terms: the light form in which model parts speak to each other before Pyomo sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pyomo.core.expr import LinearExpression
from pyomo.repn import generate_standard_repn


class Terms(NamedTuple):
    """``constant + sum(coefs * variables)``."""

    constant: float
    coefs: list[float]
    variables: list[Any]

    def scaled(self, factor: float) -> Terms:
        return Terms(self.constant * factor, [factor * c for c in self.coefs], self.variables)

    def plus(self, other: Terms, factor: float = 1.0) -> Terms:
        """Add ``factor`` times another; variables may repeat."""
        return Terms(
            self.constant + factor * other.constant,
            self.coefs + [factor * c for c in other.coefs],
            self.variables + other.variables,
        )

    def expression(self) -> LinearExpression:
        return LinearExpression(constant=self.constant, linear_coefs=self.coefs, linear_vars=self.variables)


NOTHING = Terms(0.0, [], [])


def one(variable: Any, coef: float = 1.0) -> Terms:
    """A single variable."""
    return Terms(0.0, [coef], [variable])


def total(parts: Iterable[Terms]) -> Terms:
    """Sum of many terms."""
    constant, coefs, variables = 0.0, [], []
    for part in parts:
        constant += part.constant
        coefs += part.coefs
        variables += part.variables
    return Terms(constant, coefs, variables)


def as_terms(expression: Any) -> Terms:
    """Terms of a number, a variable or any linear Pyomo expression."""
    if isinstance(expression, Terms):
        return expression
    if isinstance(expression, (int, float)):
        return Terms(float(expression), [], [])
    if isinstance(expression, LinearExpression):
        return Terms(float(expression.constant), list(expression.linear_coefs), list(expression.linear_vars))
    repn = generate_standard_repn(expression)
    if not repn.is_linear():
        raise ValueError(f"not linear: {expression}")
    return Terms(float(repn.constant), [float(c) for c in repn.linear_coefs], list(repn.linear_vars))


def merged(terms: Terms) -> Terms:
    """The same with each variable once, and none whose coefficients cancel."""
    coefs: dict[int, float] = {}
    variables: dict[int, Any] = {}
    for coef, variable in zip(terms.coefs, terms.variables, strict=True):
        coefs[id(variable)] = coefs.get(id(variable), 0.0) + coef
        variables[id(variable)] = variable
    kept = [key for key, coef in coefs.items() if abs(coef) > 1e-12]
    return Terms(terms.constant, [coefs[key] for key in kept], [variables[key] for key in kept])
