"""report.html: what is built where and when, for whom, with whose money, and how sure that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from optimizer.report.couplings import couplings_section
from optimizer.report.maps import Base
from optimizer.report.page import Section, render_page, render_section
from optimizer.report.reasons import reasons
from optimizer.report.svg import PALETTE, WIDTH, Projection, bars
from optimizer.report.systems import systems_section
from optimizer.report.views import Views
from optimizer.report.words import both, word

GANTT_COUNT = 12
"""A system whose candidates number more than this many a county is shown as counts."""
MOST_ROWS = 300
RADIUS = {True: 4.5, False: 1.8}


def write_html(path: Path, views: Views) -> None:
    """Write the report."""
    region, base = views.region.meta, Base(views)
    sections = [
        Section("summary", word("summary"), render_section("summary.html", v=views, outcome=views.plan.outcome)),
        Section("map", word("map"), _map(views, base)),
        Section("gantt", word("gantt"), _gantt(views)),
        Section("money", word("money"), _money(views)),
        Section(
            "counties", word("counties"), render_section("counties.html", v=views, systems=list(views.problem.systems))
        ),
        Section("systems", word("systems"), systems_section(views, base)),
        Section("couplings", word("couplings"), couplings_section(views)),
        Section("verification", word("verification"), _verification(views)),
        Section("flips", word("flips"), _flips(views)),
        Section("left", word("left_out"), _left_out(views)),
        Section("facts", word("facts"), render_section("facts.html", v=views, **_sources(views))),
        Section("run", word("run"), render_section("run.html", v=views)),
    ]
    title = ("城乡基础设施投资方案", "Infrastructure investment plan")
    page = render_page(f"{region.get('name_zh', '')}{title[0]}", f"{region.get('name_en', '')}: {title[1]}", sections)
    path.write_text(page, encoding="utf-8")


def _map(views: Views, base: Base) -> Markup:
    levels = {
        system: {
            str(c): [None if v != v else round(float(v), 4) for v in row]
            for c, row in zip(table.index, table.to_numpy(), strict=True)
        }
        for system, table in views.service_levels_cached.items()
    }
    return render_section(
        "map.html",
        width=WIDTH,
        base=base,
        dots=_dots(views, base.projection),
        years=views.years,
        systems=[(s, *views.system_label(s)) for s in views.problem.systems],
        levels=Markup(json.dumps(levels).replace("<", "\\u003c")),
        palette=PALETTE,
    )


def _dots(views: Views, projection: Projection) -> list[dict[str, Any]]:
    places = views.region.tables["places"].set_index("place_id")
    colour = {s: PALETTE[i % len(PALETTE)] for i, s in enumerate(views.problem.systems)}
    dots = []
    for row in views.projects.itertuples():
        if row.place_id in places.index:
            x, y = projection.xy(float(places.at[row.place_id, "lon"]), float(places.at[row.place_id, "lat"]))
            since = views.years.index(row.service) if row.service in views.years else len(views.years)
            big = row.overnight_cost >= 5
            dots.append(
                {
                    "x": round(x, 1),
                    "y": round(y, 1),
                    "r": RADIUS[big],
                    "colour": colour.get(row.system, "#555"),
                    "since": since,
                    "system": row.system,
                    "zh": f"{row.name_zh} {row.option} {row.start}",
                    "en": f"{row.name_en} {row.option} {row.start}",
                }
            )
    return dots


def _gantt(views: Views) -> Markup:
    """Single bars for large works, counts by year for systems with very many."""
    projects, years = views.projects, list(views.years)
    counties = max(1, len(views.problem.county_ids))
    many = {s for s in views.problem.systems if views.counts[f"candidates:{s}"] > GANTT_COUNT * counties / 2}
    single = (
        projects[~projects["system"].isin(many) | (projects.get("overnight_cost", 0) >= 5)]
        if len(projects)
        else projects
    )
    rows = [
        {
            "zh": f"{r.county_zh} · {r.name_zh}",
            "en": f"{r.county_en} · {r.name_en}",
            "option": r.option,
            "cost": r.overnight_cost,
            "system": r.system,
            "start": years.index(r.start),
            "service": years.index(r.service) if r.service in years else len(years),
        }
        for r in single.itertuples()
    ]
    rest = projects.drop(single.index) if len(projects) else projects
    counts = [
        {
            "label": views.system_label(s),
            "years": [int(((rest["system"] == s) & (rest["start"] == y)).sum()) for y in years],
        }
        for s in sorted(set(rest["system"]))
    ]
    return render_section("gantt.html", rows=rows, years=years, counts=counts, n=len(years))


def _money(views: Views) -> Markup:
    charts = []
    for language in (1, 2):
        series = [
            (source[language], list(views.budget_use[views.budget_use["source"] == source[0]]["paid"]))
            for source in views.sources
        ]
        charts.append(bars(views.years, series, ("百万元", "million CNY")[language - 1]))
    legend = [(PALETTE[i % len(PALETTE)], zh, en) for i, (_, zh, en) in enumerate(views.sources)]
    rows = [
        (r.name_zh, r.name_en, r.period, r.budget, r.carried_in, r.paid, r.used)
        for r in views.budget_use.itertuples()
    ]
    return render_section("money.html", chart=both(*charts) if views.sources else Markup(""), legend=legend, rows=rows)


def _verification(views: Views) -> Markup:
    found = views.verification
    rules = [(name, n, sum(v.rule == name for v in found.violations)) for name, n in found.checks.items()]
    service = (
        found.service.groupby(["system", "period"], sort=False)[["demand", "promised", "simulated"]].sum().reset_index()
    )
    rows = [(*views.system_label(r.system), r.period, r.demand, r.promised, r.simulated) for r in service.itertuples()]
    return render_section("verification.html", v=views, found=found, rules=rules, rows=rows)


def _flips(views: Views) -> Markup:
    names = views.problem.sequence["candidate"].values
    zh = dict(zip(names, views.problem.sequence["candidate_name_zh"].values, strict=True))
    en = dict(zip(names, views.problem.sequence["candidate_name_en"].values, strict=True))
    return render_section("flips.html", flips=views.flips, zh=zh, en=en, years=views.years, most=40)


def _left_out(views: Views) -> Markup:
    frame = views.left_out
    rows = sorted(zip(frame.itertuples(), reasons(frame), strict=True), key=lambda pair: -pair[0].cheapest)
    return render_section("left_out.html", rows=rows[:MOST_ROWS], more=len(rows) - MOST_ROWS, label=views.system_label)


def _sources(views: Views) -> dict[str, object]:
    origins, provenance = views.region.tables["origins"], views.region.tables["provenance"]
    return {
        "origins": origins.itertuples(),
        "sources": provenance.itertuples(),
        "values": views.region.tables["values"].itertuples(),
    }
