"""Two-dimensional flooding of a terrain grid by the local-inertial equations (Bates, Horritt and Fewtrell 2010)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models._numba import get_num_threads
from network_models.flood import _inertial as kernel
from network_models.flood.errors import FloodError, positive

SAFETY = 0.7
"""Share of the longest stable step dx / sqrt(g h_max), as in the paper."""
SHALLOW = 0.1
"""Steps are no longer than at this depth, so that water at the boundary may rise within one, m."""
WALL = 1e5
"""Height of the bed under the boundary where nothing passes, m."""
THREADED_CELLS = 100_000
Boundary = Callable[[float, np.ndarray], None]


@dataclass
class Flooding:
    """State of a grid.

    Parameters
    ----------
    depth, bed
        m, (n_rows, n_columns) with a ring of boundary cells: their depth is what the boundary sets, and nothing passes
        where their bed is ``WALL``. Depth and bed in float32 or float64; float64 keeps the volume to the last bit.
    dx
        Size of a cell, m.
    manning
        s/m^(1/3).
    """

    depth: np.ndarray
    bed: np.ndarray
    dx: float
    manning: float

    def __post_init__(self) -> None:
        if self.depth.shape != self.bed.shape or self.depth.ndim != 2 or min(self.depth.shape) < 3:
            raise FloodError(
                f"grid: found {self.depth.shape} and {self.bed.shape}; expected two of one shape, 3 x 3 up"
            )
        if self.depth.dtype != self.bed.dtype or self.depth.dtype not in (np.float32, np.float64):
            raise FloodError(
                f"grid: found {self.depth.dtype} and {self.bed.dtype}; expected both float32 or both float64"
            )
        if not ((self.depth >= 0).all() and np.isfinite(self.bed).all()):
            raise FloodError("grid: found a negative depth or a bed that is no number; expected 0 or more, and heights")
        positive(self.dx, "dx")
        self.along, self.across = np.zeros_like(self.depth), np.zeros_like(self.depth)
        self.share = np.empty_like(self.depth) if self.depth.dtype == np.float64 else np.empty((0, 0))
        self.entered = 0.0

    @classmethod
    def walled(cls, depth: ArrayLike, bed: ArrayLike, dx: float, manning: float, dtype: type = np.float32) -> Flooding:
        """A grid within walls: the ring is put around the cells given."""
        h: np.ndarray = np.pad(np.asarray(depth, dtype), 1)
        z: np.ndarray = np.pad(np.asarray(bed, dtype), 1, constant_values=WALL)
        return cls(h, z, dx, manning)

    @property
    def volume(self) -> float:
        """Water within the ring, m3."""
        return float(self.depth[1:-1, 1:-1].sum(dtype=np.float64)) * self.dx**2

    def step(self, dt: float) -> None:
        """Move on by dt seconds; ``entered`` adds up what came over the ring (float64 only)."""
        squared = self.manning**2
        if self.depth.dtype == np.float64:
            self.entered += kernel.step64(
                self.depth, self.bed, self.along, self.across, self.share, dt, self.dx, squared
            )
            return
        gdt = kernel.GRAVITY * dt
        constants = (np.float32(v) for v in (gdt, 1.0 / self.dx, gdt * squared, dt / self.dx))
        many = self.depth.size >= THREADED_CELLS and get_num_threads() > 1
        move = kernel.step32_threads if many else kernel.step32
        move(self.depth, self.bed, self.along, self.across, *constants)

    def longest_step(self) -> float:
        """Stable length of a step at the greatest depth, s."""
        return SAFETY * self.dx / math.sqrt(kernel.GRAVITY * max(float(self.depth.max()), SHALLOW))

    def run(self, duration: float, boundary: Boundary | None = None, at: float = 0.0) -> int:
        """Move on by a duration, in steps as long as is stable.

        Parameters
        ----------
        duration
            s.
        boundary
            Called before each step with the time and the depths, whose ring (or any cell) it may change.
        at
            Time at the start, s.

        Returns
        -------
        Number of steps.
        """
        time, count = 0.0, 0
        while time < duration:
            if boundary is not None:
                boundary(at + time, self.depth)
            dt = min(self.longest_step(), duration - time)
            self.step(dt)
            time, count = time + dt, count + 1
        return count
