"""Checks across a region's tables, one short function a rule; each finding names the row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import networkx as nx
import numpy as np

from optimizer.errors import Finding
from optimizer.region.checks_rules import RULE_CHECKS
from optimizer.region.model import Region
from optimizer.region.provenance import ABOUT_NUMBERS, KINDS, parse_origin, without_origin
from optimizer.region.schema import ORIGIN
from optimizer.suggest import did_you_mean

WORDS = {
    ("places", "kind"): ("township", "county_seat", "market"),
    ("sources", "kind"): ("grant", "own", "bond"),
    ("sources", "level"): ("province", "county"),
    ("locks", "kind"): ("fixed", "forbidden", "in_flight"),
    ("origins", "kind"): KINDS,
    ("values", "basis"): KINDS,
}
"""Columns that take one of a few words."""


def check_region(region: Region) -> list[Finding]:
    """All findings; none means that the tables fit together."""
    return [finding for check in (*CHECKS, *RULE_CHECKS) for finding in check(region)]


def empty_tables(region: Region) -> Iterator[Finding]:
    """A table that may not be absent has rows."""
    for name, table in region.schema.items():
        if not table.optional and region.tables[name].empty:
            expected = f"at least one row of {table.en.split(':')[0].lower()} ({table.zh})"
            yield region.finding(name, None, "", "a header and no rows", expected, "Fill in the table.")


def references(region: Region) -> Iterator[Finding]:
    """Every reference finds its row in the other table."""
    for name, frame in region.tables.items():
        for column, spec in region.schema[name].columns.items():
            if spec.refers:
                table, key = spec.refers.split(".")
                known = set(region.tables[table][key]) if table in region.tables else set()
                for i in np.flatnonzero(~frame[column].isin(known) & (frame[column] != "")):
                    value = str(frame[column].iloc[i])
                    remedy = f"Add it there or correct it{did_you_mean(value, known)}"
                    yield region.finding(name, int(i), column, repr(value), f"a {key} of {table}", remedy)


def words(region: Region) -> Iterator[Finding]:
    """Columns that take one of a few words."""
    for (name, column), allowed in WORDS.items():
        if name in region.tables:
            cells = region.tables[name][column]
            for i in np.flatnonzero(~cells.isin(allowed)):
                value = str(cells.iloc[i])
                remedy = f"Correct it{did_you_mean(value, allowed)}"
                yield region.finding(name, int(i), column, repr(value), f"one of {', '.join(allowed)}", remedy)


def roads(region: Region) -> Iterator[Finding]:
    """Every place can be reached, and left, on the roads."""
    parts = list(nx.strongly_connected_components(region.road_graph()))
    main: set[str] = max(parts, key=len, default=set())
    nodes = region.tables["places"]["node_id"]
    known = nodes.isin(region.tables["node"]["node_id"])
    for i in np.flatnonzero(known & ~nodes.isin(main)):
        found = f"{nodes.iloc[i]}, cut off from the main road network"
        remedy = "Add links in link.csv, or move the place to another node."
        yield region.finding("places", int(i), "node_id", found, "a node that roads lead to and from", remedy)


def sites(region: Region) -> Iterator[Finding]:
    """A candidate lies in the county that answers for it, and its window does not end before it begins."""
    frame, places = region.tables["candidates"], region.tables["places"]
    county = frame["place_id"].map(dict(zip(places["place_id"], places["county_id"], strict=True)))
    for i in np.flatnonzero(county.notna() & (county != frame["county_id"])):
        found, expected = frame["county_id"].iloc[i], f"{county.iloc[i]}, the county of {frame['place_id'].iloc[i]}"
        yield region.finding("candidates", int(i), "county_id", repr(found), expected, "Correct one of the two.")
    for i in np.flatnonzero(frame["earliest_year"] > frame["latest_year"]):
        found, expected = f"{frame['latest_year'].iloc[i]:.0f}", f"{frame['earliest_year'].iloc[i]:.0f} or later"
        yield region.finding("candidates", int(i), "latest_year", found, expected, "Correct one of the two years.")


def corridors(region: Region) -> Iterator[Finding]:
    """Corridors named by candidates exist."""
    cells = region.tables["candidates"]["corridor_id"]
    known = set(region.tables["corridors"]["corridor_id"]) if "corridors" in region.tables else set()
    for i in np.flatnonzero((cells != "") & ~cells.isin(known)):
        remedy = f"Add it there, or leave the cell empty{did_you_mean(cells.iloc[i], known)}"
        yield region.finding("candidates", int(i), "corridor_id", repr(cells.iloc[i]), "a row of corridors", remedy)


def county_rows(region: Region) -> Iterator[Finding]:
    """Every county has its row of rules."""
    counties = region.tables["counties"]["county_id"]
    for i in np.flatnonzero(~counties.isin(region.tables["county_rules"]["county_id"])):
        found = f"{counties.iloc[i]} without rules"
        remedy = "Add the county to county_rules.csv."
        yield region.finding("counties", int(i), "county_id", found, "a row in county_rules.csv", remedy)


def value_ranges(region: Region) -> Iterator[Finding]:
    """The central value lies between the two others."""
    frame = region.tables["values"]
    low, high = np.minimum(frame["low"], frame["high"]), np.maximum(frame["low"], frame["high"])
    for i in np.flatnonzero((frame["central"] < low) | (frame["central"] > high)):
        expected = f"a value from {low.iloc[i]:g} to {high.iloc[i]:g}, between low and high"
        remedy = "Correct one of the three."
        yield region.finding("values", int(i), "central", f"{frame['central'].iloc[i]:g}", expected, remedy)


def number_origins(region: Region) -> Iterator[Finding]:
    """Every numeric column says where its numbers come from."""
    for table, column in without_origin(region):
        found, expected = f"no row for {table}, {column}", "fact, derived or assumption for every numeric column"
        remedy = f"Add a row to origins, or a column `{ORIGIN}` to {table}."
        yield region.finding("origins", None, "table, column", found, expected, remedy)


def stated_sources(region: Region) -> Iterator[Finding]:
    """What is a fact or derived names a source of provenance; what is assumed gives a reason."""
    known = set(region.tables["provenance"]["source_id"])
    for table, kind, reasons in (("origins", "kind", ["reason_zh", "reason_en"]), ("values", "basis", ["reason"])):
        frame = region.tables[table]
        sourced, reasoned = frame[kind] != "assumption", (frame[reasons] != "").any(axis=1)
        for i in np.flatnonzero(sourced & ~frame["source_id"].isin(known)):
            yield _unknown_source(region, table, int(i), "source_id", frame["source_id"].iloc[i], known)
        for i in np.flatnonzero(~sourced & ~reasoned):
            remedy = "Give the reason in a few words."
            yield region.finding(table, int(i), reasons[-1], "an empty cell", "why this is assumed", remedy)


def row_origins(region: Region) -> Iterator[Finding]:
    """Cells of a column `origin` can be read, and what they name exists."""
    known = set(region.tables["provenance"]["source_id"])
    for table, frame in region.tables.items():
        if table not in ABOUT_NUMBERS:
            for cell, rows in frame.groupby(ORIGIN).indices.items():
                yield from _row_origin(region, table, int(rows[0]), str(cell), known)


def _row_origin(region: Region, table: str, row: int, cell: str, known: set[str]) -> Iterator[Finding]:
    columns = region.schema[table].columns
    for origin in parse_origin(cell):
        if origin.kind not in KINDS or not set(origin.columns) <= set(columns):
            expected = "fact:SOURCE, derived:SOURCE or assumption:REASON, before it the columns meant and ="
            yield region.finding(table, row, ORIGIN, repr(cell), expected, "Write it so, for example lon,lat=fact:S1.")
        elif origin.kind != "assumption" and origin.reference not in known:
            yield _unknown_source(region, table, row, ORIGIN, origin.reference, known)


def _unknown_source(region: Region, table: str, row: int, column: str, value: str, known: set[str]) -> Finding:
    remedy = f"Add it there or correct it{did_you_mean(value, known)}"
    return region.finding(table, row, column, repr(value), "a source_id of provenance", remedy)


CHECKS: tuple[Callable[[Region], Iterator[Finding]], ...] = (
    empty_tables,
    references,
    words,
    roads,
    sites,
    corridors,
    county_rows,
    value_ranges,
    number_origins,
    stated_sources,
    row_origins,
)
