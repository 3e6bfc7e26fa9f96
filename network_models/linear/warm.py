"""Compile the kernels of linear programmes into the private cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from network_models.linear.halpern import Halpern
from network_models.linear.programme import Programme


def warm() -> Iterator[str]:
    """Call every kernel once; yields a name when they are ready."""
    one = np.ones(1)
    next(Halpern(Programme(sp.csr_matrix(np.ones((1, 1))), -one, 0 * one, one, -one, one)).looks())
    yield "linear programmes"
