"""What of a box can hold a design cheaper than a limit: its relaxation, solved and narrowed in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from optimizer.design.hull import facets_of
from optimizer.design.program import Cuts, Point, Pool, Program
from optimizer.design.ranges import balance_of, chains, narrow, spread_heads
from optimizer.design.relaxation import SIGNS, Box, Relaxation

NARROWER = 0.02
"""Share of a range's width that must be gone for facets to be found anew."""
ROUNDS, FITS = 30, 3
FIRST_TURNS, TURNS = 6, 1
GAINED = 0.05
"""Share by which the mean width of flows must shrink for another turn."""


@dataclass(frozen=True)
class Node:
    """A box, the facets of its lanes, the ranges they were found for (None: not yet), and cuts to begin with."""

    box: Box
    facets: list[np.ndarray]
    cuts: Cuts
    keys: np.ndarray | None = field(default=None)


class Contraction:
    """Solves the relaxation of boxes of one network."""

    def __init__(self, relaxation: Relaxation, program: Program, clock: Callable[[], float]) -> None:
        self.relaxation, self.program, self.clock = relaxation, program, clock
        self.ends, self.chains = balance_of(relaxation), chains(relaxation)
        self.ones = np.unique(self.chains, return_index=True)[1][int(self.chains.min(initial=0) < 0) :]

    def solve(self, node: Node, cut: float, end: float, first: bool = False) -> tuple[Point, Node] | None:
        """Least cost within a box, and what of the box is left; None: nothing cheaper than ``cut`` lies in it."""
        columns = self.ones.tolist()
        if first:
            columns += [self.relaxation.lanes + i for i in range(self.relaxation.spots)]
        for _ in range(FIRST_TURNS if first else TURNS):
            fitted = self.fit(node)
            if fitted is None:
                return None
            node = fitted
            pool = Pool(node.facets, self.program.unit)
            self.program.load(node.box, node.cuts)
            point = self._least(pool, cut)
            if point is None:
                return None
            node = Node(node.box, node.facets, self.program.cuts.take(np.flatnonzero(point.price > 1e-9)), node.keys)
            solved = point, node
            if not np.isfinite(cut) or not np.isfinite(point.bound) or self.clock() >= end:
                break
            wide = node.box.high - node.box.low
            box = self._narrowed(node.box, pool, point, columns, cut, end)
            if box is None:
                return None
            node = Node(box, node.facets, node.cuts, node.keys)
            solved = point, node
            if (box.high - box.low)[self.ones].sum() > (1.0 - GAINED) * wide[self.ones].sum():
                break
        return solved

    def fit(self, node: Node) -> Node | None:
        """Ranges that agree with each other, and facets of the lanes whose ranges narrowed; None: an empty box."""
        r, box = self.relaxation, node.box.copy()
        facets = list(node.facets) or [np.empty((0, 4))] * r.lanes
        for _ in range(FITS):
            before = box.copy()
            if not narrow(self.ends, r.demand, box.low, box.high) or not self._trimmed(box):
                return None
            if self._same(before, box):
                break
        pieces, falls = r.pieces(box), r.falls(box)
        if not pieces.fits.any(axis=(0, 2)).all():
            return None
        keys = np.stack([box.low, box.high, *falls, box.first[r.link], box.last[r.link]], axis=1)
        changed = np.arange(r.lanes) if node.keys is None else np.flatnonzero(self._changed(node.keys, keys))
        kept = keys if node.keys is None else node.keys.copy()
        for lane in changed.tolist():
            facets[lane], kept[lane] = facets_of(r.points(falls, lane, pieces)), keys[lane]
        return Node(box, facets, node.cuts, kept)

    def _trimmed(self, box: Box) -> bool:
        """Cut ranges to what the pieces of the lanes span; False: nothing is left."""
        r = self.relaxation
        pieces = r.pieces(box)
        if not pieces.fits.any(axis=(0, 2)).all():
            return False
        ends = np.stack([pieces.low, pieces.high]) * SIGNS[:, None, None]
        least = np.where(pieces.fits, ends.min(axis=0), np.inf).min(axis=(0, 2))
        most = np.where(pieces.fits, ends.max(axis=0), -np.inf).max(axis=(0, 2))
        np.maximum(box.low, least - 1e-9, out=box.low)
        np.minimum(box.high, most + 1e-9, out=box.high)
        there = np.logical_or(*pieces.fits)
        np.maximum.at(box.first, r.link, there.argmax(axis=1))
        np.minimum.at(box.last, r.link, there.shape[1] - 1 - there[:, ::-1].argmax(axis=1))
        if (box.first > box.last).any():
            return False
        return bool(spread_heads(r.tail, r.head, r.bends(box, pieces), box.bottom, box.top))

    @staticmethod
    def _same(a: Box, b: Box) -> bool:
        wide = np.abs(a.high - a.low).sum(), np.abs(a.top - a.bottom).sum()
        less = np.abs(b.high - b.low).sum(), np.abs(b.top - b.bottom).sum()
        return all(y > 0.99 * x for x, y in zip(wide, less, strict=True))

    @staticmethod
    def _changed(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Lanes whose sizes changed or whose ranges of flow or fall lost more than a little."""
        before, after = (part[:, 1:4:2] - part[:, 0:4:2] for part in (old, new))
        (a, b), (c, d) = (after < (1.0 - NARROWER) * before).T, (old[:, 4:] != new[:, 4:]).T
        return np.logical_or(np.logical_or(a, b), np.logical_or(c, d))

    def _least(self, pool: Pool, cut: float = np.inf, rounds: int = ROUNDS) -> Point | None:
        """Solve with facets added until none is broken or the bound reaches ``cut``; None: it does, or nothing is left.

        The point has the best bound of all rounds.
        """
        best: Point | None = None
        for _ in range(rounds):
            point = self.program.solve()
            if point is None:
                return None
            best = point if best is None else replace(point, bound=max(best.bound, point.bound))
            if best.bound * self.program.unit >= cut:
                return None
            cuts = pool.broken(self.relaxation, point)
            if not len(cuts.lane) or not np.isfinite(point.bound):
                break
            self.program.add(cuts)
        return best

    def _narrowed(self, box: Box, pool: Pool, point: Point, columns: list[int], cut: float, end: float) -> Box | None:
        """Narrow flows (and heads) to what a cost below ``cut`` allows; None: nothing."""
        r, program, box = self.relaxation, self.program, box.copy()
        program.at_most(cut)
        x = np.concatenate([point.flow, point.heads])
        tiny = np.append(np.full(r.lanes, 1e-6), np.full(r.spots, 1e-4))
        for column in columns:
            for sign, ends in ((1.0, program.least), (-1.0, program.most)):
                if self.clock() >= end or program.most[column] - program.least[column] < tiny[column]:
                    break
                if abs(x[column] - ends[column]) < tiny[column]:
                    continue
                program.aim(column, sign)
                end_point = self._least(pool, rounds=2)
                if end_point is None:
                    return None
                found = end_point.bound
                if sign > 0:
                    program.put(column, max(program.least[column], found - tiny[column] * 1e-3), program.most[column])
                else:
                    program.put(column, program.least[column], min(program.most[column], tiny[column] * 1e-3 - found))
        low, bottom, _ = np.split(program.least, [r.lanes, r.lanes + r.spots])
        high, top, _ = np.split(program.most, [r.lanes, r.lanes + r.spots])
        return Box(low, high, np.append(bottom, r.fixed), np.append(top, r.fixed), box.first, box.last)
