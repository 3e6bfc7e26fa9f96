"""Networks and nominations in the XML format of GasLib (Schmidt et al. 2017, Data 2:40; gaslib.zib.de)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_properties import (
    MOLAR_GAS_CONSTANT,
    NORM_PRESSURE,
    NORM_TEMPERATURE,
    GasProperties,
)
from network_models.hydraulics.water_check import NetworkError

KINDS = {
    "pipe": GasLink.PIPE,
    "shortPipe": GasLink.SHORT_PIPE,
    "valve": GasLink.VALVE,
    "resistor": GasLink.RESISTOR,
    "compressorStation": GasLink.COMPRESSOR,
    "controlValve": GasLink.REGULATOR,
}
UNITS = {
    "m": (1.0, 0.0),
    "meter": (1.0, 0.0),
    "km": (1e3, 0.0),
    "cm": (1e-2, 0.0),
    "mm": (1e-3, 0.0),
    "bar": (1e5, 0.0),
    "barg": (1e5, NORM_PRESSURE),
    "pa": (1.0, 0.0),
    "kpa": (1e3, 0.0),
    "mpa": (1e6, 0.0),
    "k": (1.0, 0.0),
    "celsius": (1.0, NORM_TEMPERATURE),
    "kg_per_m_cube": (1.0, 0.0),
    "kg_per_kmol": (1e-3, 0.0),
    "kg_per_s": (1.0, 0.0),
}
NORM_FLOWS = {"1000m_cube_per_hour": 1e3 / 3600.0, "m_cube_per_hour": 1.0 / 3600.0, "m_cube_per_s": 1.0}
"""m3/s at norm conditions; times the file's ``normDensity`` they are kg/s."""


@dataclass(frozen=True)
class _Nomination:
    flow: dict[str, float]
    highest: dict[str, float]


