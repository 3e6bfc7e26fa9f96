"""How to solve: limits, and the HiGHS options that a user may set."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimizer.errors import InputError

HIGHS_OPTIONS = frozenset(
    {
        "presolve",
        "presolve_rule_off",
        "simplex_strategy",
        "mip_heuristic_effort",
        "mip_detect_symmetry",
        "mip_max_nodes",
        "mip_max_stall_nodes",
        "mip_max_leaves",
        "mip_feasibility_tolerance",
        "primal_feasibility_tolerance",
        "dual_feasibility_tolerance",
        "mip_abs_gap",
        "mip_pool_soft_limit",
        "mip_pscost_minreliable",
        "solver",
        "mip_lp_age_limit",
        "mip_heuristic_run_feasibility_jump",
        "mip_heuristic_run_rins",
        "mip_heuristic_run_rens",
        "mip_heuristic_run_root_reduced_cost",
        "mip_allow_restart",
        "run_crossover",
        "pdlp_optimality_tolerance",
    }
)


@dataclass(frozen=True)
class SolverSettings:
    """Limits of a solve.

    Parameters
    ----------
    mip_gap
        Relative gap at which to stop, as a fraction.
    time_limit
        Seconds of wall time for the whole solve, all ranks of the objective together.
    threads
        1: the proof alone; otherwise a search for plans goes on beside it. Blocks are solved by so many processes; 0: as
        many as there are processors, two at least.
    cluster
        Address of a Dask scheduler whose workers solve the blocks instead.
    seed
        For HiGHS and the search.
    rounds
        Of planning and simulation, at most, where the model of a system only bounds what simulation finds.
    nodes, passes
        Work limits for runs that must repeat exactly: nodes of every block's tree, passes over all blocks (None: time
        alone limits).
    options
        Further HiGHS options, of :data:`HIGHS_OPTIONS` only.
    """

    mip_gap: float = 0.005
    time_limit: float = 150.0
    threads: int = 2
    seed: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 6
    nodes: int | None = None
    passes: int | None = None
    cluster: str = ""

    def __post_init__(self) -> None:
        for name in self.options:
            if name not in HIGHS_OPTIONS:
                near = difflib.get_close_matches(name, HIGHS_OPTIONS, 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise InputError(
                    f"solver.options: {name!r} is not an option that may be set.{hint} "
                    f"Known: {', '.join(sorted(HIGHS_OPTIONS))}."
                )
