"""What the kernels read and write: a network laid out by its tape, and the working arrays of one or eight scenarios."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_laws import (
    CHEZY_MANNING,
    COLEBROOK_WHITE,
    CONSTANT_POWER,
    CUBIC_FOOT,
    DARCY_WEISBACH,
    FOOT,
    HAZEN_WILLIAMS,
    NIKURADSE,
    POINTS,
    POWER_LAW,
)
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork
from network_models.hydraulics.water_tape import Tape

FORMULA = {"H-W": HAZEN_WILLIAMS, "D-W": DARCY_WEISBACH, "C-M": CHEZY_MANNING}
FRICTION = {"Swamee-Jain": DARCY_WEISBACH, "Colebrook": COLEBROOK_WHITE, "Nikuradse": NIKURADSE}
LIFT_OF_A_WATT = 8.814 / 745.7 * FOOT * CUBIC_FOOT
"""Metres lifted by a watt at one m3/s."""


class Layout(NamedTuple):
    """The tape, as ``Tape`` says."""

    n_core: int
    n_plain: int
    first_device: int
    n_devices: int
    first_trimmed: int
    core: np.ndarray
    fixed: np.ndarray
    slot: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    entry: np.ndarray
    column: np.ndarray
    row: np.ndarray
    target: np.ndarray
    leaf: np.ndarray
    leaf_parent: np.ndarray
    leaf_link: np.ndarray
    leaf_sign: np.ndarray


class Devices(NamedTuple):
    """Links that may change their state, one entry each; ``n_holding`` of them are PRVs and PSVs.

    ``lift_law`` is the law of a pump, with ``shutoff``, ``factor`` and ``power``; ``begin:end`` its points or those of a
    GPV in ``points``; ``highest`` the most it lifts at speed 1. ``grade`` is the elevation that a setting of pressure
    counts from; ``meets`` the slots that meet at the node whose head the valve keeps (``meets_begin:meets_end``) with
    the sign of their inflow.
    """

    n_holding: int
    link: np.ndarray
    kind: np.ndarray
    lift_law: np.ndarray
    shutoff: np.ndarray
    factor: np.ndarray
    power: np.ndarray
    highest: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    points: np.ndarray
    grade: np.ndarray
    meets_begin: np.ndarray
    meets_end: np.ndarray
    meets: np.ndarray
    meets_sign: np.ndarray
    empty: np.ndarray
    full: np.ndarray


class Outlets(NamedTuple):
    """Outflows that depend on pressure: emitters, then demands; ``row`` of the core, ``ground`` where pressure is 0."""

    n_emitters: int
    row: np.ndarray
    node: np.ndarray
    ground: np.ndarray
    resistance: np.ndarray
    emitter_power: float
    demand_power: float
    demand_range: float
    emitter_at: np.ndarray
    demand_at: np.ndarray


class Rules(NamedTuple):
    """How iterations go; ``switch_*`` are the controls on pressures, by device and row."""

    formula: int
    check_frequency: int
    max_check: int
    damp_limit: float
    switch_row: np.ndarray
    switch_device: np.ndarray
    switch_above: np.ndarray
    switch_grade: np.ndarray
    switch_status: np.ndarray
    switch_setting: np.ndarray


class System(NamedTuple):
    """Everything about a network that scenarios do not change."""

    layout: Layout
    devices: Devices
    outlets: Outlets
    rules: Rules


class Coefficients(NamedTuple):
    """Head-loss coefficients of links, (n_links,) or (n_scenarios, n_links).

    ``resistance`` (negative: closed), ``minor``, ``viscous`` (viscosity x diameter), ``rough`` (relative roughness of a
    pipe; of a TCV the minor loss of a coefficient of 1).
    """

    resistance: np.ndarray
    minor: np.ndarray
    viscous: np.ndarray
    rough: np.ndarray


def make_system(network: WaterNetwork, tape: Tape) -> System:
    """Lay out a network for the kernels."""
    layout = Layout(
        len(tape.core),
        tape.n_plain,
        tape.first_device,
        tape.n_devices,
        tape.first_trimmed,
        *(getattr(tape, name) for name in Layout._fields[5:]),
    )
    link = np.full(tape.n_devices, -1, np.int64)
    inside = (tape.slot >= tape.first_device) & (tape.slot < tape.first_device + tape.n_devices)
    link[tape.slot[inside] - tape.first_device] = np.flatnonzero(inside)
    devices = _devices(network, tape, link)
    return System(layout, devices, _outlets(network, tape), _rules(network, tape, link))


def _devices(network: WaterNetwork, tape: Tape, link: np.ndarray) -> Devices:
    count = len(link)
    law, begin, end = (np.zeros(count, np.int64) for _ in range(3))
    shutoff, factor, power, highest = (np.zeros(count) for _ in range(4))
    points, starts = _points(network)
    for d, k in enumerate(link.tolist()):
        c = int(network.curve[k])
        if network.kind[k] in (LinkKind.PUMP, LinkKind.GPV) and not network.power[k] > 0:
            begin[d], end[d] = starts[c], starts[c + 1]
        if network.kind[k] == LinkKind.PUMP:
            law[d], shutoff[d], factor[d], power[d], highest[d] = pump_law(network, k)
    keeps = np.where(network.kind[link] == LinkKind.PSV, network.tail[link], network.head[link])
    meets_begin, meets_end, meets, sign = _meets(network, tape, link, keeps)
    return Devices(
        int(np.isin(network.kind, (LinkKind.PRV, LinkKind.PSV)).sum()),
        link,
        network.kind[link].astype(np.int64),
        law,
        shutoff,
        factor,
        power,
        highest,
        begin,
        end,
        points,
        network.elevation[keeps],
        meets_begin,
        meets_end,
        meets,
        sign,
        network.tank_low[tape.fixed],
        network.tank_high[tape.fixed],
    )


def _points(network: WaterNetwork) -> tuple[np.ndarray, list[int]]:
    starts = [0]
    for curve in network.curves:
        starts.append(starts[-1] + len(curve))
    return np.concatenate([np.zeros((0, 2)), *network.curves]), starts


def pump_law(network: WaterNetwork, k: int) -> tuple[int, float, float, float, float]:
    """Law, shut-off head, factor, power and largest lift of a pump.

    Raises
    ------
    NetworkError
        Three points through which no falling power curve goes.
    """
    if network.power[k] > 0:
        return CONSTANT_POWER, 0.0, network.power[k] * LIFT_OF_A_WATT / network.options.flow_ratio, -1.0, np.inf
    curve = network.curves[network.curve[k]]
    if len(curve) == 1:
        (q1, h1), h0 = curve[0], 1.33334 * curve[0, 1]
        q2, h2 = 2.0 * q1, 0.0
    elif len(curve) == 3 and curve[0, 0] == 0.0:
        (_, h0), (q1, h1), (q2, h2) = curve
    else:
        return POINTS, 0.0, 0.0, 1.0, float(curve[0, 1])
    fits = q2 > q1 > 0 and h0 > h1 > h2
    power = math.log((h0 - h2) / (h0 - h1)) / math.log(q2 / q1) if fits else 0.0
    if not 0.0 < power <= 20.0:
        raise NetworkError(f"pump {network.link_names[k]!r}: no falling curve goes through its points")
    exact = 1.0 if abs(power - 1.0) < 1e-6 else power
    return POWER_LAW, float(h0), float((h0 - h1) / q1**power), exact, float(h0)


def _meets(
    network: WaterNetwork, tape: Tape, link: np.ndarray, keeps: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slots of the other links at the node whose head a PRV or PSV keeps, and the sign of their inflow."""
    begin, end = np.zeros(len(link), np.int64), np.zeros(len(link), np.int64)
    slots: list[np.ndarray] = []
    signs: list[np.ndarray] = []
    total = 0
    inner = tape.slot < tape.first_trimmed
    for d, k in enumerate(link.tolist()):
        begin[d] = total
        if network.kind[k] in (LinkKind.PRV, LinkKind.PSV):
            others = ((network.tail == keeps[d]) | (network.head == keeps[d])) & inner
            others[k] = False
            found = np.flatnonzero(others)
            slots.append(tape.slot[found])
            signs.append(np.where(network.head[found] == keeps[d], 1.0, -1.0))
            total += len(found)
        end[d] = total
    return begin, end, np.concatenate([np.zeros(0, np.int64), *slots]), np.concatenate([np.zeros(0), *signs])


