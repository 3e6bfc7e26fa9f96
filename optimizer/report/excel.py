"""plan.xlsx: summary, project list, money, counties, left out, assumptions, verification, couplings, tables of the systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from optimizer.report.couplings import coupling_tables
from optimizer.report.reasons import reasons
from optimizer.report.views import Views
from optimizer.report.words import WORDS, plain
from optimizer.systems.exhibits import ReportCurves, ReportMap, ReportTable, Words

WIDEST = 46
LONGEST, FORBIDDEN = 31, "[]:*?/\\'"
"""Most letters in the name of a sheet, and those it may not have."""


class _Book:
    """A workbook in which every text is text: nothing a user typed becomes a formula or a link."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(
            path, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
        )
        self.head = self.book.add_format(
            {"bold": True, "bg_color": "#1f4e5f", "font_color": "white", "text_wrap": True, "valign": "top"}
        )
        self.title = self.book.add_format({"bold": True, "font_size": 15})
        self.number = self.book.add_format({"num_format": "#,##0.00"})
        self.whole = self.book.add_format({"num_format": "#,##0"})
        self.share = self.book.add_format({"num_format": "0.0%"})

    def name(self, wanted: str) -> str:
        """A name for a sheet that the file format takes and no other sheet has."""
        short = "".join(c for c in wanted if c not in FORBIDDEN)
        known = {sheet.get_name().lower() for sheet in self.book.worksheets()}
        names = (short[:LONGEST], *(f"{short[: LONGEST - 3]} {i}" for i in range(2, 100)))
        return next(name for name in names if name.lower() not in known)

    def table(
        self, name: str, headers: Sequence[str], rows: Sequence[Sequence[Any]], shares: Sequence[int] = ()
    ) -> None:
        """A sheet with a frozen header, filters and fitting columns."""
        sheet = self.book.add_worksheet(name)
        widths = [min(WIDEST, 2 + _width(h) / 1.6) for h in headers]
        for j, header in enumerate(headers):
            sheet.write_string(0, j, header, self.head)
        for i, row in enumerate(rows, start=1):
            for j, value in enumerate(row):
                self.cell(sheet, i, j, value, j in shares)
                widths[j] = min(WIDEST, max(widths[j], _width(str(value)[:60]) + 2 if isinstance(value, str) else 11))
        for j, width in enumerate(widths):
            sheet.set_column(j, j, width)
        sheet.freeze_panes(1, 0)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(headers) - 1)

    def cell(self, sheet: Any, i: int, j: int, value: Any, share: bool = False) -> None:
        """One value in its own format."""
        if isinstance(value, str):
            sheet.write_string(i, j, value)
        elif value is None or (isinstance(value, float) and not math.isfinite(value)):
            sheet.write_string(i, j, "–")
        else:
            style = self.share if share else self.number if isinstance(value, float) else self.whole
            sheet.write_number(i, j, value, style)


def _width(text: str) -> float:
    return sum(1.9 if ord(c) > 0x2E80 else 1.0 for c in text)


def write_workbook(path: Path, views: Views) -> None:
    """Write the workbook."""
    book = _Book(path)
    _summary(book, views)
    _projects(book, views)
    _money(book, views)
    _counties(book, views)
    _left_out(book, views)
    _assumptions(book, views)
    _verification(book, views)
    _exhibits(book, views)
    book.book.close()


def _summary(book: _Book, views: Views) -> None:
    sheet = book.book.add_worksheet("概要 Summary")
    outcome, verification = views.plan.outcome, views.verification
    sheet.write_string(0, 0, f"{views.region.meta.get('name_zh', '')} {plain('title')}", book.title)
    rows: list[tuple[str, Any, bool]] = [
        (f"{plain('net_benefit')}, 10^6 CNY", outcome.incumbent, False),
        (f"{plain('bound')}, 10^6 CNY", outcome.bound, False),
        (plain("gap"), outcome.gap, True),
        (plain("status"), f"{outcome.termination}, {outcome.solution}", False),
        (plain("verified"), plain("passed" if verification.passed else "failed"), False),
        (plain("projects_started"), len(views.started), False),
        (f"{plain('spending')}, 10^6 CNY", sum(views.money_totals.values()), False),
        *((f"{plain(term)}, 10^6 CNY", value, False) for term, value in views.terms.items()),
        *((f"{zh} {en}, 10^6 CNY", views.money_totals[key], False) for key, zh, en in views.sources),
        *((name, value, False) for name, value in views.metrics.items() if name.startswith("served:")),
    ]
    for i, (label, value, share) in enumerate(rows, start=2):
        sheet.write_string(i, 0, label)
        book.cell(sheet, i, 1, value, share)
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 34)


