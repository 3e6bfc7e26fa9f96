"""Steady water networks against EPANET 2.2, run again at accuracy 1e-7 on the same file, and against STANET."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.epanet_toolkit import Epanet, EpanetState
from benchmarks.water_stanet import find_cases, stanet_row
from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_network import LinkStatus, WaterNetwork
from network_models.hydraulics.water_residuals import energy_residual, mass_residual
from network_models.hydraulics.water_solve import WaterResult, solve
from optimizer.errors import InputError

Row = dict[str, Any]
ACCURACY = 1e-7
HEAD_TOLERANCE, FLOW_RELATIVE, FLOW_ABSOLUTE = 1e-3, 1e-4, 1e-6
SMOKE = 3
WIDTH = 150
ABSURD_HEAD = 1e5
"""Metres that only a placeholder for a diameter or a demand behind closed links brings about."""


def run(*, smoke: bool, instances: Path | None, only: str = "", **_: Any) -> list[Row]:
    """Compare every network of a folder; prints a table.

    Parameters
    ----------
    smoke
        The three smallest files only.
    instances
        Folder with files ``*.inp`` and folders of pandapipes tables; sub-folders ``simulation`` and ``pandapipes``
        where they exist.
    only
        Networks whose name contains this.

    Returns
    -------
    Rows whose ``value`` is the largest difference of head in m (files of EPANET) or the largest relative difference of
    pressure (STANET).

    Raises
    ------
    InputError
        No network found.
    """
    files = [file for file in find_files(instances) if only in file.stem]
    cases = [case for case in find_cases(instances) if only in case.name]
    if smoke:
        files, cases = sorted(files, key=lambda file: file.stat().st_size)[:SMOKE], []
    if not files and not cases:
        raise InputError("no water networks found: give --instances DIR with *.inp files.")
    rows = [compare(file) for file in files] + [stanet_row(case) for case in cases]
    _print(rows)
    return rows


def find_files(folder: Path | None) -> list[Path]:
    """Files of EPANET: those in ``simulation``, else in the folder, else anywhere below it."""
    if folder is None:
        return []
    for place, pattern in ((folder / "simulation", "*"), (folder, "*"), (folder, "**/*")):
        found = sorted(file for file in place.glob(pattern) if file.suffix.lower() == ".inp")
        if found:
            return found
    return []


def compare(file: Path) -> Row:
    """One row: ours against EPANET at accuracy 1e-7."""
    row: Row = {"instance": file.stem, "size": "", "value": None, "bound": None, "gap": None, "reference": None}
    row |= {"seconds": None, "against": "EPANET 2.2 at accuracy 1e-7"}
    refusals = {}
    try:
        network = WaterNetwork.from_inp(file)
        solve(network, accuracy=ACCURACY, strict=False)
        began = time.perf_counter()
        result = solve(network, accuracy=ACCURACY, strict=False)
        row["seconds"] = time.perf_counter() - began
        row["size"] = f"{network.n_nodes} nodes, {network.n_links} links"
    except NetworkError as error:
        refusals["message"] = str(error)
    try:
        with Epanet(file, ACCURACY) as toolkit:
            state = toolkit.state()
    except InputError as error:
        refusals["reference_message"] = str(error)
    if refusals:
        return {**row, **refusals, "status": "refused by both" if len(refusals) == 2 else "failed"}
    return {**row, **_differences(network, result, state), "csv_difference": _csv_difference(file, network, result)}


def _differences(network: WaterNetwork, result: WaterResult, state: EpanetState) -> Row:
    heads = np.array([state.head[name] for name in network.node_names])
    flows = np.array([state.flow[name] for name in network.link_names])
    codes = np.array([state.code[name] for name in network.link_names])
    apart = np.abs(heads - result.heads)
    flow_apart = np.abs(flows - result.flows)
    flows_equal = bool((flow_apart <= FLOW_RELATIVE * np.abs(flows) + FLOW_ABSOLUTE).all())
    other = np.flatnonzero(_state_class(codes) != _state_class(result.status))
    far = (apart > HEAD_TOLERANCE) & ~(result.isolated & _isolated_there(network, codes, flows))
    row = {
        "value": float(apart.max()),
        "supplied_difference": float(apart[~result.isolated].max(initial=0.0)),
        "flow_difference": float(flow_apart.max()),
        "iterations": int(result.iterations),
        "converged": bool(result.converged),
        "reference_balanced": state.balanced,
        "isolated": [network.node_names[i] for i in np.flatnonzero(result.isolated)],
        "status": _verdict(heads, apart, far, flows_equal, len(other), state.balanced),
    }
    if len(other) or row["status"] == "failed":
        row |= _evidence(network, result, state, codes, other)
    return row


def _verdict(
    heads: np.ndarray, apart: np.ndarray, far: np.ndarray, flows_equal: bool, others: int, balanced: bool
) -> str:
    if others:
        return "states differ"
    if (np.abs(heads) > ABSURD_HEAD).any():
        return "no meaningful heads"
    if flows_equal and not far.any():
        return "equal" if (apart <= HEAD_TOLERANCE).all() else "equal where supplied"
    return "failed" if balanced else "reference unbalanced"


def _state_class(codes: np.ndarray) -> np.ndarray:
    """Closed, active or open: valves that cannot reach their setting are open ones."""
    open_or_active = np.where(codes == LinkStatus.ACTIVE, codes, int(LinkStatus.OPEN))
    return np.where(codes <= LinkStatus.CLOSED, int(LinkStatus.CLOSED), open_or_active)


def _isolated_there(network: WaterNetwork, codes: np.ndarray, flows: np.ndarray) -> np.ndarray:
    from network_models.hydraulics.water_zones import isolated

    return isolated(network, codes, flows)


def _evidence(
    network: WaterNetwork, result: WaterResult, state: EpanetState, codes: np.ndarray, other: np.ndarray
) -> Row:
    """Links whose states differ, and how well either answer fulfils the equations."""
    heads = np.array([state.head[name] for name in network.node_names])
    flows = np.array([state.flow[name] for name in network.link_names])
    drawn = np.array([state.demand[name] for name in network.node_names])
    drawn[~network.is_junction] = 0.0
    energy = energy_residual(network, result.diameters, heads, flows, codes, result.settings)
    return {
        "states": {
            network.link_names[
                k
            ]: f"{LinkStatus(int(result.status[k])).name} here, {LinkStatus(int(codes[k])).name} there"
            for k in other.tolist()
        },
        "residuals": {"mass": _largest(result.mass_residual), "energy": _largest(result.energy_residual)},
        "reference_residuals": {"mass": _largest(mass_residual(network, flows, drawn)), "energy": _largest(energy)},
    }


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _csv_difference(file: Path, network: WaterNetwork, result: WaterResult) -> float | None:
    """Largest difference from heads stored beside the file (EPANET at its default accuracy)."""
    stored = file.with_name(f"{file.stem}.nodes_t0.csv")
    if not stored.is_file():
        return None
    with stored.open(encoding="utf-8-sig", newline="") as text:
        heads = {row["node_id"]: float(row["head_m"]) for row in csv.DictReader(text)}
    ours = dict(zip(network.node_names, result.heads.tolist(), strict=True))
    return max((abs(ours[name] - head) for name, head in heads.items() if name in ours), default=None)


def _print(rows: list[Row]) -> None:
    table = Table(title="Water networks: largest difference of head (m), or of pressure (relative, STANET)")
    for name in ("network", "size", "difference", "where supplied", "stored csv", "flow m3/s", "status"):
        table.add_column(name, no_wrap=name != "network", overflow="fold")
    for row in rows:
        keys = ("value", "supplied_difference", "csv_difference", "flow_difference")
        table.add_row(row["instance"], row["size"], *(_figure(row.get(key)) for key in keys), row["status"])
    console = Console(width=WIDTH)
    console.print(table)
    for row in rows:
        for key in ("message", "reference_message", "states", "residuals", "reference_residuals"):
            if row.get(key):
                console.print(f"{row['instance']}: {key.replace('_', ' ')}: {row[key]}", highlight=False, markup=False)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2e}"
