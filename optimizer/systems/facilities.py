"""The archetype `facilities`: where to site capacity on a road network, in which size and year, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.exhibits import ReportSection
from optimizer.systems.facilities_evaluate import evaluation
from optimizer.systems.facilities_greedy import greedy
from optimizer.systems.facilities_model import FacilitiesModel, model_unit
from optimizer.systems.facilities_prepare import prepare
from optimizer.systems.facilities_roads import journeys
from optimizer.systems.facilities_simulate import simulate
from optimizer.systems.protocol import Cut, Relation
from optimizer.systems.siting import strengthen

if TYPE_CHECKING:
    from optimizer.ledger import Ledger
    from optimizer.plan import Plan
    from optimizer.verify.result import SimulationResult

__all__ = [
    "RELATION", "build", "cuts", "evaluation", "extract", "greedy", "journeys", "metrics", "prepare", "report_sections",
    "simulate", "strengthen",
]  # fmt: skip

RELATION = Relation("exact")
"""Travel times do not depend on the plan, so what the model promises is what the roads give."""


def build(block: Any, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
    """Add variables and rules to a Pyomo block and enter benefits and services in the ledger."""
    FacilitiesModel(block, system, problem, ledger).add()


def extract(block: Any, system: SystemProblem) -> xr.Dataset:
    """Shares of origins served over pairs, and units a year over the links of sites that have several."""
    sizes, periods = system.data.sizes, system.data.sizes["period"]
    share = np.zeros((sizes["pair"], periods))
    flow = np.zeros((sizes["link"], sizes["product"], periods))
    for (p, t), variable in block.share.items():
        share[p, t] = min(1.0, max(0.0, _read(variable, variable.is_binary())))
    unit = model_unit(system.data["quantity"].values)
    for key, variable in block.flow.items():
        flow[key] = max(0.0, _read(variable, False)) * unit
    return xr.Dataset({"share": (("pair", "period"), share), "flow": (("link", "product", "period"), flow)})


def _read(variable: pyo.Var, whole: bool) -> float:
    value = float(variable.value or 0.0)
    return float(round(value)) if whole else value


def cuts(result: SimulationResult) -> list[Cut]:
    """None: the model is exact."""
    del result
    return []


def metrics(name: str) -> tuple[str, ...]:
    """Units served a year, mean over the horizon."""
    return (f"served:{name}",)


def report_sections(problem: Problem, system: SystemProblem, plan: Plan) -> tuple[ReportSection, ...]:
    """Nothing beyond what every report shows."""
    del problem, system, plan
    return ()
