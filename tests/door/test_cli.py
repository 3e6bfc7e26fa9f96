"""The console script: light to start, every config composes, an interrupt keeps the plan."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer import hydra_app
from optimizer.cli import main
from tests.door.door import QUICK, published
from tests.tiny_region import make_tiny_region

CONFIGS = Path(__file__).parents[2] / "configs"
GROUPS = ("horizon", "funding", "objective", "solver", "experiment")
CHOICES = [f"{group}={file.stem}" for group in GROUPS for file in sorted((CONFIGS / group).glob("*.yaml"))]
SYSTEMS = [file.stem for file in sorted((CONFIGS / "system").glob("*.yaml"))]
HEAVY = ("pyomo", "numba", "pandas", "xarray", "highspy", "hydra")


@pytest.mark.parametrize("choice", CHOICES)
def test_every_config_composes(choice: str):
    config = hydra_app.load([choice])
    assert config.region.name == "gansu" and config.system


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_composes(system: str):
    assert list(hydra_app.load([f"system=[{system}]"]).system) == [system]


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["--version"], ["compare", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]):
    code = (
        "import sys\nfrom optimizer.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "chengxiang" in said.stdout and said.stderr.strip() == "[]"


def test_show_config_prints_what_a_run_is_made_of(capsys: pytest.CaptureFixture[str]):
    assert main(["plan", "--show-config", "funding=tight", "solver.mip_gap=0.02"]) == 0
    said = capsys.readouterr().out
    assert "mip_gap: 0.02" in said and "name: tight" in said


def test_a_config_folder_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "funding").mkdir()
    text = (CONFIGS / "funding" / "base.yaml").read_text(encoding="utf-8").replace("name: base", "name: mine")
    (tmp_path / "funding" / "mine.yaml").write_text(text, encoding="utf-8")
    assert main(["plan", "--config-dir", str(tmp_path), "--show-config", "funding=mine"]) == 0
    assert "name: mine" in capsys.readouterr().out


def test_runs_show_and_unknown_words(tiny_run: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["runs", "--folder", str(tiny_run.parent)]) == 0
    assert main(["show", str(tiny_run)]) == 0
    said = capsys.readouterr().out
    assert tiny_run.name[:12] in said and "P-A23" in said
    with pytest.raises(SystemExit) as ended:
        main(["plann"])
    assert ended.value.code == 2


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.5"])
@pytest.mark.parametrize("words", ["bench province --seeds", "bench scaling --repeats", "bench evaluate --variants", "plan --jobs"])
def test_a_number_of_things_is_one_or_more(words: str, text: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), text])
    assert ended.value.code == 2
    assert f"found {text!r}; expected a whole number, 1 or more" in capsys.readouterr().err


def test_checking_a_region(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["region", "check", str(make_tiny_region(tmp_path / "region"))]) == 0
    assert main(["region", "template", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "counties.csv").is_file()
    capsys.readouterr()
    assert main(["region", "check", str(make_tiny_region(tmp_path / "bad", link=None))]) == 2
    assert "link.csv" in capsys.readouterr().err


def test_an_interrupt_publishes_the_best_plan(tmp_path: Path):
    region, runs = make_tiny_region(tmp_path / "region"), tmp_path / "runs"
    words = [
        f"region.path={region}",
        f"run.folder={runs}",
        *QUICK,
        "solver.mip_gap=0",
        "solver.options={mip_max_nodes: 100000000}",
    ]
    child = subprocess.Popen(
        [sys.executable, "-m", "optimizer", *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    for line in child.stderr:
        if line.startswith("net_benefit"):
            break
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=120)
    (folder,) = published(runs)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["termination"] in ("interrupted", "optimal") and manifest["verification"]["passed"]
