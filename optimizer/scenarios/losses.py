"""What a plan loses without some of its works: as a table in the terminal and as CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from optimizer import contingency
from optimizer.errors import InputError
from optimizer.evaluate import Evaluator

SHOWN = 20


def failures(evaluator: Evaluator, path: Path) -> pd.DataFrame:
    """Losses by every single failure, written to a file as well."""
    found = contingency.failures(evaluator)
    try:
        found.to_csv(path, index=False)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); name another file with --output.") from error
    print(f"{len(found)} losses: {path.resolve()}")
    return found


def dropped(evaluator: Evaluator, candidates: list[str]) -> pd.DataFrame:
    """Losses by system without some candidates."""
    left = evaluator.without(candidates)
    return contingency.ranked(list(contingency.losses(evaluator, left, ", ".join(candidates), "", "")))


def show(losses: pd.DataFrame) -> None:
    """Print the largest losses."""
    table = Table("failed", "kind", "county", "system", "served lost, units/yr", "value lost, 10^6 CNY")
    for row in losses.head(SHOWN).itertuples(index=False):
        table.add_row(row.failed, row.kind, row.county, row.system, f"{row.served_lost:,.1f}", f"{row.value_lost:,.3f}")
    Console().print(table)
