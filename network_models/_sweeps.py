"""Sweeps over a hierarchy, 16 sources at a time: up along the ancestors of the sources, then down over all rows.

The upward half visits only ancestors in the elimination tree, no queue needed (Dibbelt, Strasser and Wagner 2016); the
downward half passes once over the rows in an order in which every tail comes before its heads (PHAST, Delling, Goldberg,
Nowatzyk and Werneck 2011). What is left to do with a row is done while it lies in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from network_models._lanes import (
    LANES,
    LINE,
    add_amount,
    add_decayed,
    add_time,
    clear,
    copy,
    pull,
    push,
    rows_of,
    stream,
    turn,
    within,
)  # fmt: skip
from network_models._numba import inner, kernel

BLOCK = 4096
"""Rows that are swept, or passed over, together."""
TILE = 256
"""Columns of a table that are turned together."""


class Ascent(NamedTuple):
    """Arcs upwards by rank: ``start`` (n + 1,), ``head`` and ``length``; ``parent`` (n,) in the elimination tree or -1."""

    parent: np.ndarray
    start: np.ndarray
    head: np.ndarray
    length: np.ndarray


class Descent(NamedTuple):
    """Arcs downwards by row of the sweep: ``tail`` rows and ``length`` of ``start[v]:start[v + 1]``.

    ``row`` (n,) is the row of every rank, -1 where a sweep restricted to few targets leaves it out.
    """

    row: np.ndarray
    start: np.ndarray
    tail: np.ndarray
    length: np.ndarray


class Gates(NamedTuple):
    """By block of rows: tails outside through which it is entered, and rows that other blocks read."""

    inlet_start: np.ndarray
    inlet: np.ndarray
    outlet_start: np.ndarray
    outlet: np.ndarray


class Batch(NamedTuple):
    """Sources by rank, 16 a batch (n,), and where the answer of each goes, -1 for a lane that only fills a batch up."""

    ranks: np.ndarray
    places: np.ndarray


class Room(NamedTuple):
    """Buffers of one thread."""

    above: np.ndarray
    below: np.ndarray
    touched: np.ndarray
    stirred: np.ndarray
    listed: np.ndarray
    mark: np.ndarray


@inner()
def _room(up, down):  # type: ignore[no-untyped-def]
    n, m = len(up.parent), len(down.start) - 1
    above, below = rows_of(n, up.length), rows_of(m, up.length)
    stirred = np.full(m // BLOCK + 1, -1, np.int64)
    return Room(above, below, np.zeros(m, np.bool_), stirred, np.empty(n, np.int32), np.full(n, -1, np.int32))


@inner()
def _climb(up, down, ranks, room, batch):  # type: ignore[no-untyped-def]
    """Times from 16 sources to their ancestors, copied to the rows below.

    Each source adds the part of its way to the root that no source before it has taken; all parts are done from the
    last to the first, since none leads into a later one.
    """
    begin, size = np.empty(LANES + 1, np.int64), 0
    for j in range(LANES):
        begin[j], r = size, ranks[j]
        while r >= 0 and room.mark[r] != batch:
            room.mark[r], room.listed[size] = batch, r
            clear(room.above, np.int64(r))
            size, r = size + 1, up.parent[r]
    begin[LANES] = size
    for j in range(LANES):
        room.above[np.int64(ranks[j]) * LANES + j] = 0
    for j in range(LANES - 1, -1, -1):
        for i in range(begin[j], begin[j + 1]):
            r = np.int64(room.listed[i])
            push(room.above, r, np.int64(up.start[r]), np.int64(up.start[r + 1]), up.head, up.length)
    for i in range(size):
        r = np.int64(room.listed[i])
        v = np.int64(down.row[r])
        if v >= 0:
            copy(room.above, r, room.below, v)
            room.touched[v], room.stirred[v // BLOCK] = True, batch


@inner()
def _descend(down, room, begin, end):  # type: ignore[no-untyped-def]
    """Final times of the rows from begin to end."""
    for v in range(begin, end):
        kept = room.touched[v]
        room.touched[v] = False
        pull(room.below, v, np.int64(down.start[v]), np.int64(down.start[v + 1]), down.tail, down.length, kept)


@inner()
def _show(times, goals, places, out, stage):  # type: ignore[no-untyped-def]
    """Write the rows ``goals`` (as many as columns, filled up to 16) to the table: turned in tiles, whole lines at once."""
    width, size = out.shape[1], out.itemsize
    line = LINE // size
    for c in range(0, width, TILE):
        tile = min(TILE, len(goals) - c)
        for i in range(0, tile, LANES):
            turn(times, goals, c + i, min(c + i + 2 * LANES, len(goals) - LANES), stage, LANES + i)
        columns = min(tile, width - c)
        for j in range(LANES):
            if places[j] < 0:
                continue
            address = out.ctypes.data + (places[j] * width + c) * size
            done = -((address % LINE) // size)
            if c == 0 and done < 0:
                done += line
                for q in range(min(done, columns)):
                    out[places[j], q] = stage[j, LANES + q]
            lines = max(columns - done, 0) // line
            stream(stage, j * (TILE + LANES) + LANES + done, address + done * size, lines)
            if c + tile >= width:
                for q in range(max(done + lines * line, -c), columns):
                    out[places[j], c + q] = stage[j, LANES + q]
            for q in range(LANES):
                stage[j, q] = stage[j, TILE + q]


@kernel()
def fill_table(up, down, goals, batches, out, begin, end):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n_sources, n_targets) with the times at the rows ``goals``, for the batches from begin to end."""
    room, stage = _room(up, down), np.empty((LANES, TILE + LANES), up.length.dtype)
    for b in range(begin, end):
        lanes = slice(b * LANES, (b + 1) * LANES)
        _climb(up, down, batches.ranks[lanes], room, b)
        _descend(down, room, 0, len(down.start) - 1)
        _show(room.below, goals, batches.places[lanes], out, stage)


