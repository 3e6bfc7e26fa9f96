"""One run of the tiny region, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.door.door import plan, published
from tests.tiny_region import make_tiny_region


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published run of the tiny region, with its region beside the store."""
    root = tmp_path_factory.mktemp("tiny")
    region = make_tiny_region(root / "region")
    assert plan(region, root / "runs") == 0
    (folder,) = published(root / "runs")
    return folder
