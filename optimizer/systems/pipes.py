"""The archetype `pipes`: which places to connect, along which corridors, with which diameters, from which supplies, so
that pressure holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_evaluate import evaluation
from optimizer.systems.pipes_greedy import greedy
from optimizer.systems.pipes_model import PipesModel
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_prepare import prepare
from optimizer.systems.pipes_report import report_sections
from optimizer.systems.pipes_roads import journeys
from optimizer.systems.pipes_simulate import cuts, simulate
from optimizer.systems.pipes_tangent import holds as line_holds
from optimizer.systems.pipes_tangent import model_unit
from optimizer.systems.protocol import Cut, Relation

if TYPE_CHECKING:
    from optimizer.ledger import Ledger

__all__ = [
    "RELATION", "build", "cuts", "evaluation", "extract", "greedy", "holds", "journeys", "metrics", "prepare",
    "report_sections", "simulate",
]  # fmt: skip


RELATION = Relation("bounding")
"""Losses are bounded from below by tangents, so that a plan may promise a pressure that simulation does not find."""


def build(block: Any, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
    """Add variables and rules to a Pyomo block and enter benefits and services in the ledger."""
    PipesModel(block, system, problem, ledger).add()


def holds(system: SystemProblem, cut: Cut) -> bool:
    """Whether a cut that a certificate rests on is a line under the loss of its pipe."""
    return line_holds(Network(system), cut)


def extract(block: Any, system: SystemProblem) -> xr.Dataset:
    """Places served (0 or 1), units a year through pipes, from supplies and through boosters, pressure promised.

    The pressure is the model's, in m of water or kPa above the ground, NaN-free: places without a pipe have 0.
    """
    net, unit, periods = Network(system), model_unit(system.data["quantity"].values), system.data.sizes["period"]
    flow, supply = np.zeros((net.n_arcs, periods)), np.zeros((net.n_supplies, periods))
    lifted, fed = np.zeros((system.data.sizes["lift"], periods)), np.zeros((net.n_nodes, periods), bool)
    head = np.zeros((net.n_nodes, periods))
    for (k, t), variable in block.flow.items():
        flow[net.d["size_arc"][k], t] += _amount(variable) * unit
        fed[net.d["arc_head"][net.d["size_arc"][k]], t] |= (block.on[k, t].value or 0.0) > 0.5
    for name, table in (("supply", supply), ("lifted", lifted)):
        for key, variable in block.component(name).items():
            table[key] = _amount(variable) * unit
    for key, variable in block.head.items():
        head[key] = variable.value or 0.0
    fed[net.d["supply_node"]] |= supply > 0
    pressure = np.where(fed, np.column_stack([net.pressure(head[:, t]) for t in range(periods)]), 0.0)
    return xr.Dataset(
        {
            "share": (("origin", "period"), _served(net, flow, supply)),
            "flow": (("arc", "period"), flow),
            "supplied": (("supply", "period"), supply),
            "lifted": (("lift", "period"), lifted),
            "pressure": (("node", "period"), pressure),
        }
    )


def _served(net: Network, flow: np.ndarray, supply: np.ndarray) -> np.ndarray:
    """(origin, period) 1 where what stays at a node is what its place wants."""
    stays = np.zeros((net.n_nodes, flow.shape[1]))
    np.add.at(stays, net.d["supply_node"], supply)
    np.add.at(stays, net.d["arc_head"], flow)
    np.subtract.at(stays, net.d["arc_tail"], flow)
    return np.where(stays[net.d["origin_node"]] > 0.5 * net.d["quantity"], 1.0, 0.0)


def _amount(variable: Any) -> float:
    return max(0.0, float(variable.value or 0.0))


def metrics(name: str) -> tuple[str, ...]:
    """Units served a year, mean over the horizon."""
    return (f"served:{name}",)
