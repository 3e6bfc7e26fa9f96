"""``python -m network_models``: compile every kernel into the private cache, with progress."""

from __future__ import annotations

import time

import numpy as np


def main() -> None:
    """Call each kernel once on a small graph."""
    began = time.monotonic()
    print("compiling kernels ...", end=" ", flush=True)
    from network_models._dijkstra import _sweep_parallel, _sweep_serial, route_from
    from network_models.graph import Graph

    graph = Graph.from_arrays(np.array([0, 1]), np.array([1, 0]), np.array([1.0, 1.0]), 2)
    nodes, out = np.arange(2), np.full((2, 2), np.inf)
    for kernel in (_sweep_serial, _sweep_parallel):
        kernel(graph.first, graph.head, graph.weight, graph.weight, nodes, nodes, out, out.copy(), 1)
    route_from(graph.first, graph.head, graph.weight, 0, 1)
    print(f"done in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
