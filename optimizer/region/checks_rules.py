"""Checks of what may be built and paid: sizes, locks, precedence, money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import networkx as nx
import pandas as pd

from optimizer.errors import Finding
from optimizer.region.model import Region
from optimizer.suggest import did_you_mean

ANY = "*"
Options = dict[tuple[str, str], set[str]]
"""Names of the options by system and role."""


def _table(region: Region, name: str) -> pd.DataFrame:
    return region.tables.get(name, pd.DataFrame(columns=list(region.schema[name].columns)))


def _parts(cell: object) -> list[str]:
    return [part.strip() for part in str(cell).split(";") if part.strip()]


def _catalogue(region: Region) -> Options:
    found: Options = region.tables["catalogue"].groupby(["system", "role"])["option"].agg(set).to_dict()
    return found


def _unknown(region: Region, table: str, row: int, column: str, value: str, known: set[str]) -> Finding:
    remedy = f"Correct it, or add the option to catalogue.csv{did_you_mean(value, known)}"
    return region.finding(table, row, column, repr(value), f"one of {', '.join(sorted(known))}", remedy)


def spend_profiles(region: Region) -> Iterator[Finding]:
    """Shares by construction year are numbers that add up to 1, one for each year."""
    catalogue = region.tables["catalogue"]
    for i, (cell, lead) in enumerate(zip(catalogue["spend_profile"], catalogue["lead_years"], strict=True)):
        shares, years = _numbers(cell), max(1, int(lead))
        if not shares or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            remedy = "Give one share for each construction year."
            expected = "shares that add up to 1, such as 0.6;0.4"
            yield region.finding("catalogue", i, "spend_profile", repr(cell), expected, remedy)
        elif len(shares) > years:
            expected, remedy = f"at most {years}, the years of construction", "Correct the shares or lead_years."
            yield region.finding("catalogue", i, "spend_profile", f"{len(shares)} shares", expected, remedy)


def _numbers(cell: str) -> list[float] | None:
    try:
        return [float(part) for part in _parts(cell)]
    except ValueError:
        return None


def upgrades(region: Region) -> Iterator[Finding]:
    """An upgrade leads from another option of the same role, and has a cost only then."""
    known = _catalogue(region)
    for i, row in enumerate(region.tables["catalogue"].itertuples()):
        options = known[row.system, row.role] - {row.option}
        for name in _parts(row.from_options):
            if name not in options:
                yield _unknown(region, "catalogue", i, "from_options", name, options)
        if row.upgrade_cost >= 0 and not row.from_options:
            remedy = "Say in from_options what it enlarges, or empty the cell."
            expected = "an empty cell where from_options is empty"
            yield region.finding("catalogue", i, "upgrade_cost", f"{row.upgrade_cost:.0f}", expected, remedy)


def candidates(region: Region) -> Iterator[Finding]:
    """Roles and options of candidates are in the catalogue."""
    catalogue = _catalogue(region)
    for i, row in enumerate(region.tables["candidates"].itertuples()):
        known = catalogue.get((row.system, row.role), set())
        if not known:
            remedy = f"Add sizes there or correct it{did_you_mean(row.role, {role for _, role in catalogue})}"
            expected = "a system and role of catalogue.csv"
            yield region.finding("candidates", i, "role", f"{row.system}, {row.role}", expected, remedy)
            continue
        for column, cell in (("options", row.options), ("existing_option", row.existing_option)):
            for option in _parts(cell):
                if option not in known and not (column == "options" and option == ANY):
                    yield _unknown(region, "candidates", i, column, option, known)
        if row.existing_option and not row.existing_capacity >= 0:
            expected, remedy = "what it can do in a year", "Fill in the cell; 0 if it serves nobody."
            yield region.finding("candidates", i, "existing_capacity", "an empty cell", expected, remedy)


NAMING_OPTIONS = (
    ("requires", "option", "candidate_id"),
    ("requires", "needs_option", "needs_candidate_id"),
    ("service_needs", "option", "candidate_id"),
    ("locks", "option", "candidate_id"),
    ("candidate_options", "option", "candidate_id"),
)
"""Table, column with an option, column with the candidate whose option it is."""


def named_options(region: Region) -> Iterator[Finding]:
    """Options that rules name are in the catalogue of their candidate's system and role."""
    catalogue, listed = _catalogue(region), region.tables["candidates"]
    roles = zip(listed["system"], listed["role"], strict=True)
    role_of = dict(zip(listed["candidate_id"], roles, strict=True))
    for table, column, owner in NAMING_OPTIONS:
        frame = _table(region, table)
        for i, (candidate, option) in enumerate(zip(frame[owner], frame[column], strict=True)):
            known = catalogue.get(role_of.get(candidate, ("", "")), set())
            if known and option not in known and (option != ANY or table == "candidate_options"):
                yield _unknown(region, table, i, column, option, known)


def locks(region: Region) -> Iterator[Finding]:
    """Locks say what they need to, and no two of them contradict each other."""
    frame = _table(region, "locks")
    for i, row in enumerate(frame.itertuples()):
        if row.kind != "forbidden" and not row.year > 0:
            expected = f"a year for a lock of kind {row.kind}"
            yield region.finding("locks", i, "year", "an empty cell", expected, "Fill in the year.")
        if _payments(row.payments) is None:
            expected = "2025:1200000;2026:800000 (year:CNY)"
            yield region.finding("locks", i, "payments", repr(row.payments), expected, "Correct it.")
    for rows in frame.groupby("candidate_id", sort=False).indices.values():
        yield from _contradictions(region, frame, [int(i) for i in rows])
    yield from _locked_rivals(region, frame)


