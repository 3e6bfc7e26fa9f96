"""The independent eye on the preparation: the region's tables read afresh and compared with the Problem's arrays."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from optimizer.problem import ANY, POOL, Problem
from optimizer.systems.registry import checker
from optimizer.verify.audit_networks import audit_networks
from optimizer.verify.result import Findings
from optimizer.verify.tables import Comparison, Row, Tables, number, parts

if TYPE_CHECKING:
    from optimizer.config import RunConfig
    from optimizer.region import Region

ALL = "*"
LAND = "land_mu"
FAR_FUTURE = 9999
Knots = dict[int, float]


def audit_region(region: Region, config: RunConfig, problem: Problem) -> Findings:
    """Compare a Problem with the tables it was prepared from.

    Candidates and their windows, costs, lead times, profiles, lifetimes, land, O&M and capacities; sources and budgets by
    owner and period; rules by county; demand of every origin by period; requires, excludes and locks; corridors, elevations, supplies
    and sizes of pipe networks; the discount rate.

    Returns
    -------
    Findings
        Numbers compared, and a violation `tables` for each that differs.
    """
    audit = _Audit(Tables(region), config, problem)
    audit.candidates()
    audit.states()
    audit.transitions()
    audit.counties()
    audit.money()
    audit.demand()
    audit.relations()
    settings = {name: one.settings for name, one in config.system.items()}
    audit_networks(audit.tables, settings, problem, audit.seen)
    audit.rate()
    for system in problem.systems.values():
        own = getattr(checker(system.archetype), "audit", None)
        if own is not None:
            own(system, audit.tables, audit.seen)
    return audit.seen.rows, audit.seen.found


class _Audit:
    def __init__(self, tables: Tables, config: RunConfig, problem: Problem) -> None:
        self.tables, self.config, self.problem, self.seen = tables, config, problem, Comparison()
        self.seq = {str(n): problem.sequence[n].values for n in problem.sequence.data_vars}
        self.fund = {str(n): problem.funding[n].values for n in problem.funding.data_vars}
        self.names = [str(c) for c in problem.sequence["candidate"].values]
        self.counties_of = [str(c) for c in problem.sequence["county"].values]
        self.rows = {row["candidate_id"]: row for row in tables.all["candidates"]}
        self.catalogue = tables.by("catalogue", "system", "role", "option")
        self.special = tables.by("candidate_options", "candidate_id", "option")
        self.value = {row["key"]: number(row[config.objective.values]) for row in tables.all["values"]}
        self.years = [problem.horizon.years(t) for t in range(len(problem.horizon.lengths))]

    def _when(self, t: int) -> str:
        return f"{self.years[t][0]}" if len(self.years[t]) == 1 else f"{self.years[t][0]}-{self.years[t][-1]}"

    def _option(self, state: int) -> str:
        return str(self.seq["state_option"][state])

    def _entry(self, candidate: int, option: str) -> Row:
        row = self.rows[self.names[candidate]]
        return self.catalogue[row["system"], row["role"], option]

    def _own(self, candidate: int, option: str, column: str) -> str:
        """What a project overrides, else what the catalogue says."""
        own = self.special.get((self.names[candidate], option), {})
        return own.get(column) or self._entry(candidate, option)[column]

    # ---- projects
    def candidates(self) -> None:
        """The candidates of the run are those of the tables, with their counties, windows and corridors."""
        taken = {
            (str(s), str(r)) for s, r in zip(self.seq["candidate_system"], self.seq["candidate_role"], strict=True)
        }
        listed = [name for name, row in self.rows.items() if (row["system"], row["role"]) in taken]
        self.seen.alike("candidates", self.names, listed)
        corridors = [str(r) for r in self.problem.sequence["corridor_id"].values]
        for c, row in enumerate(self.rows[name] for name in self.names):
            county = self.counties_of[self.seq["candidate_county"][c]]
            corridor = corridors[self.seq["corridor"][c]] if self.seq["corridor"][c] >= 0 else ""
            self.seen.equal(f"county of {self.names[c]}", county, row["county_id"])
            self.seen.equal(f"corridor of {self.names[c]}", corridor, row.get("corridor_id", ""))
            for column, blank in (("earliest_year", 0), ("latest_year", FAR_FUTURE)):
                self.seen.same(f"{column} of {self.names[c]}", self.seq[column][c], number(row[column], blank))
        saving = {row["corridor_id"]: number(row["saving"]) for row in self.tables.all["corridors"]}
        for r, corridor in enumerate(corridors):
            self.seen.same(f"saving in {corridor}", self.seq["corridor_saving"][r], saving[corridor])

    def states(self) -> None:
        """Capacity and O&M of every state."""
        for s, c in enumerate(self.seq["state_candidate"]):
            where, option, initial = (
                f"{self.names[c]}, {self._option(s)}",
                self._option(s),
                self.seq["state_initial"][s],
            )
            om = self._entry(c, option)["fixed_om"] if initial and option else ""
            om = om if initial else self._own(c, option, "fixed_om")
            self.seen.same(f"fixed_om of {where}", self.seq["fixed_om"][s], number(om))
            row = self.rows[self.names[c]]
            capacity = number(row["existing_capacity"]) if initial else self._capacity(c, option)
            self.seen.same(f"capacity of {where}", self.seq["capacity"][s], capacity)

    def _capacity(self, c: int, option: str) -> float:
        """In the unit of what the system carries."""
        system = str(self.seq["candidate_system"][c])
        unit, entry = str(self.problem.systems[system].data.attrs.get("unit", "")), self._entry(c, option)
        turns = self.config.system[system].settings.get("capacity_turns")
        factor = self.value[turns] if turns and entry["capacity_unit"] not in ("", unit) else 1.0
        return number(self._own(c, option, "capacity"), np.inf) * factor

    def transitions(self) -> None:
        """Cost, time, profile, lifetime and land of every step."""
        land = [str(r) for r in self.problem.sequence["resource"].values].index(LAND)
        for p, c in enumerate(self.seq["transition_candidate"]):
            before, option = self._option(self.seq["from_state"][p]), self._option(self.seq["to_state"][p])
            entry, where = self._entry(c, option), f"{self.names[c]}, {before or 'nothing'} to {option}"
            stood = number(self._entry(c, before)["land_mu"]) if before else 0.0
            paid = [number(part) for part in parts(entry["spend_profile"])] or [1.0]
            profile = np.trim_zeros(self.seq["spend_share"][p], "b")
            self.seen.same(
                f"overnight_cost of {where}", self.seq["overnight_cost"][p], self._cost(c, before, option), 0.5
            )
            self.seen.same(
                f"lead_years of {where}", self.seq["lead_years"][p], number(self._own(c, option, "lead_years"))
            )
            self.seen.same(f"lifetime of {where}", self.seq["lifetime"][p], number(entry["lifetime"]))
            self.seen.equal(f"spend_profile of {where}", profile.tolist(), np.trim_zeros(paid, "b"))
            use = max(0.0, number(entry["land_mu"]) - stood)
            self.seen.same(f"land_mu of {where}", self.seq["resource_use"][p, land], use)

    def _cost(self, c: int, before: str, option: str) -> float:
        """Overnight cost: an upgrade's own, a project's own, or the catalogue's times the project's factor."""
        factor = number(self.rows[self.names[c]]["cost_factor"], 1.0)
        upgrade = self._entry(c, option)["upgrade_cost"] if before else ""
        own = self.special.get((self.names[c], option), {}).get("overnight_cost")
        if own and not upgrade:
            return number(own)
        return number(upgrade or self._entry(c, option)["overnight_cost"]) * factor

    # ---- counties and money
    def counties(self) -> None:
        """Rules by county and its land quota."""
        rules = {row["county_id"]: row for row in self.tables.all["county_rules"]}
        land = [str(r) for r in self.problem.sequence["resource"].values].index(LAND)
        quota = {county: number(row["land_quota_mu"]) for county, row in rules.items()}
        if self.config.funding.tie_to_migrants:
            quota = {county: sum(quota.values()) * share for county, share in self._migrants().items()}
        for i, county in enumerate(self.counties_of):
            row = rules[county]
            self.seen.same(f"own_share of {county}", self.fund["own_share"][i], number(row["own_share"]))
            self.seen.same(f"works_at_once of {county}", self.seq["works_at_once"][i], number(row["works_at_once"]))
            for t, years in enumerate(self.years):
                ceiling, limit = self.fund["debt_service_ceiling"][i, t], self.seq["resource_limit"][land, i + 1, t]
                self.seen.same(f"debt_service_ceiling of {county}", ceiling, number(row["debt_service_ceiling"]))
                self.seen.same(f"land quota of {county}, {self._when(t)}", limit, quota[county] * len(years))

    def _migrants(self) -> dict[str, float]:
        """Share of each county in all migrants."""
        migrants = {row["county_id"]: number(row["migrants"]) for row in self.tables.all["county_rules"]}
        return {county: m / sum(migrants.values()) for county, m in migrants.items()}

    def money(self) -> None:
        """Sources with their rules, and budgets by owner and period."""
        yearly: dict[tuple[str, str], Knots] = defaultdict(dict)
        for row in self.tables.all["budgets"]:
            yearly[row["source_id"], row["county_id"]][int(number(row["year"]))] = number(row["amount"])
        listed = {row["source_id"]: row for row in self.tables.all["sources"]}
        owners = [str(o) for o in self.problem.funding["owner"].values]
        for k, source in enumerate(str(s) for s in self.problem.funding["source"].values):
            self._source(k, source, listed[source])
            tied = self.config.funding.tie_to_migrants and listed[source]["kind"] == "grant"
            share = self._migrants() if tied and (source, POOL) in yearly else {}
            scale = self.config.funding.scale * self.config.funding.scale_by_source.get(source, 1.0)
            for o, owner in enumerate(owners):
                mine = yearly.get((source, POOL if share else owner), {})
                factor = share.get(owner, 0.0) if share else 1.0
                for t, years in enumerate(self.years):
                    amount = sum(mine.get(year, 0.0) for year in years) * scale * factor
                    where = f"budget of {source}, {owner}, {self._when(t)}"
                    self.seen.same(where, self.fund["budget"][k, o, t], amount, within=2.0 if share else 0.5)

    def _source(self, k: int, source: str, row: Row) -> None:
        carry = number(row["carry_over_share"]) if self.config.funding.carry_over else 0.0
        systems = [str(s) for s in self.problem.funding["system"].values]
        payable = [s for s in systems if row["systems"] == ALL or s in parts(row["systems"])]
        paid = [s for s, may in zip(systems, self.fund["eligible"][k], strict=True) if may]
        self.seen.equal(f"kind of {source}", str(self.fund["source_kind"][k]), row["kind"])
        self.seen.equal(f"systems of {source}", paid, payable)
        self.seen.same(f"max_share of {source}", self.fund["max_share"][k], number(row["max_share"]))
        self.seen.same(f"carry_over_share of {source}", self.fund["carry_over_share"][k], carry)
        self.seen.same(f"bond_rate of {source}", self.fund["bond_rate"][k], number(row["bond_rate"]))
        self.seen.same(f"bond_term of {source}", self.fund["bond_term"][k], number(row["bond_term"], 1))

    # ---- demand and rules
    def demand(self) -> None:
        """Demand of every origin, the mean over the years of each period."""
        knots: dict[tuple[str, str], Knots] = defaultdict(dict)
        for row in self.tables.all["demand"]:
            knots[row["place_id"], row["commodity"]][int(number(row["year"]))] = number(row["quantity"])
        for name, system in self.problem.systems.items():
            if "origin" not in system.data.dims:
                continue
            commodity, quantity = str(system.data.attrs["commodity"]), system.data["quantity"].values
            for i, place in enumerate(str(p) for p in system.data["origin"].values):
                at = knots[place, commodity]
                for t, years in enumerate(self.years):
                    mean = sum(max(0.0, on_the_line(at, year)) for year in years) / len(years)
                    self.seen.same(f"{commodity} of {name} at {place}, {self._when(t)}", quantity[i, t], mean)

    def _service_needs(self) -> None:
        """Services that candidates need at places which a system of the run may connect."""
        places = dict(zip(self.names, (str(p) for p in self.seq["candidate_place"]), strict=True))
        offered = {(str(s.data.attrs["commodity"]), str(p)) for s in self.problem.systems.values()
                   if s.archetype == "pipes" for p in s.data["origin"].values}  # fmt: skip
        self.seen.alike(
            "service_needs",
            {(self.names[n.candidate], self._wanted(n.state), n.commodity, n.place) for n in self.problem.needs},
            {(r["candidate_id"], r["option"] or ALL, r["commodity"], places[r["candidate_id"]])
             for r in self.tables.all["service_needs"]
             if r["candidate_id"] in places and (r["commodity"], places[r["candidate_id"]]) in offered},
        )  # fmt: skip

    def relations(self) -> None:
        """Requires, excludes and locks among the candidates of the run."""
        names, known, problem = self.names, set(self.names), self.problem
        owner = [names[c] for c in self.seq["transition_candidate"]]
        needs = {(names[r.candidate], self._wanted(r.state), names[r.needs], self._wanted(r.needs_state))
                 for r in problem.requirements}  # fmt: skip
        listed = [r for r in self.tables.all["requires"] if {r["candidate_id"], r["needs_candidate_id"]} <= known]
        self._service_needs()
        self.seen.alike("requires", needs, {
            (r["candidate_id"], r["option"] or ALL, r["needs_candidate_id"], r["needs_option"] or ALL)
            for r in listed if not self._stands(r["needs_candidate_id"], r["needs_option"])
        })  # fmt: skip
        groups: dict[str, set[str]] = defaultdict(set)
        for r in self.tables.all["excludes"]:
            groups[r["group_id"]] |= {r["candidate_id"]} & known
        self.seen.alike(
            "excludes",
            {(e.group, frozenset(names[c] for c in e.candidates)) for e in problem.exclusions},
            {(group, frozenset(members)) for group, members in groups.items() if members},
        )
        settled = {
            (owner[k.transition], self._option(self.seq["to_state"][k.transition]), k.kind, k.year, k.payments)
            for k in problem.locks
        }
        self.seen.alike("locks", settled, {lock for r in self.tables.all["locks"] for lock in self._locks(r)})

    def _wanted(self, state: int) -> str:
        return ALL if state == ANY else self._option(state)

    def _stands(self, candidate: str, option: str) -> bool:
        """Whether what is needed stands there before planning."""
        standing = self.rows[candidate]["existing_option"]
        return standing != "" and option in ("", ALL, standing)

    def _locks(self, row: Row) -> set[tuple[object, ...]]:
        """What a row of locks.csv says, by option; nothing for candidates of other runs."""
        if row["candidate_id"] not in self.names:
            return set()
        candidate = self.names.index(row["candidate_id"])
        reached = {self._option(s) for c, s in zip(self.seq["transition_candidate"], self.seq["to_state"], strict=True)
                   if c == candidate}  # fmt: skip
        options = reached if row["option"] in ("", ALL) else {row["option"]}
        paid = tuple((int(y), int(a)) for y, a in (part.split(":") for part in parts(row["payments"])))
        year = 0 if row["kind"] == "forbidden" else int(number(row["year"]))
        return {(row["candidate_id"], option, row["kind"], year, paid) for option in options}

    def rate(self) -> None:
        """The discount rate is the run's own, or that of the values."""
        asked = self.config.objective.discount_rate
        expected = self.value["social_discount_rate"] if asked is None else asked
        self.seen.same("discount rate", self.problem.horizon.discount_rate, expected)


def on_the_line(knots: Knots, year: int) -> float:
    """Between knots on the line, after the last on the line of the last two, before the first as at the first."""
    years = sorted(knots)
    if not years:
        return 0.0
    if year > years[-1] and len(years) > 1:
        a, b = years[-2], years[-1]
        return knots[b] + (knots[b] - knots[a]) * (year - b) / (b - a)
    return float(np.interp(year, years, [knots[y] for y in years]))
