"""Nodes of fixed head for a design: reservoirs, tanks, and what a pump of known flow lifts to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork
from network_models.hydraulics.water_state import pump_law

if TYPE_CHECKING:
    from network_models.design.network import Load


def fixed_heads(network: WaterNetwork, loads: Sequence[Load]) -> tuple[dict[int, list[float]], set[int]]:
    """Heads in m by node, a number a load; and the pumps that are thereby accounted for.

    Raises
    ------
    NetworkError
        A pump within a part that has another source, or one that the flow known for it does not suit.
    """
    heads = {int(i): [float(network.fixed_head[i])] * len(loads) for i in np.flatnonzero(~network.is_junction)}
    used = set()
    for k in np.flatnonzero(network.kind == LinkKind.PUMP).tolist():
        used.add(k)
        if network.status[k] <= LinkStatus.CLOSED:
            continue
        suction, lifted, name = int(network.tail[k]), int(network.head[k]), network.link_names[k]
        part = _beyond(network, k)
        if suction not in heads or part[suction] or part[~network.is_junction].any():
            raise NetworkError(f"cannot design: pump {name} is not the only source of what lies behind it.")
        served = [network.node_names[i] for i in np.flatnonzero(part)]
        flows = [sum(load.demand.get(node, 0.0) for node in served) for load in loads]
        heads[lifted] = [h + _lift(network, k, q) for h, q in zip(heads[suction], flows, strict=True)]
    return heads, used


def _beyond(network: WaterNetwork, pump: int) -> np.ndarray:
    """Nodes that are joined with the far end of a pump without it, (n_nodes,) bool."""
    keep = np.arange(network.n_links) != pump
    ends = (network.tail[keep], network.head[keep])
    graph = coo_matrix((np.ones(int(keep.sum())), ends), shape=(network.n_nodes, network.n_nodes))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label == label[network.head[pump]])


def _lift(network: WaterNetwork, k: int, flow: float) -> float:
    """Metres that a pump lifts at a flow."""
    shape, speed = pump_law(network, k), float(network.setting[k])
    if not 0.0 < flow < shape[4] * speed:
        raise NetworkError(f"cannot design: pump {network.link_names[k]} cannot deliver {flow:.6g} m3/s.")
    points = network.curves[network.curve[k]] if network.curve[k] >= 0 else np.zeros((1, 2))
    p, y = law.pump(flow, speed, False, shape[:4], points, 0, len(points))
    return -y / p
