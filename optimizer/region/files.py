"""Tables as text, from a folder of CSV files, one Excel workbook or one GeoPackage."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from optimizer.errors import Finding, InputError

UTF_8 = "utf-8-sig"
ENCODINGS = {"utf-8": UTF_8, UTF_8: UTF_8, "gb18030": "gb18030"}
"""Encodings of CSV files by the name that region.yaml may give; UTF-8 with or without a byte-order mark."""

EXCEL_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


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


def read_text_tables(path: Path, names: Sequence[str], encoding: str = UTF_8) -> dict[str, TextTable]:
    """Read the named tables that are there.

    Parameters
    ----------
    path
        A folder, an ``.xlsx`` or a ``.gpkg``.
    encoding
        Of the CSV files: one of the values of ``ENCODINGS``.

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
    text = _decoded(file, encoding)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        found, expected = f"text that is not CSV ({error})", "cells separated by commas"
        raise InputError(Finding(file.name, 0, "", found, expected, "Close the quotation marks.")) from None
    header = _header(file.name, rows[0] if rows else [])
    for i, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(header):
            found, expected = f"{len(row)} cells", f"{len(header)} cells as in the header"
            remedy = "Put cells that contain a comma into double quotes."
            raise InputError(Finding(file.name, i, "", found, expected, remedy))
    return TextTable(file.name, _frame(header, rows[1:]))


def _decoded(file: Path, encoding: str) -> str:
    try:
        return file.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        found = f"bytes that are not {encoding.removesuffix('-sig')} (at byte {error.start})"
        remedy = "Save the file as UTF-8, or write `encoding: gb18030` into region.yaml if that is what it is."
        raise InputError(Finding(file.name, 0, "", found, "UTF-8 text", remedy)) from None


def _header(place: str, cells: Iterable[object]) -> list[str]:
    header = [_cell(cell) for cell in cells]
    while header and not header[-1]:
        header.pop()
    if not header:
        remedy = "Write the column names into line 1."
        raise InputError(Finding(place, 1, "", "an empty line", "a header", remedy))
    for i, name in enumerate(header):
        if not name or name in header[:i]:
            found = f"the column {name!r} twice" if name else f"no name over column {i + 1}"
            raise InputError(Finding(place, 1, name, found, "each column named once", "Rename or remove one of them."))
    return header


def _frame(header: list[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Rows of text under a header; short rows are filled up, empty rows at the end left out."""
    width = len(header)
    body = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    while body and not any(body[-1]):
        body.pop()
    return pd.DataFrame(body, columns=header, dtype=str)


def _from_excel(path: Path, names: Sequence[str]) -> dict[str, TextTable]:
    from openpyxl import load_workbook

    try:
        values = load_workbook(path, data_only=True, read_only=True)
        written = load_workbook(path, data_only=False, read_only=True)
    except (BadZipFile, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path.name}: not an Excel workbook (.xlsx) that can be read: {error}.") from None
    try:
        return {
            name: _sheet(f"{path.name}, sheet {name}", _cells(values[name]), _cells(written[name]))
            for name in names
            if name in values.sheetnames
        }
    finally:
        values.close()
        written.close()


def _cells(sheet: Any) -> list[tuple[object, ...]]:
    return [tuple(row) for row in sheet.iter_rows(values_only=True)]


def _sheet(place: str, rows: list[tuple[object, ...]], written: list[tuple[object, ...]]) -> TextTable:
    header = _header(place, rows[0] if rows else ())
    for i, (row, source) in enumerate(zip(rows, written, strict=True), start=1):
        for name, value, formula in zip(header, row, source, strict=False):
            _refuse_uncalculated(place, i, name, value, formula)
    return TextTable(place, _frame(header, [[_cell(v) for v in row] for row in rows[1:]]))


def _refuse_uncalculated(place: str, row: int, column: str, value: object, formula: object) -> None:
    if value in EXCEL_ERRORS:
        remedy = "Mend the formula or its input."
        raise InputError(Finding(place, row, column, f"the error {value}", "a calculated value", remedy))
    if value is None and isinstance(formula, str) and formula.startswith("="):
        remedy = "Open the workbook in Excel or LibreOffice, let it calculate, and save it."
        found = f"the formula {formula} without a value"
        raise InputError(Finding(place, row, column, found, "a calculated value", remedy))


def _cell(value: object) -> str:
    """Text of a cell: whole floats without ``.0``, nothing for what is missing."""
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _from_geopackage(path: Path, names: Sequence[str]) -> dict[str, TextTable]:
    import pyogrio

    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of GDAL; what is missing is said by name later
        try:
            layers = {str(name) for name, _ in pyogrio.list_layers(path)}
        except pyogrio.errors.DataSourceError as error:
            raise InputError(f"{path.name}: not a GeoPackage that can be read: {error}.") from None
        for name in names:
            if name in layers:
                frame = pyogrio.read_dataframe(path, layer=name, read_geometry=False)
                found[name] = TextTable(f"{path.name}, layer {name}", frame.map(_cell).astype(object), first_line=1)
    return found
