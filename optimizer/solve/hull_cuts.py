"""Rows that all states of a part obey and a point of the relaxation does not, one for each part and case.

The row that cuts deepest, of weights whose sizes add up to one, is found among all rows that the states met so far obey, by a
linear programme; asking the part for its best state under those weights gives the limit that truly holds, or one more state to
obey (Boyd 1994: Fenchel cutting planes). A limit is only ever what the part itself said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np
import scipy.sparse as sp

from optimizer.model.hulls import Hull, LocalHull
from optimizer.solve.highs import Basis, Solved
from optimizer.solve.milp import Milp

DEEP = 0.01
"""How far outside a point has to be, by weights whose sizes add up to one."""
ASKED = 60
"""States asked for, at most, for one row."""
GOOD, ASKED_ENOUGH = 0.6, 8
"""A row that cuts off so much of what the deepest could is taken once so many states were asked for."""
WHOLE, NOTHING = 1e-6, 1e-7
"""States nearer than that to 0 or 1 are whole; weights below are none."""
SAFE = 1e-7
"""What limits are loosened by, relative to the largest weight."""
ROUNDS = 8
"""Relaxations with rows added, at most."""
WORTH_IT = 0.02
"""Of all that rows have gained, what the last ones have to gain so that more are looked for."""
BASIC = int(highspy.HighsBasisStatus.kBasic)


@dataclass(frozen=True)
class Cuts:
    """Rows ``matrix @ x <= upper`` over the columns of a programme."""

    matrix: sp.csr_matrix
    upper: np.ndarray

    def below(self, model: Milp) -> Milp:
        """The programme with these rows below its own."""
        return replace(
            model,
            matrix=sp.vstack([model.matrix, self.matrix], format="csc"),
            row_lower=np.append(model.row_lower, np.full(len(self.upper), -np.inf)),
            row_upper=np.append(model.row_upper, self.upper),
        )

    def held(self, free: np.ndarray, values: np.ndarray) -> Cuts:
        """The rows over some columns, all others held at their values; without those that the values break."""
        room = self.upper - self.matrix @ values
        chosen = self.matrix[:, free]
        kept = (room >= 0.0) & (np.diff(chosen.indptr) > 0)
        return Cuts(chosen[kept], room[kept] + chosen[kept] @ values[free])

    def over(self, columns: np.ndarray, width: int) -> Cuts:
        """The rows over a wider programme, in which their columns stand at these positions."""
        matrix = self.matrix
        wider = sp.csr_matrix((matrix.data, columns[matrix.indices], matrix.indptr), shape=(matrix.shape[0], width))
        return Cuts(wider, self.upper)

    def basis(self, before: Basis | None) -> Basis | None:
        """The basis of a programme without these rows as one with them."""
        if before is None:
            return None
        return Basis(before.columns, np.append(before.rows, np.full(len(self.upper), BASIC, np.int8)))


def together(parts: Sequence[Cuts]) -> Cuts | None:
    """All rows, or None where there are none."""
    if not parts:
        return None
    return Cuts(sp.vstack([one.matrix for one in parts], format="csr"), np.concatenate([one.upper for one in parts]))


def tightened(
    model: Milp,
    hulls: Sequence[LocalHull],
    relaxation: Solved,
    solve: Callable[[Milp, Basis | None], Solved],
    over: Callable[[], bool],
) -> tuple[Solved, Cuts | None]:
    """The relaxation of a programme with rows added that its parts obey, again and again while that pays.

    Parameters
    ----------
    relaxation
        Without rows added.
    solve
        Solves the relaxation of a programme from a basis.
    over
        Whether to end.

    Returns
    -------
    relaxation
        The last one that was solved, its basis that of all rows.
    cuts
        The rows added.
    """
    added: list[Cuts] = []
    met: dict[tuple[int, int], Rows] = {}
    first = relaxation.objective
    for _ in range(ROUNDS):
        if over() or relaxation.values is None:
            break
        cuts = violated(hulls, relaxation.values, met, over)
        if cuts is None:
            break
        added.append(cuts)
        model, last = cuts.below(model), replace(relaxation, basis=cuts.basis(relaxation.basis))
        relaxation = solve(model, last.basis)
        if relaxation.termination != "optimal" or relaxation.values is None:
            relaxation = last
            break
        if last.objective - relaxation.objective <= WORTH_IT * (first - relaxation.objective):
            break
    return relaxation, together(added)


def violated(
    hulls: Sequence[LocalHull],
    values: np.ndarray,
    met: dict[tuple[int, int], Rows],
    over: Callable[[], bool],
    *,
    whole: bool = False,
) -> Cuts | None:
    """A row for each part and case that values are outside of.

    Parameters
    ----------
    met
        What is known of each part (its place among the hulls) and case.
    whole
        Also look at states of which each is 0 or 1; few of those that a relaxation has are outside.
    """
    found: list[tuple[np.ndarray, np.ndarray, float]] = []
    for number, hull in enumerate(hulls):
        for case, states in enumerate(hull.states(values)):
            if over():
                break
            if not whole and _whole(states):
                continue
            if (number, case) not in met:
                met[number, case] = Rows(len(states))
            row = separated(hull.hull, case, states, met[number, case])
            if row is not None:
                coefs, constant = hull.row(case, row[0])
                found.append((hull.columns, coefs, row[1] - constant))
    if not found:
        return None
    entries = np.repeat(np.arange(len(found)), [len(columns) for columns, _, _ in found])
    coefs = np.concatenate([coefs for _, coefs, _ in found])
    columns = np.concatenate([columns for columns, _, _ in found])
    matrix = sp.csr_matrix((coefs, (entries, columns)), shape=(len(found), len(values)))
    matrix.eliminate_zeros()
    return Cuts(matrix, np.array([limit for _, _, limit in found]))


def outside(hulls: Sequence[LocalHull], values: np.ndarray) -> bool:
    """Whether a plan has a part in states that it cannot be in."""
    for hull in hulls:
        for case, states in enumerate(np.round(hull.states(values))):
            towards = 2.0 * states - 1.0  # no other states come to as much
            if hull.hull.most(case, towards)[0] < states.sum() - 0.5:
                return True
    return False


def _whole(states: np.ndarray) -> bool:
    return bool((np.abs(states - np.round(states)) < WHOLE).all())


def separated(hull: Hull, case: int, point: np.ndarray, rows: Rows) -> tuple[np.ndarray, float] | None:
    """Weights, the largest 1 in size, and the most that they come to in any state, which is less than at a point; None where
    no row cuts it off far enough.

    Parameters
    ----------
    rows
        What is known of the part in this case; learns of the states that are met.
    """
    rows.aim(point)
    best: tuple[float, np.ndarray] | None = None
    for asked in range(ASKED):
        weights, limit = rows.deepest()
        deepest = float(weights @ point) - limit
        if deepest < DEEP:
            break
        most, state = hull.most(case, weights)
        rows.learn(state)
        cut = float(weights @ point) - most
        if cut >= DEEP and (best is None or cut > best[0]):
            best = cut, weights
        if not np.isfinite(most) or most <= limit + NOTHING:
            break
        if best is not None and best[0] > GOOD * deepest and asked >= ASKED_ENOUGH:
            break
    return None if best is None else _clean(hull, case, best[1])


def _clean(hull: Hull, case: int, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights without those that are next to nothing, and what they come to."""
    scaled = weights / np.abs(weights).max()
    scaled = np.where(np.abs(scaled) < NOTHING, 0.0, scaled)
    return scaled, hull.most(case, scaled)[0] + SAFE


