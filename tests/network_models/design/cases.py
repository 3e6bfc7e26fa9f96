"""Small looped networks to design."""

from __future__ import annotations

import numpy as np

from network_models.design.arrays import DesignNetwork
from network_models.design.network import Load, Size, design_network
from network_models.hydraulics.water_network import WaterNetwork, WaterOptions

DIAMETERS = (0.1, 0.15, 0.2, 0.3)


def water(formula: str = "H-W") -> WaterNetwork:
    """Four junctions in two loops under one reservoir."""
    rough = {"H-W": 130.0, "D-W": 1e-4, "C-M": 0.011}[formula]
    return WaterNetwork.from_arrays(
        [60.0, 20.0, 22.0, 18.0, 25.0],
        [0.0, 0.01, 0.015, 0.02, 0.012],
        [60.0, np.nan, np.nan, np.nan, np.nan],
        [0, 1, 1, 2, 3, 2],
        [1, 2, 3, 4, 4, 3],
        [400.0, 500.0, 300.0, 600.0, 350.0, 700.0],
        0.2,
        rough,
        options=WaterOptions(formula=formula),
    )


def sizes(network: WaterNetwork, k: int, diameters: tuple[float, ...] = DIAMETERS) -> tuple[Size, ...]:
    return tuple(Size(d, float(network.roughness[k]), 1000.0 * d**1.5 * network.length[k]) for d in diameters)


def loads(network: WaterNetwork, pressure: float = 25.0, count: int = 1) -> list[Load]:
    """Demands of the network, and two thirds of them shifted to the last junction."""
    names = [name for name, inner in zip(network.node_names, network.is_junction, strict=True) if inner]
    lowest = {name: float(network.elevation[int(name)]) + pressure for name in names}
    base = {name: float(network.demand[int(name)]) for name in names}
    shifted = {**{name: q / 3.0 for name, q in base.items()}, names[-1]: 0.03}
    return [Load(demand, lowest, {}) for demand in (base, shifted)[:count]]


def design(formula: str = "H-W", pressure: float = 25.0, count: int = 1, speed: float = np.inf) -> DesignNetwork:
    network = water(formula)
    choices = {name: sizes(network, k) for k, name in enumerate(network.link_names)}
    return design_network(network, choices, loads(network, pressure, count), speed)
