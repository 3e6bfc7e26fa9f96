"""Gas expansion: the relaxation holds every true state; its optimum is that of brute force."""

from __future__ import annotations

import dataclasses
import math
from itertools import product

import numpy as np
import pytest

from benchmarks.gas_expansion import contradicts, least_cost
from benchmarks.gas_plan import find_state, simulate
from benchmarks.gas_problem import Device, GasProblem, Pipe
from benchmarks.gas_relaxation import Relaxation
from network_models.hydraulics.gas_properties import GasProperties
from optimizer.solve.settings import SolverSettings

QUICK = SolverSettings(mip_gap=1e-6, time_limit=20.0)
GAS = GasProperties(compressibility="constant")


def random_problem(seed: int, candidates: int = 3) -> GasProblem:
    """A tree with a loop, a compressor, and parallel or crossing candidates; node 0 feeds the rest."""
    rng, n = np.random.default_rng(seed), 6
    ends = [(int(rng.integers(0, k)), k) for k in range(1, n)] + [(1, n - 1)]
    sizes = [
        (float(rng.uniform(5e3, 2e4)), float(rng.choice([0.25, 0.3, 0.4])), 0.012)
        for _ in range(len(ends) + candidates)
    ]
    ends += [ends[int(rng.integers(0, n - 1))] for _ in range(candidates)]
    pipes = tuple(
        Pipe(f"p{k}", i, j, _weymouth(*sizes[k]), -1.0, 1.0, k - n if k >= n else -1) for k, (i, j) in enumerate(ends)
    )
    tail, drawn = pipes[0], rng.uniform(0.05, 0.2, n) * rng.uniform(0.7, 1.6)
    drawn[0] = 0.0
    device = Device("c", tail.tail, tail.head, 0.0, 1.0, (1.0, 1.2), None)
    low, high = np.full(n, (3e6 / 6e6) ** 2), np.ones(n)
    low[0] = high[0] = (5e6 / 6e6) ** 2
    supply_low, supply_high = -drawn, -drawn.copy()
    supply_high[0] = 1.0
    moved = dataclasses.replace(pipes[0], tail=device.head, head=(device.head + 1) % n)
    return GasProblem(
        f"random {seed}", tuple(map(str, range(n))), low, high, supply_low, supply_high, np.zeros(n),
        (moved, *pipes[1:]), (device,), rng.integers(1, 50, candidates).astype(float), np.array(sizes), GAS, 6e6, 100.0,
    )  # fmt: skip


def _weymouth(length: float, diameter: float, factor: float) -> float:
    resistance = 16 * factor * length * GAS.gas_constant * GAS.temperature / (math.pi**2 * diameter**5)
    return 6e6**2 / (resistance * 100.0**2)


def fixed_plan(problem: GasProblem, built: tuple[bool, ...]):
    """State under a plan, by the search alone."""
    relaxation = Relaxation(dataclasses.replace(problem, cost=np.where(built, -1.0, 1.0)))
    model = relaxation.build()
    for column, on in zip(model.builds, built, strict=True):
        model.low[column] = model.high[column] = float(on)
    solved = model.solve(QUICK)
    return None if solved.values is None else find_state(model, solved.values)


@pytest.mark.parametrize("seed", range(8))
def test_least_cost_is_that_of_brute_force(seed):
    problem = random_problem(seed)
    costs = [
        float(problem.cost @ np.array(built))
        for built in product((False, True), repeat=3)
        if fixed_plan(problem, built) is not None
    ]
    found = least_cost(problem, 60.0)
    if costs:
        assert found.status == "optimal", found.reason
        assert found.value <= min(costs) + 1e-6
        assert found.bound <= min(costs) + 1e-6
        assert simulate(problem, found.state)[0]
    else:
        assert found.status in ("infeasible", "time_limit")


@pytest.mark.parametrize("seed", range(8))
def test_the_relaxation_holds_true_states(seed):
    problem = random_problem(seed)
    state = fixed_plan(problem, (True, False, True))
    if state is None:
        pytest.skip("no state under this plan")
    relaxation = Relaxation(problem)
    for k, flow in enumerate(state.flows):
        direction = (k, 1 if flow >= 0 else -1)
        relaxation.cuts[direction] = {0.9 * abs(flow), 1.1 * abs(flow) + 0.01}
        relaxation.breaks[direction] = {0.8 * abs(flow), 1.2 * abs(flow)}
    model = relaxation.build()
    slack = 1e-6
    for columns, values in ((model.squares, state.squares), (model.supplies, state.supplies)):
        for column, value in zip(columns, values, strict=True):
            model.low[column], model.high[column] = value - slack, value + slack
    for column, on in zip(model.builds, state.built, strict=True):
        model.low[column] = model.high[column] = float(on)
    assert model.solve(QUICK).values is not None


def test_what_contradicts_a_published_objective():
    found = least_cost(random_problem(0), 30.0)
    good = {"objective": str(found.value), "status": "global"}
    assert not contradicts(found, good)
    assert contradicts(found, {"objective": "infeasible", "status": ""})
    assert contradicts(dataclasses.replace(found, value=math.inf), good)
    assert contradicts(dataclasses.replace(found, bound=found.value * 2 + 1), good)
    assert not contradicts(dataclasses.replace(found, value=math.inf), {"objective": "1e9", "status": "relaxation"})
