"""Planned flood works as the report reads them: levels, expected damage, and the floods that the simulation found."""

from __future__ import annotations

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.exhibits import Words
from optimizer.systems.protection_lookup import Lookup, damage_of

MILLION = 1e6
UP, DOWN, BESIDE = Words("上游", "upstream of it"), Words("下游", "downstream of it"), Words("其他", "beside it")


class ProtectionView:
    """Arrays of one system's plan.

    ``before`` and ``after`` (zone, period) are expected damage by floods and cloudbursts; ``topped`` and ``topped_today``
    (zone, period) probabilities of overtopping; the rest is empty where a plan was not simulated: ``damage``, ``depth``
    (zone, event, period), ``peak`` (reach, event, period), each with ``_today``, ``expected`` (zone, period), ``change``
    (work, zone).
    """

    def __init__(self, problem: Problem, system: SystemProblem, plan: Plan) -> None:
        self.problem, self.look, self.labels = problem, Lookup(system), problem.horizon.labels
        self.d, self.events = self.look.d, self.look.d["event"]
        self.levels = plan.systems[system.name]["level"].values
        self.before, self.after = self._by_zone(self.look.today), self._by_zone(damage_of(plan.systems[system.name]))
        self.topped = self.look.topped(self.levels)
        self.topped_today = self.look.topped(np.zeros_like(self.levels))
        self.simulated = system.name in plan.simulated
        if self.simulated:
            found = plan.simulated[system.name]
            self.damage, self.depth, self.peak = (found[name].values for name in ("damage", "depth", "peak"))
            self.damage_today, self.depth_today, self.peak_today = (
                found[f"{name}_today"].values for name in ("damage", "depth", "peak")
            )
            self.topped, self.topped_today = found["topped"].values, found["topped_today"].values
            self.expected, self.change = found["expected"].values, found["change"].values

    def _by_zone(self, damage: np.ndarray) -> np.ndarray:
        """(zone, period) sums of (table, period)."""
        found = np.zeros((self.look.sizes["zone"], damage.shape[1]))
        np.add.at(found, self.d["table_zone"], damage)
        return found

    # ---- names
    def zone(self, z: int | np.integer) -> Words:
        """Name of a zone."""
        zh, en = str(self.d["zone_name_zh"][z]), str(self.d["zone_name_en"][z])
        return Words(zh or en, en or zh)

    def county(self, z: int | np.integer) -> Words:
        """County of a zone."""
        seq, c = self.problem.sequence, int(self.d["zone_county"][z])
        return Words(str(seq["county_name_zh"].values[c]), str(seq["county_name_en"].values[c]))

    def place(self, k: int) -> Words:
        """Name of a place in a zone."""
        zh, en = str(self.d["place_name_zh"][k]), str(self.d["place_name_en"][k])
        return Words(zh or en, en or zh)

    def work(self, w: int | np.integer) -> Words:
        """Name of a work."""
        seq, c = self.problem.sequence, int(self.d["work_candidate"][w])
        return Words(str(seq["candidate_name_zh"].values[c]), str(seq["candidate_name_en"].values[c]))

    def option(self, w: int | np.integer) -> str:
        """Option of a work in the last period."""
        state = int(self.d["work_state"][w, self.levels[w, -1]])
        return str(self.problem.sequence["state_option"].values[state])

    # ---- where things lie
    def own(self, w: int | np.integer, z: int | np.integer) -> bool:
        """Whether a work belongs to a zone."""
        return any(int(self.d[f"zone_{kind}"][z]) == w for kind in ("levee", "warning", "drain"))

    def side(self, w: int | np.integer, z: int | np.integer) -> Words:
        """Where a zone lies as seen from a work on the river."""
        of_work, of_zone = self._elements(w), int(self.d["zone_reach"][z])
        if any(of_zone in self._below(e) for e in of_work):
            return DOWN
        return UP if any(e in self._below(of_zone) for e in of_work) else BESIDE

    def _elements(self, w: int | np.integer) -> list[int]:
        """Reaches and storages (after the reaches) that a work stands at."""
        reaches = self.d["zone_reach"][self.d["zone_levee"] == w]
        stores = np.flatnonzero((self.d["storage_work"] == w) | (self.d["storage_joint"] == w)) + self.look.sizes["reach"]
        return [int(e) for e in (*reaches, *stores)]

    def _below(self, element: int) -> set[int]:
        """Elements that an element's water comes to."""
        down, found = np.concatenate([self.d["reach_downstream"], self.d["storage_downstream"]]), set()
        e = int(down[element])
        while e >= 0:
            found.add(e)
            e = int(down[e])
        return found
