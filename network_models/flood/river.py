"""A river tree of reaches and storages, with zones behind levees beside them; frozen and checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.flood._river_kernel import CONSTANT, STORAGE, TODINI, RiverArrays
from network_models.flood.errors import FloodError, positive, rising
from network_models.flood.sections import PowerSection


@dataclass(frozen=True)
class Reach:
    """A stretch of river.

    Parameters
    ----------
    name, downstream
        Its name and that of what it flows into; "" where it leaves the tree.
    length, slope
        m, and m/m.
    section
        Area by discharge, and top width.
    segments
        Equal parts it is routed in; ``suggested_segments`` gives a good number.
    reference_flow
        None: Muskingum-Cunge with variable parameters (Todini 2007). A discharge in m3/s: constant parameters, those
        at it (Cunge 1969; Ponce and Yevjevich 1978).
    """

    name: str
    downstream: str
    length: float
    slope: float
    section: PowerSection
    segments: int = 1
    reference_flow: float | None = None

    def row(self) -> tuple[int, tuple[float, float, float, float]]:
        """Kind and parameters of a segment, as the kernel has them."""
        for what in ("length", "slope", "segments"):
            positive(getattr(self, what), f"reach {self.name!r}, {what}")
        dx, shape = self.length / self.segments, self.section
        if self.reference_flow is None:
            diffusion = shape.exponent**2 / (shape.width * self.slope * dx)
            return TODINI, (shape.coefficient, shape.exponent, dx, diffusion)
        flow = positive(self.reference_flow, f"reach {self.name!r}, reference_flow")
        celerity = celerity_at(shape, flow)
        x = 0.5 * (1.0 - flow / (shape.width * self.slope * celerity * dx))
        return CONSTANT, (dx / celerity * x, dx / celerity * (1.0 - x), 0.0, 0.0)


@dataclass(frozen=True)
class MuskingumReach:
    """A stretch known by its travel time ``k`` in s and weight ``x`` (McCarthy 1938), each of ``segments`` taking k / segments."""

    name: str
    downstream: str
    k: float
    x: float
    segments: int = 1

    def row(self) -> tuple[int, tuple[float, float, float, float]]:
        """Kind and parameters of a segment, as the kernel has them."""
        share = positive(self.k, f"reach {self.name!r}, k") / positive(self.segments, f"reach {self.name!r}, segments")
        if not self.x <= 0.5:
            raise FloodError(f"reach {self.name!r}, x: found {self.x}; expected at most 0.5")
        return CONSTANT, (share * self.x, share * (1.0 - self.x), 0.0, 0.0)


@dataclass(frozen=True)
class Storage:
    """A reservoir or detention basin on the river, routed as a level pool.

    Parameters
    ----------
    volume, gate, spill
        m3 (rising from 0), and what gates fully open and spillway let out then, m3/s, (n_points,); from 0.
    control, safe_flow, hold_volume
        The joint rule: the gates let out no more than keeps element ``control`` at ``safe_flow`` (its flow a step ago
        without this storage's release), and nothing while storage ``control`` holds more than ``hold_volume``.
    initial
        m3 at the start; None is the volume of steady flow.
    """

    name: str
    downstream: str
    volume: Sequence[float]
    gate: Sequence[float]
    spill: Sequence[float]
    control: str = ""
    safe_flow: float = math.inf
    hold_volume: float = math.inf
    initial: float | None = None


@dataclass(frozen=True)
class Zone:
    """Land behind a levee.

    Parameters
    ----------
    name, element
        Its name and that of the reach (or storage) whose outflow stands at the levee.
    flow, level
        Rating of the river there: m3/s and m above datum, (n_points,).
    ground_level, ground_volume
        Level and volume behind the levee, (n_points,), from volume 0.
    length, breach_width, breach_sill
        m of levee that are overtopped, m of breach (0: never breaks), and the height of its sill in m above datum.
    """

    name: str
    element: str
    flow: Sequence[float]
    level: Sequence[float]
    ground_level: Sequence[float]
    ground_volume: Sequence[float]
    length: float
    breach_width: float = 0.0
    breach_sill: float = 0.0


@dataclass(frozen=True)
class River:
    """The tree as the kernel reads it, with names. Make one with ``river_of``."""

    elements: tuple[str, ...]
    storages: tuple[str, ...]
    zones: tuple[str, ...]
    arrays: RiverArrays


def celerity_at(section: PowerSection, flow: float) -> float:
    """Celerity of the kinematic wave dQ/dA, m/s."""
    return flow ** (1.0 - section.exponent) / (section.coefficient * section.exponent)


def suggested_segments(length: float, slope: float, section: PowerSection, flow: float, dt: float) -> int:
    """Number of segments by the rule of Ponce and Theurer (1982): dx <= (c dt + Q / (B S c)) / 2.

    Take the base flow: longer segments let the outflow dip before the flood arrives.
    """
    c = celerity_at(section, positive(flow, "flow"))
    return max(1, math.ceil(2.0 * length / (c * dt + flow / (section.width * slope * c))))


def river_of(
    elements: Sequence[Reach | MuskingumReach | Storage],
    zones: Sequence[Zone] = (),
    other_tables: Sequence[tuple[Sequence[float], Sequence[float], Sequence[float]]] = (),
) -> River:
    """Make a river tree.

    Parameters
    ----------
    elements
        In any order.
    zones
        On them, in any order; those on one element take water one after the other.
    other_tables
        Further tables (volume, gate, spill) that a configuration may give a storage; the first are the storages' own,
        in their order.

    Raises
    ------
    FloodError
        Names that are missing or double, a cycle, a zone on no element, tables that do not rise.
    """
    names = [e.name for e in elements]
    index = _index(names, "element")
    down = np.array([_named(index, e.downstream, f"element {e.name!r}, downstream") for e in elements], np.int64)
    storages = [e for e in elements if isinstance(e, Storage)]
    placed = sorted(zones, key=lambda z: _named(index, z.element, f"zone {z.name!r}, element", needed=True))
    _index([z.name for z in zones], "zone")
    arrays = RiverArrays(
        order=_order(down, names),
        downstream=down,
        **_segments(elements),
        **_storage_arrays(storages, index, other_tables),
        **_zone_arrays(placed, index),
    )
    return River(tuple(names), tuple(s.name for s in storages), tuple(z.name for z in placed), arrays)


def _index(names: Sequence[str], what: str) -> dict[str, int]:
    index: dict[str, int] = {}
    for k, name in enumerate(names):
        if not name or name in index:
            raise FloodError(f"{what} {k + 1}: found name {name!r}; expected a name of its own")
        index[name] = k
    return index


def _named(index: dict[str, int], name: str, where: str, *, needed: bool = False) -> int:
    if name == "" and not needed:
        return -1
    if name not in index:
        raise FloodError(f"{where}: found {name!r}; expected the name of a reach or storage")
    return index[name]


def _order(down: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Elements, each before what is downstream of it (Kahn 1962)."""
    waiting = np.bincount(down[down >= 0], minlength=len(down))
    ready = [e for e in range(len(down)) if waiting[e] == 0]
    order: list[int] = []
    while ready:
        e = ready.pop()
        order.append(e)
        if down[e] >= 0:
            waiting[down[e]] -= 1
            if waiting[down[e]] == 0:
                ready.append(int(down[e]))
    if len(order) < len(down):
        around = [names[e] for e in range(len(down)) if waiting[e] > 0]
        raise FloodError(
            f"river: found a cycle through {', '.join(around[:5])}; expected a tree that flows to an outlet"
        )
    return np.array(order, np.int64)


def _segments(elements: Sequence[Reach | MuskingumReach | Storage]) -> dict[str, np.ndarray]:
    kind: list[int] = []
    rows: list[tuple[float, float, float, float]] = []
    counts: list[int] = []
    storage: list[int] = []
    for e in elements:
        if isinstance(e, Storage):
            kind.append(STORAGE)
            rows.append((0.0, 0.0, 0.0, 0.0))
            counts.append(0)
            storage.append(len([s for s in storage if s >= 0]))
        else:
            code, row = e.row()
            kind.append(code)
            rows.append(row)
            counts.append(int(e.segments))
            storage.append(-1)
    return {
        "kind": np.array(kind, np.int64),
        "segment": np.array(rows, np.float64).reshape(-1, 4),
        "first_segment": np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
        "storage": np.array(storage, np.int64),
    }


def _storage_arrays(
    storages: Sequence[Storage],
    index: dict[str, int],
    others: Sequence[tuple[Sequence[float], Sequence[float], Sequence[float]]],
) -> dict[str, np.ndarray]:
    tables = [_table(s.volume, s.gate, s.spill, f"storage {s.name!r}") for s in storages]
    tables += [_table(*t, f"other table {k + 1}") for k, t in enumerate(others)]
    volume, gate, spill = (_padded([t[k] for t in tables]) for k in range(3))
    control = [_named(index, s.control, f"storage {s.name!r}, control") for s in storages]
    return {
        "volume": volume,
        "gate": gate,
        "spill": spill,
        "control": np.array(control, np.int64),
        "safe_flow": np.array([s.safe_flow for s in storages], np.float64),
        "hold_volume": np.array([s.hold_volume for s in storages], np.float64),
        "initial": np.array([np.nan if s.initial is None else s.initial for s in storages], np.float64),
    }


def _table(volume: ArrayLike, gate: ArrayLike, spill: ArrayLike, name: str) -> tuple[np.ndarray, ...]:
    v = rising(volume, f"{name}, volume")
    g, s = (rising(a, f"{name}, {w}", strictly=False) for a, w in ((gate, "gate"), (spill, "spill")))
    if not len(v) == len(g) == len(s) or v[0] != 0 or g[0] != 0 or s[0] != 0:
        raise FloodError(f"{name}: found columns of {len(v)}, {len(g)}, {len(s)}; expected equal lengths, each from 0")
    return v, g, s


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows made equally long by going on along the last line: nothing read from them changes."""
    width = max((len(r) for r in rows), default=2)
    out = np.zeros((len(rows), width))
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
        out[k, len(row) :] = row[-1] + (row[-1] - row[-2]) * np.arange(1, width - len(row) + 1)
    return out


def _zone_arrays(zones: Sequence[Zone], index: dict[str, int]) -> dict[str, np.ndarray]:
    columns: list[tuple[np.ndarray, ...]] = []
    for z in zones:
        name = f"zone {z.name!r}"
        flow, level = rising(z.flow, f"{name}, rating flow"), rising(z.level, f"{name}, rating level", strictly=False)
        ground, volume = rising(z.ground_level, f"{name}, ground level"), rising(z.ground_volume, f"{name}, volume")
        if len(flow) != len(level) or len(ground) != len(volume) or volume[0] != 0:
            raise FloodError(
                f"{name}: found columns of unequal length or a first volume above 0; expected pairs, from 0"
            )
        if not (z.length >= 0 and z.breach_width >= 0):
            raise FloodError(f"{name}: found a negative length of levee or breach; expected 0 or more")
        columns.append((flow, level, ground, volume))
    at = np.array([index[z.element] for z in zones], np.int64)
    flow, level, ground, volume = (_padded([c[k] for c in columns]) for k in range(4))
    return {
        "first_zone": np.searchsorted(at, np.arange(len(index) + 1)),
        "rating_flow": flow,
        "rating_level": level,
        "zone_level": ground,
        "zone_volume": volume,
        "levee": np.array([(z.length, z.breach_width, z.breach_sill) for z in zones], np.float64).reshape(-1, 3),
    }
