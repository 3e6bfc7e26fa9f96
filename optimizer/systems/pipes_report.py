"""Tables of a pipe network for the report: what is laid when, and from which kind of supply each county is fed. No Pyomo."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_network import Network
from optimizer.systems.protocol import ReportSection


def report_sections(problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
    """Pipes by year with diameter, length, flow and pressure at the end; kinds of supply by county."""
    net = Network(system)
    sections = (_pipes(problem, system, plan, net), _kinds(problem, system, plan, net))
    return tuple(section for section in sections if section.rows)


def _pipes(problem: Problem, system: SystemProblem, plan: Plan, net: Network) -> ReportSection:
    decisions, start = plan.systems[system.name], plan.decisions["start"].values
    size_of = {int(state): k for k, state in enumerate(net.d["size_state"])}
    rows = []
    for p, t in np.argwhere(start):
        k = size_of.get(int(problem.sequence["to_state"].values[p]))
        if k is not None:
            arc = int(net.d["size_arc"][k])
            flow = float(decisions["flow"].values[arc, -1])
            pressure = float(decisions["pressure"].values[net.d["arc_head"][arc], -1])
            rows.append(
                (
                    problem.horizon.labels[t], str(net.d["arc"][arc]), round(float(net.d["arc_length"][arc]) / 1000, 2),
                    round(float(net.d["size_diameter"][k]) * 1000), round(flow), round(pressure, 1),
                )
            )  # fmt: skip
    unit, much = "m" if net.medium == "water" else "kPa", str(system.data.attrs["unit"])
    columns = {
        "zh": ("开工", "管道", "长度 km", "内径 mm", f"末年流量 {much}", f"末端压力 {unit}"),
        "en": ("start", "pipe", "km", "inner diameter mm", f"flow in the last period, {much}", f"pressure at the end, {unit}"),
    }  # fmt: skip
    return ReportSection({"zh": "管道建设与压力", "en": "Pipes and pressures"}, columns, tuple(sorted(rows)))


def _kinds(problem: Problem, system: SystemProblem, plan: Plan, net: Network) -> ReportSection:
    """Units a year in the last period by county and kind of supply: pipelines against stations."""
    kinds = list(dict.fromkeys(str(k) for k in net.d["supply_kind"]))
    given: dict[int, dict[str, float]] = defaultdict(lambda: dict.fromkeys(kinds, 0.0))
    supplied = plan.systems[system.name]["supplied"].values[:, -1]
    for kind, node, amount in zip(net.d["supply_kind"], net.d["supply_node"], supplied, strict=True):
        given[int(net.d["node_county"][node])][str(kind)] += float(amount)
    names = problem.sequence["county_name_zh"].values
    rows = [
        (problem.county_ids[c], str(names[c]), *(round(amount) for amount in by_kind.values()))
        for c, by_kind in sorted(given.items())
        if any(by_kind.values())
    ]
    unit = str(system.data.attrs["unit"])
    columns = {
        "zh": ("县区代码", "县区", *(f"{k} {unit}" for k in kinds)),
        "en": ("county", "name", *(f"{k}, {unit}" for k in kinds)),
    }
    return ReportSection({"zh": "末期分县供应来源", "en": "Kinds of supply by county in the last period"}, columns, tuple(rows))
