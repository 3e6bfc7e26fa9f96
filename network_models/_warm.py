"""Every kernel of hierarchies called once, for seconds and for milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from network_models.hierarchy import Hierarchy, Shape


def warm() -> Iterator[str]:
    """Compile the kernels of hierarchies; yields the name of a step when it is ready."""
    n = 80
    indptr, head = np.arange(n + 1), np.append(np.arange(1, n), 0).astype(np.int32)
    shape = Shape(indptr, head)
    yield "order"
    for kind, name in ((np.float64, "seconds"), (np.int32, "milliseconds")):
        weight = np.ones(n, kind)
        roads = Hierarchy.customised(shape, weight)
        yield f"{name}: customise"
        _sweep(roads)
        yield "sweep"
        roads.nearest(np.arange(2), np.arange(2), 2)
        yield "nearest"
        weight = weight.copy()
        weight[0] = 2
        roads.revised(weight).route(0, 2)
        yield "routes and changes"


def _sweep(roads: Hierarchy) -> None:
    """Every sweep."""
    nodes = np.arange(2)
    roads.times(nodes, None)
    roads.times(nodes, nodes)
    roads.sums(nodes, np.ones(roads.shape.n_nodes), 1.0, 0.0, 0)
    roads.counts(nodes, 1.0)
