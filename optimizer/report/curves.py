"""Small charts of lines, a panel each, as SVG."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from optimizer.report.page import render_section
from optimizer.report.svg import PALETTE, round_step
from optimizer.systems.exhibits import ReportCurves

WIDE, TALL, LEFT, RIGHT, TOP, BASE = 250.0, 150.0, 46.0, 12.0, 10.0, 126.0
COLOURS = (PALETTE[3], PALETTE[0], *PALETTE[1:3])


def curves_html(section: ReportCurves) -> Markup:
    """Every panel with its own height, all over the same axis."""
    across = _across(section.at)
    panels = [{"name": panel.name, **_panel(section, panel.heights, across)} for panel in section.panels]
    lines = list(zip(section.lines, COLOURS, strict=False))
    ticks = list(zip(across, section.ticks, strict=True))
    return render_section(
        "curves.html", section=section, panels=panels, lines=lines, ticks=ticks, wide=WIDE, tall=TALL, left=LEFT, base=BASE,
        right=WIDE - RIGHT,
    )  # fmt: skip


def _across(at: np.ndarray) -> list[float]:
    """Places on the page, evenly in the logarithm."""
    logs = np.log(np.asarray(at, float))
    span = float(np.ptp(logs)) or 1.0
    return [round(float(LEFT + (v - logs[0]) / span * (WIDE - LEFT - RIGHT)), 1) for v in logs]


def _panel(section: ReportCurves, heights: np.ndarray, across: list[float]) -> dict[str, Any]:
    most = max(float(np.max(heights)), 1e-9)
    step = round_step(most)
    top = step * float(np.ceil(most / step - 1e-9))

    def up(value: float) -> float:
        return round(BASE - value / top * (BASE - TOP), 1)

    levels = [(up(v), f"{v:,g}") for v in np.arange(0, top + step / 2, step)]
    drawn = [
        {"path": "M" + "L".join(f"{x},{up(float(h))}" for x, h in zip(across, row, strict=True)),
         "dots": [(x, up(float(h)), f"{section.ticks[i]}: {h:,.4g}") for i, (x, h) in enumerate(zip(across, row, strict=True))]}
        for row in heights
    ]  # fmt: skip
    return {"levels": levels[:: 2 if len(levels) > 4 else 1], "drawn": drawn}
