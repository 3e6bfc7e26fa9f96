"""The fixed part of a gas network in given states of its links: what is tied to what, and the order of elimination.

Open valves, short pipes, compressors and regulators tie pressures together without a law of their own. Nodes tied by
them form a *group* with one balance. Within a group, links that are open or hold a ratio join nodes to *classes* of
one free pressure; a link that holds a pressure fixes the class at its head. A tree over every group tells the flows of
these links from the balances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from network_models.hydraulics.gas_links import link_laws, link_numbers
from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_order import Elimination, eliminate
from network_models.hydraulics.water_check import NetworkError


@dataclass(frozen=True)
class Structure:
    """What is tied to what.

    Parameters
    ----------
    status
        (n_links,) states, with the links that stand by CLOSED.
    supplied
        (n_nodes,) bool: nodes that some chain of links joins to a fixed pressure.
    laws
        Positions of the links with a law of their own (pipes, resistors, pumps) that carry gas: those of the core, then
        those of dead ends, each before the ones behind it.
    n_core
        How many links are in the core.
    core
        (n,) uint32: nodes that are not in a dead end.
    leaf, parent, sign
        (n_dead_ends,) uint32, uint32 and float64: the node behind each link of a dead end, the one before, and +1 where
        the link leads from the one before to the one behind.
    tree
        (n, 3): link, parent and child, each parent before its children.
    rows, cols
        (n_nodes,) balance and unknown pressure of each node, ``n_unknown`` where there is none.
    """

    network: GasNetwork
    status: np.ndarray
    supplied: np.ndarray
    laws: np.ndarray
    tree: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    n_unknown: int
    ends: np.ndarray
    n_core: int
    core: np.ndarray
    leaf: np.ndarray
    parent: np.ndarray
    sign: np.ndarray

    @cached_property
    def elimination(self) -> Elimination:
        """Order and pattern of the factors."""
        i, j = self.ends[:, : self.n_core]
        first = np.concatenate([self.rows[i], self.rows[j]])
        second = np.concatenate([self.cols[j], self.cols[i]])
        inside = np.maximum(first, second) < self.n_unknown
        return eliminate(self.n_unknown, first[inside], second[inside])

    @cached_property
    def numbers(self) -> np.ndarray:
        """Numbers of the links (see ``link_numbers``) at the network's own diameters."""
        return link_numbers(self.network, self.laws, self.network.diameter[None, :])

    @cached_property
    def link_laws(self) -> np.ndarray:
        """Law of friction and kind of each link."""
        return link_laws(self.network, self.laws)

    @cached_property
    def lift(self) -> np.ndarray:
        """Gain of pressure of pumps."""
        return self.network.lift[self.laws]

    @cached_property
    def kernel_rows(self) -> np.ndarray:
        """Balances in the order of elimination, (n_nodes,) uint32."""
        return np.append(self.elimination.place, self.n_unknown)[self.rows].astype(np.uint32)

    @cached_property
    def kernel_cols(self) -> np.ndarray:
        """Unknowns in the order of elimination, (n_nodes,) uint32."""
        return np.append(self.elimination.place, self.n_unknown)[self.cols].astype(np.uint32)

    @cached_property
    def places(self) -> np.ndarray:
        """Where each link of the core adds to the matrix: row and column of its tail, and so on, (4, n_core) uint32."""
        i, j = self.ends[:, : self.n_core]
        rows, cols, at = self.kernel_rows, self.kernel_cols, self.elimination.at
        pairs = ((rows[i], cols[i]), (rows[i], cols[j]), (rows[j], cols[i]), (rows[j], cols[j]))
        return np.array([[at(int(r), int(c)) for r, c in zip(*pair, strict=True)] for pair in pairs], np.uint32).reshape(
            4, -1
        )


