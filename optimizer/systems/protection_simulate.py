"""What floods would really do to a plan's zones: the chosen works routed whole and afresh, and the cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from optimizer.plan import Plan, states_over_time
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protection_basin import Basin
from optimizer.systems.protection_check import METRIC
from optimizer.systems.protection_lookup import Lookup, damage_of
from optimizer.systems.protection_record import record
from optimizer.systems.protocol import ColumnTag, Cut
from optimizer.verify.result import SERVICE_COLUMNS, SimulationResult

if TYPE_CHECKING:
    from optimizer.region import Region

MILLION = 1e6
NEAR = 1e-7
PROVEN = "with what no state of the river can undercut"
TESTED = "with the most that it changed in tests, which is no proof (bound: proven of the settings gives one)"


@dataclass(frozen=True)
class ProtectionResult(SimulationResult):
    """With what the cuts need.

    Parameters
    ----------
    look, basin
        Tables and rivers of the system.
    levels
        (work, period) of the plan.
    promised, simulated
        (table, period) CNY a year.
    """

    look: Lookup = field(kw_only=True)
    basin: Basin = field(kw_only=True)
    levels: np.ndarray = field(kw_only=True)
    promised: np.ndarray = field(kw_only=True)
    simulated: np.ndarray = field(kw_only=True)

    def record(self) -> xr.Dataset:
        """Floods of every return period, and what each work changes."""
        return record(self.look, self.basin, self.levels)


def simulate(problem: Problem, system: SystemProblem, plan: Plan, region: Region | None) -> SimulationResult:
    """Route every flood through the chosen works of every period and work out what each zone loses.

    Any works may be built together: floods refute no plan, they put its damage right. Where a table does not say all, the
    simulated damage takes the place of the promised one, and the cuts bring the model nearer to it.

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
    promised = damage_of(plan.systems[system.name])
    whole = np.array([look.whole(j) for j in range(look.n_tables)])
    kept = np.where(whole[:, None], promised, true)
    decisions = plan.systems[system.name].assign(damage=(("table", "period"), kept))
    return ProtectionResult(
        _service(problem, look, kept, true), _notes(problem, look, basin, promised, true, states),
        None if whole.all() else decisions, {} if whole.all() else _metrics(problem, look, true),
        look=look, basin=basin, levels=levels, promised=promised, simulated=true,
    )  # fmt: skip


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
    beside = sum(map(len, look.beside))
    tested = f"{look.name}: {beside} times a work that can change a zone's damage stands beside its table; the bound counts it "
    return (
        *((tested + (PROVEN if look.proven else TESTED),) if beside else ()),
        f"{look.name}: expected annual damage in {problem.horizon.labels[-1]} {before:.2f} million CNY with everything as it "
        f"stands, {said:.2f} promised and {found:.2f} simulated with the plan; "
        f"largest volume error of the floods routed {balance:.1e} of their inflow",
    )


def cuts(result: SimulationResult) -> list[Cut]:
    """Refresh tables around the states met: the whole table again with the works beside it as they were met.

    ``damage >= sum(e_k pick_k) - sum(more_w [work w beside the table stands at another level])``, where ``e_k`` is what the
    entry really means there and ``more_w`` the most that the work changed in the tests (or, where bounds are to be proved,
    the most that any ``e_k`` is above what is proved): exact for every entry while the works beside stand so. Only tables
    that do not say all get any.
    """
    if not isinstance(result, ProtectionResult):
        return []
    look, short = result.look, result.promised < result.simulated * (1 - NEAR) - NEAR
    found = []
    for j in (int(j) for j in np.flatnonzero(short.any(axis=1))):
        beside = look.beside[j]
        met = np.unique(result.levels[:, short[j]].T[:, beside], axis=0)
        for levels in met:
            true = damages(look, result.basin, _states(look, j, levels))[:, j]
            found += [_cut(look, j, levels, true[:, t], t) for t in range(true.shape[1])]
    return found


def _states(look: Lookup, table: int, beside: np.ndarray) -> np.ndarray:
    """(entry, work) states of a table's entries with the works beside it at some levels."""
    states = np.zeros((len(look.entries[table]), look.n_works), np.int64)
    states[:, look.beside[table]] = beside
    for k, picked in enumerate(np.ndindex(*look.shapes[table])):
        states[k, look.axes[table]] = picked
    return states


def _cut(look: Lookup, table: int, beside: np.ndarray, true: np.ndarray, t: int) -> Cut:
    columns, coefs = [ColumnTag(look.name, "damage", (table, t))], [1.0]
    if look.axes[table]:
        columns += look.picked(table, t)
        coefs += list(-true / MILLION)
    spread = look.d["beside_spread"][look.beside_rows[table], t]
    more = (np.full(len(beside), look.most_above(table, true, t)) if look.proven else spread) / MILLION
    columns += [look.level_tag(table, w, int(k), t) for w, k in zip(look.beside[table], beside, strict=True)]
    coefs += list(-more)
    alone = 0.0 if look.axes[table] else float(true[0]) / MILLION
    where = look.d["zone"][look.d["table_zone"][table]]
    evidence = f"{where}: {true.max() / MILLION:.6g} million CNY a year at most in the states simulated"
    return Cut(tuple(columns), tuple(coefs), ">=", alone - float(more.sum()), True, evidence)
