"""Rivers valued in any states of their works: every tree of reaches by itself, routed afresh. No Pyomo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import xarray as xr
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.evaluation import Amount, Part, Unit
from optimizer.systems.protection_basin import Basin

WORKS = ("zone_levee", "zone_warning", "zone_drain", "storage_work", "storage_joint")
TABLES = ("table", "axis", "entry", "beside", "place", "work_name")


def evaluation(problem: Problem, system: SystemProblem, plan: Plan) -> ProtectionEvaluation:
    """The rivers of a system; a work out of service counts as not built: its levee stands as it did before."""
    del plan
    return ProtectionEvaluation(problem, system)


class ProtectionEvaluation:
    """Expected damage avoided, tree by tree."""

    def __init__(self, problem: Problem, system: SystemProblem) -> None:
        del problem
        data = system.data.drop_dims([d for d in TABLES if d in system.data.dims])
        of = _components(data)
        n_works, n_zones = data.sizes["work"], data.sizes["zone"]
        elements = of[n_works : len(of) - n_zones]
        self._rivers = [
            River(data, of[:n_works] == part, elements == part, of[len(of) - n_zones :] == part)
            for part in np.unique(of[len(of) - n_zones :])
        ]

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Trees of reaches with what stands on them."""
        return [river.part for river in self._rivers]

    def valued(self, units: Sequence[Unit]) -> list[Amount]:
        """Every unit by floods and cloudbursts, each state of a tree routed once for all periods."""
        levels = [self._rivers[u.part].levels(u.states) for u in units]
        for part, river in enumerate(self._rivers):
            river.route({row for row, u in zip(levels, units, strict=True) if u.part == part})
        avoided = [self._rivers[u.part].avoided(row)[:, u.period] for row, u in zip(levels, units, strict=True)]
        return [Amount(float(served.sum()), served) for served in avoided]


class River:
    """One tree.

    Parameters
    ----------
    data
        Arrays of the system without its tables.
    works, elements, zones
        Which of them belong to the tree, (work,), (reach, then storage,), (zone,) bool.
    """

    def __init__(self, data: xr.Dataset, works: np.ndarray, elements: np.ndarray, zones: np.ndarray) -> None:
        self.basin = Basin(_only(data, works, elements, zones))
        d = self.basin.d
        self.part = Part(np.unique(d["work_candidate"]), np.unique(d["zone_county"]))
        self.place = np.searchsorted(self.part.candidates, d["work_candidate"])
        self.county = np.searchsorted(self.part.counties, d["zone_county"])
        self.damage: dict[tuple[int, ...], np.ndarray] = {}
        self.still = (0,) * len(self.place)

    def levels(self, states: np.ndarray) -> tuple[int, ...]:
        """Level of every work; one whose state is none of its own stands as it did before."""
        mine, own = states[self.place][:, None], self.basin.d["work_state"]
        return tuple(((own == mine) & (own >= 0)).argmax(axis=1).tolist()) if len(mine) else ()

    def route(self, wanted: set[tuple[int, ...]]) -> None:
        """Work out the damage in states of the works that were not met yet."""
        new = sorted((wanted | {self.still} if wanted else wanted) - self.damage.keys())
        if new:
            found = self._damages(np.array(new, np.int64).reshape(len(new), len(self.place)))
            self.damage.update(zip(new, found, strict=True))

    def avoided(self, levels: tuple[int, ...]) -> np.ndarray:
        """(county, period) CNY a year less than with everything as it stood."""
        return self.damage[self.still] - self.damage[levels]

    def _damages(self, states: np.ndarray) -> np.ndarray:
        """(state, county, period) expected damage, CNY a year."""
        basin = self.basin
        lost = basin.floods(states).expected
        for z in range(basin.n_zones):
            drains = int(basin.d["zone_drain"][z])
            lost[:, z] += self._rain[z][states[:, drains] if drains >= 0 else np.zeros(len(states), np.int64)]
        lost *= basin.kept(states)[:, :, None]
        found = np.zeros((len(states), len(self.part.counties), basin.n_periods))
        for z, county in enumerate(self.county):
            found[:, county] += lost[:, z]
        return found

    @cached_property
    def _rain(self) -> list[np.ndarray]:
        """By zone, (level of the drains, period) expected damage by cloudbursts."""
        return [self.basin.cloudbursts(z) for z in range(self.basin.n_zones)]


def _components(data: xr.Dataset) -> np.ndarray:
    """Component of works, reaches, storages and zones, one after the other."""
    n_works, n_reaches, n_storages = (data.sizes[d] for d in ("work", "reach", "storage"))
    zone = n_works + n_reaches + n_storages + np.arange(data.sizes["zone"])
    storage = n_works + n_reaches + np.arange(n_storages)
    joins = [(n_works + np.arange(n_reaches), data["reach_downstream"].values, n_works)]
    joins += [(storage, data[f"storage_{to}"].values, n_works) for to in ("downstream", "control")]
    joins += [(zone, data["zone_reach"].values, n_works)]
    joins += [(zone if name.startswith("zone") else storage, data[name].values, 0) for name in WORKS]
    edges = np.concatenate([np.column_stack([a, b + first])[b >= 0] for a, b, first in joins])
    size = n_works + n_reaches + n_storages + len(zone)
    joined = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    return np.asarray(connected_components(joined, directed=False)[1])


def _only(data: xr.Dataset, works: np.ndarray, elements: np.ndarray, zones: np.ndarray) -> xr.Dataset:
    """The arrays of one tree, numbered anew."""
    n_reaches = data.sizes["reach"]
    reaches, storages = elements[:n_reaches], elements[n_reaches:]
    kept = data.isel(
        work=np.flatnonzero(works), reach=np.flatnonzero(reaches), storage=np.flatnonzero(storages),
        zone=np.flatnonzero(zones), rating=np.flatnonzero(zones[data["rating_zone"].values]),
        asset=np.flatnonzero(zones[data["asset_zone"].values]),
        curve=np.flatnonzero(storages[data["curve_storage"].values]),
    )  # fmt: skip
    number = {"work": _numbers(works), "element": _numbers(elements), "reach": _numbers(reaches),
              "storage": _numbers(storages), "zone": _numbers(zones)}  # fmt: skip
    refers = dict.fromkeys(WORKS, "work")
    refers |= dict.fromkeys(("reach_downstream", "storage_downstream", "storage_control"), "element")
    refers |= {"zone_reach": "reach", "curve_storage": "storage", "rating_zone": "zone", "asset_zone": "zone"}
    return kept.assign({name: (kept[name].dims, number[what][kept[name].values]) for name, what in refers.items()})


def _numbers(mine: np.ndarray) -> np.ndarray:
    """New number of every row that is kept; -1 for the others and at the end, where -1 looks."""
    return np.append(np.where(mine, np.cumsum(mine) - 1, -1), -1)
