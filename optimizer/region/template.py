"""An empty region to begin with: every table with its header, and a page that says what goes where."""

from __future__ import annotations

import csv
from pathlib import Path

from optimizer.errors import InputError
from optimizer.region.reading import ABOUT
from optimizer.region.schema import Column, Schema, Table, load_schema

REGION = """\
id: my_region
name_zh: 我的地区
name_en: My region
base_year: 2024
price_base_year: 2024
# map:                      # optional; without it maps show cells around the seats
#   counties: counties.geojson   (property county_id)
#   rivers: rivers.geojson
# encoding: gb18030         # only if the CSV files are not UTF-8
"""
ABOUT_REGION = {"id": "my_region", "name_zh": "我的地区", "name_en": "My region"}
"""Rows of the sheet that stands for region.yaml in a workbook."""


def write_template(path: Path | str) -> Path:
    """Write a new folder with empty tables, or a workbook when the path ends in ``.xlsx``.

    Raises
    ------
    InputError
        When something stands there already.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: exists already; name a folder or file that does not.")
    if path.suffix == ".xlsx":
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_workbook(path, load_schema())
        return path
    path.mkdir(parents=True)
    (path / "region.yaml").write_text(REGION, encoding="utf-8")
    (path / "COLUMNS.md").write_text(f"# Tables and columns 数据表与字段\n\n{describe()}", encoding="utf-8")
    for name, table in load_schema().items():
        with (path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(table.columns)
    return path


def describe() -> str:
    """Every table and column as Markdown, in both languages."""
    return "\n".join(_describe(name, table) for name, table in load_schema().items())


def _describe(name: str, table: Table) -> str:
    key = f" One row for each {', '.join(table.key)}." if table.key else ""
    lines = [
        f"### `{name}` {table.zh}",
        "",
        f"{table.en}.{key}{' The table may be absent.' if table.optional else ''}",
        "",
        "| column | type | unit | meaning | 含义 | required | from | to | in |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_line(column, spec) for column, spec in table.columns.items()),
        "",
    ]
    return "\n".join(lines)


def _line(name: str, column: Column) -> str:
    limits = ["" if limit is None else f"{limit:g}" for limit in (column.min, column.max)]
    required = "yes" if column.required else ""
    return f"| {' | '.join([name, column.type, column.unit, column.en, column.zh, required, *limits, column.refers])} |"


def _write_workbook(path: Path, schema: Schema) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        bold = book.add_format({"bold": True})
        about = book.add_worksheet(ABOUT)
        for i, line in enumerate([("key", "value"), *ABOUT_REGION.items()]):
            about.write_row(i, 0, line, None if i else bold)
        for name, table in schema.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for i, (column, spec) in enumerate(table.columns.items()):
                sheet.write_string(0, i, column, bold)
                sheet.write_comment(0, i, f"{spec.zh} {spec.en} [{spec.unit or spec.type}]")
                sheet.set_column(i, i, max(12, len(column) + 2))
