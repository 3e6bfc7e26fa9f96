"""The linear program over flows, heads and costs of a box, its facets added where its solutions break them."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_matrix

from optimizer.design.relaxation import Box, Relaxation

FREE = 1e30
BREACH = 1e-7
"""Breach of a facet, in its own scale, from which on it is added."""
OPTIONS: dict[str, bool | int | str] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "solver": "simplex",
    "simplex_iteration_limit": 20_000,
}
"""A program takes some hundred steps from the last basis; the simplex can lose its way for ever (HiGHS 1.15 on the network
foss_iron), and a program without an end proves nothing.
"""


@dataclass(frozen=True)
class Cuts:
    """Rows ``delta * cost - beta * flow - gamma * loss >= alpha`` of lanes, each of size one."""

    lane: np.ndarray
    rows: np.ndarray

    def take(self, which: np.ndarray) -> Cuts:
        """Some of them."""
        return Cuts(self.lane[which], self.rows[which])

    def joined(self, other: Cuts) -> Cuts:
        """These and others."""
        return Cuts(np.concatenate([self.lane, other.lane]), np.vstack([self.rows, other.rows]))


NO_CUTS = Cuts(np.empty(0, np.int64), np.empty((0, 4)))


@dataclass(frozen=True)
class Point:
    """A solution: flow and loss by lane, cost by link (scaled), head by spot; a bound that its duals prove;
    duals of the cuts, and what a metre of loss in a lane is worth (scaled).
    """

    bound: float
    flow: np.ndarray
    heads: np.ndarray
    cost: np.ndarray
    price: np.ndarray
    pull: np.ndarray


class Program:
    """Columns: flows of lanes, heads of spots, costs of links in ``unit``. Rows: balances, the total cost, then cuts."""

    def __init__(self, relaxation: Relaxation, unit: float) -> None:
        self.relaxation, self.unit = relaxation, unit
        r = relaxation
        self.lanes, self.spots, self.links = r.lanes, r.spots, r.links
        self.columns = self.lanes + self.spots + self.links
        inner = [(r.tail, -1.0), (r.head, 1.0)]
        rows = np.concatenate([e[e < r.spots] for e, _ in inner])
        columns = np.concatenate([np.flatnonzero(e < r.spots) for e, _ in inner])
        values = np.concatenate([np.full(int((e < r.spots).sum()), s) for e, s in inner])
        self.balance = csr_matrix((values, (rows, columns)), shape=(r.spots, r.lanes))
        self.highs = highspy.Highs()
        for name, value in OPTIONS.items():
            self.highs.setOptionValue(name, value)
        self.cuts = NO_CUTS
        self.least = self.most = np.empty(0)
        self.limit, self.objective = FREE, self._objective()

    def load(self, box: Box, cuts: Cuts) -> None:
        """Start anew with a box and cuts."""
        r, links = self.relaxation, np.arange(self.links)
        self.least = np.concatenate([box.low, box.bottom[: r.spots], r.sizes.cost[links, box.first] / self.unit])
        self.most = np.concatenate([box.high, box.top[: r.spots], r.sizes.cost[links, box.last] / self.unit])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, self.spots + 1
        self.objective = self._objective()
        lp.col_cost_ = self.objective
        lp.col_lower_, lp.col_upper_ = self.least, self.most
        lp.row_lower_ = np.append(r.demand, -FREE)
        lp.row_upper_ = np.append(r.demand, FREE)
        flows = self.balance
        start = np.append(flows.indptr, flows.nnz + self.links)
        index = np.append(flows.indices, self.lanes + self.spots + links)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = start, index
        lp.a_matrix_.value_ = np.append(flows.data, np.ones(self.links))
        self.highs.passModel(lp)
        self.cuts, self.limit = NO_CUTS, FREE
        self.add(cuts)

    def _objective(self) -> np.ndarray:
        return np.append(np.zeros(self.lanes + self.spots), np.ones(self.links))

    def aim(self, column: int, sign: float) -> None:
        """Minimise one column (sign 1) or its negative; column -1: the cost."""
        cost = self._objective() if column < 0 else np.zeros(self.columns)
        if column >= 0:
            cost[column] = sign
        self.objective = cost
        self.highs.changeColsCost(self.columns, np.arange(self.columns, dtype=np.int32), cost)

    def at_most(self, limit: float) -> None:
        """Allow no higher cost than this (inf: any)."""
        self.limit = min(limit / self.unit, FREE)
        self.highs.changeRowBounds(self.spots, -FREE, self.limit)

    def put(self, column: int, least: float, most: float) -> None:
        """Set the range of a column."""
        self.least[column], self.most[column] = least, most
        self.highs.changeColBounds(column, least, most)

    def add(self, cuts: Cuts) -> None:
        """Add cuts."""
        count = len(cuts.lane)
        if not count:
            return
        r, (alpha, beta, gamma, delta) = self.relaxation, cuts.rows.T
        a, b, link = r.tail[cuts.lane], r.head[cuts.lane], r.link[cuts.lane]
        column = np.stack([cuts.lane, self.lanes + a, self.lanes + b, self.lanes + self.spots + link], axis=1)
        value = np.stack([-beta, -gamma, gamma, delta], axis=1)
        fixed = np.column_stack([np.zeros(count, bool), a >= self.spots, b >= self.spots, delta == 0.0])
        low = alpha + gamma * (self._fixed(a) - self._fixed(b))
        start = np.append(0, np.cumsum((~fixed).sum(axis=1)))[:-1].astype(np.int32)
        index, values = column[~fixed].astype(np.int32), value[~fixed]
        self.highs.addRows(count, low, np.full(count, FREE), len(index), start, index, values)
        self.cuts = self.cuts.joined(cuts)

    def _fixed(self, spot: np.ndarray) -> np.ndarray:
        r = self.relaxation
        return np.where(spot >= r.spots, r.fixed[np.maximum(spot - r.spots, 0)], 0.0)

    def solve(self) -> Point | None:
        """Solve, from the last basis; once more from none where that leads nowhere. None: there is no solution."""
        self.highs.run()
        if self.highs.getModelStatus() == highspy.HighsModelStatus.kIterationLimit:
            self.highs.clearSolver()
            self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        solution = self.highs.getSolution()
        if status != highspy.HighsModelStatus.kOptimal:
            ends = self.spots + len(self.relaxation.fixed)
            sizes = self.lanes, ends, self.links, len(self.cuts.lane), self.lanes
            return Point(-np.inf, *(np.zeros(n) for n in sizes))
        x, y = np.array(solution.col_value), np.array(solution.row_dual)
        flow, heads, cost = np.split(x, [self.lanes, self.lanes + self.spots])
        heads = np.append(heads, self.relaxation.fixed)
        price = y[self.spots + 1 :]
        pull = np.bincount(self.cuts.lane, self.cuts.rows[:, 2] * price, self.lanes)
        return Point(self._proved(y), flow, heads, cost, price, pull)

    def _proved(self, y: np.ndarray) -> float:
        """The bound that duals prove whatever the simplex left open (Neumaier and Shcherbina 2004)."""
        r = self.relaxation
        cuts, (alpha, beta, gamma, delta) = self.cuts, self.cuts.rows.T
        balance, total, price = y[: self.spots], min(y[self.spots], 0.0), np.maximum(y[self.spots + 1 :], 0.0)
        a, b = r.tail[cuts.lane], r.head[cuts.lane]
        flow = self.balance.T @ balance - np.bincount(cuts.lane, beta * price, self.lanes)
        ends = self.spots + len(r.fixed)
        heads = np.bincount(b, gamma * price, ends) - np.bincount(a, gamma * price, ends)
        cost = np.bincount(r.link[cuts.lane], delta * price, self.links) + total
        rest = self.objective - np.concatenate([flow, heads[: self.spots], cost])
        held = np.where(rest > 0.0, rest * self.least, rest * self.most).sum()
        limit = total * self.limit if total < 0.0 else 0.0
        return float(r.demand @ balance + alpha @ price - heads[self.spots :] @ r.fixed + limit + held)


class Pool:
    """The facets of all lanes side by side, to find those that a solution breaks most."""

    def __init__(self, facets: list[np.ndarray], unit: float) -> None:
        rows = np.vstack(facets)
        rows[:, :3] /= np.where(rows[:, 3:] > 0, unit, 1.0)
        size = np.abs(rows[:, 1:]).max(axis=1, keepdims=True)
        self.rows = rows / np.where(size > 0, size, 1.0)
        count = np.array([len(rows) for rows in facets])
        self.lane, self.start = np.repeat(np.arange(len(facets)), count), np.append(0, np.cumsum(count)[:-1])

    def broken(self, relaxation: Relaxation, point: Point) -> Cuts:
        """The cut of each lane that a solution breaks most, and the outline it breaks most."""
        flow = point.flow[self.lane]
        loss = (point.heads[relaxation.tail] - point.heads[relaxation.head])[self.lane]
        cost = point.cost[relaxation.link[self.lane]]
        alpha, beta, gamma, delta = self.rows.T
        breach = alpha + beta * flow + gamma * loss - delta * cost
        found = []
        for part in (np.where(delta > 0, breach, 0.0), np.where(delta > 0, 0.0, breach)):
            most = np.maximum.reduceat(part, self.start)
            worst = np.flatnonzero((part >= most[self.lane]) & (part > BREACH))
            found.append(worst[np.unique(self.lane[worst], return_index=True)[1]])
        which = np.concatenate(found)
        return Cuts(self.lane[which], self.rows[which])
