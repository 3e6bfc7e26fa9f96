"""plan.nc: a Plan as one netCDF-4 file, root group for the decisions, one group for each system, and within the group
``_simulated`` one for each system of which the simulation found more than service.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import h5netcdf
import numpy as np
import xarray as xr

from optimizer.errors import PlanError
from optimizer.plan import Outcome, Plan
from optimizer.problem import Problem
from optimizer.strict_json import from_text, to_text

OUTCOME = "outcome"
SIMULATED = "_simulated"
"""No name of a system begins so."""
WORDS: dict[str, tuple[str, str, str]] = {
    "start": ("1", "works of a transition start in a period", "开工"),
    "spending": ("CNY", "spending of a candidate in a period", "投资支出"),
    "payment": ("CNY", "payment of a source for a candidate in a period", "资金来源支付"),
    "carry_over": ("CNY", "money carried over to the next period", "结转资金"),
    "objective_terms": ("1e6 CNY", "discounted parts of net benefit", "净效益构成(折现)"),
    "metric_value": ("1", "value of each metric", "指标值"),
    "share": ("1", "share of an origin's quantity served over a pair", "服务份额"),
    "flow": ("units/yr", "flow on links of the second echelon", "二级流量"),
}


def write_plan(path: Path, problem: Problem, plan: Plan) -> None:
    """Write a plan; the file is complete, synced and read back, or not there.

    Raises
    ------
    PlanError
        When what was read back is not what was written.
    """
    partial = path.with_name(f".{path.name}.partial")
    _described(plan.decisions, _attributes(problem, plan)).to_netcdf(partial, mode="w", engine="h5netcdf")
    for name, data in plan.systems.items():
        _described(data, {}).to_netcdf(partial, mode="a", group=name, engine="h5netcdf")
    for name, data in plan.simulated.items():
        _described(data, {}).to_netcdf(partial, mode="a", group=f"{SIMULATED}/{name}", engine="h5netcdf")
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    _compare(plan, read_plan(partial))
    partial.replace(path)


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises
    ------
    PlanError
        When the file is missing or is not a plan.
    """
    try:
        with h5netcdf.File(path) as file:
            groups = [name for name in file.groups if name != SIMULATED]
            found = list(file[SIMULATED].groups) if SIMULATED in file.groups else []
        decisions = xr.load_dataset(path, engine="h5netcdf")
        systems = {name: xr.load_dataset(path, group=name, engine="h5netcdf") for name in groups}
        simulated = {name: xr.load_dataset(path, group=f"{SIMULATED}/{name}", engine="h5netcdf") for name in found}
        outcome = Outcome(**from_text(decisions.attrs[OUTCOME]))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise PlanError(f"{path}: not a plan that can be read ({error}); plan again.") from None
    return Plan(decisions, systems, outcome, meta=dict(decisions.attrs), simulated=simulated)


def _attributes(problem: Problem, plan: Plan) -> dict[str, str]:
    return {
        "Conventions": "CF-1.11",
        "title": "Chengxiang investment plan 城乡投资方案",
        "institution": str(problem.meta.get("region", "")),
        "period_labels": " ".join(problem.horizon.labels),
        OUTCOME: to_text(asdict(plan.outcome)),
    }


def _described(data: xr.Dataset, attributes: Mapping[str, str]) -> xr.Dataset:
    described = data.copy()
    described.attrs = {**data.attrs, **attributes}
    for name in described.data_vars:
        units, english, chinese = WORDS.get(str(name), ("1", str(name), str(name)))
        described[name].attrs = {"units": units, "long_name": english, "long_name_zh": chinese, **data[name].attrs}
    return described


def _compare(plan: Plan, back: Plan) -> None:
    pairs = [("", plan.decisions, back.decisions)]
    pairs += [(name, written, back.systems[name]) for name, written in plan.systems.items()]
    pairs += [(f"{SIMULATED} {name}", written, back.simulated[name]) for name, written in plan.simulated.items()]
    for name, written, read in pairs:
        for variable in written.data_vars:
            if not np.array_equal(written[variable].values, read[variable].values, equal_nan=True):
                raise PlanError(f"plan.nc: {name} {variable} was not written as it is; is the disk full?")
