"""Linear programmes of the brute force: who pays, and who is served, once it is settled what is started when."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from optimizer.problem import EpsilonBound, Problem

MILLION = 1e6
THOUSAND = 1e3


class Rows:
    """Dense rows ``lower <= a x <= upper`` over columns by name."""

    def __init__(self) -> None:
        self.columns: dict[object, int] = {}
        self.most: list[float] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def column(self, key: object, most: float = np.inf) -> int:
        self.columns[key] = len(self.columns)
        self.most.append(most)
        return self.columns[key]

    def add(self, terms: dict[int, float], lower: float, upper: float) -> None:
        self.rows.append((terms, lower, upper))

    def matrix(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a = np.zeros((len(self.rows), len(self.columns)))
        for i, (terms, _, _) in enumerate(self.rows):
            for j, coef in terms.items():
                a[i, j] += coef
        return a, np.array([r[1] for r in self.rows]), np.array([r[2] for r in self.rows])


def payable(problem: Problem, spending: np.ndarray) -> bool:
    """Whether the sources can pay this spending (candidate, period), project by project."""
    fund = {str(n): problem.funding[n].values for n in problem.funding.data_vars}
    if len(fund["source_kind"]) == 0:
        return True
    rows = Rows()
    _project_rows(problem, fund, spending, rows)
    _budget_rows(problem, fund, rows)
    _debt_rows(problem, fund, rows)
    a, lower, upper = rows.matrix()
    flipped = np.vstack([a[np.isfinite(upper)], -a[np.isfinite(lower)]])
    limits = np.concatenate([upper[np.isfinite(upper)], -lower[np.isfinite(lower)]])
    solved = linprog(np.zeros(a.shape[1]), flipped, limits, bounds=[(0, m) for m in rows.most], method="highs")
    return bool(solved.status == 0)


def _project_rows(problem: Problem, fund: dict[str, np.ndarray], spending: np.ndarray, rows: Rows) -> None:
    county = problem.sequence["candidate_county"].values
    system = [problem.system_names.index(str(s)) for s in problem.sequence["candidate_system"].values]
    for c, t in np.argwhere(spending):
        amount = spending[c, t] / THOUSAND
        payers = [k for k in range(len(fund["source_kind"])) if fund["eligible"][k, system[c]]]
        mine = {k: rows.column((k, int(c), int(t)), fund["max_share"][k] * amount) for k in payers}
        rows.add(dict.fromkeys(mine.values(), 1.0), amount, amount)
        own = {i: 1.0 for k, i in mine.items() if fund["source_kind"][k] == "own"}
        rows.add(own, fund["own_share"][county[c]] * amount, np.inf)


def _budget_rows(problem: Problem, fund: dict[str, np.ndarray], rows: Rows) -> None:
    county = problem.sequence["candidate_county"].values
    paid = dict(rows.columns)
    sources, owners, periods = fund["budget"].shape
    for k in range(sources):
        for o in range(owners):
            before: dict[int, float] = {}
            for t in range(periods):
                terms = {
                    i: 1.0
                    for (s, c, u), i in paid.items()
                    if (s, u) == (k, t) and o == (0 if fund["pooled"][k] else county[c] + 1)
                }  # type: ignore[misc]
                budget = fund["budget"][k, o, t] / THOUSAND
                last = t == periods - 1
                kept = rows.column(("kept", k, o, t), 0.0 if last else fund["carry_over_share"][k] * budget)
                rows.add({**terms, **before, kept: 1.0}, -np.inf, budget)
                before = {kept: -1.0}


def _debt_rows(problem: Problem, fund: dict[str, np.ndarray], rows: Rows) -> None:
    lengths, periods = problem.horizon.lengths, problem.horizon.n_periods
    county = problem.sequence["candidate_county"].values
    for place in range(len(problem.county_ids)):
        for t in range(1, periods + 1):
            ceiling = fund["debt_service_ceiling"][place, min(t, periods - 1)] / THOUSAND
            terms: dict[int, float] = {}
            for key, i in rows.columns.items():
                if key[0] == "kept" or fund["source_kind"][key[0]] != "bond" or county[key[1]] != place or key[2] >= t:  # type: ignore[index]
                    continue
                k, drawn = key[0], key[2]  # type: ignore[index]
                rate, term = float(fund["bond_rate"][k]), int(fund["bond_term"][k])
                if sum(lengths[drawn + 1 : t]) < term:
                    terms[i] = 1 / term if rate == 0 else rate / (1 - (1 + rate) ** -term)
            if terms and np.isfinite(ceiling):
                rows.add(terms, -np.inf, ceiling)


class Services:
    """What facilities serve and earn, best for a metric, given the states of all candidates.

    Parameters
    ----------
    metric, bounds
        What is maximised, and what is held meanwhile.
    """

    def __init__(self, problem: Problem, metric: str, bounds: tuple[EpsilonBound, ...]) -> None:
        self.problem, self.metric, self.bounds = problem, metric, bounds
        self.keys = [(name, t) for name in problem.systems for t in range(problem.horizon.n_periods)]
        self.capacity = problem.sequence["capacity"].values
        self.apart = not bounds and metric != "lowest_service"
        self._known: dict[tuple[str, int, tuple[float, ...]], float | None] = {}

    @cached_property
    def most(self) -> float:
        """Upper bound of what services can add to the metric, whatever is built."""
        if not self.apart:
            return np.inf
        owner = self.problem.sequence["state_candidate"].values
        largest = np.array([self.capacity[owner == c].max() for c in range(self.problem.sequence.sizes["candidate"])])
        parts = [self._alone(name, t, largest) for name, t in self.keys]
        return -np.inf if None in parts else float(sum(parts))  # type: ignore[arg-type]

    def best(self, states: np.ndarray, worth: float) -> float | None:
        """Best value of the metric, None when services cannot obey their rules.

        ``worth``: net benefit beside services, 10^6 CNY.
        """
        capacity = self.capacity[states]
        if not self.apart:
            return self._together(capacity, worth)
        total = worth if self.metric == "net_benefit" else 0.0
        for name, t in self.keys:
            part = self._alone(name, t, capacity[:, t])
            if part is None:
                return None
            total += part
        return total

    def _alone(self, name: str, t: int, capacity: np.ndarray) -> float | None:
        data = self.problem.systems[name].data
        concerned = [*data["site_candidate"].values, *data["upper_candidate"].values]
        key = name, t, tuple(float(capacity[c]) for c in concerned if c >= 0)
        if key not in self._known:
            rows = Rows()
            block = _Block(self.problem, name, t, capacity, rows)
            self._known[key] = _maximise(rows, block.metric(self.metric), block.whole)
        return self._known[key]

    def _together(self, capacity: np.ndarray, worth: float) -> float | None:
        rows = Rows()
        blocks = [_Block(self.problem, name, t, capacity[:, t], rows) for name, t in self.keys]
        lowest = rows.column("lowest", 1.0)
        for block in blocks:
            if block.t == self.problem.horizon.n_periods - 1:
                for county in np.flatnonzero(block.demand > 0):
                    rows.add({**block.served(int(county)), lowest: -float(block.demand[county])}, 0.0, np.inf)

        def terms(metric: str) -> tuple[dict[int, float], float]:
            if metric == "lowest_service":
                return {lowest: 1.0}, 0.0
            parts: dict[int, float] = {}
            for block in blocks:
                parts |= block.metric(metric)
            return parts, worth if metric == "net_benefit" else 0.0

        for bound in self.bounds:
            held, constant = terms(bound.metric)
            rows.add(held, bound.at_least - constant, np.inf)
        wanted, constant = terms(self.metric)
        value = _maximise(rows, wanted, [i for block in blocks for i in block.whole])
        return None if value is None else value + constant


class _Block:
    """Rows of one system in one period."""

    def __init__(self, problem: Problem, name: str, t: int, capacity: np.ndarray, rows: Rows) -> None:
        self.problem, self.name, self.t, self.rows, self.limit = problem, name, t, rows, capacity
        self.system = problem.systems[name]
        self.data = {str(n): v.values for n, v in self.system.data.variables.items()}
        self.quantity = self.data["quantity"][:, t]
        pairs, links = self.system.data.sizes["pair"], self.system.data.sizes["link"]
        self.share = [
            rows.column((name, t, "share", p), float(self.quantity[self.data["pair_origin"][p]] > 0))
            for p in range(pairs)
        ]
        self.flow = {
            (li, g): rows.column((name, t, "flow", li, g))
            for li in range(links)
            for g in range(self.system.data.sizes["product"])
        }
        self.whole = self.share if self.system.data.attrs["single_source"] else []
        counties = len(problem.county_ids)
        self.demand = np.array([self.quantity[self.data["origin_county"] == c].sum() for c in range(counties)])
        self._origins()
        self._sites()
        self._uppers()
        self._floors()

    def _amounts(self, chosen: np.ndarray, weight: np.ndarray | None = None) -> dict[int, float]:
        of = self.data["pair_origin"]
        return {
            self.share[p]: float(self.quantity[of[p]] * (1.0 if weight is None else weight[p]))
            for p in np.flatnonzero(chosen)
        }

    def _origins(self) -> None:
        for i in np.flatnonzero(self.quantity > 0):
            mine = {self.share[p]: 1.0 for p in np.flatnonzero(self.data["pair_origin"] == i)}
            self.rows.add(mine, 1.0 if self.system.data.attrs["serve_all"] else -np.inf, 1.0)

    def _sites(self) -> None:
        product_of = self.data["origin_product"][self.data["pair_origin"]]
        for j, candidate in enumerate(self.data["site_candidate"]):
            here = self.data["pair_site"] == j
            if np.isfinite(self.limit[candidate]):
                self.rows.add(self._amounts(here), -np.inf, float(self.limit[candidate]))
            for g in range(self.system.data.sizes["product"] if self.system.data.sizes["upper"] else 0):
                leaving = {self.flow[int(li), g]: -1.0 for li in np.flatnonzero(self.data["link_site"] == j)}
                self.rows.add({**self._amounts(here & (product_of == g)), **leaving}, 0.0, 0.0)

    def _uppers(self) -> None:
        for u, candidate in enumerate(self.data["upper_candidate"]):
            limit = float(self.limit[candidate] if candidate >= 0 else self.data["upper_capacity"][u, self.t])
            if np.isfinite(limit):
                into = np.flatnonzero(self.data["link_upper"] == u)
                self.rows.add({i: 1.0 for (li, _), i in self.flow.items() if li in into}, -np.inf, limit)

    def _floors(self) -> None:
        for floor in self.problem.floors:
            for county in floor.counties if floor.system == self.name and floor.period <= self.t else ():
                if self.demand[county] > 0:
                    self.rows.add(self.served(county), floor.level * float(self.demand[county]), np.inf)

    def served(self, county: int) -> dict[int, float]:
        """Units served of a county, weighted by coverage."""
        of = self.data["origin_county"][self.data["pair_origin"]]
        return self._amounts(of == county, self.data["pair_weight"])

    def metric(self, name: str) -> dict[int, float]:
        """What a metric counts of this block."""
        horizon = self.problem.horizon
        if name == "net_benefit":
            years_since = sum(horizon.lengths[: self.t]) + horizon.lengths[self.t] / 2
            weight = (1 + horizon.discount_rate) ** -years_since * horizon.lengths[self.t] / MILLION
            values = self._amounts(np.ones(len(self.share), bool), self.data["pair_value"])
            values |= {i: float(self.data["link_value"][li, g]) for (li, g), i in self.flow.items()}
            return {i: v * weight for i, v in values.items()}
        if name == f"served:{self.name}":
            years = horizon.lengths[self.t] / sum(horizon.lengths)
            served = self._amounts(np.ones(len(self.share), bool), self.data["pair_weight"])
            return {i: v * years for i, v in served.items()}
        return {}


def _maximise(rows: Rows, wanted: dict[int, float], whole: list[int]) -> float | None:
    n = len(rows.columns)
    if n == 0:
        return 0.0 if all(low <= 1e-9 and high >= -1e-9 for _, low, high in rows.rows) else None
    cost, integral = np.zeros(n), np.zeros(n)
    for i, weight in wanted.items():
        cost[i] = -weight
    integral[whole] = 1
    a, lower, upper = rows.matrix()
    rules = LinearConstraint(a, lower, upper) if len(a) else ()
    solved = milp(
        cost,
        integrality=integral,
        bounds=Bounds(0.0, np.array(rows.most)),
        constraints=rules,
        options={"mip_rel_gap": 0.0},
    )
    if solved.status == 2:
        return None
    assert solved.status == 0, solved.message
    return -float(solved.fun)
