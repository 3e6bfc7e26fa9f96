"""Counties and places: the census as it is, township positions and populations by rule."""

from __future__ import annotations

import json
import math

import numpy as np
from shapely import STRtree, contains_xy
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from data.gansu.build.files import HERE, Row, read_facts

TERRITORY_KM2 = 150.0
"""Largest territory a township is given around the seat: beyond it desert and grassland are taken as empty."""
STREET_RADIUS_KM = 6.0
CANDIDATES_A_TOWN = 60
URBAN_WEIGHT = {"street": 6.0, "town": 1.0, "township": 0.2}
RURAL_WEIGHT = {"street": 0.0, "town": 1.3, "township": 1.0}
SEAT_TOWN_URBAN_WEIGHT = 8.0
MARKETS_OUTSIDE = (
    ("M_XIAN", "西安方向", "Gateway to Xi'an", "620503"),
    ("M_SICHUAN", "四川方向", "Gateway to Sichuan", "621202"),
    ("M_XINJIANG", "新疆方向", "Gateway to Xinjiang", "620982"),
    ("M_NINGXIA", "宁夏方向", "Gateway to Ningxia", "620403"),
)


def counties() -> list[Row]:
    """One row a county, as the 2020 census tabulates it."""
    return [
        {
            "county_id": r["county_id"],
            "name_zh": r["name_zh"],
            "name_en": r["name_en"],
            "prefecture_id": r["prefecture_id"],
            "prefecture_zh": r["prefecture_zh"],
            "prefecture_en": r["prefecture_en"],
            "kind": r["kind"],
            "in_official_list": r["in_official_86"],
            "lon": float(r["lon"]),
            "lat": float(r["lat"]),
            "area_km2": float(r["area_km2"]),
            "population": int(float(r["pop_2020"])),
            "urban_population": int(float(r["urban_pop_2020"])),
            "rural_population": int(float(r["rural_pop_2020"])),
            "agri_employed_share": float(r["agri_employed_share"] or 0),
            "elevation_m": float(r["elevation_m"]),
        }
        for r in read_facts("census.csv")
    ]


def townships(county_rows: list[Row]) -> list[Row]:
    """Ordinary townships with synthetic positions and populations split from their county's."""
    polygons = _polygons()
    by_county: dict[str, list[dict[str, str]]] = {}
    for r in read_facts("townships.csv"):
        if r["is_ordinary_unit"] == "1":
            by_county.setdefault(r["county_adcode"], []).append(r)
    rows: list[Row] = []
    for county in county_rows:
        units = by_county.get(str(county["county_id"]), [])
        points = _positions(county, units, polygons[str(county["county_id"])])
        rows += _with_people(county, units, points)
    return rows


def seats_and_markets(county_rows: list[Row]) -> list[Row]:
    """County seats, a market at each prefecture's main seat, and gateways to the neighbouring provinces."""
    seat = {str(c["county_id"]): c for c in county_rows}
    main: dict[str, Row] = {}
    for c in county_rows:
        held = main.get(str(c["prefecture_id"]))
        if held is None or c["urban_population"] > held["urban_population"]:
            main[str(c["prefecture_id"])] = c
    rows = [_point(f"S{c['county_id']}", f"{c['name_zh']}城", str(c["name_en"]), "county_seat", c) for c in county_rows]
    rows += [
        _point(f"M{k}", f"{c['prefecture_zh']}市场", f"{c['prefecture_en']} market", "market", c)
        for k, c in main.items()
    ]
    rows += [_point(key, zh, en, "market", seat[county]) for key, zh, en, county in MARKETS_OUTSIDE]
    return rows


def _point(place_id: str, zh: str, en: str, kind: str, county: Row) -> Row:
    return {
        "place_id": place_id,
        "name_zh": zh,
        "name_en": en,
        "kind": kind,
        "county_id": county["county_id"],
        "lon": county["lon"],
        "lat": county["lat"],
        "placement": "published",
        "population": "",
        "rural_population": "",
        "node_id": f"S{county['county_id']}",
        "origin": "lon,lat=fact:C03",
    }


def _polygons() -> dict[str, BaseGeometry]:
    features = json.loads((HERE / "counties.geojson").read_text(encoding="utf-8"))["features"]
    return {f["properties"]["county_id"]: shape(f["geometry"]).buffer(0) for f in features}


def km_between(lon1: np.ndarray, lat1: np.ndarray, lon2: float, lat2: float) -> np.ndarray:
    """Distance on a local plane, good to 0.5 % over 200 km at these latitudes."""
    x = np.radians(np.asarray(lon1) - lon2) * np.cos(np.radians((np.asarray(lat1) + lat2) / 2))
    return np.asarray(6371.0 * np.hypot(x, np.radians(np.asarray(lat1) - lat2)))


