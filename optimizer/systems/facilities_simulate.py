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
    """Serve the plan's shares year by year and count what arrives.

    A share counts when its site is in service, is reached within the minutes the plan relied on (SciPy's Dijkstra on the
    region's links, another implementation than the one that prepared the problem), and as far as the site's capacity goes.

    Parameters
    ----------
    region
        None for problems that have no roads (published instances): then minutes are taken as given.
    """
    data = system.data
    share, pairs = plan.systems[system.name]["share"].values, data["pair_origin"].values
    states = states_over_time(problem, plan.decisions["start"].values)
    capacity = problem.sequence["capacity"].values[states][data["site_candidate"].values]
    quantity = data["quantity"].values[pairs]
    asked = share * quantity
    reached = _reached(system, region)
    entering = np.zeros((data.sizes["site"], asked.shape[1]))
    np.add.at(entering, data["pair_site"].values, asked)
    room = np.ones_like(entering)
    np.divide(capacity, entering, out=room, where=entering > capacity * (1 + 1e-9) + 1e-6)
    arrived = asked * reached[:, None] * np.minimum(room, 1.0)[data["pair_site"].values]
    weight = data["pair_weight"].values[:, None]
    return SimulationResult(_table(problem, system, asked * weight, arrived * weight), _notes(reached))


def _reached(system: SystemProblem, region: Region | None) -> np.ndarray:
    """Which pairs are as near as the plan relied on, (pair,) bool."""
    data = system.data
    if region is None or not data.sizes["pair"]:
        return np.ones(data.sizes["pair"], bool)
    places = region.tables["places"]
    node = dict(zip(places["place_id"], places["node_id"], strict=True))
    position = {n: i for i, n in enumerate(region.tables["node"]["node_id"])}
    sites = np.array([position[node[str(p)]] for p in data["site_place"].values])
    origins = np.array([position[node[str(p)]] for p in data["origin"].values])
    minutes = _minutes_to(region, position, sites)[data["pair_site"].values, origins[data["pair_origin"].values]]
    return np.asarray(minutes <= data["pair_minutes"].values * (1 + MINUTES) + MINUTES)


def _minutes_to(region: Region, position: dict[str, int], sites: np.ndarray) -> np.ndarray:
    """Minutes from every node to every site, (site, node)."""
    link = region.tables["link"]
    u, v = link["from_node_id"].map(position).to_numpy(), link["to_node_id"].map(position).to_numpy()
    minutes = np.maximum((link["length"] / link["free_speed"] * 60).to_numpy(), NEVER_ZERO)
    both = (link["directed"] == 0).to_numpy()
    arcs = pd.DataFrame({
        "to": np.concatenate([v, u[both]]), "from": np.concatenate([u, v[both]]),
        "minutes": np.concatenate([minutes, minutes[both]]),
    }).groupby(["to", "from"], as_index=False)["minutes"].min()
    graph = csr_matrix((arcs["minutes"], (arcs["to"], arcs["from"])), shape=(len(position),) * 2)
    unique, back = np.unique(sites, return_inverse=True)
    return np.asarray(dijkstra(graph, indices=unique)[back])


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


def _notes(reached: np.ndarray) -> tuple[str, ...]:
    far = int((~reached).sum())
    return (f"{far} pairs are farther than the plan relied on",) if far else ()
