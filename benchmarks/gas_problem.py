"""Least-cost extension or operation of a gas network as arrays: limits, laws, devices and candidates.

Squared pressures are in units of the largest allowed one and flows in units of the largest possible flow, so that
numbers are near 1.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from network_models.hydraulics.gas_matgas import Matgas, Row, gas_of, read_matgas
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.water_check import NetworkError
from optimizer.errors import InputError

EVERYTHING = (0.0, math.inf)
SAME = (1.0, 1.0)
COMPRESSION_CONSTANT = 286.76
"""J/(kg K) over the specific gravity: the constant of GasModels' work of compression."""


@dataclass(frozen=True)
class Pipe:
    """``weymouth (u_tail - u_head) = flow |flow|`` where it is built.

    Parameters
    ----------
    candidate
        Position among the candidates, -1 for what stands.
    """

    name: str
    tail: int
    head: int
    weymouth: float
    low: float
    high: float
    candidate: int = -1


@dataclass(frozen=True)
class Device:
    """A link that ties squared pressures by a ratio: ``forward[0] u_tail <= u_head <= forward[1] u_tail``.

    Parameters
    ----------
    backward
        The same from head to tail when the flow is reversed; None where it cannot be.
    candidate
        Position among the candidates, -1 for what stands.
    switch
        Whether it may be shut.
    power
        Largest ``flow ((u_head / u_tail) ** exponent - 1)``, infinite where there is no limit.
    gain
        ``gain (u_head - u_tail) >= flow**2`` is asked of it, infinite where nothing is.
    """

    name: str
    tail: int
    head: int
    low: float
    high: float
    forward: tuple[float, float]
    backward: tuple[float, float] | None
    candidate: int = -1
    switch: bool = False
    power: float = math.inf
    exponent: float = 0.0
    gain: float = math.inf

    @property
    def plain(self) -> bool:
        """Whether it ties equal pressures in both directions."""
        return self.forward == SAME and self.backward == SAME


@dataclass(frozen=True)
class GasProblem:
    """Everything in scaled units; ``pressure_unit`` in Pa and ``flow_unit`` in kg/s lead back.

    Parameters
    ----------
    low, high
        (n_nodes,) limits of squared pressures.
    supply_low, supply_high, supply_cost
        (n_nodes,) net inflow and its cost a unit.
    cost
        (n_candidates,).
    lengths
        What the laws of the pipes were made of, for the simulation: (n_pipes, 3) length, diameter, friction factor.
    """

    name: str
    node_names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    supply_low: np.ndarray
    supply_high: np.ndarray
    supply_cost: np.ndarray
    pipes: tuple[Pipe, ...]
    devices: tuple[Device, ...]
    cost: np.ndarray
    lengths: np.ndarray
    gas: GasProperties
    pressure_unit: float
    flow_unit: float

    @property
    def size(self) -> str:
        """For the table of results."""
        return f"{len(self.low)} nodes, {len(self.pipes) + len(self.devices)} links, {len(self.cost)} candidates"


def expansion_of(path: Path) -> GasProblem:
    """The network-expansion problem (``ne``) of a matgas file, as GasModels.jl poses it.

    Raises
    ------
    InputError
        A file that cannot be read, or has resistors or steep pipes.
    """
    try:
        return _expansion(read_matgas(path))
    except NetworkError as error:
        raise InputError(str(error)) from None


