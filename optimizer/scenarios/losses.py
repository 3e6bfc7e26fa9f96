"""What a plan loses without some of its works: as a table in the terminal and as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from optimizer.errors import InputError
from optimizer.evaluate import Evaluator

SHOWN = 20


def failures(evaluator: Evaluator, path: Path) -> pd.DataFrame:
    """Losses by every single failure, written to a file as well."""
    found = evaluator.failures()
    try:
        found.to_csv(path, index=False)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); name another file with --output.") from error
    print(f"{len(found)} losses: {path.resolve()}")
    return found


def dropped(evaluator: Evaluator, candidates: list[str]) -> pd.DataFrame:
    """Losses by system without some candidates."""
    left, lengths = evaluator.without(candidates), np.array(evaluator.problem.horizon.lengths)
    rows = [
        (
            ", ".join(candidates), "", name,
            float((base.served - left[name].served).sum(axis=0) @ lengths / lengths.sum()),
            evaluator.discounted(base.value - left[name].value),
        )
        for name, base in evaluator.base.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["candidate", "county", "system", "served_lost", "value_lost"])


def show(losses: pd.DataFrame, evaluator: Evaluator) -> None:
    """Print the largest losses, and which systems cannot be evaluated so."""
    table = Table("candidate", "county", "system", "served lost, units/yr", "value lost, 10^6 CNY")
    for row in losses.head(SHOWN).itertuples(index=False):
        table.add_row(row.candidate, row.county, row.system, f"{row.served_lost:,.1f}", f"{row.value_lost:,.3f}")
    Console().print(table)
    if evaluator.untouched:
        print(f"taken as planned, whatever is dropped: {', '.join(evaluator.untouched)}")
