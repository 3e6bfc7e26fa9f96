"""Water and gas: who wants them, along which roads pipes may run, where they are fed, what may be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from data.gansu.build.files import Row, fact, read_facts

LITRES_A_DAY = 365 / 1000
FARTHEST_KM = 45.0
"""A pipe between two places longer than this is left out, with all that would hang on it."""
DETOUR = 1.25
"""A second way into a township is offered where it is at most so much longer than the first."""
HOPEFUL = 0.5
"""A branch is left out where it costs more than this share's reciprocal of its worth at the high values."""
SPARE_OF_WATERWORKS = 0.25
"""Of what the people of a county's towns use, what the waterworks at its seat have to spare."""
WITHOUT_PIPELINE = ("621200", "623000")
"""Longnan and Gannan. Elsewhere a seat within 20 km of an expressway is taken to have a pipeline gate."""
GATES_BESIDE = ("623001", "623027", "622901")
"""Hezuo and Xiahe, which the branch from Linxia reaches (U19), and Linxia itself."""
TRENCH_SAVED_KM = 60_000
"""CNY a km saved when water and gas share a trench."""
LIFT_FROM_M, REDUCE_FROM_M = 35.0, 60.0
"""A booster is offered on a pipe that climbs more than this, a reducer on one that falls more."""


@dataclass(frozen=True)
class Kind:
    """What tells the water system from the gas system."""

    system: str
    commodity: str
    prefix: str
    sizes: Mapping[str, tuple[float, float]]
    """Option: largest m3 a year through it that is reasonable, CNY a metre."""
    worth_low_high: tuple[float, float]
    connection: float
    """CNY a unit of connection (1,000 people, 100 households)."""


WATER = Kind(
    "water", "water", "W",
    {"dn100": (0.11e6, 230), "dn150": (0.25e6, 330), "dn200": (0.5e6, 460), "dn300": (1.2e6, 800), "dn400": (3e6, 1200)},
    (4.2, 18.9), 553_000,
)  # fmt: skip
GAS = Kind(
    "gas", "gas", "G",
    {"de63": (0.25e6, 150), "de110": (0.9e6, 260), "de160": (2.2e6, 400), "de200": (4e6, 540), "de315": (12e6, 1000)},
    (4.2, 6.3), 260_000,
)  # fmt: skip


def candidates_and_tables(
    kind: Kind, county_rows: list[Row], township_rows: list[Row], link_rows: list[Row], wanted: Mapping[str, float],
    height: Mapping[str, float],
) -> dict[str, list[Row]]:  # fmt: skip
    """Rows of candidates, pipe_corridors and supplies of one system.

    Parameters
    ----------
    wanted
        m3 a year of the last knot, by place.
    height
        m above the sea, by place.
    """
    roads = nx.Graph()
    for r in link_rows:
        km = float(r["length"])
        if km < roads.get_edge_data(r["from_node_id"], r["to_node_id"], {"km": 1e9})["km"]:
            roads.add_edge(r["from_node_id"], r["to_node_id"], km=km)
    found: dict[str, list[Row]] = {"candidates": [], "pipe_corridors": [], "supplies": []}
    for county in county_rows:
        mine = [t for t in township_rows if t["county_id"] == county["county_id"] and str(t["place_id"]) in wanted]
        if mine:
            part = _County(kind, county, mine, roads, wanted, height)
            for name, rows in part.tables().items():
                found[name] += rows
    return found


def corridors(found: list[dict[str, list[Row]]]) -> list[Row]:
    """Rows of corridors.csv: ways along which pipes of both systems may run."""
    length = {str(r["corridor_id"]): r for tables in found for r in tables["candidates"] if r["corridor_id"]}
    systems = {k: {r["system"] for t in found for r in t["candidates"] if r["corridor_id"] == k} for k in length}
    km = {str(r["candidate_id"]): float(r["length_km"]) for t in found for r in t["pipe_corridors"]}
    return [
        {"corridor_id": k, "name_zh": str(r["name_zh"]).split("管道")[0] + "廊道",
         "saving": round(TRENCH_SAVED_KM * km[str(r["candidate_id"])])}
        for k, r in length.items() if len(systems[k]) > 1
    ]  # fmt: skip


def near_expressway() -> set[str]:
    """Counties whose seat lies within 20 km of an expressway."""
    return {r["county_id"] for r in read_facts("expressway_access.csv")}


