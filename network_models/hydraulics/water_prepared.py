"""What is kept of a network between solutions: its tape, its layout and the case as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from network_models.hydraulics.water_check import NetworkError
from network_models.hydraulics.water_lane_io import Case, Found
from network_models.hydraulics.water_network import LinkKind, LinkStatus, WaterNetwork
from network_models.hydraulics.water_state import System, coefficients, initial_flows, make_system
from network_models.hydraulics.water_tape import Tape, make_tape

if TYPE_CHECKING:
    from network_models.hydraulics.water_solve import Scenarios, WaterResult

_KEY = "_prepared"


@dataclass(frozen=True)
class Prepared:
    """A network ready to be solved again and again."""

    network: WaterNetwork
    tape: Tape
    system: System
    base: Case
    diameter: np.ndarray

    def case(
        self, demands: Any, diameters: Any, given: Scenarios, start: WaterResult | None
    ) -> tuple[Case, np.ndarray, bool]:
        """Arrays for the kernels, the diameters (rows, n_links), and whether there is one scenario without an axis.

        Raises
        ------
        NetworkError
            Arrays that do not fit or hold what is no number.
        """
        n, m = self.network.n_nodes, self.network.n_links
        demand = _rows(demands, n, "demands", self.base.demand)
        diameter = _rows(diameters, m, "diameters", self.diameter)
        fixed = _rows(given.fixed_head, n, "fixed_head", self.base.fixed_head)
        status = _rows(given.status, m, "status", self.base.status)
        setting = _rows(given.setting, m, "setting", self.base.setting)
        case = self.base._replace(demand=demand, fixed_head=fixed, status=status, setting=setting)
        if diameters is not None or given.status is not None:
            case = self._resized(case, diameter)
        if start is not None:
            known = (start.flows, start.status, start.outlets)
            flow, states, out = (np.array(np.atleast_2d(part), order="C") for part in known)
            case = case._replace(flow=flow, status=states, out=out)
        counts = {len(part) for part in case} - {1}
        if len(counts) > 1:
            raise NetworkError(f"scenarios: found arrays of {sorted(counts)} rows; expected equally many")
        wide = any(np.ndim(part) == 2 for part in (demands, diameters, *vars(given).values()))
        return case, diameter, not wide and not counts

    def _resized(self, case: Case, diameter: np.ndarray) -> Case:
        """A case with other diameters or states."""
        closed = (case.status <= LinkStatus.CLOSED) & (self.network.kind == LinkKind.PIPE)
        parts = coefficients(self.network, diameter, closed)
        flow = [initial_flows(self.network, row) for row in diameter]
        return case._replace(
            flow=np.array(flow), **{name: np.array(part, order="C") for name, part in parts._asdict().items()}
        )

    def run(self, case: Case, accuracy: float, max_iterations: int) -> Found:
        """Solve every scenario of a case."""
        from network_models.hydraulics.water_run import run

        count = max(len(part) for part in case)
        n, m = self.network.n_nodes, self.network.n_links
        whole = np.zeros((3, count), np.int64)
        found = Found(
            np.empty((count, n)),
            np.empty((count, len(self.system.outlets.row))),
            np.empty((count, m)),
            np.empty((count, m), np.int64),
            np.empty((count, len(self.system.rules.switch_device))),
            whole[0],
            np.empty(count),
            whole[1],
            whole[2],
        )
        run(self.system, case, found, (accuracy, max_iterations))
        return found

    def outflows(self, case: Case, found: Found) -> np.ndarray:
        """What is drawn at each node, (n_scenarios, n_nodes) m3/s."""
        outlets, count = self.system.outlets, len(found.head)
        demand = np.broadcast_to(case.demand, (count, self.network.n_nodes))
        if not len(outlets.row):
            return demand
        drawn = demand.copy()
        driven = outlets.node[outlets.n_emitters :]
        drawn[:, driven] = np.minimum(drawn[:, driven], 0.0)
        for x, node in enumerate(outlets.node):
            drawn[:, node] += found.outflow[:, x]
        return drawn

    def settings(self, case: Case, found: Found) -> np.ndarray:
        """Settings as controls on pressure left them, (n_scenarios, n_links)."""
        given = np.broadcast_to(case.setting, found.flow.shape)
        if not found.setting.shape[1]:
            return given
        left = given.copy()
        left[:, self.network.controls.link] = found.setting
        return left


def prepare(network: WaterNetwork) -> Prepared:
    """The prepared form of a network, made once."""
    kept = network.__dict__.get(_KEY)
    if kept is None:
        kept = _prepare(network)
        network.__dict__[_KEY] = kept
    return kept


def _prepare(network: WaterNetwork) -> Prepared:
    tape = make_tape(network)
    system = _plain(make_system(network, tape))
    closed = (network.status <= LinkStatus.CLOSED) & (network.kind == LinkKind.PIPE)
    diameter = np.where(np.isfinite(network.diameter) & (network.diameter > 0), network.diameter, 1.0)[None]
    parts = [np.ascontiguousarray(part) for part in coefficients(network, diameter, closed[None])]
    base = Case(
        network.demand[None],
        network.fixed_head[None],
        initial_flows(network, diameter[0])[None],
        network.status[None].astype(np.int64),
        network.setting[None],
        np.full((1, len(system.outlets.row)), np.nan),
        *parts,
    )
    base = _plain(base)
    return Prepared(network, tape, system, base, diameter)


def _plain(part: Any) -> Any:
    """Named tuples with every array laid out alike, so that the kernels are compiled once."""
    if isinstance(part, tuple):
        return type(part)(*map(_plain, part))
    return np.array(part, order="C") if isinstance(part, np.ndarray) else part


def _rows(value: Any, count: int, name: str, usual: np.ndarray) -> np.ndarray:
    if value is None:
        return usual
    rows = np.array(np.atleast_2d(np.asarray(value, usual.dtype)), order="C")
    if rows.ndim != 2 or rows.shape[1] != count or not len(rows):
        raise NetworkError(f"{name}: found {rows.shape}; expected (n_scenarios, {count})")
    if name in ("demands", "diameters") and not (np.isfinite(rows) & ((rows > 0) | (name == "demands"))).all():
        raise NetworkError(f"{name}: found a number that is missing or infinite, or a diameter of 0 or less")
    return rows
