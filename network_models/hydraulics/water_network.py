"""A water network as frozen arrays, in SI units."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from network_models.hydraulics.water_check import check_network, spread

WATER_VISCOSITY = 1.1e-5 * 0.3048**2
"""Kinematic viscosity of water at 20 degrees C, m2/s, as EPANET has it."""


class LinkKind(IntEnum):
    """What a link is."""

    CHECK_PIPE = 0
    PIPE = 1
    PUMP = 2
    PRV = 3
    PSV = 4
    PBV = 5
    FCV = 6
    TCV = 7
    GPV = 8


class LinkStatus(IntEnum):
    """State of a link; below OPEN it carries nothing. The names and order are EPANET's."""

    CANNOT_LIFT = 0
    TEMPORARILY_CLOSED = 1
    CLOSED = 2
    OPEN = 3
    ACTIVE = 4
    CANNOT_REACH_FLOW = 6
    CANNOT_REACH_PRESSURE = 7


@dataclass(frozen=True)
class WaterOptions:
    """Laws that hold in the whole network.

    Parameters
    ----------
    formula
        Head loss by 'H-W' (Hazen-Williams), 'D-W' (Darcy-Weisbach) or 'C-M' (Chezy-Manning).
    friction
        Friction factor of 'D-W': 'Swamee-Jain' as EPANET has it (laminar below Reynolds 2000, Dunlop's cubic to 4000),
        'Colebrook' (Colebrook and White above 2320, laminar below 2000, a line between), or 'Nikuradse' (rough flow
        plus 64 / Re).
    viscosity
        Kinematic, m2/s; used by 'D-W'.
    pressure_driven
        Whether demands fall with pressure: ``((p - minimum) / (required - minimum)) ** exponent`` of the full demand.
    minimum_pressure, required_pressure
        Metres of water.
    pressure_exponent, emitter_exponent
        Outflow grows with this power of pressure.
    check_frequency, max_check, damp_limit
        Iterations between checks of pumps, check valves and tanks; the last iteration with such a check; relative
        flow change from which on steps are damped and control valves checked (0: no damping, valves always checked).
    flow_ratio
        Flow that the head-loss formulas see for each m3/s. Files in EPANET's format have a value a little off 1:
        EPANET's own constants for the units of flow are rounded to five digits.
    """

    formula: str = "H-W"
    friction: str = "Swamee-Jain"
    viscosity: float = WATER_VISCOSITY
    pressure_driven: bool = False
    minimum_pressure: float = 0.0
    required_pressure: float = 0.1 * 0.3048
    pressure_exponent: float = 0.5
    emitter_exponent: float = 0.5
    check_frequency: int = 2
    max_check: int = 10
    damp_limit: float = 0.0
    flow_ratio: float = 1.0


@dataclass(frozen=True)
class PressureControls:
    """Links that are switched by the pressure of a junction once flows are balanced, as EPANET's simple controls.

    Parameters
    ----------
    node, link
        (n_controls,) int64.
    above
        (n_controls,) bool: acts at or above the head (else at or below it).
    grade
        (n_controls,) m: the head.
    status, setting
        (n_controls,) what the link becomes; ``setting`` NaN where it has none.
    """

    node: np.ndarray
    link: np.ndarray
    above: np.ndarray
    grade: np.ndarray
    status: np.ndarray
    setting: np.ndarray

    @classmethod
    def none(cls) -> PressureControls:
        """No controls."""
        whole, real = np.zeros(0, np.int64), np.zeros(0)
        return cls(whole, whole, np.zeros(0, bool), real, whole, real)


