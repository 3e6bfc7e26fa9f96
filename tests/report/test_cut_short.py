"""A plan that time has cut short far from its bound says so, in the terminal and in both languages of the report."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from optimizer.report import write_report_files
from optimizer.report.views import Views
from optimizer.report.words import WORDS
from optimizer.scenarios.show import headline
from optimizer.scenarios.store import Run
from optimizer.solve.progress import cut_short


@pytest.mark.parametrize(
    ("termination", "gap", "told"),
    [
        ("time_limit", 0.04, False),
        ("time_limit", 0.5, True),
        ("interrupted", 0.5, True),
        ("time_limit", float("inf"), True),
        ("time_limit", float("nan"), True),
        ("optimal", 0.2, False),
        ("round_limit", 0.5, False),
    ],
)
def test_only_want_of_time_is_told(termination: str, gap: float, told: bool) -> None:
    assert cut_short(termination, gap) == told


@pytest.mark.parametrize(("termination", "told"), [("time_limit", True), ("optimal", False)])
def test_the_report_tells(views: Views, tmp_path: Path, termination: str, told: bool) -> None:
    outcome = replace(views.plan.outcome, termination=termination, bound=3.0 * abs(views.plan.outcome.incumbent) + 1.0)
    write_report_files(tmp_path, replace(views, plan=replace(views.plan, outcome=outcome)))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all((words in page) == told for words in WORDS["cut_short"])
    assert not any(words in page for words in WORDS["nothing_begun"])  # something was


@pytest.mark.parametrize(("started", "gap", "lines"), [(0, 1e14, 3), (0, float("inf"), 3), (7, 1.43, 2), (7, 0.03, 1)])
def test_the_terminal_tells(tmp_path: Path, started: int, gap: float, lines: int) -> None:
    manifest = {
        "verification": {"passed": True},
        "incumbent": 1.0,
        "bound": 1.0 + gap,
        "gap": gap,
        "termination": "time_limit",
        "counts": {"started": started, "candidates": 9},
        "money": {"county": 1.0},
    }
    shown = io.StringIO()
    headline(Run(tmp_path, manifest), Console(file=shown, width=500))
    text = shown.getvalue()
    assert len(text.splitlines()) == lines
    assert "bound inf" not in text
    assert all((words in text) == (lines > 1) for words in WORDS["cut_short"])
    assert all((words in text) == (started == 0) for words in WORDS["nothing_begun"])
