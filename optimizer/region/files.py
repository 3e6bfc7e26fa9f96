"""Tables as text, from a folder of CSV files, one Excel workbook or one GeoPackage."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from optimizer.errors import Finding, InputError


@dataclass(frozen=True)
class TextTable:
    """A table as it stands in its file, every cell text.

    Parameters
    ----------
    place
        What a message calls the file: ``demand.csv``, or ``region.xlsx, sheet demand``.
    first_line
        Line of the first row of data.
    """

    place: str
    frame: pd.DataFrame
    first_line: int = 2


def read_text_tables(path: Path, names: list[str], encoding: str = "utf-8-sig") -> dict[str, TextTable]:
    """Read the named tables that are there.

    Raises
    ------
    InputError
        A file that is not text in the encoding, has rows of the wrong width, or holds formulas without values.
    """
    if path.suffix == ".xlsx":
        return _from_excel(path, names)
    if path.suffix == ".gpkg":
        return _from_geopackage(path, names)
    files = {name: path / f"{name}.csv" for name in names}
    return {name: _from_csv(file, encoding) for name, file in files.items() if file.is_file()}


def _from_csv(file: Path, encoding: str) -> TextTable:
    try:
        text = file.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            Finding(
                file.name,
                0,
                "",
                f"bytes that are not {encoding} (at byte {error.start})",
                "UTF-8 text",
                "Save the file as UTF-8, or write `encoding: gb18030` into region.yaml if that is what it is.",
            )
        ) from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or not any(rows[0]):
        raise InputError(
            Finding(file.name, 1, "", "an empty file", "a header line", "Write the column names into line 1.")
        )
    header = [h.strip() for h in rows[0]]
    twice = next((h for i, h in enumerate(header) if h in header[:i]), None)
    if twice is not None:
        raise InputError(
            Finding(file.name, 1, twice, "the column twice", "each column once", "Rename or remove one of them.")
        )
    for i, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(header):
            raise InputError(
                Finding(
                    file.name,
                    i,
                    "",
                    f"{len(row)} cells",
                    f"{len(header)} cells as in the header",
                    "Put cells that contain a comma into double quotes.",
                )
            )
    body = [row if row else [""] * len(header) for row in rows[1:]]
    while body and not any(body[-1]):
        body.pop()
    return TextTable(file.name, pd.DataFrame(body, columns=header, dtype=str))


def _from_excel(path: Path, names: list[str]) -> dict[str, TextTable]:
    from openpyxl import load_workbook

    try:
        values = load_workbook(path, data_only=True, read_only=True)
        formulas = load_workbook(path, data_only=False, read_only=True)
    except (BadZipFile, OSError, KeyError) as error:
        raise InputError(f"{path.name}: not an Excel workbook (.xlsx) that can be read: {error}.") from None
    return {name: _sheet(path, name, values, formulas) for name in names if name in values.sheetnames}


def _sheet(path: Path, name: str, values, formulas) -> TextTable:  # type: ignore[no-untyped-def]
    place = f"{path.name}, sheet {name}"
    rows = [list(row) for row in values[name].iter_rows(values_only=True)]
    sources = [list(row) for row in formulas[name].iter_rows(values_only=True)]
    header = [str(h).strip() for h in (rows[0] if rows else []) if h is not None]
    for i, (row, source) in enumerate(zip(rows, sources, strict=True), start=1):
        for h, value, written in zip(header, row, source, strict=False):
            if value is None and isinstance(written, str) and written.startswith("="):
                raise InputError(
                    Finding(
                        place,
                        i,
                        h,
                        f"the formula {written} without a value",
                        "a calculated value",
                        "Open the workbook in Excel or LibreOffice, let it calculate, and save it.",
                    )
                )
    body = [[_cell(v) for v in row[: len(header)]] for row in rows[1:]]
    while body and not any(body[-1]):
        body.pop()
    return TextTable(place, pd.DataFrame(body, columns=header, dtype=str))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip()


def _from_geopackage(path: Path, names: list[str]) -> dict[str, TextTable]:
    import pyogrio

    try:
        layers = {str(name) for name, _ in pyogrio.list_layers(path)}
    except pyogrio.errors.DataSourceError as error:
        raise InputError(f"{path.name}: not a GeoPackage that can be read: {error}.") from None
    found = {}
    for name in names:
        if name in layers:
            frame = pyogrio.read_dataframe(path, layer=name, read_geometry=False)
            text = frame.map(_cell).astype(str).where(frame.notna(), "")
            found[name] = TextTable(f"{path.name}, layer {name}", text, first_line=1)
    return found
