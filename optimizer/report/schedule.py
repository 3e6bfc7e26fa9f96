"""schedule.csv: one row a start, for whoever counts further."""

from __future__ import annotations

import csv
from pathlib import Path

from optimizer.report.views import Views

RISKY = ("=", "+", "-", "@", "\t", "\r")


def safe(text: object) -> object:
    """A text that a spreadsheet takes as text: what would begin a formula gets an apostrophe before it."""
    return f"'{text}" if isinstance(text, str) and text.startswith(RISKY) else text


def write_schedule(path: Path, views: Views) -> None:
    """Write the project list as CSV (UTF-8 with a byte order mark, so that Excel reads the Chinese)."""
    projects = views.projects
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(projects.columns)
        for row in projects.itertuples(index=False):
            writer.writerow([round(v, 6) if isinstance(v, float) else safe(v) for v in row])
