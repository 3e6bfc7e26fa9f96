"""What differs between runs, from their folders alone."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.plan_file import read_plan
from optimizer.scenarios.store import Run

SAME = 0.005


@dataclass(frozen=True)
class Difference:
    """A run beside the first one.

    ``added``, ``dropped``: projects by id; ``moved``: id, start in the first run, start here; ``better``, ``worse``: counties
    that get more or less money than in the first run, with the change in 10^6 CNY.
    """

    run: Run
    money: float
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    better: tuple[tuple[str, float], ...]
    worse: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Comparison:
    """Runs compared with the first of them; ``names`` (zh, en) of every project that is in any."""

    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]
    names: dict[str, tuple[str, str]]
    years: tuple[str, ...]


def compare(runs: Sequence[Run]) -> Comparison:
    """Compare runs with the first one."""
    schedules = [_schedule(run) for run in runs]
    names = {row["candidate_id"]: (row["name_zh"], row["name_en"]) for rows in schedules for row in rows}
    differences = tuple(_difference(run, rows, schedules[0]) for run, rows in zip(runs, schedules, strict=True))
    labels = read_plan(runs[0].folder / "plan.nc").meta.get("period_labels", "")
    return Comparison(tuple(runs), differences, names, tuple(str(labels).split()))


def _schedule(run: Run) -> list[dict[str, str]]:
    with (run.folder / "schedule.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _difference(run: Run, rows: list[dict[str, str]], first: list[dict[str, str]]) -> Difference:
    mine, theirs = _starts(rows), _starts(first)
    change = _money(rows)
    for county, amount in _money(first).items():
        change[county] = change.get(county, 0.0) - amount
    ordered = sorted(change.items(), key=lambda pair: -abs(pair[1]))
    return Difference(
        run,
        sum(run.manifest["money"].values()),
        tuple(c for c in mine if c not in theirs),
        tuple(c for c in theirs if c not in mine),
        tuple((c, theirs[c], mine[c]) for c in mine if c in theirs and mine[c] != theirs[c]),
        tuple((c, v) for c, v in ordered if v > SAME),
        tuple((c, v) for c, v in ordered if v < -SAME),
    )


def _starts(rows: list[dict[str, str]]) -> dict[str, str]:
    starts: dict[str, str] = {}
    for row in rows:
        starts[row["candidate_id"]] = min(row["start"], starts.get(row["candidate_id"], row["start"]))
    return starts


def _money(rows: list[dict[str, str]]) -> dict[str, float]:
    """10^6 CNY by county; a project that starts twice spends once."""
    spent = {row["candidate_id"]: (f"{row['county_zh']} {row['county_en']}", float(row["spending"])) for row in rows}
    money: dict[str, float] = {}
    for county, amount in spent.values():
        money[county] = money.get(county, 0.0) + amount
    return money
