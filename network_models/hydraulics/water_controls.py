"""Simple controls of a file: what they switch at time zero, and those that wait for the pressure of a junction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from network_models.hydraulics.water_network import LinkKind, LinkStatus, PressureControls

LEVEL_TOLERANCE = 1e-9
SECONDS_A_DAY = 86400
EPANET_FIRST_FLOW = 0.3048**3
"""m3/s from which pumps of constant power start (one cubic foot)."""
CLOSED_FLOW = 1e-6 * 0.3048**3


@dataclass
class Switching:
    """States, settings and flows of links while controls act; ``factor`` turns a file's pressures into metres."""

    status: np.ndarray
    setting: np.ndarray
    initial_flow: np.ndarray
    factor: float
    waiting: list[tuple[int, int, bool, float, int, float]] = field(default_factory=list)

    def controls(self) -> PressureControls:
        """Controls that wait for a pressure."""
        if not self.waiting:
            return PressureControls.none()
        node, link, above, grade, status, setting = zip(*self.waiting, strict=True)
        return PressureControls(
            np.array(node, np.int64),
            np.array(link, np.int64),
            np.array(above, bool),
            np.array(grade, np.float64),
            np.array(status, np.int64),
            np.array(setting, np.float64),
        )


def switch_at_start(
    model: Any, links: list[Any], kinds: list[LinkKind], position: dict[str, int], switching: Switching
) -> None:
    """Apply the controls of time zero in the order of the file, and gather those on pressures.

    Rules act only after the first balance of flows, so they change nothing here.
    """
    number = {link.name: k for k, link in enumerate(links)}
    for _, control in model.controls():
        if type(control).__name__ == "Rule" or not control._then_actions:
            continue
        action = control._then_actions[0]
        k = number.get(getattr(action.target()[0], "name", None))
        if k is None:
            continue
        state, value = _effect(action, kinds[k], switching)
        condition = control._condition
        node: Any = getattr(condition, "_source_obj", None)
        if getattr(node, "node_type", None) == "Junction":
            grade = node.elevation + condition._threshold * switching.factor
            entry = (position[node.name], k, _above(condition), grade, state, value)
            switching.waiting.append(entry)
        elif _holds(model, condition, node):
            _switch(switching, links[k], kinds[k], k, state, value)


def _effect(action: Any, kind: LinkKind, switching: Switching) -> tuple[int, float]:
    """State and setting that a control brings about."""
    attribute, value = action._attribute.lower(), action._value
    if attribute == "status":
        closed = int(value) == 0
        state = LinkStatus.CLOSED if closed else LinkStatus.OPEN
        return state, (0.0 if closed else 1.0) if kind == LinkKind.PUMP else np.nan
    if kind == LinkKind.PUMP:
        return LinkStatus.CLOSED if float(value) == 0.0 else LinkStatus.OPEN, float(value)
    metres = kind in (LinkKind.PRV, LinkKind.PSV, LinkKind.PBV)
    return LinkStatus.ACTIVE, float(value) * (switching.factor if metres else 1.0)


def _above(condition: Any) -> bool:
    name = str(getattr(condition._relation, "name", condition._relation)).lower()
    return name in ("gt", "ge", "greater", "greater_equal")


def _holds(model: Any, condition: Any, node: Any) -> bool:
    """Whether a condition on a tank's level or on the time is met at time zero."""
    if node is not None:
        level = getattr(node, "init_level", None)
        if level is None:
            return False
        over, threshold = level - condition._threshold, LEVEL_TOLERANCE
        return over >= -threshold if _above(condition) else over <= threshold
    name = type(condition).__name__
    if name == "SimTimeCondition":
        return float(condition._threshold) == 0.0
    if name == "TimeOfDayCondition":
        return float(model.options.time.start_clocktime) % SECONDS_A_DAY == float(condition._threshold) % SECONDS_A_DAY
    return False


def _switch(switching: Switching, link: Any, kind: LinkKind, k: int, state: int, value: float) -> None:
    """One control on one link; a flow to start from stays that of the state before, as in EPANET."""
    if np.isnan(switching.initial_flow[k]):
        was_closed = switching.status[k] <= LinkStatus.CLOSED
        if was_closed and state > LinkStatus.CLOSED:
            constant = kind == LinkKind.PUMP and link.pump_type == "POWER"
            switching.initial_flow[k] = EPANET_FIRST_FLOW if constant else CLOSED_FLOW
    switching.status[k] = state
    if kind > LinkKind.PIPE:
        switching.setting[k] = value
