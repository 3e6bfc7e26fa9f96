"""Random tiny basins: a prepared system whose rivers, zones, works and money are drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.problem import POOL, Problem, SystemProblem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_effects import Tables

TABULATED = ("table", "axis", "entry", "beside")
KEPT_WORKS = ("L-ZA", "L-ZB", "B-1", "J-1")
PERIODS = 2


def redrawn(data: xr.Dataset, rng: np.random.Generator, **attrs: object) -> xr.Dataset:
    """The system over two periods with four works and other rivers, zones and assets, tabulated again."""
    data = data.drop_dims(TABULATED).isel(period=slice(0, PERIODS)).copy(deep=True)
    data = data.assign_attrs(**attrs)
    for name, low, high in (
        ("reach_peak", 0.4, 1.8), ("reach_width", 0.6, 1.6), ("reach_slope", 0.6, 1.6), ("reach_length", 0.3, 2.0),
        ("asset_value", 0.02, 0.2), ("zone_area", 0.3, 2.0), ("zone_length", 0.2, 2.0),
    ):  # fmt: skip
        drawn = rng.uniform(low, high, len(data[name]))
        data[name].values[:] = (data[name].values.T * drawn).T
    data["reach_peak"].values.sort(axis=1)
    data["curve_volume"].values[:] *= rng.uniform(1.1, 2.0)
    crest = data["crest"].values
    crest[:] = crest[:, :1] + np.cumsum(rng.uniform(0.0, 1.5, crest.shape), axis=1)
    return data.assign(Tables(Basin(data)).arrays())


@dataclass(frozen=True)
class Work:
    """A work of the brute force: what each level costs, by level from 1."""

    costs: tuple[int, ...]


def only_works(data: xr.Dataset, keep: tuple[str, ...] = KEPT_WORKS) -> xr.Dataset:
    """The system with some of its works alone."""
    names = [str(w) for w in data["work"].values]
    kept = [names.index(k) for k in keep]
    new = {old: k for k, old in enumerate(kept)}
    out = data.drop_dims(TABULATED).isel(work=kept).copy(deep=True)
    for name in ("zone_levee", "zone_warning", "zone_drain", "storage_work", "storage_joint"):
        out[name].values[:] = [new.get(int(w), -1) for w in data[name].values]
    out["unwarned"].values[:] = 1.0
    return out.assign(Tables(Basin(out)).arrays())


def problem_from(data: xr.Dataset, rng: np.random.Generator) -> tuple[Problem, list[Work], float]:
    """A problem of these works with random costs and one budget; the works, and the budget of each period (CNY)."""
    draft = Draft(Horizon(2025, (1,) * PERIODS, 0.06))
    counties = [draft.county(c) for c in "AB"]
    data, works, states = data.copy(deep=True), [], np.full(data["work_state"].shape, -1)
    for w in range(data.sizes["work"]):
        county = counties[int(data["work_county"].values[w])]
        candidate = draft.candidate(str(data["work"].values[w]), "flood", county)
        data["work_candidate"].values[w] = candidate
        states[w, 0] = draft.initial_state(candidate)
        costs = tuple(sorted(int(c) for c in rng.uniform(2e5, 8e6, int(data["work_levels"].values[w]) - 1)))
        for k, cost in enumerate(costs, start=1):
            p = draft.option(candidate, f"o{k}", overnight_cost=cost, lead_years=0, lifetime=40)
            states[w, k] = draft.transitions[p]["to_state"]
        works.append(Work(costs))
    data["work_state"].values[:] = states
    budget = float(int(rng.uniform(3e6, 2.5e7)))
    draft.source("pool", budget={POOL: budget})
    draft.systems["flood"] = SystemProblem("flood", "protection", data)
    return draft.freeze(), works, budget
