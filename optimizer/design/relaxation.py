"""A looped network's design within a box of flows, heads and sizes: points whose convex hull contains every true state.

A *piece* is one size of a link with one direction of flow, over the flows that the box, the head at hand and the velocity
allow. In a piece the head loss lies above tangents of ``r u**n`` and below its chord; the corners of that polygon, with
the cost of the size, are the points of the piece. All loads are laid side by side: a *lane* is a link in one load, a *spot* a
node in one load, and a link has one size and one cost in all its lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from network_models.design.arrays import DesignNetwork
from network_models.hydraulics import water_laws as law

TANGENTS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
THIN = 1e-9
"""Width of a range of flow, in total demands, below which it is one flow."""
LAMINAR_END = 64.0 / 2000.0
"""Friction factor at Reynolds 2000; the least one of laminar and transitional flow."""
NO_CAP = 1e9
SIGNS = np.array([1.0, -1.0])


@dataclass(frozen=True)
class Box:
    """Ranges of flow by lane, in total demands; of head by spot, m; first and last size allowed by link."""

    low: np.ndarray
    high: np.ndarray
    bottom: np.ndarray
    top: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def copy(self) -> Box:
        """A box whose arrays may be changed."""
        return Box(*(part.copy() for part in vars(self).values()))


@dataclass(frozen=True)
class Pieces:
    """Which pieces there are and their flows ``low`` to ``high``, in total demands, each (2, n_lanes, n_sizes).

    The first row is flow from tail to head, the second the other direction.
    """

    fits: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Relaxation:
    """Lanes, spots and pieces of one network."""

    def __init__(self, network: DesignNetwork) -> None:
        layout, sizes = network.layout, network.sizes
        loads, n, fixed = len(layout.demand), layout.n_junctions, layout.fixed.shape[1]
        self.sizes, self.links, self.lanes, self.spots = sizes, layout.n_links, loads * layout.n_links, loads * n
        shift = np.arange(loads)[:, None]
        self.tail, self.head = (
            np.where(end < n, shift * n + end, loads * n + shift * fixed + end - n).ravel()
            for end in (layout.tail.astype(np.int64), layout.head.astype(np.int64))
        )
        self.link = np.tile(np.arange(self.links), loads)
        self.scale = max(float(np.abs(layout.demand).sum(axis=1).max()), 1e-9)
        self.demand, self.fixed = layout.demand.ravel() / self.scale, layout.fixed.ravel()
        self.power = 1.852 if layout.formula == law.HAZEN_WILLIAMS else 2.0
        self.darcy = layout.formula == law.DARCY_WEISBACH
        self.closed = sizes.resistance < 0
        self.bounded = bool((self.demand >= 0).all())
        self.simple = not self.darcy and not sizes.minor.any()
        every = np.indices(sizes.cost.shape)
        self.least = self.factor(np.full(sizes.cost.shape, NO_CAP), *every)
        self.top = np.repeat(layout.fixed.max(axis=1), n)
        self.lowest, self.highest = layout.lowest.ravel(), np.minimum(layout.highest.ravel(), self.top)
        self.lowest = np.where(np.isfinite(self.lowest), self.lowest, self._floor())
        self.range = max(float(self.highest.max() - self.lowest.min()), 1e-9)
        self.most = np.repeat(layout.demand.sum(axis=1) / self.scale, self.links) if fixed == 1 else None

    def _floor(self) -> float:
        """Below every head: the total demand through every link in a row at its greatest loss."""
        factor = self.factor(np.full(self.least.shape, 1.0), *np.indices(self.least.shape))
        worst = np.where(self.closed, 0.0, factor + self.sizes.minor * self.scale**2).max(axis=1).sum()
        return float(self.fixed.min() - 10.0 * worst - abs(self.fixed.max()))

    def _friction(self, u: np.ndarray, k: Any, d: Any) -> np.ndarray:
        """Friction factor of Swamee and Jain at flows in total demands, at Reynolds 4000 and above."""
        w = np.maximum(u * self.scale / self.sizes.viscous[k, d], law.TURBULENT)
        inside = self.sizes.rough[k, d] / 3.7 + law.SWAMEE_A8 / w**0.9
        return 1.0 / (law.SWAMEE_A9 * np.log(inside)) ** 2

    def factor(self, high: np.ndarray, k: Any, d: Any) -> np.ndarray:
        """Factor ``r`` of a power law that lies below the loss at flows up to ``high``, in total demands."""
        r = np.abs(self.sizes.resistance[k, d])
        if self.darcy:
            r = r * np.minimum(self._friction(high, k, d), LAMINAR_END) + self.sizes.minor[k, d]
        return r * self.scale**self.power

    def whole(self) -> Box:
        """The box of all designs."""
        most = np.full(self.lanes, NO_CAP) if self.most is None else self.most
        bottom, top = (np.concatenate([part, self.fixed]) for part in (self.lowest, self.highest))
        return Box(-most, most.copy(), bottom, top, np.zeros(self.links, np.int64), self.sizes.options - 1)

    def falls(self, box: Box) -> np.ndarray:
        """Least and largest fall of head along every lane, (2, n_lanes) m."""
        a, b = self.tail, self.head
        return np.stack([box.bottom[a] - box.top[b], box.top[a] - box.bottom[b]])

    def pieces(self, box: Box) -> Pieces:
        """Pieces of every lane within a box."""
        d, k, (least, most) = np.arange(self.sizes.cost.shape[1]), self.link, self.falls(box)
        allowed = (d >= box.first[k, None]) & (d <= box.last[k, None])
        parts: list[tuple[np.ndarray, ...]] = []
        for a, b, rest, fall in ((box.low, box.high, least, most), (-box.high, -box.low, -most, -least)):
            begin, end = self._span((np.maximum(a, 0.0), b), (np.maximum(rest, 0.0), fall))
            there = b >= -THIN if not parts else b > THIN
            fits = allowed & (end >= begin - THIN) & there[:, None]
            parts.append((fits, begin, np.maximum(end, begin)))
        return Pieces(*(np.stack(part) for part in zip(*parts, strict=True)))

    def _span(
        self, flows: tuple[np.ndarray, np.ndarray], falls: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest flow of every lane and size in one direction, where flow and fall lie in their ranges."""
        k, inverse = self.link, 1.0 / self.power
        r = np.maximum(self.least[k], 1e-300)
        cap = (np.maximum(falls[1], 0.0)[:, None] / r) ** inverse * (1.0 + 1e-9)
        cap[falls[1] < -THIN] = -1.0
        end = np.minimum(np.minimum(flows[1][:, None], cap), self.sizes.largest[k] / self.scale)
        begin = np.broadcast_to(flows[0][:, None], end.shape)
        if self.simple:
            begin = np.maximum(begin, (falls[0][:, None] / r) ** inverse * (1.0 - 1e-9))
        shut = self.closed[k]
        return np.where(shut, flows[0][:, None], begin), np.where(shut, np.minimum(flows[1], 0.0)[:, None], end)

    def bends(self, box: Box, pieces: Pieces) -> np.ndarray:
        """Least and largest fall of head of the pieces of every lane, (2, n_lanes) m."""
        if not self.simple or self.closed.any():
            return self.falls(box)
        r, n = self.least[self.link], self.power
        ends = np.stack([r * pieces.low**n, r * pieces.high**n]) * SIGNS[:, None, None]
        least = np.where(pieces.fits, ends.min(axis=0), np.inf).min(axis=(0, 2))
        most = np.where(pieces.fits, ends.max(axis=0), -np.inf).max(axis=(0, 2))
        return np.stack([least - 1e-9, most + 1e-9])

    def lines(self, k: int, d: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, ...]:
        """Intercepts and slopes in ``u`` of tangents below the loss, (n_tangents, n), and of a line above it, (n,).

        Parameters
        ----------
        d, a, b
            (n,) sizes of link ``k``, and the flows between which they carry, in total demands.
        """
        n, r = self.power, self.factor(b, k, d)
        at = a + TANGENTS[:, None] * (b - a)
        slope = n * r * at ** (n - 1.0)
        above, rise = self._above(k, d, a, b)
        return r * at**n - slope * at, slope, above, rise

    def _above(self, k: int, d: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n, r, minor = self.power, self.factor(b, k, d), self.sizes.minor[k, d] * self.scale**2
        if not self.darcy:
            width = b - a
            chord = np.where(width > THIN, r * (b**n - a**n) / np.maximum(width, THIN), n * r * b ** (n - 1.0))
            return r * a**n - chord * a - minor * a * b, chord + minor * (a + b)
        rough = np.abs(self.sizes.resistance[k, d]) * self.scale**2
        turbulent = a * self.scale >= law.TURBULENT * self.sizes.viscous[k, d]
        least = 0.5 * law.TURBULENT * self.sizes.viscous[k, d] / self.scale
        rising = rough * np.maximum(self._friction(np.maximum(a, least), k, d), LAMINAR_END * 2.0) + minor
        chord = rough * self._friction(a, k, d) + minor
        flat = rising * np.maximum(b, 2.0 * least) ** 2
        return np.where(turbulent, -chord * a * b, flat), np.where(turbulent, chord * (a + b), 0.0)

    def points(self, falls: np.ndarray, lane: int, pieces: Pieces) -> np.ndarray:
        """Corners of the pieces of a lane, (n, 3): signed flow, signed loss, cost."""
        k, (side, d) = int(self.link[lane]), np.nonzero(pieces.fits[:, lane])
        a, b, sign = pieces.low[side, lane, d], pieces.high[side, lane, d], SIGNS[side]
        under, slope, above, rise = self.lines(k, d, a, b)
        turn = slope[1:] - slope[:-1]
        meet = np.clip(np.where(turn > 0, (under[:-1] - under[1:]) / np.where(turn > 0, turn, 1.0), a), a, b)
        u = [a, b, *meet]
        v = [under[0] + slope[0] * a, under[-1] + slope[-1] * b, *(under[:-1] + slope[:-1] * meet)]
        if not self.simple:
            u, v = [*u, a, b], [*v, above + rise * a, above + rise * b]
        shut = self.closed[k, d]
        if shut.any():
            u = [np.where(shut, 0.0, part) for part in u]
            v = [np.where(shut, sign * falls[i % 2, lane], part) for i, part in enumerate(v)]
        cost = np.broadcast_to(self.sizes.cost[k, d], (len(u), len(d)))
        return np.stack([np.array(u) * sign, np.array(v) * sign, cost], axis=-1).reshape(-1, 3)
