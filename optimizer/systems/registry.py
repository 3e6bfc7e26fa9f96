"""Archetypes by name. A new physical kind of system is a line here; a new system is only a YAML file and tables."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from optimizer.errors import InputError
from optimizer.suggest import did_you_mean
from optimizer.systems.protocol import Archetype, Checker, CutChecker, JourneysOf, Strengthener

ARCHETYPES = {name: f"optimizer.systems.{name}" for name in ("facilities", "pipes", "protection")}
CHECKERS = {name: f"{module}_check" for name, module in ARCHETYPES.items()}


def archetype(name: str) -> Archetype:
    """The archetype of a name; its modules are imported at the first call.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    return cast(Archetype, import_module(_module(ARCHETYPES, name)))


def checker(name: str) -> Checker:
    """The plan checks of an archetype, free of Pyomo."""
    return cast(Checker, import_module(_module(CHECKERS, name)))


def strengthener(name: str) -> Strengthener | None:
    """What an archetype can find out about a whole problem before a model is built; None where it has no such thing."""
    return cast("Strengthener | None", getattr(archetype(name), "strengthen", None))


def cut_checker(name: str) -> CutChecker | None:
    """What tells whether a cut of an archetype holds; None where only the simulation that made it can."""
    return cast("CutChecker | None", getattr(archetype(name), "holds", None))


def journeys_of(name: str) -> JourneysOf | None:
    """What an archetype carries over roads under a plan; None where it uses none."""
    return cast("JourneysOf | None", getattr(archetype(name), "journeys", None))


def _module(known: dict[str, str], name: str) -> str:
    if name not in known:
        raise InputError(f"Unknown archetype {name!r}; known are {', '.join(sorted(known))}{did_you_mean(name, known)}")
    return known[name]
