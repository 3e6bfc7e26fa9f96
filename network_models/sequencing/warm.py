"""Compile the kernels of sequencing into the private cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models.sequencing.arrays import Sequencing, needs_of
from network_models.sequencing.exchange import exchanged
from network_models.sequencing.lists import depths, scheduled


def warm() -> Iterator[str]:
    """Call every kernel once; yields a name when they are ready."""
    needs = needs_of(np.array([[1, 0], [2, 0]]), 3)
    works = Sequencing(needs, np.array([[-1.0], [3.0], [-2.0]]), np.ones((3, 1)), np.full((1, 1), 2.0))
    period = scheduled(works, depths(works).astype(float))
    exchanged(works, period, works.value[:, 0], 1, 1)
    yield "sequences"
