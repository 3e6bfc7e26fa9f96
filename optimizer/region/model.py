"""A region as the rest of the program sees it: typed tables, where each row stands, roads, map files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from optimizer.errors import Finding
from optimizer.region.schema import Schema

if TYPE_CHECKING:
    import networkx as nx

MAP_LAYERS = ("counties", "rivers")


@dataclass(frozen=True)
class Region:
    """A region's tables, typed and checked one by one; :meth:`check` looks across them.

    Parameters
    ----------
    path
        Folder, workbook or GeoPackage it was read from.
    meta
        ``region.yaml``: id, names, base year, map files.
    tables
        DataFrames by name; text columns hold ``""`` and number columns NaN where a cell is blank.
    places
        What messages call each table's file.
    first_lines
        Line, in its file, of each table's first row.
    """

    path: Path
    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    places: Mapping[str, str]
    first_lines: Mapping[str, int]
    schema: Schema

    @property
    def name(self) -> str:
        return str(self.meta["id"])

    def row_of(self, table: str, index: int) -> int:
        """Line, in its file, of a row of a table."""
        return int(index) + self.first_lines[table]

    def finding(
        self, table: str, index: int | None, column: str, found: str, expected: str, remedy: str
    ) -> Finding:
        """A fault in a table, at a row of it or (None) in all of it."""
        row = 0 if index is None else self.row_of(table, index)
        return Finding(self.places.get(table, table), row, column, found, expected, remedy)

    def check(self) -> list[Finding]:
        """Faults across tables: references, roads, money, rules that contradict each other."""
        from optimizer.region.checks import check_region

        return check_region(self)

    def road_graph(self) -> nx.MultiDiGraph:
        """The roads as a directed NetworkX graph with ``seconds`` and ``km`` on every link."""
        import networkx as nx  # here, since it takes a sixth of a second that no table has to wait for

        link = self.tables["link"]
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.tables["node"]["node_id"])
        seconds, two_way = link["length"] / link["free_speed"] * 3600, link["directed"] == 0
        ends = zip(link["from_node_id"], link["to_node_id"], seconds, link["length"], two_way, strict=True)
        for u, v, s, km, both_ways in ends:
            graph.add_edge(u, v, seconds=s, km=km)
            if both_ways:
                graph.add_edge(v, u, seconds=s, km=km)
        return graph

    def geometry(self, layer: str) -> Path | None:
        """Map file of a layer (``counties``, ``rivers``), or None when there is none."""
        file = self.meta.get("map", {}).get(layer)
        folder = self.path if self.path.is_dir() else self.path.parent
        return folder / file if file and (folder / file).is_file() else None

    def files(self) -> list[Path]:
        """Every file the region is made of, for hashing."""
        if self.path.is_file():
            return [self.path]
        named = [self.path / "region.yaml", *(self.path / f"{name}.csv" for name in self.tables)]
        return sorted(f for f in [*named, *filter(None, map(self.geometry, MAP_LAYERS))] if f.is_file())
