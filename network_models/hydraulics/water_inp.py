"""Files in EPANET's format, through WNTR's reader, as a network at time zero.

WNTR holds numbers in SI units by exact factors; EPANET's own factors are rounded to five digits. Where that changes a
head by more than rounding, the number is brought to what EPANET computes with.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_controls import Switching, switch_at_start
from network_models.hydraulics.water_network import (
    WATER_VISCOSITY,
    LinkKind,
    LinkStatus,
    PressureControls,
    WaterNetwork,
    WaterOptions,
)

CUBIC_FOOT = 0.3048**3
PER_CFS = {
    "CFS": 1.0, "GPM": 448.831, "MGD": 0.64632, "IMGD": 0.5382, "AFD": 1.9837,
    "LPS": 28.317, "LPM": 1699.0, "MLD": 2.4466, "CMH": 101.94, "CMD": 2446.6,
}  # fmt: skip
METRIC = ("LPS", "LPM", "MLD", "CMH", "CMD")
KPA_PER_METRE = 6.895 * 0.4333 / 0.3048
WATTS_PER_HORSEPOWER, EPANET_WATTS = 745.699872, 745.7
FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What WNTR raises besides errors of its own on files that are not as it expects."""
ENCODINGS = ("utf-8-sig", "gb18030", "latin-1")


def read_inp(path: Path) -> WaterNetwork:
    """Read a file.

    Parameters
    ----------
    path
        A file in EPANET's format, in UTF-8, GBK or Latin-1.

    Raises
    ------
    NetworkError
        No such file, a file that WNTR cannot read, WNTR not installed, or a network that has no solution.
    """
    model = _model(path)
    try:
        return _network(model)
    except NetworkError as error:
        raise NetworkError(f"{path.name}: {error}") from None


def _model(path: Path) -> Any:
    try:
        wntr = importlib.import_module("wntr")
    except ImportError as error:
        raise NetworkError(f"{path.name}: reading it needs the package wntr ({error}). Install it first.") from None
    try:
        text = decoded(path)
    except OSError as error:
        raise NetworkError(f"{path.name}: cannot be opened ({error.strerror}).") from None
    if "[JUNCTIONS]" not in text.upper():
        raise NetworkError(f"{path.name}: found no section [JUNCTIONS]; expected a network in EPANET's format.")
    return _parsed(wntr, path, text)


