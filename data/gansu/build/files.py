"""Reading the facts and writing the tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
Row = dict[str, Any]


def read_facts(name: str) -> list[dict[str, str]]:
    """Rows of a table of facts, as text."""
    with (HERE / "facts" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


NUMBER_IN = {"statements.csv": "value", "unit_costs.csv": "unit_cost", "valuation.csv": "value_central"}
"""Tables of single facts, and the column that holds the number."""


@lru_cache(maxsize=1)
def _facts() -> dict[str, str]:
    return {r["source_id"]: r[column] for name, column in NUMBER_IN.items() for r in read_facts(name)}


def fact(source_id: str) -> float:
    """The number that a source states."""
    return float(_facts()[source_id])


def write_table(folder: Path, name: str, rows: Iterable[Mapping[str, Any]], columns: list[str]) -> None:
    """Write one CSV; floats in their shortest form, so that the same facts always give the same bytes."""
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_text(row.get(column, "")) for column in columns])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(round(value, 6))
    return str(value)
