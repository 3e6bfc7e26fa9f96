"""Sweeps and comparisons: nothing twice, one failure alone, and what differs between runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimizer.cli import main
from tests.door.door import QUICK, published
from tests.tiny_region import make_tiny_region


def _sweep(region: Path, runs: Path, *more: str) -> int:
    return main(["plan", "-m", f"region.path={region}", f"run.folder={runs}", *QUICK, *more])


def test_a_sweep_a_failure_alone_and_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    region, runs = make_tiny_region(tmp_path / "region"), tmp_path / "runs"
    assert _sweep(region, runs, "funding=tight,base") == 0
    made = {folder.name: (folder / "plan.nc").stat().st_mtime_ns for folder in published(runs)}
    assert len(made) == 2
    capsys.readouterr()
    assert _sweep(region, runs, "funding=tight,base,ample") == 0
    assert {f.name: (f / "plan.nc").stat().st_mtime_ns for f in published(runs) if f.name in made} == made
    assert len(published(runs)) == 3 and "there already" in " ".join(capsys.readouterr().out.split())


def test_one_that_fails_fails_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    lock = {"candidate_id": "H-A1", "option": "small", "kind": "fixed", "year": 2026, "payments": ""}
    region, runs = make_tiny_region(tmp_path / "region", locks=[lock]), tmp_path / "runs"
    assert _sweep(region, runs, "funding.scale=0.001,4") == 1
    assert len(published(runs)) == 1
    assert "failed" in capsys.readouterr().out


def test_comparison_names_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    region, runs = make_tiny_region(tmp_path / "region"), tmp_path / "runs"
    assert _sweep(region, runs, "funding.scale=0.2,3") == 0
    folders = published(runs)
    page = tmp_path / "comparison.html"
    assert main(["compare", *map(str, folders), "--output", str(page)]) == 0
    values = [json.loads((f / "manifest.json").read_text(encoding="utf-8"))["incumbent"] for f in folders]
    assert max(values) > min(values)
    said, text = capsys.readouterr().out, page.read_text(encoding="utf-8")
    assert f"{max(values):,.1f}" in said and f"{max(values):,.1f}" in text
    assert "src=" not in text.replace('src="data:', "")


def test_comparing_with_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["compare", str(tmp_path)]) == 4
    assert "no run folder" in capsys.readouterr().err
