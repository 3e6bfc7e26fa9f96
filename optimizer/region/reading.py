"""Reading a region: text tables, typed by the schema, every fault with file, row and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import yaml

from optimizer._paths import region_path
from optimizer.errors import Finding, InputError
from optimizer.region.files import TextTable, read_text_tables
from optimizer.region.schema import ORIGIN, Column, Schema, Table, load_schema
from optimizer.suggest import did_you_mean

MOST_FINDINGS = 50


@dataclass(frozen=True)
class Region:
    """A region's tables, typed and checked one by one; :meth:`check` looks across them.

    Parameters
    ----------
    path
        Folder, workbook or GeoPackage it was read from.
    meta
        ``region.yaml``: id, names, base year, map files.
    tables
        DataFrames by name; text columns hold ``""`` and number columns NaN where a cell is blank.
    places
        What messages call each table's file.
    """

    path: Path
    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    places: Mapping[str, str]
    first_lines: Mapping[str, int]
    schema: Schema

    @property
    def name(self) -> str:
        return str(self.meta.get("id", self.path.stem))

    def row_of(self, table: str, index: int) -> int:
        """Line, in its file, of a row of a table."""
        return int(index) + self.first_lines[table]

    def finding(self, table: str, index: int | None, column: str, found: str, expected: str, remedy: str) -> Finding:
        """A fault in a table."""
        return Finding(
            self.places[table], 0 if index is None else self.row_of(table, index), column, found, expected, remedy
        )

    def check(self) -> list[Finding]:
        """Faults across tables: references, roads, money, rules that contradict each other."""
        from optimizer.region.checks import check_region

        return check_region(self)

    def road_graph(self) -> nx.MultiDiGraph:
        """The roads as a directed NetworkX graph with ``seconds`` and ``km`` on every link."""
        link = self.tables["link"]
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.tables["node"]["node_id"])
        seconds = link["length"] / link["free_speed"] * 3600
        both = link["directed"] == 0
        for u, v, s, km, way_back in zip(
            link["from_node_id"], link["to_node_id"], seconds, link["length"], both, strict=True
        ):
            graph.add_edge(u, v, seconds=s, km=km)
            if way_back:
                graph.add_edge(v, u, seconds=s, km=km)
        return graph

    def geometry(self, layer: str) -> Path | None:
        """Map file of a layer (``counties``, ``rivers``), or None when there is none."""
        file = (self.meta.get("map") or {}).get(layer)
        folder = self.path if self.path.is_dir() else self.path.parent
        return folder / file if file and (folder / file).is_file() else None

    def files(self) -> list[Path]:
        """Every file the region is made of, for hashing."""
        if self.path.is_file():
            return [self.path]
        named = [self.path / "region.yaml", *(self.path / f"{name}.csv" for name in self.tables)]
        return sorted(f for f in [*named, *(g for g in map(self.geometry, ("counties", "rivers")) if g)] if f.is_file())


def default_region_path(name: str) -> Path:
    """Folder of a region that travels with the program."""
    return region_path(name)


def read_region(path: Path | str) -> Region:
    """Read a region.

    Parameters
    ----------
    path
        A folder of CSV files with ``region.yaml``, one ``.xlsx`` with a sheet for each table, or one ``.gpkg`` with a
        layer for each.

    Raises
    ------
    InputError
        Missing tables or columns, cells of the wrong type or out of range, keys that stand twice.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"{path}: no such region; expected a folder with region.yaml, an .xlsx or a .gpkg.")
    meta, schema = _meta(path), load_schema()
    texts = read_text_tables(path, list(schema), str(meta.get("encoding", "utf-8-sig")))
    findings: list[Finding] = [
        _missing(path, name) for name, t in schema.items() if name not in texts and not t.optional
    ]
    tables: dict[str, pd.DataFrame] = {}
    for name, text in texts.items():
        tables[name] = _typed(text, schema[name], findings)
    if findings:
        raise InputError(_shortened(findings))
    return Region(
        path, meta, tables, {n: t.place for n, t in texts.items()}, {n: t.first_line for n, t in texts.items()}, schema
    )


def _meta(path: Path) -> dict[str, Any]:
    file = path / "region.yaml"
    if not path.is_dir():
        return {"id": path.stem, "name_zh": path.stem, "name_en": path.stem}
    if not file.is_file():
        raise InputError(
            Finding(
                "region.yaml",
                0,
                "",
                "no such file",
                "the region's name and base year",
                "Begin with `chengxiang region template FOLDER`.",
            )
        )
    try:
        meta = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"region.yaml: not readable as YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(meta, dict) or "id" not in meta:
        raise InputError(
            Finding("region.yaml", 0, "id", "nothing", "a short name such as gansu", "Add a line `id: ...`.")
        )
    return meta


