"""From a water network and the sizes that its pipes may have to the arrays of a design."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from network_models.design.arrays import DesignNetwork, Sizes, make_layout
from network_models.hydraulics import water_laws as law
from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork
from network_models.hydraulics.water_state import coefficients

FORMULAS = {"H-W": law.HAZEN_WILLIAMS, "D-W": law.DARCY_WEISBACH, "C-M": law.CHEZY_MANNING}
POWERS = {"H-W": 1.852, "C-M": 2.0}


@dataclass(frozen=True)
class Size:
    """A size that a pipe may have.

    Parameters
    ----------
    diameter
        Metres; 0: the pipe is not built.
    roughness
        As the formula takes it: Hazen-Williams C, Manning's n, or metres.
    cost
        Of the whole pipe.
    beside
        Roughness that this size gives the pipe already there between the same ends; NaN: as it is.
    """

    diameter: float
    roughness: float
    cost: float
    beside: float = math.nan


@dataclass(frozen=True)
class Load:
    """Demands, m3/s, and least and largest heads, m (-inf, inf: none), by junction's name."""

    demand: Mapping[str, float]
    lowest: Mapping[str, float]
    highest: Mapping[str, float]


def design_network(
    network: WaterNetwork, choices: Mapping[str, Sequence[Size]], loads: Sequence[Load], largest_speed: float = math.inf
) -> DesignNetwork:
    """Arrays of a design.

    Pumps that alone feed a part of the network from a fixed head carry what that part draws, so that their far end is
    a fixed head too. A pipe with a choice that lies beside a pipe without one is joined with it to one link where the
    formula is a power law.

    Parameters
    ----------
    choices
        Sizes by name of pipe, rising in cost; the first is the cheapest.
    largest_speed
        m/s, in every pipe.

    Raises
    ------
    NetworkError
        Something that a design cannot have: a valve that controls, a check valve, an emitter, demands driven by pressure.
    """
    from network_models.design.sources import fixed_heads

    _refuse(network)
    lifted, dropped = fixed_heads(network, loads)
    closed = (network.status <= LinkStatus.CLOSED) & ~np.isin(network.link_names, list(choices))
    links = [k for k in range(network.n_links) if k not in dropped and not closed[k]]
    tables = {k: _table(network, k, choices.get(network.link_names[k]), largest_speed) for k in links}
    if network.options.formula in POWERS:
        links = _join_parallel(network, links, tables, choices, POWERS[network.options.formula])
    rows = [*np.flatnonzero(~np.isin(np.arange(network.n_nodes), list(lifted))).tolist(), *lifted]
    names = [network.node_names[i] for i in rows]
    n = len(rows) - len(lifted)
    place = np.empty(network.n_nodes, np.int64)
    place[rows] = np.arange(len(rows))
    demand = np.array([[load.demand.get(name, 0.0) for name in names[:n]] for load in loads])
    fixed = np.array([[lifted[i][s] for i in lifted] for s in range(len(loads))])
    limits = np.array(
        [
            [[load.lowest.get(name, -math.inf) for name in names[:n]] for load in loads],
            [[load.highest.get(name, math.inf) for name in names[:n]] for load in loads],
        ]
    )
    formula = FORMULAS[network.options.formula]
    layout, order = make_layout(formula, place[network.tail[links]], place[network.head[links]], demand, fixed, limits)
    nodes = (*(names[i] for i in order), *names[n:])
    return DesignNetwork(layout, _sizes([tables[k] for k in links]), nodes, tuple(network.link_names[k] for k in links))


def _refuse(network: WaterNetwork) -> None:
    options = network.options
    if options.formula not in FORMULAS:
        raise NetworkError(f"headloss: found {options.formula!r}; expected one of {', '.join(FORMULAS)}")
    if options.pressure_driven or (network.emitter > 0).any():
        raise NetworkError("cannot design: demands that depend on pressure (emitters or PDA) are not modelled here.")
    for kind, name in zip(network.kind, network.link_names, strict=True):
        if kind not in (LinkKind.PIPE, LinkKind.PUMP, LinkKind.TCV):
            raise NetworkError(
                f"cannot design: link {name} is a {LinkKind(kind).name}; only pipes, pumps and TCVs are modelled."
            )


