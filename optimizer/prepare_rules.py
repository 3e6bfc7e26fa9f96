"""Rules among candidates, floors and objective, in the indices of a draft."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from optimizer.draft import Draft
from optimizer.errors import Finding, InputError
from optimizer.model.timetable import Timetable
from optimizer.problem import (
    ANY,
    EpsilonBound,
    EquityFloor,
    Exclusion,
    Lock,
    Need,
    Objective,
    Problem,
    Requirement,
)
from optimizer.suggest import did_you_mean
from optimizer.systems.tables import parts, records, rows, text, where

if TYPE_CHECKING:
    from optimizer.config import FloorConfig, RunConfig
    from optimizer.region import Region

EVERY = "*"
CONNECTING = ("pipes",)
"""Archetypes that offer a commodity where a place is connected."""
Record = dict[str, Any]


def add_rules(region: Region, draft: Draft) -> list[str]:
    """Add requires, excludes and locks of the selected systems' candidates.

    Returns
    -------
    list of str
        What was left out because it concerns systems that are not planned in this run.

    Raises
    ------
    InputError
        A lock on an option that its candidate cannot reach.
    """
    return _Rules(region, draft).add()


class _Rules:
    def __init__(self, region: Region, draft: Draft) -> None:
        self.region, self.draft = region, draft
        self.candidate = {c["id"]: i for i, c in enumerate(draft.candidates)}
        self.existing = {s["candidate"]: s["option"] for s in draft.states if s["initial"]}
        self.state = {(s["candidate"], s["option"]): i for i, s in enumerate(draft.states) if not s["initial"]}
        self.into: dict[int, list[int]] = defaultdict(list)
        self.of: dict[int, list[int]] = defaultdict(list)
        for p, transition in enumerate(draft.transitions):
            self.into[transition["to_state"]].append(p)
            self.of[transition["candidate"]].append(p)
        self.findings: list[Finding] = []

    def add(self) -> list[str]:
        notes = [note for r in records(rows(self.region, "requires")) for note in self._require(r)]
        notes += [note for r in records(rows(self.region, "service_needs")) for note in self._need(r)]
        self._exclude(records(rows(self.region, "excludes")))
        for record in records(rows(self.region, "locks")):
            self._lock(record)
        if self.findings:
            raise InputError(self.findings)
        return notes

    def _require(self, record: Record) -> Iterable[str]:
        row = where(self.region, "requires", record["row"])
        candidate = self.candidate.get(str(record["candidate_id"]))
        needs = self.candidate.get(str(record["needs_candidate_id"]))
        if candidate is None:
            return
        if needs is None:
            yield f"{row}: {record['needs_candidate_id']} is not planned in this run and is taken as given"
            return
        wanted = text(record["needs_option"])
        stands = self.existing[needs]
        if stands and wanted in ("", EVERY, stands):
            return
        state = self._state_of(record, "requires", "option", candidate, text(record["option"]))
        needed = self._state_of(record, "requires", "needs_option", needs, wanted)
        if state is not None and needed is not None:
            self.draft.requirements.append(Requirement(candidate, state, needs, needed, row))

    def _need(self, record: Record) -> Iterable[str]:
        row = where(self.region, "service_needs", record["row"])
        candidate = self.candidate.get(str(record["candidate_id"]))
        if candidate is None:
            return
        commodity, place = str(record["commodity"]), str(self.draft.candidates[candidate]["place"])
        if place not in self._connected.get(commodity, ()):
            yield f"{row}: {commodity} at {place} is not planned in this run and is taken as given"
            return
        state = self._state_of(record, "service_needs", "option", candidate, text(record["option"]))
        if state is not None:
            self.draft.needs.append(Need(candidate, state, place, commodity, row))

    @cached_property
    def _connected(self) -> dict[str, set[str]]:
        """Places that systems of the run may connect, by commodity."""
        found: dict[str, set[str]] = defaultdict(set)
        for system in self.draft.systems.values():
            if system.archetype in CONNECTING:
                found[str(system.data.attrs["commodity"])] |= {str(p) for p in system.data["origin"].values}
        return found

    def _state_of(self, record: Record, table: str, column: str, candidate: int, option: str) -> int | None:
        """State of an option, ANY for all; a finding when the candidate cannot reach it."""
        if option in ("", EVERY):
            return ANY
        if (candidate, option) in self.state:
            return self.state[candidate, option]
        known = [o for c, o in self.state if c == candidate]
        self.findings.append(
            self.region.finding(
                table, record["row"], column, repr(option), f"an option that {self.draft.candidates[candidate]['id']}"
                f" can reach: {', '.join(known) or 'it has none'}", f"Correct it{did_you_mean(option, known)}",
            )
        )  # fmt: skip
        return None

    def _exclude(self, listed: list[Record]) -> None:
        groups: dict[str, list[Record]] = defaultdict(list)
        for record in listed:
            if str(record["candidate_id"]) in self.candidate:
                groups[str(record["group_id"])].append(record)
        for group, members in groups.items():
            lines = ", ".join(str(self.region.row_of("excludes", r["row"])) for r in members)
            candidates = tuple(self.candidate[str(r["candidate_id"])] for r in members)
            self.draft.exclusions.append(Exclusion(group, candidates, f"{self.region.places['excludes']} rows {lines}"))

    def _lock(self, record: Record) -> None:
        candidate = self.candidate.get(str(record["candidate_id"]))
        if candidate is None:
            return
        row, kind = where(self.region, "locks", record["row"]), str(record["kind"])
        if kind == "forbidden":
            state = self._state_of(record, "locks", "option", candidate, text(record["option"]))
            barred = self.of[candidate] if state == ANY else self.into.get(-1 if state is None else state, [])
            self.draft.locks += [Lock(p, kind, 0, row=row) for p in barred]
            return
        transition = self._settled(record, candidate)
        if transition is not None:
            payments = tuple(_payment(part) for part in parts(record["payments"]))
            self.draft.locks.append(Lock(transition, kind, int(record["year"]), payments, row))

    def _settled(self, record: Record, candidate: int) -> int | None:
        """The transition from the initial state into the option of a fixed or in-flight lock."""
        option = text(record["option"])
        state = self.state.get((candidate, option), -1)
        direct = [p for p in self.into.get(state, []) if self.draft.states[self._from(p)]["initial"]]
        if direct:
            return direct[0]
        known = [self.draft.states[t["to_state"]]["option"] for p in self.of[candidate]
                 if self.draft.states[(t := self.draft.transitions[p])["from_state"]]["initial"]]  # fmt: skip
        self.findings.append(
            self.region.finding(
                "locks", record["row"], "option", repr(option),
                f"one that {record['candidate_id']} can reach at once: {', '.join(known) or 'it has none'}",
                f"Correct it{did_you_mean(option, known)}",
            )
        )  # fmt: skip
        return None

    def _from(self, transition: int) -> int:
        return int(self.draft.transitions[transition]["from_state"])


def _payment(part: str) -> tuple[int, int]:
    year, amount = part.split(":")
    return int(year), int(amount)


def check_fixed_locks(problem: Problem) -> None:
    """A fixed start lies in its candidate's window and is finished, and paid, within the horizon.

    Raises
    ------
    InputError
        Naming the lock's row.
    """
    table, seq = Timetable(problem), problem.sequence
    findings = []
    for lock in problem.locks:
        starts = table.starts[lock.transition]
        if lock.kind != "fixed" or problem.horizon.period_of(lock.year) in starts:
            continue
        candidate = str(seq["candidate"].values[seq["transition_candidate"].values[lock.transition]])
        years = ", ".join(problem.horizon.labels[t] for t in starts) or "none"
        findings.append(
            Finding(lock.row, 0, "year", f"a start of {candidate} fixed in {lock.year}",
                    f"a period in which it may start and be finished within the horizon: {years}",
                    "Change the year, the candidate's window, or the horizon.")
        )  # fmt: skip
    if findings:
        raise InputError(findings)


def add_floors(config: RunConfig, draft: Draft) -> None:
    """Add equity floors.

    Raises
    ------
    InputError
        An unknown system or county, or a year after the horizon.
    """
    known = {c["id"]: i for i, c in enumerate(draft.counties)}
    for i, floor in enumerate(config.objective.floors):
        key = f"config key objective.floors.{i}"
        _check_floor(key, floor, draft, known)
        counties = list(known) if floor.counties == EVERY else list(floor.counties)
        last = draft.horizon.n_periods - 1
        period = last if floor.from_year is None else max(0, draft.horizon.period_of(floor.from_year))
        indices = tuple(known[c] for c in counties)
        draft.floors.append(EquityFloor(floor.system, floor.level, period, indices, f"{floor.system} {floor.level:g}"))


def _check_floor(key: str, floor: FloorConfig, draft: Draft, counties: dict[str, int]) -> None:
    if floor.system not in draft.system_names:
        raise InputError(_unknown(f"{key}.system", floor.system, draft.system_names))
    for county in [] if floor.counties == EVERY else floor.counties:
        if county not in counties:
            raise InputError(_unknown(f"{key}.counties", county, list(counties)))
    if floor.from_year is not None and floor.from_year >= draft.horizon.end:
        last = draft.horizon.end - 1
        raise InputError(
            Finding(f"{key}.from_year", 0, "", str(floor.from_year), f"{last} or earlier, within the horizon",
                    "Change the year, or choose a longer horizon.")
        )  # fmt: skip


def _unknown(key: str, found: str, known: list[str]) -> Finding:
    shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return Finding(key, 0, "", repr(found), f"one of {shown}", f"Correct it{did_you_mean(found, known)}")


def objective_of(config: RunConfig) -> Objective:
    """What is maximised, from the config."""
    asked = config.objective
    bounds = tuple(EpsilonBound(metric, level) for metric, level in asked.at_least.items())
    return Objective(tuple(asked.metrics), asked.tolerance, bounds)