class _Reader:
    """Elements of one file, with messages that name the file and the element."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.root = ElementTree.parse(path).getroot()  # noqa: S314 - expat refuses to expand entity bombs
        except FileNotFoundError:
            raise NetworkError(f"{path}: no such file") from None
        except (ElementTree.ParseError, UnicodeDecodeError, ValueError) as error:
            raise NetworkError(f"{path}: found XML that cannot be read ({error}); expected a GasLib file") from None

    def all(self, *tags: str) -> list[ElementTree.Element]:
        return [element for element in self.root.iter() if _tag(element) in tags]

    def fault(self, element: ElementTree.Element, text: str) -> NetworkError:
        return NetworkError(f"{self.path}, {_tag(element)} {element.get('id')!r}: {text}")

    def attribute(self, element: ElementTree.Element, name: str) -> str:
        value = element.get(name)
        if value is None:
            raise self.fault(element, f"found no attribute {name!r}; expected one")
        return value

    def number(
        self, element: ElementTree.Element, name: str, density: float = np.nan, usual: float | None = None
    ) -> float:
        """Value of a child in SI units; flows at norm conditions become kg/s by the density."""
        child = next((c for c in element if _tag(c) == name), None)
        if child is None:
            if usual is None:
                raise self.fault(element, f"found no {name}; expected one")
            return usual
        return self.value(element, child, name, density)

    def value(self, element: ElementTree.Element, child: ElementTree.Element, name: str, density: float) -> float:
        try:
            found = float(child.get("value", ""))
        except ValueError:
            raise self.fault(element, f"found {name} = {child.get('value')!r}; expected a number") from None
        unit = child.get("unit", "").strip()
        if unit in NORM_FLOWS:
            return found * NORM_FLOWS[unit] * density
        if unit and unit.lower() not in UNITS:
            raise self.fault(element, f"found {name} in the unit {unit!r}; expected one of {', '.join(UNITS)}")
        factor, offset = UNITS.get(unit.lower(), (1.0, 0.0))
        return found * factor + offset


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def read_gaslib(net: Path | str, scn: Path | str | None = None, *, bypass: bool = True) -> GasNetwork:
    """Read a network (.net) and a nomination (.scn).

    In each connected part the entry with the largest flow holds its highest pressure and gives or takes what the others leave; without a
    nomination nothing flows. Gas: the mean of the sources by their flow, Papay's compressibility. All valves are open.
    Pressure lost inside stations is not modelled.

    Parameters
    ----------
    bypass
        Compressor stations and control valves let the gas through as it is; else they hold ``pressureOutMax`` (a
        compressor at most doubles the pressure).

    Raises
    ------
    NetworkError
        A file that is no GasLib file, with the element at fault.
    """
    reader = _Reader(Path(net))
    nodes = reader.all("source", "sink", "innode")
    if not nodes:
        raise NetworkError(f"{net}: found no nodes; expected a GasLib network")
    names = tuple(reader.attribute(node, "id") for node in nodes)
    place = {name: k for k, name in enumerate(names)}
    if len(place) != len(names):
        raise NetworkError(f"{net}: found two nodes of the name {next(n for n in names if names.count(n) > 1)!r}")
    density = _norm_density(reader)
    nomination = _nomination(Path(scn), place, density) if scn is not None else _Nomination({}, {})
    highest = {name: reader.number(node, "pressureMax") for name, node in zip(names, nodes, strict=True)}
    demand = np.array([nomination.flow.get(name, 0.0) for name in names])
    links = _links(reader, place, bypass)
    fixed = np.full(len(names), np.nan)
    for root in _roots(reader, nodes, links, demand):
        fixed[root] = min(highest[names[root]], nomination.highest.get(names[root], np.inf))
        demand[root] = 0.0
    return GasNetwork.from_arrays(
        demand,
        fixed,
        **links,
        height=[reader.number(node, "height", usual=0.0) for node in nodes],
        pressure_min=[reader.number(node, "pressureMin", usual=0.0) for node in nodes],
        pressure_max=list(highest.values()),
        node_names=names,
        gas=_gas(reader, nomination),
    )


def _roots(reader: _Reader, nodes: list[ElementTree.Element], links: dict[str, Any], demand: np.ndarray) -> list[int]:
    """In each connected part the node with the largest inflow, or the source that could give most."""
    most = [reader.number(n, "flowMax", 1.0, 0.0) if _tag(n) == "source" else -1.0 for n in nodes]
    if max(most) < 0:
        raise NetworkError(f"{reader.path}: found no source; expected at least one")
    ones, n = np.ones(len(links["tail"])), len(nodes)
    joined = coo_matrix((ones, (links["tail"], links["head"])), shape=(n, n))
    count, part = connected_components(joined, directed=False)
    groups = [np.flatnonzero(part == k) for k in range(count)]
    return [int(max(group, key=lambda k: (-demand[k], most[k]))) for group in groups]


def _norm_density(reader: _Reader) -> float:
    found = [reader.number(source, "normDensity", usual=np.nan) for source in reader.all("source")]
    known = [value for value in found if np.isfinite(value)]
    if not known:
        raise NetworkError(f"{reader.path}: found no source with a normDensity; expected at least one")
    return float(np.mean(known))


def _nomination(path: Path, place: dict[str, int], density: float) -> _Nomination:
    reader = _Reader(path)
    flow: dict[str, float] = {}
    highest: dict[str, float] = {}
    for node in reader.all("node"):
        name = reader.attribute(node, "id")
        if name not in place:
            raise reader.fault(node, "found a node that the network does not have")
        bounds: dict[str, list[float]] = {"flow": [], "pressure": []}
        for child in node:
            if _tag(child) in bounds:
                bounds[_tag(child)].append(reader.value(node, child, _tag(child), density))
        sign = -1.0 if reader.attribute(node, "type") == "entry" else 1.0
        if bounds["flow"]:
            flow[name] = flow.get(name, 0.0) + sign * float(np.mean(bounds["flow"]))
        if bounds["pressure"]:
            highest[name] = max(bounds["pressure"])
    if not flow:
        raise NetworkError(f"{path}: found no flows of nodes; expected a GasLib nomination")
    return _Nomination(flow, highest)


def _gas(reader: _Reader, nomination: _Nomination) -> GasProperties:
    sources = reader.all("source")
    inflow = np.array([max(-nomination.flow.get(source.get("id", ""), 0.0), 0.0) for source in sources])
    weights = inflow if inflow.sum() > 0 else np.ones(len(sources))

    def mean(name: str) -> float:
        return float(np.average([reader.number(source, name) for source in sources], weights=weights))

    return GasProperties(
        norm_density=mean("molarMass") * NORM_PRESSURE / (MOLAR_GAS_CONSTANT * NORM_TEMPERATURE),
        temperature=mean("gasTemperature"),
        critical_pressure=mean("pseudocriticalPressure"),
        critical_temperature=mean("pseudocriticalTemperature"),
    )


def _links(reader: _Reader, place: dict[str, int], bypass: bool) -> dict[str, Any]:
    elements = reader.all(*KINDS)
    kinds = [KINDS[_tag(element)] for element in elements]
    station = [kind >= GasLink.COMPRESSOR for kind in kinds]
    held = [reader.number(e, "pressureOutMax") if s else np.nan for e, s in zip(elements, station, strict=True)]
    status = [GasStatus.ACTIVE if s and not bypass else GasStatus.OPEN for s in station]

    def numbers(name: str, kind: GasLink, usual: float | None, other: float) -> list[float]:
        return [
            reader.number(e, name, usual=usual) if k == kind else other for e, k in zip(elements, kinds, strict=True)
        ]

    lost = numbers("pressureLoss", GasLink.RESISTOR, 0.0, 0.0)
    drag = numbers("dragFactor", GasLink.RESISTOR, 0.0, 0.0)
    wide = [
        reader.number(e, "diameter", usual=np.nan) if k <= GasLink.RESISTOR else np.nan
        for e, k in zip(elements, kinds, strict=True)
    ]
    return {
        "tail": [_end(reader, element, "from", place) for element in elements],
        "head": [_end(reader, element, "to", place) for element in elements],
        "kind": list(kinds),
        "length": numbers("length", GasLink.PIPE, None, np.nan),
        "diameter": wide,
        "roughness": numbers("roughness", GasLink.PIPE, None, np.nan),
        "loss": drag,
        "pressure_loss": lost,
        "ratio": [2.0 if k == GasLink.COMPRESSOR else np.nan for k in kinds],
        "set_pressure": held,
        "status": list(status),
        "link_names": tuple(reader.attribute(element, "id") for element in elements),
    }


def _end(reader: _Reader, element: ElementTree.Element, name: str, place: dict[str, int]) -> int:
    node = reader.attribute(element, name)
    if node not in place:
        raise reader.fault(element, f"found {name} = {node!r}; expected a node of the network")
    return place[node]
