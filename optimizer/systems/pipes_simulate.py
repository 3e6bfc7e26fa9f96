"""What a plan's pipes would really deliver: every period at peak demand through the nonlinear kernels, and the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from network_models.hydraulics import gas_solve, water_solve
from network_models.hydraulics.gas_network import GasNetwork
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.water_network import WaterNetwork
from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.systems import pipes_laws as laws
from optimizer.systems.pipes_network import Network, Standing
from optimizer.systems.pipes_tangent import model_unit, tangents
from optimizer.systems.protocol import ColumnTag, Cut
from optimizer.verify.result import SERVICE_COLUMNS, SimulationResult

if TYPE_CHECKING:
    from optimizer.region import Region

NEAR = 1e-3
"""Metres of water, or kPa, by which a pressure may be short."""
RESIDUAL = 1e-4
"""Relative error of mass or energy beyond which a solve of the kernel is not believed."""
TINY = 1e-9
SLIGHT = 1e-2
"""Loss, m of water or bar2 of gas, below which errors are not taken relative to it any more."""
STEEP = 1e6
"""Potential at the supplies of the network that the kernel sees: losses alone matter there."""


@dataclass(frozen=True)
class PipesResult(SimulationResult):
    """With what the cuts need: flows and losses that the kernel found.

    Parameters
    ----------
    network
        The system's network.
    sizes, flows
        (period, arc) size that lies (-1: none), units a year.
    short
        (origin, period) connected and without the pressure that it needs.
    pressures, rest
        (node, period) at peak and without any flow, m of water or kPa; NaN where nothing is fed.
    source
        (node, period) supply that the node hangs on, -1 for none.
    """

    network: Network = field(kw_only=True)
    sizes: np.ndarray = field(kw_only=True)
    flows: np.ndarray = field(kw_only=True)
    short: np.ndarray = field(kw_only=True)
    pressures: np.ndarray = field(kw_only=True)
    rest: np.ndarray = field(kw_only=True)
    source: np.ndarray = field(kw_only=True)

    def record(self) -> xr.Dataset:
        """Pressures, flows and where each node is fed from."""
        unit = "m" if self.network.medium == "water" else "kPa"
        found = {
            "pressure": (("node", "period"), self.pressures, unit, "pressure at peak demand", "高峰压力"),
            "pressure_at_rest": (("node", "period"), self.rest, unit, "pressure without flow", "静压"),
            "flow": (("arc", "period"), self.flows.T, str(self.network.attrs["unit"]), "flow", "流量"),
            "size": (("arc", "period"), self.sizes.T, "1", "index of the size that lies, -1 for none", "管径序号"),
            "source": (("node", "period"), self.source, "1", "index of the supply that feeds the node, -1 for none", "供应来源序号"),
        }
        return xr.Dataset({
            name: (dims, values, {"units": unit, "long_name": english, "long_name_zh": chinese})
            for name, (dims, values, unit, english, chinese) in found.items()
        })  # fmt: skip


def simulate(problem: Problem, system: SystemProblem, plan: Plan, region: Region | None) -> SimulationResult:
    """Solve the network of every period at peak demand.

    A connected place counts as served where the pressure at its node, and at every node on the way, is what the
    settings ask for, at peak and at rest, and where pipes and supplies carry what flows.

    Parameters
    ----------
    region
        Not looked at: the network stands in the system's own arrays, which the audit compares with the tables.
    """
    del region
    net, periods = Network(system), problem.horizon.n_periods
    states = states_over_time(problem, plan.decisions["start"].values)
    capacity = problem.sequence["capacity"].values.astype(float)
    asked = plan.systems[system.name]["share"].values
    runs = [Run(net, net.standing(states, capacity, t), asked[:, t], t) for t in range(periods)]
    good = np.column_stack([run.good for run in runs])
    short = (asked > 0) & ~good
    pressures = np.column_stack([net.pressure(run.at) for run in runs])
    return PipesResult(
        _table(problem, net, asked, asked * good),
        tuple(_notes(problem, net, runs, pressures, short)),
        network=net,
        sizes=np.array([run.standing.size for run in runs]),
        flows=np.array([run.flow for run in runs]),
        short=short,
        pressures=pressures,
        rest=np.column_stack([net.pressure(run.rest) for run in runs]),
        source=np.column_stack([net.fed_from(run.standing, run.order) for run in runs]),
    )


class Run:
    """One period at peak demand; ``given`` is what enters each node, units a year, and ``good`` whether origins are served."""

    def __init__(self, net: Network, standing: Standing, asked: np.ndarray, period: int) -> None:
        self.net, self.standing, self.asked, self.period = net, standing, asked, period
        self.order = net.order(standing)
        self.levels = net.levels(self.order)
        self.fed = net.fed(standing, self.order)
        self.drawn = np.where(self.fed, net.drawn(asked * standing.connected, period), 0.0)
        self.root = self._inherited(np.arange(net.n_nodes))
        self.true = net.flows(self.order, self.drawn)
        self.law = net.losses(standing, self.true)
        self.flow, self.lost, self.errors = np.zeros(net.n_arcs), np.zeros(net.n_arcs), np.zeros(net.n_nodes)
        if self.drawn.any():
            self._solve(self.order)
        self.residual = float(self.errors.max(initial=0.0))
        self.at = net.potentials(standing, self.order, self.lost)
        self.rest = net.potentials(standing, self.order, np.zeros(net.n_arcs))
        self.given = self.drawn.copy()
        np.add.at(self.given, net.d["arc_tail"][self.order], self.true[self.order])
        self.good = self._good()

    def _inherited(self, values: np.ndarray) -> np.ndarray:
        """(node,) values passed down from the supplies."""
        values = values.copy()
        for level in self.levels:
            values[self.net.d["arc_head"][level]] = values[self.net.d["arc_tail"][level]]
        return values

    def _solve(self, lying: np.ndarray) -> None:
        """Flows (units a year) and potential lost, as the nonlinear solver finds them.

        Where it finds none, what hangs on some of the supplies is solved apart from what hangs on the others, so that a
        tree without a solution takes no other with it.
        """
        if not len(lying):
            return
        kernel = _water if self.net.medium == "water" else _gas
        self.flow[lying], self.lost[lying] = kernel(self.net, self.standing, lying, self.drawn)
        roots = self.root[self.net.d["arc_head"][lying]]
        self._compare(lying, roots)
        trees = np.unique(roots)
        if len(trees) > 1 and self.errors[trees].max() > RESIDUAL:
            first = roots <= trees[(len(trees) - 1) // 2]
            self._solve(lying[first])
            self._solve(lying[~first])

    def _compare(self, lying: np.ndarray, roots: np.ndarray) -> None:
        """Largest error of mass (flows of a forest are sums of what is drawn) and of energy (the law at those flows) in each
        tree, relative to its largest flow and loss.
        """
        self.errors[roots] = 0.0
        for found, right, least in ((self.flow, self.true, TINY), (self.lost, self.law, SLIGHT)):
            most = np.full(self.net.n_nodes, least)
            np.maximum.at(most, roots, right[lying])
            np.maximum.at(self.errors, roots, np.abs(found[lying] - right[lying]) / most[roots])

    def _good(self) -> np.ndarray:
        """(origin,) whether a place that is asked to be served gets what it wants at the pressure it needs."""
        net, node = self.net, self.net.d["origin_node"]
        hold = self._holds(self.at, float(net.attrs["transit"])) & self._most_holds()
        hold &= self._carries()
        for level in self.levels:
            hold[net.d["arc_head"][level]] &= hold[net.d["arc_tail"][level]]
        enough = np.nan_to_num(net.pressure(self.at), nan=-np.inf) >= float(net.attrs["least"]) - NEAR
        solved = self.errors[self.root] <= RESIDUAL
        return np.asarray((hold & enough & self.fed & solved)[node] & self.standing.connected)

    def _holds(self, at: np.ndarray, least: float) -> np.ndarray:
        return np.asarray(np.nan_to_num(self.net.pressure(at), nan=-np.inf) >= least - NEAR)

    def _most_holds(self) -> np.ndarray:
        most = float(self.net.attrs["most"])
        return np.asarray(np.nan_to_num(self.net.pressure(self.rest), nan=0.0) <= most + NEAR)

    def _carries(self) -> np.ndarray:
        """(node,) whether the pipe into it, or the supply there, carries what flows."""
        net, holds = self.net, np.ones(self.net.n_nodes, bool)
        room = net.d["size_capacity"][self.standing.size[self.order]] if len(self.order) else np.zeros(0)
        holds[net.d["arc_head"][self.order]] = self.flow[self.order] <= room * (1 + 1e-6)
        at = net.d["supply_node"]
        holds[at] &= (self.given[at] <= self.standing.supply * (1 + 1e-6)) | (self.standing.supply <= 0)
        return holds


def _water(net: Network, standing: Standing, lying: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flows and head losses by the global gradient method; lifts and reducers act on heads alone in a forest."""
    used, number = _renumbered(net, lying)
    fixed = np.where(np.isin(used, net.d["supply_node"][standing.supply > 0]), STEEP, np.nan)
    demand = np.where(np.isnan(fixed), drawn[used] * net.attrs["peak"], 0.0)
    network = WaterNetwork.from_arrays(
        np.zeros(len(used)), demand, fixed, number[net.d["arc_tail"][lying]], number[net.d["arc_head"][lying]],
        net.d["arc_length"][lying], net.d["size_diameter"][standing.size[lying]], float(net.attrs["roughness"]),
    )  # fmt: skip
    found = water_solve.solve(network)
    lost = found.heads[number[net.d["arc_tail"][lying]]] - found.heads[number[net.d["arc_head"][lying]]]
    return found.flows / net.attrs["peak"], lost


