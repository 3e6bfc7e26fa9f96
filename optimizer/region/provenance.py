"""How much of a region is fact, derived from facts, or assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from optimizer.region.schema import ORIGIN

if TYPE_CHECKING:
    from optimizer.region.model import Region

KINDS = ("fact", "derived", "assumption")
ABOUT_NUMBERS = ("origins", "provenance")
"""Tables that tell of the others."""


class RowOrigin(NamedTuple):
    """What a cell of a column ``origin`` says: of which columns of its row (none named: all), what kind, from where."""

    columns: tuple[str, ...]
    kind: str
    reference: str

    def covers(self, column: str) -> bool:
        """Whether it tells of a column."""
        return not self.columns or column in self.columns


def parse_origin(cell: str) -> list[RowOrigin]:
    """Read ``fact:C01`` or ``lon,lat=fact:C03; length=derived:R01``."""
    found = []
    for part in filter(None, (p.strip() for p in cell.split(";"))):
        columns, _, stated = part.rpartition("=")
        kind, _, reference = stated.partition(":")
        named = tuple(c.strip() for c in columns.split(",") if c.strip())
        found.append(RowOrigin(named, kind.strip(), reference.strip()))
    return found


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
    for table in region.tables:
        for column, kinds in _kinds(region, table):
            if (kinds == "").any():
                yield table, column


def _by_kind(region: Region, table: str) -> Iterator[tuple[str, int]]:
    for _, kinds in _kinds(region, table):
        for kind, count in kinds.where(kinds.isin(KINDS), "unknown").value_counts().items():
            yield str(kind), int(count)


def _kinds(region: Region, table: str) -> Iterator[tuple[str, pd.Series]]:
    """Every numeric column of a table with the kind of each of its numbers, empty where nothing is said."""
    if table in ABOUT_NUMBERS:
        return
    frame, stated = region.tables[table], _stated(region)
    told = {cell: parse_origin(cell) for cell in frame[ORIGIN].unique()}
    for column, spec in region.schema[table].columns.items():
        if spec.numeric:
            of_cell = {cell: _kind_of(origins, column) for cell, origins in told.items()}
            kinds = frame[ORIGIN].map(of_cell)
            yield column, kinds.where(kinds != "", stated.get((table, column), ""))[frame[column].notna()]


def _kind_of(origins: list[RowOrigin], column: str) -> str:
    return next((o.kind for o in origins if o.covers(column)), "")


def _stated(region: Region) -> Mapping[tuple[str, str], str]:
    origins = region.tables["origins"]
    return {(t, c): k for t, c, k in zip(origins["table"], origins["column"], origins["kind"], strict=True)}
