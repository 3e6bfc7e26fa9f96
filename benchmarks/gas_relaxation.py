"""A linear relaxation of least-cost gas networks, tightened by tangents and by pieces of the flow.

In the direction of flow ``weymouth * drop = flow**2``. Each direction of a pipe is cut into pieces of its flow, with a
share y of 0 or 1 each (disaggregated, so that the hull of every piece is its perspective):

- below: tangents ``weymouth drop >= 2 t flow - t**2 y`` for any t;
- above: the chord ``weymouth drop <= (a + b) flow - a b y`` of the piece from a to b.

With all tangents and ever shorter pieces the relaxation is the problem itself; with some of them its optimum is a lower
bound, and its infeasibility proves the problem's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from benchmarks.gas_problem import Device, GasProblem
from optimizer.model.compiled import Compiled, Tags
from optimizer.solve.highs import Solved, run
from optimizer.solve.settings import SolverSettings

Direction = tuple[int, int]
"""A pipe and +1 or -1."""
Terms = list[tuple[int, float]]
TANGENTS = (0.1, 0.2, 0.4, 0.7, 1.0)
"""Where every piece has a tangent from the start, as shares of its length."""


@dataclass(frozen=True)
class Piece:
    """Columns of one piece of a direction: flow, drop and share."""

    pipe: int
    sign: int
    low: float
    high: float
    flow: int
    drop: int
    share: int


@dataclass
class Relaxation:
    """Rows and columns of the relaxation of a problem, with what was learnt about it so far.

    Parameters
    ----------
    cuts
        Points of the tangents of each direction.
    breaks
        Inner ends of the pieces of each direction.
    """

    problem: GasProblem
    cuts: dict[Direction, set[float]] = field(default_factory=dict)
    breaks: dict[Direction, set[float]] = field(default_factory=dict)

    def build(self) -> Model:
        """The model with all cuts and pieces known."""
        return Model(self)


class Model:
    """One relaxation as a mixed-integer linear program, put together column by column and row by row."""

    def __init__(self, relaxation: Relaxation) -> None:
        problem = relaxation.problem
        self.relaxation, self.problem = relaxation, problem
        self.low: list[float] = []
        self.high: list[float] = []
        self.cost: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[Terms, float, float]] = []
        self.pieces: list[Piece] = []
        self.squares = [self.column(a, b) for a, b in zip(problem.low, problem.high, strict=True)]
        self.supplies = [
            self.column(a, b, c)
            for a, b, c in zip(problem.supply_low, problem.supply_high, problem.supply_cost, strict=True)
        ]
        self.builds = [self.column(0.0, 1.0, cost, whole=True) for cost in problem.cost]
        self.balances: list[Terms] = [[(s, 1.0)] for s in self.supplies]
        self.pair_direction: dict[tuple[int, int], int] = {}
        self.device_on: list[int | None] = []
        self.device_ahead: list[int | None] = []
        self.pipe_flow: list[Terms] = [self._pipe(k) for k in range(len(problem.pipes))]
        self.device_flow: list[Terms] = [self._device(device) for device in problem.devices]
        for balance in self.balances:
            self.row(balance, 0.0, 0.0)

    def column(self, low: float, high: float, cost: float = 0.0, whole: bool = False) -> int:
        self.low.append(low)
        self.high.append(max(high, low))
        self.cost.append(cost)
        self.whole.append(whole)
        return len(self.low) - 1

    def row(self, terms: Terms, low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def _at_most(self, terms: Terms, high: float = 0.0) -> None:
        self.row(terms, -math.inf, high)

    def _carry(self, tail: int, head: int, flow: Terms) -> Terms:
        self.balances[tail] += [(c, -a) for c, a in flow]
        self.balances[head] += flow
        return flow

    def _direction_of_pair(self, tail: int, head: int) -> int:
        """Binary: pressure falls from the lower to the higher numbered node."""
        pair = (min(tail, head), max(tail, head))
        if pair not in self.pair_direction:
            y = self.column(0.0, 1.0, whole=True)
            self.pair_direction[pair] = y
            u, v = (self.squares[k] for k in pair)
            fall, rise = self._reach(*pair), self._reach(*pair[::-1])
            self._at_most([(u, 1.0), (v, -1.0), (y, -fall)])
            self._at_most([(v, 1.0), (u, -1.0), (y, rise)], rise)
        return self.pair_direction[pair]

    def _reach(self, i: int, j: int) -> float:
        """Largest drop of squared pressure from i to j, 0 or more."""
        return max(self.problem.high[i] - self.problem.low[j], 0.0)

    def _pipe(self, k: int) -> Terms:
        pipe = self.problem.pipes[k]
        u, v = self.squares[pipe.tail], self.squares[pipe.head]
        y = self._direction_of_pair(pipe.tail, pipe.head)
        ahead = (y, 1.0, 0.0) if pipe.tail < pipe.head else (y, -1.0, 1.0)
        built = self.builds[pipe.candidate] if pipe.candidate >= 0 else None
        flow: Terms = []
        drop: Terms = []
        shares: Terms = []
        for sign in (1, -1):
            pieces = self._pieces(k, sign)
            flow += [(p.flow, float(sign)) for p in pieces]
            drop += [(p.drop, float(sign)) for p in pieces]
            shares += [(p.share, 1.0) for p in pieces]
            column, factor, constant = ahead if sign > 0 else (ahead[0], -ahead[1], 1.0 - ahead[2])
            self._at_most([*((p.share, 1.0) for p in pieces), (column, -factor)], constant)
        tie: Terms = [(u, 1.0), (v, -1.0), *((c, -a) for c, a in drop)]
        if built is None:
            self.row(shares, 1.0, 1.0)
            self.row(tie, 0.0, 0.0)
        else:
            self.row([*shares, (built, -1.0)], 0.0, 0.0)
            forth, back = self._reach(pipe.tail, pipe.head), self._reach(pipe.head, pipe.tail)
            self.row([*tie, (built, forth)], -math.inf, forth)
            self.row([*tie, (built, -back)], -back, math.inf)
        return self._carry(pipe.tail, pipe.head, flow)

    def _pieces(self, k: int, sign: int) -> list[Piece]:
        pipe = self.problem.pipes[k]
        low, high = (pipe.low, pipe.high) if sign > 0 else (-pipe.high, -pipe.low)
        i, j = (pipe.tail, pipe.head) if sign > 0 else (pipe.head, pipe.tail)
        if high < 0.0 or (high <= 0.0 and low < 0.0 and sign < 0):
            return []
        low = max(low, 0.0)
        inner = sorted(b for b in self.relaxation.breaks.get((k, sign), ()) if low < b < high)
        ends = [low, *inner, high]
        found = []
        for a, b in pairwise(ends):
            share = self.column(0.0, 1.0, whole=bool(inner))
            flow, drop = self.column(0.0, b), self.column(0.0, self._reach(i, j))
            self._piece_rows(pipe.weymouth, a, b, flow, drop, share, self._reach(i, j))
            for t in self.relaxation.cuts.get((k, sign), ()):
                self._at_most([(flow, 2.0 * t), (share, -t * t), (drop, -pipe.weymouth)])
            found.append(Piece(k, sign, a, b, flow, drop, share))
        self.pieces += found
        return found

    def _piece_rows(self, weymouth: float, a: float, b: float, flow: int, drop: int, share: int, reach: float) -> None:
        self._at_most([(flow, 1.0), (share, -b)])
        self._at_most([(drop, 1.0), (share, -min(reach, b * b / weymouth))])
        self._at_most([(drop, weymouth), (flow, -(a + b)), (share, a * b)])
        if a > 0.0:
            self._at_most([(share, a), (flow, -1.0)])
        for t in {a, *(a + (b - a) * part for part in TANGENTS)} - {0.0}:
            self._at_most([(flow, 2.0 * t), (share, -t * t), (drop, -weymouth)])

    def _device(self, device: Device) -> Terms:
        i, j = device.tail, device.head
        flow = [(self.column(min(device.low, 0.0), max(device.high, 0.0)), 1.0)]
        on = self.builds[device.candidate] if device.candidate >= 0 else None
        if device.switch and on is None:
            on = self.column(0.0, 1.0, whole=True)
        self.device_on.append(on)
        self.device_ahead.append(None)
        if device.plain:
            self._tie(i, j, SAME, [] if on is None else [(on, -1.0)], 0.0 if on is None else 1.0)
            if on is not None:
                self._within(flow, device, [(on, 1.0)], [(on, 1.0)])
            return self._carry(i, j, flow)
        if device.backward is None:
            idle: Terms = [] if on is None else [(on, -1.0)]
            self._tie(i, j, device.forward, idle, 0.0 if on is None else 1.0)
            self.low[flow[0][0]] = 0.0
            if on is not None:
                self._within(flow, device, [(on, 1.0)], [])
            self._gain(device, flow[0][0])
            return self._carry(i, j, flow)
        self._both_ways(device, flow, on)
        return self._carry(i, j, flow)

    def _both_ways(self, device: Device, flow: Terms, on: int | None) -> None:
        """Different ratios in both directions, chosen by binaries."""
        ahead = self.device_ahead[-1] = self.column(0.0, 1.0, whole=True)
        if on is None:
            behind: Terms = [(ahead, 1.0)]
            rest = 0.0
        else:
            back = self.column(0.0, 1.0, whole=True)
            self.row([(ahead, 1.0), (back, 1.0), (on, -1.0)], 0.0, 0.0)
            behind, rest = [(back, -1.0)], 1.0
        assert device.backward is not None
        self._tie(device.tail, device.head, device.forward, [(ahead, -1.0)], 1.0)
        self._tie(device.head, device.tail, device.backward, behind, rest)
        self._within(flow, device, [(ahead, 1.0)], [(c, -a) for c, a in behind], 1.0 - rest)

    def _within(self, flow: Terms, device: Device, ahead: Terms, behind: Terms, constant: float = 0.0) -> None:
        """Flow forward only where ``ahead`` is 1, backward only where ``behind + constant`` is."""
        most, least = max(device.high, 0.0), min(device.low, 0.0)
        self._at_most([*flow, *((c, -a * most) for c, a in ahead)])
        self.row([*flow, *((c, -a * least) for c, a in behind)], constant * least, math.inf)

    def _tie(self, i: int, j: int, ratio: tuple[float, float], idle: Terms, constant: float) -> None:
        """``ratio[0] u_i <= u_j <= ratio[1] u_i`` unless ``idle + constant`` is 1."""
        u, v, problem = self.squares[i], self.squares[j], self.problem
        if math.isfinite(ratio[1]):
            big = max(problem.high[j] - ratio[1] * problem.low[i], 0.0)
            self._at_most([(v, 1.0), (u, -ratio[1]), *((c, -a * big) for c, a in idle)], constant * big)
        big = max(ratio[0] * problem.high[i] - problem.low[j], 0.0)
        self._at_most([(u, ratio[0]), (v, -1.0), *((c, -a * big) for c, a in idle)], constant * big)

    def _gain(self, device: Device, flow: int) -> None:
        if math.isinf(device.gain):
            return
        u, v = self.squares[device.tail], self.squares[device.head]
        for t in np.linspace(0.0, max(device.high, 0.0), 65):
            self._at_most([(flow, 2.0 * t), (v, -device.gain), (u, device.gain)], t * t)

    def compiled(self, cost: np.ndarray | None = None, whole: bool = True) -> Compiled:
        """Arrays for the solver, to be maximised: minus the cost, or minus another one."""
        entries = [(r, c, a) for r, (terms, _, _) in enumerate(self.rows) for c, a in terms]
        r, c, a = (np.array(part) for part in zip(*entries, strict=True))
        n, m = len(self.low), len(self.rows)
        return Compiled(
            sp.csc_matrix(sp.coo_matrix((a.astype(float), (r, c)), shape=(m, n))),
            np.array([row[1] for row in self.rows]),
            np.array([row[2] for row in self.rows]),
            np.array(self.low),
            np.array(self.high),
            np.array(self.whole) & whole,
            {"cost": -np.array(self.cost) if cost is None else -cost},
            {"cost": 0.0},
            ("cost",),
            tags(m),
            tags(n),
        )

    def solve(self, settings: SolverSettings, *, whole: bool = True) -> Solved:
        """Solve; objective and bound are minus the cost."""
        return run(self.compiled(whole=whole), settings)

    def flows(self, values: np.ndarray) -> np.ndarray:
        """Flow of each pipe, (n_pipes,)."""
        return np.array([sum(a * values[c] for c, a in terms) for terms in self.pipe_flow])

    def directions(self, values: np.ndarray) -> np.ndarray:
        """+1 where a device works forward, -1 backward, 0 where it is shut or not built, (n_devices,)."""
        on = [column is None or values[column] > 0.5 for column in self.device_on]
        ahead = [column is None or values[column] > 0.5 for column in self.device_ahead]
        return np.where(on, np.where(ahead, 1, -1), 0)

    def missing_cuts(self, values: np.ndarray, least: float) -> int:
        """Add the tangents that the values break by more than ``least``; how many."""
        count = 0
        for piece in self.pieces:
            share, flow, drop = values[piece.share], values[piece.flow], values[piece.drop]
            if share < 1e-6 or flow < 1e-9:
                continue
            weymouth = self.problem.pipes[piece.pipe].weymouth
            if flow * flow / share - weymouth * drop > least * max(flow, 1e-3):
                self.relaxation.cuts.setdefault((piece.pipe, piece.sign), set()).add(float(flow / share))
                count += 1
        return count

    def chord_errors(self, values: np.ndarray) -> list[tuple[float, Direction, float]]:
        """Drop in excess of the law, direction and flow of every piece in use, largest first."""
        found = []
        for piece in self.pieces:
            if values[piece.share] > 0.5:
                pipe, flow = self.problem.pipes[piece.pipe], values[piece.flow]
                excess = values[piece.drop] - flow * flow / pipe.weymouth
                middle = min(max(flow, 0.8 * piece.low + 0.2 * piece.high), 0.2 * piece.low + 0.8 * piece.high)
                found.append((excess, (piece.pipe, piece.sign), middle))
        return sorted(found, reverse=True)


SAME = (1.0, 1.0)


def tags(count: int) -> Tags:
    """Tags of rows or columns that belong to no county or period."""
    zero, none, no = np.zeros(count, np.int64), np.full(count, -1), np.zeros(count, bool)
    return Tags(("gas",), ("gas",), zero, zero, none, none, no, no)
