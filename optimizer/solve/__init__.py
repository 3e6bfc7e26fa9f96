"""Solving a Problem: build, compile, first plan, whole or by blocks, Plan.

Names are loaded when they are first used, so that a process that only solves blocks need not load the modelling language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.solve.settings import SolverSettings
    from optimizer.solve.solve import solve_problem

__all__ = ["SolverSettings", "solve_problem"]


def __getattr__(name: str) -> Any:
    if name == "SolverSettings":
        from optimizer.solve.settings import SolverSettings

        return SolverSettings
    if name == "solve_problem":
        from optimizer.solve.solve import solve_problem

        return solve_problem
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