def _table(network: WaterNetwork, k: int, sizes: Sequence[Size] | None, speed: float) -> np.ndarray:
    """Rows of ``Sizes`` without the count, (7, n_sizes)."""
    given = sizes or [Size(float(network.diameter[k]), float(network.roughness[k]), 0.0)]
    minor = network.minor_loss[k]
    if network.kind[k] == LinkKind.TCV and not math.isnan(network.setting[k]):
        minor = network.setting[k]
    cells = []
    for size in given:
        one = _single(network, k, size, minor)
        wide = size.diameter if size.diameter > 0 else 1e-3
        parts = coefficients(one, np.array([wide]), np.array([size.diameter <= 0]))
        area = math.pi / 4.0 * wide**2
        values = [float(part[0]) for part in parts]
        cells.append([*values, size.cost, speed * area, area])
    return np.array(cells).T


def _single(network: WaterNetwork, k: int, size: Size, minor: float) -> WaterNetwork:
    """The laws of one link of a given roughness."""
    one = slice(k, k + 1)
    parts = {name: getattr(network, name)[one] for name in ("kind", "length", "setting")}
    kind = np.full(1, LinkKind.PIPE if network.kind[k] == LinkKind.PIPE else LinkKind.PBV)
    rough = np.array([size.roughness])
    return dataclasses.replace(network, **{**parts, "kind": kind}, roughness=rough, minor_loss=np.array([minor]))


def _join_parallel(
    network: WaterNetwork,
    links: list[int],
    tables: dict[int, np.ndarray],
    choices: Mapping[str, Sequence[Size]],
    power: float,
) -> list[int]:
    """Join pipes that have a choice with those beside them that have none; returns the links that are left."""
    ends = {}
    for k in links:
        if network.link_names[k] not in choices and tables[k][1, 0] == 0.0:
            ends[frozenset((int(network.tail[k]), int(network.head[k])))] = k
    gone = set()
    for k in links:
        other = ends.get(frozenset((int(network.tail[k]), int(network.head[k]))))
        sizes = choices.get(network.link_names[k])
        if sizes is None or other is None or other in gone or tables[k][1].any():
            continue
        tables[k] = _joined(network, tables[k], tables[other], sizes, (other, power))
        gone.add(other)
    return [k for k in links if k not in gone]


def _joined(
    network: WaterNetwork, own: np.ndarray, beside: np.ndarray, sizes: Sequence[Size], other: tuple[int, float]
) -> np.ndarray:
    """Two power laws side by side: ``r ** (-1 / n)`` adds up; the tighter limit of flow holds."""
    link, power = other
    rough = np.array([size.beside for size in sizes])
    there = beside[0, 0] * np.ones(own.shape[1])
    changed = ~np.isnan(rough)
    there[changed] *= (network.roughness[link] / rough[changed]) ** (
        power if network.options.formula == "H-W" else -power
    )
    shares = np.array([np.where(own[0] > 0, np.abs(own[0]) ** (-1.0 / power), 0.0), there ** (-1.0 / power)])
    total = shares.sum(axis=0)
    speeds = np.array([own[5], np.broadcast_to(beside[5, 0], total.shape)])
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.where(shares > 0, speeds * total / shares, np.inf).min(axis=0)
    joined = own.copy()
    joined[0], joined[5], joined[6] = total**-power, largest, np.where(own[0] > 0, own[6], 0.0) + beside[6, 0]
    return joined


def _sizes(tables: list[np.ndarray]) -> Sizes:
    count = np.array([table.shape[1] for table in tables], np.int64)
    full = np.zeros((7, len(tables), int(count.max())))
    for k, table in enumerate(tables):
        full[:, k] = table[:, [*range(count[k]), *[count[k] - 1] * (full.shape[2] - count[k])]]
    return Sizes._make([*(np.ascontiguousarray(part) for part in full), count])
