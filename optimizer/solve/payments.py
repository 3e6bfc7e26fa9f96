"""Who pays what, in whole CNY, once it is settled what is built when.

Two small linear programmes: payments by county, system, source and period under every rule of money, preferred
sources first; then whole CNY by candidate, a network flow (totally unimodular, so its vertices are whole).
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from optimizer.errors import PlanError
from optimizer.model.funding import repayment
from optimizer.problem import Problem
from optimizer.solve.highs import set_option

THOUSAND = 1e3
SHORTAGE_PRICE = 1e4
ONE_CNY = 1.0


@dataclass(frozen=True)
class Payments:
    """``payment`` (candidate, source, period) and ``carry_over`` (source, owner, period), int64 CNY."""

    payment: np.ndarray
    carry_over: np.ndarray


class _Rows:
    """A linear programme collected row by row."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, float]] = []
        self.lower: list[float] = []
        self.upper: list[float] = []

    def add(self, columns: list[int], coefs: list[float], lower: float, upper: float) -> None:
        row = len(self.lower)
        self.entries += [(row, c, v) for c, v in zip(columns, coefs, strict=True)]
        self.lower.append(lower)
        self.upper.append(upper)

    def minimise(self, cost: np.ndarray, col_lower: np.ndarray, col_upper: np.ndarray) -> np.ndarray | None:
        """Vertex solution, or None when infeasible."""
        rows, columns, values = zip(*self.entries, strict=True) if self.entries else ((), (), ())
        matrix = sp.csc_matrix((values, (rows, columns)), shape=(len(self.lower), len(cost)))
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, col_lower, col_upper
        lp.row_lower_, lp.row_upper_ = np.array(self.lower), np.array(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        highs = highspy.Highs()
        set_option(highs, "output_flag", False)
        set_option(highs, "solver", "simplex")
        highs.passModel(lp)
        highs.run()
        if highs.getModelStatus() not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
            return None
        return np.array(highs.getSolution().col_value, float)


def settle_payments(problem: Problem, spending: np.ndarray) -> Payments:
    """Payments for a given spending.

    Parameters
    ----------
    spending
        (candidate, period) int64 CNY.

    Raises
    ------
    PlanError
        If no payments obey the rules, which a solved model does not let happen.
    """
    sources = problem.funding.sizes["source"]
    owners = problem.funding.sizes["owner"]
    shape = (problem.sequence.sizes["candidate"], sources, problem.horizon.n_periods)
    if sources == 0:
        return Payments(np.zeros(shape, np.int64), np.zeros((0, owners, shape[2]), np.int64))
    shares, carried = _by_group(problem, spending)
    return _whole(problem, spending, shares, carried)


def _by_group(problem: Problem, spending: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exact payments by candidate (proportional in its group) and carry-over, CNY as floats."""
    fund = {name: problem.funding[name].values for name in problem.funding.data_vars}
    county = problem.sequence["candidate_county"].values
    system = problem.system_of_candidate()
    groups = sorted({(int(county[c]), int(system[c]), int(t)) for c, t in np.argwhere(spending)})
    total = {g: 0 for g in groups}
    for c, t in np.argwhere(spending):
        total[int(county[c]), int(system[c]), int(t)] += int(spending[c, t])
    pays = [(k, *g) for g in groups for k in range(len(fund["pooled"])) if fund["eligible"][k, g[1]]]
    carries = [(int(k), int(o), int(t)) for k, o, t in np.argwhere(fund["budget"] > 0)
               if fund["carry_over_share"][k] > 0 and t < problem.horizon.n_periods - 1]
    column = {key: i for i, key in enumerate(pays)}
    carry = {key: len(pays) + i for i, key in enumerate(carries)}
    rows = _Rows()
    slack = _money_rules(problem, fund, rows, total, column, carry)
    n = len(pays) + len(carries)
    cost = np.concatenate([[float(fund["preference"][k]) * (1 + t / 1000) for k, _, _, t in pays],
                           np.zeros(len(carries)), np.full(slack, SHORTAGE_PRICE)])
    upper = np.concatenate([np.full(len(pays), np.inf),
                            [fund["carry_over_share"][k] * fund["budget"][k, o, t] / THOUSAND for k, o, t in carries],
                            np.full(slack, np.inf)])
    x = rows.minimise(cost, np.zeros(n + slack), upper)
    if x is None or x[n:].sum() * THOUSAND > ONE_CNY * max(1, len(pays)):
        raise PlanError("payments: the plan's spending cannot be paid within the rules; please report it with the run's configuration.")
    return _spread(problem, spending, total, pays, x), _carried(fund, carries, x[len(pays) : n])


def _money_rules(problem, fund, rows: _Rows, total, column, carry) -> int:
    """Enter every rule of money in 10^3 CNY; returns how many elastic columns stand behind the others."""
    first_slack = len(column) + len(carry)
    slacks = 0

    def elastic() -> int:
        nonlocal slacks
        slacks += 1
        return first_slack + slacks - 1

    by_owner: dict[tuple[int, int, int], list[int]] = {}
    bonds: dict[int, list[tuple[int, int, int]]] = {}
    for (k, county, _, t), i in column.items():
        by_owner.setdefault((k, 0 if fund["pooled"][k] else county + 1, t), []).append(i)
        if fund["source_kind"][k] == "bond":
            bonds.setdefault(county, []).append((k, t, i))
    for (county, system, t), amount in total.items():
        mine = {k: column[k, county, system, t] for k in range(len(fund["pooled"])) if (k, county, system, t) in column}
        spent = amount / THOUSAND
        rows.add([*mine.values(), elastic()], [1.0] * (len(mine) + 1), spent, spent)
        for k, i in mine.items():
            if fund["max_share"][k] < 1:
                rows.add([i, elastic()], [1.0, -1.0], -np.inf, float(fund["max_share"][k]) * spent)
        own = [i for k, i in mine.items() if fund["source_kind"][k] == "own"]
        if fund["own_share"][county] > 0:
            rows.add([*own, elastic()], [1.0] * (len(own) + 1), float(fund["own_share"][county]) * spent, np.inf)
    for (k, owner, t), mine in by_owner.items():
        saved = [carry[key] for key in ((k, owner, t),) if key in carry]
        brought = [carry[key] for key in ((k, owner, t - 1),) if key in carry]
        rows.add([*mine, *saved, *brought, elastic()], [1.0] * (len(mine) + len(saved)) + [-1.0] * (len(brought) + 1),
                 -np.inf, float(fund["budget"][k, owner, t]) / THOUSAND)
    for (k, owner, t), i in carry.items():
        if (k, owner, t) not in by_owner:
            brought = [carry[key] for key in ((k, owner, t - 1),) if key in carry]
            rows.add([i, *brought], [1.0] + [-1.0] * len(brought), -np.inf, float(fund["budget"][k, owner, t]) / THOUSAND)
    last = problem.horizon.n_periods - 1
    for county, drawn in bonds.items():
        for t in range(1, last + 2):
            ceiling = float(fund["debt_service_ceiling"][county, min(t, last)])
            rates = [repayment(problem, k, tau, t) for k, tau, _ in drawn]
            if np.isfinite(ceiling) and any(rates):
                rows.add([*(i for _, _, i in drawn), elastic()], [*rates, -1.0], -np.inf, ceiling / THOUSAND)
    return slacks


def _spread(problem: Problem, spending, total, pays, x) -> np.ndarray:
    """Each candidate is paid in its group's proportion."""
    county = problem.sequence["candidate_county"].values
    system = problem.system_of_candidate()
    proportion = {key: x[i] * THOUSAND / total[key[1:]] for i, key in enumerate(pays)}
    paid = np.zeros((spending.shape[0], problem.funding.sizes["source"], spending.shape[1]))
    for c, t in np.argwhere(spending):
        for k in range(paid.shape[1]):
            paid[c, k, t] = spending[c, t] * proportion.get((k, int(county[c]), int(system[c]), int(t)), 0.0)
    return paid


def _carried(fund, carries, x) -> np.ndarray:
    carried = np.zeros(fund["budget"].shape)
    for key, value in zip(carries, x, strict=True):
        carried[key] = value * THOUSAND
    return carried


def _whole(problem: Problem, spending: np.ndarray, paid: np.ndarray, carried: np.ndarray) -> Payments:
    """Round payments and carry-over to whole CNY with all sums kept."""
    near = 1e-3
    base, carry_base = np.floor(paid + near).astype(np.int64), np.floor(carried + near).astype(np.int64)
    loose, carry_loose = np.argwhere(paid - base > near), np.argwhere(carried - carry_base > near)
    column = {tuple(int(i) for i in key): n for n, key in enumerate(loose)}
    carry = {tuple(int(i) for i in key): len(loose) + n for n, key in enumerate(carry_loose)}
    rows = _Rows()
    by_project: dict[tuple[int, int], list[int]] = {}
    for (c, _, t), i in column.items():
        by_project.setdefault((c, t), []).append(i)
    missing = spending - base.sum(axis=1)
    if any((int(c), int(t)) not in by_project for c, t in np.argwhere(missing)):
        raise PlanError("payments: a project's payments do not add up to its spending.")
    for (c, t), mine in by_project.items():
        rows.add(mine, [1.0] * len(mine), float(missing[c, t]), float(missing[c, t]))
    _whole_budgets(problem, rows, column, carry, base, carry_base)
    n = len(column) + len(carry)
    if n:
        x = rows.minimise(np.zeros(n), np.zeros(n), np.ones(n))
        if x is None:
            raise PlanError("payments: no rounding to whole CNY keeps every budget; please report it with the run's configuration.")
        for key, i in column.items():
            base[key] += round(x[i])
        for key, i in carry.items():
            carry_base[key] += round(x[i])
    return Payments(base, carry_base)


def _whole_budgets(problem: Problem, rows: _Rows, column, carry, base, carry_base) -> None:
    pooled, budget = problem.funding["pooled"].values, problem.funding["budget"].values
    county = problem.sequence["candidate_county"].values
    by_owner: dict[tuple[int, int, int], list[int]] = {}
    used = carry_base.copy()
    used[:, :, 1:] -= carry_base[:, :, :-1]
    for k in range(base.shape[1]):
        owner = np.zeros(len(county), np.int64) if pooled[k] else county + 1
        np.add.at(used[k], owner, base[:, k, :])
    for (c, k, t), i in column.items():
        by_owner.setdefault((k, 0 if pooled[k] else int(county[c]) + 1, t), []).append(i)
    touched = set(by_owner) | set(carry) | {(k, o, t + 1) for k, o, t in carry}
    for k, o, t in sorted(touched):
        mine = by_owner.get((k, o, t), [])
        saved = [carry[key] for key in ((k, o, t),) if key in carry]
        brought = [carry[key] for key in ((k, o, t - 1),) if key in carry]
        room = float(np.floor(budget[k, o, t] + 1e-6) - used[k, o, t])
        rows.add([*mine, *saved, *brought], [1.0] * (len(mine) + len(saved)) + [-1.0] * len(brought), -np.inf, room)