def _missing(path: Path, name: str) -> Finding:
    file = f"{name}.csv" if path.is_dir() else f"{path.name}, {name}"
    return Finding(
        file,
        0,
        "",
        "no such table",
        "a table with this name",
        "Add it; `chengxiang region template` shows its columns.",
    )


def _typed(text: TextTable, table: Table, findings: list[Finding]) -> pd.DataFrame:
    """Typed copy of a text table; faults are collected."""
    known = {*table.columns, ORIGIN}
    for column in text.frame.columns:
        if column not in known:
            findings.append(
                Finding(
                    text.place,
                    1,
                    str(column),
                    "a column that is not known",
                    f"one of {', '.join(table.columns)}",
                    f"Rename or remove it{did_you_mean(str(column), known)}",
                )
            )
    typed: dict[str, Any] = {}
    for name, column in table.columns.items():
        if name not in text.frame.columns:
            if column.required:
                findings.append(
                    Finding(text.place, 1, name, "no such column", f"{column.en} ({column.zh})", "Add the column.")
                )
            typed[name] = np.full(
                len(text.frame), np.nan if column.type != "str" else "", dtype=object if column.type == "str" else float
            )
        else:
            typed[name] = _column(text, name, column, findings)
    typed[ORIGIN] = text.frame[ORIGIN].str.strip() if ORIGIN in text.frame else ""
    frame = pd.DataFrame(typed, index=range(len(text.frame)))
    _check_key(text, table, frame, findings)
    return frame


def _column(text: TextTable, name: str, column: Column, findings: list[Finding]) -> Any:
    cells = text.frame[name].str.strip()
    blank = cells == ""
    if column.required:
        _report(text, name, blank, cells, f"{column.en} ({column.zh})", "Fill in the cell.", findings)
    if column.type == "str":
        return cells.astype(object)
    numbers = pd.to_numeric(cells.where(~blank), errors="coerce").astype(float)
    unit = f", {column.unit}" if column.unit else ""
    kind = "a number" if column.type == "float" else "a whole number"
    wrong = ~blank & ~np.isfinite(numbers)
    if column.type != "float":
        wrong |= ~blank & np.isfinite(numbers) & (numbers != numbers.round())
    _report(
        text, name, wrong, cells, kind + unit, "Write the number alone, without unit or thousands separators.", findings
    )
    low, high = column.min, column.max
    outside = (
        ~blank
        & ~wrong
        & ((numbers < (-np.inf if low is None else low)) | (numbers > (np.inf if high is None else high)))
    )
    allowed = (
        f"{kind}{unit} " + (f"from {low:g} " if low is not None else "") + (f"to {high:g}" if high is not None else "")
    )
    _report(text, name, outside, cells, allowed.strip(), "Correct the number, or its unit.", findings)
    return numbers


def _report(
    text: TextTable, name: str, wrong: Any, cells: Any, expected: str, remedy: str, findings: list[Finding]
) -> None:
    for i in np.flatnonzero(wrong):
        found = repr(cells.iloc[i]) if cells.iloc[i] else "an empty cell"
        findings.append(Finding(text.place, int(i) + text.first_line, name, found, expected, remedy))


def _check_key(text: TextTable, table: Table, frame: pd.DataFrame, findings: list[Finding]) -> None:
    key = list(table.key)
    if not key:
        return
    for i in np.flatnonzero(frame.duplicated(key, keep="first")):
        same = (frame[key] == frame[key].iloc[i]).all(axis=1)
        before = int(np.flatnonzero(same)[0]) + text.first_line
        value = ", ".join(str(v) for v in frame[key].iloc[i])
        findings.append(
            Finding(
                text.place,
                int(i) + text.first_line,
                ", ".join(key),
                f"{value} again (as in row {before})",
                "each key once",
                "Remove or rename one of the two rows.",
            )
        )


def _shortened(findings: list[Finding]) -> list[Finding]:
    if len(findings) <= MOST_FINDINGS:
        return findings
    more = Finding(
        "...", 0, "", f"{len(findings) - MOST_FINDINGS} more findings of the same kinds", "none", "Mend these first."
    )
    return [*findings[:MOST_FINDINGS], more]
