"""A region's tables as text, read afresh for the independent eye, and what is compared with them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from optimizer.region.files import read_text_tables
from optimizer.verify.result import Violation

if TYPE_CHECKING:
    from optimizer.region import Region

Row = dict[str, str]
NAMES = (
    "catalogue", "candidates", "candidate_options", "sources", "budgets", "county_rules", "demand", "requires", "service_needs",
    "excludes", "locks", "corridors", "values", "pipe_corridors", "elevations", "supplies", "river_reaches", "flood_peaks",
    "flood_zones", "zone_drainage", "zone_assets", "damage_curves", "zone_places",
)  # fmt: skip
RELATIVE = 1e-9


class Tables:
    """Every cell as it stands in the region's files; tables that a region may lack are empty."""

    def __init__(self, region: Region) -> None:
        self.path, self.encoding = region.path, str(region.meta.get("encoding", "utf-8-sig"))

    @cached_property
    def all(self) -> dict[str, list[Row]]:
        """Rows by table."""
        if self.path.is_dir():
            return {name: self._csv(name) for name in NAMES}
        found = read_text_tables(self.path, list(NAMES))
        return {name: found[name].frame.to_dict("records") if name in found else [] for name in NAMES}

    def _csv(self, name: str) -> list[Row]:
        file = self.path / f"{name}.csv"
        if not file.is_file():
            return []
        with file.open(encoding=self.encoding, newline="") as text:
            reader = csv.reader(text)
            header = [cell.strip() for cell in next(reader)]
            return [dict(zip(header, (c.strip() for c in row), strict=True)) for row in reader if any(row)]

    def by(self, name: str, *key: str) -> dict[tuple[str, ...], Row]:
        """Rows of a table by key columns."""
        return {tuple(row[k] for k in key): row for row in self.all[name]}


def number(cell: str | None, blank: float = 0.0) -> float:
    """A cell as a number."""
    return float(cell) if cell else blank


def parts(cell: str) -> list[str]:
    """Entries of a cell, separated by ``;``."""
    return [part.strip() for part in cell.split(";") if part.strip()]


class Comparison:
    """Numbers of a problem held against those of the tables: how many, and which differ."""

    def __init__(self) -> None:
        self.rows = 0
        self.found: list[Violation] = []

    def same(self, what: str, found: float, expected: float, within: float | None = None) -> None:
        """Compare two numbers, to 1e-9 (relative) or within an amount."""
        self.rows += 1
        allowed = RELATIVE * max(1.0, abs(expected)) if within is None else within
        if not (found == expected or abs(found - expected) <= allowed):
            self._differ(what, f"{found:.12g}", f"{expected:.12g}")

    def equal(self, what: str, found: object, expected: object) -> None:
        """Compare two names."""
        self.rows += 1
        if found != expected:
            self._differ(what, repr(found), repr(expected))

    def alike(self, what: str, found: Iterable[object], expected: Iterable[object]) -> None:
        """Compare two sets of rules."""
        mine, theirs = set(found), set(expected)
        self.rows += len(mine | theirs)
        for rule in mine - theirs:
            self._differ(what, str(rule), "no such rule")
        for rule in theirs - mine:
            self._differ(what, "no such rule", str(rule))

    def _differ(self, what: str, found: str, expected: str) -> None:
        self.found.append(Violation("tables", what, f"{found} in the problem", f"{expected} in the tables"))
