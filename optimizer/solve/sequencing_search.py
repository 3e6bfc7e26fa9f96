"""Better sequences: windows of a plan decided anew by HiGHS, several at a time, until the time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from network_models.sequencing.arrays import Sequencing
from network_models.sequencing.exchange import SWEEP, exchanged
from network_models.sequencing.lists import pruned, scheduled
from optimizer.solve.sequencing_windows import Window, decide, window_of

SECONDS = 8.0
"""Most for one window."""
FIRST, FEWEST, MOST = 900, 40, 6000
"""Choices in a window: at first, and within what range they are adapted to what HiGHS can do; at most half of all."""
WINDOW_EVERY = 6
"""Where works need nothing, one window comes after so many turns of exchanges."""
POINTS = (0.01, 0.1, 0.3, 0.5, 0.7, 0.9)


def rounded(problem: Sequencing, begun: np.ndarray) -> np.ndarray:
    """The best list schedule after a relaxation's ``begun`` (n, T): order of mean periods, not before an alpha-point."""
    mean = (1 - begun).sum(axis=1)
    best = np.full(problem.n, problem.periods, np.int64)
    for point in POINTS:
        earliest = (begun < point).sum(axis=1).astype(np.int64)
        for key, first in ((earliest + 1e-2 * mean, None), (mean, earliest), (earliest + 1e-2 * mean, earliest)):
            period = scheduled(problem, key, first)
            if problem.total(period) > problem.total(best):
                best = period
    return best


class Search:
    """Improves a plan in several threads; :attr:`period` is the best so far."""

    def __init__(
        self,
        problem: Sequencing,
        period: np.ndarray,
        weight: np.ndarray,
        *,
        seed: int,
        found: Callable[[np.ndarray], None],
    ) -> None:
        self.problem, self.period, self.found = problem, period, found
        self.gain, self.doubt = weight[:, 0], np.abs(weight).min(axis=1)
        self.loose = problem.periods == 1 and len(problem.needs.need) == 0
        self.rng, self.lock = np.random.default_rng(seed), threading.Lock()
        self.most = min(MOST, max(FEWEST, problem.n * problem.periods // 2))
        self.choices, self.turn = float(min(FIRST, self.most)), 0
        self.proved, self.pace = False, float(SWEEP)

    def run(self, until: float, threads: int, enough: Callable[[], bool]) -> None:
        """Search until a moment of the monotonic clock, until ``enough`` says so, or the best plan is found."""
        self._all_at_once(until)

        def work() -> None:
            while time.monotonic() < until and not (self.proved or enough()):
                (self._exchange if self.loose and self.turn % WINDOW_EVERY else self._once)(until)

        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()

    def _all_at_once(self, until: float) -> None:
        """Where there is little to choose, everything in one window: often that is the best plan and the end."""
        problem = self.problem
        if problem.n * problem.periods > MOST:
            return
        window = window_of(problem, self.period, np.arange(problem.n), 0, problem.periods)
        better, self.proved = decide(problem, self.period, window, max(0.1, min(SECONDS / 2, until - time.monotonic())))
        self._take(window.free, better)

    def _once(self, until: float) -> None:
        with self.lock:
            period, window = self.period, self._pick()
            self.turn += 1
        seconds = max(0.1, min(SECONDS / 4 if self.loose else SECONDS, until - time.monotonic()))
        began = time.monotonic()
        better, optimal = decide(self.problem, period, window, seconds)
        quick = optimal and time.monotonic() - began < SECONDS / 4
        with self.lock:
            factor = 1.1 if quick else 1.0 if optimal else 0.85
            self.choices = float(np.clip(self.choices * factor, FEWEST, self.most))
            self._take(window.free, better)

    def _exchange(self, until: float) -> None:
        """Another second or so of exchanges, where works need nothing and there is one period."""
        with self.lock:
            period, seed = self.period, int(self.rng.integers(2**31))
            self.turn += 1
        began = time.monotonic()
        better = exchanged(self.problem, period, self.gain, max(SWEEP, int(self.pace)), seed)
        spent = max(time.monotonic() - began, 1e-3)
        with self.lock:
            self.pace *= float(np.clip(min(2.0, max(0.1, until - time.monotonic())) / spent, 0.2, 5.0))
            self._take(np.arange(self.problem.n), better)

    def _take(self, free: np.ndarray, better: np.ndarray) -> None:
        """What moved in a window, on top of the best plan of now, if that obeys all rules and gains."""
        period = self.period.copy()
        period[free] = better[free]
        if self.problem.total(period) > self.problem.total(self.period) and self.problem.obeys(period):
            period = pruned(self.problem, period)
            self.period = period
            self.found(period)

    # ---- windows
    def _pick(self) -> Window:
        """In turn: neighbouring periods with most of their works, and works that the relaxation is in doubt about."""
        problem = self.problem
        width = int(self.rng.integers(2, 4)) if problem.periods > 1 else 2
        first = int(self.rng.integers(0, max(1, problem.periods + 2 - width)))
        last = min(first + width - 1, problem.periods)
        if problem.periods > 4 and self.turn % 4 == 3:
            first, last = 0, problem.periods
        inside = np.flatnonzero((self.period >= first) & (self.period <= last))
        room = max(1, int(self.choices / (last - first)))
        return window_of(problem, self.period, self._among(inside, room), first, last)

    def _among(self, works: np.ndarray, most: int) -> np.ndarray:
        """At most so many works: around one of them where works need one another, else those most in doubt."""
        if len(works) <= most:
            return works
        if len(self.problem.needs.need) == 0:
            noise = self.rng.exponential(1.0, len(works))
            scale = np.partition(self.doubt[works], most)[most] + 1e-12
            return np.sort(works[np.argsort(self.doubt[works] + scale * noise * self.rng.uniform(0, 1.5))[:most]])
        return self._around(works, most)

    def _around(self, works: np.ndarray, most: int) -> np.ndarray:
        needs = self.problem.needs
        left = np.zeros(self.problem.n, bool)
        left[works] = True
        ring = self.rng.choice(works, 1)
        left[ring] = False
        taken = [ring]
        count = 1
        while count < most:
            near = [needs.need[needs.ptr[b] : needs.ptr[b + 1]] for b in ring]
            near += [needs.back[needs.back_ptr[b] : needs.back_ptr[b + 1]] for b in ring]
            ring = np.unique(np.concatenate(near)) if near else np.empty(0, np.int64)
            ring = ring[left[ring]]
            if not len(ring):
                others = np.flatnonzero(left)
                if not len(others):
                    break
                ring = self.rng.choice(others, 1)
            ring = self.rng.permutation(ring)[: most - count]
            left[ring] = False
            taken.append(ring)
            count += len(ring)
        return np.sort(np.concatenate(taken))
