"""What a pipe network shows in the report: how pressures hold, what is laid when, where each county is fed from. No Pyomo."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.exhibits import ReportSection, ReportTable, Words
from optimizer.systems.pipes_maps import network_map
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_view import PipesView

WORST = 40
Row = tuple[Any, ...]


def report_sections(problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
    """A map of the network by year, pressures promised and simulated, pipes by year, kinds of supply by county."""
    view = PipesView(problem, Network(system), plan)
    if not view.simulated:
        return tuple(t for t in (_pipes(view),) if t.rows)
    drawn, tables = network_map(view), (_pressures(view), _worst(view), _supplied(view), _pipes(view))
    return (*((drawn,) if drawn.layers else ()), *(table for table in tables if table.rows))


def _number(value: float, digits: int = 1) -> float:
    return round(float(value), digits)


def _pressures(view: PipesView) -> ReportTable:
    """Every period: places served, promised and simulated pressure there, the lowest and the median, what is most missing of a promise."""
    rows: list[Row] = []
    for t, label in enumerate(view.labels):
        at = view.served_nodes(t)
        if len(at):
            promised, found = view.promised[at, t], view.pressure[at, t]
            rows.append((
                label, len(at), _number(promised.min()), _number(found.min()), _number(np.median(found)), _number(found.max()),
                _number(max(0.0, float((promised - found).max())), 3), int((found < view.least - 1e-3).sum()),
            ))  # fmt: skip
    unit = view.pressure_unit
    columns = (
        Words("年份", "year"), Words("通达地点", "places served"),
        Words(f"承诺不低于 {unit}", f"lowest promise, at least, {unit}"), Words(f"模拟最低 {unit}", f"lowest simulated, {unit}"),
        Words(f"模拟中位 {unit}", f"median simulated, {unit}"), Words(f"模拟最高 {unit}", f"highest simulated, {unit}"),
        Words(f"比承诺最多低 {unit}", f"most below its promise, {unit}"),
        Words(f"低于 {view.least:g} {unit} 的地点", f"places below {view.least:g} {unit}"),
    )  # fmt: skip
    title = Words("承诺压力与模拟压力(高峰用量)", "Pressures promised and simulated, at peak demand")
    note = Words("模型承诺的是下限,模拟压力通常更高。", "What the model promises is a lower limit; what is simulated is mostly higher.")
    return ReportTable(title, columns, tuple(rows), note)


def _worst(view: PipesView) -> ReportTable:
    """Places with the least pressure to spare in the period when it is least."""
    spare = np.where(view.served, view.pressure[view.d["origin_node"]] - view.least, np.inf)
    when = spare.argmin(axis=1)
    least = spare[np.arange(len(spare)), when]
    rows: list[Row] = []
    for o in np.argsort(least, kind="stable")[:WORST]:
        if np.isfinite(least[o]):
            t, node = int(when[o]), int(view.d["origin_node"][o])
            rows.append((
                view.place(node), view.county(node), view.labels[t], view.kind(int(view.source[node, t])),
                _number(view.promised[node, t], 2), _number(view.pressure[node, t], 2), _number(least[o], 2),
                _number(view.rest[node, t]),
            ))  # fmt: skip
    unit = view.pressure_unit
    columns = (
        Words("地点", "place"), Words("县区", "county"), Words("最不利年份", "year"), Words("供应来源", "fed from"),
        Words(f"承诺不低于 {unit}", f"promised at least, {unit}"), Words(f"模拟压力 {unit}", f"simulated, {unit}"),
        Words(f"高于要求 {unit}", f"above what is needed, {unit}"), Words(f"静压 {unit}", f"at rest, {unit}"),
    )  # fmt: skip
    title = Words(f"压力最不利的 {len(rows)} 个地点", f"The {len(rows)} places with the least pressure to spare")
    note = Words(f"要求压力不低于 {view.least:g} {unit}。", f"Needed: at least {view.least:g} {unit}.")
    return ReportTable(title, columns, tuple(rows), note)


def _pipes(view: PipesView) -> ReportTable:
    """Pipes by the year in which works start."""
    start, size_of = view.plan.decisions["start"].values, {int(s): k for k, s in enumerate(view.d["size_state"])}
    rows: list[Row] = []
    for p, t in np.argwhere(start):
        k = size_of.get(int(view.problem.sequence["to_state"].values[p]))
        if k is not None:
            arc = int(view.d["size_arc"][k])
            tail, head = int(view.d["arc_tail"][arc]), int(view.d["arc_head"][arc])
            rows.append((
                view.labels[t], view.county(head), view.place(tail), view.place(head), _number(view.d["arc_length"][arc] / 1000, 2),
                round(float(view.d["size_diameter"][k]) * 1000), round(float(view.flow[arc, -1])), _number(view.at_end[head]),
            ))  # fmt: skip
    unit = view.pressure_unit
    columns = (
        Words("开工", "start"), Words("县区", "county"), Words("起点", "from"), Words("终点", "to"), Words("长度 km", "km"),
        Words("内径 mm", "inner diameter, mm"), Words(f"末年流量 {view.unit}", f"flow in the last period, {view.unit}"),
        Words(f"末年终点压力 {unit}", f"pressure at its end in the last period, {unit}"),
    )  # fmt: skip
    return ReportTable(Words("管道建设清单", "Pipes by year"), columns, tuple(sorted(rows, key=lambda r: (r[0], str(r[1]), str(r[3])))))


def _supplied(view: PipesView) -> ReportTable:
    """The last period by county: amount by kind of supply, places fed by each, and the drive that supplies stations."""
    kinds, last = view.kinds, len(view.labels) - 1
    amount = np.zeros((len(view.problem.county_ids), len(kinds)))
    np.add.at(amount, (view.d["node_county"][view.d["supply_node"]], view.supply_kind), view.supplied[:, last])
    places = np.zeros_like(amount, dtype=int)
    at = view.served_nodes(last)
    fed = at[view.source[at, last] >= 0]
    np.add.at(places, (view.d["node_county"][fed], view.supply_kind[view.source[fed, last]]), 1)
    minutes = view.haul_minutes
    rows = tuple(
        (view.county_words(int(c)), *(round(a) for a in amount[c]), *(int(n) for n in places[c]),
         *(() if minutes is None else (round(minutes[c]) if np.isfinite(minutes[c]) else np.nan,)))
        for c in np.flatnonzero(amount.sum(axis=1) > 0)
    )  # fmt: skip
    columns = (
        Words("县区", "county"), *(Words(f"{k.zh} {view.unit}", f"{k.en}, {view.unit}") for k in kinds),
        *(Words(f"{k.zh}供给地点", f"places on {k.en}") for k in kinds),
        *(() if minutes is None else (Words("车运时间 min", "haul by road, min"),)),
    )  # fmt: skip
    label = view.labels[last]
    return ReportTable(Words(f"{label} 年分县供应来源", f"Kinds of supply by county in {label}"), columns, rows)
