"""``network_models`` stands alone, and costs nothing until it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import network_models

PACKAGE = Path(network_models.__file__).parent


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name.split(".")[0] for name in found}


def test_imports_nothing_of_the_optimizer():
    assert {file.name: imported(file) & {"optimizer", "benchmarks", "tests"} for file in PACKAGE.rglob("*.py")} == {
        file.name: set() for file in PACKAGE.rglob("*.py")
    }


def test_importing_the_package_imports_no_numba():
    code = "import sys, network_models; assert not {'numba', 'llvmlite', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent, timeout=60)