@inner()
def _block(down, gates, room, b, batch, limit):  # type: ignore[no-untyped-def]
    """Sweep a block, or pass over it where no lane enters within the limit; was it swept?"""
    live = room.stirred[b] == batch
    for i in range(gates.inlet_start[b], gates.inlet_start[b + 1]):
        if live:
            break
        live = within(room.below, np.int64(gates.inlet[i]), limit) != 0
    if live:
        _descend(down, room, b * BLOCK, min((b + 1) * BLOCK, len(down.start) - 1))
    else:
        for i in range(gates.outlet_start[b], gates.outlet_start[b + 1]):
            clear(room.below, np.int64(gates.outlet[i]))
    return live


@kernel()
def fill_sums(up, down, gates, amounts, limit, rate, kind, batches, out, begin, end):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n_sources, 2): amount within the limit, and amount times time (kind 1) or decayed (kind 2)."""
    room, sums = _room(up, down), rows_of(2, np.empty(0))
    plain, shared = sums[:LANES], sums[LANES:]
    for b in range(begin, end):
        _climb(up, down, batches.ranks[b * LANES : (b + 1) * LANES], room, b)
        sums[:] = 0.0
        for k in range(len(gates.inlet_start) - 1):
            if not _block(down, gates, room, k, b, limit):
                continue
            for v in range(k * BLOCK, min((k + 1) * BLOCK, len(amounts))):
                add_amount(room.below, v, limit, amounts[v], rate, plain)
                if kind == 1:
                    add_time(room.below, v, limit, amounts[v], rate, shared)
                elif kind == 2:
                    add_decayed(room.below, v, limit, amounts[v], rate, shared)
        for j in range(LANES):
            place = batches.places[b * LANES + j]
            if place >= 0:
                out[place, 0], out[place, 1] = plain[j], shared[j]


@kernel()
def counts(up, down, gates, batches, limit, out):  # type: ignore[no-untyped-def]
    """Add to ``out`` (n_rows,) the number of sources that reach each row within the limit."""
    room = _room(up, down)
    for b in range(len(batches.ranks) // LANES):
        _climb(up, down, batches.ranks[b * LANES : (b + 1) * LANES], room, b)
        used = 0
        for j in range(LANES):
            used |= (batches.places[b * LANES + j] >= 0) << j
        for k in range(len(gates.inlet_start) - 1):
            if _block(down, gates, room, k, b, limit):
                for v in range(k * BLOCK, min((k + 1) * BLOCK, len(out))):
                    lanes = within(room.below, v, limit) & used
                    while lanes:
                        lanes &= lanes - 1
                        out[v] += 1


@kernel()
def restrict(down, goals):  # type: ignore[no-untyped-def]
    """The part of a sweep that the rows ``goals`` depend on."""
    n, size, arcs = len(down.start) - 1, 0, 0
    asked, row = np.zeros(n, np.bool_), np.full(n, -1, np.int32)
    for v in goals:
        asked[v] = True
    for v in range(n - 1, -1, -1):
        if asked[v]:
            size, arcs = size + 1, arcs + down.start[v + 1] - down.start[v]
            for e in range(down.start[v], down.start[v + 1]):
                asked[down.tail[e]] = True
    start, tail, length = np.zeros(size + 1, np.int32), np.empty(arcs, np.int32), np.empty(arcs, down.length.dtype)
    size, arcs = 0, 0
    for v in range(n):
        if asked[v]:
            row[v] = size
            for e in range(down.start[v], down.start[v + 1]):
                tail[arcs], length[arcs], arcs = row[down.tail[e]], down.length[e], arcs + 1
            size += 1
            start[size] = arcs
    rows = np.empty(len(down.row), np.int32)
    for r in range(len(rows)):
        rows[r] = row[down.row[r]] if down.row[r] >= 0 else -1
    return Descent(rows, start, tail, length)


@kernel()
def gates_of(down):  # type: ignore[no-untyped-def]
    """Inlets and outlets of every block of a sweep."""
    n = len(down.start) - 1
    blocks = (n + BLOCK - 1) // BLOCK
    seen, read = np.full(n, -1, np.int64), np.zeros(n, np.bool_)
    inlet_start, outlet_start = np.zeros(blocks + 1, np.int64), np.zeros(blocks + 1, np.int64)
    inlet, size = np.empty(len(down.tail), np.int32), 0
    for b in range(blocks):
        for e in range(down.start[b * BLOCK], down.start[min((b + 1) * BLOCK, n)]):
            t = down.tail[e]
            if t < b * BLOCK and seen[t] != b:
                seen[t], inlet[size], read[t] = b, t, True
                size += 1
        inlet_start[b + 1] = size
    outlet, size2 = np.empty(n, np.int32), 0
    for b in range(blocks):
        for v in range(b * BLOCK, min((b + 1) * BLOCK, n)):
            if read[v]:
                outlet[size2] = v
                size2 += 1
        outlet_start[b + 1] = size2
    return Gates(inlet_start, inlet[:size], outlet_start, outlet[:size2])
