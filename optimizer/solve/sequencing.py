"""Pure sequencing solved by its structure: closures, a relaxation that bounds, list schedules, windows decided anew."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from network_models.sequencing.cells import priced
from network_models.sequencing.lists import depths, scheduled
from optimizer.solve.progress import Listener, Progress
from optimizer.solve.sequencing_bound import Relaxed, relax
from optimizer.solve.sequencing_search import Search, rounded
from optimizer.solve.sequencing_view import View
from optimizer.solve.settings import SolverSettings

STAGE = "sequence"
SMALL = 60_000
"""Rows up to which the rest of the time is the whole model's, from the best plan on."""
BOUND_SHARE, SEARCH_SHARE = 0.5, 0.4
"""Of the time limit: the most for the relaxation; where the whole model follows, for all that goes before."""
ROUNDED_EVERY = 3
EVIDENCE = "linear relaxation by closures at prices of the limits"


@dataclass
class Sequenced:
    """What is known of a problem: best periods (n,) of the view's works, bound, value of the relaxation."""

    view: View
    period: np.ndarray
    bound: float = math.inf
    relaxation: float | None = None
    rounds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def value(self) -> float:
        return self.view.sequencing.total(self.period)

    def hear_bound(self, bound: float) -> None:
        """Take a proven bound, cut down to the next value that a plan can have."""
        grain = self.view.grain
        if grain > 0:
            bound = math.floor(bound / grain * (1 + 1e-12) + 1e-6) * grain
        self.bound = min(self.bound, bound)

    def closed(self, gap: float) -> bool:
        """Whether value and bound are as near as asked."""
        return self.bound - self.value <= gap * max(abs(self.value), 1e-9)

    def offer(self, period: np.ndarray) -> None:
        """Take a sequence if it is better and obeys all rules."""
        sequencing = self.view.sequencing
        with self.lock:
            if sequencing.total(period) > self.value and sequencing.obeys(period):
                self.period = period


def solve_sequencing(view: View, settings: SolverSettings, listener: Listener, stop: threading.Event) -> Sequenced:
    """Bound and plan of pure sequencing, within the limits of the settings."""
    began = time.monotonic()
    sequencing = view.sequencing
    known = Sequenced(view, np.full(sequencing.n, sequencing.periods, np.int64))
    known.offer(scheduled(sequencing, depths(sequencing)))

    def say() -> None:
        bound = known.bound if math.isfinite(known.bound) else None
        listener(Progress(STAGE, time.monotonic() - began, known.value, bound))

    share = SEARCH_SHARE if is_small(view) else 1.0
    until = began + share * settings.time_limit
    relaxed = _relax(known, until - (1 - BOUND_SHARE) * share * settings.time_limit, say, stop)
    if known.closed(settings.mip_gap) or stop.is_set():
        return known
    _search(known, relaxed, settings, until, say, stop)
    return known


def is_small(view: View) -> bool:
    """Whether the whole model is worth building."""
    sequencing = view.sequencing
    return (sequencing.n + len(sequencing.needs.need)) * sequencing.periods <= SMALL


def _relax(known: Sequenced, until: float, say: Callable[[], None], stop: threading.Event) -> Relaxed:
    sequencing = known.view.sequencing

    def tell(state: Relaxed) -> bool:
        known.hear_bound(state.bound)
        known.rounds, known.relaxation = state.rounds, state.bound
        if state.rounds % ROUNDED_EVERY == 1:
            known.offer(rounded(sequencing, state.begun))
        say()
        return not stop.is_set()

    relaxed = relax(sequencing, known.period, until, tell)
    tell(relaxed)
    known.offer(rounded(sequencing, relaxed.begun))
    say()
    return relaxed


def _search(
    known: Sequenced,
    relaxed: Relaxed,
    settings: SolverSettings,
    until: float,
    say: Callable[[], None],
    stop: threading.Event,
) -> None:
    sequencing = known.view.sequencing

    def found(period: np.ndarray) -> None:
        known.offer(period)
        say()

    weight = priced(sequencing, relaxed.price)
    search = Search(sequencing, known.period, weight, seed=settings.seed, found=found)
    threads = 1 if settings.threads == 1 else 2
    search.run(until, threads, lambda: stop.is_set() or known.closed(settings.mip_gap))
