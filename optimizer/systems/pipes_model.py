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
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_rivals import Rivals
from optimizer.systems.pipes_tangent import model_unit, tangents
from optimizer.systems.pipes_ways import Ways
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
            self._lies, self._capacity, self._one_way_in, self._trunk_first, self._connected_first, self._rivals, self._balance,
            self._supply_capacity, self._loss, self._head, self._least, self._source_head, self._reduced, self._lifted,
        ):  # fmt: skip
            family()
        self._along_ways()
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
        self.lying = self._sum(self.on, d["size_arc"], net.n_arcs)
        self.through = self._sum(self.flow, d["size_arc"], net.n_arcs)
        standing = np.repeat((d["supply_candidate"] < 0).astype(float), self.n_periods)
        stations = self._sum(self.station, d["station_supply"], net.n_supplies)
        self.supplied = Linear.fixed(standing, self.width).plus(stations)
        self.connected = self._sum(self.connection, d["connect_origin"], net.n_origins)
        self.lifting = self._sum(self.booster.times(self._every(d["lift_height"])), d["lift_arc"], net.n_arcs)
        self.reducing = self._sum(self.reducer, d["reduce_arc"], net.n_arcs)
        self.fed = self._sum(self.lying, d["arc_head"], net.n_nodes).plus(
            self._sum(self.supplied, d["supply_node"], net.n_nodes)
        )

    def _terms_of(self, states: np.ndarray) -> list[Terms]:
        return [self.ledger.in_state_terms(int(s), t) for s in states for t in range(self.n_periods)]

    def _state(self, row: np.ndarray, column: np.ndarray, coef: np.ndarray, constant: np.ndarray) -> Linear:
        return Linear(sp.csr_matrix((coef, (row, column)), shape=(len(constant), self.width)), constant)

    def _rows_of(self, index: np.ndarray) -> np.ndarray:
        """Rows of things, in every period."""
        return (np.asarray(index)[:, None] * self.n_periods + np.arange(self.n_periods)).ravel()

    def _every(self, values: np.ndarray) -> np.ndarray:
        """A value of each thing, or of each thing and period, by row."""
        values = np.asarray(values, float)
        return np.repeat(values, self.n_periods) if values.ndim == 1 else values.ravel()

    def _sum(self, parts: Linear, owner: np.ndarray, n: int) -> Linear:
        return parts.summed(self._rows_of(owner), n * self.n_periods)

    def _at(self, function: Linear, index: np.ndarray) -> Linear:
        return function.picked(self._rows_of(index))

    # ---- rules, one method a family
    def _add(
        self, family: str, left: Linear, bounds: tuple[float | np.ndarray, float | np.ndarray], node: np.ndarray
    ) -> None:
        """A family of rows; ``node`` says where each thing is."""
        county = np.repeat(self.d["node_county"][node], self.n_periods)
        period = np.tile(np.arange(self.n_periods), len(node))
        self.ledger.add_rows(Rows.of(self.ledger, family, self.columns, left, bounds, (county, period)))

    def _at_most(self, family: str, left: Linear, node: np.ndarray, limit: float | np.ndarray = 0.0) -> None:
        self._add(family, left, (-np.inf, limit), node)

    def _at_least(self, family: str, left: Linear, node: np.ndarray, limit: float | np.ndarray = 0.0) -> None:
        self._add(family, left, (limit, np.inf), node)

    def _equal(self, family: str, left: Linear, node: np.ndarray) -> None:
        self._add(family, left, (0.0, 0.0), node)

    @property
    def _size_node(self) -> np.ndarray:
        return np.asarray(self.d["arc_head"][self.d["size_arc"]])

    def _lies(self) -> None:
        self._equal("pipe_lies", self.on.minus(self.size), self._size_node)

    def _capacity(self) -> None:
        room = self.on.times(self._every(self.bounds.flow) / self.unit)
        self._at_most("pipe_capacity", self.flow.minus(room), self._size_node)

    def _one_way_in(self) -> None:
        """Where there is more than one; a candidate has one size at a time by the rules of time."""
        ways = np.bincount(np.concatenate([self.d["arc_head"], self.d["supply_node"]]), minlength=self.net.n_nodes)
        nodes = np.flatnonzero(ways > 1)
        self._at_most("one_way_in", self._at(self.fed, nodes), nodes, 1.0)

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
            backwards = self._sum(self._at(self.lying, there), here, n)
        fed = self._at(self.fed, d["arc_tail"]).minus(backwards)
        self._at_most("trunk_first", self.lying.minus(fed), d["arc_head"])

    def _connected_first(self) -> None:
        """A place is connected only where all its gates are fed by what leaves it its pressure."""
        gates, n = self.bounds.gates, len(self.bounds.gates.node)
        sizes, supplies = gates.sizes, gates.supplies
        pipes = self._at(self.on, sizes[:, 1]).times(self._every(gates.size_fits))
        stations = self._at(self.supplied, supplies[:, 1]).times(self._every(gates.supply_fits))
        fed = self._sum(pipes, sizes[:, 0], n).plus(self._sum(stations, supplies[:, 0], n))
        self._at_most("connected_first", self._at(self.connected, gates.origin).minus(fed), gates.node)

    def _rivals(self) -> None:
        """Of places that no size into their gate can serve together, one is served (pipes_rivals.py)."""
        cliques = Rivals(self.bounds.gates).cliques()
        places = [(i, o, 1.0) for i, c in enumerate(cliques) for o in c.places]
        sizes = [(i, k, -float(n)) for i, c in enumerate(cliques) for k, n in zip(c.sizes, c.most, strict=True)]
        stations = [(i, s, -float(len(c.places))) for i, c in enumerate(cliques) for s in c.supplies]
        period = np.array([c.period for c in cliques], np.int64)
        left = Linear.fixed(np.zeros(len(cliques)), self.width)
        for parts, function in ((places, self.connected), (sizes, self.on), (stations, self.supplied)):
            row, thing, coef = np.array(parts).reshape(-1, 3).T
            owner = row.astype(np.int64)
            picked = function.picked(thing.astype(np.int64) * self.n_periods + period[owner])
            left = left.plus(picked.times(coef).summed(owner, len(cliques)))
        county = self.d["node_county"][self.bounds.gates.node[[c.gate for c in cliques]].astype(np.int64)]
        self.ledger.add_rows(Rows.of(self.ledger, "rivals", self.columns, left, (-np.inf, 0.0), (county, period)))

    def _balance(self) -> None:
        d, n = self.d, self.net.n_nodes
        entering = self._sum(self.through, d["arc_head"], n).plus(self._sum(self.supply, d["supply_node"], n))
        drawn = self.connected.times(self._every(d["quantity"]) / self.unit)
        leaving = self._sum(self.through, d["arc_tail"], n).plus(self._sum(drawn, d["origin_node"], n))
        self._equal("pipe_balance", entering.minus(leaving), np.arange(n))

    def _supply_capacity(self) -> None:
        d, wanted = self.d, self.bounds.behind
        room = np.minimum(self.capacity[d["station_state"]][:, None], wanted[d["station_supply"]]) / self.unit
        stations = self._sum(self.station.times(self._every(room)), d["station_supply"], self.net.n_supplies)
        standing = self._every(np.minimum(d["supply_capacity"][:, None], wanted)) / self.unit
        self._at_most("supply_capacity", self.supply.minus(stations), d["supply_node"], standing)

    def _loss(self) -> None:
        """``loss >= tangent``, the tangents of all sizes of an arc in one row, each with its own ``on``."""
        sizes = np.repeat(np.arange(len(self.d["size_arc"])), self.n_periods)
        for share in TANGENTS:
            slope, constant = tangents(self.net, sizes, share * self._every(self.bounds.flow))
            lines = self.flow.times(slope * self.unit).plus(self.on, constant)
            under = self._sum(lines, self.d["size_arc"], self.net.n_arcs)
            self._at_least("pipe_loss", self.loss.minus(under), self.d["arc_head"])

    def _head(self) -> None:
        """What is left at the far end of a pipe that lies."""
        d, at = self.d, self.bounds
        tail, head = d["arc_tail"], d["arc_head"]
        slack = self._every(np.maximum(0.0, at.high[head] - at.low[tail]))
        left = self._at(self.head, head).minus(self._at(self.head, tail)).plus(self.loss).minus(self.lifting)
        self._at_most("pipe_head", left.plus(self.lying, slack), head, slack)

    def _least(self) -> None:
        """Smallest pressure where a place is connected."""
        node = self.d["origin_node"]
        low = self.bounds.low[node]
        more = np.maximum(0.0, self.net.potential(float(self.attrs["least"]))[node] - low)
        left = self._at(self.head, node).plus(self.connected, -self._every(more))
        self._at_least("least_pressure", left, node, self._every(low))

    def _source_head(self) -> None:
        """No more at a supply than its outlet gives."""
        node, source = self.d["supply_node"], self.net.source()
        free = np.maximum(0.0, self.bounds.high[node] - source)
        left = self._at(self.head, node).plus(self.supplied, self._every(free))
        self._at_most("source_head", left, node, self._every(source + free))

    @property
    def _with_reducer(self) -> np.ndarray:
        return np.unique(self.d["reduce_arc"])

    def _reduced(self) -> None:
        """No more behind a reducer than it lets through."""
        arcs = self._with_reducer
        head = self.d["arc_head"][arcs]
        limit = self.net.potential(float(self.attrs["reduced"]))[head]
        free = np.maximum(0.0, self.bounds.high[head] - limit)
        both = self._at(self.reducing.plus(self.lying), arcs)
        left = self._at(self.head, head).plus(both, self._every(free))
        self._at_most("reduced_pressure", left, head, self._every(limit + 2 * free))

    # ---- implied by whole plans, not by the relaxation
    def _along_ways(self) -> None:
        """What is spent of pressure along the only way to a place, summed over its pipes."""
        ways = Ways(self.net)
        origins = np.array([o for o, n in enumerate(self.d["origin_node"]) if ways.arcs.get(int(n))], np.int64)
        if not len(origins):
            return
        node = self.d["origin_node"][origins]
        arcs = np.array([(i, a) for i, n in enumerate(node) for a in ways.arcs[int(n)]], np.int64)
        stations = np.array([(i, k) for i, n in enumerate(node) for k in ways.stations(int(n))], np.int64).reshape(-1, 2)
        served = self._at(self.connected, origins)
        fed = served.minus(self._sum(self._at(self.supplied, stations[:, 1]), stations[:, 0], len(origins)))
        source = self.net.source()[[ways.root(int(n)) for n in node]]
        need = self.net.potential(float(self.attrs["least"]))[node] - source
        lifted = self._sum(self._at(self.lifting, arcs[:, 1]), arcs[:, 0], len(origins))
        asked = fed.times(self._every(np.maximum(need, 0.0))).plus(served, self._every(np.minimum(need, 0.0)))
        self._at_least("way_loss", lifted.minus(self._own_losses(origins, arcs, fed)).minus(asked), node)
        lost = self._sum(self._at(self.loss, arcs[:, 1]), arcs[:, 0], len(origins))
        lowest = np.full(len(origins), np.inf)
        np.minimum.at(lowest, arcs[:, 0], self.bounds.low[self.d["arc_head"][arcs[:, 1]]])
        least = np.minimum(0.0, lowest - source)
        more = np.minimum(0.0, lowest[stations[:, 0]] - self.net.source()[stations[:, 1]])
        slack = self._sum(self._at(self.supplied, stations[:, 1]).times(self._every(more)), stations[:, 0], len(origins))
        left = lifted.minus(lost).minus(slack).minus(fed.times(self._every(need - least)))
        self._at_least("way_head", left, node, self._every(least))

    def _own_losses(self, origins: np.ndarray, arcs: np.ndarray, fed: Linear) -> Linear:
        """What the wants of a place alone lose on the way to it: ``sum(largest * fed - (largest - loss) * on)``."""
        sizes: list[list[int]] = [[] for _ in range(self.net.n_arcs)]
        for k, a in enumerate(self.d["size_arc"]):
            sizes[a].append(k)
        pair = np.repeat(np.arange(len(arcs)), [len(sizes[a]) for a in arcs[:, 1]])
        size = np.array([k for a in arcs[:, 1] for k in sizes[a]], np.int64)
        flow = self.d["quantity"][origins[arcs[pair, 0]]]
        loss = self.net.loss(np.repeat(size, self.n_periods), flow.ravel()).reshape(flow.shape)
        largest = np.zeros((len(arcs), self.n_periods))
        np.maximum.at(largest, pair, loss)
        saved = self._at(self.on, size).times(self._every(largest[pair] - loss))
        total = np.zeros((len(origins), self.n_periods))
        np.add.at(total, arcs[:, 0], largest)
        return fed.times(self._every(total)).minus(self._sum(saved, arcs[pair, 0], len(origins)))

    # ---- potential at no flow, under the largest allowed
    def _rest_passed(self) -> None:
        """It passes on unless a reducer stands."""
        d, at = self.d, self.bounds
        tail, head = d["arc_tail"], d["arc_head"]
        slack = self._every(np.maximum(0.0, at.most[tail] + at.lift - at.low[head]))
        left = self._at(self.rest, head).minus(self._at(self.rest, tail)).minus(self.lifting)
        self._at_least("rest_passed", left.plus(self.reducing.minus(self.lying), slack), head, -slack)

    def _rest_reduced(self) -> None:
        """Behind a reducer it is what the reducer lets through."""
        arcs = self._with_reducer
        head = self.d["arc_head"][arcs]
        low = self.bounds.low[head]
        more = self._every(np.maximum(0.0, self.net.potential(float(self.attrs["reduced"]))[head] - low))
        left = self._at(self.rest, head).plus(self._at(self.reducing.plus(self.lying), arcs), -more)
        self._at_least("rest_reduced", left, head, self._every(low) - more)

    def _rest_outlet(self) -> None:
        """At a supply it is what its outlet gives."""
        node = self.d["supply_node"]
        low = self.bounds.low[node]
        more = self._every(np.maximum(0.0, self.net.source() - low))
        left = self._at(self.rest, node).plus(self.supplied, -more)
        self._at_least("rest_outlet", left, node, self._every(low))

    def _lifted(self) -> None:
        """``lifted = flow * booster``, exactly, for the energy."""
        arc = self.d["lift_arc"]
        node, through = self.d["arc_head"][arc], self._at(self.through, arc)
        most = self._every(self.bounds.below[arc]) / self.unit
        stands = self.booster.times(most)
        self._at_least("lifted_flow", self.lifted.minus(through).minus(stands), node, -most)
        self._at_most("lifted_no_more", self.lifted.minus(through), node)
        self._at_most("lifted_stands", self.lifted.minus(stands), node)

    # ---- what the core reads
    def _by_county(self, parts: Linear, node: np.ndarray) -> Linear:
        return self._sum(parts, self.d["node_county"][node], len(self.problem.county_ids))

    def _enter_value(self) -> None:
        d, million = self.d, self.unit / MILLION
        worth = self._every(d["quantity"]) * float(self.attrs["gain"]) / MILLION
        energy = self._every(d["lift_height"]) * float(self.attrs["energy"]) * million
        value = self._by_county(self.connected.times(worth), d["origin_node"])
        value = value.minus(
            self._by_county(self.supply.times(self._every(d["supply_cost"]) * million), d["supply_node"])
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
        served = self._by_county(self.connected.times(self._every(d["quantity"])), d["origin_node"])
        demand = np.zeros((len(self.problem.county_ids), self.n_periods))
        np.add.at(demand, d["origin_county"], d["quantity"])
        for i, terms in enumerate(served.terms(self.columns)):
            county, t = i // self.n_periods, i % self.n_periods
            self.ledger.serve(county, t, terms, float(demand[county, t]))
            self.ledger.benefit(f"served:{self.name}", county, t, terms)