def _positions(county: Row, units: list[dict[str, str]], polygon: BaseGeometry) -> dict[str, tuple[float, float]]:
    """Seat town at the seat, streets close to it, the others far from each other within the settled part."""
    lon, lat = float(county["lon"]), float(county["lat"])
    towns = [u for u in units if u["kind"] != "street"]
    seat_town = next((u for u in towns if u["name_zh"] == "城关镇"), None)
    positions = {seat_town["code"]: (lon, lat)} if seat_town else {}
    for i, u in enumerate(u for u in units if u["kind"] == "street"):
        positions[u["code"]] = _around(lon, lat, STREET_RADIUS_KM * math.sqrt((i + 0.5) / 25), i)
    others = [u for u in towns if u["code"] not in positions]
    settled = min(float(county["area_km2"]), TERRITORY_KM2 * max(len(towns), 1))
    radius = max(12.0, 1.25 * math.sqrt(settled / math.pi))
    cloud = _cloud(polygon, lon, lat, radius, CANDIDATES_A_TOWN * max(len(others), 1))
    for u, point in zip(others, _far_apart(cloud, lon, lat, len(others)), strict=True):
        positions[u["code"]] = point
    return positions


def _around(lon: float, lat: float, km: float, i: int) -> tuple[float, float]:
    """Point ``i`` of a sunflower spiral around a centre."""
    angle = i * 2.399963229728653
    east, north = km * math.cos(angle), km * math.sin(angle)
    return lon + east / (111.32 * math.cos(math.radians(lat))), lat + north / 111.32


def _cloud(polygon: BaseGeometry, lon: float, lat: float, radius: float, count: int) -> np.ndarray:
    """Points of a sunflower spiral that lie within the county, (n, 2); the spiral widens until there are enough."""
    for widen in (1.0, 1.5, 2.5, 5.0):
        points = np.array([_around(lon, lat, widen * radius * math.sqrt((i + 0.5) / count), i) for i in range(count)])
        inside = points[contains_xy(polygon, points[:, 0], points[:, 1])]
        if len(inside) >= count / CANDIDATES_A_TOWN * 4:
            return inside
    return points


def _far_apart(cloud: np.ndarray, lon: float, lat: float, count: int) -> list[tuple[float, float]]:
    """Farthest-point choice (Gonzalez 1985) that begins at the seat, which also pulls in the outermost points."""
    nearest = km_between(cloud[:, 0], cloud[:, 1], lon, lat)
    outer = nearest.max() if len(nearest) else 1.0
    chosen: list[tuple[float, float]] = []
    pull = 1.0 - 0.35 * nearest / outer
    for _ in range(count):
        i = int(np.argmax(nearest * pull))
        point = float(cloud[i, 0]), float(cloud[i, 1])
        chosen.append(point)
        nearest = np.minimum(nearest, km_between(cloud[:, 0], cloud[:, 1], *point))
    return chosen


def _with_people(county: Row, units: list[dict[str, str]], points: dict[str, tuple[float, float]]) -> list[Row]:
    urban_weight = [SEAT_TOWN_URBAN_WEIGHT if u["name_zh"] == "城关镇" else URBAN_WEIGHT[u["kind"]] for u in units]
    rural_weight = [RURAL_WEIGHT[u["kind"]] for u in units]
    if sum(rural_weight) == 0:
        rural_weight = [1.0] * len(units)
    rural = _split(int(county["rural_population"]), rural_weight)
    urban = _split(int(county["urban_population"]), urban_weight)
    return [
        {
            "place_id": u["code"],
            "name_zh": u["name_zh"],
            "name_en": "",
            "kind": "township",
            "county_id": county["county_id"],
            "lon": round(points[u["code"]][0], 5),
            "lat": round(points[u["code"]][1], 5),
            "placement": "synthetic placement",
            "population": r + c,
            "rural_population": r,
            "node_id": f"T{u['code']}",
            "unit_kind": u["kind"],
        }
        for u, r, c in zip(units, rural, urban, strict=True)
    ]


def _split(total: int, weights: list[float]) -> list[int]:
    """Whole people by weight, largest remainder."""
    exact = np.array(weights) * total / sum(weights)
    whole = np.floor(exact).astype(int)
    for i in np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]:
        whole[i] += 1
    return [int(w) for w in whole]


def neighbours(lons: np.ndarray, lats: np.ndarray, reach_km: float) -> list[tuple[int, int, float]]:
    """Pairs of points within reach that no third point shortcuts (Gabriel graph), with their distance in km."""
    from shapely import points as make_points

    scale = math.cos(math.radians(float(np.mean(lats)))) * 111.32
    x, y = np.asarray(lons) * scale, np.asarray(lats) * 111.32
    tree = STRtree(make_points(x, y))
    pairs = []
    for i in range(len(x)):
        near = tree.query(make_points(x[i], y[i]).buffer(reach_km))
        for j in sorted(int(n) for n in near if n > i):
            d2 = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
            mx, my = (x[i] + x[j]) / 2, (y[i] + y[j]) / 2
            inside = tree.query(make_points(mx, my).buffer(math.sqrt(d2) / 2))
            closer = [k for k in inside if k not in (i, j) and (x[k] - mx) ** 2 + (y[k] - my) ** 2 < d2 / 4 - 1e-9]
            if not closer:
                pairs.append((i, j, float(km_between(lons[i], lats[i], float(lons[j]), float(lats[j])))))
    return pairs
