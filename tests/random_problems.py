"""Random tiny problems with every feature mixed: at most 4 periods and 7 candidates, few enough patterns for trial."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from optimizer.draft import FAR_FUTURE, Draft
from optimizer.horizon import Horizon
from optimizer.problem import (
    ANY,
    POOL,
    EpsilonBound,
    EquityFloor,
    Exclusion,
    Lock,
    Objective,
    Problem,
    Requirement,
)
from tests.brute_force import schedules
from tests.random_facilities import random_facilities

MOST_PATTERNS = 1500
MOST_PATTERNS_COUPLED = 60
PROFILES = [(1.0,), (1.0,), (0.6, 0.4), (0.5, 0.3, 0.2), (0.35, 0.65)]


def random_problem(seed: int, always: Sequence[str] = ()) -> Problem:
    """A problem of a seed; features named in ``always`` are in it whatever the dice say."""
    return _Maker(seed, frozenset(always)).make()


class _Maker:
    def __init__(self, seed: int, always: frozenset[str]) -> None:
        self.rng, self.always = np.random.default_rng(seed), always
        lengths = tuple(int(n) for n in self.rng.integers(1, 4, self.rng.integers(2, 5)))
        rate = float(self.rng.choice([0.0, 0.04, 0.08]))
        self.draft = Draft(Horizon(2025, lengths, rate, self.chance("unfinished", 0.25)))
        self.years, self.periods = sum(lengths), len(lengths)

    def chance(self, feature: str, probability: float) -> bool:
        rolled = self.rng.random() < probability
        return bool(rolled or feature in self.always)

    def whole(self, low: float, high: float) -> int:
        return int(self.rng.integers(int(low), int(high) + 1))

    def make(self) -> Problem:
        self._counties()
        self._corridors()
        systems = ["alpha", "beta"][: 1 + self.chance("two_systems", 0.7)]
        self.draft.system_names = list(systems)
        served = {name: self.chance("facilities", 0.6) for name in systems}
        for i in range(self.whole(max(2, len(systems)), 7)):
            self._candidate(i, systems[i % len(systems)], served)
        self._resources()
        self._relations()
        self._locks()
        for name in systems:
            if served[name]:
                self.draft.systems[name] = random_facilities(self.rng, self.draft, name, self.chance)
        self._floors()
        self._sources()
        self._objective()
        self._narrow()
        return self.draft.freeze()

    # ---- counties and candidates
    def _counties(self) -> None:
        limited, shared = self.chance("works_at_once", 0.3), self.chance("own_share", 0.35)
        indebted = self.chance("debt_service", 0.4)
        for name in ("A", "B")[: self.whole(1, 2)]:
            ceiling = self.rng.integers(50_000, 800_000, self.periods).astype(float) if indebted else np.inf
            self.draft.county(
                name,
                works_at_once=self.whole(1, 2) if limited else 10**6,
                own_share=round(float(self.rng.uniform(0.02, 0.3)), 3) if shared else 0.0,
                debt_service_ceiling=ceiling,
            )

    def _corridors(self) -> None:
        self.trenches = [
            self.draft.corridor(f"R{i}", self.whole(50_000, 250_000))
            for i in range(2 if self.chance("corridors", 0.35) else 0)
        ]

    def _candidate(self, i: int, system: str, served: dict[str, bool]) -> None:
        windowed, standing = self.chance("window", 0.25), self.chance("existing", 0.3)
        years = sorted(self.rng.integers(2025, 2025 + self.years, 2))
        c = self.draft.candidate(
            f"p{i}",
            system,
            self.whole(0, len(self.draft.counties) - 1),
            earliest_year=int(years[0]) if windowed else 0,
            latest_year=int(years[1]) if windowed else FAR_FUTURE,
            corridor=int(self.rng.choice(self.trenches)) if self.trenches else -1,
            capacity=float(self.whole(100, 900)) if standing else 0.0,
            fixed_om=float(self.whole(0, 90_000)) if standing else 0.0,
        )
        cost = self.whole(1_000_000, 14_000_000)
        earns = 0.0 if served[system] else float(self.rng.uniform(0.05, 0.45))
        initial = self.draft.initial_state(c)
        small = self._state(c, "small", cost, earns, 1.0)
        ways = [(initial, small, cost)]
        if self.chance("sizes", 0.45):
            large = self._state(c, "large", cost, 1.7 * earns, 2.5)
            direct, upgrade = self.chance("direct", 0.6), self.chance("upgrade", 0.6)
            ways += [(initial, large, int(1.8 * cost))] * (direct or not upgrade)
            ways += [(small, large, int(0.9 * cost) + 300_000)] * upgrade
        for i in self.rng.permutation(len(ways)):
            self._transition(*ways[i])

    def _state(self, c: int, option: str, cost: int, earns: float, size: float) -> int:
        unlimited = self.chance("unlimited", 0.1)
        capacity = np.inf if unlimited else float(self.whole(300, 1500)) * size
        om = -round(earns * cost) if earns else self.whole(0, int(0.03 * cost))
        return self.draft.state(c, option, capacity=capacity, fixed_om=float(om))

    def _transition(self, before: int, after: int, cost: int) -> None:
        self.draft.transition(
            before,
            after,
            overnight_cost=cost,
            lead_years=self.whole(0, 2),
            lifetime=self.whole(1, 4) if self.chance("short_life", 0.25) else self.whole(5, 30),
            spend_profile=PROFILES[self.whole(0, len(PROFILES) - 1)],
            uses={"land": float(self.whole(0, 4)), "permits": 1.0},
        )

    # ---- rules
    def _resources(self) -> None:
        owners = [POOL, *(c["id"] for c in self.draft.counties)]
        some = [o for o in owners if self.chance("land", 0.3)]
        self.draft.resource(
            "land", {o: np.where(self.rng.random(self.periods) < 0.1, np.nan, self._quota(2, 8)) for o in some}
        )
        counted = [owners[-1]] if self.chance("permits", 0.25) else []
        self.draft.resource("permits", {o: self._quota(0, 2) for o in counted}, whole_horizon=True)

    def _quota(self, low: int, below: int) -> np.ndarray:
        return self.rng.integers(low, below, self.periods).astype(float)

    def _into(self, candidate: int) -> int:
        """Some state that a candidate can reach, or any."""
        reachable = [t["to_state"] for t in self.draft.transitions if t["candidate"] == candidate]
        return int(self.rng.choice([ANY, *reachable]))

    def _relations(self) -> None:
        n = len(self.draft.candidates)
        if self.chance("requires", 0.4):
            for _ in range(self.whole(1, 2)):
                needs, candidate = sorted(self.rng.choice(n, 2, replace=False))
                rule = Requirement(
                    int(candidate), self._into(candidate), int(needs), self._into(needs), "requires.csv row 2"
                )
                self.draft.requirements.append(rule)
        if self.chance("excludes", 0.3):
            members = self.rng.choice(n, min(n, self.whole(2, 3)), replace=False)
            self.draft.exclusions.append(
                Exclusion("g", tuple(int(c) for c in sorted(members)), "excludes.csv rows 2, 3")
            )

    def _locks(self) -> None:
        kinds = [k for k, p in (("fixed", 0.2), ("forbidden", 0.2), ("in_flight", 0.25)) if self.chance(k, p)]
        free = [int(c) for c in self.rng.permutation(len(self.draft.candidates))]
        for kind, candidate in zip(kinds, free, strict=False):
            initial = self.draft.initial_state(candidate)
            ways = [p for p, t in enumerate(self.draft.transitions) if t["candidate"] == candidate]
            first = [p for p in ways if self.draft.transitions[p]["from_state"] == initial]
            p = int(self.rng.choice(ways if kind == "forbidden" else first))
            years = {
                "fixed": (2025, 2024 + max(1, self.years - 2)),
                "in_flight": (2023, 2025 + self.years),
                "forbidden": (0, 0),
            }
            year = self.whole(*years[kind])
            self.draft.locks.append(
                Lock(p, kind, year, self._remaining() if kind == "in_flight" else (), "locks.csv row 2")
            )

    def _remaining(self) -> tuple[tuple[int, int], ...]:
        years = self.rng.integers(2024, 2027 + self.years, self.whole(0, 3))
        return tuple((int(y), self.whole(100_000, 900_000)) for y in sorted(set(years)))

    def _floors(self) -> None:
        for name in self.draft.systems:
            if self.chance("equity", 0.25):
                counties = tuple(range(self.whole(1, len(self.draft.counties))))
                level = round(float(self.rng.uniform(0.1, 0.7)), 2)
                self.draft.floors.append(EquityFloor(name, level, self.whole(0, self.periods - 1), counties, "floor"))

    # ---- money
    def _sources(self) -> None:
        if not self.chance("money", 0.85):
            return
        typical = sum(t["cost"] for t in self.draft.transitions) / self.periods
        counties = [c["id"] for c in self.draft.counties]
        shared = any(c["own_share"] for c in self.draft.counties)
        kinds = [
            k
            for k, p in (("grant", 0.8), ("grant", 0.4), ("own", 1.0 if shared else 0.6), ("bond", 0.4))
            if self.chance(k, p)
        ]
        for i, kind in enumerate(kinds or ["grant"]):
            pooled = kind != "own" and self.rng.random() < 0.6
            size = float(self.rng.uniform(0.15, 0.7)) / (1 if pooled else len(counties))
            budget = {
                o: np.round(self.rng.uniform(0.3, 1.3, self.periods) * typical * size)
                * (self.rng.random(self.periods) > 0.08)
                for o in ([POOL] if pooled else counties)
            }
            eligible = (
                [str(self.rng.choice(self.draft.system_names))]
                if self.chance("eligible", 0.25) and len(self.draft.system_names) > 1
                else None
            )
            self.draft.source(
                f"{kind}{i}",
                kind=kind,
                budget=budget,
                systems=eligible,
                preference=self.whole(1, 4),
                max_share=round(float(self.rng.uniform(0.3, 0.9)), 3) if self.chance("max_share", 0.35) else 1.0,
                carry_over_share=round(float(self.rng.uniform(0.1, 1)), 2) if self.chance("carry_over", 0.5) else 0.0,
                bond_rate=float(self.rng.choice([0.0, 0.03, 0.05])) if kind == "bond" else 0.0,
                bond_term=self.whole(1, 6) if kind == "bond" else 1,
            )

    # ---- objective and size
    def _objective(self) -> None:
        served = [f"served:{name}" for name in self.draft.systems]
        if not served or not self.chance("other_objective", 0.2):
            return
        one = str(self.rng.choice(served))
        demand = float(self.draft.systems[one.split(":")[1]].data["quantity"].sum("origin").mean())
        some = EpsilonBound(one, round(float(self.rng.uniform(0, 0.6)) * demand, 2))
        worth = EpsilonBound("net_benefit", round(float(self.rng.uniform(-8, 4)), 2))
        choices = [
            Objective((one,)),
            Objective(("net_benefit", one)),
            Objective((one, "net_benefit")),
            Objective(("lowest_service",)),
            Objective(("net_benefit",), bounds=(some,)),
            Objective((one,), bounds=(worth,)),
            Objective(("lowest_service",), bounds=(worth,)),
            Objective(("lowest_service", "net_benefit")),
        ]
        offered = [o for o in choices if o.bounds] if self.chance("epsilon", 0.0) else choices
        self.draft.objective = offered[self.whole(0, len(offered) - 1)]

    def _narrow(self) -> None:
        """Shorten windows until few enough patterns are left."""
        objective = self.draft.objective
        coupled = objective.bounds or len(objective.metrics) > 1 or "lowest_service" in objective.metrics
        most = MOST_PATTERNS_COUPLED if coupled else MOST_PATTERNS
        fixed = {self.draft.transitions[k.transition]["candidate"] for k in self.draft.locks if k.kind == "fixed"}
        counts = self._counts(range(len(self.draft.candidates)))
        while prod(counts) > most:
            c = max((i for i in range(len(counts)) if i not in fixed), key=lambda i: counts[i])
            self._shorten(self.draft.candidates[c])
            counts[c] = self._counts([c])[0]

    def _counts(self, candidates: Sequence[int]) -> list[int]:
        problem = self.draft.freeze()
        return [len(schedules(problem, c)) for c in candidates]

    def _shorten(self, candidate: dict) -> None:  # type: ignore[type-arg]
        begins = [y for y in self.draft.horizon.starts if candidate["earliest"] <= y <= candidate["latest"]]
        if self.rng.random() < 0.5:
            candidate["latest"] = begins[-1] - 1
        else:
            candidate["earliest"] = begins[0] + 1
