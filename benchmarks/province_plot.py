"""Gaps over time as one SVG: each method's best plan from the best bound that any of them proved, and, dashed, from its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

Row = dict[str, Any]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 420, 64, 46, 24
COLOURS = {"chengxiang": "#1f6f8b", "highs": "#b5485d", "greedy": "#e39b3b", "yearly": "#7a9e59"}
LOWEST, HIGHEST = 1e-3, 1.0


def plot(file: Path, rows: list[Row]) -> None:
    """Write the figure; one line a run, both axes logarithmic."""
    drawn = [r for r in rows if r["best_bound"] is not None and r["trace"]]
    longest = max((r["seconds"] for r in drawn), default=1.0)
    parts = [_axes(longest)]
    parts += [line for r in drawn if (line := _line(r, gaps(r), longest))]
    parts += [line for r in drawn if (line := _line(r, certified(r), longest, "5 4"))]
    parts += [
        f'<text x="{WIDTH - 130}" y="{TOP + 18 * (i + 1)}" fill="{colour}" font-size="13">{method}</text>'
        for i, (method, colour) in enumerate(COLOURS.items())
        if any(r["method"] == method for r in drawn)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, *parts, "</svg>"]) + "\n", encoding="utf-8")


def gaps(row: Row) -> list[tuple[float, float]]:
    """(seconds, gap of the best plan so far to the best bound proved by any method)."""
    best = row["best_bound"]
    return [(t, (best - value) / max(abs(value), 1e-9)) for t, value, _ in row["trace"] if value is not None]


def certified(row: Row) -> list[tuple[float, float]]:
    """(seconds, gap of the best plan so far to the bound that the method itself had proved by then)."""
    return [(t, (b - v) / max(abs(v), 1e-9)) for t, v, b in row["trace"] if v is not None and b is not None]


def _x(seconds: float, longest: float) -> float:
    share = math.log10(max(seconds, 1.0)) / max(math.log10(max(longest, 1.0)), 1e-9)
    return LEFT + min(share, 1.0) * (WIDTH - LEFT - 20)


def _y(gap: float) -> float:
    inside = min(max(gap, LOWEST), HIGHEST)
    share = (math.log10(inside) - math.log10(LOWEST)) / (math.log10(HIGHEST) - math.log10(LOWEST))
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _line(row: Row, steps: list[tuple[float, float]], longest: float, dashes: str = "") -> str:
    """Steps from one plan or bound to the next, on to the end of the run."""
    if not steps:
        return ""
    points = []
    for (t, gap), after in zip(steps, [*(t for t, _ in steps[1:]), row["seconds"]], strict=True):
        points += [f"{_x(t, longest):.1f},{_y(gap):.1f}", f"{_x(after, longest):.1f},{_y(gap):.1f}"]
    colour = COLOURS.get(row["method"], "#555")
    title = f"<title>{row['instance']}, {row['method']}</title>"
    shape = f'fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dashes or "none"}"'
    return f'<polyline points="{" ".join(points)}" {shape}>{title}</polyline>'


def _axes(longest: float) -> str:
    """Grid and words."""
    lines = []
    for gap in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
        y = _y(gap)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - 20}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="12">{100 * gap:g} %</text>')
    seconds = 1
    while seconds <= longest:
        x = _x(seconds, longest)
        lines.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" font-size="12">{seconds}</text>'
        )
        seconds *= 10
    middle = (LEFT + WIDTH) / 2
    words = "seconds; gap of the best plan so far to the best bound proved; dashed: to the bound proved by then"
    lines.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle" font-size="12">{words}</text>')
    return "\n".join(lines)
