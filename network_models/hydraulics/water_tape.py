"""The fixed part of a network: which links need what treatment, the order of elimination, dead ends set aside.

Junctions of the *core* are numbered in the order in which they are eliminated (least degree first), nodes of fixed head
after them. Dead ends that hold nothing but open pipes and fixed demands are *trimmed*: their flows follow from the
demands alone, their heads from the flows once the core is solved.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from network_models.hydraulics.water_network import LinkKind, WaterNetwork

LANES = 8


@dataclass(frozen=True)
class Tape:
    """Positions for the kernels; a *slot* is the position of a link in their arrays.

    Parameters
    ----------
    core
        (n_core,) nodes in the order of elimination.
    fixed
        (n_fixed,) nodes of fixed head; their rows follow those of the core.
    slot
        (n_links,) slot of each link: plain pipes first, from ``first_device`` devices, from ``first_trimmed`` the
        pipes of dead ends; slots between are filled up to whole blocks of eight.
    n_slots, n_plain, first_device, n_devices, first_trimmed
        Sizes.
    tail, head, entry
        (n_slots,) rows of the ends, and position of the link among the entries below the diagonal (-1: none).
    column
        (n_core + 1,) where the entries of each column begin.
    row
        (n_entries,) row of each entry, rising within a column.
    target
        Position in [diagonal | entries] that each product of two entries of a column is taken from, in order.
    leaf, leaf_parent, leaf_link, leaf_sign
        (n_trimmed,) trimmed nodes from the outside in, the node each hangs on, the link, and +1 where the link leads
        from the parent to the leaf.
    """

    core: np.ndarray
    fixed: np.ndarray
    slot: np.ndarray
    n_slots: int
    n_plain: int
    first_device: int
    n_devices: int
    first_trimmed: int
    tail: np.ndarray
    head: np.ndarray
    entry: np.ndarray
    column: np.ndarray
    row: np.ndarray
    target: np.ndarray
    leaf: np.ndarray
    leaf_parent: np.ndarray
    leaf_link: np.ndarray
    leaf_sign: np.ndarray


def make_tape(network: WaterNetwork) -> Tape:
    """Order a network; depends on its topology, its kinds of links and where emitters are, not on sizes or demands."""
    leaf, parent, link = _trim(network)
    trimmed = np.zeros(network.n_nodes, bool)
    trimmed[leaf] = True
    keep = network.is_junction & ~trimmed
    inner = np.ones(network.n_links, bool)
    inner[link] = False
    joined = inner & keep[network.tail] & keep[network.head]
    core, columns = eliminate(keep, network.tail[joined], network.head[joined])
    fixed = np.flatnonzero(~network.is_junction)
    place = np.full(network.n_nodes, -1, np.int64)
    place[core] = np.arange(len(core))
    place[fixed] = len(core) + np.arange(len(fixed))
    column, row, target, position = factor_pattern(columns, place)
    plain = inner & _plain(network) & (place[network.tail] < len(core)) & (place[network.head] < len(core))
    slot, sizes = _slots(plain, inner, link)
    tail, head, entry = _ends(network, slot, sizes[0], place, position, len(core), inner)
    return Tape(
        core,
        fixed,
        slot,
        *sizes,
        tail,
        head,
        entry,
        column,
        row,
        target,
        leaf,
        parent,
        link,
        np.where(network.tail[link] == parent, 1.0, -1.0),
    )


def _plain(network: WaterNetwork) -> np.ndarray:
    """Pipes that never change their state by themselves."""
    plain = network.kind == LinkKind.PIPE
    plain[network.controls.link] = False
    return plain


def _trim(network: WaterNetwork) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dead ends from the outside in: leaf, parent and link of each."""
    plain, junction = _plain(network), network.is_junction
    ends: list[dict[int, None]] = [{} for _ in range(network.n_nodes)]
    for k, (a, b) in enumerate(zip(network.tail.tolist(), network.head.tolist(), strict=True)):
        ends[a][k] = None
        ends[b][k] = None
    free = junction & (network.emitter == 0) & (not network.options.pressure_driven)
    free[network.controls.node] = False
    stack = [v for v in range(network.n_nodes) if free[v] and len(ends[v]) == 1]
    found: list[tuple[int, int, int]] = []
    while stack:
        v = stack.pop()
        if len(ends[v]) != 1:
            continue
        k = next(iter(ends[v]))
        parent = int(network.tail[k] + network.head[k] - v)
        if not plain[k] or not junction[parent]:
            continue
        found.append((v, parent, k))
        ends[v].clear()
        del ends[parent][k]
        if free[parent] and len(ends[parent]) == 1:
            stack.append(parent)
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def eliminate(keep: np.ndarray, tail: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """Order of least degree, and the neighbours of each node when its turn comes.

    Parameters
    ----------
    keep
        (n_nodes,) bool: nodes to be ordered.
    tail, head
        (n,) ends of the links between them.
    """
    near: list[set[int]] = [set() for _ in keep]
    for a, b in zip(tail.tolist(), head.tolist(), strict=True):
        near[a].add(b)
        near[b].add(a)
    heap = [(len(near[v]), v) for v in np.flatnonzero(keep).tolist()]
    heapq.heapify(heap)
    done, order, columns = [False] * len(keep), [], []
    while heap:
        degree, v = heapq.heappop(heap)
        if done[v] or degree != len(near[v]):
            continue
        done[v] = True
        order.append(v)
        columns.append(list(near[v]))
        for u in near[v]:
            near[u].discard(v)
            near[u] |= near[v]
            near[u].discard(u)
        for u in near[v]:
            heapq.heappush(heap, (len(near[u]), u))
    return np.array(order, np.int64), columns


def factor_pattern(
    columns: list[list[int]], place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[tuple[int, int], int]]:
    """Column starts, rows, targets of the products, and the position of each entry by (row, column)."""
    n = len(columns)
    column = np.zeros(n + 1, np.int32)
    row: list[int] = []
    position: dict[tuple[int, int], int] = {}
    for j, neighbours in enumerate(columns):
        for r in sorted(int(place[u]) for u in neighbours):
            position[r, j] = len(row)
            row.append(r)
        column[j + 1] = len(row)
    target: list[int] = []
    for j in range(n):
        rows = row[column[j] : column[j + 1]]
        for x, r in enumerate(rows):
            target.append(r)
            target.extend(n + position[s, r] for s in rows[x + 1 :])
    return column, np.array(row, np.int32), np.array(target, np.int32), position


def _blocks(count: int) -> int:
    return -(-count // LANES) * LANES


def _slots(
    plain: np.ndarray, inner: np.ndarray, trimmed: np.ndarray
) -> tuple[np.ndarray, tuple[int, int, int, int, int]]:
    slot = np.zeros(len(plain), np.int64)
    devices = inner & ~plain
    n_plain, n_devices = int(plain.sum()), int(devices.sum())
    first_device = _blocks(n_plain)
    first_trimmed = first_device + _blocks(n_devices)
    slot[plain] = np.arange(n_plain)
    slot[devices] = first_device + np.arange(n_devices)
    slot[trimmed] = first_trimmed + np.arange(len(trimmed))
    n_slots = first_trimmed + _blocks(len(trimmed))
    return slot, (n_slots, n_plain, first_device, n_devices, first_trimmed)


def _ends(
    network: WaterNetwork,
    slot: np.ndarray,
    n_slots: int,
    place: np.ndarray,
    position: dict[tuple[int, int], int],
    n_core: int,
    inner: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tail, head, entry = (np.zeros(n_slots, np.int32) for _ in range(3))
    entry[:] = -1
    for k in np.flatnonzero(inner).tolist():
        i, j = int(place[network.tail[k]]), int(place[network.head[k]])
        tail[slot[k]], head[slot[k]] = i, j
        if i < n_core and j < n_core:
            entry[slot[k]] = position[max(i, j), min(i, j)]
    return tail, head, entry
