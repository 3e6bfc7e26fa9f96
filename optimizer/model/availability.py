"""What is expected to be lost of benefits at places in danger: exact products of cases and bounded benefits."""

from __future__ import annotations

import pyomo.environ as pyo

from optimizer.ledger import Cases, Exposed, Ledger
from optimizer.model.rows import add_rows, at_least, at_most, equal
from optimizer.terms import Terms, one, total


class Availability:
    """``part[e, d, k]``: the exposed benefit ``e`` in the case ``k`` of the danger ``d``, zero in all other cases.

    With whole cases the product is exact, for the parts add up to the benefit and each lies between the case times the
    lowest and the case times the highest that the benefit can be (disaggregation, Balas 1979). Dangers of one place are
    taken to be apart: their losses are added.
    """

    def __init__(self, block: pyo.Block, ledger: Ledger) -> None:
        self.block, self.ledger = block, ledger
        in_danger = {place for place, _ in ledger.dangers}
        found = [entry() for place, entry in ledger.exposed if place in in_danger]
        self.pairs: list[tuple[Exposed, Cases]] = [
            (e, cases) for e in found for cases in ledger.dangers.get((e.place, e.period), []) if any(s for s, _ in cases)
        ]
        block.part = pyo.Var([(i, k) for i, (_, cases) in enumerate(self.pairs) for k in range(len(cases))])

    def add_rules(self) -> None:
        """Add the rows of the products, and take what is lost from the benefits."""
        self.ledger.tag(self.block.part, self._where, structural=True)
        self._add("availability_split", list(range(len(self.pairs))), self._split)
        keys = list(self.block.part)
        self._add("availability_most", keys, self._most)
        self._add("availability_least", keys, self._least)
        for i, (e, cases) in enumerate(self.pairs):
            lost = total(one(self.block.part[i, k], share) for k, (share, _) in enumerate(cases))
            self.ledger.benefit(e.metric, e.county, e.period, lost.scaled(-1.0))

    def _add(self, family: str, keys: list[object], rule: object) -> None:
        add_rows(self.block, self.ledger, family, keys, rule, self._where, structural=True)  # type: ignore[arg-type]

    def _where(self, key: int | tuple[int, int]) -> tuple[int, int]:
        e = self.pairs[key[0] if isinstance(key, tuple) else key][0]
        return e.county, e.period

    def _split(self, i: int) -> object:
        e, cases = self.pairs[i]
        return equal(total(one(self.block.part[i, k]) for k in range(len(cases))).plus(e.terms, -1.0))

    def _case(self, i: int, k: int) -> Terms:
        return self.pairs[i][1][k][1]

    def _most(self, i: int, k: int) -> object:
        return at_most(one(self.block.part[i, k]).plus(self._case(i, k), -self.pairs[i][0].high))

    def _least(self, i: int, k: int) -> object:
        return at_least(one(self.block.part[i, k]).plus(self._case(i, k), -self.pairs[i][0].low))
