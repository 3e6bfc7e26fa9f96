"""What floods would really do to a plan's zones: the chosen works routed whole and afresh, and the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_effects import Tables
from optimizer.systems.protection_lookup import Lookup, damage_of
from optimizer.systems.protocol import ColumnTag, Cut
from optimizer.verify.result import SERVICE_COLUMNS, SimulationResult

if TYPE_CHECKING:
    from optimizer.region import Region

MILLION = 1e6
NEAR = 1e-7


@dataclass(frozen=True)
class ProtectionResult(SimulationResult):
    """With what the cuts need.

    Parameters
    ----------
    look, basin
        Tables and rivers of the system.
    levels
        (work, period) of the plan.
    promised
        (table, period) CNY a year.
    met
        Distinct states of the works (state, work), and what each means: (state, table, period) CNY a year.
    """

    look: Lookup = field(kw_only=True)
    basin: Basin = field(kw_only=True)
    levels: np.ndarray = field(kw_only=True)
    promised: np.ndarray = field(kw_only=True)
    met: tuple[np.ndarray, np.ndarray] = field(kw_only=True)

    @property
    def simulated(self) -> np.ndarray:
        """(table, period) CNY a year."""
        states, damage = self.met
        return np.array([damage[_index(states, self.levels[:, t]), :, t] for t in range(self.levels.shape[1])]).T


def _index(states: np.ndarray, levels: np.ndarray) -> int:
    return int(np.flatnonzero((states == levels).all(axis=1))[0])


def simulate(problem: Problem, system: SystemProblem, plan: Plan, region: Region | None) -> SimulationResult:
    """Route every flood through the chosen works of every period and work out what each zone loses.

    Parameters
    ----------
    region
        Not looked at: rivers and zones stand in the system's own arrays, which the audit compares with the tables.
    """
    del region
    look, basin = Lookup(system), Basin(system.data)
    levels = look.levels(states_over_time(problem, plan.decisions["start"].values))
    states = np.unique(levels.T, axis=0)
    promised = damage_of(plan.systems[system.name])
    result = ProtectionResult(
        pd.DataFrame(columns=SERVICE_COLUMNS), look=look, basin=basin, levels=levels, promised=promised,
        met=(states, damages(look, basin, states)),
    )  # fmt: skip
    return ProtectionResult(
        _service(problem, look, promised, result.simulated), _notes(problem, look, result), _allowed(problem, look),
        look=look, basin=basin, levels=levels, promised=promised, met=result.met,
    )  # fmt: skip


def damages(look: Lookup, basin: Basin, states: np.ndarray) -> np.ndarray:
    """(state, table, period) expected damage from fresh floods and cloudbursts, CNY a year."""
    floods, kept = basin.floods(states).expected, basin.kept(states)
    found = np.zeros((len(states), look.n_tables, basin.n_periods))
    for j in range(look.n_tables):
        z = int(look.d["table_zone"][j])
        drains = int(look.d["zone_drain"][z])
        level = states[:, drains] if drains >= 0 else np.zeros(len(states), np.int64)
        lost = basin.cloudbursts(z)[level] if look.d["table_rain"][j] else floods[:, z]
        found[:, j] = lost * kept[:, z, None]
    return found


def _service(problem: Problem, look: Lookup, promised: np.ndarray, simulated: np.ndarray) -> pd.DataFrame:
    counties = len(problem.county_ids)
    tables = [look.by_county(a, counties) for a in (look.today, look.today - promised, look.today - simulated)]
    rows = [
        (look.name, county, year, *(float(table[c, t]) for table in tables), str(look.attrs["unit"]))
        for t, year in enumerate(problem.horizon.labels)
        for c, county in enumerate(problem.county_ids)
        if tables[0][c, t] > 0
    ]
    return pd.DataFrame(rows, columns=SERVICE_COLUMNS)


def _allowed(problem: Problem, look: Lookup) -> float:
    """Largest share of a county's damage that works found too slight for a table could change in the tests."""
    counties = len(problem.county_ids)
    slack, today = look.by_county(look.d["table_slack"], counties), look.by_county(look.today, counties)
    return float(np.divide(slack, today, out=np.zeros_like(slack), where=today > 0).max(initial=0.0))


def _notes(problem: Problem, look: Lookup, result: ProtectionResult) -> tuple[str, ...]:
    million = [look.today.sum(axis=0) / MILLION, result.promised.sum(axis=0) / MILLION, result.simulated.sum(axis=0) / MILLION]
    before, promised, simulated = (float(row[-1]) for row in million)
    last = problem.horizon.labels[-1]
    return (
        f"{look.name}: expected annual damage in {last} {before:.2f} million CNY with everything as it stands, "
        f"{promised:.2f} promised and {simulated:.2f} simulated with the plan; "
        f"largest volume error of the floods routed {_balance(result):.1e} of their inflow",
    )


def _balance(result: ProtectionResult) -> float:
    return float(np.abs(result.basin.floods(result.met[0]).routed.balance).max())


def cuts(result: SimulationResult) -> list[Cut]:
    """Refresh tables around the states met: ``damage >= e - (e - low) * (number of works at another level)``.

    ``e`` is what the state really means, ``low`` what is proved of every state, so that a cut is exact in its state and
    holds in all others. Only tables that do not say all get any.
    """
    if not isinstance(result, ProtectionResult):
        return []
    look, (states, damage) = result.look, result.met
    short = result.promised < result.simulated * (1 - NEAR) - NEAR - look.d["table_slack"]
    structural = Tables(result.basin).structural if short.any() else []
    found = []
    for j in np.flatnonzero(short.any(axis=1)):
        works = sorted(structural[int(look.d["table_zone"][j])] | set(look.axes[j]))
        for s in {_index(states, result.levels[:, t]) for t in np.flatnonzero(short[j])}:
            found += [_cut(look, int(j), states[s], works, float(damage[s, j, t]), t) for t in range(damage.shape[2])]
    return found


def _cut(look: Lookup, table: int, state: np.ndarray, works: list[int], true: float, t: int) -> Cut:
    low = 0.0 if look.slight[table] else float(look.d["entry_low"][look.entries[table], t].min())
    span = max(0.0, true - low) / MILLION
    return Cut(
        (ColumnTag(look.name, "damage", (table, t)), *(ColumnTag(look.name, "level", (w, int(state[w]), t)) for w in works)),
        (1.0, *(-span for _ in works)),
        ">=",
        true / MILLION - span * len(works),
        True,
        f"{look.d['zone'][look.d['table_zone'][table]]}: {true / MILLION:.6g} million CNY a year in the state simulated",
    )
