"""Linear programmes too large for bases: restarted, reflected Halpern iterations of the primal-dual hybrid gradient method.

Applegate et al. 2021 (PDLP: the method for linear programmes, restarts, scaling); Lu and Yang 2024 (r2HPDHG: reflected Halpern iterations);
Lu, Peng and Yang 2025 (cuPDLPx: when to restart, and the weight between columns and rows by a controller of the ratio of what they moved).
What a library's PDLP does not offer: prices at any moment, a stop by what these prove, and threads that share the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from network_models.linear.kernel import look_columns, look_rows, step_columns, step_rows
from network_models.linear.programme import Fibres, Programme, scaled

STEP = 0.998
"""Of the longest step that is sure to converge."""
LOOK = 80
"""Iterations between two looks."""
SUFFICIENT, NECESSARY, LONGEST = 0.2, 0.8, 0.36
"""Begin again from where the iterations are once they move so much less than at first, or less but no longer ever less, or after a share of
all iterations so far."""
WEIGHT = 5.0
"""Between columns and rows at first: prices have further to go."""
PROPORTIONAL, INTEGRAL, FORGETTING = 0.99, 0.01, 0.3
"""Of the controller of that weight."""
TILT, LIGHTER = 20.0, 0.5
"""Where prices are off by so many times what the columns are off by, rows weigh too much: begin again with less weight."""
STILL = 1e-14
"""Nothing has moved by less."""


@dataclass(frozen=True)
class Look:
    """What is known after some iterations.

    Parameters
    ----------
    primal
        Cost of the columns; they break rows by ``broken`` (root of the sum of squares, of scaled rows with limits of norm 1).
    dual
        Value of the prices: no solution costs less, where every column has limits. ``wrong``: the root of the sum of squares of
        what is left of costs where there is no limit (of scaled costs of norm 1).
    """

    iterations: int
    primal: float
    dual: float
    broken: float
    wrong: float


class Halpern:
    """Iterations over one programme.

    Parameters
    ----------
    given
        The programme.
    threads
        That share the work.
    """

    def __init__(self, given: Programme, threads: int = 1) -> None:
        self.threads = threads
        self.scaled = scaled(given)
        inner = self.scaled.programme
        self.rows, self.columns = Fibres(inner.matrix), Fibres(inner.matrix.tocsc())
        self.weight = WEIGHT
        self.found = np.clip(np.zeros(len(inner.cost)), inner.lower, inner.upper), np.zeros(len(inner.row_lower))
        self.ahead = np.zeros_like(inner.cost)
        self.total = self.since = 0
        self._error_sum = 0.0
        self._begin_again()

    @property
    def solution(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) values of the columns and (m,) prices of the rows, as of the last look."""
        return self.scaled.solution(*self.found)

    def looks(self) -> Iterator[Look]:
        """Go on for ever, and look now and then."""
        with ThreadPoolExecutor(max(self.threads - 1, 1)) as pool:
            while True:
                for _ in range(LOOK - 1 if self.since else 0):
                    self._step(pool)
                yield self._look(pool)

    # ---- iterations
    def _step(self, pool: ThreadPoolExecutor) -> float:
        """One iteration; the weight of the new point against where the iterations began."""
        inner, share = self.scaled.programme, (self.since + 1) / (self.since + 2)
        tau, sigma = STEP / self.weight, STEP * self.weight
        columns = (*self.columns.arrays, inner.cost, inner.lower, inner.upper, self.x, self.origin[0], self.ahead, self.y, tau, share)
        rows = (*self.rows.arrays, inner.row_lower, inner.row_upper, self.ahead, self.y, self.origin[1], sigma, share)
        self._share(pool, step_columns, columns, len(self.x))
        self._share(pool, step_rows, rows, len(self.y))
        self.since, self.total = self.since + 1, self.total + 1
        return share

    def _share(self, pool: ThreadPoolExecutor, kernel: Any, work: tuple[Any, ...], count: int) -> None:
        """Call a kernel for as many parts as there are threads, one of them in this."""
        mine, *others = pairwise(c * count // self.threads for c in range(self.threads + 1))
        given = [pool.submit(kernel, *work, *ends) for ends in others]
        kernel(*work, *mine)
        for done in given:
            done.result()

    def _look(self, pool: ThreadPoolExecutor) -> Look:
        """One iteration, what it finds, and whether to begin again from there."""
        x, y = self.x.copy(), self.y.copy()
        share = self._step(pool)
        new_x, new_y = 0.5 * (self.ahead + x), 0.5 * ((self.y - (1.0 - share) * self.origin[1]) / share + y)
        inner, moved, changed = self.scaled.programme, new_x - x, new_y - y
        primal, of_columns, wrong = look_columns(*self.columns.arrays, inner.cost, inner.lower, inner.upper, new_x, new_y)
        limits = inner.row_lower, inner.row_upper
        of_rows, broken, crossed = look_rows(*self.rows.arrays, *limits, new_x, moved, new_y, changed)
        distance = self.weight * (moved @ moved) + (changed @ changed) / self.weight - 2.0 * STEP * crossed
        self.found = new_x, new_y
        self._perhaps_again(float(np.sqrt(max(distance, 0.0))), tilted=wrong > TILT**2 * broken)
        unit = self.scaled.amount * self.scaled.money
        primal, dual = ((value + inner.constant) / unit for value in (primal, of_columns + of_rows))
        return Look(self.total, primal, dual, float(np.sqrt(broken)), float(np.sqrt(wrong)))

    # ---- restarts
    def _perhaps_again(self, distance: float, *, tilted: bool) -> None:
        """Begin again where that pays.

        Parameters
        ----------
        distance
            How far one iteration goes from here: none where this is a solution.
        tilted
            Whether rows weigh too much.
        """
        if self.since == 1:
            self.first = self.last = distance
            return
        enough = distance <= SUFFICIENT * self.first
        turned = distance <= NECESSARY * self.first and distance > self.last
        self.last = distance
        if tilted:
            self.weight *= LIGHTER
            self._begin_again()
        elif enough or turned or self.since >= LONGEST * self.total:
            self._balance()
            self._begin_again()

    def _balance(self) -> None:
        """The weight at which columns and rows would have moved alike."""
        by_column, by_row = (float(np.linalg.norm(new - old)) for new, old in zip(self.found, self.origin, strict=True))
        if min(by_column, by_row) > STILL:
            error = np.log(by_row / by_column) - np.log(self.weight)
            self._error_sum = FORGETTING * self._error_sum + error
            self.weight *= float(np.exp(PROPORTIONAL * error + INTEGRAL * self._error_sum))

    def _begin_again(self) -> None:
        self.origin = self.found[0].copy(), self.found[1].copy()
        self.x, self.y = self.found[0].copy(), self.found[1].copy()
        self.since, self.first, self.last = 0, np.inf, np.inf
