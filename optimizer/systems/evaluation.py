"""What an archetype says of a plan's parts: components that do not touch each other, each valued by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

OUT = -1
"""In place of a state: the candidate is out of service. What it had before the horizon is lost as well."""


@dataclass(frozen=True)
class Part:
    """An independent component of a system: nothing outside changes what it earns and serves.

    Parameters
    ----------
    candidates
        (n,) rising: whose states matter.
    counties
        (m,) rising: where it serves.
    """

    candidates: np.ndarray
    counties: np.ndarray


class Unit(NamedTuple):
    """A part in one period, its candidates (n,) in some states, :data:`OUT` for out of service."""

    part: int
    period: int
    states: np.ndarray


class Amount(NamedTuple):
    """What a unit is worth, CNY a year, and serves in the counties (m,) of its part, units a year."""

    value: float
    served: np.ndarray


class Evaluation(Protocol):
    """A system of a plan, ready to be valued in other states of its candidates."""

    @property
    def parts(self) -> Sequence[Part]:
        """Every candidate of the system is in one part at most; one in none changes nothing."""
        ...

    def valued(self, units: Sequence[Unit]) -> list[Amount]:
        """Every unit by the physics of the archetype; what one is worth does not depend on the others."""
        ...


class Leg(NamedTuple):
    """A journey over the region's roads to a place, from the nearest of some places."""

    tails: tuple[str, ...]
    head: str


class Journeys(Protocol):
    """What a system of a plan carries over the roads."""

    @property
    def legs(self) -> Sequence[Leg]:
        """Those that something is carried over."""
        ...

    def lost(self, rows: np.ndarray, minutes: np.ndarray, km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is lost when legs (k,) take longer ways.

        Parameters
        ----------
        rows
            (k,) which legs.
        minutes, km
            (k,) along the ways that are left, inf where there is none.

        Returns
        -------
        CNY a year by period, (period,), and units a year, (county, period).
        """
        ...
