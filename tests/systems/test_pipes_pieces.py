"""Rows from pieces of networks cut off no network that holds: every state of random trees is tried."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.systems.pipes_bounds import Bounds
from optimizer.systems.pipes_network import Network
from optimizer.systems.pipes_pieces import MOST_ARCS, Piece, _Pieces, pieces
from tests.random_pipes import NAME, PERIODS, problem_of, random_tree
from tests.systems.test_pipes_strength import holding, room_of, tree_of

SEEDS = range(48)
LIFTED = (25, 29, 73, 163, 187)
"""Seeds of further random trees, of which a piece has a lift."""
WEIGHTS = 12


def bounds_of(seed: int) -> Bounds:
    problem = problem_of(tree_of(seed) if seed in SEEDS else random_tree(seed - len(SEEDS)))
    return Bounds(Network(problem.systems[NAME]), problem.sequence["capacity"].values.astype(float))


TREES = [*SEEDS, *(len(SEEDS) + seed for seed in LIFTED)]


def pieces_of(seed: int) -> list[Piece]:
    bounds = bounds_of(seed)
    return list(pieces(bounds.net, bounds.quantity, room_of(bounds)))


@pytest.mark.parametrize("seed", TREES)
def test_no_network_that_holds_is_worth_more_than_the_most(seed: int) -> None:
    bounds, rng = bounds_of(seed), np.random.default_rng(seed)
    d = bounds.net.d
    found = pieces_of(seed)
    for t in range(PERIODS):
        networks = [standing for standing, _ in holding(bounds, t)]
        for piece in found:
            origins, sizes, lifts, stations = piece.things
            states = np.array([
                np.concatenate([
                    standing.connected[origins], np.isin(sizes, standing.size),
                    standing.lift[d["lift_arc"][lifts]] == d["lift_height"][lifts],
                    standing.supply[d["station_supply"][stations]] > 0,
                ]) for standing in networks
            ], float)  # fmt: skip
            for _ in range(WEIGHTS):
                weights = rng.normal(size=states.shape[1])
                weights[: len(origins)] += 1.0
                most, best = piece.states.most(t, weights)
                assert most == pytest.approx(float(weights @ best))
                assert (states @ weights <= most + 1e-6).all()


def test_pieces_leave_out_networks_that_break_rules() -> None:
    """The most is less than what all states together are worth, lifts, stations and places among them."""
    kinds, less = np.zeros(4, int), 0
    for seed in TREES:
        for piece in pieces_of(seed):
            kinds += [len(things) for things in piece.things]
            places = len(piece.things[0])
            weights = np.concatenate([np.ones(places), np.full(len(piece.states.node) - places, -1e-3)])
            less += sum(piece.states.most(t, weights)[0] < places - 0.5 for t in range(PERIODS))
    assert (kinds >= (60, 150, len(LIFTED), 20)).all()
    assert less > 20


def test_large_branches_are_covered_by_pieces_that_reach_every_place() -> None:
    """Of a comb of thirteen pipes every pipe is in a piece, and every piece is connected with the supply."""
    tails = [0, 1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 9, 9]
    found = _Pieces.__new__(_Pieces)
    found.d = {"arc_head": np.arange(1, 14), "arc_tail": np.array(tails)}
    found.leaving = {}
    for arc, tail in enumerate(tails):
        found.leaving.setdefault(tail, []).append(arc)
    covering = list(found.covering([], 0))
    assert set().union(*covering) == set(range(13))
    for arcs in covering:
        assert len(arcs) <= MOST_ARCS
        assert len(arcs) == len(set(arcs))
        reached = {0}
        for arc in arcs:
            assert tails[arc] in reached
            reached.add(arc + 1)
