"""Design problems of water networks in files: ``design.json`` beside ``network.inp``."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network_models.design.network import Load, Size
from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_inp import CUBIC_FOOT, METRIC, PER_CFS, decoded
from network_models.hydraulics.water_network import WaterNetwork
from optimizer.errors import InputError

FOOT, INCH = 0.3048, 0.0254
SAME = 1e-9


@dataclass(frozen=True)
class DesignCase:
    """One design problem.

    Parameters
    ----------
    text
        The network's file.
    network
        The same, every pipe with a choice at its largest size.
    choices
        Sizes by pipe, rising in cost.
    beside
        Pipe already there between the same ends, by pipe with a choice that is laid beside it.
    fixed_cost
        Cost of pipes without a choice that counts.
    references
        Published costs for one size a pipe, with their sources.
    verified
        Cost of the design in ``verified_design.csv``; NaN without one.
    """

    name: str
    text: str
    network: WaterNetwork
    choices: dict[str, tuple[Size, ...]]
    loads: tuple[Load, ...]
    beside: dict[str, str]
    fixed_cost: float
    largest_speed: float
    references: tuple[tuple[float, str], ...]
    verified: float

    def file_of(self, chosen: dict[str, Size], load: int) -> str:
        """The network's file with a design and a load in it."""
        return written(self.text, chosen, self.beside, self.loads[load].demand if len(self.loads) > 1 else None)


def find_cases(folder: Path | None) -> list[Path]:
    """Files ``design.json`` of a folder, by the name of the folder each lies in."""
    return [] if folder is None else sorted(folder.rglob("design.json"))


