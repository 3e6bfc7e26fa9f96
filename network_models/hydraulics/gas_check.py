"""What is wrong with a gas network before anything is solved: one message, naming the node or link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from network_models.hydraulics.water_check import NetworkError

if TYPE_CHECKING:
    from network_models.hydraulics.gas_network import GasNetwork

FRICTION_LAWS = ("colebrook", "hofer", "nikuradse", "nikuradse_laminar")
_PIPE, _RESISTOR, _PUMP, _COMPRESSOR, _REGULATOR = 0, 1, 2, 5, 6
_ACTIVE, _AT_RATIO = 2, 3


def check_network(network: GasNetwork) -> None:
    """Refuse a network that has no meaning whatever its demands.

    Raises
    ------
    NetworkError
        The first fault found.
    """
    _check_names(network)
    _check_nodes(network)
    _check_ends(network)
    _check_pipes(network)
    _check_devices(network)


def refuse(wrong: np.ndarray, names: tuple[str, ...], what: str, fault: str) -> None:
    """Raise a NetworkError about the first node or link that is wrong, if any is."""
    if wrong.any():
        count = int(wrong.sum())
        others = f" (and {count - 1} more)" if count > 1 else ""
        raise NetworkError(f"{what} {names[int(np.argmax(wrong))]!r}{others}: {fault}")


def _check_names(network: GasNetwork) -> None:
    sizes = (("node", network.node_names, network.n_nodes), ("link", network.link_names, network.n_links))
    for what, names, count in sizes:
        if len(names) != count:
            raise NetworkError(f"{what}_names: found {len(names)}; expected {count}")
    if network.friction not in FRICTION_LAWS:
        raise NetworkError(f"friction: found {network.friction!r}; expected one of {', '.join(FRICTION_LAWS)}")


def _check_nodes(network: GasNetwork) -> None:
    names, fixed = network.node_names, ~np.isnan(network.fixed_pressure)
    refuse(~np.isfinite(network.height), names, "node", "found no height; expected metres")
    refuse(~np.isfinite(network.demand), names, "node", "found no demand; expected kg/s")
    bad = fixed & ~((network.fixed_pressure > 0) & np.isfinite(network.fixed_pressure))
    refuse(bad, names, "node", "expected a fixed pressure above 0 Pa (absolute)")
    refuse(network.pressure_min > network.pressure_max, names, "node", "its lowest pressure is above its highest")
    if not fixed.any():
        raise NetworkError("the network has no source of fixed pressure: expected at least one")


def _check_ends(network: GasNetwork) -> None:
    names = network.link_names
    for ends, name in ((network.tail, "start"), (network.head, "end")):
        refuse((ends < 0) | (ends >= network.n_nodes), names, "link", f"its {name} is no node of the network")
    refuse(network.tail == network.head, names, "link", "starts and ends at the same node")
    refuse((network.kind < 0) | (network.kind > _REGULATOR), names, "link", "is of no known kind")
    refuse((network.status < 0) | (network.status > _AT_RATIO), names, "link", "is in no known status")


def _check_pipes(network: GasNetwork) -> None:
    names, pipe = network.link_names, network.kind == _PIPE
    long = (network.length > 0) & np.isfinite(network.length)
    refuse(pipe & ~long, names, "pipe", "expected a length above 0 (a link without length is a SHORT_PIPE)")
    wide = (network.diameter > 0) & np.isfinite(network.diameter)
    refuse(
        (pipe | ((network.kind == _RESISTOR) & (network.loss > 0))) & ~wide,
        names,
        "link",
        "expected a diameter above 0",
    )
    given = ~np.isnan(network.friction_factor)
    refuse(pipe & given & ~(network.friction_factor > 0), names, "pipe", "expected a friction factor above 0")
    rough = (network.roughness > 0) & (network.roughness < 0.5 * network.diameter)
    refuse(pipe & ~given & ~rough, names, "pipe", "expected a roughness above 0 and less than the radius")
    refuse(~(network.loss >= 0) | ~(network.pressure_loss >= 0), names, "link", "expected losses of 0 or more")


def _check_devices(network: GasNetwork) -> None:
    names, ratio, status = network.link_names, network.ratio, network.status
    compressor, regulator = network.kind == _COMPRESSOR, network.kind == _REGULATOR
    refuse(compressor & (ratio < 1), names, "compressor", "expected a ratio of 1 or more")
    refuse(regulator & ((ratio > 1) | (ratio <= 0)), names, "regulator", "expected a ratio above 0 and at most 1")
    refuse(network.set_pressure <= 0, names, "link", "expected a set pressure above 0 Pa (absolute)")
    unset = ((status == _ACTIVE) & np.isnan(network.set_pressure)) | ((status == _AT_RATIO) & np.isnan(ratio))
    refuse(unset, names, "link", "is to hold a pressure or ratio but has none set")
    refuse(
        (status >= _ACTIVE) & ~(compressor | regulator), names, "link", "only compressors and regulators hold pressures"
    )
    c0, c1, c2 = network.lift.T
    rises = (c1 > 0) | (c2 > 0) | (c0 < 0)
    refuse(
        (network.kind == _PUMP) & rises, names, "pump", "expected a gain of pressure that does not rise with the flow"
    )
