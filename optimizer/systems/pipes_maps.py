"""The map of a pipe network by year: pipes by diameter and year, supplies by kind, places by pressure."""

from __future__ import annotations

import numpy as np

from optimizer.systems.exhibits import Axis, MapLayer, Measure, ReportMap, Words
from optimizer.systems.pipes_view import PipesView

PRESSURES = (1.0, 1.5, 2.0, 3.0)
"""Pressures at which colours change, over the least that places need."""
WIDTHS = 5
"""Classes of diameter at most: the largest sizes of the catalogue apart from each other."""


def network_map(view: PipesView) -> ReportMap:
    """Everything that lies in each period."""
    years = tuple(Words(label, label) for label in view.labels)
    layers = tuple(layer for layer in (_supplies(view), _pipes(view), _places(view)) if layer.ids)
    note = Words(
        "线:管道,颜色为投用年份,粗细为管径;小点:通达地点,颜色为模拟的高峰压力;大点:供应来源。管线按起讫点直线绘出。",
        "Lines: pipes, by the year in which they come into service and by diameter; small dots: places served, by simulated "
        "pressure at peak; large dots: supplies in use. Pipes are drawn straight from end to end.",
    )  # fmt: skip
    return ReportMap(Words("分年管网图", "The network by year"), (Axis(Words("年份", "Year"), years),), layers, note)


def _way(view: PipesView, *nodes: int) -> np.ndarray:
    at = list(nodes)
    return np.column_stack([view.d["node_lon"][at], view.d["node_lat"][at]])


def _pipes(view: PipesView) -> MapLayer:
    lies = view.size >= 0
    arcs = np.flatnonzero(lies.any(axis=1))
    tail, head = view.d["arc_tail"], view.d["arc_head"]
    since = lies[arcs].argmax(axis=1).astype(float)[:, None]
    diameter = np.where(lies[arcs], view.d["size_diameter"][view.size[arcs]], np.nan)
    names = tuple(
        Words(f"{view.place(tail[a]).zh}–{view.place(head[a]).zh}", f"{view.place(tail[a]).en} – {view.place(head[a]).en}")
        for a in arcs
    )
    return MapLayer(
        "pipes", Words("管道", "Pipes"), "line", tuple(str(view.d["arc"][a]) for a in arcs), names,
        tuple(_way(view, int(tail[a]), int(head[a])) for a in arcs),
        Measure("in_service", Words("投用", "in service"), "", np.where(lies[arcs], since, np.nan),
                names=tuple(Words(label, label) for label in view.labels)),
        "plenty",
        Measure("diameter_mm", Words("内径", "inner diameter"), "mm", diameter * 1000, _diameters(view)),
    )  # fmt: skip


def _diameters(view: PipesView) -> tuple[float, ...]:
    """Inner diameters of the catalogue, mm, at which lines grow."""
    sizes = sorted({round(float(d) * 1000, 1) for d in view.d["size_diameter"]})
    return tuple(sizes[1:][-WIDTHS + 1 :])


def _places(view: PipesView) -> MapLayer:
    served = np.flatnonzero(view.served.any(axis=1))
    nodes = view.d["origin_node"][served]
    pressure = np.where(view.served[served], view.pressure[nodes], np.nan)
    return MapLayer(
        "places", Words("通达地点", "Places served"), "point", tuple(str(view.d["node"][n]) for n in nodes),
        tuple(view.place(n) for n in nodes), tuple(_way(view, int(n)) for n in nodes),
        Measure("pressure", Words("高峰压力", "pressure at peak"), view.pressure_unit, pressure,
                tuple(round(view.least * p, 3) for p in PRESSURES)),
        "safety",
    )  # fmt: skip


def _supplies(view: PipesView) -> MapLayer:
    used = np.flatnonzero(view.supplied.any(axis=1))
    nodes = view.d["supply_node"][used]
    kind = np.where(view.supplied[used] > 0, view.supply_kind[used][:, None].astype(float), np.nan)
    amount = np.where(view.supplied[used] > 0, view.supplied[used], np.nan)
    names = tuple(
        Words(f"{view.place(n).zh} {view.kind(int(k)).zh}", f"{view.place(n).en}, {view.kind(int(k)).en}")
        for k, n in zip(used, nodes, strict=True)
    )
    largest = float(np.nanmax(amount)) if len(used) else 1.0
    return MapLayer(
        "supplies", Words("供应来源", "Supplies"), "point", tuple(f"{view.d['node'][n]}-{k}" for k, n in zip(used, nodes, strict=True)),
        names, tuple(_way(view, int(n)) for n in nodes),
        Measure("kind", Words("类别", "kind"), "", kind, names=tuple(view.kinds)), "distinct",
        Measure("supplied", Words("供应量", "supplied"), view.unit, amount, _thirds(largest)),
    )  # fmt: skip


def _thirds(largest: float) -> tuple[float, float]:
    """Two round bounds that part what there is into small, middling and large."""
    power = 10.0 ** np.floor(np.log10(max(largest, 1e-9)))
    return (power / 10, power)
