"""What an archetype is to the rest of the program, and what it may send back to the solver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.exhibits import ReportSection

if TYPE_CHECKING:
    from optimizer.config import RunConfig
    from optimizer.draft import Draft
    from optimizer.ledger import Ledger
    from optimizer.plan import Plan
    from optimizer.region import Region
    from optimizer.systems.evaluation import Evaluation, Journeys
    from optimizer.verify.result import SimulationResult, Violation


class Proposal(NamedTuple):
    """A start worth making: the transition, the first period it should start in, and its worth per CNY."""

    transition: int
    period: int
    score: float


@dataclass(frozen=True)
class Relation:
    """How what a plan promises in the model relates to what simulation finds.

    Parameters
    ----------
    kind
        ``exact``: the same. ``bounding``: the model is a relaxation, so that a plan may promise too much and never too
        little. ``approximate``: either way.
    tolerance
        Relative, of a plan that the rounds of planning and simulation let pass.
    """

    kind: Literal["exact", "bounding", "approximate"]
    tolerance: float = 1e-6


@dataclass(frozen=True)
class ColumnTag:
    """A column by name: its family within a system's block (``system`` empty: within the sequence), its index there."""

    system: str
    family: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Cut:
    """A row that a simulation adds to the model: ``sum(coefs * columns) sense rhs``.

    Parameters
    ----------
    columns, coefs
        What stands on the left, by tag.
    sense
        ``<=``, ``>=`` or ``==``.
    rhs
        Right-hand side.
    valid
        Whether it holds for every plan that passes the simulation; a cut that is not valid is heuristic and never
        enters a bound.
    evidence
        What the simulation found, for the reader.
    """

    columns: tuple[ColumnTag, ...]
    coefs: tuple[float, ...]
    sense: str
    rhs: float
    valid: bool
    evidence: str = ""


@dataclass(frozen=True)
class Effort:
    """What a strengthening may use up.

    Parameters
    ----------
    gap
        Relative gap at which nothing more need be done.
    seconds
        Wall time.
    seed
        Of whatever is random.
    stop
        Set by the caller to end early.
    say
        To be told the objective of the best plan met and the bound, whenever they change.
    """

    gap: float
    seconds: float
    seed: int
    stop: threading.Event
    say: Callable[[float, float], None]


@dataclass(frozen=True)
class Strengthened:
    """What an archetype found out about a problem before any model of it was built.

    Parameters
    ----------
    problem
        The same problem with what no better plan needs left out or locked.
    system
        Name of the system that was narrowed.
    starts
        Transitions started (in the first period they may) by the best plan met; None when none was met.
    write
        Sets the variables of the system's block, built from the narrowed problem, to that plan.
    expand
        From the system's decisions in terms of the narrowed problem to those of the whole one.
    bound
        No plan of the whole problem has a higher objective (10^6 CNY).
    left_out
        No plan of the whole problem that is not one of the narrowed problem has a higher objective.
    evidence
        What proves the bounds, for the reader.
    """

    problem: Problem
    system: str
    starts: frozenset[int] | None
    write: Callable[[Any], None]
    expand: Callable[[xr.Dataset], xr.Dataset]
    bound: float
    left_out: float
    evidence: str


Strengthener = Callable[[Problem, SystemProblem, Effort], "Strengthened | None"]
"""Optional function ``strengthen`` of an archetype's module; None says that it has nothing to add."""


JourneysOf = Callable[["Region", Mapping[str, Any], str, Problem, SystemProblem, "Plan"], "Journeys"]
"""Optional function ``journeys`` of an archetype's module: what a plan carries over the region's roads, by the system's
settings and the choice of values (low, central, high)."""


CutChecker = Callable[[SystemProblem, Cut], bool]
"""Optional function ``holds`` of an archetype's module: whether a valid cut holds, found out without the run that made it."""


class Archetype(Protocol):
    """One physical kind of system. Modules of this shape are named in :mod:`optimizer.systems.registry`.

    ``RELATION`` says how its model relates to its simulation; where it is not exact, plans are made in rounds
    (:mod:`optimizer.solve.rounds`).
    """

    RELATION: Relation

    def prepare(
        self, region: Region, settings: Mapping[str, Any], name: str, draft: Draft, config: RunConfig
    ) -> SystemProblem:
        """Add the system's candidates to the draft and tabulate its physics."""
        ...

    def build(self, block: Any, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
        """Add variables and rules to a Pyomo block and enter benefits and services in the ledger."""
        ...

    def extract(self, block: Any, system: SystemProblem) -> xr.Dataset:
        """Read the archetype's own decisions from a solved block."""
        ...

    def greedy(self, problem: Problem, system: SystemProblem) -> list[Proposal]:
        """Starts worth making, best first, money left aside."""
        ...

    def simulate(self, problem: Problem, system: SystemProblem, plan: Plan, region: Region | None) -> SimulationResult:
        """What the plan would really serve, from fresh physics."""
        ...

    def evaluation(self, problem: Problem, system: SystemProblem, plan: Plan) -> Evaluation:
        """The system under a plan, cut into independent parts that can be valued in other states of their candidates."""
        ...

    def cuts(self, result: SimulationResult) -> list[Cut]:
        """Rows that forbid what the simulation refuted, or tell the model what the simulation found."""
        ...

    def metrics(self, name: str) -> tuple[str, ...]:
        """Names of the metrics that a system of this archetype declares."""
        ...

    def report_sections(self, problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
        """Tables, maps and curves for the report, of what the plan and its problem hold."""
        ...


class Checker(Protocol):
    """The independent eye on an archetype's own rules; a module that imports no Pyomo.

    It may also have ``METRIC``, the name of its metric in place of ``served``, and two functions: ``exposed(problem,
    system, decisions)``, CNY a year by place, (period,), that are earned only while the place is in service, and
    ``lost(problem, system, states)``, the expected share of a year that places are out of service, (period,) each; and
    ``audit(system, tables, seen)``, which compares its arrays with the region's tables.
    """

    def check(
        self, problem: Problem, system: SystemProblem, decisions: xr.Dataset, states: np.ndarray
    ) -> list[Violation]:
        """Every broken rule; ``states`` (candidate, period) as of :func:`optimizer.plan.states_over_time`."""
        ...

    def rows_checked(self, problem: Problem, system: SystemProblem) -> dict[str, int]:
        """How many rows of each rule :meth:`check` looks at."""
        ...

    def value(self, problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
        """CNY a year, shape (period,)."""
        ...

    def served(self, problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
        """Units a year served, weighted by coverage, shape (county, period)."""
        ...

    def demand(self, problem: Problem, system: SystemProblem) -> np.ndarray:
        """Units a year wanted, shape (county, period)."""
        ...