def _projects(book: _Book, views: Views) -> None:
    frame, sources = views.projects, views.sources
    keys = [
        "candidate_id",
        "name_zh",
        "name_en",
        "system",
        "county_zh",
        "county_en",
        "option",
        "start",
        "service",
        "capacity",
        "overnight_cost",
        *(f"paid_{s}" for s, _, _ in sources),
        *(f"spent_{y}" for y in views.years),
    ]
    headers = [
        "代码 Code",
        "项目 Project",
        "Name",
        "系统 System",
        "县区",
        "County",
        "规模 Size",
        "开工 Start",
        "投用 In service",
        "能力 Capacity a year",
        "造价 Cost (10^6 CNY)",
        *(f"{zh} {en}" for _, zh, en in sources),
        *(f"{y} 支出 Spent" for y in views.years),
    ]
    book.table("项目清单 Projects", headers, _values(frame, keys))


def _values(frame: pd.DataFrame, keys: list[str]) -> list[list[Any]]:
    return [[_plain(v) for v in row] for row in frame.reindex(columns=keys).itertuples(index=False)]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _money(book: _Book, views: Views) -> None:
    rows = [
        [
            f"{r.name_zh} {r.name_en}",
            r.period,
            float(r.budget),
            float(r.carried_in),
            float(r.paid),
            None if r.used != r.used else float(r.used),
        ]
        for r in views.budget_use.itertuples()
    ]
    headers = [
        plain("source"),
        plain("year"),
        f"{plain('budget')} (10^6 CNY)",
        f"{plain('carried_in')} (10^6 CNY)",
        f"{plain('paid')} (10^6 CNY)",
        plain("share_used"),
    ]
    book.table("资金 Money", headers, rows, shares=(5,))


def _counties(book: _Book, views: Views) -> None:
    systems = list(views.problem.systems)
    labels = [" ".join(views.system_label(s)) for s in systems]
    headers = [
        "代码 Code",
        "县区",
        "County",
        f"{plain('spending')} (10^6 CNY)",
        plain("projects"),
        *(f"{x} {plain('served_end')}" for x in labels),
    ]
    keys = ["county_id", "name_zh", "name_en", "spending", "projects", *(f"service_{s}" for s in systems)]
    book.table("县区 Counties", headers, _values(views.counties, keys), shares=range(5, 5 + len(systems)))


def _left_out(book: _Book, views: Views) -> None:
    frame = views.left_out
    rows = [
        [
            r.candidate_id,
            r.name_zh,
            r.name_en,
            r.system,
            r.county_zh,
            r.county_en,
            float(r.cheapest),
            float(r.served),
            float(r.county_left),
            plain(reason),
        ]
        for r, reason in zip(frame.itertuples(), reasons(frame), strict=True)
    ]
    headers = [
        "代码 Code",
        "项目 Project",
        "Name",
        "系统 System",
        "县区",
        "County",
        "最低造价 Cheapest size (10^6 CNY)",
        plain("served_end"),
        "县自筹结余 County money left (10^6 CNY)",
        plain("reason"),
    ]
    book.table("未选 Left out", headers, rows, shares=(7,))


def _assumptions(book: _Book, views: Views) -> None:
    shares = [
        [r.table, int(r.fact), int(r.derived), int(r.assumption), int(r.unknown), int(r.numbers)]
        for r in views.provenance.itertuples()
    ]
    book.table(
        "事实与假设 Facts", [plain(k) for k in ("table", "fact", "derived", "assumption", "unknown", "numbers")], shares
    )
    origins = views.region.tables["origins"]
    book.table(
        "假设说明 Origins",
        ["表 Table", "列 Column", "类别 Kind", "来源 Source", "说明", "Reason"],
        [
            [str(v) for v in row]
            for row in origins[["table", "column", "kind", "source_id", "reason_zh", "reason_en"]].itertuples(
                index=False
            )
        ],
    )
    values = views.region.tables["values"]
    keys = ["key", "name_zh", "name_en", "low", "central", "high", "unit", "basis", "source_id", "reason"]
    book.table(
        "价值参数 Values",
        [
            "键 Key",
            "名称",
            "Name",
            "低 Low",
            "中 Central",
            "高 High",
            "单位 Unit",
            "依据 Basis",
            "来源 Source",
            "说明 Reason",
        ],
        _values(values, keys),
    )


def _verification(book: _Book, views: Views) -> None:
    verification = views.verification
    rows = [
        [name, int(n), sum(v.rule == name for v in verification.violations)] for name, n in verification.checks.items()
    ]
    book.table("核验 Verification", [plain("rule"), plain("rows_checked"), plain("violations")], rows)
    service = verification.service
    book.table(
        "承诺与模拟 Service",
        [plain(k) if k in WORDS else k for k in service.columns],
        [[_plain(v) for v in row] for row in service.itertuples(index=False)],
    )


def _exhibits(book: _Book, views: Views) -> None:
    """Couplings, and every table and set of curves of every system, on a sheet each."""
    for table in coupling_tables(views):
        _exhibit(book, "", table)
    for system, sections in views.exhibits.items():
        for section in sections:
            if not isinstance(section, ReportMap):
                table = section.as_table() if isinstance(section, ReportCurves) else section
                _exhibit(book, views.system_label(system)[0], table)


def _exhibit(book: _Book, system: str, table: ReportTable) -> None:
    rows = [[str(v) if isinstance(v, Words) else _plain(v) for v in row] for row in table.rows]
    book.table(book.name(f"{system} {table.title.zh}".strip()), [str(c) for c in table.columns], rows)
