"""Rules of money, in whole CNY; one CNY a row is allowed where shares have to be rounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimizer.plan import Plan
from optimizer.verify.result import Violation
from optimizer.verify.works import Works

Findings = tuple[int, list[Violation]]
ONE = 1


class Ledgers:
    """Payments of a plan beside the funding rules, aligned arrays."""

    def __init__(self, works: Works, plan: Plan) -> None:
        self.works, self.problem = works, works.problem
        self.fund = {str(name): self.problem.funding[name].values for name in self.problem.funding.data_vars}
        self.payment = plan.decisions["payment"].values
        self.carried = plan.decisions["carry_over"].values
        self.claimed = plan.decisions["spending"].values
        self.county = works.column["candidate_county"]
        names = [str(s) for s in self.problem.funding["system"].values]
        self.system = np.array([names.index(str(s)) for s in works.column["candidate_system"]], np.int64)
        self.limited = self.payment.shape[1] > 0

    def where(self, candidate: int, period: int) -> str:
        """Candidate and year, for messages."""
        return f"{self.problem.sequence['candidate'].values[candidate]}, {self.problem.horizon.labels[period]}"

    def source(self, k: int) -> str:
        """Name of a source."""
        return str(self.problem.funding["source"].values[k])


def shared_trenches(works: Works) -> Iterator[tuple[int, int, int]]:
    """(candidate, period, CNY) that digging once takes off the follower's spending."""
    corridor = works.column["corridor"]
    names = [str(s) for s in works.problem.funding["system"].values]
    rank = {c: names.index(str(s)) for c, s in enumerate(works.column["candidate_system"])}
    trench: dict[tuple[int, int], set[int]] = {}
    for w in works.all:
        if w.start is not None and corridor[w.candidate] >= 0:
            trench.setdefault((int(corridor[w.candidate]), w.start), set()).add(w.candidate)
    for (r, t), users in sorted(trench.items()):
        if len({rank[c] for c in users}) > 1:
            yield sorted(users, key=lambda c: (rank[c], c))[-1], t, round(float(works.column["corridor_saving"][r]))


def spending(books: Ledgers) -> Findings:
    """What each candidate spends is what its works cost, shared trenches taken off."""
    due = books.works.spending.copy()
    for candidate, t, saved in shared_trenches(books.works):
        due[candidate, t] -= saved
    shared = {(c, t) for c, t, _ in shared_trenches(books.works)}
    found = [
        Violation("dig_once" if (int(c), int(t)) in shared else "spending", books.where(c, t), f"{books.claimed[c, t]} CNY", f"{due[c, t]} CNY")
        for c, t in np.argwhere(books.claimed != due)
    ]
    return due.size, found


def funding_balance(books: Ledgers) -> Findings:
    """Payments are whole, not negative, and add up to spending."""
    if not books.limited:
        return 0, []
    found = [
        Violation("funding_balance", f"{books.where(c, t)}, {books.source(k)}", f"{books.payment[c, k, t]} CNY", "0 or more whole CNY")
        for c, k, t in np.argwhere(books.payment < 0)
    ]
    total = books.payment.sum(axis=1)
    found += [
        Violation("funding_balance", books.where(c, t), f"{total[c, t]} CNY paid", f"{books.claimed[c, t]} CNY spent")
        for c, t in np.argwhere(total != books.claimed)
    ]
    return total.size, found


def eligible(books: Ledgers) -> Findings:
    """A source pays only for systems it may pay for."""
    allowed = books.fund["eligible"][:, books.system].T if books.limited else np.ones((0, 0), bool)
    found = [
        Violation("eligible", f"{books.where(c, t)}, {books.source(k)}", f"{books.payment[c, k, t]} CNY", "nothing")
        for c, k, t in (np.argwhere((books.payment != 0) & ~allowed[:, :, None]) if books.limited else ())
    ]
    return allowed.size, found


