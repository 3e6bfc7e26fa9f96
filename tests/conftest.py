"""What tests may need that a machine may not have, and what is said when it is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ON_CI = os.environ.get("CHENGXIANG_CI") == "1"
INSTANCES = Path(os.environ.get("CHENGXIANG_INSTANCES") or Path(__file__).parents[2] / "shared" / "benchmarks")


def need(found: bool, what: str) -> None:
    """Skip where something is missing; fail where CI should have had it."""
    if not found:
        (pytest.fail if ON_CI else pytest.skip)(f"skipped: needs {what}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    need(path is not None, "a browser (chromium)")
    return str(path)


@pytest.fixture(scope="session")
def instances() -> Path:
    """Folder of the published instances."""
    need(INSTANCES.is_dir(), "the published instances (CHENGXIANG_INSTANCES)")
    return INSTANCES
