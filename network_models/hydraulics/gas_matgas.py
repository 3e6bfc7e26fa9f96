"""Files in the matgas format (.m) of GasModels.jl: its tables, and a network of one in SI units.

The columns of each table are fixed by position (GasModels.jl, src/io/matgas.jl); a table ``X_data`` adds columns named
by the comment ``%column_names%`` above it.
"""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_properties import NORM_PRESSURE, NORM_TEMPERATURE, GasProperties
from network_models.hydraulics.water_check import NetworkError

Row = dict[str, float]
_ENDS = ("id", "fr_junction", "to_junction")
_PIPE = (*_ENDS, "diameter", "length", "friction_factor", "p_min", "p_max", "status")
_PUMP = (
    *_ENDS,
    "c_ratio_min",
    "c_ratio_max",
    "power_max",
    "flow_min",
    "flow_max",
    "inlet_p_min",
    "inlet_p_max",
    "outlet_p_min",
    "outlet_p_max",
    "status",
)
_DRAWN = ("id", "junction_id", "withdrawal_min", "withdrawal_max", "withdrawal_nominal", "is_dispatchable", "status")
COLUMNS = {
    "junction": ("id", "p_min", "p_max", "p_nominal", "junction_type", "status"),
    "pipe": _PIPE,
    "ne_pipe": (*_PIPE, "construction_cost"),
    "compressor": _PUMP,
    "ne_compressor": (*_PUMP, "construction_cost"),
    "short_pipe": (*_ENDS, "status"),
    "resistor": (*_ENDS, "drag", "diameter", "status"),
    "regulator": (*_ENDS, "reduction_factor_min", "reduction_factor_max", "flow_min", "flow_max", "status"),
    "valve": (*_ENDS, "status"),
    "receipt": (
        "id",
        "junction_id",
        "injection_min",
        "injection_max",
        "injection_nominal",
        "is_dispatchable",
        "status",
    ),
    "delivery": _DRAWN,
    "transfer": _DRAWN,
}
"""Columns that a table must have."""
OPTIONAL = {
    "pipe": ("is_bidirectional",),
    "ne_pipe": ("is_bidirectional",),
    "compressor": ("operating_cost", "directionality"),
    "ne_compressor": ("operating_cost", "directionality"),
    "short_pipe": ("is_bidirectional",),
    "resistor": ("is_bidirectional",),
    "regulator": ("directionality",),
}
"""Columns that may follow them; later ones are names and figures that nothing here needs."""
REQUIRED = ("gas_specific_gravity", "temperature", "compressibility_factor", "units")
AIR = 28.96e-3
"""Molar mass of air in kg/mol, as GasModels has it."""


@dataclass(frozen=True)
class Matgas:
    """What a file says, tables by name; rows of status 0 are left out.

    Parameters
    ----------
    numbers
        Single values.
    tables
        Rows by column.
    """

    path: Path
    numbers: dict[str, float]
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, name: str) -> list[Row]:
        return self.tables.get(name, [])

    @property
    def sound_speed(self) -> float:
        """m/s: as the file has it, or ``sqrt(z R T / M)``."""
        if "sound_speed" in self.numbers:
            return self.numbers["sound_speed"]
        n = self.numbers
        molar = n.get("gas_molar_mass", AIR * n["gas_specific_gravity"])
        return math.sqrt(n["compressibility_factor"] * n.get("R", 8.314) * n["temperature"] / molar)