class Rows:
    """All rows that the states met so far obey, as a linear programme over weights whose sizes add up to one, and their limit."""

    def __init__(self, states: int) -> None:
        n = self.n = states
        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = 2 * n + 1, 1
        programme.col_cost_ = np.append(np.zeros(2 * n), 1.0)
        programme.col_lower_ = np.append(np.zeros(2 * n), -1.0)
        programme.col_upper_ = np.ones(2 * n + 1)
        programme.row_lower_, programme.row_upper_ = np.array([-np.inf]), np.ones(1)
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_ = np.array([0, 2 * n])
        programme.a_matrix_.index_ = np.arange(2 * n)
        programme.a_matrix_.value_ = np.ones(2 * n)
        self.highs = highspy.Highs()
        self.highs.silent()
        self.highs.passModel(programme)
        self.learn(np.zeros(n))

    def aim(self, point: np.ndarray) -> None:
        """Look for the row that cuts off this point."""
        index = np.arange(2 * self.n, dtype=np.int32)
        self.highs.changeColsCost(len(index), index, np.concatenate([-point, point]))

    def learn(self, state: np.ndarray) -> None:
        """One more state that rows have to obey."""
        at = np.flatnonzero(state)
        index = np.concatenate([at, at + self.n, [2 * self.n]]).astype(np.int32)
        value = np.concatenate([np.ones(len(at)), -np.ones(len(at)), [-1.0]])
        self.highs.addRow(-np.inf, 0.0, len(index), index, value)

    def deepest(self) -> tuple[np.ndarray, float]:
        """Weights and limit of the row that cuts the point off deepest."""
        self.highs.run()
        found = np.array(self.highs.getSolution().col_value)
        return found[: self.n] - found[self.n : 2 * self.n], float(found[-1])
