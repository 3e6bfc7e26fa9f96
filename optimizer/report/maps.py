"""Maps of an archetype's features on the region: drawn for the frame shown first, with what a script needs for the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from optimizer.report.page import render_section
from optimizer.report.svg import WIDTH, Projection, county_shapes, path_of, polyline, region_lines
from optimizer.report.views import Views
from optimizer.systems.exhibits import MapLayer, Measure, ReportMap, Words

RAMPS = {
    "distinct": ("#e39b3b", "#7b6ba8", "#8c6b52", "#b5485d", "#5d7f3b", "#c9a227", "#4f7f7a", "#1f6f8b"),
    "plenty": ("#1b2a63", "#3f5fa8", "#4f93c4", "#74c0c4", "#b4dcb0"),
    "safety": ("#b3202c", "#e9893b", "#e5c64a", "#7fb46a", "#2c7a78"),
    "danger": ("#8aa9a0", "#f0cf63", "#eda044", "#dd6537", "#b02a37", "#641327"),
    "change": ("#1f6f8b", "#7fb5c8", "#9aa5ab", "#e7a35c", "#b3202c"),
}
WIDTHS, RADII, PLAIN = (1.0, 4.2), (3.0, 8.0), {"line": 1.6, "point": 2.4}
NONE = "-"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
PAD = 0.12
"""Margin around a county when the map is drawn larger, as a share of it."""


@dataclass(frozen=True)
class Base:
    """The region that all maps are drawn on."""

    views: Views

    @cached_property
    def shapes(self) -> dict[str, Any]:
        """Polygon of every county."""
        return county_shapes(self.views.region)

    @cached_property
    def projection(self) -> Projection:
        """All counties across the width."""
        bounds = np.array([s.bounds for s in self.shapes.values()])
        return Projection.around([bounds[:, 0].min(), bounds[:, 2].max()], [bounds[:, 1].min(), bounds[:, 3].max()])

    @cached_property
    def height(self) -> float:
        """Of the page that the counties take."""
        return max(self.projection.xy(s.bounds[0], s.bounds[1])[1] for s in self.shapes.values()) + 10

    @cached_property
    def rivers(self) -> list[str]:
        """Paths of rivers."""
        return [polyline(line, self.projection) for line in region_lines(self.views.region, "rivers")]

    @cached_property
    def counties(self) -> list[dict[str, Any]]:
        """Id, names, path and box of every county."""
        return [
            {"id": str(row.county_id), "zh": row.name_zh, "en": row.name_en, "box": self._box(str(row.county_id)),
             "path": path_of(self.shapes[str(row.county_id)], self.projection)}
            for row in self.views.counties.itertuples()
            if str(row.county_id) in self.shapes
        ]  # fmt: skip

    def _box(self, county: str) -> str:
        """Part of the page that shows a county, in the shape of the whole."""
        west, south, east, north = self.shapes[county].bounds
        (left, top), (right, low) = self.projection.xy(west, north), self.projection.xy(east, south)
        width = max(right - left, (low - top) * WIDTH / self.height) * (1 + 2 * PAD)
        tall = width * self.height / WIDTH
        return f"{(left + right - width) / 2:.1f} {(top + low - tall) / 2:.1f} {width:.1f} {tall:.1f}"


def map_html(section: ReportMap, base: Base, key: str) -> Markup:
    """A map with buttons for every choice and a legend."""
    first = [axis.first % len(axis.choices) for axis in section.axes]
    frame = int(np.ravel_multi_index(first, section.shape))
    layers = [_layer(layer, section.shape, frame, base.projection) for layer in section.layers]
    data = {"shape": section.shape, "chosen": first, "layers": [layer.pop("data") for layer in layers]}
    return render_section(
        "map_of.html", key=key, section=section, base=base, width=WIDTH, first=first, layers=layers,
        data=Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
    )  # fmt: skip


def _layer(layer: MapLayer, shape: tuple[int, ...], frame: int, projection: Projection) -> dict[str, Any]:
    colours = ramp(layer.ramp, layer.colour.n_classes)
    sizes = _sizes(layer)
    colour = layer.colour.classes(shape)
    size = layer.size.classes(shape) if layer.size else np.zeros_like(colour)
    features = [
        {"d": _way(layer, way, projection), "shown": colour[i, frame] >= 0, "colour": colours[colour[i, frame]],
         "size": sizes[max(size[i, frame], 0)]}
        for i, way in enumerate(layer.ways)
    ]  # fmt: skip
    measures = [m for m in (layer.colour, layer.size) if m]
    data = {
        "kind": layer.kind, "colours": colours, "sizes": sizes, "c": _coded(colour), "s": _coded(size),
        "names": [_pair(name) for name in layer.names],
        "measures": [{"label": _pair(m.label), "unit": m.unit, "values": _values(m, shape)} for m in measures],
    }  # fmt: skip
    return {"layer": layer, "features": features, "data": data, "legend": _legend(layer, colours, sizes)}


def ramp(name: str, n: int) -> list[str]:
    """``n`` colours, spread over those of a ramp; repeated where it has fewer."""
    colours = RAMPS[name]
    if name == "distinct" or n > len(colours):
        return [colours[i % len(colours)] for i in range(n)]
    return [colours[round(i * (len(colours) - 1) / max(n - 1, 1))] for i in range(n)]


def _sizes(layer: MapLayer) -> list[float]:
    if layer.size is None:
        return [PLAIN[layer.kind]]
    low, high = WIDTHS if layer.kind == "line" else RADII
    return [round(float(s), 1) for s in np.linspace(low, high, layer.size.n_classes)]


def _way(layer: MapLayer, way: np.ndarray, projection: Projection) -> Any:
    points = [projection.xy(float(x), float(y)) for x, y in way]
    if layer.kind == "point":
        return round(points[0][0], 1), round(points[0][1], 1)
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _coded(classes: np.ndarray) -> list[str]:
    """A character for every frame, or one for all where they are alike."""
    return ["".join(_once([NONE if c < 0 else DIGITS[c] for c in row])) for row in classes]


def _values(measure: Measure, shape: tuple[int, ...]) -> list[list[Any]]:
    """What a reader is told of every feature and frame: names or rounded numbers."""
    if measure.names:
        return [_once([None if v != v else _pair(measure.names[int(v)]) for v in row]) for row in measure.spread(shape)]
    return [_once([None if v != v else float(f"{v:.4g}") for v in row]) for row in measure.spread(shape)]


def _once(row: list[Any]) -> list[Any]:
    return row[:1] if all(v == row[0] for v in row) else row


def _pair(words: Words) -> list[str]:
    return [words.zh, words.en]


def _legend(layer: MapLayer, colours: list[str], sizes: list[float]) -> list[dict[str, Any]]:
    """Rows of a layer's legend: colours, then sizes."""
    rows = [{"measure": layer.colour, "items": [(n, c, None) for n, c in zip(class_names(layer.colour), colours, strict=True)]}]
    if layer.size:
        rows.append({"measure": layer.size, "items": [(n, "#55656d", s) for n, s in zip(class_names(layer.size), sizes, strict=True)]})
    return rows


def class_names(measure: Measure) -> list[Words]:
    """The reader's name of every class."""
    if measure.names:
        return list(measure.names)
    bounds = [f"{b:,.10g}" for b in measure.breaks]
    names = [f"< {bounds[0]}", *(f"{a} – {b}" for a, b in pairwise(bounds)), f"≥ {bounds[-1]}"]
    return [Words(n, n) for n in names]