def make_structure(network: GasNetwork, status: np.ndarray, fixed: np.ndarray) -> Structure:
    """Tie the nodes of a network together.

    Parameters
    ----------
    status
        (n_links,) of ``GasStatus``.
    fixed
        (n_nodes,) bool, nodes of fixed pressure.

    Raises
    ------
    NetworkError
        Links without resistance that join two nodes of fixed pressure, or hold pressures in a circle.
    """
    tie = (network.kind >= GasLink.VALVE) & (status != GasStatus.CLOSED)
    used, part = _stand_by(network, status, tie)
    tie &= used != GasStatus.CLOSED
    tree, root = _trees(network, used, tie, fixed, part)
    starved = _starved(network, used, tie, fixed, part)
    if len(starved):
        eased = used.copy()
        eased[starved] = GasStatus.OPEN
        return make_structure(network, eased, fixed)
    supplied = _supplied(network, used, fixed)
    carries = (
        (network.kind < GasLink.VALVE) & (used != GasStatus.CLOSED) & supplied[network.tail] & supplied[network.head]
    )
    tied = np.zeros(network.n_nodes, bool)
    tied[tree[:, 1:].ravel()] = True
    leaf, parent, link = _dead_ends(network, np.flatnonzero(carries), supplied & ~fixed & ~tied)
    inner = supplied.copy()
    inner[leaf] = False
    free = inner & (root >= 0) & ~fixed[np.maximum(root, 0)]
    unknowns, rows = np.unique(root[free], return_inverse=True)
    row_of = np.full(network.n_nodes, len(unknowns))
    row_of[free] = rows
    held = {int(part[network.head[k]]) for k in np.flatnonzero(tie & (used == GasStatus.ACTIVE))}
    col_of = np.where(np.isin(part, list(held)), len(unknowns), row_of)
    carries[link] = False
    laws = np.concatenate([np.flatnonzero(carries), link])
    ends = np.stack([network.tail[laws], network.head[laws]]).astype(np.uint32)
    sign = np.where(network.tail[link] == parent, 1.0, -1.0)
    core = np.flatnonzero(~np.isin(np.arange(network.n_nodes), leaf)).astype(np.uint32)
    dead = (leaf.astype(np.uint32), parent.astype(np.uint32), sign)
    return Structure(
        network, used, supplied, laws, tree, row_of, col_of, len(unknowns), ends, len(laws) - len(link), core, *dead
    )


