"""The numbers of every link that the compiled laws need."""

from __future__ import annotations

import numpy as np

from network_models.hydraulics.gas_laws import GRAVITY, Law
from network_models.hydraulics.gas_network import GasLink, GasNetwork

_LAWS = {
    "colebrook": Law.COLEBROOK,
    "hofer": Law.HOFER,
    "nikuradse": Law.ROUGH,
    "nikuradse_laminar": Law.ROUGH_PLUS_LAMINAR,
}


def link_laws(network: GasNetwork, links: np.ndarray) -> np.ndarray:
    """Law of friction and kind of each link, (2, n) int32."""
    given = ~np.isnan(network.friction_factor[links]) | (network.kind[links] != GasLink.PIPE)
    return np.stack([np.where(given, Law.GIVEN, _LAWS[network.friction]), network.kind[links]]).astype(np.int32)


def rough_factor(diameter: np.ndarray, roughness: np.ndarray) -> np.ndarray:
    """Lambda of hydraulically rough pipes, ``(2 log10(D / k) + 1.14) ** -2`` (Nikuradse 1933)."""
    return (2.0 * np.log10(diameter / roughness) + 1.14) ** -2.0


def link_numbers(network: GasNetwork, links: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """Lambda, rough, reynolds, slim, loss, base, rise and fixed loss (see ``gas_laws``) of each link.

    Parameters
    ----------
    links
        Positions of links that have a law of their own.
    diameter
        (n_scenarios, n_links) m.

    Returns
    -------
    (n_scenarios, n, 8).
    """
    pipe = network.kind[links] == GasLink.PIPE
    wide = diameter[:, links]
    width = np.where(np.isfinite(wide) & (wide > 0), wide, 1.0)
    rough = np.where(pipe & np.isnan(network.friction_factor[links]), network.roughness[links], 0.1 * width)
    factor = np.where(
        np.isnan(network.friction_factor[links]), rough_factor(width, rough), network.friction_factor[links]
    )
    warmth = network.gas.gas_constant * network.gas.temperature
    climb = network.height[network.head[links]] - network.height[network.tail[links]]
    columns = (
        np.where(pipe, factor, 0.0),
        rough / (3.71 * width),
        4.0 / (np.pi * width * network.gas.viscosity),
        np.where(pipe, network.length[links] / width, 0.0),
        network.loss[links],
        16.0 * warmth / (np.pi**2 * width**4),
        2.0 * GRAVITY * climb / warmth,
        np.where(pipe, 0.0, network.pressure_loss[links]),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1)
