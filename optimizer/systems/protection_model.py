"""The MILP of the archetype `protection` (docs/flood.md): one short method a family of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import VALUE, Ledger
from optimizer.model.rows import add_rows, at_least, at_most, equal
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_lookup import Lookup
from optimizer.terms import NOTHING, Terms, one, total

MILLION = 1e6


class ProtectionModel:
    """Variables by period: ``level[work, level]``, ``seen`` (the same as another county sees it), ``pick[entry]`` of
    tables over several works, ``damage[table]`` in 10^6 CNY a year where a table does not say all.
    """

    def __init__(self, block: pyo.Block, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
        self.block, self.problem, self.ledger, self.name = block, problem, ledger, system.name
        self.look = Lookup(system)
        self.d, self.periods = self.look.d, range(problem.horizon.n_periods)
        self.tables = range(self.look.n_tables)
        self.elsewhere = self._elsewhere()
        self._variables()

    def add(self) -> None:
        """Add every family of rows, and enter values, services and risks in the ledger."""
        self._tag_variables()
        self._level_stands()
        self._seen_elsewhere()
        self._picked_once()
        self._lowest_damage()
        self._damage_at_present()
        self._standards()
        self._enter_value()
        self._enter_risks()

    # ---- variables and terms
    def _elsewhere(self) -> list[tuple[int, int]]:
        """(county, work): works of other counties that a table of a county looks at."""
        pairs = {
            (self.look.county_of(j), w)
            for j in self.tables
            for w in (*self.look.axes[j], *self.look.beside[j])
            if self.look.county_of(j) != int(self.d["work_county"][w])
        }
        return sorted(pairs)

    def _variables(self) -> None:
        b, T = self.block, self.periods
        levels = [(w, k) for w in range(self.look.n_works) for k in range(int(self.d["work_levels"][w]))]
        b.level = pyo.Var([(w, k, t) for w, k in levels for t in T], bounds=(0, 1))
        b.seen = pyo.Var(
            [(c, w, k, t) for c, w in self.elsewhere for k in range(int(self.d["work_levels"][w])) for t in T],
            bounds=(0, 1),
        )
        several = [e for j in self.tables if len(self.look.axes[j]) > 1 for e in self.look.entries[j]]
        b.pick = pyo.Var([(int(e), t) for e in several for t in T], domain=pyo.NonNegativeReals)
        partial = [j for j in self.tables if not self.look.whole(j)]
        b.damage = pyo.Var([(j, t) for j in partial for t in T], domain=pyo.NonNegativeReals)

    def _tag_variables(self) -> None:
        b, work = self.block, self.d["work_county"]
        self.ledger.tag(b.level, lambda key: (int(work[key[0]]), key[2]), structural=True)
        self.ledger.tag(b.seen, lambda key: (key[0], key[3]), structural=True)
        self.ledger.tag(b.pick, lambda key: (self._county_of_entry(key[0]), key[1]), structural=True)
        self.ledger.tag(b.damage, self._of_table, structural=True)

    def _county_of_entry(self, entry: int) -> int:
        return self.look.county_of(int(self.d["entry_table"][entry]))

    def _of_table(self, key: tuple[int, int]) -> tuple[int, int]:
        return self.look.county_of(key[0]), key[1]

    def _level(self, county: int, work: int, level: int, t: int) -> Terms:
        """1 where a work is at a level, as a county sees it."""
        here = int(self.d["work_county"][work]) == county
        return one(self.block.level[work, level, t] if here else self.block.seen[county, work, level, t])

    def _picked(self, table: int, t: int) -> Iterator[tuple[int, Terms]]:
        """Entries of a table with the terms that are 1 for the one that holds."""
        axes, county = self.look.axes[table], self.look.county_of(table)
        for k, entry in enumerate(self.look.entries[table]):
            e = int(entry)
            if len(axes) > 1:
                yield e, one(self.block.pick[e, t])
            else:
                yield e, self._level(county, axes[0], k, t) if axes else Terms(1.0, [], [])

    def _sum(self, table: int, t: int, figures: np.ndarray) -> Terms:
        return total(terms.scaled(float(figures[e, t])) for e, terms in self._picked(table, t))

    def _damage(self, table: int, t: int) -> Terms:
        """Expected damage of a table, 10^6 CNY a year."""
        if self.look.whole(table):
            return self._sum(table, t, self.d["entry_damage"] / MILLION)
        return one(self.block.damage[table, t])

    # ---- rules, one method a family
    def _level_stands(self) -> None:
        def rule(w: int, k: int, t: int) -> object:
            state = self.ledger.in_state_terms(int(self.d["work_state"][w, k]), t)
            return equal(one(self.block.level[w, k, t]).plus(state, -1.0))

        def where(key: tuple[int, int, int]) -> tuple[int, int]:
            return int(self.d["work_county"][key[0]]), key[2]

        add_rows(self.block, self.ledger, "level_stands", list(self.block.level), rule, where, structural=True)

    def _seen_elsewhere(self) -> None:
        """The only rows that tie the counties along a river."""

        def rule(c: int, w: int, k: int, t: int) -> object:
            return equal(one(self.block.seen[c, w, k, t]).plus(one(self.block.level[w, k, t]), -1.0))

        def where(key: tuple[int, int, int, int]) -> tuple[int, int]:
            return key[0], key[3]

        keys = list(self.block.seen)
        add_rows(self.block, self.ledger, "seen_elsewhere", keys, rule, where, structural=True, linking=True)

    def _picked_once(self) -> None:
        """Entries in which a work is at a level add up to whether it is: with whole levels one entry is 1."""
        members: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for j in self.tables:
            if len(self.look.axes[j]) > 1:
                for k, picked in enumerate(np.ndindex(*self.look.shapes[j])):
                    for w, level in zip(self.look.axes[j], picked, strict=True):
                        members[j, w, level].append(int(self.look.entries[j][k]))

        def rule(j: int, w: int, level: int, t: int) -> object:
            entries = total(one(self.block.pick[e, t]) for e in members[j, w, level])
            return equal(entries.plus(self._level(self.look.county_of(j), w, level, t), -1.0))

        keys = [(*key, t) for key in members for t in self.periods]
        add_rows(
            self.block, self.ledger, "picked_once", keys, rule,
            lambda key: (self.look.county_of(key[0]), key[3]), structural=True,
        )  # fmt: skip

    def _lowest_damage(self) -> None:
        """Where works stand beside a table: no less than what is proved of every state of theirs."""

        def rule(j: int, t: int) -> object:
            return at_least(one(self.block.damage[j, t]).plus(self._sum(j, t, self.d["entry_low"] / MILLION), -1.0))

        keys = list(self.block.damage)
        add_rows(self.block, self.ledger, "lowest_damage", keys, rule, self._of_table, structural=True)

    def _damage_at_present(self) -> None:
        """Exact while the works beside a table stand as they are; less by what each that moves could mean."""

        def rule(j: int, t: int) -> object:
            known = self._sum(j, t, self.d["entry_damage"] / MILLION)
            less = total(
                self._level(self.look.county_of(j), w, k, t).scaled(fall)
                for w, falls in zip(self.look.beside[j], self.look.falls(j, t) / MILLION, strict=True)
                for k, fall in enumerate(falls[: int(self.d["work_levels"][w])].tolist())
                if fall
            )
            return at_least(one(self.block.damage[j, t]).plus(known, -1.0).plus(less))

        keys = list(self.block.damage)
        add_rows(self.block, self.ledger, "damage_at_present", keys, rule, self._of_table, structural=True)

    def _standards(self) -> None:
        """From a year on, no state in which a zone's levee is topped more often than its standard allows."""
        first = self.problem.horizon.first_period_from(int(self.look.attrs["standards_from"]))

        def rule(j: int, t: int) -> object:
            bad = self.look.below_standard(self.d["entry_topped"][:, t], int(self.d["table_zone"][j]))
            return at_most(total(terms for e, terms in self._picked(j, t) if bad[e]))

        keys = [(j, t) for j in self.tables if not self.d["table_rain"][j] for t in self.periods if t >= first]
        add_rows(self.block, self.ledger, "standards", keys, rule, self._of_table)

    # ---- what the core reads
    def _enter_value(self) -> None:
        avoided: dict[tuple[int, int], list[Terms]] = defaultdict(list)
        for j in self.tables:
            for t in self.periods:
                before = Terms(float(self.look.today[j, t]) / MILLION, [], [])
                avoided[self.look.county_of(j), t].append(before.plus(self._damage(j, t), -1.0))
        today = self.look.by_county(self.look.today, len(self.problem.county_ids))
        for t in self.periods:
            for county in range(len(self.problem.county_ids)):
                terms = total(avoided.get((county, t), [NOTHING]))
                self.ledger.benefit(VALUE, county, t, terms)
                self.ledger.benefit(f"ead_avoided:{self.name}", county, t, terms.scaled(MILLION))
                self.ledger.serve(county, t, terms.scaled(MILLION), float(today[county, t]))

    def _enter_risks(self) -> None:
        """Expected share of a year without service at the places in zones, state by state."""
        floods = {int(self.d["table_zone"][j]): j for j in self.tables if not self.d["table_rain"][j]}
        for place, zone, outage in zip(self.d["place"], self.d["place_zone"], self.d["place_outage"], strict=True):
            for t in self.periods:
                cases: dict[float, list[Terms]] = defaultdict(list)
                for e, terms in self._picked(floods[int(zone)], t):
                    cases[float(self.d["entry_topped"][e, t] * outage)].append(terms)
                self.ledger.endanger(str(place), t, [(share, total(parts)) for share, parts in cases.items()])
