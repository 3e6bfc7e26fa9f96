"""Small helpers that turn linear terms into named, tagged Pyomo rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyomo.environ as pyo

from optimizer.errors import InfeasibleError
from optimizer.ledger import Ledger
from optimizer.problem import Problem
from optimizer.terms import Terms

TOLERANCE = 1e-9
MOST_NAMES = 5


class ImpossibleError(Exception):
    """A row without variables does not hold; by how much it is short."""

    def __init__(self, shortage: float) -> None:
        super().__init__(f"short by {shortage:g}, and no decision can change that")
        self.shortage = shortage


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

    ``rule(*key)`` returns :func:`at_most`, :func:`at_least` or :func:`equal`.

    Raises
    ------
    InfeasibleError
        Where rows can never hold, whatever is decided: the family, with counties and periods.
    """
    written: dict[Any, Any] = {}
    short: dict[Any, float] = {}
    for key in keys:
        try:
            written[key] = rule(*key) if isinstance(key, tuple) else rule(key)
        except ImpossibleError as error:
            short[key] = error.shortage
    if short:
        counties, periods = zip(*map(where, short), strict=True)
        raise impossible(ledger.problem, family, counties, periods, list(short.values()))
    component = pyo.Constraint(list(written), rule=lambda _, *key: written[key if len(key) > 1 else key[0]])
    block.add_component(family, component)
    ledger.tag(component, where, structural=structural, linking=linking)


def impossible(
    problem: Problem, family: str, counties: Iterable[int], periods: Iterable[int], short: Sequence[float]
) -> InfeasibleError:
    """What to raise where rows can never hold; county (-1: none), period and shortage of each row."""
    told, when = (sorted({int(i) for i in places if i >= 0}) for places in (counties, periods))
    what = conflict(problem, family, told, when, len(short), float(sum(short)))
    return InfeasibleError(f"No plan obeys all rules. Whatever is built, this does not hold:\n  - {what}", [family])


def conflict(
    problem: Problem, family: str, counties: Sequence[int], periods: Sequence[int], rows: int, shortage: float
) -> str:
    """Rows of one family that cannot hold, in words: where, when, by how much."""
    both = zip(*(problem.sequence[f"county_name_{lang}"].values[list(counties)] for lang in ("zh", "en")), strict=True)
    names = [zh if zh == en else f"{zh} {en}" for zh, en in both]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    where = f" in {', '.join(names[:MOST_NAMES])}{more}" if names else ""
    when = f", {', '.join(problem.horizon.labels[t] for t in periods)}" if periods else ""
    return f"{family}{where}{when}: {rows} row(s), short by {shortage:g} in all"


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
        below = 0.0 if lower is None else lower - terms.constant
        above = 0.0 if upper is None else terms.constant - upper
        if max(below, above) > TOLERANCE:
            raise ImpossibleError(max(below, above))
        return pyo.Constraint.Skip
    return (
        None if lower is None else lower - terms.constant,
        Terms(0.0, terms.coefs, terms.variables).expression(),
        None if upper is None else upper - terms.constant,
    )
