"""Part of a sequence decided anew, exactly: some works within a window of periods, all others where they are (HiGHS)."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from network_models.sequencing.arrays import Sequencing

GAP = 1e-5
NEAR = 1e-9


@dataclass(frozen=True)
class Window:
    """``free`` (m,) works that may move, each from period ``low`` (m,) to ``high`` (m,); T stands for never."""

    free: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def choices(self) -> int:
        return int((self.high - self.low).sum())


def window_of(problem: Sequencing, period: np.ndarray, free: np.ndarray, first: int, last: int) -> Window:
    """The works ``free`` in periods ``first`` to ``last``, as far as the works that stay put let them move."""
    is_free = np.zeros(problem.n, bool)
    is_free[free] = True
    low, high = np.full(problem.n, first, np.int64), np.full(problem.n, last, np.int64)
    low[~is_free] = high[~is_free] = period[~is_free]
    tail, head = _arcs_at(problem, free)
    while True:
        before = low[free].sum() - high[free].sum()
        np.maximum.at(low, tail, low[head])
        np.minimum.at(high, head, high[tail])
        low[~is_free] = high[~is_free] = period[~is_free]
        if low[free].sum() - high[free].sum() == before:
            break
    movable = free[low[free] < high[free]]
    return Window(movable, low[movable], high[movable])


def _arcs_at(problem: Sequencing, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Needs that begin or end at a free work."""
    needs = problem.needs
    out = np.concatenate([np.arange(needs.ptr[b], needs.ptr[b + 1]) for b in free]) if len(free) else np.empty(0, int)
    into = [needs.back_arc[needs.back_ptr[b] : needs.back_ptr[b + 1]] for b in free]
    arcs = np.unique(np.concatenate([out, *into]).astype(np.int64))
    return needs.tail[arcs], needs.need[arcs]


def decide(problem: Sequencing, period: np.ndarray, window: Window, seconds: float) -> tuple[np.ndarray, bool]:
    """A sequence at least as good as ``period`` within the window; whether that was proved the best there."""
    model = _Model(problem, period, window)
    begun, optimal = model.solve(seconds)
    if begun is None:
        return period, optimal
    better = period.copy()
    better[window.free] = model.periods(begun)
    return better, optimal


class _Model:
    """Columns 'begun by t' of each free work for t from its low to just before its high."""

    def __init__(self, problem: Sequencing, period: np.ndarray, window: Window) -> None:
        self.problem, self.period, self.window = problem, period, window
        count = window.high - window.low
        self.first = np.concatenate([[0], np.cumsum(count)])
        self.work = np.repeat(window.free, count)
        self.at = np.arange(int(self.first[-1])) - np.repeat(self.first[:-1] - window.low, count)
        self.position = np.full(problem.n, -1, np.int64)
        self.position[window.free] = np.arange(len(window.free))

    def solve(self, seconds: float) -> tuple[np.ndarray | None, bool]:
        """Values of the columns, None where nothing was found; whether they are proved best."""
        columns = len(self.work)
        if columns == 0:
            return None, True
        ordered, use, room = self._ordered(), *self._resources()
        lp = highspy.HighsLp()
        matrix = sp.vstack([ordered, use], format="csr")
        lp.num_row_, lp.num_col_ = matrix.shape
        worth = self.problem.step[self.work, self.at]
        lp.col_cost_ = -worth / max(float(np.abs(worth).max()), 1e-12)
        lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
        lp.row_lower_ = np.full(matrix.shape[0], -np.inf)
        lp.row_upper_ = np.append(np.zeros(ordered.shape[0]), room)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
        highs = highspy.Highs()
        options: dict[str, bool | float | str] = {
            "output_flag": False,
            "parallel": "off",
            "time_limit": seconds,
            "mip_rel_gap": GAP,
            "mip_feasibility_tolerance": NEAR,
        }
        for name, value in options.items():
            highs.setOptionValue(name, value)
        highs.passModel(lp)
        start = highspy.HighsSolution()
        start.col_value = list((self.at >= self.period[self.work]).astype(float))
        start.value_valid = True
        highs.setSolution(start)
        highs.run()
        found = highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return (np.array(highs.getSolution().col_value) if found else None), optimal

    def periods(self, begun: np.ndarray) -> np.ndarray:
        """(m,) from the values of the columns."""
        owner = np.repeat(np.arange(len(self.window.free)), self.window.high - self.window.low)
        early = np.bincount(owner, begun > 0.5, minlength=len(self.window.free)).astype(np.int64)
        return self.window.high - early

    def _column(self, work: np.ndarray, t: int) -> np.ndarray:
        """Column of 'begun by t', for t within the range of the work."""
        i = self.position[work]
        return np.asarray(self.first[i] + t - self.window.low[i])

    def _ordered(self) -> sp.csr_matrix:
        """Rows x <= y: begun by t after begun by t - 1; a work after what it needs."""
        same = np.flatnonzero(self.work[1:] == self.work[:-1])
        pairs = [np.column_stack([same, same + 1])]
        tail, head = _arcs_at(self.problem, self.window.free)
        inside = (self.position[tail] >= 0) & (self.position[head] >= 0)
        tail, head = tail[inside], head[inside]
        low, high = self.window.low[self.position], self.window.high[self.position]
        for t in range(int(self.window.low.min()), int(self.window.high.max())):
            on = (low[tail] <= t) & (t < high[tail]) & (low[head] <= t) & (t < high[head])
            pairs.append(np.column_stack([self._column(tail[on], t), self._column(head[on], t)]))
        both = np.concatenate(pairs)
        k = len(both)
        data = np.tile([1.0, -1.0], k)
        return sp.csr_matrix((data, (np.repeat(np.arange(k), 2), both.ravel())), shape=(k, len(self.work)))

    def _resources(self) -> tuple[sp.csr_matrix, np.ndarray]:
        """Rows of use in each period of the window, over what the other works leave; each in units of what is left."""
        problem, window = self.problem, self.window
        others = self.period.copy()
        others[window.free] = problem.periods
        left = problem.limit - problem.used(others)
        rows, room = [], []
        for r in range(len(problem.limit)):
            for t in range(int(window.low.min()), min(int(window.high.max()) + 1, problem.periods)):
                if not np.isfinite(left[r, t]):
                    continue
                amount = np.where(self.at == t, problem.use[self.work, r], 0.0)
                amount -= np.where(self.at == t - 1, problem.use[self.work, r], 0.0)
                certain = window.free[window.high == t]  # begun by t whatever is decided
                free_room = left[r, t] - problem.use[certain, r].sum()
                scale = max(float(np.abs(amount).max()), 1e-12)
                rows.append(amount / scale)
                room.append(free_room / scale)
        return sp.csr_matrix(np.array(rows).reshape(-1, len(self.work))), np.array(room)
