"""A planned network as the report reads it: what the plan promised and what the simulation found, by node and period."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.systems.exhibits import Words
from optimizer.systems.pipes_network import Network


class PipesView:
    """Arrays of one system's plan: ``promised`` (node, period) from the model; ``pressure``, ``rest``, ``source`` (node,
    period) and ``size`` (arc, period) from the simulation, empty where a plan was not simulated.
    """

    def __init__(self, problem: Problem, net: Network, plan: Plan) -> None:
        self.problem, self.net, self.plan, self.d = problem, net, plan, net.d
        self.labels, decisions = problem.horizon.labels, plan.systems[net.name]
        self.promised, self.flow = decisions["pressure"].values, decisions["flow"].values
        self.supplied, self.served = decisions["supplied"].values, decisions["share"].values > 0
        self.least, self.unit = float(net.attrs["least"]), str(net.attrs["unit"]).replace("m3", "m³")
        self.pressure_unit = "m" if net.medium == "water" else "kPa"
        self.simulated = net.name in plan.simulated
        if self.simulated:
            found = plan.simulated[net.name]
            self.pressure, self.rest, self.source, self.size = (
                found[name].values for name in ("pressure", "pressure_at_rest", "source", "size")
            )

    @property
    def at_end(self) -> np.ndarray:
        """(node,) pressure in the last period, simulated where it was."""
        return np.asarray((self.pressure if self.simulated else self.promised)[:, -1])

    def served_nodes(self, t: int) -> np.ndarray:
        """Nodes of the places that are served in a period."""
        return np.asarray(self.d["origin_node"][self.served[:, t]])

    # ---- names
    def place(self, node: int) -> Words:
        """Name of a node's place; its id where it has no English name."""
        zh, en = str(self.d["node_name_zh"][node]), str(self.d["node_name_en"][node])
        return Words(zh or en, en or zh)

    def county(self, node: int) -> Words:
        """County of a node."""
        return self.county_words(int(self.d["node_county"][node]))

    def county_words(self, county: int) -> Words:
        """Name of a county."""
        seq = self.problem.sequence
        return Words(str(seq["county_name_zh"].values[county]), str(seq["county_name_en"].values[county]))

    # ---- supplies
    @cached_property
    def kinds(self) -> list[Words]:
        """Kinds of supply."""
        return list(dict.fromkeys(self._kind_of))

    @cached_property
    def _kind_of(self) -> list[Words]:
        both = zip(self.d["supply_kind_zh"], self.d["supply_kind_en"], strict=True)
        return [Words(str(zh), str(en)) for zh, en in both]

    @cached_property
    def supply_kind(self) -> np.ndarray:
        """(supply,) index of its kind."""
        place = {kind: i for i, kind in enumerate(self.kinds)}
        return np.array([place[kind] for kind in self._kind_of], np.int64)

    def kind(self, supply: int) -> Words:
        """Kind of a supply."""
        return self._kind_of[supply] if supply >= 0 else Words("–", "–")

    @cached_property
    def haul_minutes(self) -> np.ndarray | None:
        """(county,) mean minutes on the road of what is hauled to its supplies in the last period, NaN where nothing is; None
        where no supply of the system is hauled to.
        """
        if not self.d["supply_minutes"].any():
            return None
        hauled = self.supplied[:, -1] * (self.d["supply_minutes"] > 0)
        county, counties = self.d["node_county"][self.d["supply_node"]], len(self.problem.county_ids)
        given = np.bincount(county, hauled, counties)
        minutes = np.bincount(county, hauled * self.d["supply_minutes"], counties)
        return np.divide(minutes, given, out=np.full(counties, np.nan), where=given > 0)
