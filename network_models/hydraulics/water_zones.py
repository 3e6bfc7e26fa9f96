"""Parts of a network that closed links part from every source."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork

LEAK = 1e-6
"""m3/s; a closed link of EPANET's method lets this much through at a hundred metres."""


def isolated(network: WaterNetwork, status: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """Nodes that nothing which passes water joins to a fixed head.

    Closed links pass nothing, nor do pumps and valves that pass less than ``LEAK``.

    Parameters
    ----------
    status, flows
        (..., n_links) of ``LinkStatus``; m3/s.

    Returns
    -------
    (..., n_nodes) bool.
    """
    rows = np.atleast_2d(status)
    passing = (rows > LinkStatus.CLOSED) & ((network.kind <= LinkKind.PIPE) | (np.abs(np.atleast_2d(flows)) >= LEAK))
    found = np.array([~_supplied(network, row)[0] for row in passing])
    return found if status.ndim > 1 else found[0]


def _supplied(network: WaterNetwork, passing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each node is joined to a fixed head, and the number of its part."""
    n, ends = network.n_nodes, (network.tail[passing], network.head[passing])
    _, part = connected_components(coo_matrix((np.ones(len(ends[0])), ends), shape=(n, n)), directed=False)
    return np.isin(part, part[~network.is_junction]), part


def cut_off(network: WaterNetwork, status: np.ndarray, outflow: np.ndarray) -> str:
    """Sentence that names the demands which closed links cut off from every fixed head; empty where none are.

    Parameters
    ----------
    status, outflow
        (n_links,) of ``LinkStatus``; (n_nodes,) m3/s.
    """
    passing = status > LinkStatus.CLOSED
    supplied, part = _supplied(network, passing)
    dry = ~supplied & (np.abs(outflow) > 1e-9)
    if not dry.any():
        return ""
    node = int(np.argmax(dry))
    border = ~passing & ((part[network.tail] == part[node]) != (part[network.head] == part[node]))
    links = ", ".join(repr(network.link_names[k]) for k in np.flatnonzero(border)[:3])
    others = f" and {int(dry.sum()) - 1} more" if dry.sum() > 1 else ""
    return (
        f"node {network.node_names[node]!r}{others} has demand but closed links ({links}) cut it off from every source."
    )
