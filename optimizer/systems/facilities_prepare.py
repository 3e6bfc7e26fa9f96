"""From a region's tables to the facilities part of a Problem: candidates, travel, worth. No Pyomo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from optimizer.draft import Draft
from optimizer.errors import Finding, InputError
from optimizer.problem import SystemProblem
from optimizer.region import Region
from optimizer.systems.catalogue import Placed, add_candidates
from optimizer.systems.demand import Demand, demand_of
from optimizer.systems.facilities_config import Centres, FacilitiesSettings, Markets, Within, read_settings
from optimizer.systems.facilities_travel import Edges, Ends, allowed, leg_cost, nearest_edges, unit_worth, weights
from optimizer.systems.roads import Roads
from optimizer.systems.tables import Values, rows, text

if TYPE_CHECKING:
    from optimizer.config import RunConfig

NO_CANDIDATE = -1


def prepare(region: Region, settings: Mapping[str, Any], name: str, draft: Draft, config: RunConfig) -> SystemProblem:
    """Add a system's candidates to the draft and tabulate who may be served where and what that is worth.

    Returns
    -------
    SystemProblem
        Data as docs/add-a-system.md describes: origins, sites, uppers, pairs, links.

    Raises
    ------
    InputError
        Settings that do not hold, keys, roles or options that are not in the tables, demand nobody can serve.
    """
    return _Preparation(region, read_settings(name, settings), name, draft, config).run()


class _Preparation:
    """The steps of :func:`prepare`, one method each."""

    def __init__(
        self, region: Region, settings: FacilitiesSettings, name: str, draft: Draft, config: RunConfig
    ) -> None:
        self.region, self.settings, self.name, self.draft = region, settings, name, draft
        self.values = Values(region, config.objective.values)
        objective = config.objective
        self.by_value_alone = (
            not settings.serve_all
            and objective.metrics == ["net_benefit"]
            and not objective.at_least
            and all(floor.system != name for floor in objective.floors)
        )
        self.unit = self._unit()
        places = rows(region, "places")
        self.county_of_place = dict(zip(places["place_id"], places["county_id"], strict=True))
        self.county_index = {c["id"]: i for i, c in enumerate(draft.counties)}
        self.prefecture = np.array([c["prefecture"] for c in draft.counties], str)
        self.roads = Roads.of(region)

    def run(self) -> SystemProblem:
        demand = self._demand()
        placed = self._candidates()
        sites = placed.of_roles(self.settings.roles)
        site_ends = self._ends([placed.places[i] for i in sites])
        uppers, links = self._uppers(placed, site_ends)
        open_end = np.isin(np.arange(len(sites)), links.tail) if self.settings.upper else np.ones(len(sites), bool)
        pairs = self._pairs(demand, site_ends, open_end)
        pair_weight = weights(self.settings.coverage, pairs.minutes)
        pair_value = self._pair_value(pairs, pair_weight)
        link_value = -leg_cost(self.settings.worth, self.values, "outbound", links.minutes, links.km)
        useful = self._useful(pairs, pair_value, pair_weight, links, link_value)
        pairs, pair_value, pair_weight = pairs.keep(useful), pair_value[useful], pair_weight[useful]
        data = xr.Dataset(
            {
                **self._origin_data(demand),
                "site_candidate": ("site", np.array([placed.index[i] for i in sites], np.int64)),
                "site_place": ("site", np.array(site_ends.places, str)),
                "site_county": ("site", site_ends.county),
                **uppers.data_vars,
                "pair_origin": ("pair", pairs.tail),
                "pair_site": ("pair", pairs.head),
                "pair_value": ("pair", pair_value),
                "pair_minutes": ("pair", pairs.minutes),
                "pair_km": ("pair", pairs.km),
                "pair_weight": ("pair", pair_weight),
                "link_site": ("link", links.tail),
                "link_upper": ("link", links.head),
                "link_value": (("link", "product"), link_value[:, None]),
                "link_minutes": ("link", links.minutes),
                "link_km": ("link", links.km),
            },
            {
                "origin": np.array(demand.places, str),
                "product": np.array([self.settings.commodity], str),
                "site": np.array([placed.ids[i] for i in sites], str),
                "upper": uppers["upper"].values,
                "period": np.arange(self.draft.horizon.n_periods),
            },
            self._attrs(),
        )  # fmt: skip
        return SystemProblem(self.name, "facilities", data)

    # ---- tables
    def _unit(self) -> str:
        commodities = rows(self.region, "commodities")
        found = commodities.loc[commodities["commodity"] == self.settings.commodity, "unit"]
        if found.empty:
            known = ", ".join(commodities["commodity"])
            raise InputError(
                self.region.finding(
                    "commodities", None, "commodity", f"no {self.settings.commodity!r}",
                    f"the commodity of system {self.name!r}; known are {known}",
                    f"Add it, change the system's settings, or plan without it: system=[...] without {self.name}.",
                )
            )  # fmt: skip
        return text(found.iloc[0])

    def _demand(self) -> Demand:
        demand = demand_of(self.region, self.settings.commodity, self.draft.horizon)
        wanted = np.flatnonzero(demand.quantity.sum(axis=1) > 0)
        if not len(wanted):
            raise InputError(
                self.region.finding(
                    "demand", None, "commodity", f"no demand for {self.settings.commodity!r}",
                    f"rows of it with a quantity above 0, for system {self.name!r}",
                    "Add them, or leave the system out.",
                )
            )  # fmt: skip
        return Demand(
            [demand.places[i] for i in wanted], [demand.first_row[i] for i in wanted], demand.quantity[wanted]
        )

    def _candidates(self) -> Placed:
        upper = self.settings.upper
        roles = [*self.settings.roles, *([upper.role] if isinstance(upper, Centres) else [])]
        return add_candidates(self.region, self.draft, self.name, roles, self._capacity)

    def _capacity(self, record: dict[str, Any]) -> float:
        """Capacity of a catalogue record in the commodity's unit."""
        unit, capacity = text(record["capacity_unit"]) or self.unit, float(record["capacity"])
        if unit == self.unit:
            return float(np.inf) if np.isnan(capacity) else capacity
        if self.settings.capacity_turns is None:
            raise InputError(
                self.region.finding(
                    "catalogue", record["row"], "capacity_unit", repr(unit),
                    f"{self.unit!r}, the unit of {self.settings.commodity!r}",
                    f"Give the capacity in that unit, or set capacity_turns in the settings of {self.name!r}.",
                )
            )  # fmt: skip
        return capacity * self.values.number(self.settings.capacity_turns)

    def _ends(self, places: list[str]) -> Ends:
        county = np.array([self.county_index[self.county_of_place[p]] for p in places], np.int64)
        return Ends(places, county, self.prefecture[county] if len(county) else np.empty(0, str))

    # ---- echelons
    def _uppers(self, placed: Placed, sites: Ends) -> tuple[xr.Dataset, Edges]:
        """The upper echelon and the links of every site to it."""
        upper = self.settings.upper
        if isinstance(upper, Markets):
            places = rows(self.region, "places")
            chosen = [str(p) for p in places.loc[places["kind"] == upper.place_kind, "place_id"]]
            data = self._upper_data(chosen, [NO_CANDIDATE] * len(chosen), chosen, self._market_capacity(upper, chosen))
            return data, self._links(upper, sites, self._ends(chosen))
        if isinstance(upper, Centres):
            at = placed.of_roles([upper.role])
            where = [placed.places[i] for i in at]
            data = self._upper_data([placed.ids[i] for i in at], [placed.index[i] for i in at], where, None)
            return data, self._links(upper, sites, self._ends(where))
        none = np.empty(0, np.int64)
        return self._upper_data([], [], [], None), Edges(none, none, np.empty(0), np.empty(0))

    def _links(self, upper: Markets | Centres, sites: Ends, uppers: Ends) -> Edges:
        minutes, km = self.roads.travel(sites.places, uppers.places)
        fits = allowed(upper.catchment, sites, uppers, minutes) if isinstance(upper, Centres) else np.isfinite(minutes)
        return nearest_edges(minutes, km, fits, upper.max_per_site)

    def _market_capacity(self, upper: Markets, chosen: list[str]) -> np.ndarray:
        if upper.commodity is None:
            return np.full((len(chosen), self.draft.horizon.n_periods), np.inf)
        takes = demand_of(self.region, upper.commodity, self.draft.horizon)
        known = dict(zip(takes.places, takes.quantity, strict=True))
        return np.array([known.get(p, np.zeros(self.draft.horizon.n_periods)) for p in chosen])

    def _upper_data(
        self, ids: list[str], candidate: list[int], places: list[str], capacity: np.ndarray | None
    ) -> xr.Dataset:
        shape = len(ids), self.draft.horizon.n_periods
        limit = np.full(shape, np.inf) if capacity is None else capacity.reshape(shape)
        return xr.Dataset(
            {
                "upper_candidate": ("upper", np.array(candidate, np.int64)),
                "upper_place": ("upper", np.array(places, str)),
                "upper_capacity": (("upper", "period"), limit),
            },
            {"upper": np.array(ids, str)},
        )

    # ---- pairs
    def _pairs(self, demand: Demand, sites: Ends, open_end: np.ndarray) -> Edges:
        origins = self._ends(demand.places)
        minutes, km = self.roads.travel(origins.places, sites.places)
        fits = allowed(self.settings.catchment, origins, sites, minutes)
        usable = fits & np.isfinite(minutes) & open_end
        self._refuse_unservable(demand, fits, minutes, usable)
        return nearest_edges(minutes, km, usable, self.settings.max_sites_per_origin)

    def _refuse_unservable(self, demand: Demand, fits: np.ndarray, minutes: np.ndarray, usable: np.ndarray) -> None:
        """Demand nobody can serve: all must be served, or no road leads to any site it might use."""
        might = np.ones_like(fits) if isinstance(self.settings.catchment, Within) else fits
        cut_off = might.any(axis=1) & ~(might & np.isfinite(minutes)).any(axis=1)
        unserved = ~usable.any(axis=1) & (cut_off | self.settings.serve_all)
        findings = [self._unservable(demand, int(i), bool(cut_off[i])) for i in np.flatnonzero(unserved)]
        if findings:
            raise InputError(findings)

    def _unservable(self, demand: Demand, origin: int, cut_off: bool) -> Finding:
        remedy = (
            "Connect the place in link.csv" if cut_off else "Add a candidate within its catchment, widen the catchment"
        )
        return self.region.finding(
            "demand", demand.first_row[origin], "place_id",
            f"demand for {self.settings.commodity} at {demand.places[origin]} that nobody can serve",
            f"a site of system {self.name!r} that a road leads to", f"{remedy}, or take the demand out.",
        )  # fmt: skip

    def _pair_value(self, pairs: Edges, weight: np.ndarray) -> np.ndarray:
        return unit_worth(self.settings.worth, self.values, weight, pairs.minutes, pairs.km)

    def _useful(
        self, pairs: Edges, value: np.ndarray, weight: np.ndarray, links: Edges, link_value: np.ndarray
    ) -> np.ndarray:
        """Pairs that may serve somebody: not worthless where value alone decides, not without any weight."""
        if self.settings.serve_all:
            return np.ones(len(value), bool)
        onward = np.zeros(int(max(pairs.head, default=-1)) + 1)
        if self.settings.upper is not None:
            onward = np.full(max(len(onward), int(max(links.tail, default=-1)) + 1), -np.inf)
            np.maximum.at(onward, links.tail, link_value)
        worthless = (value + onward[pairs.head] <= 0) & self.by_value_alone
        return np.asarray((weight > 0) & ~worthless)

    # ---- data
    def _origin_data(self, demand: Demand) -> dict[str, Any]:
        return {
            "origin_county": ("origin", self._ends(demand.places).county),
            "origin_product": ("origin", np.zeros(len(demand.places), np.int64)),
            "quantity": (("origin", "period"), demand.quantity),
        }

    def _attrs(self) -> dict[str, Any]:
        settings, coverage = self.settings, self.settings.coverage
        within = settings.catchment.within_minutes if isinstance(settings.catchment, Within) else np.inf
        linked = settings.upper.catchment if isinstance(settings.upper, Centres) else None
        return {
            "commodity": settings.commodity,
            "unit": self.unit,
            "single_source": int(settings.assignment == "single_source"),
            "serve_all": int(settings.serve_all),
            "catchment": "within_minutes" if isinstance(settings.catchment, Within) else settings.catchment,
            "within_minutes": float(within),
            "link_within_minutes": float(linked.within_minutes if isinstance(linked, Within) else np.inf),
            "standard_minutes": float(coverage.standard_minutes) if coverage else float(np.inf),
            "coverage": coverage.form if coverage else "none",
            "zero_at_minutes": float(coverage.zero_at_minutes or np.inf) if coverage else float(np.inf),
        }
