"""What an archetype shows in the report: tables, maps over years and other choices, curves. Figures and words, no drawing.

Every writer of files reads these: the page draws them, the workbook lists tables and curves, the geopackage keeps the
features of maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

Ramp = Literal["distinct", "plenty", "safety", "danger", "change"]
"""How classes are coloured: apart from each other; more and more; from bad to good; from good to bad; less, same, more."""


class Words(NamedTuple):
    """The same in Chinese and in English."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} {self.en}"


@dataclass(frozen=True)
class ReportTable:
    """A table: a title, words over each column, rows of numbers, texts and :class:`Words`; ``note`` says how to read it."""

    title: Words
    columns: tuple[Words, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: Words | None = None


@dataclass(frozen=True)
class Measure:
    """A figure of every feature of a layer in every frame of its map, and the classes it falls into.

    Parameters
    ----------
    key
        Name of the column in files.
    label, unit
        For the reader; no unit: a pure number or a name.
    values
        (feature, *frames) float; NaN where the feature is not there. Axes of length 1 stand for all frames.
    breaks
        Rising bounds of the classes: below the first, from one to the next, from the last on.
    names
        Where values are places in a list instead: its names, one class each.
    """

    key: str
    label: Words
    unit: str
    values: np.ndarray
    breaks: tuple[float, ...] = ()
    names: tuple[Words, ...] = ()

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.names) or len(self.breaks) + 1

    def classes(self, shape: tuple[int, ...]) -> np.ndarray:
        """(feature, frame) class of every value, -1 where there is none, frames in one row.

        Parameters
        ----------
        shape
            Of the frames.
        """
        values = self.spread(shape)
        there = np.isfinite(values)
        found = values if self.names else np.searchsorted(self.breaks, values, side="right")
        return np.where(there, np.where(there, found, 0), -1).astype(np.int64)

    def spread(self, shape: tuple[int, ...]) -> np.ndarray:
        """(feature, frame) values, frames in one row."""
        n = len(self.values)
        return np.broadcast_to(self.values, (n, *shape)).reshape(n, -1)


@dataclass(frozen=True)
class MapLayer:
    """Features of one kind.

    Parameters
    ----------
    key
        Name of the layer in files.
    kind
        ``line`` or ``point``.
    ids, names
        Of each feature.
    ways
        Of each feature (point, 2) longitude and latitude; one point for a point.
    colour
        Decides the colour, by ``ramp``; a feature without a value is not drawn.
    size
        Decides the width of a line or the radius of a point; None: all alike.
    """

    key: str
    label: Words
    kind: Literal["line", "point"]
    ids: tuple[str, ...]
    names: tuple[Words, ...]
    ways: tuple[np.ndarray, ...]
    colour: Measure
    ramp: Ramp
    size: Measure | None = None


class Axis(NamedTuple):
    """A choice that the reader of a map has: a name, what can be chosen, and which of it is shown first."""

    label: Words
    choices: tuple[Words, ...]
    first: int = -1


@dataclass(frozen=True)
class ReportMap:
    """Layers on the map of the region, a frame for every combination of choices."""

    title: Words
    axes: tuple[Axis, ...]
    layers: tuple[MapLayer, ...]
    note: Words | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Choices along every axis."""
        return tuple(len(axis.choices) for axis in self.axes)


class Panel(NamedTuple):
    """A small chart of its own: its name, and the height of every line at every place along the axis, (line, place)."""

    name: Words
    heights: np.ndarray


@dataclass(frozen=True)
class ReportCurves:
    """Lines over a common axis, a small chart for each panel.

    Parameters
    ----------
    across, up
        What runs along the axes, unit included.
    at
        (place,) along the axis, drawn in the logarithm.
    ticks
        Words at each place.
    lines
        Name of each line, the same in all panels.
    """

    title: Words
    across: Words
    up: Words
    at: np.ndarray
    ticks: tuple[str, ...]
    lines: tuple[Words, ...]
    panels: tuple[Panel, ...]
    note: Words | None = None

    def as_table(self) -> ReportTable:
        """The same figures as a table: a row for every line of every panel."""
        rows = tuple(
            (panel.name, line, *(float(h) for h in heights))
            for panel in self.panels
            for line, heights in zip(self.lines, panel.heights, strict=True)
        )
        columns = (Words("名称", "name"), Words("曲线", "line"), *(Words(t, t) for t in self.ticks))
        return ReportTable(Words(f"{self.title.zh} {self.up.zh}", f"{self.title.en}, {self.up.en}"), columns, rows, self.note)


ReportSection = ReportTable | ReportMap | ReportCurves