def _expansion(file: Matgas) -> GasProblem:
    if file.rows("resistor"):
        raise InputError(
            f"{file.path}: found resistors; expected none in an expansion problem (their law is in p, not p2)"
        )
    nodes = file.rows("junction")
    if any(row.get("elevation", 0.0) for row in nodes):
        raise InputError(f"{file.path}: found elevations; expected a level network in an expansion problem")
    place = {row["id"]: k for k, row in enumerate(nodes)}
    top, most = max(row["p_max"] for row in nodes), _largest_flow(file)
    fixed = [row["p_nominal"] if row["junction_type"] == 1 else None for row in nodes]
    low = np.array([(p if p is not None else row["p_min"]) / top for p, row in zip(fixed, nodes, strict=True)]) ** 2
    high = np.array([(p if p is not None else row["p_max"]) / top for p, row in zip(fixed, nodes, strict=True)]) ** 2
    rows = [(row, -1) for row in file.rows("pipe")] + [(row, k) for k, row in enumerate(file.rows("ne_pipe"))]
    n_pipes = len(file.rows("ne_pipe"))
    supply = _supplies(file, place, most)
    return GasProblem(
        file.path.stem,
        tuple(f"{row['id']:.0f}" for row in nodes),
        low,
        high,
        *supply,
        np.zeros(len(nodes)),
        tuple(_pipe(file, row, k, place, low, high, top, most) for row, k in rows),
        tuple(_devices(file, place, most, n_pipes)),
        np.array([row["construction_cost"] for name in ("ne_pipe", "ne_compressor") for row in file.rows(name)]),
        np.array([[row["length"], row["diameter"], row["friction_factor"]] for row, _ in rows]).reshape(-1, 3),
        gas_of(file),
        top,
        most,
    )


def _largest_flow(file: Matgas) -> float:
    """Sum of what can be fed in, kg/s: no link carries more."""
    fed = sum(max(row["injection_max"], row["injection_nominal"], 0.0) for row in file.rows("receipt"))
    fed += sum(max(-row["withdrawal_min"], 0.0) for row in file.rows("transfer"))
    if fed <= 0:
        raise InputError(f"{file.path}: found no injection; expected a receipt that can give something")
    return fed