@dataclass(frozen=True)
class WaterNetwork:
    """Nodes, links and the laws of a water network at one moment. Make one with ``from_arrays`` or ``from_inp``.

    Parameters
    ----------
    elevation
        (n_nodes,) m.
    demand
        (n_nodes,) m3/s drawn at junctions; negative where water is put in; 0 at nodes of fixed head.
    fixed_head
        (n_nodes,) m at reservoirs and tanks, NaN at junctions.
    tank_low, tank_high
        (n_nodes,) m: heads at which a tank is empty and full, NaN at other nodes; a tank that may overflow has +inf.
    emitter
        (n_nodes,) m3/s at one metre of pressure; 0 where there is none.
    tail, head
        (n_links,) int32: nodes a link leads from and to.
    kind
        (n_links,) int8 of ``LinkKind``.
    length, diameter
        (n_links,) m; the length counts for pipes only, the diameter for pipes and valves.
    roughness
        (n_links,) of pipes: Hazen-Williams C, Manning's n, or metres for 'D-W'.
    minor_loss
        (n_links,) coefficient of ``v**2 / 2g``.
    status
        (n_links,) int8 of ``LinkStatus`` before the first iteration.
    setting
        (n_links,) relative speed of a pump; metres of a PRV, PSV or PBV; m3/s of an FCV; coefficient of a TCV. NaN at
        a valve whose status is fixed, and where there is none.
    curve
        (n_links,) int32: position in ``curves`` for pumps and GPVs, -1 elsewhere.
    power
        (n_links,) W of pumps of constant power, NaN elsewhere.
    initial_flow
        (n_links,) m3/s to start from, NaN: by EPANET's rule.
    curves
        Arrays (n_points, 2) of flow in m3/s, rising, and head (gain of a pump, loss of a GPV) in m.
    """

    elevation: np.ndarray
    demand: np.ndarray
    fixed_head: np.ndarray
    tank_low: np.ndarray
    tank_high: np.ndarray
    emitter: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    kind: np.ndarray
    length: np.ndarray
    diameter: np.ndarray
    roughness: np.ndarray
    minor_loss: np.ndarray
    status: np.ndarray
    setting: np.ndarray
    curve: np.ndarray
    power: np.ndarray
    initial_flow: np.ndarray
    node_names: tuple[str, ...]
    link_names: tuple[str, ...]
    curves: tuple[np.ndarray, ...] = ()
    controls: PressureControls = field(default_factory=PressureControls.none)
    options: WaterOptions = field(default_factory=WaterOptions)

    @property
    def n_nodes(self) -> int:
        return len(self.elevation)

    @property
    def n_links(self) -> int:
        return len(self.tail)

    @property
    def is_junction(self) -> np.ndarray:
        """Nodes whose head is unknown, (n_nodes,) bool."""
        return np.isnan(self.fixed_head)

    @classmethod
    def from_arrays(
        cls,
        elevation: ArrayLike,
        demand: ArrayLike,
        fixed_head: ArrayLike,
        tail: ArrayLike,
        head: ArrayLike,
        length: ArrayLike,
        diameter: ArrayLike,
        roughness: ArrayLike,
        *,
        minor_loss: ArrayLike = 0.0,
        kind: ArrayLike = LinkKind.PIPE,
        status: ArrayLike = LinkStatus.OPEN,
        setting: ArrayLike = np.nan,
        curve: ArrayLike = -1,
        power: ArrayLike = np.nan,
        initial_flow: ArrayLike = np.nan,
        curves: tuple[ArrayLike, ...] = (),
        emitter: ArrayLike = 0.0,
        tank_low: ArrayLike = np.nan,
        tank_high: ArrayLike = np.nan,
        node_names: tuple[str, ...] | None = None,
        link_names: tuple[str, ...] | None = None,
        controls: PressureControls | None = None,
        options: WaterOptions | None = None,
    ) -> WaterNetwork:
        """Build from one entry a node and one entry a link; a single number stands for all nodes or links.

        Nodes and links keep their order. The fields are as the class says. Pumps without a ``setting`` run at
        speed 1; a valve without one has the fixed status that ``status`` says (OPEN or CLOSED).

        Parameters
        ----------
        elevation
            (n_nodes,) m; fixes the number of nodes.
        tail, head
            (n_links,) node numbers; ``tail`` fixes the number of links.
        node_names, link_names
            Names for messages; the position by default.

        Raises
        ------
        NetworkError
            Arrays that do not fit, an end that is no node, a zero length or diameter or roughness, a negative minor
            loss, a pump without curve or power, a valve at a node of fixed head, no node of fixed head, a junction
            that no chain of links joins to a fixed head: the first node or link at fault is named.

        Examples
        --------
        Two junctions fed from a reservoir at 60 m:

        >>> net = WaterNetwork.from_arrays([50, 10, 12], [0, 0.02, 0.01], [60, np.nan, np.nan],
        ...                                [0, 1], [1, 2], [1000, 500], [0.2, 0.15], 130)
        """
        heights = np.atleast_1d(np.asarray(elevation, np.float64)).ravel()
        starts = np.atleast_1d(np.asarray(tail)).ravel()
        n, m = len(heights), len(starts)
        network = cls(
            elevation=heights,
            **{
                name: spread(value, n, "node", name)
                for name, value in (
                    ("demand", demand),
                    ("fixed_head", fixed_head),
                    ("tank_low", tank_low),
                    ("tank_high", tank_high),
                    ("emitter", emitter),
                )
            },
            **{
                name: spread(value, m, "link", name).astype(dtype)
                for name, value, dtype in (
                    ("tail", starts, np.int32),
                    ("head", head, np.int32),
                    ("kind", kind, np.int8),
                    ("length", length, np.float64),
                    ("diameter", diameter, np.float64),
                    ("roughness", roughness, np.float64),
                    ("minor_loss", minor_loss, np.float64),
                    ("status", status, np.int8),
                    ("setting", setting, np.float64),
                    ("curve", curve, np.int32),
                    ("power", power, np.float64),
                    ("initial_flow", initial_flow, np.float64),
                )
            },
            node_names=tuple(node_names) if node_names is not None else tuple(map(str, range(n))),
            link_names=tuple(link_names) if link_names is not None else tuple(map(str, range(m))),
            curves=tuple(np.asarray(points, np.float64).reshape(-1, 2) for points in curves),
            controls=controls or PressureControls.none(),
            options=options or WaterOptions(),
        )
        return network._settled()

    @classmethod
    def from_inp(cls, path: str | Path) -> WaterNetwork:
        """Read a file in EPANET's format at time zero: patterns, multipliers and simple controls applied.

        Raises
        ------
        NetworkError
            A file that cannot be read, with what is wrong and where.
        """
        from network_models.hydraulics.water_inp import read_inp

        return read_inp(Path(path))

    def _settled(self) -> WaterNetwork:
        """Checked, with speeds and states filled in and arrays locked."""
        pumps = self.kind == LinkKind.PUMP
        speed = np.where(pumps & np.isnan(self.setting), 1.0, self.setting)
        check_network(self)
        controlled = np.isin(self.kind, (LinkKind.PRV, LinkKind.PSV, LinkKind.FCV)) & ~np.isnan(speed)
        status = np.where(controlled, LinkStatus.ACTIVE, self.status).astype(np.int8)
        settled = dataclasses.replace(self, setting=speed, status=status)
        for part in (*vars(settled).values(), *settled.curves):
            if isinstance(part, np.ndarray):
                part.setflags(write=False)
        return settled
