"""Writers of a run's files; all of them read the same views and compute nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.report.views import Views


def write_report_files(folder: Path, views: Views) -> None:
    """Write schedule.csv, plan.xlsx, plan.gpkg and report.html into a folder."""
    from optimizer.report.excel import write_workbook
    from optimizer.report.geopackage import write_geopackage
    from optimizer.report.html import write_html
    from optimizer.report.schedule import write_schedule

    write_schedule(folder / "schedule.csv", views)
    write_workbook(folder / "plan.xlsx", views)
    write_geopackage(folder / "plan.gpkg", views)
    write_html(folder / "report.html", views)
