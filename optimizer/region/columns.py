"""Typed columns from text: every cell that does not fit the schema becomes a finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimizer.errors import Finding
from optimizer.region.files import TextTable
from optimizer.region.schema import ORIGIN, Column, Table
from optimizer.suggest import did_you_mean


def typed(text: TextTable, table: Table) -> tuple[pd.DataFrame, list[Finding]]:
    """Typed copy of a text table, and what is wrong with it.

    Returns
    -------
    frame
        Every column of the schema and ``origin``: text (object) or numbers (float64), blank cells ``""`` or NaN.
    findings
        Unknown, missing and blank columns, cells of the wrong type or out of range, keys that stand twice.
    """
    findings = [
        Finding(text.place, 1, str(c), "a column that is not known", f"one of {', '.join(table.columns)}",
                f"Rename or remove it{did_you_mean(str(c), [*table.columns, ORIGIN])}")
        for c in text.frame.columns if c not in table.columns and c != ORIGIN
    ]  # fmt: skip
    cells: dict[str, Any] = {}
    for name, column in table.columns.items():
        if name in text.frame.columns:
            reader = _Cells(text, name, column)
            cells[name] = reader.values()
            findings += reader.findings
        else:
            cells[name] = "" if column.type == "str" else np.nan
            if column.required:
                findings.append(Finding(text.place, 1, name, "no such column", meaning(column), "Add the column."))
    cells[ORIGIN] = text.frame[ORIGIN].str.strip() if ORIGIN in text.frame else ""
    frame = pd.DataFrame(cells, index=range(len(text.frame)))
    return frame, findings + _twice(text, table, frame)


def meaning(column: Column) -> str:
    """What a column tells, for a message."""
    unit = f", {column.unit}" if column.unit else ""
    return f"{column.en} ({column.zh}){unit}"


class _Cells:
    """The cells of one column of a text table."""

    def __init__(self, text: TextTable, name: str, column: Column) -> None:
        self.text, self.name, self.column = text, name, column
        self.cells = text.frame[name].str.strip()
        self.blank = (self.cells == "").to_numpy()
        self.findings: list[Finding] = []

    def values(self) -> Any:
        """Typed cells; faults are collected."""
        if self.column.required:
            self._report(self.blank, meaning(self.column), "Fill in the cell.")
        if self.column.type == "str":
            return self.cells.astype(object)
        return self._numbers()

    def _numbers(self) -> pd.Series:
        numbers = pd.to_numeric(self.cells.where(~self.blank), errors="coerce").astype(float)
        whole = self.column.type != "float"
        fits = np.isfinite(numbers) & ((numbers == numbers.round()) | (not whole))
        kind = ("a whole number" if whole else "a number") + (f" ({self.column.unit})" if self.column.unit else "")
        self._report(~self.blank & ~fits, kind, "Write the number alone, without unit or thousands separators.")
        low, high = self.column.min, self.column.max
        outside = ~numbers.between(-np.inf if low is None else low, np.inf if high is None else high)
        limits = ("" if low is None else f" from {low:,g}") + ("" if high is None else f" to {high:,g}")
        self._report(~self.blank & fits & outside, kind + limits, "Correct the number, or its unit.")
        return numbers

    def _report(self, wrong: Any, expected: str, remedy: str) -> None:
        for i in np.flatnonzero(wrong):
            found = repr(self.cells.iloc[i]) if self.cells.iloc[i] else "an empty cell"
            row = int(i) + self.text.first_line
            self.findings.append(Finding(self.text.place, row, self.name, found, expected, remedy))


def _twice(text: TextTable, table: Table, frame: pd.DataFrame) -> list[Finding]:
    key = list(table.key)
    if not key:
        return []
    first = frame.reset_index().groupby(key, sort=False, dropna=False)["index"].transform("first")
    return [
        Finding(text.place, int(i) + text.first_line, ", ".join(key),
                f"{', '.join(text.frame[k].iloc[i] for k in key)} again (as in row {first[i] + text.first_line})",
                "each key once", "Remove or rename one of the two rows.")
        for i in np.flatnonzero(first != frame.index)
    ]  # fmt: skip
