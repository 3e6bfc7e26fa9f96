"""Who may import whom (docs: layout): read from the source, and once from a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from optimizer.systems.registry import ARCHETYPES, CHECKERS

ROOT = Path(__file__).parents[1]
SYSTEMS = sorted(
    yaml.safe_load(file.read_text(encoding="utf-8"))["name"] for file in (ROOT / "configs" / "system").glob("*.yaml")
)
SHARED = {"optimizer.systems.registry", "optimizer.systems.protocol"}


def modules(*packages: str) -> list[Path]:
    return [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]


def imported(file: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, also inside functions and under TYPE_CHECKING."""
    found: set[str] = set()
    package = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            found |= {origin} | {f"{origin}.{name.name}" for name in node.names}
    return found


def within(found: set[str], *packages: str) -> set[str]:
    return {name for name in found for package in packages if name == package or name.startswith(package + ".")}


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", modules("network_models"), ids=name_of)
def test_network_models_import_nothing_of_the_optimizer(file: Path):
    assert not within(imported(file), "optimizer")


@pytest.mark.parametrize("file", modules("optimizer/model", "optimizer/solve"), ids=name_of)
def test_model_and_solve_know_no_system(file: Path):
    text = file.read_text(encoding="utf-8")
    assert not [name for name in (*SYSTEMS, *ARCHETYPES) if f'"{name}"' in text or f"'{name}'" in text]
    assert not [name for name in SYSTEMS if name in text]
    assert within(imported(file), "optimizer.systems") <= {
        *SHARED, "optimizer.systems.registry.archetype", "optimizer.systems.protocol.Proposal",
        "optimizer.systems.protocol.Cut", "optimizer.systems.registry.strengthener",
        "optimizer.systems.protocol.Effort", "optimizer.systems.protocol.Strengthened",
        "optimizer.systems.protocol.ColumnTag", "optimizer.systems.registry.checker",
        "optimizer.systems.registry.cut_checker",
    }  # fmt: skip


@pytest.mark.parametrize("file", modules("optimizer/verify"), ids=name_of)
def test_the_independent_eye_imports_neither_model_nor_solver(file: Path):
    assert not within(imported(file), "optimizer.model", "optimizer.solve", "pyomo", "highspy")


@pytest.mark.parametrize("name", sorted(CHECKERS))
def test_the_checks_of_an_archetype_are_free_of_pyomo(name: str):
    file = ROOT / (CHECKERS[name].replace(".", "/") + ".py")
    assert not within(imported(file), "optimizer.model", "optimizer.solve", "pyomo", "highspy")


def test_nothing_that_the_independent_eye_loads_is_of_the_model_or_the_solver():
    """A fresh interpreter, with the checks of every archetype: nothing comes in by a detour."""
    code = (
        "import importlib, sys; import optimizer.verify\n"
        f"[importlib.import_module(name) for name in {sorted(CHECKERS.values())!r}]\n"
        "print('\\n'.join(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(run.stdout.split())
    assert "optimizer.verify.checker" in loaded
    assert not within(loaded, "optimizer.model", "optimizer.solve", "pyomo", "highspy")


@pytest.mark.parametrize("file", modules("optimizer", "network_models"), ids=name_of)
def test_only_hydra_app_imports_hydra(file: Path):
    assert file.name == "hydra_app.py" or not within(imported(file), "hydra", "omegaconf")


@pytest.mark.parametrize("file", modules("optimizer", "network_models"), ids=name_of)
def test_tests_and_benchmarks_are_not_part_of_the_program(file: Path):
    assert not within(imported(file), "tests")


def loaded_after(code: str) -> set[str]:
    """Modules of a fresh interpreter after some lines."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('MODULES', *sys.modules)"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return set(run.stdout.split("MODULES ")[-1].split())


def test_the_tables_are_read_before_anything_heavy_is_imported():
    """What solves, evaluates and reports takes seconds to import; faults of the tables are told before."""
    loaded = loaded_after(
        "from optimizer import hydra_app; import optimizer.commands, optimizer.console, optimizer.scenarios.store\n"
        "from optimizer.opening import open_region; hydra_app.load()"
    )
    assert "optimizer.opening" in loaded
    assert not within(loaded, "pandas", "pyomo", "highspy", "numba", "scipy", "xarray", "geopandas", "openpyxl", "optimizer.pipeline")
