"""A run shaped into tables once; every writer of files uses these, and none computes anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from optimizer.config import RunConfig
from optimizer.plan import Plan, Round, states_over_time
from optimizer.problem import Problem
from optimizer.region import Region, provenance_shares
from optimizer.sensitivity import Flips
from optimizer.solve.progress import cut_short
from optimizer.systems.exhibits import ReportSection
from optimizer.systems.registry import archetype
from optimizer.verify.result import Verification

MILLION = 1e6


@dataclass(frozen=True)
class Views:
    """Tables of a run; money in 10^6 CNY unless a column says CNY."""

    problem: Problem
    plan: Plan
    verification: Verification
    region: Region
    config: RunConfig
    extras: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        problem: Problem,
        plan: Plan,
        verification: Verification,
        region: Region,
        config: RunConfig,
        extras: Mapping[str, Any],
    ) -> Views:
        """Views of a run."""
        return cls(problem, plan, verification, region, config, extras)

    @property
    def years(self) -> tuple[str, ...]:
        return self.problem.horizon.labels

    @property
    def flips(self) -> list[Flips]:
        return list(self.extras.get("flips", []))

    @property
    def rounds(self) -> list[Round]:
        """Rounds of planning and simulation; none where every model is exact."""
        return list(self.extras.get("rounds", []))

    @cached_property
    def exhibits(self) -> dict[str, tuple[ReportSection, ...]]:
        """By system, the tables, maps and curves that its archetype shapes from the plan."""
        return {
            name: archetype(system.archetype).report_sections(self.problem, system, self.plan)
            for name, system in self.problem.systems.items()
        }

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Every metric of the plan."""
        names, values = self.plan.decisions["metric"].values, self.plan.decisions["metric_value"].values
        return {str(n): float(v) for n, v in zip(names, values, strict=True)}

    @cached_property
    def terms(self) -> dict[str, float]:
        """Discounted parts of net benefit, 10^6 CNY."""
        names, values = self.plan.decisions["term"].values, self.plan.decisions["objective_terms"].values
        return {str(n): float(v) for n, v in zip(names, values, strict=True)}

    @cached_property
    def sources(self) -> list[tuple[str, str, str]]:
        """(id, Chinese name, English name) of each funding source."""
        fund = self.problem.funding
        return [
            (str(a), str(b), str(c))
            for a, b, c in zip(
                fund["source"].values, fund["source_name_zh"].values, fund["source_name_en"].values, strict=True
            )
        ]

    @cached_property
    def counties(self) -> pd.DataFrame:
        """County, names, spending, projects, lowest and mean service in the last period."""
        seq = self.problem.sequence
        county = seq["candidate_county"].values
        spent = self.plan.decisions["spending"].values.sum(axis=1) / MILLION
        frame = pd.DataFrame(
            {
                "county_id": self.problem.county_ids,
                "name_zh": seq["county_name_zh"].values,
                "name_en": seq["county_name_en"].values,
                "prefecture": seq["prefecture"].values,
                "spending": np.bincount(county, spent, minlength=seq.sizes["county"]),
                "projects": np.bincount(county[self.started], minlength=seq.sizes["county"]),
            }
        )
        for system in self.problem.systems:
            frame[f"service_{system}"] = frame["county_id"].map(self.service_levels(system)[self.years[-1]])
        return frame

    def service_levels(self, system: str) -> pd.DataFrame:
        """Share of demand served, index county id, a column for each period."""
        service = self.verification.service
        mine = service[(service["system"] == system) & (service["demand"] > 0)]
        level = mine.assign(level=mine["simulated"] / mine["demand"])
        table = level.pivot_table(index="county_id", columns="period", values="level", sort=False)
        return table.reindex(index=self.problem.county_ids, columns=list(self.years))

    @cached_property
    def started(self) -> np.ndarray:
        """Candidates with a start or a work in flight, indices."""
        owner = self.problem.sequence["transition_candidate"].values
        starts = np.unique(owner[self.plan.decisions["start"].values.any(axis=1)])
        flying = [owner[lock.transition] for lock in self.problem.locks if lock.kind == "in_flight"]
        return np.unique(np.concatenate([starts, np.array(flying, dtype=starts.dtype)]))

    @cached_property
    def projects(self) -> pd.DataFrame:
        """One row for each start: what, where, when, how much, from whom."""
        seq, decisions = self.problem.sequence, self.plan.decisions
        payment = decisions["payment"].values
        states = states_over_time(self.problem, decisions["start"].values)
        rows = []
        for p, t in np.argwhere(decisions["start"].values):
            c = int(seq["transition_candidate"].values[p])
            county = int(seq["candidate_county"].values[c])
            service = self.problem.horizon.service_period(int(t), int(seq["lead_years"].values[p]))
            rows.append(
                {
                    "candidate_id": str(seq["candidate"].values[c]),
                    "name_zh": str(seq["candidate_name_zh"].values[c]),
                    "name_en": str(seq["candidate_name_en"].values[c]),
                    "system": str(seq["candidate_system"].values[c]),
                    "role": str(seq["candidate_role"].values[c]),
                    "county_id": self.problem.county_ids[county],
                    "county_zh": str(seq["county_name_zh"].values[county]),
                    "county_en": str(seq["county_name_en"].values[county]),
                    "place_id": str(seq["candidate_place"].values[c]),
                    "option": str(seq["state_option"].values[seq["to_state"].values[p]]),
                    "from_option": str(seq["state_option"].values[seq["from_state"].values[p]]),
                    "start": self.years[t],
                    "service": self.years[service] if service < len(self.years) else "",
                    "capacity": float(seq["capacity"].values[seq["to_state"].values[p]]),
                    "overnight_cost": float(seq["overnight_cost"].values[p]) / MILLION,
                    "spending": float(decisions["spending"].values[c].sum()) / MILLION,
                    "last_option": str(seq["state_option"].values[states[c, -1]]),
                    **{f"paid_{s}": float(payment[c, k].sum()) / MILLION for k, (s, _, _) in enumerate(self.sources)},
                    **{
                        f"spent_{y}": float(decisions["spending"].values[c, i]) / MILLION
                        for i, y in enumerate(self.years)
                    },
                }
            )
        columns = (
            list(rows[0]) if rows else ["candidate_id", "start", "system", "county_id", "name_zh", "name_en", "option"]
        )
        return pd.DataFrame(rows, columns=columns).sort_values(
            ["start", "system", "county_id", "candidate_id"], ignore_index=True
        )

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """Candidates that are not started: cheapest option, and whether money was left where they stand."""
        seq = self.problem.sequence
        owner, cost = seq["transition_candidate"].values, seq["overnight_cost"].values / MILLION
        cheapest = np.full(seq.sizes["candidate"], np.nan)
        for c, price in zip(owner, cost, strict=True):
            cheapest[c] = np.nanmin([cheapest[c], price])
        rest = np.setdiff1d(np.flatnonzero(~np.isnan(cheapest)), self.started)
        county = seq["candidate_county"].values
        return pd.DataFrame(
            {
                "candidate_id": seq["candidate"].values[rest],
                "name_zh": seq["candidate_name_zh"].values[rest],
                "name_en": seq["candidate_name_en"].values[rest],
                "system": seq["candidate_system"].values[rest],
                "county_zh": seq["county_name_zh"].values[county[rest]],
                "county_en": seq["county_name_en"].values[county[rest]],
                "cheapest": cheapest[rest],
                "served": [self._served_at(int(c)) for c in rest],
                "pool_left": self._pool_left,
                "county_left": self._county_left[county[rest]],
            }
        )

    def _served_at(self, candidate: int) -> float:
        """Service level of the candidate's system in its county at the end."""
        seq = self.problem.sequence
        system, county = str(seq["candidate_system"].values[candidate]), int(seq["candidate_county"].values[candidate])
        if system not in self.problem.systems:
            return float("nan")
        return float(self.service_levels_cached[system][self.years[-1]].iloc[county])

    @cached_property
    def service_levels_cached(self) -> dict[str, pd.DataFrame]:
        """Service levels of every system."""
        return {system: self.service_levels(system) for system in self.problem.systems}

    @cached_property
    def budget_use(self) -> pd.DataFrame:
        """Budget, what was carried over from the period before, and payments by source and period, 10^6 CNY."""
        budget = self.problem.funding["budget"].values.sum(axis=1) / MILLION
        paid = self.plan.decisions["payment"].values.sum(axis=0) / MILLION
        carried = self.plan.decisions["carry_over"].values.sum(axis=1) / MILLION
        columns = ["source", "name_zh", "name_en", "period", "budget", "carried_in", "paid"]
        rows = [
            (s, zh, en, y, budget[k, t], carried[k, t - 1] if t else 0.0, paid[k, t])
            for k, (s, zh, en) in enumerate(self.sources)
            for t, y in enumerate(self.years)
        ]
        table = pd.DataFrame(rows, columns=columns)
        at_hand = table["budget"] + table["carried_in"]
        return table.assign(used=(table["paid"] / at_hand).where(at_hand > 0))

    @cached_property
    def _pool_left(self) -> float:
        pooled = self.problem.funding["pooled"].values
        budget = self.problem.funding["budget"].values[pooled, 0].sum()
        return float(budget - self.plan.decisions["payment"].values[:, pooled].sum()) / MILLION

    @cached_property
    def _county_left(self) -> np.ndarray:
        own = ~self.problem.funding["pooled"].values
        budget = self.problem.funding["budget"].values[own][:, 1:].sum(axis=(0, 2))
        paid = np.zeros_like(budget)
        np.add.at(
            paid,
            self.problem.sequence["candidate_county"].values,
            self.plan.decisions["payment"].values[:, own].sum(axis=(1, 2)),
        )
        return np.asarray((budget - paid) / MILLION)

    @cached_property
    def money_totals(self) -> dict[str, float]:
        """10^6 CNY paid by each source over the horizon."""
        return {str(s): float(v) for s, v in self.budget_use.groupby("source", sort=False)["paid"].sum().items()}

    @property
    def cut_short(self) -> bool:
        """Whether the solve had too little time for its plan to be taken for nearly the best."""
        return cut_short(self.plan.outcome.termination, self.plan.outcome.gap)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many candidates there are and how many are started, in all and by system."""
        systems = self.problem.sequence["candidate_system"].values
        counts = {"candidates": len(systems), "started": len(self.started)}
        for name in self.problem.systems:
            counts[f"candidates:{name}"] = int((systems == name).sum())
            counts[f"started:{name}"] = int((systems[self.started] == name).sum())
        return counts

    @cached_property
    def provenance(self) -> pd.DataFrame:
        """Numbers by table and kind (fact, derived, assumption)."""
        return provenance_shares(self.region)

    @cached_property
    def synthetic_places(self) -> int:
        """How many places were placed by rule because their position is not public."""
        return int((self.region.tables["places"]["placement"] == "synthetic placement").sum())

    def system_label(self, name: str) -> tuple[str, str]:
        """Chinese and English label of a system."""
        label = self.config.system[name].label
        return label.zh or name, label.en or name
