"""Published siting instances as Problems of the archetype `facilities`, solved by the same path as a region."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console
from rich.table import Table

from benchmarks.siting_formats import SitingInstance, find_files, read_file
from optimizer.draft import Draft
from optimizer.errors import ChengxiangError, InputError
from optimizer.horizon import Horizon
from optimizer.problem import ANY, POOL, Problem, Requirement, SystemProblem
from optimizer.solve import SolverSettings, solve_problem

SYSTEM = "siting"
SITES = "sites"
SCALE = 1e6
SMOKE = ("pmed1", "cap41", "p1")
SMOKE_SECONDS = 20.0


def problem_of(instance: SitingInstance) -> Problem:
    """An instance as a Problem of one period without discounting; costs are negative values.

    Money is in the instance's own unit times 10^6 CNY, so that the objective reads in its unit.
    """
    draft = Draft(Horizon(2025, (1,), 0.0))
    county = draft.county("all")
    if instance.count is not None:
        draft.resource(SITES, {POOL: float(instance.count)})
    fixed = _round(instance.fixed)
    sites = [_site(draft, county, f"s{j}", instance.capacity[j], fixed[j], instance.count) for j in range(len(fixed))]
    uppers = _uppers(draft, county, instance)
    for owned, needs in ((sites, instance.needs), (uppers, instance.upper_needs)):
        draft.requirements += [
            Requirement(owned[i], ANY, owned[k], ANY) for i, k in enumerate(() if needs is None else needs) if k >= 0
        ]
    draft.systems[SYSTEM] = SystemProblem(SYSTEM, "facilities", _data(instance, sites, uppers))
    return draft.freeze(region=instance.name)


def _round(cost: np.ndarray) -> np.ndarray:
    return np.round(cost * SCALE).astype(np.int64)


def _site(draft: Draft, county: int, name: str, capacity: float, cost: int, count: int | None) -> int:
    site = draft.candidate(name, SYSTEM, county, role="site")
    uses = {SITES: 1.0} if count is not None else None
    draft.option(site, "open", capacity=float(capacity), overnight_cost=int(cost), lead_years=0, lifetime=1, uses=uses)
    return site


def _uppers(draft: Draft, county: int, instance: SitingInstance) -> list[int]:
    if instance.upper_capacity is None or instance.upper_fixed is None:
        return []
    cost = _round(instance.upper_fixed)
    return [_site(draft, county, f"u{i}", instance.upper_capacity[i], cost[i], None) for i in range(len(cost))]


def _data(instance: SitingInstance, sites: list[int], uppers: list[int]) -> xr.Dataset:
    m, n = instance.cost.shape
    demand = np.maximum(instance.demand, 1e-9)
    pair_site, pair_origin = np.nonzero(np.isfinite(instance.cost))
    product = np.zeros(n, np.int64) if instance.product is None else instance.product
    products = int(product.max()) + 1
    upper_cost = np.zeros((0, m, products)) if instance.upper_cost is None else instance.upper_cost
    link_site, link_upper = np.nonzero(np.isfinite(upper_cost).any(axis=2).T)
    over = upper_cost[link_upper, link_site]
    link_value = -np.where(np.isfinite(over), over, 0.0)
    zeros = np.zeros(len(pair_site))
    return xr.Dataset(
        {
            "origin_county": ("origin", np.zeros(n, np.int64)),
            "origin_product": ("origin", product),
            "quantity": (("origin", "period"), demand[:, None]),
            "site_candidate": ("site", np.array(sites)),
            "site_place": ("site", np.array([f"s{j}" for j in range(m)])),
            "site_county": ("site", np.zeros(m, np.int64)),
            "upper_candidate": ("upper", np.array(uppers, np.int64)),
            "upper_place": ("upper", np.array([f"u{i}" for i in range(len(uppers))], str)),
            "upper_capacity": (("upper", "period"), np.full((len(uppers), 1), np.inf)),
            "pair_origin": ("pair", pair_origin),
            "pair_site": ("pair", pair_site),
            "pair_value": ("pair", -(instance.cost[pair_site, pair_origin] / demand[pair_origin]) * SCALE),
            "pair_minutes": ("pair", zeros),
            "pair_km": ("pair", zeros),
            "pair_weight": ("pair", zeros + 1.0),
            "link_site": ("link", link_site),
            "link_upper": ("link", link_upper),
            "link_value": (("link", "product"), link_value * SCALE),
            "link_minutes": ("link", np.zeros(len(link_site))),
            "link_km": ("link", np.zeros(len(link_site))),
        },
        {
            "origin": np.array([f"c{i}" for i in range(n)]),
            "product": np.arange(products).astype(str),
            "site": np.array([f"s{j}" for j in range(m)]),
            "upper": np.array([f"u{i}" for i in range(len(uppers))], str),
            "period": np.arange(1),
        },
        {
            "single_source": int(instance.single_source),
            "serve_all": 1,
            "commodity": "",
            "unit": "",
            "coverage": "none",
            "catchment": "own_county",
            "within_minutes": math.inf,
            "link_within_minutes": math.inf,
            "standard_minutes": math.inf,
            "zero_at_minutes": math.inf,
        },
    )


def solve_instance(instance: SitingInstance, time_limit: float) -> dict[str, Any]:
    """One row: value and bound in the instance's own terms (a minimisation)."""
    row: dict[str, Any] = {"instance": instance.name, "size": instance.size, "reference": instance.reference}
    began = time.process_time()
    try:
        plan = solve_problem(problem_of(instance), SolverSettings(mip_gap=1e-7, time_limit=time_limit, threads=2))
    except ChengxiangError as error:
        return {
            **row,
            "value": None,
            "bound": None,
            "gap": None,
            "status": "failed",
            "seconds": None,
            "message": str(error),
        }
    outcome = plan.outcome
    value, bound = -outcome.incumbent, -outcome.bound
    gap = max(0.0, value - bound) / max(abs(value), 1e-9)
    return {
        **row,
        "value": value,
        "bound": bound,
        "gap": gap,
        "status": outcome.termination,
        "seconds": outcome.seconds,
        "cpu_seconds": time.process_time() - began,
        "evidence": outcome.evidence,
    }


