"""How much of a region is fact, derived from facts, or assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from optimizer.region.schema import ORIGIN

if TYPE_CHECKING:
    from optimizer.region.reading import Region

KINDS = ("fact", "derived", "assumption")
ABOUT_NUMBERS = ("origins", "provenance")
"""Tables that tell of the others."""


def provenance_shares(region: Region) -> pd.DataFrame:
    """Count of numbers by table and kind.

    Returns
    -------
    Columns ``table``, ``fact``, ``derived``, ``assumption``, ``unknown``, ``numbers``; the last row is ``total``.
    """
    rows = []
    for table in region.tables:
        counts = dict.fromkeys((*KINDS, "unknown"), 0)
        for kind, numbers in _by_kind(region, table):
            counts[kind] += numbers
        if sum(counts.values()):
            rows.append({"table": table, **counts, "numbers": sum(counts.values())})
    frame = pd.DataFrame(rows, columns=["table", *KINDS, "unknown", "numbers"])
    total = {"table": "total", **frame.drop(columns="table").sum().to_dict()}
    return pd.concat([frame, pd.DataFrame([total])], ignore_index=True)


def without_origin(region: Region) -> Iterator[tuple[str, str]]:
    """Numeric columns with numbers of which nobody says where they come from."""
    stated = _stated(region)
    for table, column in _numeric_columns(region):
        frame = region.tables[table]
        unsaid = frame[column].notna() & (frame[ORIGIN] == "")
        if unsaid.any() and (table, column) not in stated:
            yield table, column


def _by_kind(region: Region, table: str) -> Iterator[tuple[str, int]]:
    stated, frame = _stated(region), region.tables[table]
    of_row = frame[ORIGIN].str.split(":").str[0]
    for name, column in _numeric_columns(region):
        if name == table:
            kinds = of_row.where(of_row != "", stated.get((table, column), "unknown"))[frame[column].notna()]
            for kind, count in kinds.where(kinds.isin(KINDS), "unknown").value_counts().items():
                yield str(kind), int(count)


def _numeric_columns(region: Region) -> Iterator[tuple[str, str]]:
    for table in region.tables:
        if table not in ABOUT_NUMBERS:
            for column, spec in region.schema[table].columns.items():
                if spec.numeric:
                    yield table, column


def _stated(region: Region) -> dict[tuple[str, str], str]:
    origins = region.tables["origins"]
    return {(t, c): k for t, c, k in zip(origins["table"], origins["column"], origins["kind"], strict=True)}
