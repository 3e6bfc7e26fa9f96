"""A first plan: what the archetypes propose, with the money shared out by a small restricted model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np

from optimizer.model.assembly import Model
from optimizer.model.compiled import Compiled
from optimizer.model.cuts import FAMILY as CUT
from optimizer.plan import Plan
from optimizer.solve.highs import run
from optimizer.solve.milp import admits
from optimizer.solve.progress import Listener, Progress
from optimizer.solve.settings import SolverSettings
from optimizer.systems.registry import archetype

GREEDY_GAP = 0.02
NOTHING_SECONDS = 20.0
MOST_CHOICES = 10_000
"""With more choices the proposals together are themselves too large a model: blocks find plans sooner."""


def greedy_start(
    model: Model,
    compiled: Compiled,
    variables: list[Any],
    settings: SolverSettings,
    listener: Listener,
    stop: Event,
    hint: Plan | None = None,
) -> np.ndarray | None:
    """Values of all columns of a first plan, or None when the proposals lead to none.

    Starts that no archetype proposes are closed, so that the model that is left is small. Where there is a ``hint``, it is
    taken as it is if it obeys every row; else its starts may be left out, at first in the counties that cuts of a simulation
    touch, then everywhere. Where that finds nothing in its time, or the model is very large, nothing is started but what is
    locked.
    """
    quick = replace(settings, mip_gap=max(GREEDY_GAP, settings.mip_gap))
    listener = _plans_alone(listener)
    bare = _only(model, compiled, variables, _locked(model))
    if hint is not None:
        held = _held(model, compiled, variables, hint)
        same = run(held, quick, stage="hint", stop=stop, time_limit=NOTHING_SECONDS)
        if same.values is not None:
            return same.values
    if hint is None and compiled.integer.sum() >= MOST_CHOICES:
        return _nothing(bare, quick, listener, stop)
    narrow = _only(model, compiled, variables, proposals(model, hint))
    if hint is not None:
        touched = _touched_by_cuts(narrow)
        if len(touched):
            solved = run(_held_elsewhere(narrow, held, touched), quick, stage="repair", stop=stop)
            if solved.values is not None:
                return solved.values
    solved = run(narrow, quick, stage="greedy", listener=listener, stop=stop)
    if solved.values is not None:
        return solved.values
    return _nothing(bare, quick, listener, stop)


def _nothing(bare: Compiled, settings: SolverSettings, listener: Listener, stop: Event) -> np.ndarray | None:
    """Nothing started: at best what stands serves as well as it can; at least everything at its lower limit."""
    idle = np.clip(0.0, bare.col_lower, bare.col_upper)
    start = idle if admits(bare, idle) else None
    found = run(bare, settings, start=start, stage="nothing", listener=listener, stop=stop, time_limit=NOTHING_SECONDS)
    return start if found.values is None else found.values


def _plans_alone(listener: Listener) -> Listener:
    """A listener that hears of plans: what bounds a model with works left out is no bound on the whole."""

    def listen(progress: Progress) -> None:
        listener(replace(progress, bound=None))

    return listen


def _only(model: Model, compiled: Compiled, variables: list[Any], first: dict[int, int]) -> Compiled:
    """The model in which transitions may start only from a period on, and others not at all."""
    position = {id(v): i for i, v in enumerate(variables)}
    upper = compiled.col_upper.copy()
    for (p, t), variable in model.pyomo.sequence.started.items():
        if t < first.get(p, model.problem.horizon.n_periods) and id(variable) in position:
            upper[position[id(variable)]] = 0.0
    return replace(compiled, col_upper=np.maximum(upper, compiled.col_lower))


def _held(model: Model, compiled: Compiled, variables: list[Any], hint: Plan) -> Compiled:
    """The continuous model with every choice as a plan makes it."""
    position = {id(v): i for i, v in enumerate(variables)}
    made = np.cumsum(hint.decisions["start"].values, axis=1) > 0
    chosen = compiled.col_lower.copy()
    for (p, t), variable in model.pyomo.sequence.started.items():
        if id(variable) in position:
            chosen[position[id(variable)]] = made[p, t]
    whole = compiled.integer
    return replace(
        compiled,
        integer=np.zeros_like(whole),
        col_lower=np.where(whole, chosen, compiled.col_lower),
        col_upper=np.where(whole, chosen, compiled.col_upper),
    )


def _touched_by_cuts(compiled: Compiled) -> np.ndarray:
    """Columns that cuts of a simulation are about."""
    return np.unique(compiled.matrix.tocsr()[compiled.rows.of_family(CUT)].indices)


def _held_elsewhere(narrow: Compiled, held: Compiled, touched: np.ndarray) -> Compiled:
    """The narrow model with the choices held of all counties but those of some columns."""
    county = narrow.columns.county
    kept = narrow.integer & ~np.isin(county, county[touched])
    return replace(
        narrow,
        col_lower=np.where(kept, held.col_lower, narrow.col_lower),
        col_upper=np.where(kept, held.col_upper, narrow.col_upper),
    )


def _locked(model: Model) -> dict[int, int]:
    return {lock.transition: 0 for lock in model.problem.locks if lock.kind == "fixed"}


def proposals(model: Model, hint: Plan | None = None) -> dict[int, int]:
    """First period in which each proposed transition may start; fixed locks are always proposed."""
    first: dict[int, int] = {}
    for transition, period in _proposed(model, hint):
        first[transition] = min(period, first.get(transition, period))
    return first | _locked(model)


def _proposed(model: Model, hint: Plan | None) -> Iterator[tuple[int, int]]:
    if hint is not None:
        yield from ((int(p), int(t)) for p, t in np.argwhere(hint.decisions["start"].values))
        return
    for system in model.problem.systems.values():
        yield from ((p, t) for p, t, _ in archetype(system.archetype).greedy(model.problem, system))
