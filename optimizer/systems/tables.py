"""Reading region tables: blanks, lists in a cell, records, and values by choice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from optimizer.errors import InputError
from optimizer.region import Region
from optimizer.suggest import did_you_mean


def blank(value: Any) -> bool:
    """Whether a cell is empty."""
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and np.isnan(value))


def text(value: Any) -> str:
    """A cell as text, empty if blank."""
    return "" if blank(value) else str(value)


def number(value: Any, default: float) -> float:
    """A cell as a number, or ``default`` if blank."""
    return default if blank(value) else float(value)


def parts(value: Any) -> list[str]:
    """The entries of a ``;``-separated cell."""
    return [p.strip() for p in text(value).split(";") if p.strip()]


def rows(region: Region, table: str) -> pd.DataFrame:
    """A table, empty if the region has none of that name."""
    return region.tables.get(table, pd.DataFrame(columns=list(region.schema[table].columns)))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, with the row's place in the table under ``row``."""
    listed: list[dict[str, Any]] = frame.to_dict("records")
    for index, record in zip(frame.index, listed, strict=True):
        record["row"] = index
    return listed


def where(region: Region, table: str, row: int) -> str:
    """Table and line, for messages that name a rule's rows."""
    return f"{region.places[table]} row {region.row_of(table, row)}"


@dataclass(frozen=True)
class Values:
    """Numbers of values.csv at a choice: low, central or high."""

    region: Region
    choice: str = "central"

    @cached_property
    def _numbers(self) -> dict[str, float]:
        frame = rows(self.region, "values")
        return dict(zip(frame["key"].astype(str), frame[self.choice].astype(float), strict=True))

    def number(self, key: str) -> float:
        """The value of a key.

        Raises
        ------
        InputError
            When values.csv has no such key.
        """
        if key not in self._numbers:
            near = did_you_mean(key, self._numbers)
            raise InputError(
                self.region.finding("values", None, "key", f"no {key!r}", "a row with this key", f"Add it{near}")
            )
        return self._numbers[key]

    def optional(self, key: str | None) -> float:
        """The value of a key, 0 without one."""
        return 0.0 if key is None else self.number(key)

    def total(self, products: Iterable[Iterable[str]]) -> float:
        """Sum of products of keys."""
        return float(sum(np.prod([self.number(key) for key in product]) for product in products))
