"""Solving a Problem: build, compile, greedy start, HiGHS rank by rank, Plan."""

from optimizer.solve.settings import SolverSettings
from optimizer.solve.solve import solve_problem

__all__ = ["SolverSettings", "solve_problem"]
