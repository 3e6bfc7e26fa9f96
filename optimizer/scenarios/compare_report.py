"""A comparison in the terminal and as one page."""

from __future__ import annotations

import math
from pathlib import Path

from markupsafe import Markup, escape
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from optimizer.report.page import Section, number, render_page, render_section
from optimizer.report.words import both
from optimizer.scenarios.compare import Comparison
from optimizer.solve.progress import per_cent


def show(comparison: Comparison) -> None:
    """One row a run, by its number on the page, counties that get more and less last; labels, which may be long, below."""
    table = Table("no.", "money", "value", "bound", "gap", "in", "out", "moved", "better", "worse", box=SIMPLE, pad_edge=False)
    for column in table.columns:
        column.no_wrap, column.justify = True, "right"
    for i, d in enumerate(comparison.differences, 1):
        m = d.run.manifest
        table.add_row(
            str(i),
            number(d.money),
            number(m["incumbent"], 1),
            number(m["bound"], 1),
            per_cent(m["gap"]),
            str(len(d.added)),
            str(len(d.dropped)),
            str(len(d.moved)),
            str(len(d.better)),
            str(len(d.worse)),
        )
    console = Console()
    console.print(table)
    for i, d in enumerate(comparison.differences, 1):
        console.print(f"{i}: {d.run.label} ({d.run.folder.name})", highlight=False, markup=False, soft_wrap=True)


def write(comparison: Comparison, path: Path) -> None:
    """Write the page."""
    sections = [
        Section("value", both("效益与资金", "Value against money"), _frontier(comparison)),
        Section("runs", both("方案", "Runs"), render_section("comparison.html", c=comparison)),
    ]
    path.write_text(render_page("方案比较", "Comparison of plans", sections), encoding="utf-8")


def _frontier(comparison: Comparison) -> Markup:
    """Value and bound over money, as SVG; runs by their numbers, since labels may be long."""
    points = [
        (d.money, d.run.manifest["incumbent"], d.run.manifest["bound"], d.run.label) for d in comparison.differences
    ]
    heights = [height for p in points for height in p[1:3] if math.isfinite(height)]
    right, top = max(p[0] for p in points) * 1.05 or 1.0, max(heights) * 1.08 or 1.0
    width, height, left, base = 760, 320, 80, 280

    def xy(money: float, value: float) -> tuple[float, float]:
        return left + money / right * (width - left - 20), base - max(0.0, value) / top * (base - 20)

    parts = [f'<svg viewBox="0 0 {width} {height}" class="chart" role="img" aria-label="value against money">']
    for fraction in (0, 0.25, 0.5, 0.75, 1):
        y = base - fraction * (base - 20)
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{top * fraction:,.0f}</text>')
    in_turn = sorted(range(len(points)), key=lambda i: points[i][0])
    for turn, i in enumerate(in_turn):
        money, value, bound, label = points[i]
        x, y = xy(money, value)
        if math.isfinite(bound):
            high = xy(money, bound)[1]
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{high:.1f}" stroke="#e39b3b" stroke-width="3"/>'
            )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1f6f8b"><title>{escape(label)}</title></circle>')
        away = -12 if turn % 2 else 20  # neighbours above and below by turns
        parts.append(f'<text x="{x:.1f}" y="{y + away:.1f}" text-anchor="middle">{i + 1}</text>')
    parts.append(f'<text x="{width - 10}" y="{base + 34}" text-anchor="end">投资 money (10⁶ CNY)</text></svg>')
    note = both("蓝点为方案,编号见下表;橙线到可证明的上界", "Dot: plan, numbered as in the table below; line: up to its proven bound")
    return Markup("".join(parts)) + Markup('<p class="note">{}</p>').format(note)
