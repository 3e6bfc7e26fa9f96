"""The independent eye on what was prepared of rivers and zones: the region's tables against the arrays of a system."""

from __future__ import annotations

import numpy as np
from scipy.stats import pearson3

from optimizer.problem import SystemProblem
from optimizer.verify.tables import Comparison, Row, Tables, number

REACH = (("length", "length_km", 1000.0), ("slope", "slope", 1.0), ("width", "width_m", 1.0), ("manning", "manning", 1.0),
         ("base", "base_m3s", 1.0))  # fmt: skip
ZONE = (("area", "area_km2", 1e6), ("ground", "ground_m", 1.0), ("high", "high_ground_m", 1.0), ("length", "levee_km", 1000.0),
        ("breach", "breach_m", 1.0), ("standard", "standard_years", 1.0))  # fmt: skip
RAIN = (("area", "catchment_km2", 1e6), ("runoff", "runoff", 1.0), ("store", "storage_m3", 1.0), ("a1", "a1", 1.0),
        ("c", "c", 1.0), ("b", "b", 1.0), ("n", "n", 1.0))  # fmt: skip
WITHIN = 1e-6
"""m3/s, by which peaks worked out in two ways may differ, as a share."""


def audit(system: SystemProblem, tables: Tables, seen: Comparison) -> None:
    """Compare rivers, peaks, zones, assets, curves, drains and places with the tables; what differs is entered."""
    d = {str(n): v.values for n, v in system.data.variables.items()}
    _reaches(d, tables, seen)
    zones = {row["zone_id"]: row for row in tables.all["flood_zones"]}
    seen.alike("flood_zones", [str(z) for z in d["zone"]], zones)
    drains = {row["zone_id"]: row for row in tables.all["zone_drainage"]}
    for i, zone in enumerate(str(z) for z in d["zone"]):
        row = zones[zone]
        for name, column, factor in ZONE:
            seen.same(f"{column} of {zone}", d[f"zone_{name}"][i], number(row.get(column)) * factor)
        seen.same(f"crest_m of {zone}", d["crest"][i, 0], number(row["crest_m"]))
        seen.equal(f"reach of {zone}", str(d["reach"][d["zone_reach"][i]]), row["reach_id"])
        rain = drains.get(zone, {})
        for name, column, factor in RAIN:
            seen.same(f"{column} of {zone}", d[f"rain_{name}"][i], number(rain.get(column)) * factor)
        seen.same(f"drains_m3s of {zone}", d["drains"][i, 0], number(rain.get("drains_m3s")))
    _exposure(d, tables, seen)


def _reaches(d: dict[str, np.ndarray], tables: Tables, seen: Comparison) -> None:
    listed = {row["reach_id"]: row for row in tables.all["river_reaches"]}
    elements = [str(e) for e in (*d["reach"], *d["storage"])]
    seen.alike("river_reaches", [str(r) for r in d["reach"]], listed)
    own: dict[str, list[tuple[float, float]]] = {}
    for row in tables.all["flood_peaks"]:
        own.setdefault(row["reach_id"], []).append((number(row["return_period"]), number(row["peak_m3s"])))
    for i, reach in enumerate(str(r) for r in d["reach"]):
        row, down = listed[reach], int(d["reach_downstream"][i])
        for name, column, factor in REACH:
            seen.same(f"{column} of {reach}", d[f"reach_{name}"][i], number(row[column]) * factor)
        seen.equal(f"downstream of {reach}", elements[down] if down >= 0 else "", row["downstream_id"])
        expected = _peaks(row, sorted(own.get(reach, [])), d["event"])
        for k, years in enumerate(d["event"]):
            within = WITHIN * max(1.0, float(expected[k]))
            seen.same(f"peak of {reach}, {years:g} years", d["reach_peak"][i, k], float(expected[k]), within)


def _peaks(row: Row, own: list[tuple[float, float]], years: np.ndarray) -> np.ndarray:
    """(event,) peaks: given ones in the log of the return period, else Pearson III by another library than the kernels."""
    if own:
        at, peak = np.array(own).T
        return np.interp(np.log(years), np.log(at), peak)
    mean, cv = number(row["mean_peak_m3s"]), number(row["cv"])
    if mean <= 0:
        return np.zeros(len(years))
    skew = cv * number(row["cs_over_cv"], 2.0)
    return np.maximum(pearson3.isf(1.0 / years, skew, loc=mean, scale=mean * cv), 0.0)


def _exposure(d: dict[str, np.ndarray], tables: Tables, seen: Comparison) -> None:
    """Assets, damage curves and places."""
    zone, kind = [str(z) for z in d["zone"]], [str(c) for c in d["asset_class"]]
    have = {
        (zone[z], kind[c], float(v), float(g))
        for z, c, v, g in zip(d["asset_zone"], d["asset_kind"], d["asset_value"], d["asset_growth"], strict=True)
    }
    rows = tables.all["zone_assets"]
    seen.alike("zone_assets", have, {(r["zone_id"], r["asset_class"], number(r["value"]), number(r["growth"])) for r in rows})
    points = {
        (kind[c], float(x), float(y))
        for c, x, y in zip(d["damage_class"], d["damage_depth"], d["damage_share"], strict=True)
    }
    curves = [r for r in tables.all["damage_curves"] if r["asset_class"] in kind]
    seen.alike("damage_curves", points, {(r["asset_class"], number(r["depth_m"]), number(r["share"])) for r in curves})
    places = {row["place_id"]: row for row in tables.all["zone_places"]}
    seen.alike("zone_places", [str(p) for p in d["place"]], places)
    for i, place in enumerate(str(p) for p in d["place"]):
        seen.equal(f"zone of {place}", zone[d["place_zone"][i]], places[place]["zone_id"])
        seen.same(f"outage_days of {place}", d["place_outage"][i] * 365.0, number(places[place]["outage_days"]))
