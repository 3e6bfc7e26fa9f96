"""The flood map: rivers and zones under every flood, by year and return period, as it stands and with the plan."""

from __future__ import annotations

import numpy as np

from optimizer.systems.exhibits import Axis, MapLayer, Measure, ReportMap, Words
from optimizer.systems.protection_view import MILLION, ProtectionView

DEPTHS = (0.05, 0.5, 1.0, 2.0, 3.0)
"""m of water above the lowest ground at which colours change."""
DAMAGES = (10.0, 50.0, 200.0)
"""10^6 CNY at which dots grow."""
CHANGES = (-5.0, -0.5, 0.5, 5.0)
"""Per cent of the flood peak."""
PEAKS = (500.0, 1000.0, 2500.0, 5000.0)
"""m3/s at which rivers grow."""
MIDDLE = 3
"""Return period shown first: the fourth from the smallest, where there is one."""


def flood_map(view: ProtectionView) -> ReportMap:
    """Axes: state of the works, year, return period."""
    years = tuple(Words(label, label) for label in view.labels)
    periods = tuple(Words(f"{y:g} 年一遇", f"1 in {y:g} years") for y in view.events)
    axes = (
        Axis(Words("工程", "Works"), (Words("现状", "as they stand"), Words("规划后", "with the plan"))),
        Axis(Words("年份", "Year"), years),
        Axis(Words("重现期", "Return period"), periods, min(MIDDLE, len(periods) - 1)),
    )
    layers = tuple(layer for layer in (_rivers(view), _zones(view)) if layer.ids)
    note = Words(
        "线:河段,粗细为洪峰流量,颜色为规划工程引起的洪峰变化;圆:保护区,颜色为最低处水深,大小为损失。河段按起讫点直线绘出。",
        "Lines: reaches, as wide as the flood peak, coloured by how the plan changes the peak; dots: zones, coloured by water "
        "above the lowest ground, as large as the damage. Reaches are drawn straight from end to end.",
    )  # fmt: skip
    return ReportMap(Words("分年、分重现期洪水图", "Floods by year and return period"), axes, layers, note)


def _frames(today: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """(feature, state, period, event) from two arrays (feature, event, period)."""
    return np.moveaxis(np.stack([today, plan], axis=1), 2, 3)


def _zones(view: ProtectionView) -> MapLayer:
    known = np.flatnonzero(np.isfinite(view.d["zone_lon"] + view.d["zone_lat"]))
    depth, damage = _frames(view.depth_today, view.depth)[known], _frames(view.damage_today, view.damage)[known]
    return MapLayer(
        "zones", Words("保护区", "Zones"), "point", tuple(str(view.d["zone"][z]) for z in known),
        tuple(view.zone(z) for z in known),
        tuple(np.array([[view.d["zone_lon"][z], view.d["zone_lat"][z]]]) for z in known),
        Measure("depth_m", Words("水深", "water"), "m", depth, DEPTHS), "danger",
        Measure("damage_million", Words("损失", "damage"), "10⁶ CNY", damage / MILLION, DAMAGES),
    )  # fmt: skip


def _rivers(view: ProtectionView) -> MapLayer:
    ends = np.stack([[view.d[f"reach_{end}_{c}"] for c in ("lon", "lat")] for end in ("from", "to")])  # end, lon lat, reach
    known = np.flatnonzero(np.isfinite(ends).all(axis=(0, 1)) & (np.ptp(ends, axis=0).max(axis=0) > 0))
    peak = _frames(view.peak_today, view.peak)[known]
    today = peak[:, :1]
    change = 100 * np.divide(peak - today, today, out=np.zeros_like(peak), where=today > 0)
    return MapLayer(
        "reaches", Words("河段", "Reaches"), "line", tuple(str(view.d["reach"][r]) for r in known),
        tuple(Words(str(view.d["reach_name_zh"][r]), str(view.d["reach_name_en"][r])) for r in known),
        tuple(ends[:, :, r] for r in known),
        Measure("change_percent", Words("洪峰变化", "change of the peak"), "%", change, CHANGES), "change",
        Measure("peak_m3s", Words("洪峰流量", "flood peak"), "m³/s", peak, PEAKS),
    )  # fmt: skip
