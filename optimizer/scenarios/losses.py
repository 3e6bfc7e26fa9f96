"""What a plan loses without some of its works: as a table in the terminal and as CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from optimizer import contingency
from optimizer.config import RunConfig
from optimizer.errors import InputError
from optimizer.evaluate import Evaluator
from optimizer.region import Region
from optimizer.road_failures import road_failures

SHOWN = 5
"""Losses shown of each kind."""


def failures(evaluator: Evaluator, region: Region, config: RunConfig) -> pd.DataFrame:
    """Losses by every single failure of a work or a road link, the largest first."""
    tables = [contingency.failures(evaluator), road_failures(evaluator, region, config)]
    return contingency.ranked([contingency.Loss(*row) for table in tables for row in table.itertuples(index=False)])


def write(found: pd.DataFrame, path: Path, json: Path | None) -> None:
    """Write losses as CSV, and as JSON (a list of rows) where a file is named.

    Raises
    ------
    InputError
        A file that cannot be written.
    """
    for file, option in ((path, "--output"), (json, "--json")):
        if file is None:
            continue
        try:
            if option == "--json":
                found.to_json(file, orient="records", force_ascii=False, indent=1)
            else:
                found.to_csv(file, index=False)
        except OSError as error:
            raise InputError(f"{file}: cannot be written ({error.strerror}); name another file with {option}.") from error
        print(f"{len(found)} losses: {file.resolve()}")


def dropped(evaluator: Evaluator, candidates: list[str]) -> pd.DataFrame:
    """Losses by system without some candidates."""
    left = evaluator.without(candidates)
    return contingency.ranked(list(contingency.losses(evaluator, left, ", ".join(candidates), "", "")))


def show(losses: pd.DataFrame) -> None:
    """Print the largest losses of each kind."""
    table = Table("failed", "kind", "county", "system", "served lost, units/yr", "value lost, 10^6 CNY")
    for row in losses.groupby("kind", sort=False).head(SHOWN).itertuples(index=False):
        table.add_row(row.failed, row.kind, row.county, row.system, f"{row.served_lost:,.1f}", f"{row.value_lost:,.3f}")
    Console().print(table)
