"""Random tiny networks of pipes as problems, put together without any table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.pipes_laws import YEAR_SECONDS, largest_flow

PERIODS = 3
NAME = "net"


@dataclass(frozen=True)
class Tree:
    """A tree of pipes from a supply at node 0; town ``i`` is node ``i + 1`` and hangs on ``parent[i]``.

    ``existing`` towns have a small pipe at the beginning; ``lift`` (arc), ``reducer`` (arc), ``station`` (town) may be
    built where they are not None. Costs in CNY, lengths and heights in m, quantities in units a year.
    """

    medium: str
    parent: tuple[int, ...]
    length: tuple[float, ...]
    height: tuple[float, ...]
    quantity: np.ndarray
    diameters: tuple[float, ...]
    cost_per_m: tuple[float, ...]
    pressure: float
    least: float
    transit: float
    most: float = np.inf
    reduced: float = 40.0
    supply_capacity: float = np.inf
    existing: tuple[bool, ...] = ()
    lift: int | None = None
    reducer: int | None = None
    station: int | None = None
    station_capacity: float = np.inf
    gain: float = 12.0
    connection_cost: int = 300_000
    order: tuple[int, ...] = ()

    @property
    def n(self) -> int:
        return len(self.parent)


def random_tree(seed: int) -> Tree:
    """A tree of two or three towns, with one device at most in the larger ones."""
    rng = np.random.default_rng(seed)
    water, n = bool(seed % 2), 2 if seed % 3 else 3
    growth = np.array([1.0, 1.15, 1.4])
    quantity = rng.uniform(1e5, 6e5, (n, 1)) * growth
    device = rng.choice(["lift", "reducer", "station", "none"]) if water and n == 2 else rng.choice(["station", "none"])
    sizes = (0.08, 0.125) if water else (0.04, 0.07)
    return Tree(
        medium="water" if water else "gas",
        parent=tuple(int(rng.integers(0, i + 1)) for i in range(n)),
        length=tuple(float(x) for x in rng.uniform(500, 9000, n)),
        height=(1000.0, *(1000.0 + rng.uniform(-40, 35, n)).tolist()),
        quantity=quantity,
        diameters=sizes,
        cost_per_m=(130.0, 210.0),
        pressure=float(rng.uniform(35, 60)) if water else float(rng.uniform(180, 400)),
        least=15.0 if water else 100.0,
        transit=2.0 if water else 60.0,
        most=95.0 if water and rng.random() < 0.5 else np.inf,
        supply_capacity=float(quantity.sum() * rng.uniform(0.5, 1.2)) if rng.random() < 0.3 else np.inf,
        existing=tuple(bool(rng.random() < 0.2) and i == 0 for i in range(n)),
        lift=int(rng.integers(n)) if device == "lift" else None,
        reducer=int(rng.integers(n)) if device == "reducer" else None,
        station=int(rng.integers(n)) if device == "station" and n == 2 else None,
        station_capacity=float(quantity[:, -1].sum() * rng.uniform(0.3, 1.4)),
    )


def problem_of(tree: Tree) -> Problem:
    """The planning problem of a tree: one county, no limit on money, periods of 1, 2 and 1 years."""
    return _Builder(tree).problem()


class _Builder:
    def __init__(self, tree: Tree) -> None:
        self.tree, self.draft = tree, Draft(Horizon(2025, (1, 2, 1), 0.06))
        self.draft.county("A")
        self.pairs: dict[str, list[tuple[int, int]]] = {k: [] for k in ("size", "lift", "reduce", "connect", "station")}
        self.diameter: list[float] = []

    def problem(self) -> Problem:
        tree, towns = self.tree, self.tree.order or tuple(range(self.tree.n))
        for a in towns:
            self._pipe(a)
            self._single(f"C{a}", "connect", a, tree.connection_cost)
        if tree.lift is not None:
            self._single("B", "lift", tree.lift, 150_000)
        if tree.reducer is not None:
            self._single("R", "reduce", tree.reducer, 30_000)
        station = -1 if tree.station is None else self._single("S", "station", 1, 700_000, tree.station_capacity)
        draft = replace(self.draft, systems={NAME: SystemProblem(NAME, "pipes", self._data(station))})
        return draft.freeze()

    def _pipe(self, a: int) -> None:
        tree, existing = self.tree, bool(self.tree.existing and self.tree.existing[a])
        c = self.draft.candidate(f"P{a}", NAME, 0, option="small" if existing else "")
        costs = [round(rate * tree.length[a]) for rate in tree.cost_per_m]
        small = self.draft.initial_state(c) if existing else self.draft.state(c, "small")
        large = self.draft.state(c, "large")
        if not existing:
            for state, cost in ((small, costs[0]), (large, costs[1])):
                self.draft.transition(self.draft.initial_state(c), state, overnight_cost=cost, lead_years=0, lifetime=30)
        self.draft.transition(small, large, overnight_cost=round(0.9 * costs[1]), lead_years=0, lifetime=30)
        self.pairs["size"] += [(a, small), (a, large)]
        self.diameter += list(tree.diameters)

    def _single(self, name: str, kind: str, owner: int, cost: int, capacity: float = 0.0) -> int:
        c = self.draft.candidate(name, NAME, 0)
        p = self.draft.option(c, "it", capacity=capacity, overnight_cost=cost, lead_years=0, lifetime=30)
        self.pairs[kind].append((owner, self.draft.transitions[p]["to_state"]))
        return c

    def _data(self, station: int) -> xr.Dataset:
        tree = self.tree
        with_station = tree.station is not None
        supply_node = np.array([0, tree.station + 1] if tree.station is not None else [0], np.int64)
        capacity = largest_flow(tree.medium, np.array(self.diameter), 2.0 if tree.medium == "water" else 20.0, tree.least)
        variables = {
            "node_elevation": ("node", np.array(tree.height)),
            "node_uncertainty": ("node", np.zeros(tree.n + 1)),
            "node_county": ("node", np.zeros(tree.n + 1, np.int64)),
            "origin_node": ("origin", np.arange(1, tree.n + 1)),
            "origin_candidate": ("origin", np.zeros(tree.n, np.int64)),
            "origin_county": ("origin", np.zeros(tree.n, np.int64)),
            "quantity": (("origin", "period"), tree.quantity),
            "arc_tail": ("arc", np.array(tree.parent, np.int64)),
            "arc_head": ("arc", np.arange(1, tree.n + 1)),
            "arc_length": ("arc", np.array(tree.length)),
            "size_diameter": ("size", np.array(self.diameter)),
            "size_capacity": ("size", capacity * YEAR_SECONDS / 2.0),
            "lift_height": ("lift", np.full(len(self.pairs["lift"]), 40.0)),
            "supply_node": ("supply", supply_node),
            "supply_candidate": ("supply", np.array([-1, station][: len(supply_node)], np.int64)),
            "supply_kind": ("supply", np.array(["works", "lng"][: len(supply_node)], str)),
            "supply_pressure": ("supply", np.array([tree.pressure, 0.8 * tree.pressure][: len(supply_node)])),
            "supply_capacity": ("supply", np.array([tree.supply_capacity, 0.0][: len(supply_node)])),
            "supply_minutes": ("supply", np.zeros(len(supply_node))),
            "supply_cost": ("supply", np.array([1.0, 2.5][: len(supply_node)])),
        }
        owners = {"size": "arc", "lift": "arc", "reduce": "arc", "connect": "origin", "station": "supply"}
        for kind, owner in owners.items():
            table = np.array(self.pairs[kind], np.int64).reshape(-1, 2)
            variables |= {f"{kind}_{owner}": (kind, table[:, 0]), f"{kind}_state": (kind, table[:, 1])}
        names = {
            "node": np.array([f"N{i}" for i in range(tree.n + 1)], str), "arc": np.array([f"P{a}" for a in range(tree.n)], str),
            "supply": np.array(["N0", "station"][: 1 + with_station], str), "period": np.arange(PERIODS),
            "origin": np.array([f"N{i + 1}" for i in range(tree.n)], str),
        }  # fmt: skip
        attrs = {
            "medium": tree.medium, "commodity": "flow", "unit": "m3/yr", "roughness": 130.0 if tree.medium == "water" else 0.05,
            "least": tree.least, "transit": tree.transit, "most": tree.most, "reduced": tree.reduced,
            "peak": 2.0 / YEAR_SECONDS, "gain": tree.gain, "energy": 0.004, "samples": 0,
        }  # fmt: skip
        return xr.Dataset(variables, names, attrs)
