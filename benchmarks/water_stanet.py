"""Water networks that pandapipes carries as tables, with pressures by STANET or OpenModelica beside them."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork, WaterOptions
from network_models.hydraulics.water_solve import solve
from optimizer.errors import Finding, InputError

Row = dict[str, Any]
Table = list[dict[str, str]]
TOLERANCE, TRUSTED = 1e-3, 5e-4
FRICTION = {"nikuradse": "Nikuradse", "colebrook": "Colebrook", "swamee-jain": "Swamee-Jain"}
GRAVITY, EPANET_GRAVITY = 9.81, 32.2 * 0.3048
"""m/s2 of pandapipes, and the one in EPANET's formula; heads are metres of the latter, heights scaled to it."""
BAR = 1e5
WIDEST = 1.0
LEAN = 1e-3


def find_cases(folder: Path | None) -> list[Path]:
    """Folders of tables of water networks: in ``pandapipes``, else in the folder itself, or the folder."""
    if folder is None:
        return []
    for place in (folder / "pandapipes", folder):
        if place.is_dir():
            found = sorted(info.parent for info in [*place.glob("info.json"), *place.glob("*/info.json")])
            return [case for case in found if not json.loads((case / "info.json").read_text("utf-8"))["is_gas"]]
    return []


def stanet_row(case: Path) -> Row:
    """One row: the largest relative difference of pressure from the reference of the case."""
    info = json.loads((case / "info.json").read_text("utf-8"))
    column, own = info["ref_columns"][0], float(info["max_rel_dp"])
    row: Row = {"instance": case.name, "size": "", "value": None, "bound": None, "gap": None, "seconds": None}
    row |= {"reference": own, "against": "STANET" if column == "p_stanet" else "OpenModelica"}
    try:
        network = read_case(case, info)
        began = time.perf_counter()
        result = solve(network)
    except (InputError, NetworkError) as error:
        return {**row, "status": "failed" if own <= TRUSTED else "not compared", "message": str(error)}
    row["seconds"] = time.perf_counter() - began
    row["size"] = f"{network.n_nodes} nodes, {network.n_links} links"
    pressure = result.pressures * info["density"] * EPANET_GRAVITY / BAR
    known = np.array([_number(entry, column) for entry in _table(case, "junction")])
    ours, theirs = pressure[~np.isnan(known)], known[~np.isnan(known)]
    row["value"] = float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-9)).max())
    within = row["value"] <= TOLERANCE
    row["status"] = "equal" if within else "failed" if own <= TRUSTED else "reported"
    return row


def read_case(case: Path, info: Row) -> WaterNetwork:
    """The tables of a case as a network.

    Raises
    ------
    InputError
        A pump whose pressure the tables do not tell.
    """
    junctions = _table(case, "junction")
    place = {int(entry["index"]): i for i, entry in enumerate(junctions)}
    metres = BAR / (info["density"] * EPANET_GRAVITY)
    height = np.array([_number(entry, "height_m") * GRAVITY / EPANET_GRAVITY for entry in junctions])
    fixed = np.full(len(junctions), np.nan)
    for entry in _table(case, "ext_grid"):
        at = place[int(entry["junction"])]
        fixed[at] = height[at] + float(entry["p_bar"]) * metres
    demand = np.zeros(len(junctions))
    for name, sign in (("sink", 1.0), ("source", -1.0)):
        for entry in _table(case, name):
            amount = sign * float(entry["mdot_kg_per_s"]) * float(entry["scaling"] or 1.0) / info["density"]
            demand[place[int(entry["junction"])]] += amount
    links, curves = _links(case, place, metres, height)
    options = WaterOptions("D-W", FRICTION[info["friction_model_used_below"]], info["viscosity"] / info["density"])
    return WaterNetwork.from_arrays(height, demand, fixed, **_columns(links), curves=tuple(curves), options=options)


def _links(case: Path, place: dict[int, int], metres: float, height: np.ndarray) -> tuple[list[Row], list[np.ndarray]]:
    """Links and pump curves; a pump of these tables adds a pressure whatever the heights of its ends."""
    links: list[Row] = []
    curves: list[np.ndarray] = []
    for entry in _table(case, "pipe"):
        ends = place[int(entry["from_junction"])], place[int(entry["to_junction"])]
        sizes = (
            _number(entry, "length_km") * 1e3,
            _number(entry, "inner_diameter_mm") / 1e3,
            _number(entry, "k_mm") / 1e3,
        )
        links.append(_link(ends, LinkKind.PIPE, sizes, _number(entry, "loss_coefficient")))
    for entry in _table(case, "valve"):
        ends = place[int(entry["junction"])], place[int(entry["element"])]
        state = LinkStatus.OPEN if entry["opened"] == "True" else LinkStatus.CLOSED
        sizes = np.nan, _number(entry, "inner_diameter_mm") / 1e3, np.nan
        links.append(_link(ends, LinkKind.TCV, sizes, _number(entry, "loss_coefficient")) | {"status": state})
    for entry in _table(case, "pump"):
        lift = _number(entry, "ps_stanet") * metres
        if np.isnan(lift):
            found, wanted = "no column ps_stanet", "the pressure that the pump adds"
            remedy = "The tables do not say which curve a pump has, so this case cannot be compared."
            raise InputError(Finding(f"{case.name}/pump.csv", 0, "ps_stanet", found, wanted, remedy))
        ends = place[int(entry["from_junction"])], place[int(entry["to_junction"])]
        lift += height[ends[1]] - height[ends[0]]
        links.append(_link(ends, LinkKind.PUMP, (np.nan, np.nan, np.nan), 0.0) | {"curve": len(curves)})
        curves.append(np.array([[0.0, lift + LEAN], [WIDEST, lift - LEAN]]))
    return links, curves


def _link(ends: tuple[int, int], kind: LinkKind, sizes: tuple[float, float, float], minor: float) -> Row:
    length, diameter, roughness = sizes
    return {
        "tail": ends[0], "head": ends[1], "kind": kind, "length": length, "diameter": diameter,
        "roughness": roughness, "minor_loss": 0.0 if np.isnan(minor) else minor,
        "status": LinkStatus.OPEN, "curve": -1,
    }  # fmt: skip


def _columns(links: list[Row]) -> dict[str, Any]:
    return {name: [link[name] for link in links] for name in links[0]}


def _table(case: Path, name: str) -> Table:
    """Rows in service; none where there is no such table."""
    path = case / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as text:
        return [row for row in csv.DictReader(text) if row.get("in_service", "True") != "False"]


def _number(entry: dict[str, str], column: str) -> float:
    text = entry.get(column) or ""
    return float(text) if text else np.nan
