"""Money: what is spent where and when, and which source pays. By county, system and period (docs/formulation.md)."""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import Ledger
from optimizer.model.corridors import Corridors
from optimizer.model.rows import add_rows, at_least, at_most, equal
from optimizer.model.sequence import Sequence
from optimizer.problem import POOL, Problem
from optimizer.terms import NOTHING, Terms, one, total

MILLION = 1e6
Group = tuple[int, int, int]
"""County, system, period."""


class Funding:
    """``spent[county, system, period]`` and ``paid[source, county, system, period]``, in 10^6 CNY."""

    def __init__(
        self, block: pyo.Block, problem: Problem, sequence: Sequence, corridors: Corridors, ledger: Ledger
    ) -> None:
        self.block, self.problem, self.sequence = block, problem, sequence
        self.periods = range(problem.horizon.n_periods)
        self.fund = {name: problem.funding[name].values for name in problem.funding.data_vars}
        self.costs = self._costs(corridors, ledger)
        block.spent = pyo.Var(list(self.costs), domain=pyo.Reals)
        block.paid = pyo.Var(self._payers(), domain=pyo.NonNegativeReals)
        block.carried = pyo.Var(self._carriers(), domain=pyo.NonNegativeReals)
        self._by_owner: dict[tuple[int, int, int], list[Terms]] = defaultdict(list)
        self._by_group: dict[Group, list[tuple[int, Terms]]] = defaultdict(list)
        for (k, county, system, t), var in block.paid.items():
            self._by_owner[k, self._owner(k, county), t].append(one(var))
            self._by_group[county, system, t].append((k, one(var)))

    def _costs(self, corridors: Corridors, ledger: Ledger) -> dict[Group, Terms]:
        """Spending of every group that can spend anything."""
        parts: dict[Group, list[Terms]] = defaultdict(list)
        system_of = self.problem.system_of_candidate()
        table = self.sequence.timetable
        for p, starts in enumerate(table.starts):
            county, system = self.sequence.county_of[p], int(system_of[self.sequence.candidate_of[p]])
            for start in starts:
                for t, amount in table.spending(p, start).items():
                    parts[county, system, t].append(self.sequence.start(p, start).scaled(amount / MILLION))
            if p in table.in_flight:
                for t, amount in table.spending_in_flight(p).items():
                    parts[county, system, t].append(Terms(amount / MILLION, [], []))
        for (system_name, county, t), entered in ledger.spending.items():
            parts[county, self.problem.system_names.index(system_name), t] += entered
        county_of = self.problem.sequence["candidate_county"].values
        for candidate, t, saved in corridors.savings():
            parts[int(county_of[candidate]), int(system_of[candidate]), t].append(saved.scaled(-1.0))
        return {group: total(terms) for group, terms in sorted(parts.items())}

    def spent(self) -> list[tuple[int, Terms]]:
        """Spending by period, 10^6 CNY, for the objective."""
        return [(t, one(var)) for (_, _, t), var in self.block.spent.items()]

    @property
    def limited(self) -> bool:
        """Whether money is limited at all."""
        return self.problem.funding.sizes["source"] > 0

    def _owner(self, k: int, county: int) -> int:
        return 0 if self.fund["pooled"][k] else county + 1

    def _payers(self) -> list[tuple[int, int, int, int]]:
        sources = range(self.problem.funding.sizes["source"])
        has_money = self.fund["budget"].sum(axis=2) > 0
        return [
            (k, c, s, t)
            for c, s, t in self.costs
            for k in sources
            if self.fund["eligible"][k, s] and has_money[k, self._owner(k, c)]
        ]

    def _carriers(self) -> list[tuple[int, int, int]]:
        budget, share = self.fund["budget"], self.fund["carry_over_share"]
        return [
            (int(k), int(o), int(t)) for k, o, t in np.argwhere(budget > 0) if share[k] > 0 and t < self.periods[-1]
        ]

    # ---- rules, one method a family
    def add_rules(self, ledger: Ledger) -> None:
        """Add every family of rows of money."""
        ledger.tag(self.block.spent, self._of_group, structural=True)
        ledger.tag(self.block.paid, lambda key: (key[1], key[3]))
        ledger.tag(self.block.carried, lambda key: (key[1] - 1, key[2]))
        self._spending(ledger)
        if self.limited:
            self._funding_balance(ledger)
            self._max_share(ledger)
            self._own_share(ledger)
            self._budget(ledger)
            self._carry_over(ledger)
            self._debt_service(ledger)

    def _spending(self, ledger: Ledger) -> None:
        def rule(*key: int) -> object:
            group = (key[0], key[1], key[2])
            return equal(one(self.block.spent[group]).plus(self.costs[group], -1.0))

        add_rows(self.block, ledger, "spending", self.costs, rule, self._of_group, structural=True)

    def _funding_balance(self, ledger: Ledger) -> None:
        def rule(*key: int) -> object:
            group = (key[0], key[1], key[2])
            return equal(total(paid for _, paid in self._by_group[group]).plus(one(self.block.spent[group]), -1.0))

        add_rows(self.block, ledger, "funding_balance", self.costs, rule, self._of_group)

    def _max_share(self, ledger: Ledger) -> None:
        def rule(k: int, *group: int) -> object:
            return at_most(
                one(self.block.paid[k, *group]).plus(one(self.block.spent[group]), -float(self.fund["max_share"][k]))
            )

        capped = [key for key in self.block.paid if self.fund["max_share"][key[0]] < 1]
        add_rows(self.block, ledger, "max_share", capped, rule, lambda key: (key[1], key[3]))

    def _own_share(self, ledger: Ledger) -> None:
        def rule(*key: int) -> object:
            group = (key[0], key[1], key[2])
            own = total(paid for k, paid in self._by_group[group] if self.fund["source_kind"][k] == "own")
            return at_least(own.plus(one(self.block.spent[group]), -float(self.fund["own_share"][group[0]])))

        sharing = [group for group in self.costs if self.fund["own_share"][group[0]] > 0]
        add_rows(self.block, ledger, "own_share", sharing, rule, self._of_group)

    def _budget(self, ledger: Ledger) -> None:
        def rule(k: int, owner: int, t: int) -> object:
            out = total([*self._by_owner[k, owner, t], self._carried(k, owner, t)])
            return at_most(
                out.plus(self._carried(k, owner, t - 1), -1.0),
                float(self.fund["budget"][k, owner, t]) / MILLION,
            )

        owners = [str(o) for o in self.problem.funding["owner"].values]
        for linking in (False, True):
            keys = [key for key in sorted(self._by_owner) if (owners[key[1]] == POOL) == linking]
            family = "budget_shared" if linking else "budget"
            add_rows(self.block, ledger, family, keys, rule, lambda key: (key[1] - 1, key[2]), linking=linking)

    def _carried(self, k: int, owner: int, t: int) -> Terms:
        return one(self.block.carried[k, owner, t]) if (k, owner, t) in self.block.carried else NOTHING

    def _carry_over(self, ledger: Ledger) -> None:
        def rule(k: int, owner: int, t: int) -> object:
            cap = self.fund["carry_over_share"][k] * self.fund["budget"][k, owner, t] / MILLION
            return at_most(one(self.block.carried[k, owner, t]), float(cap))

        add_rows(self.block, ledger, "carry_over", list(self.block.carried), rule, lambda key: (key[1] - 1, key[2]))

    def _debt_service(self, ledger: Ledger) -> None:
        bonds: dict[int, list[tuple[int, int, Terms]]] = defaultdict(list)
        for (k, county, _, t), var in self.block.paid.items():
            if self.fund["source_kind"][k] == "bond":
                bonds[county].append((k, t, one(var)))
        ceiling, repaid = self.fund["debt_service_ceiling"], cache(partial(repayment, self.problem))

        def rule(county: int, t: int) -> object:
            yearly = total(drawn.scaled(repaid(k, tau, t)) for k, tau, drawn in bonds[county])
            return at_most(yearly, float(ceiling[county, min(t, self.periods[-1])]) / MILLION)

        keys = [
            (c, t)
            for c in bonds
            for t in range(1, len(self.periods) + 1)
            if np.isfinite(ceiling[c, min(t, self.periods[-1])])
        ]
        add_rows(
            self.block,
            ledger,
            "debt_service",
            keys,
            rule,
            lambda key: (key[0], min(key[1], self.periods[-1])),
        )

    @staticmethod
    def _of_group(group: Group) -> tuple[int, int]:
        return group[0], group[2]


def repayment(problem: Problem, source: int, drawn: int, period: int) -> float:
    """Yearly repayment in ``period`` per CNY of a bond drawn in period ``drawn`` (annuity; docs/formulation.md)."""
    horizon = problem.horizon
    rate, term = (
        float(problem.funding["bond_rate"].values[source]),
        int(problem.funding["bond_term"].values[source]),
    )
    begins = horizon.starts[period] if period < horizon.n_periods else horizon.end
    years_since = begins - horizon.starts[drawn] - horizon.lengths[drawn]
    if period <= drawn or years_since >= term:
        return 0.0
    return 1 / term if rate == 0 else rate / (1 - (1 + rate) ** -term)
