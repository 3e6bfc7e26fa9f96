"""The best state of a tree of pipes against every state tried one after the other, in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from network_models.pipe_states import best_state, warm

SIZES, FLOWS = 2, 12


class Tree(NamedTuple):
    """As the kernel takes it, but in one array for each thing."""

    child: np.ndarray
    sibling: np.ndarray
    need: np.ndarray
    low: np.ndarray
    room: np.ndarray
    step: float
    loss: np.ndarray
    lift: np.ndarray
    station: np.ndarray
    outlet: np.ndarray
    supply: float

    def best(self, wants: np.ndarray, weights: Weights, chosen: Weights) -> float:
        sizes, lifts = self.room.shape[1], self.lift.shape[1]
        there = np.hstack([self.room, self.lift, self.station])
        worth, marks = np.hstack([weights.place[:, None], *weights[1:]]), np.zeros((len(wants), 1 + there.shape[1]))
        most = best_state(
            np.column_stack([self.child, self.sibling]), np.column_stack([self.need, self.low, self.outlet]), there,
            np.array([sizes, sizes + lifts]), self.loss, self.step, self.supply, wants, worth, marks,
        )  # fmt: skip
        chosen.place[:] = marks[:, 0]
        chosen.size[:], chosen.lift[:], chosen.station[:] = np.split(marks[:, 1:], [sizes, sizes + lifts], axis=1)
        return float(most)


class Weights(NamedTuple):
    """Of places (node,), sizes, lifts and stations (node, option)."""

    place: np.ndarray
    size: np.ndarray
    lift: np.ndarray
    station: np.ndarray


def tree_of(seed: int) -> tuple[Tree, np.ndarray, list[int]]:
    """A random tree whose losses grow in proportion to the flow, what its places want, and the node before each node."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    before = [-1, *(int(rng.integers(0, v)) for v in range(1, n))]
    child, sibling = np.full(n, -1), np.full(n, -1)
    for v in range(n - 1, 0, -1):
        sibling[v], child[before[v]] = child[before[v]], v
    room = np.sort(rng.uniform(0.5, 4.0, (n, SIZES)), axis=1)
    room[0] = -1.0
    room[rng.random((n, SIZES)) < 0.2] = -1.0
    step = 0.5
    slope = np.sort(rng.uniform(0.5, 6.0, (n, SIZES)), axis=1)[:, ::-1]
    loss = slope[:, :, None] * np.arange(FLOWS) * step
    lift = np.where(rng.random((n, 2)) < 0.4, rng.uniform(1.0, 6.0, (n, 2)), -1.0)
    station = np.where(rng.random((n, 1)) < 0.5, rng.uniform(0.5, 3.0, (n, 1)), -1.0)
    lift[0], station[0] = -1.0, -1.0
    need, low = rng.uniform(0.0, 8.0, n), rng.uniform(0.0, 2.0, n)
    outlet = rng.uniform(6.0, 12.0, n)
    wants = np.where(rng.random(n) < 0.8, rng.uniform(0.2, 1.5, n), 0.0)
    wants[0] = 0.0
    tree = Tree(child, sibling, need, low, room, step, loss, lift, station, outlet, float(rng.uniform(1.0, 5.0)))
    return tree, wants, before


def weights_of(tree: Tree, seed: int | None) -> Weights:
    shapes = (len(tree.need), tree.room.shape, tree.lift.shape, tree.station.shape)
    if seed is None:
        return Weights(*(np.zeros(shape) for shape in shapes))
    rng = np.random.default_rng(1000 + seed)
    place, *others = (rng.normal(size=shape) for shape in shapes)
    return Weights(2.0 + place, *(0.7 * table - 0.4 for table in others))


def options(there: np.ndarray) -> list[int]:
    return [-1, *np.flatnonzero(there >= 0.0).tolist()]