def decoded(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes every file")


def _parsed(wntr: Any, path: Path, text: str) -> Any:
    import tempfile

    logging.getLogger("wntr").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy = Path(folder) / "network.inp"
        copy.write_text(text, encoding="utf-8")
        try:
            return wntr.network.WaterNetworkModel(str(copy))
        except (wntr.epanet.exceptions.EpanetException, *FAULTS) as error:
            first = error.__cause__ or error
            reason = " ".join(str(first).replace(str(copy), path.name).split())
            found = f"cannot be read as a network ({type(first).__name__}: {reason})."
            raise NetworkError(f"{path.name}: {found}") from error


def _network(model: Any) -> WaterNetwork:
    names = [*model.junction_name_list, *model.reservoir_name_list, *model.tank_name_list]
    nodes = [model.get_node(name) for name in names]
    position = {name: i for i, name in enumerate(names)}
    links = [model.get_link(name) for name in model.link_name_list]
    if not links:
        raise NetworkError("found no links")
    options = _options(model)
    curves, curve = _curves(model, links)
    state = _state(model, links, position)
    return WaterNetwork.from_arrays(
        **_node_arrays(model, nodes),
        tail=[position[link.start_node_name] for link in links],
        head=[position[link.end_node_name] for link in links],
        length=[getattr(link, "length", np.nan) for link in links],
        diameter=[getattr(link, "diameter", np.nan) for link in links],
        roughness=[getattr(link, "roughness", np.nan) for link in links],
        minor_loss=[getattr(link, "minor_loss", 0.0) or 0.0 for link in links],
        kind=[_kind(link) for link in links],
        status=state.status,
        setting=state.setting,
        initial_flow=state.initial_flow,
        controls=state.controls(),
        curve=curve,
        power=[_power(model, link) for link in links],
        curves=tuple(curves),
        node_names=tuple(names),
        link_names=tuple(model.link_name_list),
        options=options,
    )


def _multiplier(model: Any, pattern: Any) -> float:
    """Multiplier of a pattern at time zero; 1 without one."""
    if pattern is None or len(pattern.multipliers) == 0:
        return 1.0
    step = int(model.options.time.pattern_start // model.options.time.pattern_timestep)
    return float(pattern.multipliers[step % len(pattern.multipliers)])


def _node_arrays(model: Any, nodes: list[Any]) -> dict[str, Any]:
    kind = [node.node_type for node in nodes]
    level = [node.elevation + node.init_level if k == "Tank" else np.nan for node, k in zip(nodes, kind, strict=True)]
    fixed = [
        node.base_head * _multiplier(model, node.head_timeseries.pattern) if k == "Reservoir" else height
        for node, k, height in zip(nodes, kind, level, strict=True)
    ]
    tanks = [(node, k == "Tank") for node, k in zip(nodes, kind, strict=True)]
    return {
        "elevation": [
            node.base_head if k == "Reservoir" else node.elevation for node, k in zip(nodes, kind, strict=True)
        ],
        "demand": [_demand(model, node) if k == "Junction" else 0.0 for node, k in zip(nodes, kind, strict=True)],
        "fixed_head": fixed,
        "tank_low": [node.elevation + node.min_level if tank else np.nan for node, tank in tanks],
        "tank_high": [_full(node) if tank else np.nan for node, tank in tanks],
        "emitter": [getattr(node, "emitter_coefficient", None) or 0.0 for node in nodes],
    }


def _full(tank: Any) -> float:
    overflows = str(tank.overflow).upper() in ("YES", "TRUE", "1")
    return np.inf if overflows else tank.elevation + tank.max_level


def _demand(model: Any, junction: Any) -> float:
    default = model.options.hydraulic.pattern or "1"
    fallback = model.get_pattern(default) if default in model.pattern_name_list else None
    total = sum(
        entry.base_value * _multiplier(model, entry.pattern or fallback) for entry in junction.demand_timeseries_list
    )
    return float(total * model.options.hydraulic.demand_multiplier)


def _kind(link: Any) -> LinkKind:
    if link.link_type == "Pipe":
        return LinkKind.CHECK_PIPE if link.check_valve else LinkKind.PIPE
    if link.link_type == "Pump":
        return LinkKind.PUMP
    return LinkKind[link.valve_type]


def _power(model: Any, link: Any) -> float:
    """Power as EPANET takes it: horsepower of 745.7 W."""
    if link.link_type != "Pump" or link.pump_type != "POWER":
        return np.nan
    metric = model.options.hydraulic.inpfile_units in METRIC
    return link.power * (1.0 if metric else EPANET_WATTS / WATTS_PER_HORSEPOWER)


def _curves(model: Any, links: list[Any]) -> tuple[list[np.ndarray], list[int]]:
    """Curves of pumps and general purpose valves, and the position of each link's."""
    order: dict[str, int] = {}
    position = []
    for link in links:
        name = getattr(link, "pump_curve_name", None) if link.link_type == "Pump" else None
        if link.link_type == "Valve" and link.valve_type == "GPV":
            name = link.headloss_curve_name
        position.append(-1 if name is None else order.setdefault(name, len(order)))
    return [np.array(model.get_curve(name).points, np.float64).reshape(-1, 2) for name in order], position


def _options(model: Any) -> WaterOptions:
    given = model.options.hydraulic
    pressure = pressure_factor(model)
    viscosity = given.viscosity * (WATER_VISCOSITY if given.viscosity > 1e-3 else _area_unit(given.inpfile_units))
    low, high = given.minimum_pressure * pressure, given.required_pressure * pressure
    units = str(given.inpfile_units).upper()
    return WaterOptions(
        formula=given.headloss,
        viscosity=viscosity,
        pressure_driven=str(given.demand_model).upper() in ("PDA", "PDD"),
        minimum_pressure=low,
        required_pressure=max(high, low + 0.1 * 0.3048) if high <= low else high,
        pressure_exponent=given.pressure_exponent,
        emitter_exponent=given.emitter_exponent,
        check_frequency=int(given.checkfreq),
        max_check=int(given.maxcheck),
        damp_limit=given.damplimit,
        flow_ratio=flow_ratio(units),
    )


def _area_unit(units: str) -> float:
    return 1.0 if units.upper() in METRIC else 0.3048**2


def flow_ratio(units: str) -> float:
    """Flow that EPANET computes with for each m3/s of a file in these units.

    Raises
    ------
    NetworkError
        Units that EPANET 2.2 does not know.
    """
    if units not in PER_CFS:
        raise NetworkError(f"units: found {units!r}; expected one of {', '.join(PER_CFS)}")
    to_si = importlib.import_module("wntr").epanet.util
    cubic_metres = to_si.to_si(to_si.FlowUnits[units], 1.0, to_si.HydParam.Flow)
    return float(CUBIC_FOOT / PER_CFS[units] / cubic_metres)


def pressure_factor(model: Any) -> float:
    """Metres of head for one of WNTR's metres of pressure in this file."""
    given = model.options.hydraulic
    metric = str(given.inpfile_units).upper() in METRIC
    kpa = metric and str(given.inpfile_pressure_units).upper() == "KPA"
    return (1.0 / KPA_PER_METRE if kpa else 1.0) / float(given.specific_gravity)


def _state(model: Any, links: list[Any], position: dict[str, int]) -> Switching:
    """States and settings as the file begins, then as the controls of time zero leave them."""
    factor = pressure_factor(model)
    status, setting = [], []
    for link in links:
        kind = _kind(link)
        begin, value = int(LinkStatus.OPEN), np.nan
        if kind == LinkKind.PUMP:
            value = 0.0 if _name(link.initial_status) == "CLOSED" else _speed(model, link)
            begin = LinkStatus.CLOSED if value == 0.0 else LinkStatus.OPEN
        elif kind <= LinkKind.PIPE:
            begin = LinkStatus.CLOSED if _name(link.initial_status) == "CLOSED" and kind == LinkKind.PIPE else begin
        else:
            begin, value = _valve_state(link, kind, factor)
        status.append(begin)
        setting.append(value)
    switching = Switching(np.array(status), np.array(setting, np.float64), np.full(len(links), np.nan), factor)
    switch_at_start(model, links, [_kind(link) for link in links], position, switching)
    return switching


def _name(status: Any) -> str:
    return str(getattr(status, "name", status)).upper()


def _speed(model: Any, pump: Any) -> float:
    pattern = pump.speed_timeseries.pattern
    if pattern is not None:
        return _multiplier(model, pattern)
    return float(pump.initial_setting if pump.initial_setting is not None else pump.base_speed)


def _valve_state(valve: Any, kind: LinkKind, factor: float) -> tuple[int, float]:
    fixed = {"OPEN": LinkStatus.OPEN, "OPENED": LinkStatus.OPEN, "CLOSED": LinkStatus.CLOSED}.get(
        _name(valve.initial_status)
    )
    if fixed is not None:
        return fixed, np.nan
    if kind == LinkKind.GPV:
        return LinkStatus.OPEN, np.nan
    scale = factor if kind in (LinkKind.PRV, LinkKind.PSV, LinkKind.PBV) else 1.0
    return LinkStatus.ACTIVE, float(valve.initial_setting) * scale


__all__ = ["PressureControls", "flow_ratio", "pressure_factor", "read_inp"]