def _supplies(file: Matgas, place: dict[float, int], unit: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.zeros(len(place)), np.zeros(len(place))
    for name, what, sign in (
        ("receipt", "injection", 1.0),
        ("delivery", "withdrawal", -1.0),
        ("transfer", "withdrawal", -1.0),
    ):
        for row in file.rows(name):
            free = row["is_dispatchable"] == 1
            ends = [row[f"{what}_min"], row[f"{what}_max"]] if free else [row[f"{what}_nominal"]] * 2
            values = sorted(sign * value / unit for value in ends)
            low[place[row["junction_id"]]] += values[0]
            high[place[row["junction_id"]]] += values[1]
    return low, high


def _limits(row: Row, unit: float) -> tuple[float, float]:
    """Limits of the flow in a link from its columns, those of direction included; nothing carries more than is fed in."""
    low, high = max(row.get("flow_min", -unit), -unit) / unit, min(row.get("flow_max", unit), unit) / unit
    direction = row.get("flow_direction", 0.0)
    if direction == 1 or row.get("is_bidirectional", 1.0) == 0 or row.get("directionality", 0.0) == 1:
        low = max(low, 0.0)
    if direction == -1:
        high = min(high, 0.0)
    return low, high


def _pipe(
    file: Matgas,
    row: Row,
    candidate: int,
    place: dict[float, int],
    lowest: np.ndarray,
    highest: np.ndarray,
    top: float,
    most: float,
) -> Pipe:
    tail, head = place[row["fr_junction"]], place[row["to_junction"]]
    area = math.pi / 4.0 * row["diameter"] ** 2
    resistance = row["friction_factor"] * row["length"] * file.sound_speed**2 / (row["diameter"] * area**2)
    if not resistance > 0:
        raise InputError(f"{file.path}, pipe {row['id']:.0f}: expected a length, diameter and friction factor above 0")
    weymouth = top**2 / (resistance * most**2)
    low, high = _limits(row, most)
    if candidate >= 0:
        low, high = min(low, 0.0), max(high, 0.0)
    low = max(low, -math.sqrt(weymouth * max(highest[head] - lowest[tail], 0.0)))
    high = min(high, math.sqrt(weymouth * max(highest[tail] - lowest[head], 0.0)))
    name = f"{'ne_pipe' if candidate >= 0 else 'pipe'} {row['id']:.0f}"
    return Pipe(name, tail, head, weymouth, low, high, candidate)


def _devices(file: Matgas, place: dict[float, int], most: float, n_pipes: int) -> list[Device]:
    found = []
    for name in ("short_pipe", "valve", "regulator", "compressor", "ne_compressor"):
        for k, row in enumerate(file.rows(name)):
            low, high = _limits(row, most)
            candidate = n_pipes + k if name == "ne_compressor" else -1
            if candidate >= 0:
                low, high = min(low, 0.0), max(high, 0.0)
            forward, backward = _ratios(name, row)
            ends = (place[row["fr_junction"]], place[row["to_junction"]])
            power, exponent = _power(file, row, most) if "compressor" in name else (math.inf, 0.0)
            switch = name in ("valve", "regulator")
            found.append(
                Device(
                    f"{name} {row['id']:.0f}", *ends, low, high, forward, backward, candidate, switch, power, exponent
                )
            )
    return found


def _ratios(name: str, row: Row) -> tuple[tuple[float, float], tuple[float, float] | None]:
    if name in ("short_pipe", "valve"):
        return SAME, SAME
    if name == "regulator":
        return (row["reduction_factor_min"] ** 2, row["reduction_factor_max"] ** 2), SAME
    ratios = (row["c_ratio_min"] ** 2, row["c_ratio_max"] ** 2)
    return ratios, {0: ratios, 1: None}.get(int(row.get("directionality", 0)), SAME)


def _power(file: Matgas, row: Row, most: float) -> tuple[float, float]:
    """Limit of ``flow (ratio - 1)`` and its exponent; infinite where it can never bind."""
    gamma = file.numbers["specific_heat_capacity_ratio"]
    work = (
        COMPRESSION_CONSTANT
        / file.numbers["gas_specific_gravity"]
        * file.numbers["temperature"]
        * gamma
        / (gamma - 1.0)
    )
    exponent, limit = (gamma - 1.0) / gamma / 2.0, row["power_max"] / work / most
    return (limit if row["c_ratio_max"] ** (2.0 * exponent) - 1.0 > limit else math.inf), exponent


def operation_of(path: Path) -> GasProblem:
    """Cheapest supply of the Belgian network (de Wolf & Smeers 2000) from its JSON file.

    Raises
    ------
    InputError
        A file that lacks something.
    """
    try:
        return _operation(path, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: found {error!r}; expected nodes and arcs as in belgian.json") from None


def _operation(path: Path, data: dict) -> GasProblem:
    nodes, arcs = data["nodes"], data["arcs"]
    place = {node["id"]: k for k, node in enumerate(nodes)}
    top, most = max(node["p_max"] for node in nodes), sum(max(node["supply_max"], 0.0) for node in nodes)
    low = np.array([node["p_min"] / top for node in nodes]) ** 2
    high = np.array([node["p_max"] / top for node in nodes]) ** 2
    pipes, devices, gas = [], [], GasProperties(compressibility="constant")
    for arc in arcs:
        tail, head = place[arc["from_node"]], place[arc["to_node"]]
        weymouth, name = arc["C2"] * top**2 / most**2, f"arc {arc['id']}"
        if arc["active"]:
            devices.append(Device(name, tail, head, 0.0, 1.0, EVERYTHING, None, gain=weymouth))
            continue
        most_back, most_on = (math.sqrt(weymouth * max(high[a] - low[b], 0.0)) for a, b in ((head, tail), (tail, head)))
        pipes.append(Pipe(name, tail, head, weymouth, max(-1.0, -most_back), min(1.0, most_on)))
    supplies = [(node["supply_min"], node["supply_max"]) for node in nodes]
    return GasProblem(
        path.stem,
        tuple(place),
        low,
        high,
        np.array([-1.0 if low is None else low / most for low, _ in supplies]),
        np.array([high / most for _, high in supplies]),
        np.array([node["cost"] for node in nodes]) * most,
        tuple(pipes),
        tuple(devices),
        np.zeros(0),
        _equal_pipes(pipes, gas, top * 1e5, most),
        gas,
        top * 1e5,
        most,
    )


def _equal_pipes(pipes: list[Pipe], gas: GasProperties, top: float, most: float) -> np.ndarray:
    """Length, diameter and friction factor of pipes of 1 m each that obey the same laws, (n_pipes, 3)."""
    resistance = np.array([top**2 / (pipe.weymouth * most**2) for pipe in pipes])
    factor = resistance * math.pi**2 / (16.0 * gas.gas_constant * gas.temperature)
    return np.stack([np.ones(len(pipes)), np.ones(len(pipes)), factor], axis=1)
