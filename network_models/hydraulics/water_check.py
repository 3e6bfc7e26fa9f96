"""What is wrong with a water network before anything is solved: one message, naming the node or link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from network_models.hydraulics.water_network import WaterNetwork

FORMULAS, FRICTIONS = ("H-W", "D-W", "C-M"), ("Swamee-Jain", "Colebrook", "Nikuradse")
_PIPES, _PUMP, _VALVES, _GPV = (0, 1), 2, (3, 4, 6), 8


class NetworkError(ValueError):
    """A network that cannot be read or solved; the message names the node or link and says what to do."""


def spread(value: ArrayLike, count: int, what: str, name: str) -> np.ndarray:
    """A value for each node or link, as (count,) float64.

    Raises
    ------
    NetworkError
        An array of another length.
    """
    array = np.asarray(value, np.float64)
    if array.ndim and array.shape != (count,):
        raise NetworkError(f"{name}: found {array.shape}; expected one number, or one for each of {count} {what}s")
    return np.array(np.broadcast_to(array, (count,)))


def check_network(network: WaterNetwork) -> None:
    """Refuse a network that has no solution whatever its demands.

    Raises
    ------
    NetworkError
        The first fault found.
    """
    _check_names(network)
    _check_nodes(network)
    _check_links(network)
    _check_pumps(network)
    _check_connected(network)


def _refuse(wrong: np.ndarray, names: tuple[str, ...], what: str, fault: str) -> None:
    if wrong.any():
        count = int(wrong.sum())
        others = f" (and {count - 1} more)" if count > 1 else ""
        raise NetworkError(f"{what} {names[int(np.argmax(wrong))]!r}{others}: {fault}")


def _check_names(network: WaterNetwork) -> None:
    for what, names, count in (
        ("node", network.node_names, network.n_nodes),
        ("link", network.link_names, network.n_links),
    ):
        if len(names) != count:
            raise NetworkError(f"{what}_names: found {len(names)}; expected {count}")
    options = network.options
    for name, found, known in (("formula", options.formula, FORMULAS), ("friction", options.friction, FRICTIONS)):
        if found not in known:
            raise NetworkError(f"{name}: found {found!r}; expected one of {', '.join(known)}")


def _check_nodes(network: WaterNetwork) -> None:
    names, junction = network.node_names, network.is_junction
    _refuse(~np.isfinite(network.elevation), names, "node", "found no elevation; expected metres")
    _refuse(junction & ~np.isfinite(network.demand), names, "node", "found no demand; expected m3/s")
    _refuse(np.isinf(network.fixed_head), names, "node", "found an infinite head; expected metres")
    _refuse(~(network.emitter >= 0), names, "node", "found a negative emitter coefficient; expected 0 or more")
    if junction.all():
        raise NetworkError("the network has no source: expected at least one node with a fixed head")


def _check_links(network: WaterNetwork) -> None:
    names, pipe = network.link_names, np.isin(network.kind, _PIPES)
    for ends, name in ((network.tail, "start"), (network.head, "end")):
        _refuse((ends < 0) | (ends >= network.n_nodes), names, "link", f"its {name} is no node of the network")
    _refuse(network.tail == network.head, names, "link", "starts and ends at the same node")
    _refuse((network.kind < 0) | (network.kind > _GPV), names, "link", "is of no known kind")
    for values, name in ((network.length, "length"), (network.roughness, "roughness")):
        _refuse(pipe & ~((values > 0) & np.isfinite(values)), names, "pipe", f"expected a {name} above 0")
    wide = (network.diameter > 0) & np.isfinite(network.diameter)
    _refuse((network.kind != _PUMP) & ~wide, names, "link", "expected a diameter above 0")
    _refuse(~(network.minor_loss >= 0), names, "link", "expected a minor loss of 0 or more")
    touches = ~network.is_junction[network.tail] | ~network.is_junction[network.head]
    valve = np.isin(network.kind, _VALVES)
    _refuse(valve & touches, names, "valve", "a PRV, PSV or FCV cannot join a reservoir or tank: put a pipe between")


def _check_pumps(network: WaterNetwork) -> None:
    names, pump, gpv = network.link_names, network.kind == _PUMP, network.kind == _GPV
    known = (network.curve >= 0) & (network.curve < len(network.curves))
    driven = network.power > 0
    _refuse(pump & ~known & ~driven, names, "pump", "found neither a curve nor a power; expected one of them")
    _refuse(gpv & ~known, names, "valve", "found no head-loss curve; a GPV needs one")
    for k in np.flatnonzero((pump & ~driven) | gpv):
        points = network.curves[network.curve[k]]
        rising = len(points) > 0 and bool((np.diff(points[:, 0]) > 0).all() and np.isfinite(points).all())
        falling = bool((np.diff(points[:, 1]) < 0).all()) or not pump[k]
        enough = len(points) > (0 if pump[k] else 1)
        if not (rising and falling and enough):
            expected = "rising flows" + (" and falling heads" if pump[k] else "")
            raise NetworkError(f"{'pump' if pump[k] else 'valve'} {names[k]!r}: its curve needs points of {expected}")


def _check_connected(network: WaterNetwork) -> None:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = network.n_nodes
    joined = coo_matrix((np.ones(network.n_links), (network.tail, network.head)), shape=(n, n))
    _, part = connected_components(joined, directed=False)
    supplied = np.isin(part, part[~network.is_junction])
    _refuse(~supplied, network.node_names, "node", "no chain of links joins it to a reservoir or tank")