def every_state(tree: Tree, wants: np.ndarray, before: list[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Served, size, lift and station of every node, where flows, heads and limits hold."""
    n = len(wants)
    served = itertools.product(*[(0, 1) if wants[v] > 0 else (0,) for v in range(n)])
    fed = list(itertools.product(*[
        [(k, b, s) for k in options(tree.room[v]) for b in options(tree.lift[v]) for s in options(tree.station[v])
         if k < 0 or s < 0] for v in range(1, n)
    ]))  # fmt: skip
    for places in served:
        for how in fed:
            size, lift, station = (tuple(x) for x in zip(*how, strict=True))
            state = places, (-1, *size), (-1, *lift), (-1, *station)
            if holds(tree, wants, before, *state):
                yield state


def holds(tree: Tree, wants: np.ndarray, before: list[int], places, size, lift, station) -> bool:
    n = len(wants)
    flow = wants * np.array(places)
    head = np.where(np.array(places) == 1, tree.need, -np.inf)
    for v in range(n - 1, 0, -1):
        if station[v] >= 0:
            if flow[v] > tree.station[v, station[v]] or head[v] > tree.outlet[v]:
                return False
        elif flow[v] > 0:
            k = size[v]
            if k < 0 or flow[v] > tree.room[v, k]:
                return False
            lifted = tree.lift[v, lift[v]] if lift[v] >= 0 else 0.0
            needed = max(head[v], tree.low[v]) + tree.loss[v, k, 1] / tree.step * flow[v] - lifted
            flow[before[v]] += flow[v]
            head[before[v]] = max(head[before[v]], needed)
    return bool(flow[0] <= tree.supply and head[0] <= tree.outlet[0])


def worth_of(weights: Weights, places, size, lift, station) -> float:
    total = float(weights.place @ np.array(places, float))
    for table, chosen in zip(weights[1:], (size, lift, station), strict=True):
        total += sum(float(table[v, k]) for v, k in enumerate(chosen) if k >= 0)
    return total


@pytest.mark.parametrize("seed", range(40))
def test_no_state_is_worth_more_and_one_is_worth_as_much(seed: int) -> None:
    tree, wants, before = tree_of(seed)
    weights, chosen = weights_of(tree, seed), weights_of(tree, None)
    most = tree.best(wants, weights, chosen)
    assert most == pytest.approx(max(worth_of(weights, *state) for state in every_state(tree, wants, before)))
    assert sum(float((w * x).sum()) for w, x in zip(weights, chosen, strict=True)) == pytest.approx(most)


def test_trees_of_some_variety_are_tried() -> None:
    """Places left out for head, for flow and for the supply; lifts and stations taken."""
    served, lifted, stood, short = 0, 0, 0, 0
    for seed in range(40):
        tree, wants, _ = tree_of(seed)
        chosen = weights_of(tree, None)
        tree.best(wants, weights_of(tree, seed), chosen)
        served += int(chosen.place.sum())
        short += int((wants > 0).sum() - chosen.place.sum())
        lifted, stood = lifted + int(chosen.lift.sum()), stood + int(chosen.station.sum())
    assert min(served, lifted, stood, short) > 10


def test_convex_losses_are_never_taken_too_high() -> None:
    """Between the flows of a table the chord before is drawn on: a state that holds by the true loss is never left out."""
    n, flows = 2, 20
    grid = np.arange(flows) / 4
    for at in np.linspace(0.1, 4.7, 60):
        tree = Tree(
            np.array([1, -1]), np.array([-1, -1]), np.array([0.0, 0.0]), np.zeros(n), np.array([[-1.0], [9.0]]),
            0.25, np.tile(grid**1.852, (n, 1, 1)), np.full((n, 1), -1.0), np.full((n, 1), -1.0),
            np.array([at**1.852, 0.0]), 9.0,
        )  # fmt: skip
        one = Weights(np.ones(n), np.zeros((n, 1)), np.zeros((n, 1)), np.zeros((n, 1)))
        assert tree.best(np.array([0.0, at]), one, weights_of(tree, None)) == 1.0
        low = tree._replace(outlet=np.array([at**1.852 * 0.95, 0.0]))
        assert at < 1.0 or low.best(np.array([0.0, at]), one, weights_of(tree, None)) == 0.0


def test_what_is_warmed_is_what_is_called() -> None:
    assert set(warm()) == {"states of pipes"}
    warmed = set(best_state.signatures)
    tree, wants, _ = tree_of(1)
    tree.best(wants, weights_of(tree, 1), weights_of(tree, None))
    assert set(best_state.signatures) == warmed
