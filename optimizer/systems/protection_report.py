"""What flood works show in the report: damage before and after, by return period and by year, and what they mean elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.exhibits import Panel, ReportCurves, ReportSection, ReportTable, Words
from optimizer.systems.protection_maps import flood_map
from optimizer.systems.protection_view import MILLION, ProtectionView

SLIGHT = 1e3
"""CNY a year: changes elsewhere that are less are left out."""
AS_IT_STANDS, PLANNED = Words("现状", "as it stands"), Words("规划后", "with the plan")
Row = tuple[Any, ...]


def report_sections(problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
    """A map by year and return period, expected damage before and after, curves, effects elsewhere, days without service."""
    view = ProtectionView(problem, system, plan)
    before = (_by_year(view), _before_and_after(view))
    if not view.simulated:
        return (*before, *_filled(_services(view)))
    drawn = flood_map(view)
    return (*((drawn,) if drawn.layers else ()), *before, *_filled(_curves(view), _elsewhere(view), _services(view)))


def _filled(*sections: ReportTable | ReportCurves) -> tuple[ReportSection, ...]:
    return tuple(s for s in sections if (s.rows if isinstance(s, ReportTable) else s.panels))


def _million(amount: float) -> float:
    return round(float(amount) / MILLION, 3)


def _by_year(view: ProtectionView) -> ReportTable:
    """All zones together, by period."""
    before, after = view.before.sum(axis=0), view.after.sum(axis=0)
    rows = tuple(
        (label, _million(before[t]), _million(after[t]), _million(before[t] - after[t]),
         int((view.topped_today[:, t] > view.topped[:, t] + 1e-9).sum()))
        for t, label in enumerate(view.labels)
    )  # fmt: skip
    columns = (
        Words("年份", "year"), Words("现状 百万元/年", "as it stands, million CNY a year"),
        Words("规划后 百万元/年", "with the plan, million CNY a year"), Words("减少 百万元/年", "avoided, million CNY a year"),
        Words("堤防提高的保护区", "zones with higher protection"),
    )  # fmt: skip
    return ReportTable(Words("年期望损失(EAD)", "Expected annual damage (EAD)"), columns, rows)


def _before_and_after(view: ProtectionView) -> ReportTable:
    """Zones in the last period: river floods and cloudbursts together."""
    rows = []
    for z in np.argsort(-view.before[:, -1], kind="stable"):
        before, after = view.before[z, -1], view.after[z, -1]
        avoided = 100 * (1 - after / before) if before > 0 else 0.0
        rows.append((
            view.zone(z), view.county(z), _million(before), _million(after), round(float(avoided), 1),
            _years(view.topped_today[z, -1]), _years(view.topped[z, -1]),
        ))  # fmt: skip
    columns = (
        Words("保护区", "zone"), Words("县区", "county"), Words("现状 百万元/年", "as it stands, million CNY a year"),
        Words("规划后 百万元/年", "with the plan, million CNY a year"), Words("减少 %", "avoided, %"),
        Words("现状漫堤重现期 年", "levee topped once in … years, as it stands"), Words("规划后 年", "with the plan, years"),
    )  # fmt: skip
    label = view.labels[-1]
    title = Words(f"{label} 年各保护区年期望损失,规划前后", f"Expected annual damage by zone in {label}, before and after")
    return ReportTable(title, columns, tuple(rows))


def _years(probability: float) -> float:
    """Years between overtoppings, not a number where there is none."""
    return round(1 / probability) if probability > 0 else float("nan")


def _curves(view: ProtectionView) -> ReportCurves:
    """Damage by exceedance probability in the last period, for zones where there is any."""
    panels = tuple(
        Panel(view.zone(z), np.stack([view.damage_today[z, :, -1], view.damage[z, :, -1]]) / MILLION)
        for z in np.argsort(-view.before[:, -1], kind="stable")
        if view.damage_today[z, :, -1].any() or view.damage[z, :, -1].any()
    )
    label = view.labels[-1]
    title = Words(f"{label} 年损失—频率曲线(河道洪水)", f"Damage by probability in {label}, river floods")
    note = Words("同一重现期的洪水,规划前后各演算一次;预警减损已计入。",
                 "Floods of each return period routed with and without the plan; warning is counted in.")  # fmt: skip
    across = Words("重现期(年,对数)", "return period in years, logarithmic")
    ticks = tuple(f"{y:g}" for y in view.events)
    up = Words("百万元", "million CNY")
    return ReportCurves(title, across, up, view.events, ticks, (AS_IT_STANDS, PLANNED), panels, note)


def _elsewhere(view: ProtectionView) -> ReportTable:
    """What each work of the last period changes in zones that it does not belong to, the largest changes first."""
    rows: list[Row] = []
    effects = [(w, z) for w, z in np.argwhere(np.abs(view.change) > SLIGHT) if not view.own(w, z)]
    for w, z in sorted(effects, key=lambda pair: -abs(view.change[pair])):
        after = float(view.expected[z, -1])
        without = after - view.change[w, z]
        share = 100 * view.change[w, z] / without if without > 0 else 0.0
        rows.append((view.work(w), view.option(w), view.zone(z), view.side(w, z), _million(without), _million(after),
                     _million(view.change[w, z]), round(float(share), 2)))  # fmt: skip
    columns = (
        Words("工程", "work"), Words("规模", "size"), Words("受影响的保护区", "zone elsewhere"), Words("位置", "where it lies"),
        Words("无此工程 百万元/年", "without the work, million CNY a year"), Words("有此工程 百万元/年", "with it, million CNY a year"),
        Words("变化 百万元/年", "change, million CNY a year"), Words("变化 %", "change, %"),
    )  # fmt: skip
    label = view.labels[-1]
    title = Words(f"{label} 年工程对上下游的影响", f"What works mean up and down the river in {label}")
    note = Words("逐项去掉末年工程后重新演算河道洪水(不含内涝);正值为损失增加(堤防挡住的水流向下游),"
                 "负值为减少(堤防在更大洪水的峰顶才漫溢,削减下游洪峰)。",
                 "Each work of the last period taken away and all floods of the river (not of rain) routed again; more than 0: the "
                 "work adds damage there (water that a levee keeps out goes down the river), less than 0: it takes damage away (a "
                 "levee that is topped only at the peak of a larger flood takes water off that peak).")  # fmt: skip
    return ReportTable(title, columns, tuple(rows), note)


def _services(view: ProtectionView) -> ReportTable:
    """Days a year without service at the places in zones, as it stands and by period of the plan."""
    look, levels = view.look, view.levels
    before, after = look.lost(np.zeros_like(levels)) * 365, look.lost(levels) * 365
    rows = tuple(
        (view.place(k), view.zone(z), round(float(before[k, 0]), 2), *(round(float(d), 2) for d in after[k]))
        for k, z in enumerate(look.d["place_zone"])
        if before[k].any() or after[k].any()
    )
    columns = (Words("地点", "place"), Words("保护区", "zone"), Words("现状", "as it stands"), *(Words(y, y) for y in view.labels))
    title = Words("因洪水每年停止服务的期望天数", "Expected days a year without service through floods")
    return ReportTable(title, columns, rows)
