"""The independent eye on pipes: connectivity, flows, pressures and values worked out again from a plan, without the
model: trees are walked and heads are summed with the full laws of loss.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_network import Network, Standing
from optimizer.verify.result import Violation

RELATIVE = 1e-6
NEAR = 1e-3
"""Metres of water, or kPa."""


class _Period:
    """What stands and flows in one period, with names for messages."""

    def __init__(self, net: Network, problem: Problem, decisions: xr.Dataset, standing: Standing, period: int) -> None:
        self.net, self.standing, self.period = net, standing, period
        self.year = problem.horizon.labels[period]
        self.share = decisions["share"].values[:, period]
        self.flow = decisions["flow"].values[:, period]
        self.supply = decisions["supplied"].values[:, period]
        self.lifted = decisions["lifted"].values[:, period]
        self.order = net.order(standing)
        self.rounding = RELATIVE * (float(net.d["quantity"].sum(axis=0).max(initial=1.0)) + 1.0)

    def where(self, dim: str, index: int | np.integer) -> str:
        """System, thing and year."""
        return f"{self.net.name}, {self.net.d[dim][index]}, {self.year}"

    def violation(self, rule: str, dim: str, index: int | np.integer, found: str, allowed: str) -> Violation:
        """A broken rule at a thing."""
        return Violation(rule, self.where(dim, index), found, allowed)


def check(problem: Problem, system: SystemProblem, decisions: xr.Dataset, states: np.ndarray) -> list[Violation]:
    """Every broken rule of the archetype.

    Parameters
    ----------
    states
        (candidate, period) state in service.
    """
    net, capacity = Network(system), problem.sequence["capacity"].values.astype(float)
    found: list[Violation] = []
    for t in range(problem.horizon.n_periods):
        p = _Period(net, problem, decisions, net.standing(states, capacity, t), t)
        for rule in (_shares, _open_first, _connectivity, _one_way_in, _balance, _pipe_capacity, _supply_capacity,
                     _lifted, _pressures):  # fmt: skip
            found += rule(p)
    return found


def rows_checked(problem: Problem, system: SystemProblem) -> dict[str, int]:
    """How many rows of each rule :func:`check` looks at."""
    n, periods = dict(system.data.sizes), problem.horizon.n_periods
    return {
        "shares": n["origin"] * periods,
        "open_first": n["origin"] * periods,
        "connectivity": (n["arc"] + n["origin"]) * periods,
        "one_way_in": n["node"] * periods,
        "pipe_balance": n["node"] * periods,
        "pipe_capacity": n["arc"] * periods,
        "supply_capacity": n["supply"] * periods,
        "lifted": n["lift"] * periods,
        "pressure": n["node"] * periods,
    }


def _shares(p: _Period) -> list[Violation]:
    """A place is served in full or not at all."""
    wrong = np.minimum(np.abs(p.share), np.abs(p.share - 1)) > RELATIVE
    return [p.violation("shares", "origin", o, f"{p.share[o]:.6g}", "0 or 1") for o in np.flatnonzero(wrong)]


def _open_first(p: _Period) -> list[Violation]:
    """A place is served exactly where its connection stands."""
    wrong = (p.share > 0.5) != p.standing.connected
    return [
        p.violation("open_first", "origin", o, f"{p.share[o]:.6g} served", f"{int(p.standing.connected[o])}, as stands")
        for o in np.flatnonzero(wrong)
    ]


def _connectivity(p: _Period) -> list[Violation]:
    """From a supply that stands, pipes that lie lead to every pipe that lies and to every place connected."""
    fed, lying = p.net.fed(p.standing, p.order), np.flatnonzero(p.standing.size >= 0)
    loose = [a for a in lying if not fed[p.net.d["arc_tail"][a]]]
    dry = np.flatnonzero(p.standing.connected & ~fed[p.net.d["origin_node"]])
    return [p.violation("connectivity", "arc", a, "a pipe that nothing feeds", "its trunk first") for a in loose] + [
        p.violation("connectivity", "origin", o, "connected to nothing that is fed", "a pipe or a supply") for o in dry
    ]


def _one_way_in(p: _Period) -> list[Violation]:
    """Nothing is fed twice: the network is a forest."""
    ways = np.bincount(p.net.d["arc_head"][p.standing.size >= 0], minlength=p.net.n_nodes)
    ways[p.net.d["supply_node"][p.standing.supply > 0]] += 1
    return [p.violation("one_way_in", "node", n, f"{ways[n]} ways in", "1") for n in np.flatnonzero(ways > 1)]


def _balance(p: _Period) -> list[Violation]:
    net, served = p.net, np.where(p.share > 0.5, 1.0, 0.0)
    left = -net.drawn(served, p.period)
    np.add.at(left, net.d["supply_node"], p.supply)
    np.add.at(left, net.d["arc_head"], p.flow)
    np.subtract.at(left, net.d["arc_tail"], p.flow)
    wrong = np.abs(left) > p.rounding
    return [p.violation("pipe_balance", "node", n, f"{left[n]:.6g} left over", "0") for n in np.flatnonzero(wrong)]


def _pipe_capacity(p: _Period) -> list[Violation]:
    """A pipe carries what its size can at the largest velocity, nothing where none lies, and nothing backwards."""
    room = np.where(p.standing.size >= 0, p.net.d["size_capacity"][p.standing.size], 0.0) if p.net.n_arcs else p.flow
    wrong = (p.flow > room + p.rounding) | (p.flow < -p.rounding)
    return [
        p.violation("pipe_capacity", "arc", a, f"{p.flow[a]:.6g}", f"0 to {room[a]:.6g}") for a in np.flatnonzero(wrong)
    ]


def _supply_capacity(p: _Period) -> list[Violation]:
    wrong = (p.supply > p.standing.supply + p.rounding) | (p.supply < -p.rounding)
    return [
        p.violation("supply_capacity", "supply", k, f"{p.supply[k]:.6g}", f"0 to {p.standing.supply[k]:.6g}")
        for k in np.flatnonzero(wrong)
    ]


def _lifted(p: _Period) -> list[Violation]:
    """What is lifted, and paid for, is what flows where a booster of that lift stands."""
    arc, height = p.net.d["lift_arc"], p.net.d["lift_height"]
    true = np.where(p.standing.lift[arc] == height, p.flow[arc], 0.0) if len(arc) else np.zeros(0)
    wrong = np.abs(p.lifted - true) > p.rounding
    return [
        p.violation("lifted", "arc", arc[k], f"{p.lifted[k]:.6g} lifted", f"{true[k]:.6g}")
        for k in np.flatnonzero(wrong)
    ]


def _pressures(p: _Period) -> list[Violation]:
    """At peak no less than is needed, at rest no more than is allowed, at every node that is fed."""
    net, attrs = p.net, p.net.attrs
    served = p.standing.connected & net.fed(p.standing, p.order)[net.d["origin_node"]]
    flow = net.flows(p.order, net.drawn(served.astype(float), p.period))
    peak = net.pressure(net.potentials(p.standing, p.order, net.losses(p.standing, flow)))
    rest = net.pressure(net.potentials(p.standing, p.order, np.zeros(net.n_arcs)))
    need = np.full(net.n_nodes, float(attrs["transit"]))
    need[net.d["origin_node"][served]] = float(attrs["least"])
    low = [n for n in np.flatnonzero(~np.isnan(peak)) if peak[n] < need[n] - NEAR]
    high = [n for n in np.flatnonzero(~np.isnan(rest)) if rest[n] > float(attrs["most"]) + NEAR]
    return [p.violation("pressure", "node", n, f"{peak[n]:.3f} at peak", f"{need[n]:g} or more") for n in low] + [
        p.violation("pressure", "node", n, f"{rest[n]:.3f} at rest", f"{float(attrs['most']):g} or less") for n in high
    ]


def value(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """CNY a year, shape (period,): what is served at its worth, less supply and energy."""
    del problem
    d, attrs = system.data, system.data.attrs
    gained = attrs["gain"] * (decisions["share"].values * d["quantity"].values).sum(axis=0)
    supplied = (decisions["supplied"].values * d["supply_cost"].values[:, None]).sum(axis=0)
    lifted = (decisions["lifted"].values * d["lift_height"].values[:, None]).sum(axis=0)
    return np.asarray(gained - supplied - attrs["energy"] * lifted)


def exposed(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> dict[str, np.ndarray]:
    """CNY a year, (period,), that connected places gain."""
    del problem
    gained = system.data.attrs["gain"] * decisions["share"].values * system.data["quantity"].values
    places: dict[str, np.ndarray] = {}
    for o, place in enumerate(system.data["origin"].values):
        places[str(place)] = places.get(str(place), 0.0) + gained[o]
    return places


def served(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """Units a year served, shape (county, period)."""
    result = np.zeros((len(problem.county_ids), problem.horizon.n_periods))
    amount = decisions["share"].values * system.data["quantity"].values
    np.add.at(result, system.data["origin_county"].values, amount)
    return result


def demand(problem: Problem, system: SystemProblem) -> np.ndarray:
    """Units a year wanted, shape (county, period)."""
    result = np.zeros((len(problem.county_ids), problem.horizon.n_periods))
    np.add.at(result, system.data["origin_county"].values, system.data["quantity"].values)
    return result
