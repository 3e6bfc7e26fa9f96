"""How well a result fits: balances and laws computed afresh, without the kernels."""

from __future__ import annotations

import numpy as np

from network_models.hydraulics.gas_laws import GRAVITY, LAMINAR, ONSET
from network_models.hydraulics.gas_links import rough_factor
from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_result import GasResult


def mass_residual(result: GasResult) -> np.ndarray:
    """kg/s that each node gains, (..., n_nodes); 0 at sources and at nodes cut off."""
    network = result.network
    gained = np.zeros(result.pressures.shape)
    np.add.at(gained.T, network.head, result.flows.T)
    np.subtract.at(gained.T, network.tail, result.flows.T)
    found = gained - result.demands
    return np.where(np.isnan(result.pressures) | ~np.isnan(network.fixed_pressure), 0.0, found)


def law_residual(result: GasResult) -> np.ndarray:
    """Pa by which each open link misses its law, (..., n_links); 0 in closed links and where a pressure is missing."""
    network = result.network
    p, q = result.pressures[..., network.tail], result.pressures[..., network.head]
    pump = network.kind == GasLink.PUMP
    passive = _passive_loss(result, p, q)
    lift = _lift(result, p)
    ratio = np.nan_to_num(result.ratios, nan=1.0)
    tied = np.where(
        result.status == GasStatus.AT_RATIO,
        p * ratio - q,
        np.where(result.status == GasStatus.ACTIVE, result.set_pressures - q, p - q),
    )
    climb = network.height[network.head] - network.height[network.tail]
    head = np.exp(GRAVITY * climb / (network.gas.factor(p) * network.gas.gas_constant * network.gas.temperature))
    law = np.where(pump, p + lift - q * head, passive / (p + q))
    missed = np.where(network.kind < GasLink.VALVE, law, tied)
    return np.where((result.status == GasStatus.CLOSED) | np.isnan(p) | np.isnan(q), 0.0, missed)


def friction_factors(network: GasNetwork, diameter: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Darcy's lambda of each pipe at a flow in kg/s; infinite without flow unless it is given."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reynolds = 4.0 * np.abs(flow) / (np.pi * diameter * network.gas.viscosity)
        laminar, relative = LAMINAR / reynolds, network.roughness / (3.71 * diameter)
        x = rough_factor(diameter, network.roughness) ** -0.5
        if network.friction == "colebrook":
            for _ in range(60):
                x = np.maximum(-2.0 * np.log10(2.51 * x / reynolds + relative), 0.5)
        elif network.friction == "hofer":
            x = -2.0 * np.log10(4.518 / reynolds * np.log10(reynolds / 7.0) + relative)
        turbulent = x**-2.0
        plus = network.friction == "nikuradse_laminar"
        found = laminar + turbulent if plus else np.fmax(laminar, np.where(reynolds > 600.0, turbulent, 0.0))
        if network.friction == "nikuradse":
            found = np.fmax(laminar, turbulent)
    return np.where(np.isnan(network.friction_factor), found, network.friction_factor)


def _passive_loss(result: GasResult, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Pa2 by which the squared pressures miss the law of pipes and resistors."""
    network, gas, m, width = result.network, result.network.gas, result.flows, result.diameters
    warmth = gas.gas_constant * gas.temperature
    z = gas.factor(2.0 / 3.0 * (p + q - p * q / (p + q)))
    s = 2.0 * GRAVITY * (network.height[network.head] - network.height[network.tail]) / (z * warmth)
    with np.errstate(divide="ignore", invalid="ignore"):
        slim = friction_factors(network, width, m) * network.length / width
        friction = np.where(m == 0, 0.0, np.where(network.kind == GasLink.PIPE, slim, 0.0) + network.loss)
        lost = np.where(friction == 0, 0.0, z * 16.0 * warmth / (np.pi**2 * width**4) * friction * m * np.abs(m))
        weight = np.where(np.abs(s) < 1e-9, 1.0, np.expm1(s) / np.where(s == 0, 1.0, s))
    fixed = np.where(network.kind == GasLink.RESISTOR, network.pressure_loss, 0.0) * m / np.hypot(m, ONSET) * (p + q)
    return p**2 - np.exp(s) * q**2 - lost * weight - fixed


def _lift(result: GasResult, p: np.ndarray) -> np.ndarray:
    network, gas = result.network, result.network.gas
    volume = result.flows / gas.density(p)
    c0, c1, c2 = network.lift.T
    return np.maximum(c0 + volume * (c1 + c2 * np.abs(volume)), 0.0)
