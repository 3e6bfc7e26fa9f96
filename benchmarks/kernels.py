"""Every kernel against its peers, one table of rows."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import kernels_paths
from network_models import warm

Row = dict[str, Any]
OTHERS = ("benchmarks.kernels_water", "benchmarks.kernels_gas", "benchmarks.kernels_flood")
"""Suites of further kernels, each with a function ``rows(smoke=...)``."""


def run(*, smoke: bool, instances: Path | None = None, only: str = "", **_: Any) -> list[Row]:
    """Measure all kernels, print a line a row and return the rows.

    Parameters
    ----------
    smoke
        Small graphs and networks only.
    instances
        Folder of road graphs (``.gr``), with queries beside them.
    only
        Measure the road graphs whose name contains this, and no other kernels.
    """
    for _name in warm():
        pass
    rows = kernels_paths.rows(smoke=smoke, folder=instances, only=only)
    for name in OTHERS:
        if find_spec(name) and not only:
            rows += import_module(name).rows(smoke=smoke)
    for row in rows:
        ratio = row.get("ratio")
        against = f"{row['reference']:12.4f} s {ratio:10.1f}x {row.get('peer') or ''}" if ratio else ""
        seconds = "" if row["seconds"] is None else f"{row['seconds']:10.4f} s"
        print(f"{row['instance']:44} {seconds:12} {against}  {row['status']}", flush=True)
    return rows
