"""Runs in the terminal."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from optimizer.report.words import plain
from optimizer.scenarios.store import Run
from optimizer.solve.progress import cut_short, million, per_cent
from optimizer.verify.result import Verification

FIRST_PROJECTS = 15
SHOWN_VIOLATIONS = 20


def headline(one: Run, console: Console | None = None) -> None:
    """What the run found, in a few lines."""
    m, console = one.manifest, console or Console()
    verdict = "passed" if m["verification"]["passed"] else "FAILED"
    console.print(
        f"{one.folder.name}: net benefit {m['incumbent']:,.1f} million CNY, bound {million(m['bound'])}, "
        f"gap {per_cent(m['gap'])} ({m['termination']}); {m['counts']['started']} of {m['counts']['candidates']} projects, "
        f"{sum(m['money'].values()):,.0f} million CNY; independent check {verdict}",
        highlight=False,
        soft_wrap=True,
    )
    if cut_short(m["termination"], m["gap"]):
        told = ["cut_short"] if m["counts"]["started"] else ["cut_short", "nothing_begun"]
        for key in told:
            console.print(plain(key), highlight=False, soft_wrap=True)


def run(one: Run) -> None:
    """A run: headline, money, the first projects."""
    console = Console()
    headline(one, console)
    money = Table("source 来源", "million CNY 百万元", title="money 资金")
    for source, amount in one.manifest["money"].items():
        money.add_row(source, f"{amount:,.1f}")
    console.print(money)
    with (one.folder / "schedule.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    projects = Table(
        "start 开工", "county 县区", "project 项目", "option 规模", "million CNY", title=f"projects 项目 ({len(rows)})"
    )
    largest = sorted(rows, key=lambda r: -float(r["spending"]))[:FIRST_PROJECTS]
    for r in largest:
        projects.add_row(r["start"], r["county_zh"], r["name_zh"], r["option"], f"{float(r['spending']):,.1f}")
    console.print(projects)


def runs(found: Sequence[Run]) -> None:
    """A table of runs."""
    table = Table("run", "made", "value", "gap", "check", "status")
    for one in found:
        m = one.manifest
        check = "passed" if m["verification"]["passed"] else "FAILED"
        table.add_row(
            one.folder.name,
            str(m["created"]),
            f"{m['incumbent']:,.1f}",
            per_cent(m["gap"]),
            check,
            m["termination"],
        )
    Console().print(table)


def verification(found: Verification) -> None:
    """The verdict, with every rule's rows and what is broken."""
    console = Console()
    table = Table("rule 规则", "rows checked 检查行数", "violations 违反")
    for name, rows in found.checks.items():
        table.add_row(name, f"{rows:,}", str(sum(v.rule == name for v in found.violations)))
    console.print(table)
    for violation in found.violations[:SHOWN_VIOLATIONS]:
        console.print(f"[red]{violation}[/red]", soft_wrap=True)
    if len(found.violations) > SHOWN_VIOLATIONS:
        console.print(f"... and {len(found.violations) - SHOWN_VIOLATIONS} more")
    console.print(
        f"{'passed' if found.passed else 'FAILED'}: objective claimed {found.objective_claimed:.9g}, "
        f"recomputed {found.objective_recomputed:.9g}; largest difference of service {found.largest_difference:.2g}",
        highlight=False,
        soft_wrap=True,
    )
