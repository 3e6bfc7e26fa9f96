"""Whole solutions of a siting problem: from sites and shares that the relaxation leans to, improved by local search."""

from __future__ import annotations

import numpy as np

from network_models.siting.arrays import CLOSED, FREE, OPEN, SHARED, UNLIMITED, Siting, Solution
from network_models.siting.search import roam, wander
from network_models.siting.transport import transport

LEANING = 0.5
POSSIBLE = 1e-3
"""Share of the mean choice below which a site is left out of local search."""
EFFORT = 1.6e8
"""Elementary comparisons of one long local search."""
FORBIDDEN = 1e3
"""Cost of a pair that is not allowed, as a multiple of everything else together."""


class Solutions:
    """The best solution known, and ways to better ones."""

    def __init__(self, siting: Siting, seed: int) -> None:
        self.siting = siting
        self.best = Solution(np.inf, np.empty(0, bool), np.empty((0, 0)))
        m = siting.shape[0]
        self.most = m if siting.most is None else min(siting.most, m)
        self._seen: set[bytes] = set()
        self._rng = np.random.default_rng(seed)
        finite = np.isfinite(siting.cost)
        self._large = FORBIDDEN * float(1.0 + np.abs(siting.cost[finite]).sum() / m + np.abs(siting.fixed).sum())
        self._cost = np.ascontiguousarray(np.where(finite, siting.cost, self._large))
        self._unit_cost = np.ascontiguousarray(siting.cost / siting.demand)
        self._fee = 2.0 * float(np.abs(siting.cost[finite]).mean() + 1.0) / float(siting.demand.mean())

    @property
    def value(self) -> float:
        """Of the best solution; inf without one."""
        return self.best.value

    def lean(
        self, status: np.ndarray, chosen: np.ndarray, site_share: np.ndarray, pair_share: np.ndarray, effort: float
    ) -> None:
        """Try what the relaxation leans to.

        Parameters
        ----------
        status, chosen, site_share
            (m,) what is settled, what the best prices choose, and the share of the mean choice in which sites are open.
        pair_share
            (m, n) of the mean choice.
        effort
            1 for a long local search, less for a shorter one.
        """
        if self.siting.mode == UNLIMITED:
            self._interchange(status, self._leaning(status, site_share), effort)
        elif self.siting.mode == SHARED:
            self._exchange(status, self._leaning(status, site_share), site_share, effort)
        else:
            usable = (status != CLOSED) & ((site_share > POSSIBLE) | (status == OPEN))
            self._wander(status, usable, pair_share, effort)
            self._wander(status, usable & (chosen | (site_share > 1 - LEANING)), pair_share, effort)

    def take(self, is_open: np.ndarray, share: np.ndarray) -> None:
        """Take a solution if it obeys all rules and is better."""
        value = self.siting.value(is_open, share)
        if value < self.best.value - 1e-9 * abs(value) and self._obeys(is_open, share):
            self.best = Solution(value, is_open.copy(), share.copy())

    def take_whole(self, site_of: np.ndarray) -> None:
        """Take an assignment of whole customers if it is better."""
        share = np.zeros(self.siting.shape)
        share[site_of, np.arange(len(site_of))] = 1.0
        self.take(np.asarray(share.any(axis=1)), share)

    def serve(self, is_open: np.ndarray) -> float:
        """Best way to serve from given sites where customers need not be whole; its cost, opening included."""
        sites, share = np.flatnonzero(is_open), np.zeros(self.siting.shape)
        if not len(sites):
            return float(np.inf)
        if self.siting.mode == UNLIMITED:
            nearest = np.argmin(self.siting.cost[sites], axis=0)
            share[sites[nearest], np.arange(share.shape[1])] = 1.0
            cost = float(self.siting.cost[sites].min(axis=0).sum())
        else:
            cost = transport(self._unit_cost, self.siting.demand, self.siting.capacity, sites, share)
        if np.isfinite(cost):
            self.take(is_open, share)
        return float(cost + self.siting.fixed[is_open].sum())

    def _obeys(self, is_open: np.ndarray, share: np.ndarray) -> bool:
        load = share @ self.siting.demand
        whole = not self.siting.single_source or bool(((share < 1e-9) | (share > 1 - 1e-9)).all())
        return (
            whole
            and bool((np.abs(share.sum(axis=0) - 1.0) <= 1e-7).all())
            and bool((load <= np.where(is_open, self.siting.capacity * (1 + 1e-9) + 1e-9, 0.0)).all())
            and int(is_open.sum()) <= self.most
        )

    def _leaning(self, status: np.ndarray, site_share: np.ndarray) -> np.ndarray:
        """Sites most used by the mean choice, enough of them to hold all demand, no more than may be open."""
        order = np.argsort(-np.where(status == OPEN, 2.0, np.where(status == CLOSED, -1.0, site_share)), kind="stable")
        demand = self.siting.demand.sum()
        room = np.cumsum(np.minimum(self.siting.capacity, demand)[order])
        enough = int(np.searchsorted(room, demand * (1 - 1e-12))) + 1
        wanted = int(((status == OPEN) | ((site_share >= LEANING) & (status != CLOSED))).sum())
        is_open = np.zeros(len(status), bool)
        is_open[order[: min(max(enough, wanted), self.most)]] = True
        return is_open & (status != CLOSED)

    def _interchange(self, status: np.ndarray, is_open: np.ndarray, effort: float) -> None:
        """Add, drop, exchange; then again from the best sites with a few exchanged at random."""
        m, n = self.siting.shape
        tries = int(np.clip(effort * EFFORT / (32.0 * m * n), 0, 400))
        if is_open.any():
            fixed = self.siting.fixed.astype(float)
            roam(self._cost, fixed, is_open, status.astype(np.int64), self.most, tries, self._rng)
            self.serve(is_open)

    def _exchange(self, status: np.ndarray, is_open: np.ndarray, site_share: np.ndarray, effort: float) -> None:
        """Drop, add or exchange sites while that pays, customers shared anew each time."""
        tries = int(np.clip(effort * EFFORT / (160.0 * self.siting.shape[1] * max(1, is_open.sum())), 1, 300))
        now = self._served(is_open)
        free = np.flatnonzero((status == FREE) & ((site_share > 10 * POSSIBLE) | is_open))
        for _ in range(tries if len(free) else 0):
            trial, kind = is_open.copy(), self._rng.integers(3)
            closed, opened = free[~is_open[free]], free[is_open[free]]
            if kind != 0 and len(closed):
                trial[self._rng.choice(closed)] = True
            if kind != 1 and len(opened):
                trial[self._rng.choice(opened)] = False
            value = self._served(trial)
            if value < now:
                now, is_open = value, trial

    def _served(self, is_open: np.ndarray) -> float:
        """Like :meth:`serve`, once for the same sites."""
        key = np.packbits(is_open).tobytes()
        if key in self._seen or is_open.sum() > self.most:
            return float(np.inf)
        self._seen.add(key)
        return self.serve(is_open)

    def _wander(self, status: np.ndarray, usable: np.ndarray, pair_share: np.ndarray, effort: float) -> None:
        """Local search over whole customers from the sites the mean choice gives them."""
        n, count = self.siting.shape[1], int(usable.sum())
        if not count or self.siting.capacity[usable].sum() < self.siting.demand.sum() * (1 - 1e-12):
            return
        tries = int(np.clip(effort * EFFORT / (4.0 * n * (n + count)), 1, 4000))
        leaning = np.where(usable[:, None], pair_share, -1.0) - 1e-9 * self._cost / self._large
        site_of = np.argmax(leaning, axis=0).astype(np.int64)
        siting = self.siting
        value, fee = wander(
            self._cost, siting.demand.astype(float), siting.capacity.astype(float), siting.fixed.astype(float),
            np.flatnonzero(usable), status == OPEN, site_of, self.most, tries, self._rng, self._fee,
        )  # fmt: skip
        self._fee = float(np.clip(fee, 0.1 * self._fee, 10.0 * self._fee))
        if value < self._large:
            self.take_whole(site_of)
