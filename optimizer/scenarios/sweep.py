"""Many scenarios: each in a child process of its own, found again by its hash, failing alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from optimizer import hydra_app
from optimizer.scenarios import store

LAST_LINES = 4


@dataclass(frozen=True)
class Scenario:
    """One combination of overrides, resolved."""

    overrides: tuple[str, ...]
    folders: tuple[Path, ...]
    run_id: str
    root: Path


@dataclass(frozen=True)
class Outcome:
    """How a scenario ended: ``there already``, ``done`` or ``failed``."""

    scenario: Scenario
    status: str
    folder: Path | None
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.status != "failed"


def scenarios(overrides: Sequence[str], folders: Sequence[Path]) -> list[Scenario]:
    """Every combination of comma-separated values; all are checked before the first is planned."""
    found: dict[str, Scenario] = {}
    for one in hydra_app.expand(overrides):
        config = hydra_app.load(one, folders)
        identity = store.run_id(config)
        found.setdefault(identity, Scenario(tuple(one), tuple(folders), identity, Path(config.run.folder)))
    return list(found.values())


def run(todo: Sequence[Scenario], jobs: int = 1) -> list[Outcome]:
    """Plan what is not there yet, ``jobs`` at once."""
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(pool.map(_one, todo))


def command(scenario: Scenario) -> list[str]:
    """The child process of a scenario."""
    folders = [part for folder in scenario.folders for part in ("--config-dir", str(folder))]
    return [sys.executable, "-P", "-m", "optimizer", *folders, *scenario.overrides]


def _one(scenario: Scenario) -> Outcome:
    found = store.find_finished(scenario.root, scenario.run_id)
    if found is not None:
        return Outcome(scenario, "there already", found.folder)
    print(f"planning {' '.join(scenario.overrides)} ...", file=sys.stderr, flush=True)
    child = subprocess.run(command(scenario), capture_output=True, text=True, env=os.environ, check=False)
    found = store.find_finished(scenario.root, scenario.run_id)
    if child.returncode == 0 and found is not None:
        return Outcome(scenario, "done", found.folder)
    if child.returncode == 0:
        return Outcome(scenario, "failed", None, "the program or its input changed while it ran; run the sweep again")
    lines = [line for line in child.stderr.splitlines() if line.strip()]
    return Outcome(scenario, "failed", None, "\n".join(lines[-LAST_LINES:]) or f"exit code {child.returncode}")


def show(outcomes: Sequence[Outcome]) -> None:
    """A table of scenarios and how each ended."""
    table = Table("scenario", "status", "run or reason")
    for one in outcomes:
        table.add_row(" ".join(one.scenario.overrides) or "defaults", one.status, str(one.folder or one.message))
    Console().print(table)
