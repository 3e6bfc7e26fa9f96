"""The run store: a folder with one folder a run, found by the hash of what the run was made of.

A run is a folder with a ``manifest.json``, which is written last; anything else in the store is no run. There is no index to
keep in step: the manifests are the store.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from optimizer._paths import region_path
from optimizer.config import RegionConfig, RunConfig
from optimizer.errors import PlanError
from optimizer.strict_json import from_text
from optimizer.version import versions

MANIFEST = "manifest.json"
ID_LENGTH = 12
UNFINISHED = ("interrupted", "solver_error")


@dataclass(frozen=True)
class Run:
    """A run folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.manifest["run_id"])

    @property
    def label(self) -> str:
        """What follows the hash in the folder's name, or the hash."""
        return self.folder.name.removeprefix(self.id).lstrip("-") or self.id

    @property
    def finished(self) -> bool:
        """Whether the run ended by itself, passed verification and lies there whole."""
        passed = self.manifest.get("verification", {}).get("passed", False)
        return bool(passed) and self.manifest.get("termination") not in UNFINISHED and self.damaged() == ""

    def damaged(self) -> str:
        """Name of the first file that is missing or not as it was written, else an empty text."""
        files: Mapping[str, str] = self.manifest.get("files", {})
        return next((name for name, digest in files.items() if file_hash(self.folder / name) != digest), "")


def file_hash(file: Path) -> str:
    """SHA-256 of a file's content, hexadecimal; empty if there is no such file."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_hashes(region: RegionConfig) -> dict[str, str]:
    """SHA-256 of every file of a region, by path inside it."""
    folder = region_path(region.name, region.path)
    if folder.is_file():
        return {folder.name: file_hash(folder)}
    files = sorted(f for f in folder.rglob("*") if f.is_file() and not f.name.startswith((".", "~")))
    return {f.relative_to(folder).as_posix(): file_hash(f) for f in files if "__pycache__" not in f.parts}


def config_of(folder: Path) -> RunConfig:
    """The config a run was made with."""
    try:
        return RunConfig.from_mapping(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise PlanError(f"{folder}: its config.yaml cannot be read ({error}). Make the plan again.") from None


def config_hash(config: RunConfig) -> str:
    """SHA-256 of the canonical config."""
    return hashlib.sha256(config.canonical().encode()).hexdigest()


def run_id(config: RunConfig) -> str:
    """Name of a run: a hash of its resolved config, its input files and the versions of the program and its libraries."""
    made_of = {"config": config_hash(config), "inputs": input_hashes(config.region), "versions": versions()}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:ID_LENGTH]


def folder_name(config: RunConfig) -> str:
    """``<run id>-<label>``; without a label, what was chosen in the groups."""
    region = region_path(config.region.name, config.region.path).stem if config.region.path else config.region.name
    chosen = (region, config.horizon.name, config.funding.name, config.objective.name)
    label = config.run.label or "-".join(chosen)
    safe = re.sub(r"[^\w.-]+", "-", label).strip("-.")
    return f"{run_id(config)}-{safe}"


def list_runs(store: Path) -> list[Run]:
    """Every run in a store, oldest first."""
    runs = [run for file in store.glob(f"[!.]*/{MANIFEST}") if (run := _read(file.parent)) is not None]
    return sorted(runs, key=lambda run: (str(run.manifest.get("created", "")), run.folder.name))


def find_finished(store: Path, identity: str) -> Run | None:
    """A finished run with this id, if the store has one."""
    folders = sorted(store.glob(f"{identity}*"))
    return next((run for folder in folders if (run := _read(folder)) is not None and run.finished), None)


def open_run(path: Path, store: Path = Path("runs")) -> Run:
    """A run by its folder, or by the beginning of its folder's name in the store.

    Raises
    ------
    PlanError
        No such run, several of them, or a folder that is no whole run.
    """
    folders = (
        [path] if path.is_dir() else sorted(f for f in store.glob(f"{path.name}*") if f.is_dir()) if path.name else []
    )
    if len(folders) != 1:
        what = "several runs" if folders else "no run folder and no beginning of the name of one in " + str(store)
        raise PlanError(f"{path}: {what}. `chengxiang runs` lists the runs.")
    run = _read(folders[0])
    if run is None:
        raise PlanError(f"{folders[0]}: no run folder: it has no {MANIFEST} that can be read. Make the plan again.")
    return run


def _read(folder: Path) -> Run | None:
    try:
        manifest = from_text((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(manifest, dict) and isinstance(manifest.get("run_id"), str)
    return Run(folder, manifest) if whole else None
