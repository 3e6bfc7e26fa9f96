"""The archetype `protection`: how high to raise which protection, where and when; works upstream change the risk below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_evaluate import evaluation
from optimizer.systems.protection_greedy import greedy
from optimizer.systems.protection_lookup import Lookup
from optimizer.systems.protection_model import MILLION, ProtectionModel
from optimizer.systems.protection_prepare import prepare
from optimizer.systems.protection_report import report_sections
from optimizer.systems.protection_simulate import cuts, simulate
from optimizer.systems.protocol import Relation

if TYPE_CHECKING:
    from optimizer.ledger import Ledger

__all__ = [
    "RELATION", "build", "cuts", "evaluation", "extract", "greedy", "metrics", "prepare", "report_sections", "simulate",
]  # fmt: skip

RELATION = Relation("approximate")
"""Exact where tables hold every work that matters. Where they do not, damage is bounded from below: by what works changed
at most in tests, which is no proof, or (``bound: proven``) by what no state can undercut. Simulation puts it right.
"""


def build(block: Any, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
    """Add variables and rules to a Pyomo block and enter benefits, services and risks in the ledger."""
    ProtectionModel(block, system, problem, ledger).add()


def extract(block: Any, system: SystemProblem) -> xr.Dataset:
    """Levels of the works, and the expected damage (CNY a year) that the model promises by table."""
    look, periods = Lookup(system), system.data.sizes["period"]
    share = np.zeros((look.n_works, look.sizes["level"], periods))
    for key, variable in block.level.items():
        share[key] = variable.value or 0.0
    levels = share.argmax(axis=1)
    damage = look.promised(levels)
    for key, variable in block.damage.items():
        damage[key] = max(0.0, float(variable.value or 0.0)) * MILLION
    return xr.Dataset({"level": (("work", "period"), levels), "damage": (("table", "period"), damage)})


def metrics(name: str) -> tuple[str, ...]:
    """Expected damage avoided, CNY a year, mean over the horizon."""
    return (f"ead_avoided:{name}",)