def run(
    *, smoke: bool, instances: Path | None, time_limit: float, family: str | None = None, only: str = "", **_: Any
) -> list[dict[str, Any]]:
    """Solve every instance of a folder; prints a table as it goes.

    Raises
    ------
    InputError
        No folder, or no file in it that can be read.
    """
    if instances is None:
        if smoke:
            Console().print("skipped: needs published instances (see docs/benchmarks.md)")
            return []
        raise InputError(
            "No instances: name a folder by --instances DIR or CHENGXIANG_INSTANCES (see docs/benchmarks.md)."
        )
    files = find_files(instances, family)
    if not files:
        raise InputError(f"{instances}: no instance files; name their format by --format.")
    if smoke:
        files = [(f, kind) for f, kind in files if f.name.split(".")[0] in SMOKE and not f.name.endswith(".gz")]
        time_limit = min(time_limit, SMOKE_SECONDS)
    rows = []
    for file, kind in files:
        for instance in read_file(file, kind):
            if only in instance.name:
                rows.append(solve_instance(instance, time_limit))
                _say(rows[-1])
    _show(rows)
    return rows


def _say(row: dict[str, Any]) -> None:
    value = "-" if row["value"] is None else f"{row['value']:,.3f}"
    Console().print(f"{row['instance']} {row['size']}: {value} ({row['status']})", highlight=False)


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("instance", "size", "value", "bound", "gap", "status", "s", "reference")
    for r in rows:
        if r["value"] is None:
            table.add_row(r["instance"], r["size"], "-", "-", "-", r["status"], "-", "")
            continue
        reference = "" if r["reference"] is None else f"{r['reference']:,.3f}"
        cells = (
            f"{r['value']:,.3f}",
            f"{r['bound']:,.3f}",
            f"{100 * r['gap']:.3f} %",
            r["status"],
            f"{r['seconds']:.1f}",
        )
        table.add_row(r["instance"], r["size"], *cells, reference)
    Console().print(table)
