"""The MILP of the archetype `pipes` (docs/pipes.md): one short method a family of rows, as products of sparse matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp

from optimizer.ledger import VALUE, Exposed, Ledger
from optimizer.model.linear import Columns, Linear, Rows
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_bounds import Bounds
from optimizer.systems.pipes_implied import Implied
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_tangent import model_unit, tangents
from optimizer.terms import Terms

MILLION = 1e6
TANGENTS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the largest flow through a pipe at which the loss is bounded from below before any simulation."""
STATES = ("size", "station", "connect", "lift", "reduce")


class PipesModel:
    """Variables by period: ``on`` and ``flow`` of sizes, ``loss`` of arcs, ``head`` and ``rest`` (at no flow) of nodes,
    ``supply``, ``lifted`` (flow through a booster that stands).

    Linear functions have a row for each thing and period, period by period of each thing.
    """

    def __init__(self, block: pyo.Block, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
        self.block, self.problem, self.ledger, self.name = block, problem, ledger, system.name
        self.net = Network(system)
        self.d, self.attrs = self.net.d, system.data.attrs
        self.n_periods = problem.horizon.n_periods
        self.capacity = problem.sequence["capacity"].values.astype(float)
        self.unit = model_unit(self.d["quantity"])
        self.with_rest = bool(np.isfinite(self.attrs["most"]))
        self.bounds = Bounds(self.net, self.capacity)
        self.columns = Columns()
        self.states = {name: self._terms_of(self.d[f"{name}_state"]) for name in STATES}
        self._variables()
        self._functions()

    def add(self) -> None:
        """Add every family of rows, and enter values and services in the ledger."""
        self._tag_variables()
        for family in (
            self._lies, self._capacity, self._one_way_in, self._trunk_first, self._connected_first, self._balance,
            self._supply_capacity, self._loss, self._head, self._least, self._source_head, self._reduced, self._lifted,
        ):  # fmt: skip
            family()
        Implied(self).add()
        if self.with_rest:
            self._rest_passed()
            self._rest_reduced()
            self._rest_outlet()
        self._enter_value()
        self._enter_service()

    # ---- variables
    def _variables(self) -> None:
        b, net, at = self.block, self.net, self.bounds
        can = [terms.constant > 0 or bool(terms.variables) for terms in self.states["size"]]
        b.on = self._var(len(self.d["size_arc"]), np.array(can, float).reshape(-1, self.n_periods))
        b.flow = self._var(len(self.d["size_arc"]), at.flow / self.unit)
        b.loss = self._var(net.n_arcs)
        b.head = self._var(net.n_nodes, at.high, at.low)
        b.supply = self._var(net.n_supplies, at.behind / self.unit)
        b.lifted = self._var(len(self.d["lift_arc"]), at.below[self.d["lift_arc"]] / self.unit)
        b.rest = self._var(net.n_nodes if self.with_rest else 0, at.most, at.low)

    def _var(self, n: int, upper: np.ndarray | None = None, lower: np.ndarray | None = None) -> pyo.Var:
        """Variables for ``n`` things in every period, from 0 and without an upper bound where none is given.

        Bounds are by thing, or by thing and period.
        """

        def limits(_: pyo.Block, i: int, t: int) -> tuple[float, float | None]:
            most = None if upper is None else float(upper[i] if upper.ndim == 1 else upper[i, t])
            return 0.0 if lower is None else float(lower[i]), most

        return pyo.Var([(i, t) for i in range(n) for t in range(self.n_periods)], bounds=limits)

    def _tag_variables(self) -> None:
        b, d = self.block, self.d
        nodes = np.arange(self.net.n_nodes)
        for component, node in (
            (b.on, d["arc_head"][d["size_arc"]]), (b.flow, d["arc_head"][d["size_arc"]]), (b.loss, d["arc_head"]),
            (b.head, nodes), (b.rest, nodes), (b.supply, d["supply_node"]), (b.lifted, d["arc_head"][d["lift_arc"]]),
        ):  # fmt: skip
            self.ledger.tag(component, self._where(d["node_county"][node].tolist()), structural=True)

    @staticmethod
    def _where(county: list[int]) -> Callable[[tuple[int, int]], tuple[int, int]]:
        return lambda key: (county[key[0]], key[1])

    # ---- linear functions
    def _functions(self) -> None:
        """What stands, flows and is connected, as linear functions of the columns."""
        b, d, net = self.block, self.d, self.net
        names = ("on", "flow", "loss", "head", "supply", "lifted", "rest")
        places = {name: self.columns.places(b.component(name)) for name in names}
        read = [self.columns.of_terms(self.states[name]) for name in STATES]
        self.width = len(self.columns.variables)
        self.on, self.flow, self.loss, self.head, self.supply, self.lifted, self.rest = (
            Linear.of(places[name], self.width) for name in names
        )
        self.size, self.station, self.connection, self.booster, self.reducer = (self._state(*terms) for terms in read)
        self.lying = self.sum(self.on, d["size_arc"], net.n_arcs)
        self.through = self.sum(self.flow, d["size_arc"], net.n_arcs)
        standing = np.repeat((d["supply_candidate"] < 0).astype(float), self.n_periods)
        stations = self.sum(self.station, d["station_supply"], net.n_supplies)
        self.supplied = Linear.fixed(standing, self.width).plus(stations)
        self.connected = self.sum(self.connection, d["connect_origin"], net.n_origins)
        self.lifting = self.sum(self.booster.times(self.every(d["lift_height"])), d["lift_arc"], net.n_arcs)
        self.reducing = self.sum(self.reducer, d["reduce_arc"], net.n_arcs)
        self.fed = self.sum(self.lying, d["arc_head"], net.n_nodes).plus(
            self.sum(self.supplied, d["supply_node"], net.n_nodes)
        )

    def _terms_of(self, states: np.ndarray) -> list[Terms]:
        return [self.ledger.in_state_terms(int(s), t) for s in states for t in range(self.n_periods)]

    def _state(self, row: np.ndarray, column: np.ndarray, coef: np.ndarray, constant: np.ndarray) -> Linear:
        return Linear(sp.csr_matrix((coef, (row, column)), shape=(len(constant), self.width)), constant)

    def _rows_of(self, index: np.ndarray) -> np.ndarray:
        """Rows of things, in every period."""
        return (np.asarray(index)[:, None] * self.n_periods + np.arange(self.n_periods)).ravel()

    def every(self, values: np.ndarray) -> np.ndarray:
        """A value of each thing, or of each thing and period, by row."""
        values = np.asarray(values, float)
        return np.repeat(values, self.n_periods) if values.ndim == 1 else values.ravel()

    def sum(self, parts: Linear, owner: np.ndarray, n: int) -> Linear:
        """Parts summed by the thing that owns them, in every period."""
        return parts.summed(self._rows_of(owner), n * self.n_periods)

    def at(self, function: Linear, index: np.ndarray) -> Linear:
        """A function of some things, in every period."""
        return function.picked(self._rows_of(index))

    # ---- rules, one method a family
    def _add(
        self, family: str, left: Linear, bounds: tuple[float | np.ndarray, float | np.ndarray], node: np.ndarray
    ) -> None:
        """A family of rows; ``node`` says where each thing is."""
        county = np.repeat(self.d["node_county"][node], self.n_periods)
        period = np.tile(np.arange(self.n_periods), len(node))
        self.ledger.add_rows(Rows.of(self.ledger, family, self.columns, left, bounds, (county, period)))

    def at_most(self, family: str, left: Linear, node: np.ndarray, limit: float | np.ndarray = 0.0) -> None:
        """Rows of a family: no more than a limit."""
        self._add(family, left, (-np.inf, limit), node)

    def at_least(self, family: str, left: Linear, node: np.ndarray, limit: float | np.ndarray = 0.0) -> None:
        """Rows of a family: no less than a limit."""
        self._add(family, left, (limit, np.inf), node)

    def equal(self, family: str, left: Linear, node: np.ndarray) -> None:
        """Rows of a family that come to nothing."""
        self._add(family, left, (0.0, 0.0), node)

    @property
    def _size_node(self) -> np.ndarray:
        return np.asarray(self.d["arc_head"][self.d["size_arc"]])

    def _lies(self) -> None:
        self.equal("pipe_lies", self.on.minus(self.size), self._size_node)

    def _capacity(self) -> None:
        room = self.on.times(self.every(self.bounds.flow) / self.unit)
        self.at_most("pipe_capacity", self.flow.minus(room), self._size_node)

    def _one_way_in(self) -> None:
        """Where there is more than one; a candidate has one size at a time by the rules of time."""
        ways = np.bincount(np.concatenate([self.d["arc_head"], self.d["supply_node"]]), minlength=self.net.n_nodes)
        nodes = np.flatnonzero(ways > 1)
        self.at_most("one_way_in", self.at(self.fed, nodes), nodes, 1.0)

    def _trunk_first(self) -> None:
        """A pipe lies only where its tail is fed, and not by a pipe that comes from its head."""
        d, n = self.d, self.net.n_arcs
        ends: dict[tuple[int, int], list[int]] = {}
        for b, key in enumerate(zip(d["arc_tail"].tolist(), d["arc_head"].tolist(), strict=True)):
            ends.setdefault(key, []).append(b)
        back = [(b, a) for a in range(n) for b in ends.get((int(d["arc_head"][a]), int(d["arc_tail"][a])), [])]
        backwards = Linear.fixed(np.zeros(n * self.n_periods), self.width)
        if back:
            there, here = np.array(back, np.int64).T
            backwards = self.sum(self.at(self.lying, there), here, n)
        fed = self.at(self.fed, d["arc_tail"]).minus(backwards)
        self.at_most("trunk_first", self.lying.minus(fed), d["arc_head"])

    def _connected_first(self) -> None:
        """A place is connected only where all its gates are fed by what leaves it its pressure."""
        gates, n = self.bounds.gates, len(self.bounds.gates.node)
        sizes, supplies = gates.sizes, gates.supplies
        pipes = self.at(self.on, sizes[:, 1]).times(self.every(gates.size_fits))
        stations = self.at(self.supplied, supplies[:, 1]).times(self.every(gates.supply_fits))
        fed = self.sum(pipes, sizes[:, 0], n).plus(self.sum(stations, supplies[:, 0], n))
        self.at_most("connected_first", self.at(self.connected, gates.origin).minus(fed), gates.node)

    def _balance(self) -> None:
        d, n = self.d, self.net.n_nodes
        entering = self.sum(self.through, d["arc_head"], n).plus(self.sum(self.supply, d["supply_node"], n))
        drawn = self.connected.times(self.every(d["quantity"]) / self.unit)
        leaving = self.sum(self.through, d["arc_tail"], n).plus(self.sum(drawn, d["origin_node"], n))
        self.equal("pipe_balance", entering.minus(leaving), np.arange(n))

    def _supply_capacity(self) -> None:
        d, wanted = self.d, self.bounds.behind
        room = np.minimum(self.capacity[d["station_state"]][:, None], wanted[d["station_supply"]]) / self.unit
        stations = self.sum(self.station.times(self.every(room)), d["station_supply"], self.net.n_supplies)
        standing = self.every(np.minimum(d["supply_capacity"][:, None], wanted)) / self.unit
        self.at_most("supply_capacity", self.supply.minus(stations), d["supply_node"], standing)

    def _loss(self) -> None:
        """``loss >= tangent``, the tangents of all sizes of an arc in one row, each with its own ``on``."""
        sizes = np.repeat(np.arange(len(self.d["size_arc"])), self.n_periods)
        for share in TANGENTS:
            slope, constant = tangents(self.net, sizes, share * self.every(self.bounds.flow))
            lines = self.flow.times(slope * self.unit).plus(self.on, constant)
            under = self.sum(lines, self.d["size_arc"], self.net.n_arcs)
            self.at_least("pipe_loss", self.loss.minus(under), self.d["arc_head"])

    def _head(self) -> None:
        """What is left at the far end of a pipe that lies."""
        d, at = self.d, self.bounds
        tail, head = d["arc_tail"], d["arc_head"]
        slack = self.every(np.maximum(0.0, at.high[head] - at.low[tail]))
        left = self.at(self.head, head).minus(self.at(self.head, tail)).plus(self.loss).minus(self.lifting)
        self.at_most("pipe_head", left.plus(self.lying, slack), head, slack)

    def _least(self) -> None:
        """Smallest pressure where a place is connected."""
        node = self.d["origin_node"]
        low = self.bounds.low[node]
        more = np.maximum(0.0, self.net.potential(float(self.attrs["least"]))[node] - low)
        left = self.at(self.head, node).plus(self.connected, -self.every(more))
        self.at_least("least_pressure", left, node, self.every(low))

    def _source_head(self) -> None:
        """No more at a supply than its outlet gives."""
        node, source = self.d["supply_node"], self.net.source()
        free = np.maximum(0.0, self.bounds.high[node] - source)
        left = self.at(self.head, node).plus(self.supplied, self.every(free))
        self.at_most("source_head", left, node, self.every(source + free))

    @property
    def _with_reducer(self) -> np.ndarray:
        return np.unique(self.d["reduce_arc"])

    def _reduced(self) -> None:
        """No more behind a reducer than it lets through."""
        arcs = self._with_reducer
        head = self.d["arc_head"][arcs]
        limit = self.net.potential(float(self.attrs["reduced"]))[head]
        free = np.maximum(0.0, self.bounds.high[head] - limit)
        both = self.at(self.reducing.plus(self.lying), arcs)
        left = self.at(self.head, head).plus(both, self.every(free))
        self.at_most("reduced_pressure", left, head, self.every(limit + 2 * free))

    # ---- potential at no flow, under the largest allowed
    def _rest_passed(self) -> None:
        """It passes on unless a reducer stands."""
        d, at = self.d, self.bounds
        tail, head = d["arc_tail"], d["arc_head"]
        slack = self.every(np.maximum(0.0, at.most[tail] + at.lift - at.low[head]))
        left = self.at(self.rest, head).minus(self.at(self.rest, tail)).minus(self.lifting)
        self.at_least("rest_passed", left.plus(self.reducing.minus(self.lying), slack), head, -slack)

    def _rest_reduced(self) -> None:
        """Behind a reducer it is what the reducer lets through."""
        arcs = self._with_reducer
        head = self.d["arc_head"][arcs]
        low = self.bounds.low[head]
        more = self.every(np.maximum(0.0, self.net.potential(float(self.attrs["reduced"]))[head] - low))
        left = self.at(self.rest, head).plus(self.at(self.reducing.plus(self.lying), arcs), -more)
        self.at_least("rest_reduced", left, head, self.every(low) - more)

    def _rest_outlet(self) -> None:
        """At a supply it is what its outlet gives."""
        node = self.d["supply_node"]
        low = self.bounds.low[node]
        more = self.every(np.maximum(0.0, self.net.source() - low))
        left = self.at(self.rest, node).plus(self.supplied, -more)
        self.at_least("rest_outlet", left, node, self.every(low))

    def _lifted(self) -> None:
        """``lifted = flow * booster``, exactly, for the energy."""
        arc = self.d["lift_arc"]
        node, through = self.d["arc_head"][arc], self.at(self.through, arc)
        most = self.every(self.bounds.below[arc]) / self.unit
        stands = self.booster.times(most)
        self.at_least("lifted_flow", self.lifted.minus(through).minus(stands), node, -most)
        self.at_most("lifted_no_more", self.lifted.minus(through), node)
        self.at_most("lifted_stands", self.lifted.minus(stands), node)

    # ---- what the core reads
    def _by_county(self, parts: Linear, node: np.ndarray) -> Linear:
        return self.sum(parts, self.d["node_county"][node], len(self.problem.county_ids))

    def _enter_value(self) -> None:
        d, million = self.d, self.unit / MILLION
        worth = self.every(d["quantity"]) * float(self.attrs["gain"]) / MILLION
        energy = self.every(d["lift_height"]) * float(self.attrs["energy"]) * million
        value = self._by_county(self.connected.times(worth), d["origin_node"])
        value = value.minus(
            self._by_county(self.supply.times(self.every(d["supply_cost"]) * million), d["supply_node"])
        ).minus(self._by_county(self.lifted.times(energy), d["arc_head"][d["lift_arc"]]))
        for i, terms in enumerate(value.terms(self.columns)):
            if terms.variables or terms.constant:
                self.ledger.benefit(VALUE, i // self.n_periods, i % self.n_periods, terms)

    def _exposed(self, origin: int, t: int, connected: Terms) -> Exposed:
        """What a connected place gains, which it does not while it is flooded."""
        worth = float(self.d["quantity"][origin, t]) * float(self.attrs["gain"]) / MILLION
        place, county = str(self.d["origin"][origin]), int(self.d["origin_county"][origin])
        return Exposed(VALUE, place, county, t, connected.scaled(worth), min(0.0, worth), max(0.0, worth))

    def _enter_service(self) -> None:
        d, names = self.d, self.d["origin"]
        for i, terms in enumerate(self.connected.terms(self.columns)):
            place, t = str(names[i // self.n_periods]), i % self.n_periods
            self.ledger.offer_service(place, str(self.attrs["commodity"]), t, terms)
            self.ledger.expose(place, partial(self._exposed, i // self.n_periods, t, terms))
        served = self._by_county(self.connected.times(self.every(d["quantity"])), d["origin_node"])
        demand = np.zeros((len(self.problem.county_ids), self.n_periods))
        np.add.at(demand, d["origin_county"], d["quantity"])
        for i, terms in enumerate(served.terms(self.columns)):
            county, t = i // self.n_periods, i % self.n_periods
            self.ledger.serve(county, t, terms, float(demand[county, t]))
            self.ledger.benefit(f"served:{self.name}", county, t, terms)
