"""Random tiny basins: the MILP finds what trying every plan finds, and the tables say what floods do."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
import xarray as xr

from optimizer.model.timetable import Timetable
from optimizer.problem import Problem
from optimizer.solve import solve_problem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_lookup import Lookup
from optimizer.systems.protection_simulate import damages
from tests.systems.flood_cases import flood, tables
from tests.systems.flood_random import PERIODS, Work, only_works, problem_from, redrawn
from tests.systems.tiny_runs import EXACT, problem_of

CASES = 100
NEVER = PERIODS


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    problem, _ = problem_of(tmp_path_factory.mktemp("tiny"), flood(step_minutes=120.0), **tables())
    return only_works(problem.systems["flood"].data)


def best_by_trying(problem: Problem, works: list[Work], budget: float) -> float:
    """Value (10^6 CNY) of the best of all plans: every level of every work in every period, floods routed afresh."""
    system = problem.systems["flood"]
    look, basin, horizon, table = Lookup(system), Basin(system.data), problem.horizon, Timetable(problem)
    states = np.array(list(itertools.product(*(range(len(w.costs) + 1) for w in works))))
    lost = dict(zip(map(tuple, states.tolist()), damages(look, basin, states).sum(axis=1), strict=True))
    today = lost[(0,) * len(works)]
    firsts = np.cumsum([0, *(len(w.costs) for w in works)])

    @cache
    def residual(p: int, t: int) -> float:
        return table.residual(p, t) * horizon.discount_end()

    best = -np.inf
    choices = [[(0, NEVER), *((k, t) for k in range(1, len(w.costs) + 1) for t in range(PERIODS))] for w in works]
    for plan in itertools.product(*choices):
        value = 0.0
        for t in range(PERIODS):
            paid = sum(works[w].costs[k - 1] for w, (k, start) in enumerate(plan) if start == t)
            if paid > budget:
                break
            state = tuple(k if start <= t else 0 for k, start in plan)
            value += horizon.discount(t) * (today[t] - lost[state][t] - paid)
        else:
            value += sum(residual(int(firsts[w]) + k - 1, start) for w, (k, start) in enumerate(plan) if k)
            best = max(best, value)
    return best / 1e6


@pytest.mark.parametrize("block", range(4))
def test_the_model_finds_what_trying_all_plans_finds(template: xr.Dataset, block: int) -> None:
    built = 0
    for seed in range(block * CASES // 4, (block + 1) * CASES // 4):
        rng = np.random.default_rng(seed)
        problem, works, budget = problem_from(redrawn(template, rng), rng)
        plan = solve_problem(problem, EXACT)
        assert plan.objective == pytest.approx(best_by_trying(problem, works, budget), rel=1e-6, abs=1e-6), seed
        built += int(plan.decisions["start"].values.sum() > 0)
    assert built > CASES // 8


@pytest.mark.parametrize("seed", range(5))
def test_tables_say_what_floods_do(template: xr.Dataset, seed: int) -> None:
    """Every entry is a fresh simulation of its state to the last bit; a zone's own levee never makes its damage more at
    a fixed inflow; no water is lost; what is proved is below what is true.
    """
    data = redrawn(template, np.random.default_rng(seed), most_states=4, bound="proven")
    look = Lookup(problem_from(data, np.random.default_rng(seed))[0].systems["flood"])
    basin = Basin(data)
    states = np.array(list(itertools.product(*(range(int(n)) for n in data["work_levels"].values))))
    true = damages(look, basin, states)
    floods = basin.floods(states)
    assert np.abs(floods.routed.balance).max() < 1e-9
    assert any(look.beside)
    for s, state in enumerate(states):
        for j in range(look.n_tables):
            entry = look.entry(j, state)
            assert (look.d["entry_low"][entry] <= true[s, j] + 1e-6).all()
            if not any(state[w] for w in look.beside[j]):
                np.testing.assert_array_equal(look.d["entry_damage"][entry], true[s, j])
    compared = 0
    for z in range(basin.n_zones):
        own = int(data["zone_levee"].values[z])
        for level in range(1, int(data["work_levels"].values[own])):
            for s in np.flatnonzero(states[:, own] == level):
                lower = np.where(np.arange(states.shape[1]) == own, level - 1, states[s])
                other = int(np.flatnonzero((states == lower).all(axis=1))[0])
                a, b = (floods.routed.arriving[k, :, basin.place[z]] for k in (s, other))
                if np.array_equal(a, b):
                    compared += 1
                    assert (floods.expected[s, z] <= floods.expected[other, z] + 1e-9).all()
    assert compared > len(states) // 2
