"""Checks across a region's tables, one short function a rule; each finding names the row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import networkx as nx
import numpy as np
import pandas as pd

from optimizer.errors import Finding
from optimizer.region.provenance import without_origin
from optimizer.region.reading import Region
from optimizer.suggest import did_you_mean

ANY = "*"
KINDS = {
    "places": ("kind", ("township", "county_seat", "market")),
    "sources": ("kind", ("grant", "own", "bond")),
    "locks": ("kind", ("fixed", "forbidden", "in_flight")),
}


def check_region(region: Region) -> list[Finding]:
    """All findings; none means that the tables fit together."""
    return [finding for check in CHECKS for finding in check(region)]


def _table(region: Region, name: str) -> pd.DataFrame:
    return region.tables.get(name, pd.DataFrame(columns=list(region.schema[name].columns)))


def references(region: Region) -> Iterator[Finding]:
    """Every reference finds its row in the other table."""
    for name, frame in region.tables.items():
        for column, spec in region.schema[name].columns.items():
            if not spec.refers:
                continue
            table, key = spec.refers.split(".")
            known = set(region.tables[table][key]) if table in region.tables else set()
            for i in np.flatnonzero(~frame[column].isin(known) & (frame[column] != "")):
                value = str(frame[column].iloc[i])
                yield region.finding(
                    name,
                    int(i),
                    column,
                    repr(value),
                    f"a {key} of {table}",
                    f"Add it there or correct it{did_you_mean(value, known)}",
                )


def words(region: Region) -> Iterator[Finding]:
    """Columns that take one of a few words."""
    for name, (column, allowed) in KINDS.items():
        frame = _table(region, name)
        for i in np.flatnonzero(~frame[column].isin(allowed)):
            value = str(frame[column].iloc[i])
            yield region.finding(
                name,
                int(i),
                column,
                repr(value),
                f"one of {', '.join(allowed)}",
                f"Correct it{did_you_mean(value, allowed)}",
            )


def roads(region: Region) -> Iterator[Finding]:
    """Every place can be reached on the roads."""
    parts = list(nx.weakly_connected_components(region.road_graph()))
    if len(parts) < 2:
        return
    main = max(parts, key=len)
    places = _table(region, "places")
    for i in np.flatnonzero(~places["node_id"].isin(main)):
        yield region.finding(
            "places",
            int(i),
            "node_id",
            f"{places['node_id'].iloc[i]}, cut off from the main road network",
            "a node that roads lead to",
            "Add links in link.csv, or move the place to another node.",
        )


def spend_profiles(region: Region) -> Iterator[Finding]:
    """Shares by construction year are numbers that add up to 1."""
    for i, cell in enumerate(_table(region, "catalogue")["spend_profile"]):
        shares = _numbers(cell)
        if shares is None or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            yield region.finding(
                "catalogue",
                i,
                "spend_profile",
                repr(cell),
                "shares that add up to 1, such as 0.6;0.4",
                "Give one share for each construction year.",
            )


def _numbers(cell: str) -> list[float] | None:
    try:
        return [float(part) for part in str(cell).split(";")]
    except ValueError:
        return None


def options(region: Region) -> Iterator[Finding]:
    """Options named anywhere are in the catalogue of their system and role."""
    catalogue = _table(region, "catalogue").groupby(["system", "role"])["option"].agg(set).to_dict()
    candidates = _table(region, "candidates")
    own = dict(zip(candidates["candidate_id"], zip(candidates["system"], candidates["role"], strict=True), strict=True))
    for i, row in enumerate(candidates.itertuples()):
        known = catalogue.get((row.system, row.role), set())
        if not known:
            yield region.finding(
                "candidates",
                i,
                "role",
                f"{row.system}, {row.role}",
                "a system and role of catalogue.csv",
                f"Add sizes there or correct it{did_you_mean(row.role, {r for _, r in catalogue})}",
            )
        for option in [o for o in str(row.options).split(";") if o not in ("", ANY)] + [
            o for o in [row.existing_option] if o
        ]:
            if known and option.strip() not in known:
                yield _unknown_option(region, "candidates", i, "options", option, known)
    for table, column, owner in (
        ("requires", "option", "candidate_id"),
        ("requires", "needs_option", "needs_candidate_id"),
        ("locks", "option", "candidate_id"),
        ("candidate_options", "option", "candidate_id"),
    ):
        frame = _table(region, table)
        for i, (candidate, option) in enumerate(zip(frame[owner], frame[column], strict=True)):
            known = catalogue.get(own.get(candidate, ("", "")), set())
            if known and option not in known and option != ANY:
                yield _unknown_option(region, table, i, column, option, known)


def _unknown_option(region: Region, table: str, i: int, column: str, option: str, known: set[str]) -> Finding:
    return region.finding(
        table,
        i,
        column,
        repr(option),
        f"one of {', '.join(sorted(known))}",
        f"Correct it, or add the option to catalogue.csv{did_you_mean(option, known)}",
    )


def windows(region: Region) -> Iterator[Finding]:
    """A window does not end before it begins."""
    frame = _table(region, "candidates")
    for i in np.flatnonzero(frame["earliest_year"] > frame["latest_year"]):
        yield region.finding(
            "candidates",
            int(i),
            "latest_year",
            f"{frame['latest_year'].iloc[i]:.0f}",
            f"{frame['earliest_year'].iloc[i]:.0f} or later",
            "Correct one of the two years.",
        )


def locks(region: Region) -> Iterator[Finding]:
    """Locks say what they need to, and no two of them contradict each other."""
    frame = _table(region, "locks")
    settled: dict[tuple[str, str], int] = {}
    started: dict[str, int] = {}
    for i, row in enumerate(frame.itertuples()):
        if row.kind != "forbidden" and not row.year > 0:
            yield region.finding(
                "locks", i, "year", "an empty cell", f"a year for a lock of kind {row.kind}", "Fill in the year."
            )
        if _payments(row.payments) is None:
            yield region.finding(
                "locks", i, "payments", repr(row.payments), "2025:1200000;2026:800000 (year:CNY)", "Correct it."
            )
        clash = settled.get((row.candidate_id, row.option))
        if clash is None and row.kind != "forbidden":
            clash = started.get(row.candidate_id)
        if clash is not None:
            other = frame.iloc[clash]
            yield region.finding(
                "locks",
                i,
                "kind",
                f"{row.kind} for {row.candidate_id} {row.option}",
                f"nothing against row {region.row_of('locks', clash)} ({other['kind']} {other['option']})",
                "The two rows contradict each other: remove one.",
            )
        settled.setdefault((row.candidate_id, row.option), i)
        if row.kind != "forbidden":
            started.setdefault(row.candidate_id, i)


def _payments(cell: str) -> list[tuple[int, int]] | None:
    try:
        pairs = [part.split(":") for part in str(cell).split(";") if part.strip()]
        return [(int(year), int(amount)) for year, amount in pairs]
    except ValueError:
        return None


def cycles(region: Region) -> Iterator[Finding]:
    """`requires` leads nowhere in a circle."""
    frame = _table(region, "requires")
    graph = nx.DiGraph()
    for i, (a, b) in enumerate(zip(frame["candidate_id"], frame["needs_candidate_id"], strict=True)):
        graph.add_edge(a, b, row=region.row_of("requires", i), index=i)
    for part in nx.strongly_connected_components(graph):
        inner = [(u, v) for u, v in graph.edges if u in part and v in part]
        if inner:
            rows = sorted(graph.edges[e]["row"] for e in inner)
            first = min(graph.edges[e]["index"] for e in inner)
            yield region.finding(
                "requires",
                first,
                "needs_candidate_id",
                f"a circle through {', '.join(sorted(part))} (rows {', '.join(map(str, rows))})",
                "an order in which works can follow each other",
                "Remove one of the rows.",
            )


def money(region: Region) -> Iterator[Finding]:
    """Every source may pay for something, has budgets where it should, and bonds have rate and term."""
    systems = set(_table(region, "candidates")["system"])
    counties, budgets = set(_table(region, "counties")["county_id"]), _table(region, "budgets")
    sources = _table(region, "sources")
    level = dict(zip(sources["source_id"], sources["level"], strict=True))
    for i, row in enumerate(sources.itertuples()):
        named = {s.strip() for s in row.systems.split(";")}
        if row.level not in ("province", "county"):
            yield region.finding("sources", i, "level", repr(row.level), "province or county", "Correct it.")
        if ANY not in named and not named & systems:
            yield region.finding(
                "sources",
                i,
                "systems",
                repr(row.systems),
                f"* or some of {', '.join(sorted(systems))}",
                "Nobody may use this source: name a system that has candidates, or remove the source.",
            )
        if row.max_share == 0:
            yield region.finding(
                "sources", i, "max_share", "0", "more than 0", "Nobody may use this source: raise the share."
            )
        if row.kind == "bond" and not (row.bond_rate >= 0 and row.bond_term >= 1):
            yield region.finding(
                "sources", i, "bond_rate", "no rate or no term", "both for a bond", "Fill in bond_rate and bond_term."
            )
    for i, row in enumerate(budgets.itertuples()):
        pool = level.get(row.source_id) == "province"
        if pool != (row.county_id == ANY) and row.source_id in level:
            yield region.finding(
                "budgets",
                i,
                "county_id",
                repr(row.county_id),
                "*" if pool else "a county",
                f"{row.source_id} has level {level[row.source_id]} in sources.csv.",
            )
        elif row.county_id != ANY and row.county_id not in counties:
            yield region.finding(
                "budgets",
                i,
                "county_id",
                repr(row.county_id),
                "a county_id of counties",
                f"Correct it{did_you_mean(row.county_id, counties)}",
            )


def rules(region: Region) -> Iterator[Finding]:
    """Every county has its row of rules."""
    ruled = set(_table(region, "county_rules")["county_id"])
    counties = _table(region, "counties")
    for i in np.flatnonzero(~counties["county_id"].isin(ruled)):
        yield region.finding(
            "counties",
            int(i),
            "county_id",
            f"{counties['county_id'].iloc[i]} without rules",
            "a row in county_rules.csv",
            "Add the county to county_rules.csv.",
        )


def corridors(region: Region) -> Iterator[Finding]:
    """Corridors named by candidates exist."""
    known = set(_table(region, "corridors")["corridor_id"])
    frame = _table(region, "candidates")
    for i in np.flatnonzero((frame["corridor_id"] != "") & ~frame["corridor_id"].isin(known)):
        yield region.finding(
            "candidates",
            int(i),
            "corridor_id",
            repr(frame["corridor_id"].iloc[i]),
            "a corridor of corridors.csv",
            "Add it there, or leave the cell empty.",
        )


def number_origins(region: Region) -> Iterator[Finding]:
    """Every numeric column says where its numbers come from."""
    for table, column in without_origin(region):
        yield Finding(
            region.places["origins"],
            0,
            "table, column",
            f"no row for {table}, {column}",
            "fact, derived or assumption for every numeric column",
            f"Add a row to origins, or a column `origin` to {table}.",
        )


CHECKS: tuple[Callable[[Region], Iterator[Finding]], ...] = (
    references,
    words,
    roads,
    spend_profiles,
    options,
    windows,
    locks,
    cycles,
    money,
    rules,
    corridors,
    number_origins,
)
