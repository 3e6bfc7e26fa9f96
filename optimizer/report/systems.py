"""What each system adds to the report: the tables, maps and curves that its archetype shapes from the plan."""

from __future__ import annotations

from numbers import Number
from typing import Any

from markupsafe import Markup

from optimizer.report.curves import curves_html
from optimizer.report.maps import Base, map_html
from optimizer.report.page import render_section
from optimizer.report.views import Views
from optimizer.report.words import both
from optimizer.systems.exhibits import ReportCurves, ReportMap, ReportSection, ReportTable, Words

MOST_ROWS = 300


def systems_section(views: Views, base: Base) -> Markup:
    """Body of the section: everything that every system of the run shows, in the order of the systems."""
    systems = [
        {"label": views.system_label(name), "exhibits": [
            {"title": section.title, "body": exhibit(section, base, f"map-{name}-{i}")} for i, section in enumerate(sections)
        ]}
        for name, sections in views.exhibits.items()
        if sections
    ]  # fmt: skip
    mapped = any(isinstance(s, ReportMap) for sections in views.exhibits.values() for s in sections)
    return render_section("systems.html", systems=systems, script=render_section("map_script.html") if mapped else "")


def exhibit(section: ReportSection, base: Base, key: str) -> Markup:
    """A table, map or set of curves, its title left to the caller."""
    if isinstance(section, ReportMap):
        return map_html(section, base, key)
    return curves_html(section) if isinstance(section, ReportCurves) else table_html(section)


def table_html(table: ReportTable) -> Markup:
    """A table; a column is one of numbers when all its cells are."""
    numeric = [all(isinstance(row[i], Number) for row in table.rows) for i in range(len(table.columns))]
    rows = [[_cell(value) for value in row] for row in table.rows[:MOST_ROWS]]
    more = len(table.rows) - MOST_ROWS
    return render_section("table.html", note=table.note, columns=table.columns, numeric=numeric, rows=rows, more=more)


def _cell(value: Any) -> dict[str, Any]:
    """What is read, and what is sorted by."""
    if isinstance(value, Words):
        return {"text": both(*value) if value.zh != value.en else value.zh, "sort": value.zh}
    if isinstance(value, Number):
        return {"text": "–" if value != value else f"{value:,}", "sort": value}
    return {"text": value, "sort": value}