def read_matgas(path: Path | str) -> Matgas:
    """Read a file in SI units.

    Raises
    ------
    NetworkError
        A file that is no matgas file, is not in SI units, or has a row that is too short or no number: named by line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NetworkError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise NetworkError(f"{path}: found bytes that are no text; expected a matgas file in UTF-8") from None
    single, raw = _split(path, text)
    units = single.get("units", "")
    if missing := [name for name in REQUIRED if name not in single]:
        raise NetworkError(f"{path}: found no mgc.{missing[0]}; expected it in a matgas file")
    if units != "si" or single.get("is_per_unit", "0") not in ("0", "false"):
        raise NetworkError(
            f"{path}: found units = {units!r}, is_per_unit = {single.get('is_per_unit', '0')}; "
            "expected 'si' and 0: convert the file (GasModels.jl: make_si_units!)"
        )
    numbers = {name: float(value) for name, value in single.items() if _is_number(value)}
    tables = {name: _table(path, name, lines) for name, (lines, _) in raw.items() if name in COLUMNS}
    for name, (lines, columns) in raw.items():
        if name.endswith("_data") and name[:-5] in tables:
            _extend(path, name, tables[name[:-5]], lines, columns)
    if not tables.get("junction"):
        raise NetworkError(f"{path}: found no table mgc.junction; expected a matgas file")
    found = Matgas(path, numbers, {name: [r for r in rows if r.get("status", 1)] for name, rows in tables.items()})
    _check_ends(found)
    return found


Lines = list[tuple[int, list[str]]]


def _split(path: Path, text: str) -> tuple[dict[str, str], dict[str, tuple[Lines, list[str]]]]:
    """Single values, and the lines of each table with the column names above it."""
    single: dict[str, str] = {}
    tables: dict[str, tuple[Lines, list[str]]] = {}
    lines: Lines | None = None
    columns: list[str] = []
    for number, full in enumerate(text.splitlines(), 1):
        if full.strip().startswith("%column_names%"):
            columns = full.split()[1:]
        line = full.split("%", 1)[0].strip()
        if lines is None:
            match = re.match(r"mgc\.(\w+)\s*=\s*(.*)$", line)
            if match is None:
                continue
            name, value = match.groups()
            if not value.startswith("["):
                single[name] = value.rstrip(";").strip().strip("'\"")
                continue
            lines, line = [], value[1:]
            tables[name] = (lines, columns)
            columns = []
        closed = "]" in line
        for part in line.split("]", 1)[0].split(";"):
            if part.strip():
                lines.append((number, _cells(path, number, part)))
        if closed:
            lines = None
    if lines is not None:
        raise NetworkError(f"{path}: found a table without its closing ]")
    return single, tables


def _cells(path: Path, number: int, part: str) -> list[str]:
    try:
        return shlex.split(part.replace(",", " "))
    except ValueError as error:
        raise NetworkError(
            f"{path}, line {number}: found {part.strip()!r} ({error}); expected cells of a table"
        ) from None


def _table(path: Path, name: str, lines: Lines) -> list[Row]:
    columns, rows = COLUMNS[name], []
    for number, cells in lines:
        if len(cells) < len(columns):
            raise NetworkError(
                f"{path}, line {number}: found {len(cells)} columns; expected {len(columns)} or more in"
                f" mgc.{name} ({', '.join(columns)})"
            )
        row = {column: _number(path, number, column, cell) for column, cell in zip(columns, cells, strict=False)}
        for column, cell in zip(OPTIONAL.get(name, ()), cells[len(columns) :], strict=False):
            if _is_number(cell):
                row[column] = float(cell)
        rows.append(row)
    return rows


def _extend(path: Path, name: str, rows: list[Row], lines: Lines, columns: list[str]) -> None:
    if len(lines) != len(rows):
        raise NetworkError(
            f"{path}: found {len(lines)} rows in mgc.{name}; expected {len(rows)}, one a row of mgc.{name[:-5]}"
        )
    for row, (number, cells) in zip(rows, lines, strict=True):
        if len(cells) < len(columns):
            raise NetworkError(
                f"{path}, line {number}: found {len(cells)} columns; expected {len(columns)} in mgc.{name}"
            )
        row.update({c: float(cell) for c, cell in zip(columns, cells, strict=False) if _is_number(cell)})


def _number(path: Path, line: int, column: str, cell: str) -> float:
    if not _is_number(cell):
        raise NetworkError(f"{path}, line {line}, column {column}: found {cell!r}; expected a number")
    return float(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_ends(file: Matgas) -> None:
    junctions = {row["id"] for row in file.rows("junction")}
    for name, rows in file.tables.items():
        for row in rows:
            for column in ("fr_junction", "to_junction", "junction_id"):
                if column in row and row[column] not in junctions:
                    raise NetworkError(
                        f"{file.path}, mgc.{name} {row['id']:.0f}: found {column} = {row[column]:.0f};"
                        " expected a junction of the file"
                    )


def gas_of(file: Matgas) -> GasProperties:
    """The gas of a file: a constant factor z, such that ``z R T`` is the square of its speed of sound."""
    temperature, z = file.numbers["temperature"], file.numbers["compressibility_factor"]
    constant = file.sound_speed**2 / (z * temperature)
    density = NORM_PRESSURE / (NORM_TEMPERATURE * constant)
    return GasProperties(norm_density=density, temperature=temperature, compressibility="constant", z=z)


def demands_of(file: Matgas, place: dict[float, int]) -> tuple[np.ndarray, np.ndarray]:
    """Nominal flows: drawn and fed in at each junction, (n_nodes,) kg/s each."""
    drawn, fed = np.zeros(len(place)), np.zeros(len(place))
    for name in ("delivery", "transfer"):
        for row in file.rows(name):
            drawn[place[row["junction_id"]]] += row["withdrawal_nominal"]
    for row in file.rows("receipt"):
        fed[place[row["junction_id"]]] += row["injection_nominal"]
    return drawn, fed


def network_of(file: Matgas, *, bypass: bool = True) -> GasNetwork:
    """The network as it stands (no candidates) at nominal flows.

    The junction of type 1 holds its nominal pressure; without one, the junction with the largest injection holds its
    highest. It gives or takes what the other flows leave.

    Parameters
    ----------
    bypass
        Compressors and regulators let the gas through as it is; else a compressor raises it to the highest pressure of
        its outlet, at most by its largest ratio, and a regulator holds the highest pressure of its outlet.

    Raises
    ------
    NetworkError
        A network that has no meaning, naming the link or node.
    """
    junctions = file.rows("junction")
    place = {row["id"]: k for k, row in enumerate(junctions)}
    drawn, fed = demands_of(file, place)
    fixed = np.full(len(place), np.nan)
    slack = [k for k, row in enumerate(junctions) if row["junction_type"] == 1]
    root = slack[0] if slack else int(np.argmax(fed))
    fixed[root] = junctions[root]["p_nominal" if slack else "p_max"]
    demand = drawn - fed
    demand[root] = 0.0
    links = [link for name in _LINKS for link in _links_of(file, name, place, bypass)]
    columns: dict[str, Any] = {name: [link[name] for link in links] for name in _USUAL}
    return GasNetwork.from_arrays(
        demand,
        fixed,
        **columns,
        height=[row.get("elevation", 0.0) for row in junctions],
        pressure_min=[row["p_min"] for row in junctions],
        pressure_max=[row["p_max"] for row in junctions],
        node_names=tuple(f"{row['id']:.0f}" for row in junctions),
        link_names=tuple(str(link["name"]) for link in links),
        gas=gas_of(file),
    )


_LINKS = {
    "pipe": GasLink.PIPE,
    "resistor": GasLink.RESISTOR,
    "short_pipe": GasLink.SHORT_PIPE,
    "valve": GasLink.VALVE,
    "compressor": GasLink.COMPRESSOR,
    "regulator": GasLink.REGULATOR,
}
_USUAL = {
    "tail": 0,
    "head": 0,
    "kind": 0,
    "length": np.nan,
    "diameter": np.nan,
    "friction_factor": np.nan,
    "loss": 0.0,
    "ratio": np.nan,
    "set_pressure": np.nan,
    "status": GasStatus.OPEN,
}


def _links_of(file: Matgas, name: str, place: dict[float, int], bypass: bool) -> list[dict[str, float | str]]:
    kind, links = _LINKS[name], []
    highest = {row["id"]: row["p_max"] for row in file.rows("junction")}
    for row in file.rows(name):
        link: dict[str, float | str] = {
            **_USUAL,
            "tail": place[row["fr_junction"]],
            "head": place[row["to_junction"]],
            "kind": kind,
            "name": f"{name} {row['id']:.0f}",
        }
        if kind == GasLink.PIPE:
            link |= {key: row[key] for key in ("length", "diameter", "friction_factor")}
        elif kind == GasLink.RESISTOR:
            link |= {"loss": row["drag"], "diameter": row["diameter"]}
        elif kind >= GasLink.COMPRESSOR and not bypass:
            held = min(row.get("outlet_p_max", np.inf), highest[row["to_junction"]])
            link |= {"status": GasStatus.ACTIVE, "set_pressure": held, "ratio": row.get("c_ratio_max", 1.0)}
        links.append(link)
    return links
