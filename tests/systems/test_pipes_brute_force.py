"""Plans of pipe networks against trying everything: all sequences of states, pressures by the nonlinear kernels."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from network_models.hydraulics import gas_solve, water_solve
from network_models.hydraulics.gas_network import GasNetwork
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.water_network import WaterNetwork
from optimizer.problem import Problem
from optimizer.solve.rounds import Round, plan_in_rounds
from optimizer.systems import pipes, pipes_laws, pipes_model
from optimizer.verify import verify_plan
from tests.random_pipes import NAME, PERIODS, Tree, problem_of, random_tree
from tests.systems.tiny_runs import EXACT

CASES = 110
NEAR = 2e-3
LENGTHS, RATE, LIFE, YEARS = (1, 2, 1), 0.06, 30, 4
STARTS = (0, 1, 3)
State = tuple[tuple[int, ...], tuple[int, ...], int, int, int]
"""Sizes (-1: none), connections, lift, reducer, station."""


def planned(problem: Problem) -> tuple[object, tuple[Round, ...]]:
    system = problem.systems[NAME]
    return plan_in_rounds(problem, EXACT, lambda plan: [pipes.simulate(problem, system, plan, None)])


@pytest.mark.parametrize("seed", range(CASES))
def test_no_trial_is_better_and_the_plan_holds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other case begins with hardly any knowledge of losses, so that cuts have to bring it."""
    monkeypatch.setattr(pipes_model, "TANGENTS", (0.1,) if seed // 2 % 2 else pipes_model.TANGENTS)
    tree = random_tree(seed)
    problem = problem_of(tree)
    plan, rounds = planned(problem)
    careful, generous = BruteForce(tree).best()
    assert plan.outcome.solution == "feasible" and rounds[-1].confirmed is not None
    assert plan.objective >= careful - 1e-6 * max(1.0, abs(careful))
    assert plan.objective <= generous + 1e-6 * max(1.0, abs(generous))
    assert plan.outcome.bound >= careful - 1e-6 * max(1.0, abs(careful))
    found = verify_plan(problem, plan, [pipes.simulate(problem, problem.systems[NAME], plan, None)])
    assert found.passed, found.violations[:3]


def test_every_feature_is_there() -> None:
    trees = [random_tree(seed) for seed in range(CASES)]
    for feature in ("lift", "reducer", "station"):
        assert sum(getattr(tree, feature) is not None for tree in trees) >= 5
    assert sum(any(tree.existing) for tree in trees) >= 5
    assert sum(np.isfinite(tree.most) for tree in trees) >= 5
    assert sum(np.isfinite(tree.supply_capacity) for tree in trees) >= 5


class BruteForce:
    """All plans of a tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def best(self) -> tuple[float, float]:
        """Net benefit (10^6 CNY) of the best plan, with every pressure kept by NEAR (m of water or kPa), and missed by it."""
        codes, cost = np.zeros((1, PERIODS), np.int64), np.zeros(1)
        for sequences in self._choices():
            states = np.array([states for states, _ in sequences]) + 1
            codes = (3 * codes[:, None] + states[None]).reshape(-1, PERIODS)
            cost = (cost[:, None] + np.array([c for _, c in sequences])[None]).ravel()
        careful, generous = -cost, -cost
        for t in range(PERIODS):
            which, place = np.unique(codes[:, t], return_inverse=True)
            worth, slack = np.array([self._holds(self._state(int(code)), t) for code in which]).T
            careful = careful + np.where(slack >= NEAR, worth, -np.inf)[place]
            generous = generous + np.where(slack >= -NEAR, worth, -np.inf)[place]
        return float(careful.max()) / 1e6, float(generous.max()) / 1e6

    def _choices(self) -> list[list[tuple[tuple[int, ...], float]]]:
        """For each thing, its sequences of states over the periods with their discounted cost less residual value."""
        tree, choices = self.tree, []
        for a in range(tree.n):
            small, large = (round(rate * tree.length[a]) for rate in tree.cost_per_m)
            first = 0 if tree.existing[a] else -1
            choices.append(_sequences(first, {(-1, 0): small, (-1, 1): large, (0, 1): round(0.9 * large)}))
        choices += [_sequences(0, {(0, 1): tree.connection_cost})] * tree.n
        for device, cost in ((tree.lift, 150_000), (tree.reducer, 30_000), (tree.station, 700_000)):
            choices.append(_sequences(0, {(0, 1): cost}) if device is not None else [((0,) * PERIODS, 0.0)])
        return choices

    def _state(self, code: int) -> State:
        n = self.tree.n
        values = [code // 3**i % 3 - 1 for i in reversed(range(2 * n + 3))]
        return tuple(values[:n]), tuple(values[n : 2 * n]), *values[2 * n :]

    def _holds(self, state: State, t: int) -> tuple[float, float]:
        """What the state is worth in a period, discounted, and by how much its pressures hold; -inf: a rule is broken."""
        tree, (sizes, connected, lift, reducer, station) = self.tree, state
        supplies = {0: (tree.pressure, tree.supply_capacity, 1.0)}
        if station:
            supplies[tree.station + 1] = (0.8 * tree.pressure, tree.station_capacity, 2.5)
        into = {a + 1: a for a in range(tree.n) if sizes[a] >= 0}
        fed = set(supplies) | set(into)
        dry = any(connected[i] and i + 1 not in fed for i in range(tree.n))
        if dry or any(node in supplies for node in into) or any(tree.parent[a] not in fed for a in into.values()):
            return 0.0, -np.inf
        wanted = np.where(connected, tree.quantity[:, t], 0.0)
        flow = np.zeros(tree.n)
        given = dict.fromkeys(supplies, 0.0)
        for i in range(tree.n):
            node = i + 1
            while node in into:
                flow[into[node]] += wanted[i]
                node = tree.parent[into[node]]
            if wanted[i]:
                given[node] += wanted[i]
        areas = np.pi * np.array([tree.diameters[max(s, 0)] for s in sizes]) ** 2 / 4
        speed = 2.0 if tree.medium == "water" else 20.0 * (tree.least + 101.325) / 101.325 * 273.15 / 283.15
        peak = flow * 2.0 / pipes_laws.YEAR_SECONDS
        if (peak > speed * areas * (1 + 1e-9)).any() or any(given[n] > supplies[n][1] * (1 + 1e-9) for n in supplies):
            return 0.0, -np.inf
        lifted = 40.0 * flow[tree.lift] * 0.004 if lift and tree.lift + 1 in into else 0.0
        yearly = tree.gain * wanted.sum() - sum(given[n] * supplies[n][2] for n in supplies) - lifted
        slack = self._slack(into, supplies, wanted, sizes, (lift, reducer), connected)
        return yearly * LENGTHS[t] * _discount(STARTS[t] + LENGTHS[t] / 2), slack

    def _slack(self, into, supplies, wanted, sizes, devices, connected) -> float:
        """By how much pressures hold, walked from the supplies with the losses of the nonlinear kernels."""
        tree, (lift, reducer), slack = self.tree, devices, np.inf
        arcs = sorted(into.values())
        if not arcs:
            return np.inf
        lost = self._losses(arcs, supplies, wanted, sizes)
        at = {n: (p + tree.height[n],) * 2 for n, (p, _, _) in supplies.items()}
        for a in arcs:
            up, rest = at[tree.parent[a]]
            more = 40.0 if lift and a == tree.lift else 0.0
            up, rest = up + more - (lost[a] if tree.medium == "water" else 0.0), rest + more
            if reducer and a == tree.reducer:
                up, rest = min(up, 40.0 + tree.height[a + 1]), min(rest, 40.0 + tree.height[a + 1])
            at[a + 1] = up, rest
        for node in (*into, *supplies):
            pressure = at[node][0] - tree.height[node] if tree.medium == "water" else lost[-1 - node]
            need = tree.least if node and connected[node - 1] else tree.transit
            slack = min(slack, pressure - need, tree.most - (at[node][1] - tree.height[node]))
        return slack

    def _losses(self, arcs, supplies, wanted, sizes) -> dict[int, float]:
        """Water: loss by arc. Gas: pressure above the ground by node, under -1 - node."""
        tree = self.tree
        tail, head = np.array([tree.parent[a] for a in arcs]), np.array([a + 1 for a in arcs])
        used = np.unique(np.concatenate([tail, head, [n for n in supplies if n in {*tail.tolist(), *head.tolist()}]]))
        number = {int(n): i for i, n in enumerate(used)}
        drawn = np.array([wanted[n - 1] * 2.0 / pipes_laws.YEAR_SECONDS if n and n not in supplies else 0.0 for n in used])
        ends = np.array([number[n] for n in tail.tolist()]), np.array([number[n] for n in head.tolist()])
        length, diameter = np.array([tree.length[a] for a in arcs]), np.array([tree.diameters[sizes[a]] for a in arcs])
        if tree.medium == "water":
            fixed = np.array([1000.0 if n in supplies else np.nan for n in used])
            heads = water_solve.solve(
                WaterNetwork.from_arrays(np.zeros(len(used)), drawn, fixed, *ends, length, diameter, 130.0)
            ).heads
            return {a: float(heads[ends[0][i]] - heads[ends[1][i]]) for i, a in enumerate(arcs)}
        fixed = np.array([(supplies[n][0] + 101.325) * 1000 if n in supplies else np.nan for n in used])
        found = gas_solve.solve(
            GasNetwork.from_arrays(
                drawn * pipes_laws.NORM_DENSITY, fixed, *ends, length, diameter, 5e-5,
                height=np.array([tree.height[n] for n in used]), gas=GasProperties(compressibility="constant"),
            )
        )  # fmt: skip
        kpa = found.pressures / 1000 - 101.325 if found.solved else np.full(len(used), -np.inf)
        alone = {-1 - n: p for n, (p, _, _) in supplies.items()}
        return alone | {-1 - int(n): float(kpa[i]) for i, n in enumerate(used)}


@cache
def _discount(years: float) -> float:
    return (1 + RATE) ** -years


def _sequences(first: int, ways: dict[tuple[int, int], int]) -> list[tuple[tuple[int, ...], float]]:
    """Sequences of states over the periods and what they cost, each step at most once and at any of the starts."""
    found = []
    for states in itertools.product(*[{first, *(s for way in ways for s in way)}] * PERIODS):
        steps = [(t, a, b) for t, (a, b) in enumerate(itertools.pairwise((first, *states))) if a != b]
        if all((a, b) in ways for _, a, b in steps):
            found.append((states, sum(ways[a, b] * _net_cost(t) for t, a, b in steps)))
    return found


def _net_cost(t: int) -> float:
    """Of 1 CNY spent in a period: discounted from its middle, less what is left of it at the end (annuity)."""
    age = YEARS - STARTS[t]
    left = (1 - 1.06 ** -(LIFE - age)) / (1 - 1.06**-LIFE)
    return _discount(STARTS[t] + LENGTHS[t] / 2) - left * _discount(YEARS)
