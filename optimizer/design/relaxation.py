"""A linear relaxation of a looped network's design within a box of flows and sizes.

A *piece* is one size of a link with one direction of flow. In a piece the flow ``u`` and the head loss ``v`` are not negative and
bounded by the share ``w`` of the piece: the loss lies above tangents of ``r u**n`` and below its chord over the flows that the
box, the head at hand and the velocity allow. Shares of a link add up to one, signed flows balance at junctions, signed losses are
differences of head. Every state of a design whose flows and sizes lie in the box is a point of the relaxation (perspective
form; Gunluk and Linderoth 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from network_models.design.arrays import DesignNetwork
from network_models.hydraulics import water_laws as law

TANGENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
THIN = 1e-9
"""Width of a range of flow, in total demands, below which it is one flow."""
LAMINAR_END = 64.0 / 2000.0
"""Friction factor at Reynolds 2000; the least one of laminar and transitional flow."""


@dataclass(frozen=True)
class Box:
    """Ranges of flow, in total demands, and first and last size allowed, each (n_links,)."""

    low: np.ndarray
    high: np.ndarray
    first: np.ndarray
    last: np.ndarray


@dataclass(frozen=True)
class Pieces:
    """Link, size, direction (+1, -1), flows ``low`` to ``high`` in total demands, of every piece."""

    link: np.ndarray
    size: np.ndarray
    sign: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Solved:
    """Least cost of a relaxation, with flow and loss of every piece, its share, and the heads."""

    cost: float
    pieces: Pieces
    share: np.ndarray
    flow: np.ndarray
    loss: np.ndarray


class Relaxation:
    """Relaxations of one network under one of its loads."""

    def __init__(self, network: DesignNetwork, load: int = 0) -> None:
        layout, sizes = network.layout, network.sizes
        self.layout, self.sizes, self.load = layout, sizes, load
        self.n, self.m = layout.n_junctions, layout.n_links
        self.demand, self.fixed = layout.demand[load], layout.fixed[load]
        self.scale = max(float(np.abs(self.demand).sum()), 1e-9)
        self.power = 1.852 if layout.formula == law.HAZEN_WILLIAMS else 2.0
        self.darcy = layout.formula == law.DARCY_WEISBACH
        self.closed = sizes.resistance < 0
        self.bounded = bool((self.demand >= 0).all())
        top = float(self.fixed.max())
        self.lowest = np.concatenate([layout.lowest[load], self.fixed])
        self.highest = np.concatenate([np.minimum(layout.highest[load], top), self.fixed])
        self.lowest = np.where(np.isfinite(self.lowest), self.lowest, self._floor(top))
        self.caps = self._caps()
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)

    def _floor(self, top: float) -> float:
        """Below every head: the total demand through every link in a row at its greatest loss."""
        u = np.full(self.sizes.cost.shape, 1.0)
        worst = np.where(self.closed, 0.0, self._least(u) + self.sizes.minor * self.scale**2).max(axis=1).sum()
        return float(self.fixed.min() - 10.0 * worst - abs(top))

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

    def _least(self, high: np.ndarray) -> np.ndarray:
        rows, columns = np.indices(self.sizes.cost.shape)
        return self.factor(high, rows, columns)

    def _caps(self) -> np.ndarray:
        """Largest flow of every size in either direction, in total demands, (2, n_links, n_sizes)."""
        tail, head = self.layout.tail, self.layout.head
        fall = np.maximum([self.highest[tail] - self.lowest[head], self.highest[head] - self.lowest[tail]], 0.0)
        most = np.full(self.sizes.cost.shape, 1e9)
        with np.errstate(divide="ignore"):
            caps = (fall[:, :, None] / self._least(most)[None]) ** (1.0 / self.power)
        caps = np.minimum(caps, self.sizes.largest / self.scale)
        if self.bounded and len(self.fixed) == 1:
            caps = np.minimum(caps, 1.0)
        return np.where(self.closed, 0.0, caps * (1.0 + 1e-9))

    def whole(self) -> Box:
        """The box of all designs."""
        first, last = np.zeros(self.m, np.int64), self.sizes.options - 1
        real = np.arange(self.sizes.cost.shape[1]) <= last[:, None]
        high, low = (np.where(real, cap, 0.0).max(axis=1) for cap in self.caps)
        return Box(-low, high, first, last)

    def pieces(self, box: Box) -> Pieces | None:
        """Pieces of a box; None where a link has none."""
        number = np.arange(self.sizes.cost.shape[1])
        allowed = (number >= box.first[:, None]) & (number <= box.last[:, None])
        parts = []
        for sign, cap, low, high in ((1, self.caps[0], box.low, box.high), (-1, self.caps[1], -box.high, -box.low)):
            begin = np.maximum(np.broadcast_to(low[:, None], cap.shape), 0.0)
            end = np.minimum(high[:, None], cap)
            fits = allowed & (end >= begin - THIN)
            if sign < 0:
                fits &= (box.low < -THIN)[:, None]
            k, d = np.nonzero(fits)
            parts.append((k, d, np.full(len(k), sign), begin[k, d], np.maximum(end, begin)[k, d]))
        joined = Pieces(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        return joined if len(np.unique(joined.link)) == self.m else None

    def lines(self, pieces: Pieces) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Intercepts and slopes in ``u`` of tangents below the loss, (n_tangents, n), and of a line above it, (n,)."""
        k, d, a, b, n = pieces.link, pieces.size, pieces.low, pieces.high, self.power
        r = self.factor(b, k, d)
        at = a + np.array(TANGENTS)[:, None] * (b - a)
        slope = n * r * at ** (n - 1.0)
        under = r * at**n - slope * at
        above, rise = self._above(pieces, r)
        closed = self.closed[k, d]
        reach = float(self.highest.max() - self.lowest.min())
        under[:, closed], slope[:, closed] = -reach, 0.0
        return under, slope, np.where(closed, reach, above), np.where(closed, 0.0, rise)

    def _above(self, pieces: Pieces, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        k, d, a, b, n = pieces.link, pieces.size, pieces.low, pieces.high, self.power
        minor = self.sizes.minor[k, d] * self.scale**2
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

    def solve(self, box: Box, seconds: float = 1e9) -> Solved | None:
        """Least cost within a box (-inf: not solved in that time); None: no state lies in it."""
        pieces = self.pieces(box)
        if pieces is None:
            return None
        matrix, lower, upper = self.rows(pieces)
        count = len(pieces.link)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = 3 * count + self.n, matrix.shape[0]
        lp.col_cost_ = np.concatenate([self.sizes.cost[pieces.link, pieces.size], np.zeros(2 * count + self.n)])
        least = np.concatenate([np.zeros(2 * count), np.where(self.closed[pieces.link, pieces.size], -1e30, 0.0)])
        lp.col_lower_ = np.concatenate([least, self.lowest[: self.n]])
        lp.col_upper_ = np.concatenate([np.ones(count), np.full(2 * count, 1e30), self.highest[: self.n]])
        lp.row_lower_, lp.row_upper_ = lower, upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        self.highs.setOptionValue("time_limit", seconds)
        self.highs.passModel(lp)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            return Solved(-math.inf, pieces, *(np.zeros(count) for _ in range(3)))
        x = np.array(self.highs.getSolution().col_value)
        return Solved(float(self.highs.getInfo().objective_function_value), pieces, *x[: 3 * count].reshape(3, count))

    def rows(self, pieces: Pieces) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
        """Rows over shares, flows, losses and heads, with their bounds."""
        count, one = len(pieces.link), np.arange(len(pieces.link))
        w, u, v = one, count + one, 2 * count + one
        under, slope, above, rise = self.lines(pieces)
        blocks = [
            ([(w, -pieces.high), (u, np.ones(count))], -np.inf, 0.0),
            ([(w, -pieces.low), (u, np.ones(count))], 0.0, np.inf),
            ([(w, -above), (u, -rise), (v, np.ones(count))], -np.inf, 0.0),
            *(([(w, -c), (u, -g), (v, np.ones(count))], 0.0, np.inf) for c, g in zip(under, slope, strict=True)),
        ]
        rows, columns, values, lower, upper = [], [], [], [], []
        for i, (terms, low, high) in enumerate(blocks):
            for column, value in terms:
                rows.append(i * count + one)
                columns.append(column)
                values.append(value)
            lower.append(np.full(count, low))
            upper.append(np.full(count, high))
        base = len(blocks) * count
        tail, head, sign = self.layout.tail.astype(np.int64), self.layout.head.astype(np.int64), pieces.sign
        rows += [base + pieces.link, base + self.m + pieces.link]
        columns += [w, v]
        values += [np.ones(count), sign.astype(float)]
        rest = np.zeros(self.m)
        for ends, factor in ((tail, -1.0), (head, 1.0)):
            inner = ends < self.n
            rows.append(base + self.m + np.flatnonzero(inner))
            columns.append(3 * count + ends[inner])
            values.append(np.full(int(inner.sum()), factor))
            rest[~inner] -= factor * self.fixed[ends[~inner] - self.n]
            at = ends[pieces.link]
            met = at < self.n
            rows.append(base + 2 * self.m + at[met])
            columns.append(u[met])
            values.append(factor * sign[met])
        drawn = self.demand / self.scale
        lower += [np.ones(self.m), rest, drawn]
        upper += [np.ones(self.m), rest, drawn]
        shape = (base + 2 * self.m + self.n, 3 * count + self.n)
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return coo_matrix(entries, shape=shape).tocsr(), np.concatenate(lower), np.concatenate(upper)
