"""Draft: the one way to put a Problem together, from a region's tables, a published instance or a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from optimizer.horizon import Horizon
from optimizer.problem import (
    POOL,
    EquityFloor,
    Exclusion,
    Lock,
    Need,
    Objective,
    Problem,
    Requirement,
    SystemProblem,
)

FAR_FUTURE = 9999


@dataclass
class Draft:
    """Collects counties, candidates, states, transitions, rules and money; :meth:`freeze` makes the Problem."""

    horizon: Horizon
    counties: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    corridors: list[dict[str, Any]] = field(default_factory=list)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    locks: list[Lock] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    systems: dict[str, SystemProblem] = field(default_factory=dict)
    system_names: list[str] = field(default_factory=list)
    floors: list[EquityFloor] = field(default_factory=list)
    objective: Objective = field(default_factory=Objective)

    def county(
        self,
        county_id: str,
        *,
        name_zh: str = "",
        name_en: str = "",
        prefecture: str = "",
        works_at_once: int = 10**6,
        own_share: float = 0.0,
        debt_service_ceiling: float | Sequence[float] = np.inf,
    ) -> int:
        """Add a county; returns its index."""
        self.counties.append(
            dict(
                id=county_id,
                name_zh=name_zh or county_id,
                name_en=name_en or county_id,
                prefecture=prefecture,
                works_at_once=works_at_once,
                own_share=own_share,
                ceiling=np.broadcast_to(np.asarray(debt_service_ceiling, float), (self.horizon.n_periods,)),
            )
        )
        return len(self.counties) - 1

    def candidate(
        self,
        candidate_id: str,
        system: str,
        county: int,
        *,
        role: str = "",
        place: str = "",
        name_zh: str = "",
        name_en: str = "",
        earliest_year: int = 0,
        latest_year: int = FAR_FUTURE,
        corridor: int = -1,
        capacity: float = 0.0,
        fixed_om: float = 0.0,
        option: str = "",
    ) -> int:
        """Add a candidate with its initial state (``capacity``, ``fixed_om`` and ``option`` of what stands there)."""
        if system not in self.system_names:
            self.system_names.append(system)
        self.candidates.append(
            dict(
                id=candidate_id,
                system=system,
                county=county,
                role=role,
                place=place,
                name_zh=name_zh or candidate_id,
                name_en=name_en or candidate_id,
                earliest=earliest_year,
                latest=latest_year,
                corridor=corridor,
            )
        )
        index = len(self.candidates) - 1
        self.candidates[index]["initial"] = self._state(index, option, True, fixed_om, capacity)
        return index

    def state(self, candidate: int, option: str, *, capacity: float = 0.0, fixed_om: float = 0.0) -> int:
        """Add a state that a candidate can reach; returns its index."""
        return self._state(candidate, option, False, fixed_om, capacity)

    def _state(self, candidate: int, option: str, initial: bool, fixed_om: float, capacity: float) -> int:
        self.states.append(
            dict(candidate=candidate, option=option, initial=initial, om=fixed_om, capacity=capacity)
        )
        return len(self.states) - 1

    def initial_state(self, candidate: int) -> int:
        """Index of the state a candidate is in before planning."""
        return int(self.candidates[candidate]["initial"])

    def transition(
        self,
        from_state: int,
        to_state: int,
        *,
        overnight_cost: int,
        lead_years: int = 1,
        spend_profile: Sequence[float] = (1.0,),
        lifetime: int = 20,
        uses: Mapping[str, float] | None = None,
    ) -> int:
        """Add a way from one state to another; returns its index."""
        self.transitions.append(
            dict(
                candidate=self.states[from_state]["candidate"],
                from_state=from_state,
                to_state=to_state,
                cost=int(overnight_cost),
                lead=lead_years,
                profile=tuple(spend_profile),
                lifetime=lifetime,
                uses=dict(uses or {}),
            )
        )
        return len(self.transitions) - 1

    def option(
        self, candidate: int, option: str, *, capacity: float = 0.0, fixed_om: float = 0.0, **how: Any
    ) -> int:
        """Add a state reached directly from the initial one; returns the transition's index."""
        state = self.state(candidate, option, capacity=capacity, fixed_om=fixed_om)
        return self.transition(self.initial_state(candidate), state, **how)

    def corridor(self, corridor_id: str, saving: float) -> int:
        """Add a corridor whose trench two systems may share; ``saving`` in CNY."""
        self.corridors.append(dict(id=corridor_id, saving=saving))
        return len(self.corridors) - 1

    def resource(
        self, name: str, limits: Mapping[str, float | Sequence[float]], *, whole_horizon: bool = False
    ) -> None:
        """Limit a resource by owner (``POOL`` or county id) and period."""
        periods = self.horizon.n_periods
        self.resources[name] = dict(
            whole=whole_horizon,
            limits={k: np.broadcast_to(np.asarray(v, float), (periods,)) for k, v in limits.items()},
        )

    def source(
        self,
        source_id: str,
        *,
        kind: str = "grant",
        budget: Mapping[str, float | Sequence[float]],
        systems: Sequence[str] | None = None,
        max_share: float = 1.0,
        carry_over_share: float = 0.0,
        bond_rate: float = 0.0,
        bond_term: int = 1,
        preference: int = 1,
        name_zh: str = "",
        name_en: str = "",
    ) -> int:
        """Add a funding source; ``budget`` by owner: ``{POOL: ...}`` or county by county, CNY a period."""
        self.sources.append(
            dict(
                id=source_id,
                kind=kind,
                budget=dict(budget),
                systems=None if systems is None else set(systems),
                max_share=max_share,
                carry=carry_over_share,
                rate=bond_rate,
                term=bond_term,
                preference=preference,
                name_zh=name_zh or source_id,
                name_en=name_en or source_id,
            )
        )
        return len(self.sources) - 1

    def freeze(self, **meta: Any) -> Problem:
        """Make the Problem."""
        return Problem(
            horizon=self.horizon,
            sequence=self._sequence(),
            requirements=tuple(self.requirements),
            needs=tuple(self.needs),
            exclusions=tuple(self.exclusions),
            locks=tuple(self.locks),
            funding=self._funding(),
            systems=dict(self.systems),
            objective=self.objective,
            floors=tuple(self.floors),
            meta=meta,
        )

    @property
    def _owners(self) -> list[str]:
        return [POOL, *(c["id"] for c in self.counties)]

    def _sequence(self) -> xr.Dataset:
        columns: dict[str, dict[str, tuple[str, Any]]] = {
            "county": {
                "county_name_zh": ("name_zh", str),
                "county_name_en": ("name_en", str),
                "prefecture": ("prefecture", str),
                "works_at_once": ("works_at_once", np.int64),
            },
            "candidate": {
                "candidate_name_zh": ("name_zh", str),
                "candidate_name_en": ("name_en", str),
                "candidate_system": ("system", str),
                "candidate_role": ("role", str),
                "candidate_county": ("county", np.int64),
                "candidate_place": ("place", str),
                "earliest_year": ("earliest", np.int64),
                "latest_year": ("latest", np.int64),
                "corridor": ("corridor", np.int64),
            },
            "state": {
                "state_candidate": ("candidate", np.int64),
                "state_option": ("option", str),
                "state_initial": ("initial", bool),
                "fixed_om": ("om", float),
                "capacity": ("capacity", float),
            },
            "transition": {
                "transition_candidate": ("candidate", np.int64),
                "from_state": ("from_state", np.int64),
                "to_state": ("to_state", np.int64),
                "overnight_cost": ("cost", np.int64),
                "lead_years": ("lead", np.int64),
                "lifetime": ("lifetime", np.int64),
            },
        }
        rows = dict(
            county=self.counties, candidate=self.candidates, state=self.states, transition=self.transitions
        )
        data: dict[str, Any] = {
            name: (dim, _column(rows[dim], key, dtype))
            for dim, names in columns.items()
            for name, (key, dtype) in names.items()
        }
        data["spend_share"] = (("transition", "work_year"), self._spend_share())
        data["resource_use"] = (
            ("transition", "resource"),
            np.array(
                [[t["uses"].get(r, 0.0) for r in self.resources] for t in self.transitions],
                float,
            ).reshape(len(self.transitions), len(self.resources)),
        )
        data["resource_limit"] = (("resource", "owner", "period"), self._resource_limit())
        data["resource_whole_horizon"] = (
            "resource",
            np.array([r["whole"] for r in self.resources.values()], bool),
        )
        data["corridor_saving"] = ("corridor_id", _column(self.corridors, "saving", float))
        coords = {
            "county": _column(self.counties, "id", str),
            "candidate": _column(self.candidates, "id", str),
            "owner": np.array(self._owners, str),
            "resource": np.array(list(self.resources), str),
            "corridor_id": _column(self.corridors, "id", str),
            "period": np.arange(self.horizon.n_periods),
        }
        return xr.Dataset(data, coords)

    def _spend_share(self) -> np.ndarray:
        width = max((len(t["profile"]) for t in self.transitions), default=1)
        shares = np.zeros((len(self.transitions), width))
        for i, t in enumerate(self.transitions):
            shares[i, : len(t["profile"])] = t["profile"]
        return shares

    def _resource_limit(self) -> np.ndarray:
        limit = np.full((len(self.resources), len(self._owners), self.horizon.n_periods), np.nan)
        for i, resource in enumerate(self.resources.values()):
            for owner, values in resource["limits"].items():
                limit[i, self._owners.index(owner)] = values
        return limit

    def _funding(self) -> xr.Dataset:
        names, periods = self.system_names, self.horizon.n_periods
        owners = {o: i for i, o in enumerate(self._owners)}
        budget = np.zeros((len(self.sources), len(owners), periods))
        for i, s in enumerate(self.sources):
            for owner, amount in s["budget"].items():
                budget[i, owners[owner]] = amount
        per_source = {
            "source_kind": ("kind", str),
            "source_name_zh": ("name_zh", str),
            "source_name_en": ("name_en", str),
            "max_share": ("max_share", float),
            "carry_over_share": ("carry", float),
            "bond_rate": ("rate", float),
            "bond_term": ("term", np.int64),
            "preference": ("preference", np.int64),
        }
        data: dict[str, Any] = {
            n: ("source", _column(self.sources, k, d)) for n, (k, d) in per_source.items()
        }
        data["pooled"] = ("source", np.array([POOL in s["budget"] for s in self.sources], bool))
        data["eligible"] = (
            ("source", "system"),
            np.array(
                [[s["systems"] is None or n in s["systems"] for n in names] for s in self.sources],
                bool,
            ).reshape(len(self.sources), len(names)),
        )
        data["budget"] = (("source", "owner", "period"), budget)
        data["own_share"] = ("county", _column(self.counties, "own_share", float))
        data["debt_service_ceiling"] = (
            ("county", "period"),
            np.array([c["ceiling"] for c in self.counties], float).reshape(len(self.counties), periods),
        )
        coords = {
            "source": _column(self.sources, "id", str),
            "system": np.array(names, str),
            "county": _column(self.counties, "id", str),
            "owner": np.array(list(owners), str),
            "period": np.arange(periods),
        }
        return xr.Dataset(data, coords)


def _column(rows: list[dict[str, Any]], key: str, dtype: Any) -> np.ndarray:
    return np.array([r[key] for r in rows], dtype=dtype)
