"""Search for the cheapest design: annealing from many starting points, each result taken down to a local optimum.

Every thread searches by itself, an island: those that began again from one shared best design all ended near it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from network_models.design.anneal import EXACT, Cooling, anneal
from network_models.design.arrays import DesignNetwork, make_work
from network_models.design.descend import descend
from network_models.design.kernel import FAILED, put_sizes, settle, shortfall, start_flows

Clock = Callable[[], float]


@dataclass(frozen=True)
class SearchSettings:
    """How the search is run; one setting for all networks, every quantity relative.

    Parameters
    ----------
    moves
        Moves of the first annealing; each later one has ``growth`` times as many, up to ``most``.
    hot, cold
        Temperatures at the beginning and the end, in mean cost steps from one size to the next; ends by island, in turn.
    reheat
        Temperatures of restarts from the island's best design, as shares of ``hot``, in turn; NaN: from an arbitrary one.
    belief
        Share of the predicted missing head that is believed.
    """

    moves: int = 20_000
    growth: float = 1.2
    most: int = 3_000_000
    hot: float = 0.5
    cold: tuple[float, ...] = (0.03, 0.01)
    reheat: tuple[float, ...] = (math.nan, 0.3, 0.3, 0.6)
    belief: float = 0.7
    polish: int = 20_000
    workers: int = 2


@dataclass
class Board:
    """The best design so far, and what was spent."""

    cost: float = math.inf
    chosen: np.ndarray | None = None
    found_after: float = 0.0
    restarts: int = 0
    solved: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, cost: float, chosen: np.ndarray, solved: int, after: float) -> None:
        """Note the result of a restart."""
        with self.lock:
            self.restarts += 1
            self.solved += solved
            if cost < self.cost * (1.0 - 1e-9):
                self.cost, self.chosen, self.found_after = cost, chosen.copy(), after


class Search:
    """Annealing with restarts on one network."""

    def __init__(
        self, network: DesignNetwork, settings: SearchSettings, seed: int, clock: Clock = time.monotonic
    ) -> None:
        self.network, self.settings, self.seed, self.clock = network, settings, seed, clock
        sizes = network.sizes
        self.free = np.flatnonzero(sizes.options > 1)
        self.near = neighbours(network)
        top, links = sizes.options[self.free] - 1, self.free
        steps = (sizes.cost[links, top] - sizes.cost[links, 0]) / np.maximum(top, 1)
        self.step = float(steps.mean()) if len(steps) else 1.0
        self.board = Board()

    def run(self, seconds: float, stop: Callable[[float], bool] = lambda _: False) -> Board:
        """Search for so long by the clock of each thread, or until ``stop`` of the best cost."""
        if len(self.free) == 0:
            return self._only()
        with ThreadPoolExecutor(self.settings.workers) as pool:
            jobs = [pool.submit(self._work, island, seconds, stop) for island in range(self.settings.workers)]
            for job in jobs:
                job.result()
        return self.board

    def compile(self) -> None:
        """Have the kernels compiled before a clock runs."""
        layout, sizes, memory = self.network.layout, self.network.sizes, self._memory()
        chosen = np.zeros(len(self.network.links), np.int64)
        self._from(memory, chosen)
        cooling = Cooling(self.step, self.step, 1, self.settings.belief, 0)
        if len(self.free):
            anneal(layout, sizes, self.near, self.free, memory, chosen, chosen.copy(), cooling, self.step)
            descend(layout, sizes, self.free, memory, chosen, 0.0, (0, 0))

    def _only(self) -> Board:
        """The single design of a network without a choice."""
        chosen, memory = np.zeros(len(self.network.links), np.int64), self._memory()
        layout, sizes = self.network.layout, self.network.sizes
        put_sizes(layout, sizes, memory[0], chosen)
        start_flows(layout, sizes, memory[0], chosen)
        if settle(layout, memory[0], EXACT) != FAILED and shortfall(layout, sizes, memory[0], chosen) <= 0.0:
            self.board.report(self.network.cost(chosen), chosen, 1, 0.0)
        return self.board

    def _memory(self) -> tuple:
        return make_work(self.network.layout), make_work(self.network.layout)

    def _from(self, memory: tuple, chosen: np.ndarray) -> None:
        start_flows(self.network.layout, self.network.sizes, memory[1], chosen)

    def _work(self, island: int, seconds: float, stop: Callable[[float], bool]) -> None:
        memory, penalty, pace, began = self._memory(), 0.1 * self.step, 0.0, self.clock()
        mine = Board()
        while (left := seconds - (self.clock() - began)) > 0 and not stop(self.board.cost):
            moves = self._moves(mine.restarts, left, pace)
            begin = self.clock()
            penalty = self._restart(memory, island, moves, mine, (penalty, began))
            pace = (self.clock() - begin) / moves

    def _moves(self, number: int, left: float, pace: float) -> int:
        """Moves of a restart: as planned, cut to what the time that is left allows at the pace seen."""
        planned = min(self.settings.moves * self.settings.growth ** min(number, 40), self.settings.most)
        fits = left / pace if pace > 0 else planned
        return max(int(min(planned, 1.1 * fits)), 100)

    def _restart(self, memory: tuple, island: int, moves: int, mine: Board, state: tuple[float, float]) -> float:
        """Anneal and descend; ``state`` is the penalty and when this thread began. Returns the penalty."""
        penalty, began = state
        layout, sizes, settings = self.network.layout, self.network.sizes, self.settings
        seed = (self.seed * 1_000_003 + island * 15_485_863 + mine.restarts * 7919) % 2**31
        chosen, hot = self._start(mine, seed)
        self._from(memory, chosen)
        cold = settings.cold[island % len(settings.cold)]
        cooling = Cooling(hot * self.step, cold * self.step, moves, settings.belief, seed)
        best = chosen.copy()
        cost, penalty, solved = anneal(layout, sizes, self.near, self.free, memory, chosen, best, cooling, penalty)
        if math.isfinite(cost):
            self._from(memory, best)
            cost, more = descend(layout, sizes, self.free, memory, best, cost, (max(settings.polish, moves // 4), seed))
            solved += more
        for board in (mine, self.board):
            board.report(cost, best, solved, self.clock() - began)
        return penalty

    def _start(self, mine: Board, seed: int) -> tuple[np.ndarray, float]:
        """Design and temperature that the next restart of an island begins with."""
        share = self.settings.reheat[mine.restarts % len(self.settings.reheat)]
        if mine.chosen is not None and not math.isnan(share):
            return mine.chosen.copy(), self.settings.hot * share
        top = self.network.sizes.options - 1
        down = np.random.default_rng(seed).integers(0, 3, len(top))
        return np.maximum(top - down, 0).astype(np.int64), self.settings.hot


def neighbours(network: DesignNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Links with a choice that share a node with each link: where they begin, (n_links + 1,), and which they are."""
    layout, count = network.layout, network.sizes.options
    at: dict[int, list[int]] = {}
    for k in np.flatnonzero(count > 1).tolist():
        for end in (int(layout.tail[k]), int(layout.head[k])):
            at.setdefault(end, []).append(k)
    start, found = np.zeros(len(count) + 1, np.int64), []
    for k in range(len(count)):
        ends = (int(layout.tail[k]), int(layout.head[k]))
        found += sorted({other for end in ends for other in at.get(end, ())} - {k})
        start[k + 1] = len(found)
    return start, np.array(found, np.int64)
