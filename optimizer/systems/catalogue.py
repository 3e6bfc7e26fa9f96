"""Candidates of one system: catalogue times candidates times overrides, as states and transitions of the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from optimizer.draft import FAR_FUTURE, Draft
from optimizer.errors import Finding, InputError
from optimizer.region import Region
from optimizer.suggest import did_you_mean
from optimizer.systems.tables import blank, number, parts, records, rows, text

LAND = "land_mu"
ALL = "*"
Record = dict[str, Any]


@dataclass(frozen=True)
class Option:
    """One line of the catalogue, with what a project overrides."""

    name: str
    capacity: float
    overnight_cost: float
    fixed_om: float
    lead_years: int
    spend_profile: tuple[float, ...]
    lifetime: int
    land_mu: float
    from_options: tuple[str, ...]
    upgrade_cost: float | None


@dataclass
class Placed:
    """Where a system's candidates stand in the draft: index in the draft, role and place of each, in table order."""

    index: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    counties: list[int] = field(default_factory=list)

    def of_roles(self, roles: list[str]) -> list[int]:
        """Positions of the candidates in any of the roles."""
        return [i for i, role in enumerate(self.roles) if role in roles]


def add_candidates(
    region: Region, draft: Draft, system: str, roles: list[str], capacity_of: Callable[[Record], float]
) -> Placed:
    """Add the candidates of a system in the given roles, with their states and transitions.

    Parameters
    ----------
    capacity_of
        Capacity of a catalogue record in the commodity's unit (inf where unlimited).

    Raises
    ------
    InputError
        A role that is not among the system's candidates, or an option that the catalogue does not hold.
    """
    listed = [r for r in records(rows(region, "candidates")) if r["system"] == system]
    _check_roles(region, system, roles, listed)
    builder = _Builder(region, draft, system, _catalogue(region, system, capacity_of), capacity_of)
    for record in listed:
        if record["role"] in roles:
            builder.add(record)
    if builder.findings:
        raise InputError(builder.findings)
    return builder.placed


def _check_roles(region: Region, system: str, roles: list[str], listed: list[Record]) -> None:
    known = sorted({str(r["role"]) for r in listed})
    for role in roles:
        if role not in known:
            expected = f"one of {', '.join(known)}" if known else f"candidates of the system {system!r}"
            remedy = f"Change the role, or add candidates{did_you_mean(role, known)}"
            found = f"no {role!r} in system {system!r}"
            raise InputError(region.finding("candidates", None, "role", found, expected, remedy))


def _catalogue(region: Region, system: str, capacity_of: Callable[[Record], float]) -> dict[str, dict[str, Option]]:
    """Options by role and name, in table order."""
    found: dict[str, dict[str, Option]] = {}
    for record in records(rows(region, "catalogue")):
        if record["system"] == system:
            found.setdefault(str(record["role"]), {})[str(record["option"])] = _option(record, capacity_of(record))
    return found


def _option(record: Record, capacity: float) -> Option:
    upgrade = record["upgrade_cost"]
    return Option(
        name=str(record["option"]),
        capacity=capacity,
        overnight_cost=float(record["overnight_cost"]),
        fixed_om=number(record["fixed_om"], 0.0),
        lead_years=int(record["lead_years"]),
        spend_profile=tuple(float(p) for p in parts(record["spend_profile"])) or (1.0,),
        lifetime=int(record["lifetime"]),
        land_mu=number(record["land_mu"], 0.0),
        from_options=tuple(parts(record["from_options"])),
        upgrade_cost=None if blank(upgrade) else float(upgrade),
    )