def _dead_ends(network: GasNetwork, links: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leaf, parent and link of each dead end of pipes and resistors, from the inside out."""
    near: dict[int, dict[int, int]] = {}
    for k in links.tolist():
        a, b = int(network.tail[k]), int(network.head[k])
        near.setdefault(a, {})[k] = b
        near.setdefault(b, {})[k] = a
    stack = [v for v, ends in near.items() if free[v] and len(ends) == 1]
    found: list[tuple[int, int, int]] = []
    while stack:
        v = stack.pop()
        if len(near[v]) != 1:
            continue
        k, parent = next(iter(near[v].items()))
        if network.kind[k] == GasLink.PUMP:
            continue
        found.append((v, parent, k))
        near[v].clear()
        del near[parent][k]
        if free[parent] and len(near[parent]) == 1:
            stack.append(parent)
    leaf, parents, link = np.array(found[::-1], np.int64).reshape(-1, 3).T
    return leaf, parents, link


def _components(network: GasNetwork, links: np.ndarray) -> np.ndarray:
    ones = np.ones(int(links.sum()))
    n = network.n_nodes
    joined = coo_matrix((ones, (network.tail[links], network.head[links])), shape=(n, n))
    return np.asarray(connected_components(joined, directed=False)[1])


def _stand_by(network: GasNetwork, status: np.ndarray, tie: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States with the links CLOSED that another one makes idle, and the class of each node.

    Of several links that hold the pressure of one class the one with the highest works; a link whose ends are tied
    together otherwise holds nothing.
    """
    used = status.copy()
    part = _components(network, tie & (status != GasStatus.ACTIVE))
    holding = np.flatnonzero(tie & (status == GasStatus.ACTIVE))
    taken: set[int] = set()
    for k in holding[np.argsort(-network.set_pressure[holding], kind="stable")].tolist():
        target = int(part[network.head[k]])
        if target in taken or target == part[network.tail[k]]:
            used[k] = GasStatus.CLOSED
        taken.add(target)
    return used, part


def _starved(
    network: GasNetwork, status: np.ndarray, tie: np.ndarray, fixed: np.ndarray, part: np.ndarray
) -> np.ndarray:
    """Links that hold a pressure though nothing determines the one at their tail; they let the gas through instead.

    That is so where only a given inflow is behind them, no source of fixed pressure and no pipe.
    """
    holding = tie & (status == GasStatus.ACTIVE)
    law = (network.kind < GasLink.VALVE) & (status != GasStatus.CLOSED)
    known = np.concatenate([part[network.tail[law]], part[network.head[law]], part[network.head[holding]], part[fixed]])
    return np.flatnonzero(holding & ~np.isin(part[network.tail], known))


def _trees(
    network: GasNetwork, status: np.ndarray, tie: np.ndarray, fixed: np.ndarray, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tree over every group, from the node whose pressure is fixed or free; and the root of each node."""
    near: dict[int, list[tuple[int, int]]] = {}
    for k in np.flatnonzero(tie).tolist():
        a, b = int(network.tail[k]), int(network.head[k])
        near.setdefault(a, []).append((k, b))
        near.setdefault(b, []).append((k, a))
    active = np.flatnonzero(tie & (status == GasStatus.ACTIVE)).tolist()
    held = {int(part[network.head[k]]): k for k in active}
    _refuse_held_sources(network, fixed, part, held)
    root = np.where(np.isin(np.arange(network.n_nodes), list(near)), -1, np.arange(network.n_nodes))
    edges: list[tuple[int, int, int]] = []
    for start in sorted(near, key=lambda v: (not fixed[v], v)):
        if root[start] >= 0 or int(part[start]) in held:
            continue
        for k, parent, child in _walk(start, near, root):
            if fixed[child]:
                names = network.node_names
                raise NetworkError(
                    f"nodes {names[start]!r} and {names[child]!r} of fixed pressure are joined without any resistance "
                    f"(link {network.link_names[k]!r}): put a pipe between or fix one of them only"
                )
            edges.append((k, parent, child))
    if (root < 0).any():
        k = next(k for k in active if root[network.head[k]] < 0)
        raise NetworkError(f"link {network.link_names[k]!r}: links that hold pressures feed each other in a circle")
    return np.array(edges, np.int64).reshape(-1, 3), root


def _walk(start: int, near: dict[int, list[tuple[int, int]]], root: np.ndarray) -> Iterator[tuple[int, int, int]]:
    root[start] = start
    waiting = [start]
    for parent in waiting:
        for k, child in near[parent]:
            if root[child] < 0:
                root[child] = start
                waiting.append(child)
                yield k, parent, child


def _refuse_held_sources(network: GasNetwork, fixed: np.ndarray, part: np.ndarray, held: dict[int, int]) -> None:
    for v in np.flatnonzero(fixed).tolist():
        k = held.get(int(part[v]))
        if k is not None:
            raise NetworkError(
                f"link {network.link_names[k]!r} is to hold the pressure of node "
                f"{network.node_names[v]!r}, which is fixed: put a pipe between or fix one of them only"
            )


def _supplied(network: GasNetwork, status: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    part = _components(network, status != GasStatus.CLOSED)
    return np.isin(part, part[fixed])


def node_scales(
    network: GasNetwork, structure: Structure, fixed_pressure: np.ndarray, ratio: np.ndarray, set_pressure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Squared pressure of each node as ``scale * unknown + shift``.

    Parameters
    ----------
    fixed_pressure
        (n_scenarios, n_nodes) Pa.
    ratio, set_pressure
        (n_scenarios, n_links).

    Returns
    -------
    scale, shift
        (n_scenarios, n_nodes).
    """
    fixed = ~np.isnan(fixed_pressure)
    known = fixed | ~structure.supplied
    scale = np.where(known, 0.0, 1.0)
    shift = np.where(fixed, fixed_pressure**2, 0.0)
    if len(structure.tree):
        shape = (max(len(fixed_pressure), len(ratio), len(set_pressure)), network.n_nodes)
        scale, shift = np.array(np.broadcast_to(scale, shape)), np.array(np.broadcast_to(shift, shape))
    for k, parent, child in structure.tree.tolist():
        factor = np.ones(1)
        if structure.status[k] == GasStatus.AT_RATIO:
            held = np.nan_to_num(ratio[:, k], nan=1.0)
            factor = held**2 if child == network.head[k] else held**-2.0
        scale[:, child], shift[:, child] = factor * scale[:, parent], factor * shift[:, parent]
        if structure.status[k] == GasStatus.ACTIVE:
            scale[:, child], shift[:, child] = 0.0, set_pressure[:, k] ** 2
    return scale, shift


def tied_flows(network: GasNetwork, structure: Structure, demand: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Flows of all links from those of the links with a law: what the balances leave to the links without one.

    Parameters
    ----------
    demand
        (n_scenarios or 1, n_nodes) kg/s.
    flow
        (n_scenarios, n_laws) kg/s.
    """
    flows = np.zeros((len(flow), network.n_links))
    flows[:, structure.laws] = flow
    if not len(structure.tree):
        return flows
    i, j = structure.ends
    lack = np.array(np.broadcast_to(demand, (len(flow), network.n_nodes))).T
    np.add.at(lack, i, flow.T)
    np.subtract.at(lack, j, flow.T)
    for k, parent, child in structure.tree[::-1].tolist():
        if structure.supplied[child]:
            flows[:, k] = lack[child] if child == network.head[k] else -lack[child]
            lack[parent] += lack[child]
    return flows
