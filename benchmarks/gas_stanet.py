"""STANET reference networks as pandapipes ships them, in a folder of CSV tables each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_properties import GasProperties
from optimizer.errors import Finding, InputError

BAR = 1e5
REFERENCE_TEMPERATURE = 293.15
"""K at which the tables of fluid values were made; the slope of a compressibility follows from the value there."""


@dataclass(frozen=True)
class Stanet:
    """A network with the pressures that STANET found.

    Parameters
    ----------
    air
        (n_nodes,) Pa, the ambient pressure that gauge pressures count from.
    reference
        (n_nodes,) Pa gauge, NaN where STANET has none.
    pandapipes
        (n_nodes,) Pa gauge as pandapipes found them.
    deviation
        Largest relative difference between STANET and pandapipes.
    """

    network: GasNetwork
    air: np.ndarray
    reference: np.ndarray
    pandapipes: np.ndarray
    deviation: float


def ambient(height: np.ndarray) -> np.ndarray:
    """Pressure of the air in Pa at a height in m, by the barometric formula that pandapipes uses."""
    return np.asarray(1.01325 * BAR * (1.0 - height * 0.0065 / 288.15) ** 5.255)


def read_stanet(folder: Path) -> Stanet:
    """Read ``junction``, ``pipe``, ``valve``, ``pump``, ``sink``, ``source`` and ``ext_grid`` tables and ``info.json``.

    Raises
    ------
    InputError
        A table or column that is missing or cannot be read.
    """
    try:
        return _read(folder)
    except (KeyError, ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InputError(f"{folder}: found {error!r}; expected the tables and info.json of a STANET network") from None


def _read(folder: Path) -> Stanet:
    info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    junction = _table(folder, "junction", ("height_m", "tfluid_k"))
    place = {int(index): k for k, index in enumerate(junction["index"])}
    air = ambient(junction["height_m"].to_numpy(float))
    links = _links(folder, place)
    columns: dict[str, Any] = {name: [link[name] for link in links] for name in links[0]}
    temperature = float(junction["tfluid_k"].mean())
    network = GasNetwork.from_arrays(
        _demand(folder, place),
        _sources(folder, place, air),
        **columns,
        height=junction["height_m"].to_numpy(float),
        node_names=tuple(junction["name"].astype(str)),
        gas=_gas(info, temperature),
        friction={"nikuradse": "nikuradse_laminar", "colebrook": "colebrook"}[info["friction_model_used_below"]],
    )
    own = _table(folder, "res_junction_pandapipes", ("p_bar",))["p_bar"].to_numpy(float) * BAR
    reference = junction[info["ref_columns"][0]].to_numpy(float) * BAR
    return Stanet(network, air, reference, own, float(info["max_rel_dp"]))


def _table(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    file = folder / f"{name}.csv"
    if not file.is_file():
        return pd.DataFrame({column: [] for column in ("index", *columns)})
    table = pd.read_csv(file)
    for column in columns:
        if column not in table:
            raise InputError(
                Finding(str(file), 1, column, "no such column", "it", "Use the tables as pandapipes has them.")
            )
    works = "in_service" in table and name != "junction"
    return table[table["in_service"].astype(bool)] if works else table


def _gas(info: dict[str, float], temperature: float) -> GasProperties:
    slope = (float(info["compressibility"]) - 1.0) / REFERENCE_TEMPERATURE / BAR
    return GasProperties(
        norm_density=float(info["density"]),
        temperature=temperature,
        viscosity=float(info["viscosity"]),
        compressibility="linear",
        z_slope=slope,
    )


def _demand(folder: Path, place: dict[int, int]) -> np.ndarray:
    demand = np.zeros(len(place))
    for name, sign in (("sink", 1.0), ("source", -1.0)):
        table = _table(folder, name, ("junction", "mdot_kg_per_s", "scaling"))
        for row in table.itertuples():
            demand[place[int(row.junction)]] += sign * row.mdot_kg_per_s * row.scaling
    return demand


def _sources(folder: Path, place: dict[int, int], air: np.ndarray) -> np.ndarray:
    fixed = np.full(len(place), np.nan)
    for row in _table(folder, "ext_grid", ("junction", "p_bar")).itertuples():
        k = place[int(row.junction)]
        fixed[k] = row.p_bar * BAR + air[k]
    return fixed


def _links(folder: Path, place: dict[int, int]) -> list[dict[str, object]]:
    pipes = _table(folder, "pipe", ("from_junction", "to_junction", "length_km", "inner_diameter_mm", "k_mm"))
    valves = _table(folder, "valve", ("junction", "element", "opened"))
    in_pipe = valves["et"] == "pi" if "et" in valves else np.zeros(len(valves), bool)
    shut = set(valves[in_pipe & ~valves["opened"].astype(bool)]["element"])
    links = [_pipe(place, row, row.index in shut) for row in pipes.itertuples(index=False, name="Pipe")]
    links += [_valve(place, row) for row in valves[~in_pipe].itertuples(index=False)]
    return links + _pumps(folder, place) + _controls(folder, place)


def _pipe(place: dict[int, int], row: Any, shut: bool) -> dict[str, object]:
    return _link(
        place,
        row.from_junction,
        row.to_junction,
        str(row.name),
        GasLink.PIPE,
        length=row.length_km * 1e3,
        diameter=row.inner_diameter_mm / 1e3,
        roughness=row.k_mm / 1e3,
        loss=row.loss_coefficient,
        status=GasStatus.CLOSED if shut else GasStatus.OPEN,
    )


def _valve(place: dict[int, int], row: Any) -> dict[str, object]:
    state = GasStatus.OPEN if row.opened else GasStatus.CLOSED
    kind = GasLink.RESISTOR if row.loss_coefficient > 0 else GasLink.VALVE
    given = {"status": state, "loss": row.loss_coefficient, "diameter": row.inner_diameter_mm / 1e3}
    return _link(place, row.junction, row.element, str(row.name), kind, **given)


def _pumps(folder: Path, place: dict[int, int]) -> list[dict[str, object]]:
    types = folder / "pump_std_types.json"
    if not types.is_file():
        return []
    curves = {name: _lift(curve["reg_par"]) for name, curve in json.loads(types.read_text(encoding="utf-8")).items()}
    pumps = _table(folder, "pump", ("from_junction", "to_junction"))
    names = pumps["std_type"] if "std_type" in pumps else [next(iter(curves))] * len(pumps)
    return [
        _link(place, row.from_junction, row.to_junction, f"pump {k}", GasLink.PUMP, lift=curves[name])
        for k, (row, name) in enumerate(zip(pumps.itertuples(index=False), names, strict=True))
    ]


def _controls(folder: Path, place: dict[int, int]) -> list[dict[str, object]]:
    """Compressors by ratio, and controls that hold the pressure behind them."""
    compressors = _table(folder, "compressor", ("from_junction", "to_junction", "pressure_ratio"))
    return [
        _link(place, row.from_junction, row.to_junction, f"compressor {k}", GasLink.COMPRESSOR,
              ratio=row.pressure_ratio, status=GasStatus.AT_RATIO)
        for k, row in enumerate(compressors.itertuples(index=False))
    ]  # fmt: skip


def _lift(parameters: list[float]) -> tuple[float, float, float]:
    """Pa by m3/s from bar by m3/h, highest power first; powers that raise the lift by rounding only are dropped."""
    c2, c1, c0 = parameters
    return c0 * BAR, min(c1, 0.0) * BAR * 3600.0, min(c2, 0.0) * BAR * 3600.0**2


def _link(place: dict[int, int], tail: int, head: int, name: str, kind: GasLink, **given: object) -> dict[str, object]:
    usual = {
        "length": np.nan,
        "diameter": np.nan,
        "roughness": np.nan,
        "loss": 0.0,
        "ratio": np.nan,
        "lift": (0.0, 0.0, 0.0),
        "status": GasStatus.OPEN,
    }
    return {"tail": place[int(tail)], "head": place[int(head)], "kind": kind, "link_names": name, **usual, **given}
