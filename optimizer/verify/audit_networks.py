"""The independent eye on prepared pipe networks: corridors, elevations, supplies and sizes against tables and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from optimizer.problem import Problem
from optimizer.verify.tables import Comparison, Tables, number


def audit_networks(
    tables: Tables, settings: Mapping[str, Mapping[str, Any]], problem: Problem, seen: Comparison
) -> None:
    """Compare the networks of every system that has arcs.

    Parameters
    ----------
    settings
        Of every system, as the run's config holds them.
    """
    options = [str(o) for o in problem.sequence["state_option"].values]
    for name, system in problem.systems.items():
        if "arc" in system.data.dims and "node_elevation" in system.data:
            _corridors(tables, system.data, seen)
            _elevations(tables, system.data, seen)
            _supplies(tables, name, system.data, seen)
            _sizes(settings[name], system.data, options, seen)


def _corridors(tables: Tables, data: xr.Dataset, seen: Comparison) -> None:
    """From where to where, and how long."""
    listed = {row["candidate_id"]: row for row in tables.all["pipe_corridors"]}
    node = data["node"].values
    for a, candidate in enumerate(str(c) for c in data["arc"].values):
        row = listed.get(candidate, {})
        seen.equal(f"from_place_id of {candidate}", str(node[data["arc_tail"].values[a]]), row.get("from_place_id"))
        seen.equal(f"to_place_id of {candidate}", str(node[data["arc_head"].values[a]]), row.get("to_place_id"))
        seen.same(f"length_km of {candidate}", data["arc_length"].values[a] / 1000, number(row.get("length_km")))


def _elevations(tables: Tables, data: xr.Dataset, seen: Comparison) -> None:
    listed = {row["place_id"]: row for row in tables.all["elevations"]}
    for n, place in enumerate(str(p) for p in data["node"].values):
        row = listed.get(place, {})
        height, spread = data["node_elevation"].values[n], data["node_uncertainty"].values[n]
        seen.same(f"elevation_m of {place}", height, number(row.get("elevation_m"), np.nan))
        seen.same(f"uncertainty_m of {place}", spread, number(row.get("uncertainty_m")))


def _supplies(tables: Tables, name: str, data: xr.Dataset, seen: Comparison) -> None:
    """Kind, pressure and capacity; the capacity of one to be built is that of its catalogue entry."""
    listed = {row["place_id"]: row for row in tables.all["supplies"] if row["system"] == name}
    places = [str(p) for p in data["supply"].values]
    seen.alike(f"supplies of {name}", places, listed)
    for k, place in enumerate(places):
        row = listed.get(place, {})
        capacity = 0.0 if row.get("candidate_id") else number(row.get("capacity"), np.inf)
        seen.equal(f"kind of supply at {place}", str(data["supply_kind"].values[k]), row.get("kind"))
        seen.same(f"pressure of supply at {place}", data["supply_pressure"].values[k], number(row.get("pressure")))
        seen.same(f"capacity of supply at {place}", data["supply_capacity"].values[k], capacity)


def _sizes(settings: Mapping[str, Any], data: xr.Dataset, options: list[str], seen: Comparison) -> None:
    """Diameters and lifts of the options, as the settings have them."""
    for table, found, state in (
        ("diameters", data["size_diameter"].values, data["size_state"].values),
        ("lifts", data["lift_height"].values, data["lift_state"].values),
    ):
        known = settings.get(table, {})
        for value, s in zip(found, state, strict=True):
            seen.same(f"{table} of {options[s]}", value, float(known.get(options[s], np.nan)))