def _outlets(network: WaterNetwork, tape: Tape) -> Outlets:
    options, core = network.options, tape.core
    emitters = np.flatnonzero(network.emitter[core] > 0)
    driven = np.arange(len(core)) if options.pressure_driven else np.zeros(0, np.int64)
    row = np.concatenate([emitters, driven])
    power = 1.0 / options.emitter_exponent
    with np.errstate(divide="ignore"):
        resistance = np.where(network.emitter > 0, network.emitter, np.inf) ** -power
    ground = network.elevation[core[row]]
    ground[len(emitters) :] += options.minimum_pressure
    emitter_at, demand_at = np.full(len(core), -1, np.int64), np.full(len(core), -1, np.int64)
    emitter_at[emitters] = np.arange(len(emitters))
    demand_at[driven] = len(emitters) + np.arange(len(driven))
    return Outlets(
        len(emitters),
        row,
        core[row],
        ground,
        resistance[core[row]],
        power,
        1.0 / options.pressure_exponent,
        options.required_pressure - options.minimum_pressure,
        emitter_at,
        demand_at,
    )


def _rules(network: WaterNetwork, tape: Tape, link: np.ndarray) -> Rules:
    options, controls = network.options, network.controls
    place = np.full(network.n_nodes, -1, np.int64)
    place[tape.core] = np.arange(len(tape.core))
    device = np.full(network.n_links, -1, np.int64)
    device[link] = np.arange(len(link))
    return Rules(
        FRICTION[options.friction] if options.formula == "D-W" else FORMULA[options.formula],
        options.check_frequency,
        options.max_check,
        options.damp_limit,
        place[controls.node],
        device[controls.link],
        controls.above,
        controls.grade,
        controls.status,
        controls.setting,
    )


