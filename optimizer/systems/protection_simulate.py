"""What floods would really do to a plan's zones: the chosen works routed whole and afresh, and the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_check import METRIC
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
    simulated
        (table, period) CNY a year.
    met
        Distinct states of the works (state, work), and what each means: (state, table, period) CNY a year.
    """

    look: Lookup = field(kw_only=True)
    basin: Basin = field(kw_only=True)
    levels: np.ndarray = field(kw_only=True)
    promised: np.ndarray = field(kw_only=True)
    simulated: np.ndarray = field(kw_only=True)
    met: tuple[np.ndarray, np.ndarray] = field(kw_only=True)


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
    states, back = np.unique(levels.T, axis=0, return_inverse=True)
    met = damages(look, basin, states)
    true = met[back.ravel(), :, np.arange(levels.shape[1])].T
    promised = _put_right(look, damage_of(plan.systems[system.name]), true)
    whole = np.array([look.whole(j) for j in range(look.n_tables)])
    decisions = plan.systems[system.name].assign(damage=(("table", "period"), np.where(whole[:, None], promised, true)))
    return ProtectionResult(
        _service(problem, look, promised, true), _notes(problem, look, basin, promised, true, states),
        None if whole.all() else decisions, _metrics(problem, look, true) if not whole.all() else {},
        look=look, basin=basin, levels=levels, promised=promised, simulated=true, met=(states, met),
    )  # fmt: skip


def _put_right(look: Lookup, promised: np.ndarray, true: np.ndarray) -> np.ndarray:
    """What was promised; the truth itself where they are no farther apart than works found too slight could mean."""
    return np.where(np.abs(promised - true) <= 2 * look.d["table_slack"], true, promised)


def _metrics(problem: Problem, look: Lookup, true: np.ndarray) -> dict[str, float]:
    lengths = np.array(problem.horizon.lengths)
    return {f"{METRIC}:{look.name}": float((look.today - true).sum(axis=0) @ lengths / lengths.sum())}


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


def _notes(
    problem: Problem, look: Lookup, basin: Basin, promised: np.ndarray, true: np.ndarray, states: np.ndarray
) -> tuple[str, ...]:
    before, said, found = (float(a.sum(axis=0)[-1]) / MILLION for a in (look.today, promised, true))
    balance = float(np.abs(basin.floods(states).routed.balance).max(initial=0.0))
    return (
        f"{look.name}: expected annual damage in {problem.horizon.labels[-1]} {before:.2f} million CNY with everything as it "
        f"stands, {said:.2f} promised and {found:.2f} simulated with the plan; "
        f"largest volume error of the floods routed {balance:.1e} of their inflow",
    )


def cuts(result: SimulationResult) -> list[Cut]:
    """Refresh tables around the states met: ``damage >= e - (e - low) * (number of works at another level)``.

    ``e`` is what the state really means, ``low`` what is proved of every state, so that a cut is exact in its state and
    holds in all others. Only tables that do not say all get any.
    """
    if not isinstance(result, ProtectionResult):
        return []
    look, (states, damage) = result.look, result.met
    short = result.promised < result.simulated * (1 - NEAR) - NEAR
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
