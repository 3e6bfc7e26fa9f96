"""The command that says what a plan loses without some of its works."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from optimizer.cli import main


def test_the_door_ranks_failures_and_refuses_unknown_names(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "failures.csv"
    listed = tmp_path / "failures.json"
    assert main(["evaluate", str(tiny_run), "--n-1", "--output", str(file), "--json", str(listed)]) == 0
    table = pd.read_csv(file)
    assert set(table["kind"]) > {"road"}
    assert [row["failed"] for row in json.loads(listed.read_text(encoding="utf-8"))] == table["failed"].tolist()
    assert len(table) and table["value_lost"].iloc[0] > 0
    first = table.loc[table["kind"] != "road", "failed"].iloc[0]
    assert main(["evaluate", str(tiny_run), "--drop", first]) == 0
    assert first[:4] in capsys.readouterr().out
    assert main(["evaluate", str(tiny_run), "--drop", first + "x"]) == 2
    assert "expected a candidate" in capsys.readouterr().err