class _County:
    """The network that one county may build: a tree of shortest ways from its seat, and a few second ways."""

    def __init__(
        self, kind: Kind, county: Row, towns: list[Row], roads: nx.Graph, wanted: Mapping[str, float],
        height: Mapping[str, float],
    ) -> None:  # fmt: skip
        self.kind, self.county, self.wanted, self.height = kind, county, wanted, height
        self.key, self.seat = str(county["county_id"]), f"S{county['county_id']}"
        self.town = {str(t["place_id"]): t for t in towns}
        node = {str(t["node_id"]): str(t["place_id"]) for t in towns} | {self.seat: self.seat}
        self.far, ways = nx.single_source_dijkstra(roads, self.seat, cutoff=6 * FARTHEST_KM, weight="km")
        self.parent: dict[str, tuple[str, float]] = {}
        for place in self.town:
            way = ways.get(str(self.town[place]["node_id"]))
            if way:
                above = next(n for n in reversed(way[:-1]) if n in node)
                self.parent[place] = node[above], self.far[way[-1]] - self.far[above]
        self.near = {p: [node[n] for n in roads[str(self.town[p]["node_id"])] if n in node] for p in self.parent}
        self.km = {(u, v): roads[self._node(u)][self._node(v)]["km"] for v, us in self.near.items() for u in us}
        self.kept = self._kept()

    def _node(self, place: str) -> str:
        return self.seat if place == self.seat else str(self.town[place]["node_id"])

    def _down(self) -> list[str]:
        """Places from the seat outwards."""
        return sorted(self.parent, key=lambda p: (self.far[self._node(p)], p))

    def _kept(self) -> list[str]:
        """Places whose branch is near enough and may pay at the high values; with what flows to them."""
        self.below = dict.fromkeys(self.parent, 0.0)
        worth = dict.fromkeys([*self.parent, self.seat], 0.0)
        kept: set[str] = set()
        for place in reversed(self._down()):
            above, km = self.parent[place]
            self.below[place] += self.wanted[place]
            worth[place] += self.wanted[place] * self.kind.worth_low_high[1] / 0.089
            cost = km * 1000 * self.kind.sizes[self._size(self.below[place])][1]
            if km <= FARTHEST_KM and worth[place] >= HOPEFUL * cost:
                kept.add(place)
                worth[above] += max(0.0, worth[place] - cost)
                if above != self.seat:
                    self.below[above] += self.below[place]
        reached: list[str] = []
        for place in self._down():
            if place in kept and self.parent[place][0] in (*reached, self.seat):
                reached.append(place)
        return reached

    def _size(self, flow: float) -> str:
        return next((name for name, (most, _) in self.kind.sizes.items() if flow <= most), list(self.kind.sizes)[-1])

    def _options(self, flow: float) -> str:
        """The size for all that hangs on a pipe, one above and one below."""
        names = list(self.kind.sizes)
        at = names.index(self._size(flow))
        return ";".join(names[max(0, at - 1) : at + 2])

    # ---- tables
    def tables(self) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {"candidates": [], "pipe_corridors": [], "supplies": self._supplies()}
        for place in self.kept:
            for number, (above, km) in enumerate(self._ways(place)):
                self._pipe(rows, place, above, km, number)
            rows["candidates"].append(self._connection(place))
        rows["candidates"] += [self._station(str(r["candidate_id"]), str(r["place_id"])) for r in rows["supplies"]
                               if r["candidate_id"]]  # fmt: skip
        return rows

    def _ways(self, place: str) -> list[tuple[str, float]]:
        first = self.parent[place]
        at = self.far[self._node(place)]
        others = [
            (u, self.km[u, place]) for u in self.near[place]
            if u != first[0] and (u == self.seat or u in self.kept)
            and self.far[self._node(u)] < at and self.far[self._node(u)] + self.km[u, place] <= DETOUR * at
        ]  # fmt: skip
        return [first, *sorted(others, key=lambda w: (w[1], w[0]))[:1]]

    def _pipe(self, rows: dict[str, list[Row]], place: str, above: str, km: float, number: int) -> None:
        key = f"{self.kind.prefix}P-{place}" + ("" if number == 0 else "b")
        corridor = f"{above}-{place}"
        name = self.town[place]["name_zh"]
        label = {"water": ("供水", "Water"), "gas": ("燃气", "Gas")}[self.kind.system]
        row = self._candidate(key, "pipe", f"{name}{label[0]}管道", f"{label[1]} pipe to {name}", place, max(0.5, km))
        rows["candidates"].append({**row, "options": self._options(self.below[place]), "corridor_id": corridor})
        rise = self.height[place] - self.height[above]
        device = {"booster_id": "", "reducer_id": ""}
        if self.kind.system == "water" and rise > LIFT_FROM_M:
            device["booster_id"] = f"WB-{key[3:]}"
            rows["candidates"].append(self._candidate(device["booster_id"], "booster", f"{name}加压泵站",
                                      f"Booster to {name}", above, max(0.2, self.below[place] / 365 / 1000)))  # fmt: skip
        if self.kind.system == "water" and rise < -REDUCE_FROM_M:
            device["reducer_id"] = f"WR-{key[3:]}"
            rows["candidates"].append(self._candidate(device["reducer_id"], "reducer", f"{name}减压站",
                                      f"Pressure reducer at {name}", place, 1.0))  # fmt: skip
        rows["pipe_corridors"].append({"candidate_id": key, "from_place_id": above, "to_place_id": place,
                                       "length_km": round(max(0.5, km), 2), **device})  # fmt: skip

    def _connection(self, place: str) -> Row:
        name = self.town[place]["name_zh"]
        units = self.wanted[place] / (WATER_A_HEAD * 1000 if self.kind.system == "water" else HOUSEHOLD_M3 * 100)
        label = {"water": ("供水入户", "Water connections at"), "gas": ("燃气入户", "Gas connections at")}[self.kind.system]
        return self._candidate(f"{self.kind.prefix}C-{place}", "connection", f"{name}{label[0]}", f"{label[1]} {name}",
                               place, max(0.02, units))  # fmt: skip

    def _supplies(self) -> list[Row]:
        if self.kind.system == "water":
            spare = int(self.county["urban_population"]) * fact("V107") * LITRES_A_DAY * SPARE_OF_WATERWORKS
            rows = [self._supply(self.seat, "waterworks", "", 60.0, float(round(spare, -3)))]
            return rows + [self._supply(p, "wellfield", f"WS-{p}", 40.0, "") for p in self._largest(1)]
        gate = self._has_gate()
        first = [self._supply(self.seat, "gate" if gate else "lng", "" if gate else f"GS-{self.key}", 400.0,
                              20e6 if gate else "")]  # fmt: skip
        return first + [self._supply(p, "lng", f"GS-{p}", 400.0, "") for p in self._largest(2)]

    def _has_gate(self) -> bool:
        return self.key in GATES_BESIDE or (
            self.county["prefecture_id"] not in WITHOUT_PIPELINE and self.key in near_expressway()
        )

    def _largest(self, count: int) -> list[str]:
        """Places that want most, the nearest third left aside: a source there must be worth its while."""
        far = self.kept[len(self.kept) // 3 :]
        return sorted(far, key=lambda p: (-self.wanted[p], p))[:count]

    def _supply(self, place: str, kind: str, candidate: str, pressure: float, capacity: float | str) -> Row:
        return {"system": self.kind.system, "place_id": place, "kind": kind, "candidate_id": candidate,
                "pressure": pressure, "capacity": capacity}  # fmt: skip

    def _station(self, key: str, place: str) -> Row:
        name = self.county["name_zh"] if place == self.seat else self.town[place]["name_zh"]
        zh, en = ("水源井及净水站", "Wells and treatment at") if self.kind.system == "water" else ("LNG 气化站", "LNG station at")
        row = self._candidate(key, "station", f"{name}{zh}", f"{en} {name}", place, 1.0)
        return row if self.kind.system == "water" else {**row, "options": "county;town" if place == self.seat else "town"}

    def _candidate(self, key: str, role: str, zh: str, en: str, place: str, factor: float) -> Row:
        return {
            "candidate_id": key, "system": self.kind.system, "role": role, "name_zh": zh, "name_en": en,
            "county_id": self.key, "place_id": place, "options": "*", "cost_factor": round(min(factor, 100.0), 3),
            "existing_option": "", "existing_capacity": "", "earliest_year": "", "latest_year": "", "corridor_id": "",
        }  # fmt: skip


WATER_A_HEAD = 105 * LITRES_A_DAY
"""m3 a year (V108, central)."""
HOUSEHOLD_M3 = 220.0
"""m3 of gas a year (V144, central)."""
