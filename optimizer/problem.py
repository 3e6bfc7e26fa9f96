"""Problem: everything that a plan is decided and checked on. Frozen arrays; no Pyomo, no files, no config.

Money is in CNY (whole numbers held in float64 or int64), time in calendar years, demand in units a year.
``POOL`` is the owner of province-wide money and quotas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from optimizer.horizon import Horizon

POOL = "*"
ANY = -1

__all__ = [
    "ANY",
    "POOL",
    "EpsilonBound",
    "EquityFloor",
    "Exclusion",
    "Horizon",
    "Lock",
    "Need",
    "Objective",
    "Problem",
    "Requirement",
    "SystemProblem",
]


@dataclass(frozen=True)
class Requirement:
    """Finish-to-start: ``candidate`` may start a transition into ``state`` (``ANY``: any transition) only when
    ``needs`` has reached ``needs_state`` (``ANY``: has left its initial state) by the beginning of that period.
    """

    candidate: int
    state: int
    needs: int
    needs_state: int
    row: str = ""


@dataclass(frozen=True)
class Need:
    """``candidate`` may be in service in ``state`` (``ANY``: in whatever is built of it) only while ``commodity`` is
    offered at ``place``.
    """

    candidate: int
    state: int
    place: str
    commodity: str
    row: str = ""


@dataclass(frozen=True)
class Exclusion:
    """At most one candidate of the group is ever started (or in flight)."""

    group: str
    candidates: tuple[int, ...]
    row: str = ""


@dataclass(frozen=True)
class Lock:
    """What is settled before planning begins.

    ``fixed``: the transition starts in the period that holds ``year``. ``forbidden``: it never starts.
    ``in_flight``: it has started before the horizon, serves from the first period that begins in ``year`` or later
    (or from period 0 if ``year`` is before the horizon) and still costs ``payments`` ((year, CNY), ...); its
    overnight cost is not charged again, and its age counts from ``year``.
    """

    transition: int
    kind: str
    year: int
    payments: tuple[tuple[int, int], ...] = ()
    row: str = ""


@dataclass(frozen=True)
class EquityFloor:
    """Service level (served / demand) of every listed county in ``system`` at least ``level`` from ``period`` on."""

    system: str
    level: float
    period: int
    counties: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True)
class EpsilonBound:
    """A metric held at or above ``at_least`` while the first metric of the objective is maximised."""

    metric: str
    at_least: float


@dataclass(frozen=True)
class Objective:
    """What is maximised: ``metrics`` in order of rank (one for a plain run), each kept within ``tolerance``
    (relative) of its best when the next is maximised, under the epsilon ``bounds``.

    Metrics: ``net_benefit`` (10^6 CNY, discounted), ``lowest_service`` (smallest county service level of any system
    in the last period, 0..1) and those the systems declare, e.g. ``served:<system>`` (units a year, mean over the
    horizon).
    """

    metrics: tuple[str, ...] = ("net_benefit",)
    tolerance: float = 1e-4
    bounds: tuple[EpsilonBound, ...] = ()


@dataclass(frozen=True)
class SystemProblem:
    """The part of a Problem that one archetype prepared for one system; the core never looks inside."""

    name: str
    archetype: str
    data: xr.Dataset
    label: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A whole planning problem.

    Parameters
    ----------
    horizon
        Periods and discounting.
    sequence
        Dimensions ``county``, ``candidate``, ``state``, ``transition``, ``work_year``, ``resource``, ``owner``
        (``POOL`` and every county id), ``period``; variables

        - county: ``county_name_zh``, ``county_name_en``, ``prefecture`` (id), ``works_at_once`` (count);
        - candidate: ``candidate_name_zh``, ``candidate_name_en``, ``candidate_system``, ``candidate_role``,
          ``candidate_county`` (index), ``candidate_place`` (id), ``earliest_year``, ``latest_year`` (starts),
          ``corridor`` (index into ``corridor`` or -1);
        - state: ``state_candidate`` (index), ``state_option`` (text), ``state_initial`` (bool), ``fixed_om``
          (CNY a year), ``capacity`` (units a year; existing capacity for the initial state);
        - transition: ``transition_candidate``, ``from_state``, ``to_state`` (indices), ``overnight_cost`` (CNY),
          ``lead_years``, ``lifetime`` (years; 0: used up at once, neither replaced nor worth anything at the end),
          ``spend_share`` (transition, work_year), ``resource_use`` (transition, resource), used in the period of the
          start;
        - ``resource_limit`` (resource, owner, period), NaN = unlimited; ``resource_whole_horizon`` (resource): the
          limits of all periods are one sum;
        - corridor: ``corridor_saving`` (CNY).
    requirements, exclusions, locks
        Relations among candidates and transitions.
    needs
        What candidates need of the services of systems of the problem.
    funding
        Dimensions ``source``, ``system``, ``county``, ``owner``, ``period``; variables ``source_name_zh``,
        ``source_name_en``, ``source_kind`` (grant, own, bond), ``pooled`` (source: one budget for all counties),
        ``eligible`` (source, system), ``max_share`` (source: share of a project's cost in each period),
        ``carry_over_share`` (source), ``bond_rate``, ``bond_term`` (source), ``preference`` (source), ``budget``
        (source, owner, period; CNY in the whole period; 0 where the source has no such owner), ``own_share``
        (county), ``debt_service_ceiling`` (county, period; CNY a year). ``funding.sizes["source"] == 0`` means that
        money is not limited.
    """

    horizon: Horizon
    sequence: xr.Dataset
    requirements: tuple[Requirement, ...]
    exclusions: tuple[Exclusion, ...]
    locks: tuple[Lock, ...]
    funding: xr.Dataset
    systems: Mapping[str, SystemProblem]
    objective: Objective = Objective()
    floors: tuple[EquityFloor, ...] = ()
    needs: tuple[Need, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def county_ids(self) -> list[str]:
        return [str(c) for c in self.sequence["county"].values]

    @property
    def system_names(self) -> list[str]:
        return [str(s) for s in self.funding["system"].values]

    def system_of_candidate(self) -> np.ndarray:
        """Index into ``funding.system`` of every candidate, shape (candidate,)."""
        position = {name: i for i, name in enumerate(self.system_names)}
        return np.array([position[str(s)] for s in self.sequence["candidate_system"].values], dtype=np.int64)
