"""The MILP of the archetype `pipes` (docs/pipes.md): one short method a family of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import VALUE, Ledger
from optimizer.model.rows import add_rows, at_least, at_most, equal
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_tangent import model_unit, tangent
from optimizer.terms import NOTHING, Terms, merged, one, total

MILLION = 1e6
TANGENTS = (0.45, 0.75, 1.0)
"""Shares of the largest flow through a pipe at which the loss is bounded from below before any simulation."""


class PipesModel:
    """Variables by period: ``on`` and ``flow`` of sizes, ``loss`` of arcs, ``head`` and ``rest`` (at no flow) of nodes,
    ``supply``, ``lifted`` (flow through a booster that stands).
    """

    def __init__(self, block: pyo.Block, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
        self.block, self.problem, self.ledger, self.name = block, problem, ledger, system.name
        self.net = Network(system)
        self.d, self.attrs = self.net.d, system.data.attrs
        self.periods = range(problem.horizon.n_periods)
        self.capacity = problem.sequence["capacity"].values.astype(float)
        self.unit = model_unit(self.d["quantity"])
        self.gain = float(self.attrs["gain"])
        self.with_rest = bool(np.isfinite(self.attrs["most"]))
        self._bounds()
        self._variables()

    def add(self) -> None:
        """Add every family of rows, and enter values and services in the ledger."""
        self._tag_variables()
        for family in (
            self._lies, self._capacity, self._one_way_in, self._trunk_first, self._connected_first, self._balance,
            self._supply_capacity, self._loss, self._head, self._least, self._source_head, self._reduced, self._rest,
            self._lifted,
        ):  # fmt: skip
            family()
        self._enter_value()
        self._enter_service()

    # ---- indices
    @cached_property
    def sizes_of(self) -> dict[int, list[int]]:
        """Sizes by arc."""
        return _groups(self.d["size_arc"])

    @cached_property
    def lifts_of(self) -> dict[int, list[int]]:
        """Lifts by arc."""
        return _groups(self.d["lift_arc"])

    @cached_property
    def reduces_of(self) -> dict[int, list[int]]:
        """States of reducers by arc."""
        return _groups(self.d["reduce_arc"])

    @cached_property
    def stations_of(self) -> dict[int, list[int]]:
        """States of stations by supply."""
        return _groups(self.d["station_supply"])

    @cached_property
    def arcs_into(self) -> dict[int, list[int]]:
        """Arcs by head."""
        return _groups(self.d["arc_head"])

    @cached_property
    def arcs_out_of(self) -> dict[int, list[int]]:
        """Arcs by tail."""
        return _groups(self.d["arc_tail"])

    @cached_property
    def origins_at(self) -> dict[int, list[int]]:
        """Origins by node."""
        return _groups(self.d["origin_node"])

    def _county(self, node: int) -> int:
        return int(self.d["node_county"][node])

    # ---- bounds
    def _bounds(self) -> None:
        """Between what potentials lie, and the most that can flow through an arc."""
        net = self.net
        self.low = net.potential(float(self.attrs["transit"]))
        lifts = np.zeros(net.n_arcs)
        np.maximum.at(lifts, self.d["lift_arc"], self.d["lift_height"])
        self.lift = lifts
        self.high = np.maximum(self._highest(), self.low)
        self.demand_below = self._demand_below()

    def _highest(self) -> np.ndarray:
        """(node,) the highest potential that supplies and lifts on the way can give."""
        source, high = self.net.source(), np.full(self.net.n_nodes, -np.inf)
        high[self.d["supply_node"]] = source
        for _ in range(self.net.n_nodes):
            before = high.copy()
            np.maximum.at(high, self.d["arc_head"], high[self.d["arc_tail"]] + self.lift)
            if np.array_equal(high, before):
                return high
        return np.full(self.net.n_nodes, float(source.max() + self.lift.sum()))

    def _demand_below(self) -> np.ndarray:
        """(arc, period) the most that places behind an arc can want."""
        wanted, net = np.zeros((self.net.n_nodes, len(self.periods))), self.net
        np.add.at(wanted, self.d["origin_node"], self.d["quantity"])
        below = np.zeros((net.n_arcs, len(self.periods)))
        for a in range(net.n_arcs):
            seen, front = {int(self.d["arc_head"][a])}, [int(self.d["arc_head"][a])]
            while front:
                nexts = {int(self.d["arc_head"][b]) for b in self.arcs_out_of.get(front.pop(), [])} - seen
                seen |= nexts
                front += nexts
            below[a] = wanted[sorted(seen)].sum(axis=0)
        return below

    def _most(self, size: int, period: int) -> float:
        """Largest flow through a size, in units a year."""
        return float(min(self.d["size_capacity"][size], self.demand_below[self.d["size_arc"][size], period]))

    # ---- variables and terms
    def _variables(self) -> None:
        b, net, T = self.block, self.net, self.periods
        sizes, lifts = range(len(self.d["size_arc"])), range(len(self.d["lift_arc"]))
        b.on = pyo.Var([(k, t) for k in sizes for t in T], bounds=(0, 1))
        b.flow = pyo.Var([(k, t) for k in sizes for t in T], domain=pyo.NonNegativeReals)
        b.loss = pyo.Var([(a, t) for a in range(net.n_arcs) for t in T], domain=pyo.NonNegativeReals)
        nodes = [(n, t) for n in range(net.n_nodes) for t in T]
        b.head = pyo.Var(nodes, bounds=lambda _, n, _t: (float(self.low[n]), float(self.high[n])))
        b.supply = pyo.Var([(k, t) for k in range(net.n_supplies) for t in T], domain=pyo.NonNegativeReals)
        b.lifted = pyo.Var([(k, t) for k in lifts for t in T], domain=pyo.NonNegativeReals)
        most = net.potential(float(self.attrs["most"])) if self.with_rest else self.high
        b.rest = pyo.Var(nodes if self.with_rest else [], bounds=lambda _, n, _t: (float(self.low[n]), float(most[n])))

    def _tag_variables(self) -> None:
        b = self.block
        for component, node in (
            (b.on, self._node_of_size), (b.flow, self._node_of_size), (b.loss, lambda a: int(self.d["arc_head"][a])),
            (b.head, lambda n: n), (b.rest, lambda n: n), (b.supply, lambda k: int(self.d["supply_node"][k])),
            (b.lifted, lambda k: int(self.d["arc_head"][self.d["lift_arc"][k]])),
        ):  # fmt: skip
            self.ledger.tag(component, self._where(node), structural=True)

    def _where(self, node: Callable[[int], int]) -> Callable[[tuple[int, int]], tuple[int, int]]:
        return lambda key: (self._county(node(key[0])), key[1])

    def _node_of_size(self, size: int) -> int:
        return int(self.d["arc_head"][self.d["size_arc"][size]])

    def _lying(self, arc: int, t: int) -> Terms:
        """1 where a pipe lies."""
        return total(one(self.block.on[k, t]) for k in self.sizes_of.get(arc, []))

    def _flow(self, arc: int, t: int) -> Terms:
        return total(one(self.block.flow[k, t]) for k in self.sizes_of.get(arc, []))

    def _states(self, states: list[int], t: int) -> Terms:
        return merged(total(self.ledger.in_state_terms(s, t) for s in states))

    def _supplied(self, supply: int, t: int) -> Terms:
        """1 where a supply stands."""
        if self.d["supply_candidate"][supply] < 0:
            return Terms(1.0, [], [])
        return self._states([int(self.d["station_state"][k]) for k in self.stations_of.get(supply, [])], t)

    def _fed(self, node: int, t: int) -> Terms:
        """1 where a pipe or a supply feeds a node."""
        pipes = total(self._lying(a, t) for a in self.arcs_into.get(node, []))
        supply = self.net.fed_by.get(node)
        return pipes if supply is None else pipes.plus(self._supplied(supply, t))

    def _connected(self, origin: int, t: int) -> Terms:
        states = self.d["connect_state"][self.d["connect_origin"] == origin]
        return self._states([int(s) for s in states], t)

    def _lift_terms(self, arc: int, t: int) -> Terms:
        return total(
            self._states([int(self.d["lift_state"][k])], t).scaled(float(self.d["lift_height"][k]))
            for k in self.lifts_of.get(arc, [])
        )

    def _reducing(self, arc: int, t: int) -> Terms:
        return self._states([int(self.d["reduce_state"][k]) for k in self.reduces_of.get(arc, [])], t)

    # ---- rules, one method a family
    def _rows(self, family: str, count: int, rule: object, node: object) -> None:
        """A family with a row for each of ``count`` things and each period; ``node`` says where a thing is."""
        keys = [(i, t) for i in range(count) for t in self.periods]
        add_rows(
            self.block, self.ledger, family, keys, rule,  # type: ignore[arg-type]
            lambda key: (self._county(int(node[key[0]])), key[1]), structural=True,  # type: ignore[index]
        )  # fmt: skip

    def _lies(self) -> None:
        def rule(k: int, t: int) -> object:
            return equal(one(self.block.on[k, t]).plus(self._states([int(self.d["size_state"][k])], t), -1.0))

        self._rows("pipe_lies", len(self.d["size_arc"]), rule, self._size_node)

    def _capacity(self) -> None:
        def rule(k: int, t: int) -> object:
            return at_most(one(self.block.flow[k, t]).plus(one(self.block.on[k, t]), -self._most(k, t) / self.unit))

        self._rows("pipe_capacity", len(self.d["size_arc"]), rule, self._size_node)

    def _one_way_in(self) -> None:
        self._rows("one_way_in", self.net.n_nodes, lambda n, t: at_most(self._fed(n, t), 1.0), range(self.net.n_nodes))

    def _trunk_first(self) -> None:
        def rule(a: int, t: int) -> object:
            return at_most(self._lying(a, t).plus(self._fed(int(self.d["arc_tail"][a]), t), -1.0))

        self._rows("trunk_first", self.net.n_arcs, rule, self.d["arc_head"])

    def _connected_first(self) -> None:
        def rule(o: int, t: int) -> object:
            return at_most(self._connected(o, t).plus(self._fed(int(self.d["origin_node"][o]), t), -1.0))

        self._rows("connected_first", self.net.n_origins, rule, self.d["origin_node"])

    def _balance(self) -> None:
        def rule(n: int, t: int) -> object:
            entering = total(self._flow(a, t) for a in self.arcs_into.get(n, []))
            leaving = total(self._flow(a, t) for a in self.arcs_out_of.get(n, []))
            supply = self.net.fed_by.get(n)
            fed = NOTHING if supply is None else one(self.block.supply[supply, t])
            drawn = total(
                self._connected(o, t).scaled(float(self.d["quantity"][o, t]) / self.unit)
                for o in self.origins_at.get(n, [])
            )
            return equal(entering.plus(fed).plus(leaving, -1.0).plus(drawn, -1.0))

        self._rows("pipe_balance", self.net.n_nodes, rule, range(self.net.n_nodes))

    def _supply_capacity(self) -> None:
        wanted = self.d["quantity"].sum(axis=0)

        def rule(k: int, t: int) -> object:
            standing = min(float(self.d["supply_capacity"][k]), float(wanted[t]))
            stations = total(
                self._states([s], t).scaled(min(float(self.capacity[s]), float(wanted[t])))
                for s in (int(self.d["station_state"][i]) for i in self.stations_of.get(k, []))
            )
            room = stations.plus(Terms(standing, [], [])).scaled(1 / self.unit)
            return at_most(one(self.block.supply[k, t]).plus(room, -1.0))

        self._rows("supply_capacity", self.net.n_supplies, rule, self.d["supply_node"])

    def _loss(self) -> None:
        """``loss >= tangent``, the tangents of all sizes of an arc in one row, each with its own ``on``."""

        def rule(a: int, j: int, t: int) -> object:
            terms = one(self.block.loss[a, t])
            for k in self.sizes_of.get(a, []):
                at = TANGENTS[j] * self._most(k, t)
                slope, constant = tangent(self.net, k, at)
                terms = terms.plus(one(self.block.flow[k, t], -slope * self.unit))
                terms = terms.plus(one(self.block.on[k, t], -constant))
            return at_least(terms)

        keys = [(a, j, t) for a in range(self.net.n_arcs) for j in range(len(TANGENTS)) for t in self.periods
                if self.demand_below[a, t] > 0]  # fmt: skip
        add_rows(
            self.block, self.ledger, "pipe_loss", keys, rule,
            lambda key: (self._county(int(self.d["arc_head"][key[0]])), key[2]), structural=True,
        )  # fmt: skip

    def _head(self) -> None:
        """What is left at the far end of a pipe that lies."""

        def rule(a: int, t: int) -> object:
            tail, head = int(self.d["arc_tail"][a]), int(self.d["arc_head"][a])
            slack = float(max(0.0, self.high[head] - self.low[tail]))
            terms = one(self.block.head[head, t]).plus(one(self.block.head[tail, t]), -1.0)
            terms = terms.plus(one(self.block.loss[a, t])).plus(self._lift_terms(a, t), -1.0)
            return at_most(terms.plus(self._lying(a, t), slack), slack)

        self._rows("pipe_head", self.net.n_arcs, rule, self.d["arc_head"])

    def _least(self) -> None:
        """Smallest pressure where a place is connected."""
        least = self.net.potential(float(self.attrs["least"]))

        def rule(o: int, t: int) -> object:
            node = int(self.d["origin_node"][o])
            more = max(0.0, float(least[node] - self.low[node]))
            return at_least(
                one(self.block.head[node, t]).plus(self._connected(o, t), -more), float(self.low[node])
            )

        self._rows("least_pressure", self.net.n_origins, rule, self.d["origin_node"])

    def _source_head(self) -> None:
        """No more at a supply than its outlet gives."""
        source = self.net.source()

        def rule(k: int, t: int) -> object:
            node = int(self.d["supply_node"][k])
            free = max(0.0, float(self.high[node] - source[k]))
            return at_most(one(self.block.head[node, t]).plus(self._supplied(k, t), free), float(source[k]) + free)

        self._rows("source_head", self.net.n_supplies, rule, self.d["supply_node"])

    def _reduced(self) -> None:
        """No more behind a reducer than it lets through."""
        if not self.reduces_of:
            return
        arcs = sorted(self.reduces_of)
        limit = self.net.potential(float(self.attrs["reduced"]))

        def rule(i: int, t: int) -> object:
            a = arcs[i]
            head = int(self.d["arc_head"][a])
            free = max(0.0, float(self.high[head] - limit[head]))
            terms = one(self.block.head[head, t]).plus(self._reducing(a, t).plus(self._lying(a, t)), free)
            return at_most(terms, float(limit[head]) + 2 * free)

        self._rows("reduced_pressure", len(arcs), rule, self.d["arc_head"][arcs])

    def _rest(self) -> None:
        """Potential at no flow, under the largest allowed: it passes on unless a reducer stands."""
        if not self.with_rest:
            return
        low, source = self.low, self.net.source()
        limit = self.net.potential(float(self.attrs["reduced"]))
        most = self.net.potential(float(self.attrs["most"]))

        def passed(a: int, t: int) -> object:
            tail, head = int(self.d["arc_tail"][a]), int(self.d["arc_head"][a])
            slack = max(0.0, float(most[tail] + self.lift[a] - low[head]))
            free = self._reducing(a, t).plus(self._lying(a, t), -1.0).plus(Terms(1.0, [], []))
            terms = one(self.block.rest[head, t]).plus(one(self.block.rest[tail, t]), -1.0)
            return at_least(terms.plus(self._lift_terms(a, t), -1.0).plus(free, slack))

        def held(a: int, t: int) -> object:
            head = int(self.d["arc_head"][a])
            if a not in self.reduces_of:
                return at_least(NOTHING)
            more = max(0.0, float(limit[head] - low[head]))
            both = self._reducing(a, t).plus(self._lying(a, t)).plus(Terms(-1.0, [], []))
            return at_least(one(self.block.rest[head, t]).plus(both, -more), float(low[head]))

        def outlet(k: int, t: int) -> object:
            node = int(self.d["supply_node"][k])
            more = max(0.0, float(source[k] - low[node]))
            return at_least(one(self.block.rest[node, t]).plus(self._supplied(k, t), -more), float(low[node]))

        self._rows("rest_passed", self.net.n_arcs, passed, self.d["arc_head"])
        self._rows("rest_reduced", self.net.n_arcs, held, self.d["arc_head"])
        self._rows("rest_outlet", self.net.n_supplies, outlet, self.d["supply_node"])

    def _lifted(self) -> None:
        """``lifted = flow * booster``, exactly, for the energy."""

        def stands(k: int, t: int) -> Terms:
            return self._states([int(self.d["lift_state"][k])], t)

        def most(k: int, t: int) -> float:
            return float(self.demand_below[self.d["lift_arc"][k], t]) / self.unit

        def at_least_flow(k: int, t: int) -> object:
            flow = self._flow(int(self.d["lift_arc"][k]), t)
            terms = one(self.block.lifted[k, t]).plus(flow, -1.0).plus(stands(k, t), -most(k, t))
            return at_least(terms, -most(k, t))

        def no_more_than_flow(k: int, t: int) -> object:
            return at_most(one(self.block.lifted[k, t]).plus(self._flow(int(self.d["lift_arc"][k]), t), -1.0))

        def only_if_standing(k: int, t: int) -> object:
            return at_most(one(self.block.lifted[k, t]).plus(stands(k, t), -most(k, t)))

        where = self.d["arc_head"][self.d["lift_arc"]]
        for name, rule in (
            ("lifted_flow", at_least_flow), ("lifted_no_more", no_more_than_flow), ("lifted_stands", only_if_standing),
        ):  # fmt: skip
            self._rows(name, len(where), rule, where)

    @cached_property
    def _size_node(self) -> np.ndarray:
        return np.asarray(self.d["arc_head"][self.d["size_arc"]])

    # ---- what the core reads
    def _enter_value(self) -> None:
        parts: dict[tuple[int, int], list[Terms]] = defaultdict(list)
        for o in range(self.net.n_origins):
            county = int(self.d["origin_county"][o])
            for t in self.periods:
                worth = float(self.d["quantity"][o, t]) * self.gain / MILLION
                parts[county, t].append(self._connected(o, t).scaled(worth))
        for (k, t), variable in self.block.supply.items():
            cost = float(self.d["supply_cost"][k]) * self.unit / MILLION
            parts[self._county(int(self.d["supply_node"][k])), t].append(one(variable, -cost))
        for (k, t), variable in self.block.lifted.items():
            cost = float(self.attrs["energy"] * self.d["lift_height"][k]) * self.unit / MILLION
            node = int(self.d["arc_head"][self.d["lift_arc"][k]])
            parts[self._county(node), t].append(one(variable, -cost))
        for (county, t), terms in parts.items():
            self.ledger.benefit(VALUE, county, t, total(terms))

    def _enter_service(self) -> None:
        served: dict[tuple[int, int], list[Terms]] = defaultdict(list)
        names = self.d["origin"]
        for o in range(self.net.n_origins):
            for t in self.periods:
                amount = self._connected(o, t)
                served[int(self.d["origin_county"][o]), t].append(amount.scaled(float(self.d["quantity"][o, t])))
                self.ledger.offer_service(str(names[o]), str(self.attrs["commodity"]), t, amount)
        counties = len(self.problem.county_ids)
        for t in self.periods:
            demand = np.bincount(self.d["origin_county"], self.d["quantity"][:, t], minlength=counties)
            for county in range(counties):
                amount = total(served.get((county, t), []))
                self.ledger.serve(county, t, amount, float(demand[county]))
                self.ledger.benefit(f"served:{self.name}", county, t, amount)


def _groups(owner: np.ndarray) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for i, o in enumerate(owner):
        groups[int(o)].append(i)
    return groups
