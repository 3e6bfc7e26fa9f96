"""Where works of different systems wait for, protect or help one another, and what that is worth in a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from optimizer.problem import ANY, Requirement
from optimizer.verify.money import Books
from optimizer.verify.works import Work
from optimizer.verify.worth import Worth

NEAR = 1e-9


@dataclass(frozen=True)
class Coupling:
    """Two works, of two systems, of which the second depends on the first.

    Parameters
    ----------
    kind
        ``requires``: the second may only start when the first is in service. ``dig_once``: they share a trench.
        ``protects``: the first lowers the share of a year that the place of the second is expected to be out of service.
    first, second
        Candidates.
    ready, began, serves
        Periods in which the first comes into service (``dig_once``: starts), and in which the second starts and comes into
        service; as many as there are periods if after the end, -1 if before the beginning.
    binding
        Whether the second could not have started earlier (``requires``), shares the trench (``dig_once``), or serves no
        earlier than the first protects it (``protects``).
    worth
        CNY: saved on the trench, or expected loss avoided in the last period, a year; 0 for ``requires``.
    place
        What is shared: corridor or place.
    """

    kind: Literal["requires", "dig_once", "protects"]
    first: int
    second: int
    ready: int
    began: int
    serves: int
    binding: bool
    worth: float
    place: str = ""


def couplings(worth: Worth) -> tuple[Coupling, ...]:
    """Every coupling between works of two systems that the plan starts, largest worth first."""
    found = _Couplings(worth)
    listed = [*found.required(), *found.trenches(), *found.protected()]
    return tuple(sorted(listed, key=lambda c: (c.kind, -c.worth, c.first, c.second)))


def _began(work: Work) -> int:
    """Period of a start, -1 before the beginning."""
    return -1 if work.start is None else work.start


class _Couplings:
    """The works of a plan, by candidate."""

    def __init__(self, worth: Worth) -> None:
        self.worth, self.works = worth, worth.works
        self.column = self.works.column

    @cached_property
    def of_candidate(self) -> dict[int, list[Work]]:
        """Works of every candidate, first service first."""
        found: dict[int, list[Work]] = {}
        for work in sorted(self.works.all, key=lambda w: w.service_period):
            found.setdefault(work.candidate, []).append(work)
        return found

    def _system(self, candidate: int) -> str:
        return str(self.column["candidate_system"][candidate])

    # ---- one after the other
    def required(self) -> Iterator[Coupling]:
        """Requirements between systems, both works started."""
        for need in self.works.problem.requirements:
            if self._system(need.candidate) == self._system(need.needs):
                continue
            for work in self.of_candidate.get(need.candidate, []):
                ready = self._ready(need)
                if ready is not None and need.state in (ANY, int(self.column["to_state"][work.transition])):
                    began = _began(work)
                    yield Coupling(
                        "requires", need.needs, need.candidate, ready, began, work.service_period, began == ready, 0.0
                    )

    def _ready(self, need: Requirement) -> int | None:
        """Period in which what is needed comes into service by a work of the plan."""
        return next(
            (w.service_period for w in self.of_candidate.get(need.needs, [])
             if need.needs_state in (ANY, int(self.column["to_state"][w.transition]))), None,
        )  # fmt: skip

    # ---- side by side
    def trenches(self) -> Iterator[Coupling]:
        """Works that share a trench: the follower and what it follows."""
        books, names = self.worth.books, self.works.problem.sequence["corridor_id"].values
        for (follower, t), saved in books.trenches.items():
            corridor = int(self.column["corridor"][follower])
            first = self._leader(books, corridor, follower, t)
            serves = min(w.service_period for w in self.of_candidate[follower] if w.start == t)
            yield Coupling("dig_once", first, follower, t, t, serves, True, float(saved), str(names[corridor]))

    def _leader(self, books: Books, corridor: int, follower: int, t: int) -> int:
        here = {w.candidate for w in self.works.all if w.start == t and self.column["corridor"][w.candidate] == corridor}
        return min(c for c in here if books.system[c] != books.system[follower])

    # ---- one for the other
    def protected(self) -> Iterator[Coupling]:
        """Works that keep places of other systems in service: each taken away, the others left as they are."""
        exposed = {name: worth for name, worth in self.worth.exposed.items() if worth}
        for name, candidates in self._protecting().items():
            with_all = self.worth.out_of_service(name, self.works.states)
            for c in candidates if exposed else ():
                without = self.worth.out_of_service(name, self._taken_away(c))
                yield from self._kept_by(c, exposed, {p: without[p] - with_all[p] for p in with_all})

    def _protecting(self) -> dict[str, list[int]]:
        """By system that can put places out of service, the candidates of it that are started."""
        names = [name for name in self.worth.eyes if self.worth.out_of_service(name, self.works.states)]
        return {name: [c for c in self.of_candidate if self._system(c) == name] for name in names}

    def _taken_away(self, candidate: int) -> np.ndarray:
        """(candidate, period) states as they are, but one candidate as it stands before planning."""
        states = self.works.states.copy()
        first = np.flatnonzero(self.column["state_initial"] & (self.column["state_candidate"] == candidate))
        states[candidate] = first[0]
        return states

    def _kept_by(
        self, candidate: int, exposed: dict[str, dict[str, np.ndarray]], kept: dict[str, np.ndarray]
    ) -> Iterator[Coupling]:
        """The works of other systems at places that a candidate keeps in service."""
        ready = self.of_candidate[candidate][0].service_period
        for place, share in kept.items():
            for name, worth in exposed.items() if (share > NEAR).any() else ():
                other = self._first_at(place, name)
                if name != self._system(candidate) and other is not None and place in worth:
                    yield Coupling(
                        "protects", candidate, other.candidate, ready, _began(other), other.service_period,
                        other.service_period >= ready, float(worth[place][-1] * share[-1]), place,
                    )  # fmt: skip

    def _first_at(self, place: str, system: str) -> Work | None:
        """The first work in service of a system at a place."""
        here = [works[0] for c, works in self.of_candidate.items()
                if self._system(c) == system and str(self.column["candidate_place"][c]) == place]  # fmt: skip
        return min(here, key=lambda w: (w.service_period, w.candidate)) if here else None
