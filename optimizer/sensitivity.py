"""Which choices flip within the range of the values: the same problem solved again at low and at high values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem


@dataclass(frozen=True)
class Flips:
    """How a plan at other values differs from the plan at central ones.

    ``added``, ``dropped``: candidate ids started in one plan only. ``moved``: (candidate id, start period at central
    values, start period here). ``resized``: (candidate id, option at central values, option here).
    """

    values: str
    incumbent: float
    bound: float
    gap: float
    termination: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: tuple[tuple[str, int, int], ...]
    resized: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Flips:
        """Flips as a manifest holds them."""
        data = dict(stored)
        for name in ("added", "dropped", "moved", "resized"):
            data[name] = tuple(tuple(x) if isinstance(x, list) else x for x in data[name])
        return cls(**data)


def compare_plans(values: str, central: Plan, problem: Problem, other: Plan, other_problem: Problem) -> Flips:
    """Differences of two plans over the same candidates."""
    before, after = first_starts(problem, central), first_starts(other_problem, other)
    both = [c for c in before if c in after]
    return Flips(
        values=values,
        incumbent=other.outcome.incumbent,
        bound=other.outcome.bound,
        gap=other.outcome.gap,
        termination=other.outcome.termination,
        added=tuple(c for c in after if c not in before),
        dropped=tuple(c for c in before if c not in after),
        moved=tuple((c, before[c][0], after[c][0]) for c in both if before[c][0] != after[c][0]),
        resized=tuple((c, before[c][1], after[c][1]) for c in both if before[c][1] != after[c][1]),
    )


def first_starts(problem: Problem, plan: Plan) -> dict[str, tuple[int, str]]:
    """First start period, and the last option reached, of every candidate that is started."""
    seq = problem.sequence
    names, options = seq["candidate"].values, seq["state_option"].values
    found: dict[str, tuple[int, str]] = {}
    for t, p in sorted((int(t), int(p)) for p, t in np.argwhere(plan.decisions["start"].values)):
        name = str(names[seq["transition_candidate"].values[p]])
        found[name] = (found[name][0] if name in found else t, str(options[seq["to_state"].values[p]]))
    return found
