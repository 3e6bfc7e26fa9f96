"""Room for large tables: the pages of a table that was dropped are lent to the next.

A fresh page is filled with zeros by the operating system before it is written, which for a table that is written once
costs as much as writing it. One dropped table is kept at most, and offered back to the system (``MADV_FREE``), which
takes its pages whenever memory is short.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

LARGE = 1 << 25
"""Bytes of a table from which its pages are kept."""
LARGEST = 1 << 32
"""Bytes above which they are not."""
FREE = getattr(mmap, "MADV_FREE", 0)
_kept: list[tuple[mmap.mmap, np.ndarray]] = []


class _Lent:
    """Owner of the pages of one table; numpy keeps it alive as long as any view of the table."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, pages: tuple[mmap.mmap, np.ndarray]) -> None:
        self.pages = pages
        self.__array_interface__: dict[str, Any] = {
            "shape": shape,
            "typestr": dtype.str,
            "data": (pages[1].ctypes.data, False),
            "version": 3,
        }

    def __del__(self, kept: list[tuple[mmap.mmap, np.ndarray]] = _kept, advice: int = FREE) -> None:
        if not kept:
            self.pages[0].madvise(advice)
            kept.append(self.pages)


def table(n_rows: int, n_columns: int, dtype: np.dtype) -> np.ndarray:
    """An array (n_rows, n_columns) of whatever its memory held before."""
    size = n_rows * n_columns * dtype.itemsize
    if not LARGE <= size <= LARGEST or not FREE:
        return np.empty((n_rows, n_columns), dtype)
    return np.asarray(_Lent((n_rows, n_columns), dtype, _pages(size)))


def _pages(size: int) -> tuple[mmap.mmap, np.ndarray]:
    """Pages for so many bytes: those kept where they are enough and not four times too many, else new ones."""
    try:
        pages = _kept.pop()
        if size <= len(pages[0]) <= 4 * size:
            return pages
    except IndexError:
        pass
    new = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        new.madvise(mmap.MADV_HUGEPAGE)
    return new, np.frombuffer(new, np.uint8)
