"""Small random sequencing problems and what is best in them, by trying everything."""

from __future__ import annotations

import itertools

import numpy as np

from network_models.sequencing.arrays import Sequencing, needs_of


def random_problem(seed: int, n: int = 6, periods: int = 2, resources: int = 2) -> Sequencing:
    """Works that need earlier ones, some of which cost, with limits that bind."""
    rng = np.random.default_rng(seed)
    pairs = [(b, k) for b in range(n) for k in range(b) if rng.random() < 0.3]
    worth = rng.integers(-30, 60, n).astype(float)
    value = worth[:, None] * 0.9 ** np.arange(periods)
    use = rng.integers(0, 9, (n, resources)).astype(float)
    limit = np.full((resources, periods), max(1.0, np.floor(use.sum() / resources / 3)))
    return Sequencing(needs_of(np.array(pairs, np.int64).reshape(-1, 2), n), value, use, limit)


def best_by_trying(problem: Sequencing) -> float:
    """Value of the best sequence, of all there are."""
    every = itertools.product(range(problem.periods + 1), repeat=problem.n)
    return max(problem.total(np.array(p)) for p in every if problem.obeys(np.array(p)))
