"""Publishing a run: a whole folder appears at once, or none."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from optimizer.config import RunConfig
from optimizer.errors import ChengxiangError
from optimizer.plan import Plan
from optimizer.plan_file import write_plan
from optimizer.problem import Problem
from optimizer.region import Region
from optimizer.report import write_report_files
from optimizer.report.views import Views
from optimizer.scenarios.store import MANIFEST, config_hash, file_hash, input_hashes
from optimizer.strict_json import from_text, to_text
from optimizer.verify.result import Verification
from optimizer.version import versions

if TYPE_CHECKING:
    from optimizer.solve.certificate import Certificate

FORMAT = 1
PARTIAL = ".partial-"
CERTIFICATE_FILE = "certificate.npz"


def publish_run(
    root: Path,
    run_id: str,
    name: str,
    *,
    problem: Problem,
    plan: Plan,
    verification: Verification,
    region: Region,
    config: RunConfig,
    extras: Mapping[str, Any],
    certificate: Certificate | None = None,
) -> Path:
    """Write every file of a run and publish them together.

    Parameters
    ----------
    root
        Folder of the runs; made if missing.
    run_id, name
        Hash of what the run was made of, and name of its folder.
    extras
        ``seconds`` by stage, ``flips`` (what changes at other values).
    certificate
        What proves the bound, where it was proved by blocks.

    Returns
    -------
    The run folder.

    Raises
    ------
    ChengxiangError
        When the disk does not take it; nothing is left that looks whole.
    """
    partial = root / f"{PARTIAL}{name}-{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        sweep_leftovers(root)
        partial.mkdir()
        views = Views.of(problem, plan, verification, region, config, extras)
        write_plan(partial / "plan.nc", problem, plan)
        (partial / "config.yaml").write_text(
            yaml.safe_dump(config.to_mapping(), allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        write_report_files(partial, views)
        if certificate is not None:
            certificate.save(partial / CERTIFICATE_FILE)
        _write_manifest(partial, run_id, views, region)
        return _publish(partial, root / name)
    except OSError as error:
        raise ChengxiangError(f"The run could not be written to {root}: {error}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def sweep_leftovers(root: Path) -> None:
    """Remove what killed runs left behind; those of living processes stay."""
    for folder in root.glob(f"{PARTIAL}*"):
        pid = folder.name.rsplit("-", 1)[-1]
        if not (pid.isdigit() and _alive(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _publish(partial: Path, target: Path) -> Path:
    for file in partial.iterdir():
        _sync(file)
    _sync(partial)
    old = partial.with_name(partial.name + "-old")
    if target.exists():
        target.rename(old)
    partial.rename(target)
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_manifest(folder: Path, run_id: str, views: Views, region: Region) -> None:
    plan, config, verification = views.plan, views.config, views.verification
    manifest = {
        "format": FORMAT,
        "run_id": run_id,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": views.extras.get("seconds", {}),
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "seed": config.solver.seed,
        "config_hash": config_hash(config),
        "input_hashes": input_hashes(config.region),
        "region": {"name": region.name, "path": config.region.path or ""},
        **{key: value for key, value in asdict(plan.outcome).items() if key != "seconds"},
        "gap": plan.outcome.gap,
        "solve_seconds": plan.outcome.seconds,
        "verification": {
            "passed": verification.passed,
            "violations": [str(v) for v in verification.violations],
            "largest_difference": verification.largest_difference,
            "objective_recomputed": verification.objective_recomputed,
        },
        "systems": list(config.system),
        "horizon": config.horizon.name,
        "funding": config.funding.name,
        "objective": config.objective.name,
        "label": config.run.label,
        "metrics": views.metrics,
        "counts": views.counts,
        "money": views.money_totals,
        "synthetic_placement": views.synthetic_places > 0,
        "rounds": [asdict(found) for found in views.rounds],
        "sensitivity": [asdict(f) for f in views.flips],
        "command": sys.argv[1:],
        "files": {f.name: file_hash(f) for f in sorted(folder.iterdir())},
    }
    (folder / MANIFEST).write_text(to_text(manifest, indent=1), encoding="utf-8")


def note_rewritten(file: Path) -> None:
    """Enter a file of a run that was written again in the run's manifest."""
    manifest_file = file.parent / MANIFEST
    manifest = from_text(manifest_file.read_text(encoding="utf-8"))
    manifest["files"][file.name] = file_hash(file)
    new = manifest_file.with_name(f".{MANIFEST}.new")
    new.write_text(to_text(manifest, indent=1), encoding="utf-8")
    new.replace(manifest_file)
