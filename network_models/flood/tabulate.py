"""Expected annual damage of each zone over the options of the works that matter for it, and of no others."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood._river_kernel import RiverArrays
from network_models.flood.damage import FREQUENT
from network_models.flood.errors import FloodError
from network_models.flood.evaluate import Exposure, evaluate
from network_models.flood.river import River

MOST = 200_000


@dataclass(frozen=True)
class StorageOption:
    """What may be chosen for a storage: a row of the river's tables, and whether it follows the joint rule."""

    table: int
    joint: bool = False


@dataclass(frozen=True)
class DamageTable:
    """Damage of one zone.

    Parameters
    ----------
    works
        Places of the works that matter for it, rising: levees in the order of ``river.zones``, then storages.
    expected
        CNY a year, one axis for each of ``works``, as long as it has options.
    """

    works: tuple[int, ...]
    expected: np.ndarray

    def at(self, state: Sequence[int]) -> float:
        """Damage in a state: the option chosen of every work of the river."""
        return float(self.expected[tuple(state[w] for w in self.works)])


def influences(arrays: RiverArrays) -> np.ndarray:
    """Whether the option of a work can change the damage of a zone, (n_zones, n_zones + n_storages).

    A work changes the flow at its element and everywhere downstream; beside a zone, its own levee and those before it
    on the same element. A storage that may follow the joint rule answers to the flow at its control, and so to
    everything that changes that.
    """
    n, zones, storages = len(arrays.order), len(arrays.levee), len(arrays.control)
    element = np.repeat(np.arange(n), np.diff(arrays.first_zone))
    basin = [int(np.flatnonzero(arrays.storage == p)[0]) for p in range(storages)]
    changes = _changed_flows(arrays, [*element.tolist(), *basin])
    out = np.zeros((zones, zones + storages), np.bool_)
    for z, e in enumerate(element):
        upstream = [k for k in range(n) if arrays.downstream[k] == e]
        out[z] = changes[:, upstream].any(axis=1)
        out[z, zones:] |= changes[zones:, e] & (np.array(basin, np.int64) == e)
        same = np.flatnonzero(element == e)
        out[z, same[same <= z]] = True
        if arrays.storage[e] >= 0:
            out[z] |= _through_control(arrays, changes, int(arrays.storage[e]))
    return out


def _changed_flows(arrays: RiverArrays, at: Sequence[int]) -> np.ndarray:
    """Elements whose outflow a work at an element can change, (n_works, n_elements): grown until nothing is added."""
    n = len(arrays.order)
    changes = np.zeros((len(at), n), np.bool_)
    changes[np.arange(len(at)), np.array(at, np.int64)] = True
    while True:
        before = changes.sum()
        for e in arrays.order:
            if arrays.storage[e] >= 0:
                changes[:, e] |= _through_control(arrays, changes, int(arrays.storage[e]))
            if arrays.downstream[e] >= 0:
                changes[:, arrays.downstream[e]] |= changes[:, e]
        if changes.sum() == before:
            return changes


def _through_control(arrays: RiverArrays, changes: np.ndarray, storage: int) -> np.ndarray:
    """Works that change what a storage's control sees."""
    control = int(arrays.control[storage])
    return changes[:, control] if control >= 0 else np.zeros(len(changes), np.bool_)


def tabulate(
    river: River,
    lateral: ArrayLike,
    dt: float,
    return_period: ArrayLike,
    exposure: Sequence[Exposure],
    crests: Sequence[Sequence[float]],
    options: Sequence[Sequence[StorageOption]] = (),
    *,
    frequent: float = FREQUENT,
    most: int = MOST,
) -> list[DamageTable]:
    """Table of every zone over all options of the works that matter for it; every configuration is routed once.

    Parameters
    ----------
    lateral, dt, return_period, exposure, frequent
        As for ``evaluate``.
    crests
        Heights that each levee may have, m above datum, in the order of ``river.zones``.
    options
        What each storage may do; none is its own table by the independent rule.
    most
        Configurations allowed.

    Raises
    ------
    FloodError
        More configurations than ``most``, naming the zone; a work without options.
    """
    chosen = options or [[StorageOption(p)] for p in range(len(river.storages))]
    counts = [len(c) for c in (*crests, *chosen)]
    if len(crests) != len(river.zones) or len(chosen) != len(river.storages) or min(counts, default=1) < 1:
        raise FloodError(
            f"options: found {len(crests)} levees and {len(chosen)} storages; "
            f"expected {len(river.zones)} and {len(river.storages)}, each with an option at least"
        )
    works = [tuple(np.flatnonzero(row).tolist()) for row in influences(river.arrays)]
    index = _configurations(river, works, counts, most)
    states = np.array(list(index), np.int64).reshape(len(index), len(counts))
    z = len(river.zones)
    crest = np.array([[crests[k][s] for k, s in enumerate(state[:z])] for state in states], np.float64).reshape(-1, z)
    picked = [[chosen[p][s] for p, s in enumerate(state[z:])] for state in states]
    shape = (len(states), len(river.storages))
    found = evaluate(
        river, lateral, dt, return_period, exposure, crest=crest, frequent=frequent,
        joint=np.array([[o.joint for o in row] for row in picked], np.bool_).reshape(shape),
        table=np.array([[o.table for o in row] for row in picked], np.int64).reshape(shape),
    ).expected  # fmt: skip
    return [_table(k, own, counts, index, found) for k, own in enumerate(works)]


def _configurations(
    river: River, works: Sequence[tuple[int, ...]], counts: Sequence[int], most: int
) -> dict[tuple[int, ...], int]:
    """States to be routed, each once: the options of what matters for a zone, all else at its first."""
    index: dict[tuple[int, ...], int] = {}
    for z, own in enumerate(works):
        number = math.prod(counts[w] for w in own)
        if len(index) + number > most:
            raise FloodError(
                f"zone {river.zones[z]!r}: found {number} configurations that matter; expected {most} in all"
            )
        for picked in itertools.product(*(range(counts[w]) for w in own)):
            index.setdefault(_state(own, picked, len(counts)), len(index))
    return index


def _state(works: Sequence[int], picked: Sequence[int], length: int) -> tuple[int, ...]:
    state = [0] * length
    for w, option in zip(works, picked, strict=True):
        state[w] = option
    return tuple(state)


def _table(
    zone: int, works: tuple[int, ...], counts: Sequence[int], index: dict[tuple[int, ...], int], found: np.ndarray
) -> DamageTable:
    shape = tuple(counts[w] for w in works)
    rows = [index[_state(works, picked, len(counts))] for picked in np.ndindex(*shape)]
    return DamageTable(works, found[rows, zone].reshape(shape))
