"""Rows from parts whose states are known: no state is cut off, points outside are, and relaxations come to the hull."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.model.hulls import LocalHull
from optimizer.solve import SolverSettings
from optimizer.solve.highs import run
from optimizer.solve.hull_cuts import Cuts, Rows, outside, separated, tightened, together, violated
from optimizer.solve.milp import Milp
from optimizer.solve.narrow import relaxed
from optimizer.solve.work import Task, solve_task

SETTINGS = SolverSettings(mip_gap=0.0, time_limit=20)
SEEDS = range(12)


@dataclass(frozen=True)
class Listed:
    """Every state of every case, listed."""

    states: tuple[np.ndarray, ...]

    @property
    def cases(self) -> int:
        return len(self.states)

    def most(self, case: int, weights: np.ndarray) -> tuple[float, np.ndarray]:
        worth = self.states[case] @ weights
        return float(worth.max()), self.states[case][worth.argmax()].copy()


class Silent(Listed):
    """A part that can never tell."""

    def most(self, case: int, weights: np.ndarray) -> tuple[float, np.ndarray]:
        return np.inf, np.zeros(len(weights))


def knapsacks(seed: int, n: int = 6) -> tuple[Milp, LocalHull]:
    """Two knapsacks over the same things, one a case, with values; the hull knows the states of each."""
    rng = np.random.default_rng(seed)
    size = rng.integers(3, 12, (2, n)).astype(float)
    room = np.floor(0.45 * size.sum(axis=1))
    every = np.array(list(itertools.product((0.0, 1.0), repeat=n)))
    hull = Listed(tuple(every[every @ size[k] <= room[k]] for k in range(2)))
    model = Milp(
        sp.csc_matrix(np.hstack([size, np.zeros((2, 1))])), np.full(2, -np.inf), room, np.zeros(n + 1), np.ones(n + 1),
        np.append(np.ones(n, bool), False), np.append(rng.uniform(1.0, 3.0, n), 0.1),
    )  # fmt: skip
    both = sp.csr_matrix(sp.vstack([sp.eye(n), sp.eye(n)]))
    return model, LocalHull(np.arange(n), both, np.zeros(2 * n), hull)


def relaxation(model: Milp, basis=None):
    return run(replace(model, integer=np.zeros_like(model.integer)), SETTINGS, basis=basis, keep_basis=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_hold_for_every_state_and_cut_the_point_off(seed: int) -> None:
    model, hull = knapsacks(seed)
    point = relaxation(model).values
    assert point is not None
    cuts = violated([hull], point, {}, lambda: False)
    if cuts is None:
        return
    assert (cuts.matrix @ point > cuts.upper + 1e-4).all()
    inside = hull.hull.states[0][(hull.hull.states[0] @ model.matrix[1, :-1].toarray().ravel() <= model.row_upper[1])]
    assert (cuts.matrix[:, :-1] @ inside.T <= cuts.upper[:, None]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_relaxation_comes_down_and_stays_above_the_optimum(seed: int) -> None:
    model, hull = knapsacks(seed)
    first = relaxation(model)
    last, cuts = tightened(model, [hull], first, relaxation, lambda: False)
    best = run(model, SETTINGS).objective
    assert best - 1e-6 <= last.objective <= first.objective + 1e-9
    if cuts is not None:
        assert relaxation(cuts.below(model)).objective == pytest.approx(last.objective)
        assert last.basis is not None
        assert len(last.basis.rows) == cuts.below(model).matrix.shape[0]
        assert run(cuts.below(model), SETTINGS).objective == pytest.approx(best)


def test_a_basis_has_all_rows_also_where_the_last_relaxation_does_not_come() -> None:
    """It is what the next relaxation, of the programme with all rows, begins from."""
    tried = 0
    for seed in SEEDS:
        model, hull = knapsacks(seed)
        first = relaxation(model)

        def late(programme: Milp, basis, first=first):
            return replace(first, termination="interrupted", values=None)

        last, cuts = tightened(model, [hull], first, late, lambda: False)
        if cuts is None:
            continue
        tried += 1
        assert last.objective == first.objective
        assert last.basis is not None
        assert len(last.basis.rows) == cuts.below(model).matrix.shape[0]
        assert relaxation(cuts.below(model), last.basis).termination == "optimal"
    assert tried > 3


def test_rows_close_most_of_what_the_relaxation_leaves_open() -> None:
    opened = closed = 0.0
    for seed in SEEDS:
        model, hull = knapsacks(seed)
        first, best = relaxation(model), run(model, SETTINGS).objective
        last, _ = tightened(model, [hull], first, relaxation, lambda: False)
        opened, closed = opened + first.objective - best, closed + first.objective - last.objective
    assert closed > 0.5 * opened


def test_a_point_of_the_hull_is_left_alone() -> None:
    hull = Listed((np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),))
    assert separated(hull, 0, np.array([0.5, 0.5]), Rows(2)) is None
    weights, most = separated(hull, 0, np.array([0.7, 0.7]), Rows(2)) or pytest.fail("outside")
    assert weights == pytest.approx([1.0, 1.0])
    assert most == pytest.approx(1.0, abs=1e-6)


def test_a_part_that_cannot_tell_gives_no_row() -> None:
    hull = knapsacks(0)[1]
    assert violated([replace(hull, hull=Silent(hull.hull.states))], np.full(7, 0.9), {}, lambda: False) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_states_are_outside_exactly_where_they_are_not_listed(seed: int) -> None:
    model, hull = knapsacks(seed)
    both = [{tuple(state) for state in states} for states in hull.hull.states]
    for state in itertools.product((0.0, 1.0), repeat=6):
        values = np.append(state, 0.0)
        listed = all(state in states for states in both)
        assert outside([hull], values) is not listed
        assert (violated([hull], values, {}, lambda: False, whole=True) is None) is listed
        assert violated([hull], values, {}, lambda: False) is None
    assert not outside([], model.col_upper)


def test_no_row_is_looked_for_once_it_is_over() -> None:
    model, hull = knapsacks(0)
    assert tightened(model, [hull], relaxation(model), relaxation, lambda: True)[1] is None


def test_a_task_hands_back_the_rows_of_its_programme() -> None:
    for seed in SEEDS:
        model, hull = knapsacks(seed)
        plain = solve_task(Task(model, None, 0.0, 20, 20, None, 0))
        for narrow in (0.0, 0.5, 1.0):
            answer = solve_task(Task(model, None, 0.0, 20, 20, None, 0, narrow=narrow, hulls=(hull,)))
            assert answer.bound >= plain.objective - 1e-6
            if narrow < 1.0:
                assert answer.objective == pytest.approx(plain.objective)
            if answer.cuts is not None:
                assert all((answer.cuts.matrix @ plan <= answer.cuts.upper + 1e-6).all() for plan in answer.plans)
    assert relaxed(model, SETTINGS, 1.0, lambda _s: _Never()).cuts is None


class _Never:
    def is_set(self) -> bool:
        return False


def test_rows_over_some_columns_leave_out_those_that_the_held_values_break() -> None:
    cuts = Cuts(sp.csr_matrix(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])), np.array([1.0, 1.5, 1.0]))
    part = cuts.held(np.array([0, 1]), np.array([0.0, 1.0, 1.0]))
    assert part.matrix.toarray().tolist() == [[1.0, 1.0]]
    assert part.upper.tolist() == [1.0]
    part = cuts.held(np.array([1]), np.array([0.0, 0.0, 1.0]))
    assert part.matrix.toarray().tolist() == [[1.0], [1.0]]
    assert part.upper.tolist() == [1.0, 0.5]
    wider = cuts.over(np.array([4, 0, 2]), 6)
    assert wider.matrix.toarray()[0].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert together([]) is None


def test_a_part_is_found_within_a_block_only_where_all_its_columns_are() -> None:
    hull = LocalHull(np.array([2, 5]), sp.csr_matrix(np.eye(2)), np.zeros(2), Listed((np.zeros((1, 2)),)))
    assert hull.within(np.array([0, 2, 4])) is None
    within = hull.within(np.array([0, 2, 4, 5]))
    assert within is not None
    assert within.columns.tolist() == [1, 3]
    assert within.states(np.array([9.0, 1.0, 9.0, 2.0])).tolist() == [[1.0, 2.0]]
