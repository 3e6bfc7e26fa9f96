"""Rivers and zones of a system from its arrays: what every state of the works means for every zone. No Pyomo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from network_models.flood.damage import DepthDamage, expected_annual_damage, falling_probability, trended, zone_damage
from network_models.flood.drainage import StormFormula, level_of_volume, surplus
from network_models.flood.evaluate import overtopping
from network_models.flood.hydrograph import gamma_hydrograph
from network_models.flood.river import MuskingumReach, River, Storage, Zone, celerity_at, river_of
from network_models.flood.route import Routed, route
from network_models.flood.sections import wide_section

LEVEE, STORAGE, JOINT, WARNING, DRAINAGE = range(5)
KINDS = ("levee", "storage", "joint", "warning", "drainage")
UNBUILT = 1.8
"""Outflow of a storage that is not built: so many times its water in a time step, so that floods pass through."""


@dataclass(frozen=True)
class Floods:
    """Floods in some states of the works, without regard to warning.

    Parameters
    ----------
    expected
        Expected annual damage, CNY a year, (state, zone, period).
    topped
        Probability a year that the levee is topped, (state, zone, period).
    share
        Share lost of a class of assets, (state, zone, class, event).
    routed
        The floods.
    """

    expected: np.ndarray
    topped: np.ndarray
    share: np.ndarray
    routed: Routed


class Basin:
    """Everything that follows from the arrays of a system; ``d`` has them by name, ``attrs`` the settings."""

    def __init__(self, data: xr.Dataset) -> None:
        self.d = {str(n): v.values for n, v in data.variables.items()}
        self.attrs, self.sizes = data.attrs, {str(d): n for d, n in data.sizes.items()}
        self.dt = float(self.attrs["step_seconds"])
        self.n_zones, self.n_periods = self.sizes["zone"], len(self.d["years_on"])

    # ---- the river
    @cached_property
    def river(self) -> River:
        """The tree with all zones; a zone's place in it is ``place``."""
        return self.river_without(frozenset())

    def river_without(self, cut: frozenset[int]) -> River:
        """The tree in which some elements (reaches, then storages) let nothing out to what is downstream."""
        names = [f"r{i}" for i in range(self.sizes["reach"])] + [f"s{i}" for i in range(self.sizes["storage"])]
        down = [*self.d["reach_downstream"], *self.d["storage_downstream"]]
        below = ["" if i in cut or e < 0 else names[e] for i, e in enumerate(down)]
        elements = [self.reach(i, below[i]) for i in range(self.sizes["reach"])]
        stores = [self._storage(i, names, below[len(elements) + i]) for i in range(self.sizes["storage"])]
        tables = [self._curve(i, k) for i in range(self.sizes["storage"]) for k in range(self._levels_of(i))]
        return river_of([*elements, *stores], [self._zone(z) for z in range(self.n_zones)], tables)

    def reach(self, i: int, below: str) -> MuskingumReach:
        """Muskingum-Cunge at a reference flow (Cunge 1969), in segments that a wave passes in about one step.

        K and x are kept where 2Kx <= dt <= 2K(1-x), so that all three coefficients are positive: more water in never
        gives less water out. A reach passed in less than half a step counts as half a step long.
        """
        flow, width, slope = float(self.d["reach_flow"][i]), float(self.d["reach_width"][i]), float(self.d["reach_slope"][i])
        celerity = celerity_at(wide_section(width, slope, float(self.d["reach_manning"][i])), flow)
        travel = max(float(self.d["reach_length"][i]) / celerity, self.dt / 2)
        segments = max(1, round(travel / self.dt))
        courant = self.dt * segments / travel
        diffusion = flow * segments / (width * slope * celerity * float(self.d["reach_length"][i]))
        x = min(0.5 * (1.0 - diffusion), 0.5 * courant, 1.0 - 0.5 * courant)
        return MuskingumReach(f"r{i}", below, travel, x, segments)

    def _levels_of(self, storage: int) -> int:
        work = int(self.d["storage_work"][storage])
        return int(self.d["work_levels"][work]) if work >= 0 else 1

    def _curve(self, storage: int, level: int) -> tuple[list[float], list[float], list[float]]:
        mine = (self.d["curve_storage"] == storage) & (self.d["curve_level"] == level)
        if not mine.any():
            return [0.0, 1e3], [0.0, 1e3 * UNBUILT / self.dt], [0.0, 0.0]
        volume, gate, spill = (list(self.d[f"curve_{name}"][mine]) for name in ("volume", "gate", "spill"))
        return volume, gate, spill

    def _storage(self, i: int, names: list[str], below: str) -> Storage:
        control = int(self.d["storage_control"][i])
        volume, gate, spill = self._curve(i, 0)
        return Storage(
            f"s{i}", below, volume, gate, spill, control=names[control] if control >= 0 else "",
            safe_flow=float(self.d["storage_safe"][i]), hold_volume=float(self.d["storage_hold"][i]),
        )  # fmt: skip

    def _zone(self, z: int) -> Zone:
        mine, (level, volume) = self.d["rating_zone"] == z, self.hollow(z)
        return Zone(
            f"z{z}", f"r{self.d['zone_reach'][z]}", list(self.d["rating_flow"][mine]), list(self.d["rating_level"][mine]),
            list(level), list(volume), float(self.d["zone_length"][z]), float(self.d["zone_breach"][z]),
            float(self.d["zone_sill"][z]),
        )  # fmt: skip

    def hollow(self, z: int) -> tuple[np.ndarray, np.ndarray]:
        """Levels in a zone, and the volumes below them: the land rises evenly over the area."""
        low, high, area = (float(self.d[f"zone_{n}"][z]) for n in ("ground", "high", "area"))
        if high - low < 1e-3:
            return np.array([low, low + 1.0]), np.array([0.0, area])
        level = np.linspace(low, high, int(self.attrs["bands"]) + 1)
        volume = area * (level - low) ** 2 / (2 * (high - low))
        return np.append(level, high + 1.0), np.append(volume, volume[-1] + area)

    @cached_property
    def place(self) -> np.ndarray:
        """(zone,) place of each zone in the river."""
        order = {name: k for k, name in enumerate(self.river.zones)}
        return np.array([order[f"z{z}"] for z in range(self.n_zones)], np.int64)

    @cached_property
    def lateral(self) -> np.ndarray:
        """(event, step, element) inflow from outside the tree, m3/s."""
        steps = int(self.attrs["steps"])
        time, events = np.arange(steps) * self.dt, self.sizes["event"]
        flow = np.zeros((events, steps, self.sizes["reach"] + self.sizes["storage"]))
        for r in range(self.sizes["reach"]):
            base = float(self.d["reach_base"][r])
            peak = np.maximum(self.d["reach_peak"][r], base)
            since = np.maximum(0.0, time - float(self.d["reach_delay"][r]))
            flow[:, :, r] = gamma_hydrograph(
                since, peak, float(self.d["reach_time"][r]), float(self.attrs["shape"]), np.full(events, base)
            )
        return flow

    # ---- probabilities and damages
    @cached_property
    def probability(self) -> np.ndarray:
        """(period, event) exceedance probability of the events."""
        today, trend = falling_probability(self.d["event"]), float(self.attrs["trend"])
        return np.array([trended(today, trend, float(y)) if trend else today for y in self.d["years_on"]])

    @cached_property
    def values(self) -> np.ndarray:
        """(zone, class, period) value of assets, CNY."""
        value = np.zeros((self.n_zones, self.sizes["asset_class"], self.n_periods))
        grown = self.d["asset_value"][:, None] * (1 + self.d["asset_growth"][:, None]) ** self.d["years_on"]
        np.add.at(value, (self.d["asset_zone"], self.d["asset_kind"]), grown)
        return value

    @cached_property
    def _curves(self) -> list[DepthDamage]:
        of_class = [self.d["damage_class"] == c for c in range(self.sizes["asset_class"])]
        return [DepthDamage.from_points(self.d["damage_depth"][m], self.d["damage_share"][m]) for m in of_class]

    def _shares(self, level: np.ndarray, z: int) -> np.ndarray:
        """Share lost of every class of a zone at levels (...,): (..., class)."""
        low, high, bands = float(self.d["zone_ground"][z]), float(self.d["zone_high"][z]), int(self.attrs["bands"])
        ground = low + (high - low) * (np.arange(bands) + 0.5) / bands
        strips = np.full(bands, 1.0 / bands)
        return np.stack([zone_damage(level, ground, strips, curve) for curve in self._curves], axis=-1)

    def _expected(self, share: np.ndarray, z: int, topped: np.ndarray | None) -> np.ndarray:
        """(state, period) from shares (state, class, event) and (state, period) probabilities of overtopping."""
        out = np.zeros((len(share), self.n_periods))
        for t in range(self.n_periods):
            lost = np.einsum("scv,c->sv", share, self.values[z, :, t]) * float(self.attrs["damages"])
            limit = None if topped is None else topped[:, t]
            out[:, t] = expected_annual_damage(
                self.probability[t], lost, overtopping=limit, frequent=float(self.attrs["frequent"])
            )
        return out

    def floods(self, levels: np.ndarray, cut: frozenset[int] = frozenset()) -> Floods:
        """Route every event in every state of the works and work out what zones lose.

        Parameters
        ----------
        levels
            (state, work) level of every work.
        cut
            Elements that let nothing out, as in :meth:`river_without`.
        """
        river = self.river_without(cut) if cut else self.river
        crest, back = np.zeros((len(levels), self.n_zones)), self.place
        crest[:, back] = self.crests(levels)
        joint, table = self._rules(levels)
        found = route(river, self.lateral, self.dt, crest=crest, joint=joint, table=table)
        shape = (len(levels), self.n_zones)
        topped, expected = np.zeros((*shape, self.n_periods)), np.zeros((*shape, self.n_periods))
        for t in range(self.n_periods):
            topped[:, :, t] = overtopping(
                river, self.probability[t], found.arriving, crest, float(self.attrs["frequent"])
            )[:, back]
        share = np.stack([self._shares(found.level[:, :, back[z]], z) for z in range(self.n_zones)], axis=1)
        share = np.swapaxes(share, 2, 3)
        for z in range(self.n_zones):
            expected[:, z] = self._expected(share[:, z], z, topped[:, z])
        return Floods(expected, topped, share, found)

    def crests(self, levels: np.ndarray) -> np.ndarray:
        """(state, zone) height of the levees."""
        return self._by_zone(levels, "zone_levee", "crest")

    def kept(self, levels: np.ndarray) -> np.ndarray:
        """(state, zone) share of damage that warning leaves."""
        return self._by_zone(levels, "zone_warning", "unwarned")

    def _by_zone(self, levels: np.ndarray, work_of: str, figure: str) -> np.ndarray:
        work = self.d[work_of]
        level = np.where(work >= 0, levels[:, np.maximum(work, 0)], 0)
        return np.asarray(self.d[figure][np.arange(self.n_zones), level])

    def _rules(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(state, storage) whether it follows the joint rule, and its row of the river's tables."""
        count = self.sizes["storage"]
        first = count + np.cumsum([0] + [self._levels_of(i) for i in range(count)])[:count]
        joint, table = np.zeros((len(levels), count), np.bool_), np.tile(first, (len(levels), 1)).astype(np.int64)
        for i in range(count):
            if self.d["storage_work"][i] >= 0:
                table[:, i] += levels[:, self.d["storage_work"][i]]
            if self.d["storage_joint"][i] >= 0:
                joint[:, i] = levels[:, self.d["storage_joint"][i]] > 0
        return joint, table

    def cloudbursts(self, z: int) -> np.ndarray:
        """(level of the drains, period) expected annual damage by rain in a zone, without regard to warning."""
        if not self.d["rain_area"][z] > 0:
            return np.zeros((self.sizes["level"], self.n_periods))
        storm = StormFormula(*(float(self.d[f"rain_{n}"][z]) for n in ("a1", "c", "b", "n")))
        minutes, step = float(self.attrs["storm_minutes"]), float(self.attrs["storm_step"])
        capacity, lost = self.d["drains"][z], []
        for period in self.d["event"]:
            rain = storm.design_storm(float(period), minutes, step, float(self.attrs["storm_peak"]))
            volume = surplus(
                rain, step, float(self.d["rain_area"][z]), float(self.d["rain_runoff"][z]), capacity,
                float(self.d["rain_store"][z]),
            )  # fmt: skip
            lost.append(np.where(volume > 0, level_of_volume(volume, *self.hollow(z)), -np.inf))
        share = np.swapaxes(self._shares(np.stack(lost, axis=1), z), 1, 2)
        return self._expected(share, z, None)
