"""What verification found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

SERVICE_COLUMNS = ["system", "county_id", "period", "demand", "promised", "simulated", "unit"]


@dataclass(frozen=True)
class Violation:
    """One broken rule: its name, where, what was found and what is allowed."""

    rule: str
    where: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: found {self.found}, allowed {self.allowed}"


Findings = tuple[int, list[Violation]]
"""What a rule's check returns: rows looked at, and what is broken."""


@dataclass(frozen=True)
class SimulationResult:
    """What a system would really serve: ``service`` has the columns of :data:`SERVICE_COLUMNS`, units a year."""

    service: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """The independent verdict on a plan.

    Parameters
    ----------
    passed
        No violation.
    checks
        How many rows of each rule were looked at.
    objective_claimed, objective_recomputed
        Of the first metric.
    service
        Promised against simulated, by system, county and period.
    largest_difference
        Largest difference of promised and simulated service, as a share of demand.
    """

    passed: bool
    violations: tuple[Violation, ...]
    checks: Mapping[str, int]
    objective_claimed: float
    objective_recomputed: float
    service: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SERVICE_COLUMNS))
    largest_difference: float = 0.0
    notes: tuple[str, ...] = ()