def _gas(net: Network, standing: Standing, lying: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flows and losses of potential by the solver for steady gas flow, heights included, with z = 1."""
    used, number = _renumbered(net, lying)
    fixed = np.full(net.n_nodes, np.nan)
    on = standing.supply > 0
    fixed[net.d["supply_node"][on]] = (net.d["supply_pressure"][on] + laws.ATMOSPHERE_KPA) * 1000
    fixed = fixed[used]
    mass = drawn[used] * net.attrs["peak"] * laws.NORM_DENSITY
    tail, head = number[net.d["arc_tail"][lying]], number[net.d["arc_head"][lying]]
    network = GasNetwork.from_arrays(
        np.where(np.isnan(fixed), mass, 0.0), fixed, tail, head, net.d["arc_length"][lying],
        net.d["size_diameter"][standing.size[lying]], float(net.attrs["roughness"]) / 1000, height=net.height[used],
        gas=GasProperties(compressibility="constant"),
    )  # fmt: skip
    found = gas_solve.solve(network)
    flow = np.nan_to_num(found.flows) / laws.NORM_DENSITY / net.attrs["peak"]
    if not found.solved:
        return net.flows(lying, drawn)[lying], np.full(len(lying), np.inf)
    at = found.pressures**2 / laws.BAR2 * np.exp(laws.RISE * net.height[used])
    return flow, at[tail] - at[head]


def _renumbered(net: Network, lying: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of the pipes that lie and of the supplies they hang on, and the place of each node among them."""
    used = np.unique(np.concatenate([net.d["arc_tail"][lying], net.d["arc_head"][lying]]))
    number = np.full(net.n_nodes, -1)
    number[used] = np.arange(len(used))
    return used, number


def cuts(result: SimulationResult) -> list[Cut]:
    """Tangents of the law at the simulated flows, for every pipe on the way to a place that lacks pressure.

    Each holds for every plan that passes (the loss of a pipe is convex in its flow), so none ever cuts one off.
    """
    if not isinstance(result, PipesResult):
        return []
    net, found = result.network, []
    for t in np.flatnonzero(result.short.any(axis=0)):
        ways = _ways(net, result.sizes[t], net.d["origin_node"][result.short[:, t]])
        found += [_key(int(result.sizes[t, a]), float(result.flows[t, a])) for a in ways]
    periods = range(result.short.shape[1])
    return [_at(net, key, t) for key in dict.fromkeys(c for c in found if c[1] > 0) for t in periods]


def _ways(net: Network, sizes: np.ndarray, nodes: np.ndarray) -> list[int]:
    into = {int(net.d["arc_head"][a]): int(a) for a in np.flatnonzero(sizes >= 0)}
    ways: set[int] = set()
    for node in nodes:
        n = int(node)
        while n in into and into[n] not in ways:
            ways.add(into[n])
            n = int(net.d["arc_tail"][into[n]])
    return sorted(ways)


def _key(size: int, flow: float) -> tuple[int, float]:
    return size, float(f"{flow:.9g}")


def _at(net: Network, key: tuple[int, float], period: int) -> Cut:
    size, flow = key
    lines = tangents(net, np.array([size]), np.array([flow]))
    slope, constant = (float(values[0]) for values in lines)
    arc, unit = int(net.d["size_arc"][size]), model_unit(net.d["quantity"])
    return Cut(
        (
            ColumnTag(net.name, "loss", (arc, period)),
            ColumnTag(net.name, "flow", (size, period)),
            ColumnTag(net.name, "on", (size, period)),
        ),
        (1.0, -slope * unit, -constant),
        ">=",
        0.0,
        True,
        f"{net.d['arc'][arc]}: tangent of the loss at {flow:.6g} units a year",
    )


def _table(problem: Problem, net: Network, asked: np.ndarray, given: np.ndarray) -> pd.DataFrame:
    county, quantity = net.d["origin_county"], net.d["quantity"]
    unit, rows = str(net.attrs["unit"]), []
    for t, year in enumerate(problem.horizon.labels):
        sums = [
            np.bincount(county, amount[:, t] * quantity[:, t], minlength=len(problem.county_ids))
            for amount in (np.ones_like(asked), asked, given)
        ]
        rows += [(net.name, c, year, *(s[i] for s in sums), unit) for i, c in enumerate(problem.county_ids)]
    return pd.DataFrame(rows, columns=SERVICE_COLUMNS)


def _notes(problem: Problem, net: Network, runs: list[Run], pressures: np.ndarray, short: np.ndarray) -> list[str]:
    """The lowest pressure, what is short, and how the last period stands over sampled elevations."""
    unit = "m" if net.medium == "water" else "kPa"
    served = np.array([[run.asked[o] > 0 for run in runs] for o in range(net.n_origins)]).reshape(short.shape)
    if not served.any():
        return []
    at = np.where(served, pressures[net.d["origin_node"]], np.inf)
    o, t = np.unravel_index(int(np.argmin(at)), at.shape)
    lowest = f"{at[o, t]:.1f} {unit} at {net.d['origin'][o]}, {problem.horizon.labels[t]}"
    notes = [f"{net.name}: lowest pressure at peak {lowest} (at least {net.attrs['least']:g})"]
    notes.append(f"{net.name}: largest error of mass or energy in the simulations {max(r.residual for r in runs):.1e} (relative)")
    if short.any():
        notes.append(f"{net.name}: {int(short.sum())} places and periods without the pressure or flow they need")
    held = _sampled(net, runs[-1])
    if held is not None:
        notes.append(
            f"{net.name}: over {int(net.attrs['samples'])} draws of uncertain elevations the places served in "
            f"{problem.horizon.labels[-1]} hold their pressures in {held.mean():.0%} of the cases on average, "
            f"the worst place in {held.min():.0%}"
        )
    return notes


def _sampled(net: Network, run: Run) -> np.ndarray | None:
    """(served place,) share of random elevations at which the pressures at peak and at rest hold."""
    samples, served = int(net.attrs["samples"]), np.flatnonzero(run.asked * run.standing.connected > 0)
    if not samples or not len(served) or not net.d["node_uncertainty"].any():
        return None
    draws = np.random.default_rng(0).normal(size=(samples, net.n_nodes))
    height = net.height + draws * net.d["node_uncertainty"]
    peak = net.potentials(run.standing, run.order, net.losses(run.standing, run.flow, height), height)
    rest = net.potentials(run.standing, run.order, np.zeros(net.n_arcs), height)
    fine = net.pressure(peak, height) >= float(net.attrs["least"]) - NEAR
    fine &= net.pressure(rest, height) <= float(net.attrs["most"]) + NEAR
    return np.asarray(fine[:, net.d["origin_node"][served]].mean(axis=0))
