"""The front door as a test uses it."""

from __future__ import annotations

from pathlib import Path

from optimizer.cli import main

QUICK = ("system=[cold_chain,township_logistics]", "solver=quick", "solver.time_limit=20", "objective.sensitivity=false")


def plan(region: Path, runs: Path, *more: str) -> int:
    """``chengxiang plan`` on a region; the exit code."""
    return main(["plan", f"region.path={region}", f"run.folder={runs}", *QUICK, *more])


def published(runs: Path) -> list[Path]:
    """Folders that look like whole runs."""
    return sorted(file.parent for file in runs.glob("*/manifest.json"))
