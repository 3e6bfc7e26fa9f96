"""What each system adds to the report: the tables that its archetype shapes from the plan."""

from __future__ import annotations

from numbers import Number
from typing import Any

from markupsafe import Markup

from optimizer.report.page import render_section
from optimizer.report.views import Views
from optimizer.systems.protocol import ReportSection
from optimizer.systems.registry import archetype

MOST_ROWS = 300


def systems_section(views: Views) -> Markup:
    """Body of the section: every table of every system of the run, in the order of the systems."""
    shown = [
        shaped(views.system_label(name), section)
        for name, system in views.problem.systems.items()
        for section in archetype(system.archetype).report_sections(views.problem, system, views.plan)
    ]
    return render_section("systems.html", sections=shown)


def shaped(label: tuple[str, str], section: ReportSection) -> dict[str, Any]:
    """The section as its template wants it; a column is one of numbers when all its cells are."""
    columns = list(zip(section.columns["zh"], section.columns["en"], strict=True))
    numeric = [all(isinstance(row[i], Number) for row in section.rows) for i in range(len(columns))]
    return {
        "system": label,
        "title": section.title,
        "columns": columns,
        "numeric": numeric,
        "rows": section.rows[:MOST_ROWS],
        "more": len(section.rows) - MOST_ROWS,
    }
