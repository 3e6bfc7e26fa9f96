"""What a region's tables say of a pipe network, read and checked: corridors, supplies, elevations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx

from optimizer.errors import Finding, InputError
from optimizer.region import Region
from optimizer.suggest import did_you_mean
from optimizer.systems.catalogue import Placed
from optimizer.systems.demand import Demand
from optimizer.systems.pipes_config import PipesSettings
from optimizer.systems.tables import number, records, rows, text

Record = dict[str, Any]


@dataclass(frozen=True)
class Pipes:
    """Records of the corridors and supplies of one system, in table order."""

    corridors: list[Record]
    supplies: list[Record]
    places: list[str]
    elevation: dict[str, float]
    uncertainty: dict[str, float]


def read_pipes(region: Region, name: str, settings: PipesSettings, placed: Placed, demand: Demand) -> Pipes:
    """Read the network of a system.

    Raises
    ------
    InputError
        A pipe without corridor or with no length, a device that is no candidate, options without a diameter or lift,
        no supply or one of an unknown kind, places without elevation, demand that no corridor reaches.
    """
    mine = {placed.ids[i] for i in range(len(placed.ids))}
    corridors = [r for r in records(rows(region, "pipe_corridors")) if str(r["candidate_id"]) in mine]
    supplies = [r for r in records(rows(region, "supplies")) if str(r["system"]) == name]
    heights = records(rows(region, "elevations"))
    elevation = {str(r["place_id"]): float(r["elevation_m"]) for r in heights}
    uncertainty = {str(r["place_id"]): number(r["uncertainty_m"], 0.0) for r in heights}
    ends = [str(r[end]) for r in corridors for end in ("from_place_id", "to_place_id")]
    places = list(dict.fromkeys([*(str(r["place_id"]) for r in supplies), *ends]))
    pipes = Pipes(corridors, supplies, places, elevation, uncertainty)
    checks = _Checks(region, name, settings, placed, pipes)
    findings = [*checks.corridors(), *checks.supplies(), *checks.elevations(), *checks.reached(demand)]
    if findings:
        raise InputError(findings)
    return pipes


class _Checks:
    def __init__(self, region: Region, name: str, settings: PipesSettings, placed: Placed, pipes: Pipes) -> None:
        self.region, self.name, self.settings, self.placed, self.pipes = region, name, settings, placed, pipes
        self.role = dict(zip(placed.ids, placed.roles, strict=True))

    def corridors(self) -> list[Finding]:
        """Every pipe has one corridor with a length, and devices that are candidates of their role."""
        found = []
        known = {str(r["candidate_id"]) for r in self.pipes.corridors}
        for key, role in self.role.items():
            if role == self.settings.roles.pipe and key not in known:
                says = f"no row for the pipe {key}"
                found.append(self._finding("pipe_corridors", None, "candidate_id", says, "one for every pipe", "Add it."))
        for r in self.pipes.corridors:
            if float(r["length_km"]) <= 0:
                says = f"{r['length_km']} km for {r['candidate_id']}"
                remedy = "Correct it, or make its two places one."
                found.append(self._finding("pipe_corridors", r["row"], "length_km", says, "more than 0", remedy))
            if r["from_place_id"] == r["to_place_id"]:
                says, remedy = f"{r['to_place_id']} at both ends", "Correct one end."
                found.append(self._finding("pipe_corridors", r["row"], "to_place_id", says, "another place", remedy))
            for column in ("booster", "reducer"):
                found += self._device(r, column)
        return found

    def _device(self, record: Record, column: str) -> list[Finding]:
        key, role = text(record[f"{column}_id"]), getattr(self.settings.roles, column)
        if not key or (role is not None and self.role.get(key) == role):
            return []
        known = [k for k, r in self.role.items() if r == role]
        expected, remedy = f"a candidate of role {role!r}", f"Correct it, or add the candidate{did_you_mean(key, known)}"
        return [self._finding("pipe_corridors", record["row"], f"{column}_id", repr(key), expected, remedy)]

    def supplies(self) -> list[Finding]:
        """There is a supply, each of a kind that the settings know, built by a candidate of the right role if by any."""
        if not self.pipes.supplies:
            says, remedy = f"no supply of system {self.name!r}", "Add where it is fed, or leave the system out."
            return [self._finding("supplies", None, "system", says, "at least one row", remedy)]
        found, kinds = [], self.settings.supplies
        for r in self.pipes.supplies:
            if str(r["kind"]) not in kinds:
                remedy = f"Correct it{did_you_mean(str(r['kind']), kinds)}"
                expected = f"one of {', '.join(kinds)}"
                found.append(self._finding("supplies", r["row"], "kind", repr(r["kind"]), expected, remedy))
            limits, given = self.settings.pressure, float(r["pressure"])
            if not limits.transit <= given <= (limits.most or given):
                expected = f"{limits.transit:g} to {limits.most or 'any'}, the pressure allowed by the settings"
                found.append(self._finding("supplies", r["row"], "pressure", f"{given:g}", expected, "Correct it."))
            key = text(r["candidate_id"])
            if key and self.role.get(key) != self.settings.roles.supply:
                expected = f"a candidate of role {self.settings.roles.supply!r}"
                found.append(self._finding("supplies", r["row"], "candidate_id", repr(key), expected, "Correct it."))
        return found

    def elevations(self) -> list[Finding]:
        """Every place of the network has an elevation."""
        return [
            self._finding("elevations", None, "place_id", f"no row for {p}", "the elevation of every place", "Add it.")
            for p in self.pipes.places
            if p not in self.pipes.elevation
        ]

    def reached(self, demand: Demand) -> list[Finding]:
        """From some supply a way leads to every place that can be connected and wants something."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.pipes.places)
        graph.add_edges_from((str(r["from_place_id"]), str(r["to_place_id"])) for r in self.pipes.corridors)
        fed = {str(r["place_id"]) for r in self.pipes.supplies}
        fed = fed.union(*(nx.descendants(graph, place) for place in fed)) if fed else fed
        can = {p for p, r in zip(self.placed.places, self.placed.roles, strict=True) if r == self.settings.roles.connection}
        return [
            self._finding(
                "demand", row, "place_id", f"demand for {self.settings.commodity} at {place}, which no pipe reaches",
                f"a way from a supply of system {self.name!r}",
                "Add a row to pipe_corridors.csv or supplies.csv, or take the connection out of candidates.csv.",
            )
            for place, row in zip(demand.places, demand.first_row, strict=True)
            if place in can and place not in fed
        ]  # fmt: skip

    def _finding(self, table: str, row: int | None, column: str, found: str, expected: str, remedy: str) -> Finding:
        return self.region.finding(table, row, column, found, expected, remedy)