def coefficients(network: WaterNetwork, diameter: np.ndarray, closed: np.ndarray) -> Coefficients:
    """Head-loss coefficients for diameters in metres, (n_links,) or (n_scenarios, n_links); ``closed`` likewise.

    The constants are EPANET's: 4.727 for Hazen-Williams, 1.49 for Manning, 32.2 ft/s2 of gravity, 0.02517 for minor
    losses, all in feet and seconds.
    """
    ratio, pipes = network.options.flow_ratio, network.kind <= LinkKind.PIPE
    shape = np.broadcast_shapes(diameter.shape, closed.shape)
    feet = np.where(pipes | (network.kind > LinkKind.PUMP), diameter, 1.0) / FOOT
    resistance = np.where(pipes, _resistance(network, feet), 0.0)
    unit = 0.02517 / feet**4 * FOOT * (ratio / CUBIC_FOOT) ** 2
    rough = network.roughness / diameter if network.options.formula == "D-W" else np.zeros_like(diameter)
    viscous = network.options.viscosity * diameter / ratio
    return Coefficients(
        np.broadcast_to(np.where(closed & pipes, -1.0, resistance), shape),
        np.broadcast_to(unit * network.minor_loss, shape),
        np.broadcast_to(viscous, shape),
        np.broadcast_to(np.where(network.kind == LinkKind.TCV, unit, rough), shape),
    )


def _resistance(network: WaterNetwork, feet: np.ndarray) -> np.ndarray:
    options, long = network.options, network.length / FOOT
    if options.formula == "H-W":
        power = 1.852
        flat = 4.727 * long / network.roughness**power
        imperial = flat * np.exp(-4.871 * np.log(feet))
    elif options.formula == "D-W":
        power = 2.0
        imperial = long / 2.0 / 32.2 / feet / (math.pi * feet**2 / 4.0) ** 2
    else:
        power = 2.0
        imperial = (4.0 * network.roughness / (1.49 * math.pi * feet**2)) ** 2 * (feet / 4.0) ** -1.333 * long
    return imperial * FOOT * (options.flow_ratio / CUBIC_FOOT) ** power


def initial_flows(network: WaterNetwork, diameter: np.ndarray) -> np.ndarray:
    """Flows that EPANET starts from: one foot a second in pipes and valves, the middle of a pump's curve, (n_links,)."""
    ratio = network.options.flow_ratio
    flow = FOOT * math.pi / 4.0 * diameter**2 / ratio
    for k in np.flatnonzero(network.kind == LinkKind.PUMP).tolist():
        flow[k] = network.setting[k] * _middle(network, k)
    flow[network.status <= LinkStatus.CLOSED] = 1e-6 * CUBIC_FOOT
    given = ~np.isnan(network.initial_flow)
    flow[given] = network.initial_flow[given]
    return flow


def _middle(network: WaterNetwork, k: int) -> float:
    if network.power[k] > 0:
        return CUBIC_FOOT / network.options.flow_ratio
    curve = network.curves[network.curve[k]]
    if len(curve) == 1 or (len(curve) == 3 and curve[0, 0] == 0.0):
        return float(curve[len(curve) // 2, 0])
    return float(curve[0, 0] + curve[-1, 0]) / 2.0
