"""What a plan's facilities would really serve: travel times afresh by another method, capacities, catchments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.verify.result import SERVICE_COLUMNS, SimulationResult

if TYPE_CHECKING:
    from optimizer.region import Region

MINUTES = 1e-6
NEVER_ZERO = 1e-9


def simulate(problem: Problem, system: SystemProblem, plan: Plan, region: Region | None) -> SimulationResult:
    """Serve the plan's shares period by period and count what arrives.

    A share counts as far as its site, and what stands above it, is in service and has room; as far as the site lies in
    the catchment and is reached within the minutes the plan relied on; and as well as the travel-time standard is kept.

    Parameters
    ----------
    region
        Its road links are searched afresh with SciPy's Dijkstra, another implementation than the one that prepared the
        problem. None for problems that have no roads (published instances): then minutes are taken as given.
    """
    data = system.data
    states = states_over_time(problem, plan.decisions["start"].values)
    capacity = problem.sequence["capacity"].values[states]
    asked = plan.systems[system.name]["share"].values * data["quantity"].values[data["pair_origin"].values]
    minutes = data["pair_minutes"].values if region is None else _fresh_minutes(system, region)
    near = (minutes <= data["pair_minutes"].values * (1 + MINUTES) + MINUTES) & _in_catchment(system, minutes, region)
    passed = asked * near[:, None] * _room(system, plan, capacity, asked)[data["pair_site"].values]
    promised, simulated = asked * data["pair_weight"].values[:, None], passed * _weight(system, minutes)[:, None]
    return SimulationResult(_table(problem, system, promised, simulated), _notes(near))


def _room(system: SystemProblem, plan: Plan, capacity: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Share of what is sent to a site that it, and what stands above it, can take, (site, period)."""
    data = system.data
    entering = np.zeros((data.sizes["site"], asked.shape[1]))
    np.add.at(entering, data["pair_site"].values, asked)
    room = _fits(entering, capacity[data["site_candidate"].values], asked)
    if not data.sizes["link"]:
        return room
    site, upper, candidate = (data[n].values for n in ("link_site", "link_upper", "upper_candidate"))
    single = np.bincount(site, minlength=data.sizes["site"])[site] == 1
    sent = np.where(single[:, None], entering[site], plan.systems[system.name]["flow"].values.sum(axis=1))
    reaching = np.zeros((data.sizes["upper"], asked.shape[1]))
    np.add.at(reaching, upper, sent)
    limit = np.where((candidate >= 0)[:, None], capacity[candidate], data["upper_capacity"].values)
    passed = np.zeros_like(entering)
    np.add.at(passed, site, sent * _fits(reaching, limit, asked)[upper])
    return room * _fits(entering, passed, asked)


def _fits(wanted: np.ndarray, limit: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Share of what is wanted that a limit allows, 1 within rounding of the largest amount asked for."""
    rounding = MINUTES * (asked.max(initial=1.0) + np.where(np.isfinite(limit), limit, 0.0))
    share = np.ones_like(wanted)
    np.divide(limit, wanted, out=share, where=wanted > limit + rounding)
    return share


def _in_catchment(system: SystemProblem, minutes: np.ndarray, region: Region | None) -> np.ndarray:
    """Whether the pairs lie within the system's catchment by the region's own tables, (pair,) bool."""
    rule = str(system.data.attrs.get("catchment", ""))
    if region is None or rule not in ("own_county", "own_prefecture"):
        return np.asarray(minutes <= float(system.data.attrs.get("within_minutes", np.inf)))
    places, counties = region.tables["places"], region.tables["counties"]
    area = dict(zip(places["place_id"], places["county_id"], strict=True))
    if rule == "own_prefecture":
        prefecture = dict(zip(counties["county_id"], counties["prefecture_id"], strict=True))
        area = {place: prefecture[county] for place, county in area.items()}
    origins, sites = _pair_places(system)
    return np.array([area[i] == area[j] for i, j in zip(origins, sites, strict=True)], bool)


def _weight(system: SystemProblem, minutes: np.ndarray) -> np.ndarray:
    """How well the standard is kept, (pair,): 1 up to it; then 0, or falling to 0 on a line."""
    form, standard = (
        str(system.data.attrs.get("coverage", "none")),
        float(system.data.attrs.get("standard_minutes", np.inf)),
    )
    if form == "none":
        return system.data["pair_weight"].values
    if form == "threshold":
        return np.where(minutes <= standard + MINUTES, 1.0, 0.0)
    return np.interp(minutes, [standard, float(system.data.attrs["zero_at_minutes"])], [1.0, 0.0])


def _pair_places(system: SystemProblem) -> tuple[list[str], list[str]]:
    data = system.data
    origins = [str(p) for p in data["origin"].values[data["pair_origin"].values]]
    return origins, [str(p) for p in data["site_place"].values[data["pair_site"].values]]


def _fresh_minutes(system: SystemProblem, region: Region) -> np.ndarray:
    """Minutes of every pair, (pair,)."""
    places = region.tables["places"]
    node = dict(zip(places["place_id"], places["node_id"], strict=True))
    position = {n: i for i, n in enumerate(region.tables["node"]["node_id"])}
    origins, sites = ([position[node[p]] for p in ends] for ends in _pair_places(system))
    if not sites:
        return np.empty(0)
    unique, row = np.unique(sites, return_inverse=True)
    return np.asarray(dijkstra(_towards(region, position), indices=unique)[row, origins])


def _towards(region: Region, position: dict[str, int]) -> csr_matrix:
    """Minutes over every arc, turned round, so that a search from a site gives the way to it."""
    link = region.tables["link"]
    u, v = link["from_node_id"].map(position).to_numpy(), link["to_node_id"].map(position).to_numpy()
    minutes = np.maximum((link["length"] / link["free_speed"] * 60).to_numpy(), NEVER_ZERO)
    both = (link["directed"] == 0).to_numpy()
    ends = {"to": np.concatenate([v, u[both]]), "from": np.concatenate([u, v[both]])}
    arcs = pd.DataFrame({**ends, "minutes": np.concatenate([minutes, minutes[both]])})
    arcs = arcs.groupby(["to", "from"], as_index=False)["minutes"].min()
    return csr_matrix((arcs["minutes"], (arcs["to"], arcs["from"])), shape=(len(position),) * 2)


def _table(problem: Problem, system: SystemProblem, promised: np.ndarray, simulated: np.ndarray) -> pd.DataFrame:
    data, counties = system.data, len(problem.county_ids)
    county = data["origin_county"].values
    of_pair = county[data["pair_origin"].values]
    rows = []
    for t, year in enumerate(problem.horizon.labels):
        demand = np.bincount(county, data["quantity"].values[:, t], minlength=counties)
        sums = [np.bincount(of_pair, amount[:, t], minlength=counties) for amount in (promised, simulated)]
        rows += [
            (system.name, c, year, demand[i], sums[0][i], sums[1][i], str(data.attrs.get("unit", "")))
            for i, c in enumerate(problem.county_ids)
        ]
    return pd.DataFrame(rows, columns=SERVICE_COLUMNS)


def _notes(near: np.ndarray) -> tuple[str, ...]:
    far = int((~near).sum())
    return (f"{far} pairs lie farther away than the plan relied on, or outside the catchment",) if far else ()
