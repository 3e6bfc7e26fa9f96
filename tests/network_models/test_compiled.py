"""How functions are compiled: which Python may call, and that a plan of roads needs no kernel that setting up left out."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import network_models

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("network_models", "optimizer", "benchmarks", "tests") for file in (ROOT / folder).rglob("*.py"))


def compiled_as(function: ast.AST) -> str | None:
    """'kernel' or 'inner', where a function is decorated as one."""
    if not isinstance(function, ast.FunctionDef):
        return None
    names = {ast.unparse(d.func) for d in function.decorator_list if isinstance(d, ast.Call)}
    return next(iter(names & {"kernel", "inner"}), None)


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def inner_functions() -> set[str]:
    """Full names of all functions that have no wrapper for Python."""
    return {
        f"{module_of(file)}.{function.name}"
        for file in FILES
        for function in ast.parse(file.read_text(encoding="utf-8")).body
        if compiled_as(function) == "inner"
    }


def named_in_python(file: Path, text: str) -> Iterator[str]:
    """Full names of what a file says outside compiled functions, as far as they are of its own or imported."""
    tree = ast.parse(text)
    means = {node.name: f"{module_of(file)}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            means |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and node.id in means:
            yield means[node.id]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in means:
            yield f"{means[node.value.id]}.{node.attr}"
        waiting += [child for child in ast.iter_child_nodes(node) if compiled_as(child) is None]


def test_python_calls_no_function_that_lacks_a_wrapper():
    """Such a call ends the process."""
    lacking = inner_functions()
    assert len(lacking) > 100
    found = {
        (module_of(file), name)
        for file in FILES
        for name in set(named_in_python(file, file.read_text(encoding="utf-8"))) & lacking
    }
    assert not found


def test_a_call_from_python_would_be_seen():
    text = "from network_models import _dijkstra\nfrom network_models._dijkstra import _pop as p\n_dijkstra._push(1)\np()\n"
    found = set(named_in_python(ROOT / "tests" / "x.py", text))
    assert {"network_models._dijkstra._push", "network_models._dijkstra._pop"} <= found & inner_functions()


def test_a_group_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="found 'rivers'; expected some of roads, "):
        list(network_models.warm(["rivers"]))
    run = subprocess.run([sys.executable, "-m", "network_models", "rivers"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 1
    assert "found 'rivers'" in run.stderr
    assert "Traceback" not in run.stderr


def test_travel_of_a_plan_uses_no_kernel_that_setting_up_leaves_out(tmp_path):
    """``make setup`` compiles the group 'roads'; travel then compiles nothing."""
    code = """
import logging, sys
import network_models
list(network_models.warm(["roads"]))
compiled = []
logging.getLogger("network_models").setLevel(logging.INFO)
logging.getLogger("network_models").addFilter(compiled.append)
from optimizer.region import read_region
from optimizer.systems.roads import Roads
from tests.tiny_region import TOWNSHIPS, make_tiny_region
from network_models import _dijkstra
roads, few, many = Roads.of(read_region(make_tiny_region(sys.argv[1]))), TOWNSHIPS["A1"][:1], TOWNSHIPS["A1"]
for _dijkstra.SMALL in (0, 10**9):
    roads.travel(few, many)
    roads.travel(many, few)
assert not compiled, compiled

import numba
assert numba.njit(nogil=True)(lambda x: x)(1) == len(compiled)
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert not run.returncode, run.stderr
