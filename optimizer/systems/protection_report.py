"""Tables of the report: expected damage before and after, damage by return period, what works mean elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_lookup import Lookup, damage_of
from optimizer.systems.protocol import ReportSection

MILLION = 1e6
Row = tuple[Any, ...]


def report_sections(problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
    """Tables of the last period."""
    look, basin = Lookup(system), Basin(system.data)
    levels = plan.systems[system.name]["level"].values[:, -1]
    last = problem.horizon.labels[-1]
    found = (
        _before_and_after(look, damage_of(plan.systems[system.name])[:, -1], levels, last),
        _by_return_period(look, basin, levels, last),
        _elsewhere(look, levels, last),
        _services(look, plan.systems[system.name]["level"].values, problem),
    )
    return tuple(section for section in found if section.rows)


def _million(amount: float) -> float:
    return round(float(amount) / MILLION, 3)


def _before_and_after(look: Lookup, damage: np.ndarray, levels: np.ndarray, last: str) -> ReportSection:
    zone, rows = look.d["table_zone"], []
    topped = [_topped_last(look, state) for state in (np.zeros_like(levels), levels)]
    for z, name in enumerate(look.d["zone_name"]):
        mine = zone == z
        before, after = look.today[mine, -1].sum(), damage[mine].sum()
        rows.append((str(name), _million(before), _million(after), *(_years(t[z]) for t in topped)))
    columns = {
        "zh": ("保护区", "现状年期望损失 百万元", "规划后 百万元", "现状漫堤重现期 年", "规划后 年"),
        "en": ("zone", "expected annual damage as it stands, million CNY", "with the plan", "levee topped once in years, as it stands",
               "with the plan"),
    }  # fmt: skip
    return ReportSection({"zh": f"{last} 年洪涝期望损失", "en": f"Expected annual damage in {last}"}, columns, tuple(rows))


def _topped_last(look: Lookup, levels: np.ndarray) -> np.ndarray:
    periods = look.today.shape[1]
    return look.topped(np.repeat(levels[:, None], periods, axis=1))[:, -1]


def _years(probability: float) -> str:
    return f"{1 / probability:.0f}" if probability > 0 else ">"


def _by_return_period(look: Lookup, basin: Basin, levels: np.ndarray, last: str) -> ReportSection:
    """Damage by river floods of each return period (warning included), before and after: the damage-probability curve."""
    states = np.array([np.zeros_like(levels), levels])
    share, kept = basin.floods(states).share, basin.kept(states)
    lost = np.einsum("szcv,zc->szv", share, basin.values[:, :, -1]) * float(basin.attrs["damages"]) * kept[:, :, None]
    rows: list[Row] = []
    for z, name in enumerate(look.d["zone_name"]):
        for s, (zh, en) in enumerate((("现状", "as it stands"), ("规划后", "with the plan"))):
            rows.append((str(name), f"{zh} {en}", *(_million(v) for v in lost[s, z])))
    years = tuple(f"{y:g}" for y in look.d["event"])
    columns = {"zh": ("保护区", "状态", *(f"{y} 年一遇" for y in years)), "en": ("zone", "state", *(f"1 in {y} years" for y in years))}
    title = {"zh": f"{last} 年损失—重现期曲线 百万元", "en": f"Damage by return period in {last}, million CNY"}
    return ReportSection(title, columns, tuple(rows))


def _elsewhere(look: Lookup, levels: np.ndarray, last: str) -> ReportSection:
    """What each work of the plan means for zones that it does not belong to: damage with it less damage without it."""
    rows: list[Row] = []
    own = [{int(look.d[f"zone_{kind}"][z]) for kind in ("levee", "warning", "drain")} for z in look.d["table_zone"]]
    for j in range(look.n_tables):
        for w in look.axes[j]:
            if levels[w] and w not in own[j]:
                without = np.where(np.arange(len(levels)) == w, 0, levels)
                change = look.d["entry_damage"][look.entry(j, levels), -1] - look.d["entry_damage"][look.entry(j, without), -1]
                rows.append((str(look.d["work"][w]), str(look.d["zone_name"][look.d["table_zone"][j]]), _million(change)))
    columns = {"zh": ("工程", "影响的保护区", "年期望损失变化 百万元"),
               "en": ("work", "zone elsewhere", "change of its expected annual damage, million CNY")}  # fmt: skip
    title = {"zh": f"{last} 年上下游影响", "en": f"What works mean elsewhere in {last}"}
    return ReportSection(title, columns, tuple(rows))


def _services(look: Lookup, levels: np.ndarray, problem: Problem) -> ReportSection:
    """Days a year without service at the places in zones, as it stands and by period of the plan."""
    before, after = look.lost(np.zeros_like(levels)) * 365, look.lost(levels) * 365
    rows = [
        (str(place), str(look.d["zone_name"][z]), round(float(before[k, 0]), 2), *(round(float(d), 2) for d in after[k]))
        for k, (place, z) in enumerate(zip(look.d["place"], look.d["place_zone"], strict=True))
    ]
    labels = problem.horizon.labels
    columns = {"zh": ("地点", "保护区", "现状", *labels), "en": ("place", "zone", "as it stands", *labels)}
    title = {"zh": "因洪水每年停止服务的期望天数", "en": "Expected days a year without service through floods"}
    return ReportSection(title, columns, tuple(rows))
