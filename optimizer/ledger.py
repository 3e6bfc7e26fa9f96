"""Ledger: the contract between the core and the systems.

An archetype reads the state of its candidates from the ledger and enters what it spends, uses, gains, offers and
needs. The core reads the entries and knows nothing else of a system.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from optimizer.problem import Problem
from optimizer.terms import NOTHING, Terms, as_terms, total

if TYPE_CHECKING:
    from optimizer.model.hulls import Entered
    from optimizer.model.linear import Rows

VALUE = "value"
Owner = int
"""Index of a county."""


class States(Protocol):
    """What the sequence tells of states and starts, as linear terms."""

    def in_state(self, state: int, period: int) -> Terms: ...
    def start(self, transition: int, period: int) -> Terms: ...


@dataclass(frozen=True)
class Tag:
    """What a family of rows or columns is about.

    ``where`` gives (county, period) of an index of the component, -1 where it concerns none or all; ``linking``: the
    family ties counties together; ``structural``: a rule of arithmetic, not one that money or policy could relax.
    """

    family: str
    system: str
    where: Callable[[Any], tuple[int, int]]
    linking: bool = False
    structural: bool = False


@dataclass(frozen=True)
class Served:
    """Service of a county in a period: what is served of a demand."""

    system: str
    county: Owner
    period: int
    served: Terms
    demand: float


def nowhere(_: Any) -> tuple[int, int]:
    """For components that concern no county and no period."""
    return -1, -1


@dataclass(frozen=True)
class Exposed:
    """Yearly benefit of a metric that goes on at a place only while the place is in service: ``low <= terms <= high``."""

    metric: str
    place: str
    county: Owner
    period: int
    terms: Terms
    low: float
    high: float


Exposing = Callable[[], "Exposed"]
Cases = list[tuple[float, Terms]]
"""Expected share of a year without service, and the terms that are 1 in the case and 0 in all others."""


@dataclass
class Ledger:
    """Entries of one system; ``shared`` holds what all systems' ledgers have in common."""

    problem: Problem
    states: States
    system: str
    tags: dict[int, Tag] = field(default_factory=dict)
    benefits: dict[str, list[tuple[Owner, int, Terms]]] = field(default_factory=lambda: defaultdict(list))
    service: list[Served] = field(default_factory=list)
    spending: dict[tuple[str, Owner, int], list[Terms]] = field(default_factory=lambda: defaultdict(list))
    uses: dict[tuple[str, Owner, int], list[Terms]] = field(default_factory=lambda: defaultdict(list))
    offers: dict[tuple[str, str, int], list[Terms]] = field(default_factory=lambda: defaultdict(list))
    needs: list[tuple[str, str, int, Terms]] = field(default_factory=list)
    corridors: dict[tuple[int, int], list[tuple[int, Terms]]] = field(default_factory=lambda: defaultdict(list))
    rows: list[Rows] = field(default_factory=list)
    hulls: list[Entered] = field(default_factory=list)
    exposed: list[tuple[str, Exposing]] = field(default_factory=list)
    dangers: dict[tuple[str, int], list[Cases]] = field(default_factory=lambda: defaultdict(list))

    def for_system(self, system: str) -> Ledger:
        """A view for another system on the same entries."""
        return Ledger(**{**self.__dict__, "system": system})

    # ---- what an archetype reads
    def in_state(self, state: int, period: int) -> Any:
        """1 if the state's candidate is in it, in service, as a Pyomo expression."""
        return self.in_state_terms(state, period).expression()

    def in_state_terms(self, state: int, period: int) -> Terms:
        """The same as linear terms (constant, coefs, variables)."""
        return self.states.in_state(state, period)

    # ---- what an archetype enters
    def spend(self, owner: Owner, period: int, expr: Any) -> None:
        """Money (10^6 CNY) the system spends in a county and period beside its candidates' own costs."""
        self.spending[self.system, owner, period].append(as_terms(expr))

    def use(self, resource: str, owner: Owner, period: int, expr: Any) -> None:
        """Use of a capped resource in a county and period."""
        self.uses[resource, owner, period].append(as_terms(expr))

    def benefit(self, metric: str, owner: Owner, period: int, expr: Any) -> None:
        """A yearly benefit: 10^6 CNY a year for ``value``, the metric's own unit otherwise."""
        self.benefits[metric].append((owner, period, as_terms(expr)))

    def serve(self, owner: Owner, period: int, expr: Any, demand: float) -> None:
        """What is served of a county's demand, for service levels and equity."""
        self.service.append(Served(self.system, owner, period, as_terms(expr), demand))

    def offer_service(self, place: str, commodity: str, period: int, expr: Any) -> None:
        """Offer a commodity (0..1) at a place."""
        self.offers[place, commodity, period].append(as_terms(expr))

    def need_service(self, place: str, commodity: str, period: int, expr: Any) -> None:
        """Need a commodity at a place: the expression may not exceed what is offered there (`dependence`)."""
        self.needs.append((place, commodity, period, as_terms(expr)))

    def availability(self, place: str, commodity: str, period: int) -> Terms:
        """What is offered so far at a place."""
        return total(self.offers.get((place, commodity, period), [NOTHING]))

    def expose(self, place: str, entry: Exposing) -> None:
        """Say that a benefit, entered by ``benefit``, hangs on a place; ``entry`` is called only if the place is in danger."""
        self.exposed.append((place, entry))

    def endanger(self, place: str, period: int, cases: Cases) -> None:
        """Say what share of a year a place is expected to be out of service in each of some cases, of which one holds."""
        self.dangers[place, period].append(cases)

    def corridor_use(self, corridor: int, candidate: int, period: int, start: Terms) -> None:
        """A candidate opens a corridor's trench in a period when ``start`` is 1."""
        self.corridors[corridor, period].append((candidate, start))

    def add_rows(self, rows: Rows) -> None:
        """Enter a family of rows given as arrays; rules of arithmetic, within counties."""
        self.rows.append(rows)

    def tag(
        self,
        component: Any,
        where: Callable[[Any], tuple[int, int]],
        *,
        structural: bool = False,
        linking: bool = False,
    ) -> None:
        """Say what a Pyomo component's rows or columns are about; its own name is the family."""
        self.tags[id(component)] = Tag(component.local_name, self.system, where, linking, structural)
