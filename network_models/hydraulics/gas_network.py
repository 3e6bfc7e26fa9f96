"""A gas network as frozen arrays, in SI units and absolute pressures."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from network_models.hydraulics.gas_check import check_network
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.water_check import spread

if TYPE_CHECKING:
    from network_models.hydraulics.gas_structure import Structure


class GasLink(IntEnum):
    """What a link is. The first three lose or gain pressure with the flow; the others tie two pressures together."""

    PIPE = 0
    RESISTOR = 1
    PUMP = 2
    VALVE = 3
    SHORT_PIPE = 4
    COMPRESSOR = 5
    REGULATOR = 6


class GasStatus(IntEnum):
    """State of a link.

    CLOSED carries nothing; OPEN has the same pressure at both ends (a pipe, resistor or pump that works is OPEN too);
    ACTIVE holds ``set_pressure`` at its head; AT_RATIO holds ``ratio`` times the pressure at its tail.
    """

    CLOSED = 0
    OPEN = 1
    ACTIVE = 2
    AT_RATIO = 3


@dataclass(frozen=True)
class GasNetwork:
    """Nodes, links and the gas of a network. Make one with ``from_arrays``; ``from_arrays`` describes the fields."""

    height: np.ndarray
    demand: np.ndarray
    fixed_pressure: np.ndarray
    pressure_min: np.ndarray
    pressure_max: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    kind: np.ndarray
    length: np.ndarray
    diameter: np.ndarray
    roughness: np.ndarray
    friction_factor: np.ndarray
    loss: np.ndarray
    pressure_loss: np.ndarray
    ratio: np.ndarray
    set_pressure: np.ndarray
    lift: np.ndarray
    status: np.ndarray
    node_names: tuple[str, ...]
    link_names: tuple[str, ...]
    gas: GasProperties = field(default_factory=GasProperties)
    friction: str = "colebrook"

    @property
    def n_nodes(self) -> int:
        return len(self.height)

    @property
    def n_links(self) -> int:
        return len(self.tail)

    @cached_property
    def has_devices(self) -> bool:
        """Whether any link is a compressor or regulator."""
        return bool((self.kind >= GasLink.COMPRESSOR).any())

    @cached_property
    def structures(self) -> dict[bytes, Structure]:
        """What has been worked out about the network by states of its links; filled by the solver."""
        return {}

    @classmethod
    def from_arrays(
        cls,
        demand: ArrayLike,
        fixed_pressure: ArrayLike,
        tail: ArrayLike,
        head: ArrayLike,
        length: ArrayLike,
        diameter: ArrayLike,
        roughness: ArrayLike = 1e-4,
        *,
        height: ArrayLike = 0.0,
        pressure_min: ArrayLike = 0.0,
        pressure_max: ArrayLike = np.inf,
        kind: ArrayLike = GasLink.PIPE,
        friction_factor: ArrayLike = np.nan,
        loss: ArrayLike = 0.0,
        pressure_loss: ArrayLike = 0.0,
        ratio: ArrayLike = np.nan,
        set_pressure: ArrayLike = np.nan,
        lift: ArrayLike = 0.0,
        status: ArrayLike | None = None,
        node_names: tuple[str, ...] | None = None,
        link_names: tuple[str, ...] | None = None,
        gas: GasProperties | None = None,
        friction: str = "colebrook",
    ) -> GasNetwork:
        """Build from one entry a node and one entry a link; a single number stands for all nodes or links.

        Nodes and links keep their order. All pressures are absolute, in Pa.

        Parameters
        ----------
        demand
            (n_nodes,) kg/s drawn, negative where gas is fed in; fixes the number of nodes. At a node of fixed pressure
            it is drawn besides what the network takes from there. ``GasProperties.mass_flow`` converts m3/h.
        fixed_pressure
            (n_nodes,) Pa at sources that hold their pressure, NaN elsewhere.
        tail, head
            (n_links,) node numbers; ``tail`` fixes the number of links. Flow is positive from tail to head.
        length, diameter, roughness
            (n_links,) m. Pipes need all three, resistors and pumps a diameter, other links none.
        height
            (n_nodes,) m above sea level.
        pressure_min, pressure_max
            (n_nodes,) Pa: limits that results are held against; they do not change the flow.
        kind
            (n_links,) of ``GasLink``.
        friction_factor
            (n_links,) Darcy's lambda where it is known; NaN: by ``friction``.
        loss
            (n_links,) coefficient of ``density * v**2 / 2`` of fittings in a pipe and of a resistor.
        pressure_loss
            (n_links,) Pa that a resistor takes off in the direction of flow, whatever the flow.
        ratio
            (n_links,) head over tail pressure of compressors (1 or more) and regulators (1 or less). Alone: held.
            With ``set_pressure``: its limit. NaN: none for compressors, 1 for regulators.
        set_pressure
            (n_links,) Pa held at the head of compressors and regulators as far as ``ratio`` allows; a compressor whose
            tail pressure is higher lets the gas through, and neither lets gas flow back. NaN: none.
        lift
            (n_links, 3) of pumps: pressure gained, ``c0 + c1 V + c2 V**2`` Pa, V in m3/s as it flows at the tail; the
            gain must not rise with V.
        status
            (n_links,) of ``GasStatus``. By default compressors and regulators do what they are set to, everything else
            is OPEN. CLOSED and OPEN keep a compressor or regulator as it is.
        node_names, link_names
            Names for messages; the position by default.
        gas
            Properties of the gas; natural gas at 10 degrees C with Papay's compressibility by default.
        friction
            'colebrook' (Prandtl-Colebrook, iterated), 'hofer' (explicit approximation of it), 'nikuradse' (hydraulically
            rough), or 'nikuradse_laminar' (the rough value plus 64/Re). Under the first three lambda is never less
            than the laminar 64/Re.

        Raises
        ------
        NetworkError
            Arrays that do not fit, an end that is no node, a zero length or diameter, a negative roughness, a ratio on
            the wrong side of 1, no node of fixed pressure, contradictory names: the first node or link at fault.

        Examples
        --------
        A town 20 km from a gate at 4 MPa that draws 5,000 m3/h:

        >>> gas = GasProperties()
        >>> net = GasNetwork.from_arrays([0, gas.mass_flow(5000)], [4e6, np.nan], [0], [1], 20e3, 0.2, gas=gas)
        """
        drawn = np.atleast_1d(np.asarray(demand, np.float64)).ravel()
        starts = np.atleast_1d(np.asarray(tail)).ravel()
        n, m = len(drawn), len(starts)
        kinds = spread(kind, m, "link", "kind").astype(np.int8)
        ratios, sets = spread(ratio, m, "link", "ratio"), spread(set_pressure, m, "link", "set_pressure")
        states = _usual_status(kinds, ratios, sets) if status is None else spread(status, m, "link", "status")
        curve = np.array(np.broadcast_to(np.asarray(lift, np.float64), (m, 3)))
        network = cls(
            demand=drawn.copy(),
            fixed_pressure=spread(fixed_pressure, n, "node", "fixed_pressure"),
            height=spread(height, n, "node", "height"),
            pressure_min=spread(pressure_min, n, "node", "pressure_min"),
            pressure_max=spread(pressure_max, n, "node", "pressure_max"),
            tail=starts.astype(np.int32),
            head=spread(head, m, "link", "head").astype(np.int32),
            kind=kinds,
            length=spread(length, m, "link", "length"),
            diameter=spread(diameter, m, "link", "diameter"),
            roughness=spread(roughness, m, "link", "roughness"),
            friction_factor=spread(friction_factor, m, "link", "friction_factor"),
            loss=spread(loss, m, "link", "loss"),
            pressure_loss=spread(pressure_loss, m, "link", "pressure_loss"),
            ratio=ratios,
            set_pressure=sets,
            lift=curve,
            status=states.astype(np.int8),
            node_names=tuple(node_names) if node_names is not None else tuple(map(str, range(n))),
            link_names=tuple(link_names) if link_names is not None else tuple(map(str, range(m))),
            gas=gas or GasProperties(),
            friction=friction,
        )
        check_network(network)
        for part in vars(network).values():
            if isinstance(part, np.ndarray):
                part.setflags(write=False)
        return network


def _usual_status(kind: np.ndarray, ratio: np.ndarray, set_pressure: np.ndarray) -> np.ndarray:
    """Compressors and regulators hold what they are set to; the rest is open."""
    device = np.isin(kind, (GasLink.COMPRESSOR, GasLink.REGULATOR))
    status = np.full(len(kind), GasStatus.OPEN, np.int8)
    status[device & ~np.isnan(ratio)] = GasStatus.AT_RATIO
    status[device & ~np.isnan(set_pressure)] = GasStatus.ACTIVE
    return status
