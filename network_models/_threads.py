"""The work of a kernel dealt out to threads: kernels let go of the interpreter, and need no second compiled form."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any


def deal(kernel: Callable[..., Any], work: tuple[Any, ...], count: int, chunks: int) -> None:
    """Call ``kernel(*work, begin, end)`` for ``count`` items in equal chunks, each chunk in a thread of its own."""
    if chunks < 2:
        kernel(*work, 0, count)
        return
    bounds = pairwise(c * count // chunks for c in range(chunks + 1))
    with ThreadPoolExecutor(chunks) as pool:
        for done in [pool.submit(kernel, *work, *ends) for ends in bounds]:
            done.result()
