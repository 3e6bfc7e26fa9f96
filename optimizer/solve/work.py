"""What a process of its own does: solve one programme within limits, and hand back its bound and its plans."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

import numpy as np

from optimizer.model.hulls import LocalHull
from optimizer.solve.first_order import FirstOrder, nearly
from optimizer.solve.highs import Basis, Flag, run
from optimizer.solve.hull_cuts import Cuts
from optimizer.solve.milp import Milp
from optimizer.solve.narrow import LEAST_SHARE, best_of_few, relaxed
from optimizer.solve.settings import SolverSettings

SMALL_TREE = {"mip_allow_restart": False, "mip_heuristic_run_rins": False, "mip_heuristic_run_rens": False}
"""Options of HiGHS for programmes that are solved in seconds, many times over: without restarts and programmes within the
programme, blocks of Gansu are solved to 1e-3 in 40 % of the time."""
WHOLE_ROWS = {"presolve_rule_off": 1 << 12}
"""Presolve without its aggregator, which puts amounts into one another until cuts no longer see the rows that bound them: after
1.5 s blocks of Gansu are proved a tenth closer (decision 077). Not for large programmes, whose relaxations become slower."""
ONE_PROGRAMME = {"mip_heuristic_run_root_reduced_cost": False}
"""Of the programmes within the programme the one that finds no better plans than the next, and takes as long."""
RELAXED_SHARE = 0.25
"""Of the time of a programme without a narrow one: for its relaxation, where parts of it may give rows."""
PLAN_KNOWN = {"mip_heuristic_run_feasibility_jump": False}
"""Where there is a plan to begin from, that heuristic is not needed."""

@dataclass(frozen=True)
class Task:
    """One programme to solve.

    Parameters
    ----------
    start
        Values of the columns to begin from, or None.
    gap, seconds, nodes
        Where to stop: relative gap, processor time, nodes of the tree (None: no limit).
    wall
        Seconds of wall time after which the answer is of no use any more.
    keep
        How many of the last improvements are handed back.
    first_order
        How a continuous programme is nearly solved, for shadow prices soon. None: it is solved.
    options
        Of HiGHS, for a programme with choices.
    narrow
        Share of the time that goes to the programme over the choices of its relaxation alone (`narrow.py`). Where that is
        all of it, the bound is the relaxation's.
    basis
        For that relaxation to begin from.
    hulls
        Parts of the programme, for rows that tighten that relaxation, and the programme with it.
    """

    model: Milp
    start: np.ndarray | None
    gap: float
    seconds: float
    wall: float
    nodes: int | None
    seed: int
    keep: int = 4
    first_order: FirstOrder | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: SMALL_TREE)
    narrow: float = 0.0
    basis: Basis | None = None
    hulls: Sequence[LocalHull] = ()


@dataclass(frozen=True)
class Answer:
    """What was found: ``plans`` in order of worth, the best last; ``bound`` proven; ``seconds`` of processor time; ``basis`` of the
    relaxation that a narrow programme began from; ``cuts``: rows found, which the programme that was solved has beside its own.
    """

    termination: str
    bound: float
    objective: float
    plans: tuple[np.ndarray, ...]
    duals: np.ndarray | None
    seconds: float
    basis: Basis | None = None
    cuts: Cuts | None = None


class WorkLimit:
    """A flag that is set once this process has worked long enough, or once another flag is.

    Processor time, not wall time: on a busy machine a task gets as much done as on an idle one.
    """

    def __init__(self, seconds: float, other: Flag | None) -> None:
        self.until, self.other = time.process_time() + seconds, other

    def is_set(self) -> bool:
        """Whether to end."""
        return time.process_time() > self.until or (self.other is not None and self.other.is_set())


_stop: list[Flag] = []
"""Of this process: the flag that ends the work, once `prepare` was told."""


def prepare(flag: Flag) -> None:
    """Ready a process: leave Ctrl-C to the parent, end with the parent, know the flag that ends the work."""
    _stop[:] = [flag]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _options(task: Task) -> dict[str, Any]:
    """Options of HiGHS for a programme with choices."""
    known = PLAN_KNOWN if task.start is not None else {}
    nodes = {} if task.nodes is None else {"mip_max_nodes": task.nodes}
    return {**task.options, **known, **nodes}


def _prices(task: Task, way: FirstOrder, flag: Flag | None) -> Answer:
    """What first-order iterations come to within the wall time of a task."""
    began, until = time.process_time(), time.monotonic() + task.wall
    solved = nearly(task.model, way, lambda: time.monotonic() > until or (flag is not None and flag.is_set()))
    return Answer(solved.termination, np.inf, -np.inf, (), solved.duals, time.process_time() - began)


def solve_task(task: Task, stop: Flag | None = None) -> Answer:
    """Solve one programme."""
    began, wall = time.process_time(), time.monotonic()
    flag = stop or next(iter(_stop), None)
    if task.first_order is not None:
        return _prices(task, task.first_order, flag)
    seen: list[np.ndarray] = []

    def found(values: np.ndarray) -> bool:
        seen.append(values)
        del seen[: -task.keep]
        return True

    choices = bool(task.model.integer.any())
    options = _options(task) if choices else {}
    settings = SolverSettings(task.gap, task.wall, 1, task.seed, options)
    taken: Callable[[np.ndarray], bool] | None = found if choices else None
    model, start, bound = task.model, task.start, np.inf
    basis, cuts = None, None
    if choices and (task.narrow or task.hulls):
        seconds = (task.narrow or RELAXED_SHARE) * task.seconds
        relaxation = relaxed(model, settings, seconds, lambda s: WorkLimit(s, flag), task.basis, task.hulls)
        model, bound, basis, cuts = relaxation.model, relaxation.bound, relaxation.solved.basis, relaxation.cuts
        if bound == -np.inf and start is not None:  # a plan contradicts it
            bound = np.inf
        if task.narrow:
            left = max(seconds - (time.process_time() - began), LEAST_SHARE * seconds)
            start = best_of_few(relaxation, settings, start, WorkLimit(left, flag), found)
        if task.narrow == 1.0:
            ended = "infeasible" if bound == -np.inf else "time_limit"
            return Answer(ended, bound, -np.inf, tuple(seen), None, time.process_time() - began, basis, cuts)
    limit = WorkLimit(task.seconds - (time.process_time() - began), flag)
    left = max(task.wall - (time.monotonic() - wall), 0.0)
    solved = run(model, settings, start=start, time_limit=left, stop=limit, found=taken)
    plans = [*seen, *([solved.values] if solved.values is not None else [])]
    seconds = time.process_time() - began
    bound = min(solved.bound, max(bound, solved.objective))
    return Answer(solved.termination, bound, solved.objective, tuple(plans), solved.duals, seconds, basis, cuts)