class _Builder:
    """Adds candidates one by one; what a candidate can become is a small graph of its options."""

    def __init__(
        self,
        region: Region,
        draft: Draft,
        system: str,
        catalogue: dict[str, dict[str, Option]],
        capacity_of: Callable[[Record], float],
    ) -> None:
        self.region, self.draft, self.system, self.catalogue = region, draft, system, catalogue
        self.capacity_of = capacity_of
        self.units = {
            (str(r["role"]), str(r["option"])): r for r in records(rows(region, "catalogue")) if r["system"] == system
        }
        self.county_of = {c["id"]: i for i, c in enumerate(draft.counties)}
        self.corridor_of = {c["id"]: i for i, c in enumerate(draft.corridors)}
        overrides = records(rows(region, "candidate_options"))
        self.overrides = {(str(r["candidate_id"]), str(r["option"])): r for r in overrides}
        self.placed = Placed()
        self.findings: list[Finding] = []

    def add(self, record: Record) -> None:
        """Add one candidate with its initial state, the states it can reach and the ways between them."""
        known = self.catalogue.get(str(record["role"]), {})
        existing = text(record["existing_option"])
        wanted = parts(record["options"])
        names = list(known) if wanted == [ALL] else wanted
        if self._unknown(record, [*names, *([existing] if existing else [])], known):
            return
        options = {name: self._own(record, known[name]) for name in known if name in names and name != existing}
        initial = self._candidate(record, known[existing].fixed_om if existing else 0.0)
        state = {existing: initial} | {
            o.name: self.draft.state(self.placed.index[-1], o.name, capacity=o.capacity, fixed_om=o.fixed_om)
            for o in options.values()
        }
        for option in options.values():
            self._ways_to(option, known, state, float(number(record["cost_factor"], 1.0)))

    def _unknown(self, record: Record, names: list[str], known: dict[str, Option]) -> bool:
        wrong = [name for name in names if name not in known]
        self.findings += [
            self.region.finding(
                "candidates",
                record["row"],
                "options",
                repr(name),
                f"an option of role {record['role']!r} in catalogue.csv: {', '.join(known)}",
                f"Change it{did_you_mean(name, known)}",
            )
            for name in wrong
        ]
        return bool(wrong)

    def _own(self, record: Record, option: Option) -> Option:
        """An option as this project has it; what it overrides is final, so no cost factor applies to it."""
        own = self.overrides.get((str(record["candidate_id"]), option.name))
        if own is None:
            return option
        factor = float(number(record["cost_factor"], 1.0))
        given = self.units[str(record["role"]), option.name]
        capacity = given if blank(own["capacity"]) else {**given, "capacity": own["capacity"]}
        return replace(
            option,
            capacity=self.capacity_of(capacity),
            overnight_cost=number(own["overnight_cost"], option.overnight_cost * factor) / factor,
            fixed_om=number(own["fixed_om"], option.fixed_om),
            lead_years=int(number(own["lead_years"], option.lead_years)),
        )

    def _candidate(self, record: Record, fixed_om: float) -> int:
        initial = len(self.draft.states)
        index = self.draft.candidate(
            str(record["candidate_id"]),
            self.system,
            self.county_of[str(record["county_id"])],
            role=str(record["role"]),
            place=text(record["place_id"]),
            name_zh=text(record["name_zh"]),
            name_en=text(record["name_en"]),
            earliest_year=int(number(record["earliest_year"], 0)),
            latest_year=int(number(record["latest_year"], FAR_FUTURE)),
            corridor=self.corridor_of.get(text(record["corridor_id"]), -1),
            capacity=number(record["existing_capacity"], 0.0),
            fixed_om=fixed_om,
            option=text(record["existing_option"]),
        )
        self.placed.index.append(index)
        self.placed.ids.append(str(record["candidate_id"]))
        self.placed.roles.append(str(record["role"]))
        self.placed.places.append(text(record["place_id"]))
        self.placed.counties.append(self.county_of[str(record["county_id"])])
        return initial

    def _ways_to(self, option: Option, known: dict[str, Option], state: dict[str, int], factor: float) -> None:
        """From nothing at the overnight cost, from each option it can replace at the upgrade cost."""
        if "" in state:
            self._way(state[""], state[option.name], option, option.overnight_cost * factor, option.land_mu)
        for name in option.from_options:
            if name in state:
                cost = option.overnight_cost if option.upgrade_cost is None else option.upgrade_cost
                land = max(0.0, option.land_mu - known[name].land_mu)
                self._way(state[name], state[option.name], option, cost * factor, land)

    def _way(self, from_state: int, to_state: int, option: Option, cost: float, land: float) -> None:
        self.draft.transition(
            from_state,
            to_state,
            overnight_cost=round(cost),
            lead_years=option.lead_years,
            spend_profile=option.spend_profile,
            lifetime=option.lifetime,
            uses={LAND: land} if land else {},
        )
