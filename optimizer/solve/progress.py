"""Progress of a solve: incumbent, bound, gap, time; whoever listens decides how to show it."""

from __future__ import annotations

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


Listener = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A listener that shows nothing."""
