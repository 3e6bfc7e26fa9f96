"""One-period siting as plain arrays: whom each site may serve at what cost, what it holds and what it costs to open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

UNLIMITED, SHARED, WHOLE = 0, 1, 2
"""Sites without capacity limit; customers shared among sites; each customer whole from one site."""
CLOSED, FREE, OPEN = -1, 0, 1
"""What is settled about a site."""
COVER_STEPS = 10_000
WHOLE_STEPS = 1e5
"""Most steps in which demand is counted where customers are not shared; finer demand is rounded down with the room."""
LARGEST_WHOLE = 2.0**40
MOST_GRAINS = 1e10
"""Values are told apart as whole multiples of their grain up to this multiple."""


class Pairs(NamedTuple):
    """Pairs of sites and customers that are still allowed, in the form the kernels read.

    Parameters
    ----------
    ptr
        (m + 1,) int64; pairs ``ptr[i]:ptr[i + 1]`` are those of site i.
    customer, cost
        (k,) int64 and float64.
    weight
        (n,) float64 quantity of each customer; whole numbers in mode ``WHOLE``.
    capacity, fixed
        (m,) float64.
    cover_size, cover_need
        (m,) and scalar int64: capacities and total demand in steps, rounded so that every solution covers the need.
    most
        At most this many sites are open.
    mode
        ``UNLIMITED``, ``SHARED`` or ``WHOLE``.
    """

    ptr: np.ndarray
    customer: np.ndarray
    cost: np.ndarray
    weight: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    cover_size: np.ndarray
    cover_need: int
    most: int
    mode: int


class Solution(NamedTuple):
    """Open sites (m,) bool, shares (m, n) of each customer's demand, and what it all costs."""

    value: float
    is_open: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class Siting:
    """Open sites and serve every customer at least cost.

    Parameters
    ----------
    cost
        (m, n) of serving the whole of a customer's demand from a site; inf where it may not.
    demand
        (n,) positive.
    capacity, fixed
        (m,); inf where unlimited.
    single_source
        Each customer whole from one site.
    most
        At most this many sites, or None.
    """

    cost: np.ndarray
    demand: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    single_source: bool
    most: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Sites, customers."""
        return self.cost.shape[0], self.cost.shape[1]

    @cached_property
    def mode(self) -> int:
        """Which knapsack a site solves."""
        wanted = np.where(np.isfinite(self.cost), self.demand, 0.0).sum(axis=1)
        if (self.capacity >= wanted - 1e-9 * wanted).all():
            return UNLIMITED
        return WHOLE if self.single_source else SHARED

    @cached_property
    def whole(self) -> bool:
        """Whether some best solution serves every customer from one site."""
        return self.mode != SHARED

    @cached_property
    def weight(self) -> np.ndarray:
        """Demand in the kernels' unit: whole numbers where customers are not shared."""
        return self._scaled[0]

    @cached_property
    def room(self) -> np.ndarray:
        """Capacity in the kernels' unit."""
        return self._scaled[1]

    @cached_property
    def _scaled(self) -> tuple[np.ndarray, np.ndarray]:
        capacity = np.minimum(self.capacity, self.demand.sum())
        if self.mode != WHOLE:
            return self.demand.astype(float), capacity
        unit = common_unit(self.demand) or 0.0
        unit = max(unit, float(self.demand.sum()) / WHOLE_STEPS)
        return np.floor(self.demand / unit + 1e-6), np.floor(capacity / unit + 1e-6)

    @cached_property
    def grain(self) -> float:
        """All values of solutions are multiples of this (0: not known, or too fine to tell)."""
        if not self.whole:
            return 0.0
        costs = np.concatenate([self.cost[np.isfinite(self.cost)], self.fixed])
        largest = float(np.abs(self.fixed).sum() + np.abs(costs).max() * len(self.demand))
        grain = common_unit(costs) or 0.0
        return grain if grain * MOST_GRAINS > largest else 0.0

    def pairs(self) -> Pairs:
        """The kernels' form, of all finite pairs."""
        m, kept = len(self.fixed), np.isfinite(self.cost)
        ptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
        most = m if self.most is None else min(self.most, m)
        return Pairs(
            ptr, np.nonzero(kept)[1].astype(np.int64), self.cost[kept].astype(float), self.weight, self.room,
            self.fixed.astype(float), self._cover[0], self._cover[1], most, self.mode,
        )  # fmt: skip

    @cached_property
    def _cover(self) -> tuple[np.ndarray, int]:
        """Capacities rounded up and demand rounded up in equal steps: any sites that hold the demand cover the need."""
        if self.mode == UNLIMITED:
            return np.zeros(len(self.fixed), np.int64), 0
        need = float(self.weight.sum())
        step = max(common_unit(self.room) or 0.0, need / COVER_STEPS)
        return np.ceil(self.room / step - 1e-9).astype(np.int64), int(np.ceil(need / step - 1e-9))

    def value(self, is_open: np.ndarray, share: np.ndarray) -> float:
        """What a solution costs."""
        return float(self.fixed[is_open].sum() + (self.cost[share > 0] * share[share > 0]).sum())


def common_unit(values: np.ndarray) -> float | None:
    """The largest number of which all values are multiples; None where decimals do not end soon."""
    for scale in (1.0, 10.0, 100.0, 1000.0):
        scaled = values * scale
        if np.abs(scaled).max(initial=0.0) > LARGEST_WHOLE:
            return None
        if (np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))).all():
            divisor = float(np.gcd.reduce(np.abs(np.round(scaled)).astype(np.int64)))
            return divisor / scale or None
    return None
