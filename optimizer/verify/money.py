"""Rules of money, in whole CNY; 1 CNY is allowed for every amount that had to be rounded to whole CNY."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from optimizer.plan import Plan
from optimizer.verify.result import Findings, Violation
from optimizer.verify.works import Works

CNY = 1


class Books:
    """Payments of a plan beside the funding rules, aligned arrays."""

    def __init__(self, works: Works, plan: Plan) -> None:
        self.works, self.problem = works, works.problem
        self.fund = {str(name): self.problem.funding[name].values for name in self.problem.funding.data_vars}
        self.written = {name: plan.decisions[name].values for name in ("payment", "carry_over", "spending")}
        self.payment, self.carried, self.claimed = (_whole(values) for values in self.written.values())
        self.county = works.column["candidate_county"]
        names = [str(s) for s in self.problem.funding["system"].values]
        self.system = np.array([names.index(str(s)) for s in works.column["candidate_system"]], np.int64)
        self.limited = self.payment.shape[1] > 0

    def row(self, candidate: int, period: int) -> str:
        """Candidate, county and years, for messages."""
        return f"{self.works.name(candidate)}, {self.works.year(period)}"

    def source(self, k: int) -> str:
        """Name of a source."""
        return str(self.problem.funding["source"].values[k])

    def account(self, k: int, owner: int, period: int) -> str:
        """Source, owner and years, for messages."""
        whose = "the pool" if owner == 0 else f"county {self.problem.funding['owner'].values[owner]}"
        return f"{self.source(k)} of {whose}, {self.works.year(period)}"

    @cached_property
    def trenches(self) -> dict[tuple[int, int], int]:
        """CNY that digging once takes off a follower's spending, by (candidate, period)."""
        corridor = self.works.column["corridor"]
        users: dict[tuple[int, int], set[int]] = {}
        for w in self.works.all:
            if w.start is not None and corridor[w.candidate] >= 0:
                users.setdefault((int(corridor[w.candidate]), w.start), set()).add(w.candidate)
        saved: dict[tuple[int, int], int] = {}
        for (r, t), here in users.items():
            follower = max(here, key=lambda c: (self.system[c], c))
            if any(self.system[c] != self.system[follower] for c in here):
                saved[follower, t] = saved.get((follower, t), 0) + round(float(self.works.column["corridor_saving"][r]))
        return saved

    @cached_property
    def due(self) -> np.ndarray:
        """(candidate, period) CNY that the works cost, shared trenches taken off."""
        due = self.works.spending.copy()
        for (candidate, t), saved in self.trenches.items():
            due[candidate, t] -= saved
        return due


def _whole(values: np.ndarray) -> np.ndarray:
    return np.rint(values).astype(np.int64)


def whole_payments(books: Books) -> Findings:
    """Payments, spending and what is carried on are whole CNY; payments are not negative."""
    found, rows = [], 0
    for name, values in books.written.items():
        rows += values.size
        lowest = 0.0 if name == "payment" else -np.inf
        wrong = (values != np.rint(values)) | (values < lowest)
        found += [
            Violation(
                "whole_payments",
                f"{name} {_place(books, name, index)}",
                f"{values[tuple(index)]} CNY",
                "whole CNY, 0 or more",
            )
            for index in np.argwhere(wrong)
        ]
    return rows, found


def _place(books: Books, name: str, index: np.ndarray) -> str:
    if name == "carry_over":
        return books.account(*(int(i) for i in index))
    by_source = f" by {books.source(index[1])}" if name == "payment" else ""
    return f"of {books.row(index[0], index[-1])}{by_source}"


def spending(books: Books) -> Findings:
    """What each candidate spends is what its works cost; `dig_once` checks those that share a trench."""
    wrong = books.claimed != books.due
    found = [
        Violation("spending", books.row(c, t), f"{books.claimed[c, t]} CNY", f"{books.due[c, t]} CNY")
        for c, t in np.argwhere(wrong)
        if (c, t) not in books.trenches
    ]
    return books.due.size - len(books.trenches), found


def dig_once(books: Books) -> Findings:
    """Two systems that start in one corridor in one period share the trench, and the later one saves."""
    found = [
        Violation(
            "dig_once", books.row(c, t), f"{books.claimed[c, t]} CNY", f"{books.due[c, t]} CNY, {saved} CNY saved"
        )
        for (c, t), saved in books.trenches.items()
        if books.claimed[c, t] != books.due[c, t]
    ]
    return len(books.trenches), found


def funding_balance(books: Books) -> Findings:
    """Payments from all sources add up to spending."""
    if not books.limited:
        return 0, []
    total = books.payment.sum(axis=1)
    found = [
        Violation("funding_balance", books.row(c, t), f"{total[c, t]} CNY paid", f"{books.claimed[c, t]} CNY spent")
        for c, t in np.argwhere(total != books.claimed)
    ]
    return total.size, found