def read_case(path: Path) -> DesignCase:
    """Read a design problem.

    Raises
    ------
    InputError
        A file that is missing or not as expected; says which, what was found and what was expected.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
        text = decoded(path.parent / str(given.get("inp", "network.inp")))
        return _case(path, given, text)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be opened ({error.strerror}).") from None
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a design problem in JSON ({error}).") from None
    except KeyError as error:
        raise InputError(f"{path}: found no {error}; expected it as in docs/water-design.md.") from None
    except (NetworkError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def _case(path: Path, given: dict[str, Any], text: str) -> DesignCase:
    pipes = pipe_rows(text)
    _, metric = _units(text)
    entries = _decisions(given, pipes, FOOT if not metric else 1.0)
    for entry in entries:
        if entry["id"] not in pipes:
            raise InputError(f"{path}: decision pipe {entry['id']!r} is no pipe of {given.get('inp', 'network.inp')}.")
    choices = {entry["id"]: _sizes(path, given, entry, _rough_unit(text)) for entry in entries}
    fixed = given.get("fixed_pipes", [])
    sizes = {row["id"]: Size(row["diameter_mm"] / 1000, math.nan, 0.0) for row in fixed}
    start = sizes | {name: size[-1] for name, size in choices.items()}
    placeholders = {
        name: Size(INCH, math.nan, 0.0) for name, row in pipes.items() if float(row[4]) <= 0 and name not in start
    }
    based = written(text, sizes | placeholders, {}, None)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "network.inp"
        copy.write_text(written(based, start, {}, None), encoding="utf-8")
        network = WaterNetwork.from_inp(copy)
    loads = _loads(given, network)
    beside = _beside(network, choices)
    published = tuple(
        (float(row["cost"]), str(row.get("source", "")))
        for row in given.get("best_known", [])
        if isinstance(row, dict) and row.get("cost") and "split" not in str(row.get("kind", row)).lower()
    )
    costs = sum(row["unit_cost_per_m"] * row["length_m"] for row in fixed if given.get("cost_includes_fixed_pipes"))
    limits = given.get("constraints", {})
    speed = limits.get("max_velocity_ms")
    verified = float((given.get("verified_design") or {}).get("cost", math.nan))
    top = math.inf if speed is None else float(speed)
    name = path.parent.name
    return DesignCase(name, based, network, choices, loads, beside, float(costs), top, published, verified)


def _decisions(given: dict[str, Any], pipes: dict[str, list[str]], unit: float) -> list[dict[str, Any]]:
    """Entries of the pipes with a choice; a sentence naming a prefix stands for all pipes whose name begins so."""
    entries = given["decision_pipes"]
    if not isinstance(entries, str):
        return list(entries)
    prefix = re.search(r"starts? with \"([^\"]+)\"", entries)
    if prefix is None:
        raise InputError(f'decision_pipes: found {entries!r}; expected a list, or: pipes whose id starts with "...".')
    return [
        {"id": name, "length_m": float(row[3]) * unit}
        for name, row in pipes.items()
        if name.startswith(prefix.group(1))
    ]


def _sizes(path: Path, given: dict[str, Any], entry: dict[str, Any], rough_unit: float) -> tuple[Size, ...]:
    """Sizes of one pipe, rising in cost: the catalogue, and to leave or clean the pipe it is laid beside."""
    length = float(entry["length_m"])
    if not length > 0:
        raise InputError(f"{path}: pipe {entry['id']}: length_m: found {length}; expected more than 0.")
    major = entry["id"] in given.get("major_road_pipe_ids", ())
    found = []
    for row in given["catalogue"]:
        unit = row.get("unit_cost_per_m", row.get("unit_cost_per_m_major" if major else "unit_cost_per_m_minor", 0.0))
        found.append(
            Size(
                float(row["diameter_mm"]) / 1000, float(row.get("roughness", 100.0)) * rough_unit, float(unit) * length
            )
        )
    if entry.get("kind") == "duplicate_of":
        rough = found[0].roughness
        found.append(Size(0.0, rough, 0.0))
        if "clean_unit_cost_per_m" in entry:
            found.append(
                Size(0.0, rough, float(entry["clean_unit_cost_per_m"]) * length, beside=_cleaned(entry, rough))
            )
    if not found:
        raise InputError(f"{path}: catalogue: found no size; expected at least one.")
    return tuple(sorted(found, key=lambda size: (size.cost, size.diameter)))


def _cleaned(entry: dict[str, Any], usual: float) -> float:
    """Roughness that cleaning brings: as the option says, else that of a new pipe."""
    said = [re.search(r"roughness -> ([\d.]+)", str(option)) for option in entry.get("options", ())]
    return next((float(match.group(1)) for match in said if match), usual)


def _loads(given: dict[str, Any], network: WaterNetwork) -> tuple[Load, ...]:
    """Loads with the limits of head of each."""
    elevation = dict(zip(network.node_names, network.elevation.tolist(), strict=True))
    limits = given.get("constraints", {})
    usual = {
        name: float(q)
        for name, q, inner in zip(network.node_names, network.demand, network.is_junction, strict=True)
        if inner
    }
    loads = []
    for row in given.get("loading_conditions") or [{}]:
        demand = usual | {name: q / PER_CFS["LPS"] * CUBIC_FOOT for name, q in row.get("demand_lps", {}).items()}
        least = _by_node(row.get("min_pressure_m", limits.get("min_pressure_m", {})), usual)
        most = _by_node(row.get("max_pressure_m", limits.get("max_pressure_m", {})), usual)
        lowest = {name: elevation[name] + p for name, p in least.items()} | _by_node(
            limits.get("min_head_m", {}), usual
        )
        highest = {name: elevation[name] + p for name, p in most.items()}
        loads.append(Load(demand, lowest, highest))
    return tuple(loads)


def _by_node(value: Any, junctions: dict[str, float]) -> dict[str, float]:
    if not isinstance(value, dict):
        return dict.fromkeys(junctions, float(value))
    strange = [name for name in value if name not in junctions]
    if strange:
        raise InputError(f"limits: found one for {strange[0]!r}, which is no junction of the network.")
    return {name: float(x) for name, x in value.items()}


def _beside(network: WaterNetwork, choices: dict[str, tuple[Size, ...]]) -> dict[str, str]:
    ends = {}
    for a, b, name in zip(network.tail.tolist(), network.head.tolist(), network.link_names, strict=True):
        if name not in choices:
            ends[frozenset((a, b))] = name
    pairs = zip(network.tail.tolist(), network.head.tolist(), network.link_names, strict=True)
    return {name: ends[frozenset((a, b))] for a, b, name in pairs if name in choices and frozenset((a, b)) in ends}


def _units(text: str) -> tuple[str, bool]:
    found = re.search(r"^\s*UNITS\s+(\w+)", text, re.IGNORECASE | re.MULTILINE)
    units = found.group(1).upper() if found else "GPM"
    return units, units in METRIC


def _rough_unit(text: str) -> float:
    """What one unit of roughness in the file is in ours: mm or thousandths of a foot with Darcy-Weisbach, else 1."""
    if not re.search(r"^\s*HEADLOSS\s+D-W", text, re.IGNORECASE | re.MULTILINE):
        return 1.0
    return 1e-3 if _units(text)[1] else 1e-3 * FOOT


def pipe_rows(text: str) -> dict[str, list[str]]:
    """Fields of the rows of [PIPES] by name."""
    return {fields[0]: fields for _, fields in _rows(text.splitlines(), "[PIPES]")}


def _rows(lines: list[str], section: str) -> list[tuple[int, list[str]]]:
    found, inside = [], False
    for i, line in enumerate(lines):
        bare = line.split(";")[0].strip()
        if bare.startswith("["):
            inside = bare.upper().startswith(section[:5])
        elif inside and bare:
            found.append((i, bare.split()))
    return found


def written(text: str, chosen: dict[str, Size], beside: dict[str, str], demand: Mapping[str, float] | None) -> str:
    """A file with sizes of pipes, states of pipes not built and demands (m3/s) written into it."""
    lines = text.splitlines()
    units, metric = _units(text)
    unit = 1000.0 if metric else 1.0 / INCH
    rough = 1.0 / _rough_unit(text)
    cleaned = {
        beside[name]: size.beside for name, size in chosen.items() if name in beside and not math.isnan(size.beside)
    }
    for i, fields in _rows(lines, "[PIPES]"):
        name = fields[0]
        fields = [*fields, *["0", "Open"][max(0, len(fields) - 6) :]]
        if name in chosen:
            size = chosen[name]
            if size.diameter > 0:
                fields[4] = repr(size.diameter * unit)
            elif float(fields[4]) <= 0:
                fields[4] = "1"
            fields[5] = fields[5] if math.isnan(size.roughness) else repr(size.roughness * rough)
            fields[7] = "Open" if size.diameter > 0 else "Closed"
        if name in cleaned:
            fields[5] = repr(cleaned[name] * rough)
        lines[i] = "\t".join(fields)
    for i, fields in _rows(lines, "[JUNCTIONS]") if demand is not None else []:
        flow = (demand or {})[fields[0]] / CUBIC_FOOT * PER_CFS[units]
        lines[i] = "\t".join([fields[0], fields[1], repr(flow)])
    return "\n".join(lines) + "\n"
