"""What pipes must bring into a node: what places behind it want, less what stations can give of just that. No Pyomo.

Places are served in full or not at all, so of some places a station gives the wants of those that fit its capacity together, and
leaves the rest of it unused. Half a station gives half of that, where the plain relaxation takes half of the capacity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.systems.pipes_gates import SLACK, Gates
from optimizer.systems.pipes_rivals import cover
from optimizer.systems.pipes_sums import MANY, largest_sums


@dataclass(frozen=True)
class Piped:
    """``sum(wants of places connected) <= what pipes bring into the node + sum(most * stands)``.

    Parameters
    ----------
    node, period
        Where and when.
    places
        Origins that every way to passes the node.
    stations, most
        States of the stations at the node or behind it, and units a year of those places' wants that each can give.
    """

    node: int
    period: int
    places: list[int]
    stations: list[int]
    most: list[float]


def piped(gates: Gates, room: np.ndarray) -> Iterator[Piped]:
    """Of every node with stations at it or behind it, and period.

    Parameters
    ----------
    room
        (station state,) units a year that it can give.
    """
    for node, mine in gates.at.items():
        stations, near = gates.stations(mine)
        places = gates.origin[mine]
        for t in range(gates.periods) if stations else ():
            wants = np.where(gates.possible[places, t], gates.d["quantity"][places, t], 0.0)
            for chosen in _chosen(wants, room[stations], near):
                held = np.concatenate(
                    [largest_sums((wants * at)[chosen, None], room[[s], None])[0] for s, at in zip(stations, near, strict=True)]
                )
                if (held < np.minimum(room[stations], wants[chosen].sum()) * (1 - SLACK)).any():
                    yield Piped(node, t, places[chosen].tolist(), stations, held.tolist())


def _chosen(wants: np.ndarray, room: np.ndarray, near: np.ndarray) -> list[list[int]]:
    """Sets of places that no station can serve all: those that want more than any has, with rivals among the others, with all
    others, and alone.

    Parameters
    ----------
    wants, room
        (place,) and (station,) units a year; 0 for a place that nothing can serve.
    near
        (station, place) whether the place is behind the station.
    """
    most = np.where(near, room[:, None], 0.0).max(axis=0) * (1 + SLACK)
    wanted = wants > 0
    small, large = np.flatnonzero(wanted & (wants <= most)), np.flatnonzero(wanted & (wants > most))
    both = near[:, :, None] & near[:, None]
    together = np.where(both, room[:, None, None], 0.0).max(axis=0) * (1 + SLACK)
    beyond = (wants + wants[:, None] > together)[np.ix_(small, small)]
    np.fill_diagonal(beyond, False)
    some = [small[:0], small, *(small[clique] for clique in cover(beyond))]
    sets = {tuple(np.union1d(large, one).tolist()) for one in some if len(one) <= MANY}
    return [list(chosen) for chosen in sorted(sets) if chosen]
