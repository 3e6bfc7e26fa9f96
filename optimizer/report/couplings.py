"""Works of one system that wait for, protect or help those of another: which came first, and what that is worth."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from markupsafe import Markup

from optimizer.report.page import render_section
from optimizer.report.systems import table_html
from optimizer.report.views import Views
from optimizer.report.words import word
from optimizer.systems.exhibits import ReportTable, Words
from optimizer.verify.couplings import Coupling

MILLION = 1e6
RULES = {
    "protects": Words("防护后方可正常服务", "protects its place"),
    "requires": Words("先建后建", "requires"),
    "dig_once": Words("同沟同期", "dig once"),
}
Row = tuple[Any, ...]


def couplings_section(views: Views) -> Markup:
    """Body of the section."""
    tables = coupling_tables(views)
    if not tables:
        return Markup("<p>{}</p>").format(word("none"))
    shown = [{"title": table.title, "body": table_html(table)} for table in tables]
    return render_section("systems.html", systems=[{"label": None, "exhibits": shown}], script="")


def coupling_tables(views: Views) -> list[ReportTable]:
    """Couplings that gave an order, and savings on shared trenches by year; tables without rows are left out."""
    return [table for table in (_order(views), _savings(views), _trenches(views)) if table.rows]


def _of(views: Views, *kinds: str) -> list[Coupling]:
    return [c for c in views.verification.couplings if c.kind in kinds]


def _order(views: Views) -> ReportTable:
    """One after the other, in the order of the works that come first."""
    rows = tuple(
        (RULES[c.kind], _system(views, c.first), _work(views, c.first), _year(views, c.ready), _system(views, c.second),
         _work(views, c.second), _year(views, c.began), _year(views, c.serves), _verdict(c), round(c.worth / MILLION, 3))
        for c in _of(views, "protects", "requires")
    )  # fmt: skip
    columns = (
        Words("耦合", "coupling"), Words("先行系统", "system"), Words("先行工程", "first work"), Words("投用", "in service"),
        Words("后续系统", "system"), Words("后续工程", "second work"), Words("开工", "start"), Words("投用", "in service"),
        Words("先后", "order"), Words("末年避免损失 百万元/年", "loss avoided in the last period, million CNY a year"),
    )  # fmt: skip
    note = Words(
        "避免损失:从规划中单独去掉先行工程时,后续工程所在地多损失的期望效益。",
        "Loss avoided: what the place of the second work would be expected to lose more, were the first work alone taken away.",
    )
    return ReportTable(Words("跨系统先后次序", "What comes before what, across systems"), columns, rows, note)


def _verdict(c: Coupling) -> Words:
    """What the two years say."""
    if c.kind == "requires":
        return Words("紧接先行工程", "as early as the first allows") if c.binding else Words("留有余地", "later than it had to be")
    if c.ready == c.serves:
        return Words("同时投用", "in service together")
    return Words("先防护后服务", "protected first") if c.binding else Words("先服务后防护", "served before it was protected")


def _savings(views: Views) -> ReportTable:
    """Shared trenches by year and pair of systems."""
    sums: dict[tuple[int, str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for c in _of(views, "dig_once"):
        at = sums[c.ready, _name(views, c.first), _name(views, c.second)]
        at[0] += 1
        at[1] += c.worth
    rows = tuple(
        (views.years[t], Words(*views.system_label(a)), Words(*views.system_label(b)), int(n), round(saved / MILLION, 3))
        for (t, a, b), (n, saved) in sorted(sums.items())
    )
    columns = (Words("年份", "year"), Words("系统", "system"), Words("系统", "system"), Words("共用沟槽 条", "trenches shared"),
               Words("节省 百万元", "saved, million CNY"))  # fmt: skip
    return ReportTable(Words("同沟同期节省", "Savings by digging once"), columns, rows)


def _trenches(views: Views) -> ReportTable:
    """Every shared trench."""
    names = _corridors(views)
    rows = tuple(
        (names.get(c.place, Words(c.place, c.place)), views.years[c.ready], _work(views, c.first), _work(views, c.second),
         round(c.worth / MILLION, 3))
        for c in sorted(_of(views, "dig_once"), key=lambda c: (c.ready, -c.worth, c.place))
    )  # fmt: skip
    columns = (Words("廊道", "corridor"), Words("年份", "year"), Words("开沟工程", "digs"), Words("随沟工程", "follows"),
               Words("节省 百万元", "saved, million CNY"))  # fmt: skip
    return ReportTable(Words("共用沟槽清单", "Trenches shared"), columns, rows)


def _corridors(views: Views) -> dict[str, Words]:
    table = views.region.tables["corridors"]
    return {str(i): Words(str(name), str(i)) for i, name in zip(table["corridor_id"], table["name_zh"], strict=True)}


# ---- names
def _name(views: Views, candidate: int) -> str:
    return str(views.problem.sequence["candidate_system"].values[candidate])


def _system(views: Views, candidate: int) -> Words:
    return Words(*views.system_label(_name(views, candidate)))


def _work(views: Views, candidate: int) -> Words:
    seq = views.problem.sequence
    return Words(str(seq["candidate_name_zh"].values[candidate]), str(seq["candidate_name_en"].values[candidate]))


def _year(views: Views, period: int) -> Words | str:
    if period < 0:
        return Words("此前", "before")
    return views.years[period] if period < len(views.years) else Words("此后", "later")