def max_share(books: Ledgers) -> Findings:
    """A source pays at most its share of a project in each period."""
    if not books.limited:
        return 0, []
    cap = books.fund["max_share"][None, :, None] * books.claimed[:, None, :] + ONE
    found = [
        Violation("max_share", f"{books.where(c, t)}, {books.source(k)}", f"{books.payment[c, k, t]} CNY", f"{cap[c, k, t] - ONE:.0f} CNY")
        for c, k, t in np.argwhere((books.payment > cap) & (books.fund["max_share"] < 1)[None, :, None])
    ]
    return cap.size, found


def own_share(books: Ledgers) -> Findings:
    """The county's own money pays at least its share of a project in each period."""
    if not books.limited:
        return 0, []
    own = books.payment[:, books.fund["source_kind"] == "own", :].sum(axis=1)
    floor = books.fund["own_share"][books.county][:, None] * books.claimed - ONE
    found = [
        Violation("own_share", books.where(c, t), f"{own[c, t]} CNY", f"{floor[c, t] + ONE:.0f} CNY or more")
        for c, t in np.argwhere(own < floor)
    ]
    return own.size, found


def budget(books: Ledgers) -> Findings:
    """Payments and what is carried on stay within budget and what was carried over."""
    found, used = [], np.zeros_like(books.carried)
    for k in range(used.shape[0]):
        owner = np.zeros_like(books.county) if books.fund["pooled"][k] else books.county + 1
        np.add.at(used[k], owner, books.payment[:, k, :])
    used = used + books.carried
    used[:, :, 1:] -= books.carried[:, :, :-1]
    for k, o, t in np.argwhere(used > books.fund["budget"] + ONE):
        owner = books.problem.funding["owner"].values[o]
        found.append(Violation("budget", f"{books.source(k)}, {owner}, {books.problem.horizon.labels[t]}", f"{used[k, o, t]} CNY",
                               f"{books.fund['budget'][k, o, t]:.0f} CNY"))
    return used.size, found


def carry_over(books: Ledgers) -> Findings:
    """What is carried on is not negative, within its cap, and nothing is carried past the end."""
    cap = books.fund["carry_over_share"][:, None, None] * books.fund["budget"] + ONE
    if books.carried.size:
        cap[:, :, -1] = 0
    found = [
        Violation("carry_over", f"{books.source(k)}, {books.problem.funding['owner'].values[o]}, {books.problem.horizon.labels[t]}",
                  f"{books.carried[k, o, t]} CNY", f"0 to {max(0, cap[k, o, t] - ONE):.0f} CNY")
        for k, o, t in np.argwhere((books.carried > cap) | (books.carried < 0))
    ]
    return cap.size, found


def debt_service(books: Ledgers) -> Findings:
    """Yearly repayment of bonds stays within each county's ceiling."""
    horizon, works = books.problem.horizon, books.works
    bonds = np.flatnonzero(books.fund["source_kind"] == "bond")
    counties, ceiling = len(books.problem.county_ids), books.fund["debt_service_ceiling"]
    if len(bonds) == 0:
        return 0, []
    begins = [*works.begins, works.end]
    yearly = np.zeros((counties, works.periods + 1))
    for k in bonds:
        rate, term = float(books.fund["bond_rate"][k]), int(books.fund["bond_term"][k])
        factor = 1 / term if rate == 0 else rate / (1 - (1 + rate) ** -term)
        drawn = np.zeros((counties, works.periods))
        np.add.at(drawn, books.county, books.payment[:, k, :])
        for tau in range(works.periods):
            for t in range(tau + 1, works.periods + 1):
                if begins[t] - begins[tau] - horizon.lengths[tau] < term:
                    yearly[:, t] += drawn[:, tau] * factor
    found = [
        Violation("debt_service", f"{books.problem.county_ids[c]}, {[*horizon.labels, 'after the horizon'][t]}",
                  f"{yearly[c, t]:.0f} CNY a year", f"{ceiling[c, min(t, works.periods - 1)]:.0f} CNY a year")
        for c in range(counties) for t in range(1, works.periods + 1)
        if yearly[c, t] > ceiling[c, min(t, works.periods - 1)] + ONE
    ]
    return counties * works.periods, found


RULES = (spending, funding_balance, eligible, max_share, own_share, budget, carry_over, debt_service)
