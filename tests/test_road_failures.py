"""Roads that fail, against ways found by NetworkX on what is left; supplies that are hauled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import xarray as xr

from optimizer.evaluate import Evaluator
from optimizer.plan import Outcome, Plan, states_over_time
from optimizer.problem import Problem
from optimizer.region import Region
from optimizer.road_failures import road_failures
from optimizer.solve.solve import build, solve_built
from optimizer.systems.pipes_roads import PipesJourneys, journeys
from tests.contract.cases import MANY_MARKETS
from tests.systems.pipes_cases import network, tables
from tests.systems.tiny_runs import EXACT, changed, clinic_rows, clinics, config, problem_of

GAIN, STANDARD, ZERO = 12.0, 20.0, 60.0


def minutes_without(region: Region, link: str | None) -> dict[str, dict[str, float]]:
    graph = nx.Graph()
    for row in region.tables["link"].to_dict("records"):
        if row["link_id"] != link:
            graph.add_edge(row["from_node_id"], row["to_node_id"], minutes=row["length"] / row["free_speed"] * 60)
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="minutes"))


def graded(minutes: float) -> float:
    return float(np.clip((ZERO - minutes) / (ZERO - STANDARD), 0.0, 1.0))


def test_a_standard_is_missed_on_the_way_that_is_left(tmp_path: Path):
    systems = clinics()
    problem, region = problem_of(tmp_path, systems, **clinic_rows())
    plan = solve_built(build(problem), EXACT)
    found = road_failures(Evaluator(problem, plan), region, config(systems)).set_index("failed")
    data, node = problem.systems["clinics"].data, dict(region.tables["places"][["place_id", "node_id"]].to_numpy())
    amount = plan.systems["clinics"]["share"].values * data["quantity"].values[data["pair_origin"].values]
    ends = list(zip(data["origin"].values[data["pair_origin"].values], data["site_place"].values[data["pair_site"].values], strict=True))
    assert len(found)
    for link in region.tables["link"]["link_id"]:
        left = minutes_without(region, link)
        new = [graded(left.get(node[a], {}).get(node[b], np.inf)) for a, b in ends]
        less = (data["pair_weight"].values - np.array(new)) @ amount
        served = float(less @ np.array(problem.horizon.lengths)) / sum(problem.horizon.lengths)
        if served > 1e-6:
            assert found.loc[link, "served_lost"] == pytest.approx(served)
            assert found.loc[link, "value_lost"] == pytest.approx(Evaluator(problem, plan).discounted(GAIN * less))
        else:
            assert link not in found.index


def test_what_is_cut_off_from_all_markets_is_lost(tmp_path: Path):
    systems = changed("cold_chain")
    problem, region = problem_of(tmp_path, systems, **MANY_MARKETS)
    plan = solve_built(build(problem), EXACT)
    evaluator = Evaluator(problem, plan)
    found = road_failures(evaluator, region, config(systems))
    everything = evaluator.mean(evaluator.base["cold_chain"].served)
    assert len(found)
    assert found["value_lost"].is_monotonic_decreasing
    assert found["served_lost"].between(0.0, everything).all()
    worth = evaluator.discounted(evaluator.base["cold_chain"].value)
    assert (found["value_lost"] <= worth + 1e-9).all()


def stations(problem: Problem) -> tuple[Plan, np.ndarray]:
    """A plan of every station and connection, each station giving its own place what it wants."""
    seq, data = problem.sequence, problem.systems["net"].data
    start = np.zeros((seq.sizes["transition"], problem.horizon.n_periods), np.int8)
    for p, role in enumerate(seq["candidate_role"].values[seq["transition_candidate"].values]):
        start[p, 0] = role in ("station", "connection") and seq["state_initial"].values[seq["from_state"].values[p]]
    supplied = np.zeros((data.sizes["supply"], problem.horizon.n_periods))
    for k, node in enumerate(data["supply_node"].values):
        if data["supply_candidate"].values[k] >= 0:
            supplied[k] = data["quantity"].values[data["origin_node"].values == node].sum(axis=0)
    decisions = xr.Dataset({"start": (("transition", "period"), start)})
    return Plan(decisions, {"net": xr.Dataset()}, Outcome("given", "feasible", 0.0, 0.0, 0.0)), supplied


def test_a_hauled_supply_is_dearer_by_a_longer_way_and_dry_without_one(tmp_path: Path):
    systems = network("gas")
    problem, region = problem_of(tmp_path, systems, **tables("gas"))
    plan, supplied = stations(problem)
    assert states_over_time(problem, plan.decisions["start"].values).min() >= 0
    carried = journeys(region, systems["net"]["settings"], "central", problem, problem.systems["net"], plan)
    assert isinstance(carried, PipesJourneys)
    assert [leg.tails for leg in carried.legs] == [("SA1", "SA2")] * 2
    data = problem.systems["net"].data
    at = data["supply_minutes"].values[carried.hauled]
    value, served = carried.lost(np.array([0, 1]), at + np.array([0.0, 30.0]), np.zeros(2))
    np.testing.assert_allclose(value, 0.2 * 0.5 * supplied[carried.hauled[1]])
    assert not served.any()
    evaluator = Evaluator(problem, plan)
    dry = evaluator.variant({int(data["supply_candidate"].values[carried.hauled[0]]): evaluator.out})["net"]
    value, served = carried.lost(np.array([0]), np.array([np.inf]), np.array([np.inf]))
    np.testing.assert_allclose(served, evaluator.base["net"].served - dry.served)
    np.testing.assert_allclose(value, evaluator.base["net"].value - dry.value)
    assert served.sum() > 0


def test_the_nearest_supply_left_is_taken(tmp_path: Path):
    systems = network("gas")
    problem, region = problem_of(tmp_path, systems, **tables("gas"))
    plan, supplied = stations(problem)
    found = road_failures(Evaluator(problem, plan), region, config(systems)).set_index("failed")
    node, before = dict(region.tables["places"][["place_id", "node_id"]].to_numpy()), minutes_without(region, None)
    data, expected = problem.systems["net"].data, {}
    for link in region.tables["link"]["link_id"]:
        left, more = minutes_without(region, link), np.zeros(problem.horizon.n_periods)
        for k in np.flatnonzero(supplied.any(axis=1)):
            at = node[str(data["supply"].values[k])]
            ways = [min(seen.get(node[s], {}).get(at, np.inf) for s in ("SA1", "SA2")) for seen in (before, left)]
            more += 0.2 * (ways[1] - ways[0]) / 60 * supplied[k]
        if more.any():
            expected[link] = Evaluator(problem, plan).discounted(more)
    assert expected
    assert found["value_lost"].to_dict() == pytest.approx(expected)


def test_a_system_without_journeys_loses_nothing(tmp_path: Path):
    systems = clinics()
    problem, region = problem_of(tmp_path, systems, **clinic_rows())
    idle = solve_built(build(problem), EXACT)
    share = idle.systems["clinics"]["share"] * 0
    idle = replace(idle, systems={"clinics": idle.systems["clinics"].assign(share=share)})
    assert road_failures(Evaluator(problem, idle), region, config(systems)).empty
