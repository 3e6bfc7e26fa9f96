"""What verification found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from optimizer.verify.couplings import Coupling

SERVICE_COLUMNS = ["system", "county_id", "period", "demand", "promised", "simulated", "unit"]
SERVED_NEAR = 1e-6
"""Share of demand by which what is simulated may differ from what was promised."""


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
    """What a system would really do under a plan.

    Parameters
    ----------
    service
        What it would serve, with the columns of :data:`SERVICE_COLUMNS`, units a year.
    decisions
        Where the model only bounds a system's value: its decisions as simulated, which take the place of those that the
        plan promised. None: nothing to put right.
    metrics
        True values of the system's metrics that the model only bounds.
    """

    service: pd.DataFrame
    notes: tuple[str, ...] = ()
    decisions: xr.Dataset | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def refuted(self) -> int:
        """Counties and periods in which less, or more, is served than was promised."""
        return int((self.differences > SERVED_NEAR).sum())

    @property
    def differences(self) -> np.ndarray:
        """Promised less simulated, as a share of demand, row by row; 0 where nothing is wanted."""
        return differences(self.service)

    def record(self) -> xr.Dataset | None:
        """What was found beside service, for the plan's file and its readers; None: nothing."""
        return None


def differences(service: pd.DataFrame) -> np.ndarray:
    """Promised less simulated service, as a share of demand, row by row; 0 where nothing is wanted."""
    demand = service["demand"].to_numpy(float)
    apart = np.abs(service["promised"].to_numpy(float) - service["simulated"].to_numpy(float))
    return np.divide(apart, demand, out=np.zeros_like(demand), where=demand > 0)


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
    couplings
        Works of one system that wait for, protect or help those of another.
    """

    passed: bool
    violations: tuple[Violation, ...]
    checks: Mapping[str, int]
    objective_claimed: float
    objective_recomputed: float
    service: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SERVICE_COLUMNS))
    largest_difference: float = 0.0
    notes: tuple[str, ...] = ()
    couplings: tuple[Coupling, ...] = ()
