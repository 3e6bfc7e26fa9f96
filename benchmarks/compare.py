"""A run held against a stored one, as a CI server does: rows whose ratio to a peer has fallen too far are failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optimizer.errors import InputError

Row = dict[str, Any]
SLOWER = 0.75
"""Share of a stored ratio below which a kernel has become slower."""


def stored_ratios(path: Path) -> dict[tuple[str, str], float]:
    """Ratios of a stored run by instance and peer.

    Raises
    ------
    InputError
        The file cannot be read, or holds no rows as ``--json`` writes them.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {_key(row): float(row["ratio"]) for row in rows if row.get("ratio")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"--compare {path}: found {error}; expected the rows that --json writes.") from error


def hold_against(rows: list[Row], stored: dict[tuple[str, str], float]) -> None:
    """Mark rows whose ratio is below three quarters of the stored one, or gone, as 'failed', and print them."""
    for row in rows:
        before, ratio = stored.get(_key(row)), row.get("ratio")
        if before is None:
            continue
        row["stored"] = before
        if ratio is None or ratio < SLOWER * before:
            row["status"] = "failed"
            now = "no ratio" if ratio is None else f"{ratio:.2f}x"
            print(f"{row['instance']} against {row.get('peer')}: {now}, stored {before:.2f}x: slower")


def _key(row: Row) -> tuple[str, str]:
    return str(row["instance"]), str(row.get("peer"))