def _payments(cell: str) -> list[tuple[int, int]] | None:
    try:
        pairs = [part.split(":") for part in _parts(cell)]
        return [(int(year), int(amount)) for year, amount in pairs]
    except ValueError:
        return None


def _contradictions(region: Region, frame: pd.DataFrame, rows: list[int]) -> Iterator[Finding]:
    """Two locks of one candidate: both start it, or one forbids what the other starts."""
    for n, i in enumerate(rows):
        for j in rows[:n]:
            a, b = frame.iloc[j], frame.iloc[i]
            barred = [lock["kind"] == "forbidden" for lock in (a, b)]
            same = a["option"] == b["option"] or ANY in (a["option"], b["option"])
            if (not any(barred)) or (barred[0] != barred[1] and same):
                yield _contradiction(region, i, j, f"{b['kind']} for {b['candidate_id']} {b['option']}")


def _contradiction(region: Region, row: int, other: int, found: str) -> Finding:
    lock = region.tables["locks"].iloc[other]
    what = f"{lock['kind']} for {lock['candidate_id']} {lock['option']}"
    expected = f"nothing against row {region.row_of('locks', other)} ({what})"
    return region.finding("locks", row, "kind", found, expected, "The two rows contradict each other: remove one.")


def _locked_rivals(region: Region, frame: pd.DataFrame) -> Iterator[Finding]:
    """Two members of a group of which at most one is built are both started by locks."""
    starting = frame[frame["kind"] != "forbidden"]
    starts = {candidate: int(i) for i, candidate in starting["candidate_id"].items()}
    for group, members in _table(region, "excludes").groupby("group_id")["candidate_id"]:
        rows = sorted(starts[c] for c in set(members) & set(starts))
        for row in rows[1:]:
            found = f"{frame['kind'].iloc[row]} for {frame['candidate_id'].iloc[row]}, of group {group} of excludes"
            yield _contradiction(region, row, rows[0], found)


def cycles(region: Region) -> Iterator[Finding]:
    """`requires` leads nowhere in a circle."""
    frame = _table(region, "requires")
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, edge in enumerate(zip(frame["candidate_id"], frame["needs_candidate_id"], strict=True)):
        rows[edge].append(i)
    for part in nx.strongly_connected_components(nx.DiGraph(list(rows))):
        inner = sorted(i for (a, b), found in rows.items() if a in part and b in part for i in found)
        if inner:
            lines = ", ".join(str(region.row_of("requires", i)) for i in inner)
            found = f"a circle through {', '.join(sorted(part))} (rows {lines})"
            expected = "an order in which works can follow each other"
            remedy = "Remove one of the rows."
            yield region.finding("requires", inner[0], "needs_candidate_id", found, expected, remedy)


def sources(region: Region) -> Iterator[Finding]:
    """Every source may pay for something, and bonds have rate and term."""
    systems = set(region.tables["catalogue"]["system"])
    wanted = set(region.tables["candidates"]["system"])
    for i, row in enumerate(region.tables["sources"].itertuples()):
        named = set(_parts(row.systems))
        for name in sorted(named - systems - {ANY}):
            expected, remedy = f"* or some of {', '.join(sorted(systems))}", f"Correct it{did_you_mean(name, systems)}"
            yield region.finding("sources", i, "systems", repr(name), expected, remedy)
        if row.max_share == 0 or (ANY not in named and not named & wanted):
            column, found = ("max_share", "0") if row.max_share == 0 else ("systems", repr(row.systems))
            expected = "more than 0" if row.max_share == 0 else f"* or some of {', '.join(sorted(wanted))}"
            remedy = "Nobody may use this source: widen it, or remove it."
            yield region.finding("sources", i, column, found, expected, remedy)
        if row.kind == "bond" and not (row.bond_rate >= 0 and row.bond_term >= 1):
            remedy = "Fill in bond_rate and bond_term."
            yield region.finding("sources", i, "bond_rate", "no rate or no term", "both for a bond", remedy)


def budgets(region: Region) -> Iterator[Finding]:
    """A pool has budgets for `*`, any other source for counties."""
    frame, counties = region.tables["budgets"], set(region.tables["counties"]["county_id"])
    listed = region.tables["sources"]
    level = frame["source_id"].map(dict(zip(listed["source_id"], listed["level"], strict=True)))
    pooled = frame["county_id"] == ANY
    wrong = ((level == "province") != pooled) & level.notna()
    unknown = ~wrong & ~pooled & ~frame["county_id"].isin(counties)
    for i in frame.index[wrong | unknown]:
        value = str(frame["county_id"][i])
        expected = "* (one pool for all)" if level[i] == "province" else "a county_id of counties"
        remedy = f"{frame['source_id'][i]} has level {level[i]} in sources.csv{did_you_mean(value, counties)}"
        yield region.finding("budgets", int(i), "county_id", repr(value), expected, remedy)


RULE_CHECKS: tuple[Callable[[Region], Iterator[Finding]], ...] = (
    spend_profiles,
    upgrades,
    candidates,
    named_options,
    locks,
    cycles,
    sources,
    budgets,
)
