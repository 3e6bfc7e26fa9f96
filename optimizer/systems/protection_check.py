"""The independent eye on protection: levels, damages, standards and values worked out again from a plan."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_audit import audit
from optimizer.systems.protection_lookup import Lookup
from optimizer.verify.result import Violation

__all__ = ["METRIC", "audit", "check", "demand", "lost", "rows_checked", "served", "value"]

METRIC = "ead_avoided"
RELATIVE = 1e-6


def check(problem: Problem, system: SystemProblem, decisions: xr.Dataset, states: np.ndarray) -> list[Violation]:
    """Every broken rule of the archetype.

    Parameters
    ----------
    states
        (candidate, period) state in service.
    """
    look, labels = Lookup(system), problem.horizon.labels
    levels = look.levels(states)
    return [*_levels(look, labels, decisions, levels), *_damages(look, labels, decisions, levels),
            *_standards(look, problem, levels)]  # fmt: skip


def rows_checked(problem: Problem, system: SystemProblem) -> dict[str, int]:
    """How many rows of each rule :func:`check` looks at."""
    n, periods = dict(system.data.sizes), problem.horizon.n_periods
    return {"levels": n["work"] * periods, "damage": n["table"] * periods, "standards": n["zone"] * periods}


def _levels(look: Lookup, labels: tuple[str, ...], decisions: xr.Dataset, levels: np.ndarray) -> list[Violation]:
    """Works stand at the level that their candidates have reached."""
    found = decisions["level"].values
    return [
        Violation("levels", f"{look.name}, {look.d['work'][w]}, {labels[t]}", str(found[w, t]), str(levels[w, t]))
        for w, t in np.argwhere(found != levels)
    ]


def _damages(look: Lookup, labels: tuple[str, ...], decisions: xr.Dataset, levels: np.ndarray) -> list[Violation]:
    """Damage is the table's; where works stand beside a table, no less than the table's while they stand as they are,
    and never below what is proved; for the rest there is the simulation.
    """
    damage, known = decisions["damage"].values, look.promised(levels)
    found = []
    for j in range(look.n_tables):
        for t in range(damage.shape[1]):
            least = known[j, t]
            if any(levels[w, t] for w in look.beside[j]):
                least = float(look.d["entry_low"][look.entry(j, levels[:, t]), t])
            near = RELATIVE * max(1.0, float(look.today[j, t]))
            wrong = damage[j, t] < least - near or (look.whole(j) and damage[j, t] > least + near)
            if wrong:
                where = f"{look.name}, {look.d['zone'][look.d['table_zone'][j]]}, {labels[t]}"
                found.append(Violation("damage", where, f"{damage[j, t]:.6g} CNY a year", f"{least:.6g} by the table"))
    return found


def _standards(look: Lookup, problem: Problem, levels: np.ndarray) -> list[Violation]:
    """From the year asked for, levees are topped no more often than the standards of their zones allow."""
    first = problem.horizon.first_period_from(int(look.attrs["standards_from"]))
    topped, found = look.topped(levels), []
    for z in range(len(topped)):
        for t in np.flatnonzero(look.below_standard(topped[z], z)):
            if t >= first:
                where = f"{look.name}, {look.d['zone'][z]}, {problem.horizon.labels[t]}"
                allowed = f"{1 / look.d['zone_standard'][z]:.4g} a year or less"
                found.append(Violation("standards", where, f"topped with probability {topped[z, t]:.4g}", allowed))
    return found


def value(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """CNY a year, shape (period,): expected damage avoided."""
    del problem
    return np.asarray((Lookup(system).today - decisions["damage"].values).sum(axis=0))


def served(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """CNY a year of expected damage avoided, shape (county, period)."""
    look = Lookup(system)
    return look.by_county(look.today - decisions["damage"].values, len(problem.county_ids))


def demand(problem: Problem, system: SystemProblem) -> np.ndarray:
    """CNY a year of expected damage with everything as it stands, shape (county, period)."""
    look = Lookup(system)
    return look.by_county(look.today, len(problem.county_ids))


def lost(problem: Problem, system: SystemProblem, states: np.ndarray) -> dict[str, np.ndarray]:
    """By place in a flood zone, the expected share of a year without service, shape (period,)."""
    del problem
    look = Lookup(system)
    shares = look.lost(look.levels(states))
    return {str(place): shares[k] for k, place in enumerate(look.d["place"])}
