"""Progress of a solve: incumbent, bound, gap, time; whoever listens decides how to show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One state of a solve; ``incumbent`` is None until there is a plan, ``bound`` until there is one."""

    stage: str
    seconds: float
    incumbent: float | None
    bound: float | None

    @property
    def gap(self) -> float | None:
        """As a fraction of the incumbent."""
        if self.incumbent is None or self.bound is None:
            return None
        return max(0.0, self.bound - self.incumbent) / max(abs(self.incumbent), 1e-9)


LARGE = 10.0
"""Fraction from which on a gap, over a plan near nothing, is not worth its digits."""


def per_cent(gap: float | None) -> str:
    """A gap in words for a person: a dash where there is none."""
    if gap is None or not math.isfinite(gap):
        return "-"
    return f"{100 * gap:.2f} %" if gap < LARGE else f"over {100 * LARGE:,.0f} %"


def million(value: float | None) -> str:
    """A plan's worth or a bound in words for a person: a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:,.1f}"


FAR = 0.1
"""Gap from which on a plan that time has cut short says little of what the best would be."""


def cut_short(termination: str, gap: float) -> bool:
    """Whether a solve had so little time that a reader must not take its plan for nearly the best."""
    return termination in ("time_limit", "interrupted") and not gap <= FAR


Listener = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A listener that shows nothing."""
