"""From the relaxation's plan to a state of the network that obeys every law, checked by simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import highspy
import numpy as np
import scipy.sparse as sp

from benchmarks.gas_problem import GasProblem
from benchmarks.gas_relaxation import Model
from network_models.hydraulics.gas_network import GasLink, GasNetwork, GasStatus
from network_models.hydraulics.gas_result import GasResult
from network_models.hydraulics.gas_solve import solve
from network_models.hydraulics.water_check import NetworkError
from optimizer.model.compiled import Compiled
from optimizer.solve.highs import pass_model

ROUNDS = 60
EXACT = 1e-9
"""Largest breach of a law, in scaled squared pressure, that ends the search for a state."""
PENALTY = 1e4
WIDEST, NARROWEST = 0.5, 1e-10
"""Ends of the range of the trust region for flows."""
LIMIT = 1e-6
"""Relative excess over a limit of pressure or flow that a simulated plan may have."""


@dataclass(frozen=True)
class State:
    """Scaled squared pressures, supplies and flows; ``ahead`` tells which way devices work, 0 where they are shut."""

    squares: np.ndarray
    supplies: np.ndarray
    flows: np.ndarray
    device_flows: np.ndarray
    ahead: np.ndarray
    built: np.ndarray
    cost: float
    breach: float


def find_state(model: Model, values: np.ndarray) -> State | None:
    """A state under the plan, the directions of devices and the state of switches of a solution of the relaxation.

    Successive linear programs: laws linearised at the present flows within a trust region, their breaches penalised.

    Returns
    -------
    State
        None where no state was found (which proves nothing).
    """
    return _Search(model.problem, model, values).run()


class _Search:
    """The columns are squared pressures, supplies, flows of pipes, flows of devices, and two breaches a law."""

    def __init__(self, problem: GasProblem, model: Model, values: np.ndarray) -> None:
        self.problem = problem
        self.built = values[model.builds] > 0.5
        self.laws = np.array(
            [k for k, p in enumerate(problem.pipes) if p.candidate < 0 or self.built[p.candidate]], int
        )
        self.flow = model.flows(values)
        carried = np.array([sum(a * values[c] for c, a in terms) for terms in model.device_flow])
        self.device_flow = carried
        self.squares, self.supplies = values[model.squares], values[model.supplies]
        self.ahead = model.directions(values)
        n, m, d = len(problem.low), len(problem.pipes), len(problem.devices)
        self.at = np.cumsum([0, n, n, m, d, len(self.powered()), len(self.laws), len(self.laws)])

    def powered(self) -> list[int]:
        """Devices with a limit of power or gain that work."""
        return [
            k
            for k, device in enumerate(self.problem.devices)
            if self.ahead[k] and (math.isfinite(device.power) or math.isfinite(device.gain))
        ]

    def run(self) -> State | None:
        width, best = WIDEST, self._merit(self.squares, self.supplies, self.flow, self.device_flow)
        for _ in range(ROUNDS):
            step = self._step(width)
            if step is None:
                return None
            squares, supplies, flow, device_flow = step
            merit = self._merit(squares, supplies, flow, device_flow)
            moved = max(np.abs(flow - self.flow).max(initial=0.0), np.abs(squares - self.squares).max(initial=0.0))
            if merit < best * (1.0 - 1e-9) or self._breach(squares, flow, device_flow) <= EXACT:
                best, width = merit, min(2.0 * width, WIDEST)
                self.squares, self.supplies, self.flow, self.device_flow = step
                settled = self._breach(squares, flow, device_flow) <= EXACT and moved <= 1e-7
                if settled or (self._breach(squares, flow, device_flow) <= EXACT and not self._priced()):
                    break
            else:
                width *= 0.25
            if width < NARROWEST:
                break
        breach = self._breach(self.squares, self.flow, self.device_flow)
        return self._state(breach) if breach <= 10.0 * EXACT else None

    def _priced(self) -> bool:
        return bool(self.problem.supply_cost.any())

    def _state(self, breach: float) -> State:
        cost = float(self.problem.cost @ self.built + self.problem.supply_cost @ self.supplies)
        return State(self.squares, self.supplies, self.flow, self.device_flow, self.ahead, self.built, cost, breach)

    def _excess(self, squares: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """Breach of each law in squared pressure."""
        pipes = [self.problem.pipes[k] for k in self.laws]
        drop = np.array([squares[p.tail] - squares[p.head] for p in pipes])
        weymouth = np.array([p.weymouth for p in pipes])
        carried = flow[self.laws]
        return np.asarray(drop - carried * np.abs(carried) / weymouth)

    def _limits(self, squares: np.ndarray, device_flow: np.ndarray) -> np.ndarray:
        """Excess over the limits of power and gain."""
        return np.array([self._limit(k, squares, device_flow)[0] for k in self.powered()])

    def _limit(self, k: int, squares: np.ndarray, device_flow: np.ndarray) -> tuple[float, float, float, float]:
        """Excess over a limit and its derivatives by flow, tail and head."""
        device, f = self.problem.devices[k], device_flow[k]
        u, v = max(squares[device.tail], 1e-9), max(squares[device.head], 1e-9)
        if math.isfinite(device.gain):
            return f * f / device.gain - (v - u), 2.0 * f / device.gain, 1.0, -1.0
        sign = float(self.ahead[k])
        ratio = (v / u) if sign > 0 else (u / v)
        power = ratio**device.exponent
        by_ratio = sign * f * device.exponent * power / ratio
        by_tail, by_head = (-v / u**2, 1.0 / u) if sign > 0 else (1.0 / v, -u / v**2)
        return sign * f * (power - 1.0) - device.power, sign * (power - 1.0), by_ratio * by_tail, by_ratio * by_head

    def _breach(self, squares: np.ndarray, flow: np.ndarray, device_flow: np.ndarray) -> float:
        over = self._limits(squares, device_flow)
        return float(max(np.abs(self._excess(squares, flow)).max(initial=0.0), over.max(initial=0.0)))

    def _merit(self, squares: np.ndarray, supplies: np.ndarray, flow: np.ndarray, device_flow: np.ndarray) -> float:
        laws = np.abs(self._excess(squares, flow)).sum() + np.maximum(self._limits(squares, device_flow), 0.0).sum()
        return float(PENALTY * laws + self.problem.supply_cost @ supplies)

    def _step(self, width: float) -> tuple[np.ndarray, ...] | None:
        low, high, cost = self._columns(width)
        rows = [*self._balances(), *self._law_rows(), *self._device_rows(), *self._power_rows()]
        entries = [(r, c, a) for r, (terms, _, _) in enumerate(rows) for c, a in terms]
        r, c, a = (np.array(part) for part in zip(*entries, strict=True))
        shape = (len(rows), self.at[-1])
        matrix = sp.csc_matrix(sp.coo_matrix((a.astype(float), (r, c)), shape=shape))
        values = _linear_program(
            matrix, np.array([x[1] for x in rows]), np.array([x[2] for x in rows]), low, high, cost
        )
        return None if values is None else tuple(values[a:b] for a, b in zip(self.at[:4], self.at[1:5], strict=True))

    def _columns(self, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        problem, n = self.problem, self.at[-1]
        low, high, cost = np.zeros(n), np.full(n, np.inf), np.zeros(n)
        at = self.at
        low[: at[1]], high[: at[1]] = problem.low, problem.high
        low[at[1] : at[2]], high[at[1] : at[2]] = problem.supply_low, problem.supply_high
        cost[at[1] : at[2]] = problem.supply_cost
        for k, pipe in enumerate(problem.pipes):
            on = pipe.candidate < 0 or self.built[pipe.candidate]
            low[at[2] + k] = max(pipe.low, self.flow[k] - width) if on else 0.0
            high[at[2] + k] = max(min(pipe.high, self.flow[k] + width), low[at[2] + k]) if on else 0.0
        for k, device in enumerate(problem.devices):
            way = self.ahead[k]
            both = device.plain and way
            low[at[3] + k] = device.low if both or way < 0 else 0.0
            high[at[3] + k] = device.high if both or way > 0 else 0.0
        cost[at[4] :] = PENALTY
        return low, high, cost

    def _balances(self) -> list[tuple[list[tuple[int, float]], float, float]]:
        at = self.at
        sums: list[list[tuple[int, float]]] = [[(at[1] + k, 1.0)] for k in range(at[1])]
        ends = [(pipe.tail, pipe.head) for pipe in self.problem.pipes]
        ends += [(device.tail, device.head) for device in self.problem.devices]
        for k, (tail, head) in enumerate(ends):
            sums[tail].append((at[2] + k, -1.0))
            sums[head].append((at[2] + k, 1.0))
        return [(terms, 0.0, 0.0) for terms in sums]

    def _law_rows(self) -> list[tuple[list[tuple[int, float]], float, float]]:
        rows = []
        for n, k in enumerate(self.laws):
            pipe, f = self.problem.pipes[k], self.flow[k]
            slope, constant = 2.0 * abs(f) / pipe.weymouth, -f * abs(f) / pipe.weymouth
            terms = [(pipe.tail, 1.0), (pipe.head, -1.0), (self.at[2] + k, -slope)]
            terms += [(self.at[5] + n, 1.0), (self.at[6] + n, -1.0)]
            rows.append((terms, constant, constant))
        return rows

    def _device_rows(self) -> list[tuple[list[tuple[int, float]], float, float]]:
        rows = []
        for k, device in enumerate(self.problem.devices):
            if not self.ahead[k]:
                continue
            i, j = (device.tail, device.head) if self.ahead[k] > 0 else (device.head, device.tail)
            ratio = device.forward if self.ahead[k] > 0 else device.backward or device.forward
            rows.append(([(j, 1.0), (i, -ratio[0])], 0.0, math.inf))
            if math.isfinite(ratio[1]):
                rows.append(([(j, 1.0), (i, -ratio[1])], -math.inf, 0.0))
        return rows

    def _power_rows(self) -> list[tuple[list[tuple[int, float]], float, float]]:
        rows = []
        for n, k in enumerate(self.powered()):
            device = self.problem.devices[k]
            over, by_flow, by_tail, by_head = self._limit(k, self.squares, self.device_flow)
            terms = [(self.at[3] + k, by_flow), (device.tail, by_tail), (device.head, by_head), (self.at[4] + n, -1.0)]
            here = (
                by_flow * self.device_flow[k]
                + by_tail * self.squares[device.tail]
                + by_head * self.squares[device.head]
            )
            rows.append((terms, -math.inf, here - over))
        return rows


def _linear_program(
    matrix: sp.csc_matrix,
    row_low: np.ndarray,
    row_high: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    cost: np.ndarray,
) -> np.ndarray | None:
    from benchmarks.gas_relaxation import tags

    m, n = matrix.shape
    whole = np.zeros(n, bool)
    compiled = Compiled(
        matrix, row_low, row_high, low, high, whole, {"cost": -cost}, {"cost": 0.0}, ("cost",), tags(m), tags(n)
    )
    highs = pass_model(compiled)
    for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(name, 1e-10)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(highs.getSolution().col_value, float)


def network_at(problem: GasProblem, state: State) -> GasNetwork:
    """The network with what is built, devices holding the ratios of a state, supplies fixed but at one node.

    The node with the highest pressure among those that are fed holds it.
    """
    pipes = [(p, k) for k, p in enumerate(problem.pipes) if p.candidate < 0 or state.built[p.candidate]]
    pressures = np.sqrt(state.squares) * problem.pressure_unit
    fed = np.flatnonzero(state.supplies > 1e-9)
    root = int(fed[np.argmax(pressures[fed])]) if len(fed) else int(np.argmax(pressures))
    fixed = np.full(len(pressures), np.nan)
    fixed[root], demand = pressures[root], -state.supplies * problem.flow_unit
    demand[root] = 0.0
    ends = [(p.tail, p.head) for p, _ in pipes]
    devices = [(d, int(way)) for d, way in zip(problem.devices, state.ahead, strict=True) if way]
    ends += [(d.tail, d.head) if way > 0 else (d.head, d.tail) for d, way in devices]
    ratios = [pressures[j] / pressures[i] for i, j in ends[len(pipes) :]]
    kinds = [GasLink.PIPE] * len(pipes) + [_kind(ratio) for ratio in ratios]
    status = [GasStatus.OPEN] * len(pipes) + [
        GasStatus.OPEN if k == GasLink.VALVE else GasStatus.AT_RATIO for k in kinds[len(pipes) :]
    ]
    sizes = problem.lengths[[k for _, k in pipes]]
    blank = np.full((len(devices), 3), np.nan)
    length, diameter, factor = np.concatenate([sizes, blank]).T
    tail, head = np.array(ends).T
    return GasNetwork.from_arrays(
        demand,
        fixed,
        tail,
        head,
        length,
        diameter,
        kind=kinds,
        friction_factor=factor,
        ratio=[np.nan] * len(pipes)
        + [r if k != GasLink.VALVE else np.nan for r, k in zip(ratios, kinds[len(pipes) :], strict=True)],
        status=status,
        pressure_min=np.sqrt(problem.low) * problem.pressure_unit,
        pressure_max=np.sqrt(problem.high) * problem.pressure_unit,
        node_names=problem.node_names,
        link_names=tuple([p.name for p, _ in pipes] + [d.name for d, _ in devices]),
        gas=problem.gas,
    )


def _kind(ratio: float) -> GasLink:
    if abs(ratio - 1.0) < 1e-9:
        return GasLink.VALVE
    return GasLink.COMPRESSOR if ratio > 1.0 else GasLink.REGULATOR


def simulate(problem: GasProblem, state: State) -> tuple[bool, str, GasResult | None]:
    """Whether the simulated state exists and keeps all limits of pressure; why not; the result."""
    try:
        result = solve(network_at(problem, state))
    except NetworkError as error:
        return False, str(error), None
    if not result.solved:
        return False, str(result.reason), result
    network = result.network
    over = np.maximum(network.pressure_min - result.pressures, result.pressures - network.pressure_max)
    worst = int(np.argmax(over))
    if over[worst] > LIMIT * problem.pressure_unit:
        return False, f"node {network.node_names[worst]!r}: {over[worst]:.0f} Pa outside its limits", result
    return True, "", result
