"""The planning horizon: periods of one or more years, and what a flow in them is worth today."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Horizon:
    """Periods of whole years, in order and without holes.

    Parameters
    ----------
    first_year
        Calendar year in which period 0 begins.
    lengths
        Years in each period; they may differ.
    discount_rate
        Per year, real. The base of discounting is the beginning of ``first_year``.
    allow_unfinished
        Whether works may start that are not finished and paid within the horizon.
    """

    first_year: int
    lengths: tuple[int, ...]
    discount_rate: float
    allow_unfinished: bool = False

    @property
    def n_periods(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Calendar year in which each period begins."""
        return tuple(self.first_year + sum(self.lengths[:t]) for t in range(self.n_periods))

    @property
    def end(self) -> int:
        """First calendar year after the horizon."""
        return self.first_year + sum(self.lengths)

    def years(self, period: int) -> range:
        """Calendar years of a period."""
        return range(self.starts[period], self.starts[period] + self.lengths[period])

    def period_of(self, year: int) -> int:
        """Period that holds a calendar year; ``n_periods`` for years after the horizon, -1 before it."""
        if year < self.first_year:
            return -1
        if year >= self.end:
            return self.n_periods
        return bisect_right(self.starts, year) - 1

    def first_period_from(self, year: int) -> int:
        """First period that begins in ``year`` or later (``n_periods`` if none does)."""
        return bisect_left(self.starts, year)

    def service_period(self, start: int, lead_years: int) -> int:
        """First period in service of a work started at the beginning of period ``start``.

        With no lead time that is the same period; otherwise the first period that begins when the works are over.
        """
        return start if lead_years == 0 else self.first_period_from(self.starts[start] + lead_years)

    def discount(self, period: int) -> float:
        """Factor of a flow in a period, taken at the middle of the period."""
        middle = self.starts[period] - self.first_year + self.lengths[period] / 2
        return float((1 + self.discount_rate) ** -middle)

    def discount_end(self) -> float:
        """Factor of a value at the end of the horizon."""
        return float((1 + self.discount_rate) ** -(self.end - self.first_year))

    @property
    def labels(self) -> tuple[str, ...]:
        """What a reader sees: ``2025`` or ``2025-2027``."""
        return tuple(
            str(y) if n == 1 else f"{y}-{y + n - 1}" for y, n in zip(self.starts, self.lengths, strict=True)
        )