def eligible(books: Books) -> Findings:
    """A source pays only for systems it may pay for."""
    if not books.limited:
        return 0, []
    barred = ~books.fund["eligible"].T[books.system]
    found = [
        Violation("eligible", f"{books.row(c, t)}, {books.source(k)}", f"{books.payment[c, k, t]} CNY", "nothing")
        for c, k, t in np.argwhere((books.payment != 0) & barred[:, :, None])
    ]
    return int(barred.sum()) * books.works.periods, found


def max_share(books: Books) -> Findings:
    """A source pays at most its share of a project in each period."""
    cap = books.fund["max_share"][None, :, None] * books.claimed[:, None, :]
    found = [
        Violation(
            "max_share",
            f"{books.row(c, t)}, {books.source(k)}",
            f"{books.payment[c, k, t]} CNY",
            f"{cap[c, k, t]:.0f} CNY",
        )
        for c, k, t in np.argwhere(books.payment > cap + CNY)
    ]
    return cap.size, found


def own_share(books: Books) -> Findings:
    """The county's own money pays at least its share of a project in each period."""
    if not books.limited:
        return 0, []
    mine = books.fund["source_kind"] == "own"
    own = books.payment[:, mine, :].sum(axis=1)
    floor = books.fund["own_share"][books.county][:, None] * books.claimed
    found = [
        Violation("own_share", books.row(c, t), f"{own[c, t]} CNY", f"{floor[c, t]:.0f} CNY or more")
        for c, t in np.argwhere(own < floor - CNY * max(1, int(mine.sum())))
    ]
    return own.size, found


def budget(books: Books) -> Findings:
    """Payments and what is carried on stay within the budget and what was carried over."""
    used = books.carried.copy()
    used[:, :, 1:] -= books.carried[:, :, :-1]
    for k, pooled in enumerate(books.fund["pooled"]):
        np.add.at(used[k], 0 * books.county if pooled else books.county + 1, books.payment[:, k, :])
    found = [
        Violation("budget", books.account(k, o, t), f"{used[k, o, t]} CNY", f"{books.fund['budget'][k, o, t]:.0f} CNY")
        for k, o, t in np.argwhere(used > books.fund["budget"] + CNY)
    ]
    return used.size, found


def carry_over(books: Books) -> Findings:
    """What is carried on is not negative, within its cap, and nothing is carried past the end."""
    cap = books.fund["carry_over_share"][:, None, None] * books.fund["budget"]
    cap[:, :, -1] = 0.0
    found = [
        Violation("carry_over", books.account(k, o, t), f"{books.carried[k, o, t]} CNY", f"0 to {cap[k, o, t]:.0f} CNY")
        for k, o, t in np.argwhere((books.carried > cap + CNY * (cap > 0)) | (books.carried < 0))
    ]
    return cap.size, found


def debt_service(books: Books) -> Findings:
    """Yearly repayment of bonds stays within each county's ceiling, in every period and the one after."""
    works, counties = books.works, len(books.problem.sequence["county"])
    bonds = np.flatnonzero(books.fund["source_kind"] == "bond")
    yearly, rounded = np.zeros((2, counties, works.periods + 1))
    for k in bonds:
        drawn, draws = np.zeros((2, counties, works.periods))
        np.add.at(drawn, books.county, books.payment[:, k, :])
        np.add.at(draws, books.county, books.payment[:, k, :] != 0)
        repaid = _repaid(books, int(k))
        yearly, rounded = yearly + drawn @ repaid, rounded + draws @ repaid
    ceiling = np.concatenate([books.fund["debt_service_ceiling"], books.fund["debt_service_ceiling"][:, -1:]], axis=1)
    found = [
        Violation("debt_service", f"county {books.problem.sequence['county'].values[c]}, {_when(works, t)}",
                  f"{yearly[c, t]:.0f} CNY a year", f"{ceiling[c, t]:.0f} CNY a year")
        for c, t in np.argwhere(yearly > ceiling + CNY + CNY * rounded)
    ]  # fmt: skip
    return yearly.size if len(bonds) else 0, found


def _repaid(books: Books, k: int) -> np.ndarray:
    """(period drawn, period repaid and the one after the horizon) CNY a year for each CNY of a bond."""
    lengths, periods = books.problem.horizon.lengths, books.works.periods
    rate, term = float(books.fund["bond_rate"][k]), int(books.fund["bond_term"][k])
    annuity = 1 / sum((1 + rate) ** -year for year in range(1, term + 1))
    return np.array([
        [annuity if t > drawn and sum(lengths[drawn + 1 : t]) < term else 0.0 for t in range(periods + 1)]
        for drawn in range(periods)
    ])  # fmt: skip


def _when(works: Works, period: int) -> str:
    return works.year(period) if period < works.periods else f"from {works.end}"


RULES: tuple[Callable[[Books], Findings], ...] = (
    whole_payments,
    spending,
    dig_once,
    funding_balance,
    eligible,
    max_share,
    own_share,
    budget,
    carry_over,
    debt_service,
)
