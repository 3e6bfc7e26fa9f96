"""Roads as GMNS nodes and links: expressway distances as facts, everything else by rule, one connected graph."""

from __future__ import annotations

import networkx as nx
import numpy as np

from data.gansu.build.files import Row, read_facts
from data.gansu.build.places import km_between, neighbours

SPEED_KMH = {"expressway": 90.0, "county_road": 60.0, "township_road": 40.0}
SEAT_REACH_KM = 250.0
TOWN_REACH_KM = 60.0
SHORTEST_KM = 0.5


def detour() -> float:
    """Median of the printed road distances against straight lines."""
    return float(np.median([float(r["detour"]) for r in read_facts("road_detours.csv")]))


def nodes(county_rows: list[Row], township_rows: list[Row]) -> list[Row]:
    """A node for every county seat and every township."""
    seats = [
        {
            "node_id": f"S{c['county_id']}",
            "name": c["name_zh"],
            "x_coord": c["lon"],
            "y_coord": c["lat"],
            "node_type": "seat",
            "zone_id": c["county_id"],
            "origin": "x_coord,y_coord=fact:C03",
        }
        for c in county_rows
    ]
    towns = [
        {
            "node_id": t["node_id"],
            "name": t["name_zh"],
            "x_coord": t["lon"],
            "y_coord": t["lat"],
            "node_type": "township",
            "zone_id": t["county_id"],
        }
        for t in township_rows
    ]
    return seats + towns


def links(node_rows: list[Row]) -> list[Row]:
    """Expressways between seats, county roads between neighbouring seats, township roads between the rest."""
    factor = detour()
    seats = [n for n in node_rows if n["node_type"] == "seat"]
    found = [*_expressways(), *_by_rule(seats, SEAT_REACH_KM, "county_road", factor)]
    found += _by_rule(node_rows, TOWN_REACH_KM, "township_road", factor)
    found += _joins(node_rows, found, factor)
    return [
        {
            "link_id": f"L{i + 1:05d}",
            "from_node_id": u,
            "to_node_id": v,
            "directed": 0,
            "length": round(km, 2),
            "facility_type": kind,
            "free_speed": SPEED_KMH[kind],
            "lanes": "",
            "origin": origin,
        }
        for i, (u, v, km, kind, origin) in enumerate(found)
    ]


def _expressways() -> list[tuple[str, str, float, str, str]]:
    access = {r["county_id"]: float(r["access_km"]) for r in read_facts("expressway_access.csv")}
    return [
        (
            f"S{r['from_county']}",
            f"S{r['to_county']}",
            float(r["expressway_km"]) + access[r["from_county"]] + access[r["to_county"]],
            "expressway",
            "length=derived:R01",
        )
        for r in read_facts("expressway_links.csv")
    ]


def _by_rule(rows: list[Row], reach: float, kind: str, factor: float) -> list[tuple[str, str, float, str, str]]:
    lons = np.array([float(n["x_coord"]) for n in rows])
    lats = np.array([float(n["y_coord"]) for n in rows])
    return [
        (str(rows[i]["node_id"]), str(rows[j]["node_id"]), max(SHORTEST_KM, km * factor), kind, "")
        for i, j, km in neighbours(lons, lats, reach)
        if kind == "county_road" or "township" in (rows[i]["node_type"], rows[j]["node_type"])
    ]


def _joins(
    node_rows: list[Row], found: list[tuple[str, str, float, str, str]], factor: float
) -> list[tuple[str, str, float, str, str]]:
    """The shortest township road from every separate part to the rest."""
    graph = nx.Graph()
    graph.add_nodes_from(str(n["node_id"]) for n in node_rows)
    graph.add_edges_from((u, v) for u, v, *_ in found)
    at = {str(n["node_id"]): n for n in node_rows}
    joins = []
    while nx.number_connected_components(graph) > 1:
        smallest = min(nx.connected_components(graph), key=lambda part: (len(part), min(part)))
        rest = sorted(set(graph) - smallest)
        lons = np.array([float(at[n]["x_coord"]) for n in rest])
        lats = np.array([float(at[n]["y_coord"]) for n in rest])
        best = min(
            (float(d.min()), n, rest[int(d.argmin())])
            for n in sorted(smallest)
            for d in [km_between(lons, lats, float(at[n]["x_coord"]), float(at[n]["y_coord"]))]
        )
        joins.append((best[1], best[2], max(SHORTEST_KM, best[0] * factor), "township_road", ""))
        graph.add_edge(best[1], best[2])
    return joins
