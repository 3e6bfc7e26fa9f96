"""Rules about services: what one candidate needs of another's service, and how evenly counties are served."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import Ledger
from optimizer.model.rows import add_rows, at_least, at_most
from optimizer.model.sequence import Sequence
from optimizer.problem import ANY, EquityFloor, Problem
from optimizer.terms import Terms, one, total

LOWEST_SERVICE = "lowest_service"


def enter_needs(problem: Problem, sequence: Sequence, ledger: Ledger) -> None:
    """Enter what candidates need of services at their places (`service_needs`)."""
    seq = problem.sequence
    built = [[int(s) for s in np.flatnonzero((seq["state_candidate"].values == need.candidate) & ~seq["state_initial"].values)]
             if need.state == ANY else [need.state] for need in problem.needs]  # fmt: skip
    for need, states in zip(problem.needs, built, strict=True):
        for t in range(problem.horizon.n_periods):
            standing = total(sequence.in_state(s, t) for s in states)
            if standing.variables or standing.constant:
                ledger.need_service(need.place, need.commodity, t, standing)


class Services:
    """Dependence between places and services, and equity among counties."""

    def __init__(self, block: pyo.Block, ledger: Ledger) -> None:
        self.block, self.ledger = block, ledger
        self.served: dict[tuple[str, int, int], Terms] = {}
        self.demand: dict[tuple[str, int, int], float] = defaultdict(float)
        parts: dict[tuple[str, int, int], list[Terms]] = defaultdict(list)
        for entry in ledger.service:
            key = entry.system, entry.county, entry.period
            parts[key].append(entry.served)
            self.demand[key] += entry.demand
        self.served = {key: total(terms) for key, terms in parts.items() if self.demand[key] > 0}
        block.lowest = pyo.Var(bounds=(0, 1))

    def level(self, key: tuple[str, int, int]) -> Terms:
        """Share of a county's demand that is served."""
        return self.served[key].scaled(1 / self.demand[key])

    def add_rules(self, floors: tuple[EquityFloor, ...], last_period: int, with_lowest: bool) -> None:
        """Add the rows of `dependence`, `equity` and the definition of the lowest service."""
        self.ledger.tag(self.block.lowest, lambda _: (-1, last_period), linking=True)
        self._dependence()
        self._equity(floors)
        if with_lowest:
            self._lowest_service(last_period)

    def _dependence(self) -> None:
        def rule(i: int) -> object:
            place, commodity, period, needed = self.ledger.needs[i]
            return at_most(needed.plus(self.ledger.availability(place, commodity, period), -1.0))

        add_rows(
            self.block,
            self.ledger,
            "dependence",
            range(len(self.ledger.needs)),
            rule,
            lambda i: (-1, self.ledger.needs[i][2]),
        )

    def _equity(self, floors: tuple[EquityFloor, ...]) -> None:
        def rule(f: int, county: int, period: int) -> object:
            return at_least(self.level((floors[f].system, county, period)), floors[f].level)

        keys = [
            (f, county, period)
            for f, floor in enumerate(floors)
            for system, county, period in self.served
            if system == floor.system and county in floor.counties and period >= floor.period
        ]
        add_rows(self.block, self.ledger, "equity", keys, rule, lambda key: (key[1], key[2]))

    def _lowest_service(self, last_period: int) -> None:
        def rule(*key: object) -> object:
            return at_most(one(self.block.lowest).plus(self.level(key), -1.0))  # type: ignore[arg-type]

        keys = [key for key in self.served if key[2] == last_period]
        add_rows(
            self.block,
            self.ledger,
            LOWEST_SERVICE,
            keys,
            rule,
            lambda key: (key[1], key[2]),
            structural=True,
            linking=True,
        )
