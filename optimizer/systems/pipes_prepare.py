"""From a region's tables to the pipes part of a Problem: candidates, corridors, diameters, supplies. No Pyomo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from optimizer.draft import Draft
from optimizer.errors import Finding, InputError
from optimizer.problem import SystemProblem
from optimizer.region import Region
from optimizer.suggest import did_you_mean
from optimizer.systems.catalogue import Placed, add_candidates
from optimizer.systems.demand import Demand, demand_of
from optimizer.systems.pipes_config import PipesSettings, read_settings
from optimizer.systems.pipes_laws import YEAR_SECONDS, largest_flow
from optimizer.systems.pipes_tables import Pipes, read_pipes
from optimizer.systems.roads import Roads
from optimizer.systems.tables import Values, number, records, rows, text

if TYPE_CHECKING:
    from optimizer.config import RunConfig

NOBODY = -1


def prepare(region: Region, settings: Mapping[str, Any], name: str, draft: Draft, config: RunConfig) -> SystemProblem:
    """Add a system's candidates to the draft and tabulate its network (docs/pipes.md).

    Raises
    ------
    InputError
        Settings that do not hold; options, corridors, supplies or elevations that are missing or do not fit; demand
        that no pipe reaches.
    """
    return _Preparation(region, read_settings(name, settings), name, draft, config).run()


class _Preparation:
    """The steps of :func:`prepare`, one method each."""

    def __init__(self, region: Region, settings: PipesSettings, name: str, draft: Draft, config: RunConfig) -> None:
        self.region, self.settings, self.name, self.draft = region, settings, name, draft
        self.values = Values(region, config.objective.values)
        self.unit = self._unit()

    def run(self) -> SystemProblem:
        self._refuse_unknown_options()
        roles = [r for r in self.settings.roles.model_dump().values() if r is not None]
        placed = add_candidates(self.region, self.draft, self.name, roles, self._capacity)
        demand = demand_of(self.region, self.settings.commodity, self.draft.horizon)
        pipes = read_pipes(self.region, self.name, self.settings, placed, demand)
        at = dict(zip(placed.ids, placed.index, strict=True))
        data = xr.Dataset(
            {
                **self._nodes(pipes),
                **self._origins(placed, demand, pipes),
                **self._arcs(pipes, at),
                **self._supplies(pipes, at),
            },
            {
                "node": np.array(pipes.places, str),
                "arc": np.array([str(r["candidate_id"]) for r in pipes.corridors], str),
                "supply": np.array([str(r["place_id"]) for r in pipes.supplies], str),
                "period": np.arange(self.draft.horizon.n_periods),
                **self._origin_names(placed, demand),
            },
            self._attrs(),
        )
        return SystemProblem(self.name, "pipes", data)

    # ---- tables
    def _unit(self) -> str:
        commodities = rows(self.region, "commodities")
        found = commodities.loc[commodities["commodity"] == self.settings.commodity, "unit"]
        if found.empty:
            expected = f"the commodity of system {self.name!r}; known are {', '.join(commodities['commodity'])}"
            raise InputError(
                self.region.finding(
                    "commodities", None, "commodity", f"no {self.settings.commodity!r}", expected,
                    f"Add it, or plan without it: system=[...] without {self.name}.",
                )
            )
        return text(found.iloc[0])

    def _capacity(self, record: dict[str, Any]) -> float:
        unit = text(record["capacity_unit"]) or self.unit
        if unit != self.unit:
            raise InputError(
                self.region.finding(
                    "catalogue", record["row"], "capacity_unit", repr(unit), repr(self.unit), "Give it in that unit."
                )
            )
        return number(record["capacity"], np.inf)

    def _refuse_unknown_options(self) -> None:
        """Every pipe of the catalogue has a diameter in the settings, every booster a lift."""
        roles, findings = self.settings.roles, []
        for role, table, key in (
            (roles.pipe, self.settings.diameters, "diameters"),
            (roles.booster, self.settings.lifts, "lifts"),
        ):
            findings += [
                self._no_size(r, key, list(table))
                for r in records(rows(self.region, "catalogue"))
                if r["system"] == self.name and r["role"] == role and r["option"] not in table
            ]
        if findings:
            raise InputError(findings)

    def _no_size(self, record: dict[str, Any], key: str, known: list[str]) -> Finding:
        option = str(record["option"])
        expected = f"an option named in {key} of the settings of {self.name!r}: {', '.join(known)}"
        remedy = f"Correct it, or add it to {key}{did_you_mean(option, known)}"
        return self.region.finding("catalogue", record["row"], "option", repr(option), expected, remedy)

    # ---- parts of the network
    def _nodes(self, pipes: Pipes) -> dict[str, Any]:
        places = rows(self.region, "places").set_index("place_id")
        county_of = dict(zip(places.index, places["county_id"], strict=True))
        named = places.loc[pipes.places]
        index = {c["id"]: i for i, c in enumerate(self.draft.counties)}
        elevation = np.array([pipes.elevation[p] for p in pipes.places], float)
        return {
            "node_elevation": ("node", elevation),
            "node_uncertainty": ("node", np.array([pipes.uncertainty[p] for p in pipes.places], float)),
            "node_county": ("node", np.array([index[county_of[p]] for p in pipes.places], np.int64)),
            **{f"node_{c}": ("node", named[c].to_numpy(float)) for c in ("lon", "lat")},
            **{f"node_{c}": ("node", np.array([text(v) for v in named[c]], str)) for c in ("name_zh", "name_en")},
        }

    def _wanting(self, placed: Placed, demand: Demand) -> list[tuple[int, int]]:
        """(row of the demand, candidate) of every place that can be connected and wants something."""
        at = {p: i for i, p in enumerate(demand.places)}
        mine = placed.of_roles([self.settings.roles.connection])
        return [(at[placed.places[i]], placed.index[i]) for i in mine if placed.places[i] in at]

    def _origin_names(self, placed: Placed, demand: Demand) -> dict[str, Any]:
        return {"origin": np.array([demand.places[i] for i, _ in self._wanting(placed, demand)], str)}

    def _origins(self, placed: Placed, demand: Demand, pipes: Pipes) -> dict[str, Any]:
        wanting = self._wanting(placed, demand)
        if not wanting:
            expected = f"rows of it at places with a candidate of role {self.settings.roles.connection!r}"
            found = f"no demand for {self.settings.commodity!r}"
            raise InputError(self.region.finding("demand", None, "commodity", found, expected, "Add them."))
        node = {p: i for i, p in enumerate(pipes.places)}
        nodes = np.array([node[demand.places[i]] for i, _ in wanting], np.int64)
        connect = [(o, s) for o, (_, c) in enumerate(wanting) for s in self._options(c)]
        return {
            "origin_node": ("origin", nodes),
            "origin_candidate": ("origin", np.array([c for _, c in wanting], np.int64)),
            "origin_county": ("origin", self._nodes(pipes)["node_county"][1][nodes]),
            "quantity": (("origin", "period"), demand.quantity[[i for i, _ in wanting]]),
            **_pairs("connect", "origin", connect),
        }

    def _options(self, candidate: int) -> list[int]:
        """States of a candidate in which something stands."""
        return self._options_of.get(candidate, [])

    @cached_property
    def _options_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for i, state in enumerate(self.draft.states):
            if state["option"]:
                found[state["candidate"]].append(i)
        return found

    def _arcs(self, pipes: Pipes, at: dict[str, int]) -> dict[str, Any]:
        node = {p: i for i, p in enumerate(pipes.places)}
        of = {column: [at.get(text(r[column]), NOBODY) for r in pipes.corridors] for column in
              ("candidate_id", "booster_id", "reducer_id")}  # fmt: skip
        size, lift, reduce = (
            [(a, s) for a, c in enumerate(of[column]) if c >= 0 for s in self._options(c)]
            for column in ("candidate_id", "booster_id", "reducer_id")
        )
        diameter = np.array([self.settings.diameters[self.draft.states[s]["option"]] for _, s in size], float)
        return {
            "arc_tail": ("arc", np.array([node[str(r["from_place_id"])] for r in pipes.corridors], np.int64)),
            "arc_head": ("arc", np.array([node[str(r["to_place_id"])] for r in pipes.corridors], np.int64)),
            "arc_length": ("arc", np.array([float(r["length_km"]) * 1000 for r in pipes.corridors], float)),
            **_pairs("size", "arc", size),
            "size_diameter": ("size", diameter),
            "size_capacity": ("size", self._size_capacity(size, diameter)),
            **_pairs("lift", "arc", lift),
            "lift_height": ("lift", np.array([self.settings.lifts[self.draft.states[s]["option"]] for _, s in lift], float)),
            **_pairs("reduce", "arc", reduce),
        }

    def _size_capacity(self, size: list[tuple[int, int]], diameter: np.ndarray) -> np.ndarray:
        """Units a year at mean flow: what the catalogue says, and no more than the velocity at peak allows."""
        settings = self.settings
        peak = largest_flow(settings.medium, diameter, settings.velocity, settings.pressure.least)
        stated = np.array([self.draft.states[s]["capacity"] or np.inf for _, s in size], float)
        return np.minimum(stated, peak * YEAR_SECONDS / settings.peak_factor)

    # ---- supplies
    def _supplies(self, pipes: Pipes, at: dict[str, int]) -> dict[str, Any]:
        node = {p: i for i, p in enumerate(pipes.places)}
        candidate = [at.get(text(r["candidate_id"]), NOBODY) for r in pipes.supplies]
        minutes = self._minutes(pipes)
        station = [(k, s) for k, c in enumerate(candidate) if c >= 0 for s in self._options(c)]
        capacity = [number(r["capacity"], np.inf) if c < 0 else 0.0
                    for r, c in zip(pipes.supplies, candidate, strict=True)]  # fmt: skip
        return {
            "supply_node": ("supply", np.array([node[str(r["place_id"])] for r in pipes.supplies], np.int64)),
            "supply_candidate": ("supply", np.array(candidate, np.int64)),
            "supply_kind": ("supply", np.array([str(r["kind"]) for r in pipes.supplies], str)),
            **{f"supply_kind_{language}": ("supply", np.array([self._label(str(r["kind"]), language) for r in pipes.supplies], str))
               for language in ("zh", "en")},
            "supply_pressure": ("supply", np.array([float(r["pressure"]) for r in pipes.supplies], float)),
            "supply_capacity": ("supply", np.array(capacity, float)),
            "supply_minutes": ("supply", minutes),
            "supply_cost": ("supply", self._cost(pipes, minutes)),
            **_pairs("station", "supply", station),
        }

    def _label(self, kind: str, language: str) -> str:
        """A kind of supply for the reader."""
        return str(getattr(self.settings.supplies[kind].label, language) or kind)

    def _minutes(self, pipes: Pipes) -> np.ndarray:
        """Minutes on the road from the nearest supply of the kind that a supply is hauled from; 0 where it is not."""
        minutes, places = np.zeros(len(pipes.supplies)), [str(r["place_id"]) for r in pipes.supplies]
        kinds = [str(r["kind"]) for r in pipes.supplies]
        for kind, supply in self.settings.supplies.items():
            mine = [i for i, k in enumerate(kinds) if k == kind]
            if supply.hauled_from is None or not mine:
                continue
            origins = [places[i] for i, k in enumerate(kinds) if k == supply.hauled_from]
            if not origins:
                found, expected = f"no {supply.hauled_from!r}", f"a supply that {kind!r} is hauled from"
                raise InputError(self.region.finding("supplies", None, "kind", found, expected, "Add it."))
            minutes[mine] = Roads.of(self.region).travel(origins, [places[i] for i in mine])[0].min(axis=0)
        return self._refuse_cut_off(pipes, minutes)

    def _refuse_cut_off(self, pipes: Pipes, minutes: np.ndarray) -> np.ndarray:
        findings = [
            self.region.finding("supplies", pipes.supplies[i]["row"], "place_id", str(pipes.supplies[i]["place_id"]),
                                "a place that a road leads to", "Connect it in link.csv.")
            for i in np.flatnonzero(~np.isfinite(minutes))
        ]  # fmt: skip
        if findings:
            raise InputError(findings)
        return minutes

    def _cost(self, pipes: Pipes, minutes: np.ndarray) -> np.ndarray:
        """CNY a unit."""
        kinds = [self.settings.supplies[str(r["kind"])] for r in pipes.supplies]
        return np.array(
            [self.values.total(k.costs) + self.values.optional(k.per_hour) * m / 60
             for k, m in zip(kinds, minutes, strict=True)], float,
        )  # fmt: skip

    def _attrs(self) -> dict[str, Any]:
        settings = self.settings
        limits = settings.pressure
        return {
            "medium": settings.medium,
            "commodity": settings.commodity,
            "unit": self.unit,
            "roughness": float(settings.roughness),
            "least": float(limits.least),
            "transit": float(limits.transit),
            "most": float(limits.most or np.inf),
            "reduced": float(limits.reduced or np.inf),
            "peak": settings.peak_factor / YEAR_SECONDS,
            "gain": float(self.values.total(settings.gains)),
            "energy": float(self.values.optional(settings.energy)),
            "samples": int(settings.samples),
        }


def _pairs(name: str, owner: str, pairs: list[tuple[int, int]]) -> dict[str, Any]:
    """States of candidates with what they belong to, along a dimension of their own."""
    table = np.array(pairs, np.int64).reshape(len(pairs), 2)
    return {f"{name}_{owner}": (name, table[:, 0]), f"{name}_state": (name, table[:, 1])}
