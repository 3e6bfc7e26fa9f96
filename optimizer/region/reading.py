"""Reading a region from its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from optimizer._paths import region_path
from optimizer.errors import Finding, InputError
from optimizer.region.columns import typed
from optimizer.region.files import ENCODINGS, UTF_8, read_text_tables
from optimizer.region.model import Region
from optimizer.region.schema import load_schema

MOST_FINDINGS = 50
ABOUT = "region"
"""Sheet or layer that stands for region.yaml in a workbook or GeoPackage: columns key and value."""


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
    if not path.is_dir() and not (path.is_file() and path.suffix in (".xlsx", ".gpkg")):
        raise InputError(f"{path}: no such region; expected a folder with region.yaml, an .xlsx or a .gpkg.")
    meta, schema = _meta(path), load_schema()
    texts = read_text_tables(path, list(schema), meta["encoding"])
    findings = [_missing(path, name) for name, table in schema.items() if name not in texts and not table.optional]
    tables: dict[str, pd.DataFrame] = {}
    for name, text in texts.items():
        tables[name], wrong = typed(text, schema[name])
        findings += wrong
    if findings:
        raise InputError(_shortened(findings))
    places = {name: text.place for name, text in texts.items()}
    return Region(path, meta, tables, places, {name: text.first_line for name, text in texts.items()}, schema)


def _meta(path: Path) -> dict[str, Any]:
    """What region.yaml says, made whole: ``id``, names, ``encoding`` and ``map``."""
    said = _from_yaml(path / "region.yaml") if path.is_dir() else _from_table(path)
    meta = {"id": path.stem, "encoding": UTF_8, **said, "map": said.get("map") or {}}
    encoding = str(meta["encoding"]).lower()
    if encoding not in ENCODINGS:
        remedy = "Save the tables in one of these."
        raise InputError(Finding("region.yaml", 0, "encoding", repr(encoding), "utf-8 or gb18030", remedy))
    meta["encoding"] = ENCODINGS[encoding]
    if not isinstance(meta["map"], dict):
        expected, remedy = "a file name for counties, rivers or both", "Write `counties: FILE` under it."
        raise InputError(Finding("region.yaml", 0, "map", repr(meta["map"]), expected, remedy))
    return {"name_zh": meta["id"], "name_en": meta["id"], **meta}


def _from_yaml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        remedy = "Begin with `chengxiang region template FOLDER`."
        raise InputError(Finding(file.name, 0, "", "no such file", "the region's name and base year", remedy))
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"region.yaml: not readable as YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(said, dict) or not said.get("id"):
        remedy = "Add a line `id: ...`."
        raise InputError(Finding(file.name, 0, "id", "nothing", "a short name such as gansu", remedy))
    return said


def _from_table(path: Path) -> dict[str, Any]:
    table = read_text_tables(path, [ABOUT]).get(ABOUT)
    if table is None or not {"key", "value"} <= set(table.frame.columns):
        return {}
    return dict(zip(table.frame["key"], table.frame["value"], strict=True))


def _missing(path: Path, name: str) -> Finding:
    file = f"{name}.csv" if path.is_dir() else f"{path.name}, {name}"
    remedy = "Add it; `chengxiang region template` shows its columns."
    return Finding(file, 0, "", "no such table", "a table with this name", remedy)


def _shortened(findings: list[Finding]) -> list[Finding]:
    if len(findings) <= MOST_FINDINGS:
        return findings
    found = f"{len(findings) - MOST_FINDINGS} more findings of the same kinds"
    return [*findings[:MOST_FINDINGS], Finding("...", 0, "", found, "none", "Mend these first.")]
