"""Maps and charts as SVG from own geometry: no outside reference, printable, readable without scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from shapely import voronoi_polygons
from shapely.geometry import MultiPoint, box, shape
from shapely.geometry.base import BaseGeometry

from optimizer.region import Region

WIDTH = 980
PALETTE = ("#1f6f8b", "#e39b3b", "#7a9e59", "#b5485d", "#7b6ba8", "#4f7f7a", "#c9a227", "#8c6b52")
__all__ = ["PALETTE", "Projection", "bars", "county_shapes", "path_of", "polyline", "region_lines", "round_step"]


@dataclass(frozen=True)
class Projection:
    """Longitude and latitude to the page: equirectangular, true at the middle latitude."""

    west: float
    north: float
    scale: float
    squeeze: float

    @classmethod
    def around(cls, lons: Sequence[float], lats: Sequence[float]) -> Projection:
        """A projection in which the points fill the width."""
        middle = math.cos(math.radians((min(lats) + max(lats)) / 2))
        span = max((max(lons) - min(lons)) * middle, 1e-6)
        return cls(min(lons), max(lats), (WIDTH - 20) / span, middle)

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Position on the page."""
        return 10 + (lon - self.west) * self.squeeze * self.scale, 10 + (self.north - lat) * self.scale


def county_shapes(region: Region) -> dict[str, BaseGeometry]:
    """Polygon of each county: from the region's map file, or a cell around each seat where there is none."""
    file = region.geometry("counties")
    if file is not None:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        return {str(f["properties"]["county_id"]): shape(f["geometry"]) for f in features}
    return _cells(region)


def region_lines(region: Region, name: str) -> list[BaseGeometry]:
    """Lines of a map file of the region; none where it has no such file."""
    file = region.geometry(name)
    return [shape(f["geometry"]) for f in json.loads(file.read_text(encoding="utf-8"))["features"]] if file else []


def _cells(region: Region) -> dict[str, BaseGeometry]:
    counties = region.tables["counties"]
    points = [(float(x), float(y)) for x, y in zip(counties["lon"], counties["lat"], strict=True)]
    frame = box(*_padded(points))
    if len(points) < 2:
        return {str(c): frame for c in counties["county_id"]}
    cells = [cell.intersection(frame) for cell in voronoi_polygons(MultiPoint(points), extend_to=frame).geoms]
    named = {}
    for county, point in zip(counties["county_id"], MultiPoint(points).geoms, strict=True):
        named[str(county)] = min(cells, key=lambda cell: cell.distance(point))
    return named


def _padded(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    x, y = np.array(points).T
    pad = max(float(np.ptp(x)), float(np.ptp(y)), 0.2) * 0.15
    return float(x.min() - pad), float(y.min() - pad), float(x.max() + pad), float(y.max() + pad)


def path_of(geometry: BaseGeometry, projection: Projection) -> str:
    """SVG path of a polygon's rings."""
    polygons = getattr(geometry, "geoms", [geometry])
    rings = [ring for p in polygons if p.geom_type == "Polygon" for ring in (p.exterior, *p.interiors)]
    return "".join(_line(ring.coords, projection) + "Z" for ring in rings)


def polyline(geometry: BaseGeometry, projection: Projection) -> str:
    """SVG path of lines."""
    return "".join(_line(part.coords, projection) for part in getattr(geometry, "geoms", [geometry]))


def _line(coords, projection: Projection) -> str:  # type: ignore[no-untyped-def]
    points = [projection.xy(x, y) for x, y, *_ in coords]
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def bars(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], unit: str) -> Markup:
    """Stacked bars: one bar a label, one colour a series."""
    totals = [sum(values[i] for _, values in series) for i in range(len(labels))]
    step_up = round_step(max([*totals, 1e-9]))
    top = step_up * np.ceil(max([*totals, 1e-9]) / step_up)
    width, height, left, base = 1080, 300, 60, 260
    step = (width - left - 10) / max(len(labels), 1)
    parts = [f'<svg viewBox="0 0 {width} {height}" class="chart" role="img" aria-label="{escape(unit)}">']
    for tick in np.arange(0, top + step_up / 2, step_up):
        y = base - tick / top * (base - 20)
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
    for i, label in enumerate(labels):
        y = float(base)
        for j, (name, values) in enumerate(series):
            h = values[i] / top * (base - 20)
            y -= h
            parts.append(
                f'<rect x="{left + i * step + step * 0.15:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{h:.1f}" '
                f'fill="{PALETTE[j % len(PALETTE)]}"><title>{escape(label)} {escape(name)}: {values[i]:,.1f} {escape(unit)}</title></rect>'
            )
        parts.append(
            f'<text x="{left + (i + 0.5) * step:.1f}" y="{base + 18}" text-anchor="middle">{escape(label)}</text>'
        )
    return Markup("".join(parts) + "</svg>")


def round_step(most: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, four or five of which reach ``most``."""
    rough = most / 4
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= rough))
