"""plan.gpkg: projects, counties, places, roads and what the systems show on maps, as layers that QGIS opens."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Point, shape

from optimizer.report.svg import county_shapes
from optimizer.report.views import Views
from optimizer.systems.exhibits import MapLayer, Measure, ReportMap

WGS84 = "EPSG:4326"


def write_geopackage(path: Path, views: Views) -> None:
    """Write every layer."""
    layers = {
        "projects": _projects(views),
        "counties": _counties(views),
        "places": _places(views),
        "roads": _roads(views),
    }
    layers |= _exhibits(views)
    rivers = _rivers(views)
    if rivers is not None:
        layers["rivers"] = rivers
    for name, frame in layers.items():
        if len(frame):
            frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")


def _frame(data: pd.DataFrame, geometry: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(data.reset_index(drop=True), geometry=geometry, crs=WGS84)


def _projects(views: Views) -> gpd.GeoDataFrame:
    places = views.region.tables["places"].set_index("place_id")
    projects = views.projects
    points = [
        Point(places.at[p, "lon"], places.at[p, "lat"]) if p in places.index else Point()
        for p in projects.get("place_id", [])
    ]
    placement = [places.at[p, "placement"] if p in places.index else "" for p in projects.get("place_id", [])]
    return _frame(projects.assign(placement=placement), points)


def _counties(views: Views) -> gpd.GeoDataFrame:
    shapes = county_shapes(views.region)
    counties = views.counties
    for system, levels in views.service_levels_cached.items():
        for year in views.years:
            counties = counties.assign(**{f"{system}_{year}": levels[year].to_numpy()})
    known = counties[counties["county_id"].isin(shapes)]
    return _frame(known, [shapes[str(c)] for c in known["county_id"]])


def _places(views: Views) -> gpd.GeoDataFrame:
    places = views.region.tables["places"]
    return _frame(
        places.drop(columns="origin"), [Point(x, y) for x, y in zip(places["lon"], places["lat"], strict=True)]
    )


def _roads(views: Views) -> gpd.GeoDataFrame:
    node = views.region.tables["node"].set_index("node_id")
    at = {str(n): (x, y) for n, x, y in zip(node.index, node["x_coord"], node["y_coord"], strict=True)}
    link = views.region.tables["link"]
    lines = [LineString([at[u], at[v]]) for u, v in zip(link["from_node_id"], link["to_node_id"], strict=True)]
    return _frame(link.drop(columns="origin"), lines)


def _rivers(views: Views) -> gpd.GeoDataFrame | None:
    file = views.region.geometry("rivers")
    if file is None:
        return None
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    return _frame(pd.DataFrame([f["properties"] for f in features]), [shape(f["geometry"]) for f in features])


def _exhibits(views: Views) -> dict[str, gpd.GeoDataFrame]:
    """Every layer of every map of the systems, a column for each measure and frame."""
    return {
        f"{system}_{layer.key}": _features(layer, section)
        for system, sections in views.exhibits.items()
        for section in sections
        if isinstance(section, ReportMap)
        for layer in section.layers
    }


def _features(layer: MapLayer, section: ReportMap) -> gpd.GeoDataFrame:
    frames = ["_".join(_column(choice.en) for choice in chosen) for chosen in product(*(a.choices for a in section.axes))]
    columns: dict[str, object] = {
        "id": layer.ids, "name_zh": [n.zh for n in layer.names], "name_en": [n.en for n in layer.names]
    }  # fmt: skip
    for measure in (m for m in (layer.colour, layer.size) if m is not None):
        values = measure.spread(section.shape)
        for k, frame in enumerate(frames):
            columns[f"{measure.key}_{frame}"] = _told(measure, values[:, k])
    lines = [LineString(way) if layer.kind == "line" else Point(way[0]) for way in layer.ways]
    return _frame(pd.DataFrame(columns), lines)


def _told(measure: Measure, values: np.ndarray) -> list[object]:
    """Numbers, or names where values are places in a list of names."""
    if not measure.names:
        return [float(v) for v in values]
    return [str(measure.names[int(v)]) if np.isfinite(v) else None for v in values]


def _column(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text)
