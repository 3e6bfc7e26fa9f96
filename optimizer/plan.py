"""Plan: what is decided, and how well. The answer only; no Pyomo, no recomputation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from optimizer.problem import Problem


@dataclass(frozen=True)
class Outcome:
    """How a solve ended, in two fields, with what it proved.

    Parameters
    ----------
    termination
        ``optimal`` (gap closed to the demanded one), ``time_limit``, ``round_limit``, ``interrupted``, ``infeasible``,
        ``node_limit``, ``contradicted`` (the solver, by its tolerances, calls infeasible what this plan obeys),
        ``solver_error`` (the solver gave up with an error; the best plan until then).
    solution
        ``feasible``, ``refuted`` (obeys the model, but simulation finds that it does not keep its promises) or ``none``.
    incumbent, bound
        Value of the plan and proven upper bound of the objective that was maximised (10^6 CNY for net benefit).
    seconds
        Wall time of the solve.
    """

    termination: str
    solution: str
    incumbent: float
    bound: float
    seconds: float
    evidence: str = ""

    @property
    def gap(self) -> float:
        """(bound - incumbent) / max(|incumbent|, 1e-9), as a fraction; of what a refuted plan promises; inf without a plan."""
        if self.solution == "none":
            return float("inf")
        return max(0.0, self.bound - self.incumbent) / max(abs(self.incumbent), 1e-9)


@dataclass(frozen=True)
class Round:
    """What a round of planning and simulation found (:mod:`optimizer.solve.rounds`).

    Parameters
    ----------
    promised, bound
        Objective of the model's best plan, as the model has it, and the best bound proved so far.
    short
        Counties and periods in which that plan does not serve what it promised.
    valid, heuristic
        Cuts that were new.
    confirmed
        Objective, as simulated, of the best plan so far that keeps its promises; None while there is none.
    seconds
        Wall time of the round.
    """

    number: int
    promised: float
    bound: float
    short: int
    valid: int
    heuristic: int
    confirmed: float | None
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A plan for a Problem.

    Parameters
    ----------
    decisions
        ``start`` (transition, period) int8; ``payment`` (candidate, source, period) int64 CNY; ``spending`` (candidate,
        period) int64 CNY; ``carry_over`` (source, owner, period) int64 CNY carried out of a period; ``objective_terms``
        (term) 10^6 CNY discounted and signed: benefits, fixed_om, spending, residual_value; ``metric_value`` (metric).
    systems
        By system name, the archetype's own decisions. Facilities: ``share`` (pair, period) of an origin's quantity
        served over a pair, ``flow`` (link, product, period) units a year on links of sites that have several (0
        elsewhere).
    outcome
        Statuses, incumbent, bound.
    simulated
        By system name, what the simulation of this plan found beside service (pressures, floods), for its readers.
    """

    decisions: xr.Dataset
    systems: Mapping[str, xr.Dataset]
    outcome: Outcome
    meta: Mapping[str, Any] = field(default_factory=dict)
    simulated: Mapping[str, xr.Dataset] = field(default_factory=dict)

    @property
    def objective(self) -> float:
        return self.outcome.incumbent


def started_by(start: np.ndarray) -> np.ndarray:
    """Cumulative starts, shape (transition, period)."""
    return np.cumsum(start, axis=1)


def states_over_time(problem: Problem, start: np.ndarray) -> np.ndarray:
    """State a candidate is in, by period.

    Parameters
    ----------
    problem
        The problem the starts belong to.
    start
        (transition, period) 0/1, in-flight works all zero.

    Returns
    -------
    (candidate, period) int64, index of the state in service.
    """
    seq, horizon = problem.sequence, problem.horizon
    lead, owner = seq["lead_years"].values, seq["state_candidate"].values
    arrivals = [(int(p), horizon.service_period(int(t), int(lead[p]))) for p, t in np.argwhere(start)]
    arrivals += [(k.transition, horizon.first_period_from(k.year)) for k in problem.locks if k.kind == "in_flight"]
    present = np.repeat(seq["state_initial"].values.astype(np.int64)[:, None], horizon.n_periods, axis=1)
    for p, period in arrivals:
        present[seq["to_state"].values[p], period:] += 1
        present[seq["from_state"].values[p], period:] -= 1
    state = np.empty((seq.sizes["candidate"], horizon.n_periods), dtype=np.int64)
    for s, t in np.argwhere(present > 0):
        state[owner[s], t] = s
    return state
