"""The wheel: what it holds, and that it works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built without a network."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(target)]
    subprocess.run([*command, str(ROOT)], check=True, timeout=300)
    return next(target.glob("*.whl"))


def test_it_claims_no_common_name(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"optimizer", "network_models"}
    assert any(name.endswith("configs/config.yaml") for name in names)
    assert any(name.endswith("gansu/counties.csv") for name in names)


def test_it_works_outside_the_checkout(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import sys, optimizer.cli; print(optimizer.cli.__file__); sys.exit(optimizer.cli.main(sys.argv[1:]))"

    def chengxiang(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        return subprocess.run(
            [sys.executable, "-c", code, *words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
        )

    shown = chengxiang("plan", "--show-config", "funding=tight")
    assert shown.returncode == 0 and str(tmp_path) in shown.stdout and "name: tight" in shown.stdout
    bench = chengxiang("bench", "siting")
    assert bench.returncode == 2 and "make setup" in bench.stderr
    checked = chengxiang("region", "check", str(_gansu(wheel, tmp_path / "site")))
    assert checked.returncode == 0, checked.stderr


def _gansu(wheel: Path, site: Path) -> Path:
    names = zipfile.ZipFile(wheel).namelist()
    return site / next(name for name in names if name.endswith("gansu/region.yaml")).removesuffix("/region.yaml")
