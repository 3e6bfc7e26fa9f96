"""Works that need one another, over periods, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np


class Needs(NamedTuple):
    """Who needs whom, both ways.

    Parameters
    ----------
    ptr, need
        (n + 1,), (k,) int64; work b needs ``need[ptr[b]:ptr[b + 1]]``.
    back_ptr, back, back_arc
        (n + 1,), (k,), (k,) int64; works that need b, and the position of each such arc in ``need``.
    """

    ptr: np.ndarray
    need: np.ndarray
    back_ptr: np.ndarray
    back: np.ndarray
    back_arc: np.ndarray

    @property
    def n(self) -> int:
        return len(self.ptr) - 1

    @property
    def tail(self) -> np.ndarray:
        """(k,) the work that needs, of each arc."""
        return np.repeat(np.arange(self.n), np.diff(self.ptr))


def needs_of(pairs: np.ndarray, n: int) -> Needs:
    """From (k, 2) pairs (work, what it needs); a pair given twice counts once."""
    keys = np.unique(pairs[:, 0].astype(np.int64) * n + pairs[:, 1].astype(np.int64))
    tail, head = keys // n, keys % n
    ptr = np.searchsorted(tail, np.arange(n + 1)).astype(np.int64)
    order = np.argsort(head, kind="stable").astype(np.int64)
    back_ptr = np.searchsorted(head[order], np.arange(n + 1)).astype(np.int64)
    return Needs(ptr, head, back_ptr, tail[order], order)


@dataclass(frozen=True)
class Sequencing:
    """Begin each work once or never, after (or with) all it needs, within limits, for the greatest value.

    Parameters
    ----------
    needs
        Who needs whom.
    value
        (n, T) of a work begun in each period.
    use, limit
        (n, R) non-negative, used in the period of the start; (R, T), inf where unlimited.
    """

    needs: Needs
    value: np.ndarray
    use: np.ndarray
    limit: np.ndarray

    @property
    def n(self) -> int:
        return int(self.value.shape[0])

    @property
    def periods(self) -> int:
        return int(self.value.shape[1])

    @cached_property
    def step(self) -> np.ndarray:
        """(n, T) what 'begun by t' is worth: value in t less value in t + 1."""
        return np.asarray(self.value - np.pad(self.value[:, 1:], ((0, 0), (0, 1))))

    def total(self, period: np.ndarray) -> float:
        """Value of a sequence; ``period`` (n,), T for never."""
        begun = np.flatnonzero(period < self.periods)
        return float(self.value[begun, period[begun]].sum())

    def used(self, period: np.ndarray) -> np.ndarray:
        """(R, T) used by a sequence."""
        used = np.zeros(self.limit.shape)
        begun = np.flatnonzero(period < self.periods)
        for r in range(len(used)):
            used[r] = np.bincount(period[begun], self.use[begun, r], minlength=self.periods)
        return used

    def obeys(self, period: np.ndarray, tolerance: float = 1e-7) -> bool:
        """Whether a sequence keeps every need and limit."""
        needs_first = bool((period[self.needs.need] <= period[self.needs.tail]).all())
        return needs_first and bool((self.used(period) <= self.limit + tolerance).all())

    def only(self, kept: np.ndarray) -> Sequencing:
        """The same among works of which ``kept`` (m,) is closed: it holds all that its works need."""
        position = np.full(self.n, -1, np.int64)
        position[kept] = np.arange(len(kept))
        tail, head = position[self.needs.tail], position[self.needs.need]
        inside = (tail >= 0) & (head >= 0)
        needs = needs_of(np.column_stack([tail[inside], head[inside]]), len(kept))
        return Sequencing(needs, self.value[kept], self.use[kept], self.limit)
