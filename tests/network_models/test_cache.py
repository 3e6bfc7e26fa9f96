"""Compiled kernels: kept, never trusted when damaged, never in a folder that others can write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from network_models._cache import SEAL, discard_unless_sealed, folder_for, write_seal
from tests.conftest import need

CHECKOUT = Path(__file__).resolve().parents[2]
WORK = """
from network_models._dijkstra import search_all
from network_models._numba import CACHE
from network_models.graph import Graph
from network_models.paths import travel_times
assert travel_times(Graph.from_arrays([0, 1], [1, 2], [1.0, 2.0], 3), [0]).tolist() == [[0.0, 1.0, 3.0]]
print(CACHE, sum(search_all.stats.cache_hits.values()))
"""


def work(cache: Path) -> tuple[Path, bool]:
    """Folder of the kernels in a new process, and whether it found them compiled."""
    done = subprocess.run(
        [sys.executable, "-c", WORK], env={**os.environ, "XDG_CACHE_HOME": str(cache)}, cwd=CHECKOUT,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    folder, hits = done.stdout.split()
    return Path(folder), int(hits) > 0


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("cache")
    folder, found = work(root)
    assert folder.is_relative_to(root)
    assert not found
    return root


def damage(file: Path, how: str) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(
        {
            "empty": b"",
            "cut": content[:middle],
            "noise": os.urandom(len(content)),
            "one bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        }[how]
    )


def kernel_files(root: Path) -> list[Path]:
    return [file for file in root.rglob("*") if file.suffix in {".nbi", ".nbc"}]


def test_kernels_are_compiled_once(compiled):
    assert kernel_files(compiled)
    assert work(compiled)[1]


def test_a_damaged_cache_is_compiled_anew(compiled, tmp_path):
    """All files with noise, so that any one of them read would end the process or raise; then it heals."""
    root = shutil.copytree(compiled, tmp_path / "cache")
    for file in kernel_files(root):
        damage(file, "noise")
    assert not work(root)[1]
    assert work(root)[1]


@pytest.mark.parametrize("how", ["empty", "cut", "noise", "one bit"])
@pytest.mark.parametrize("which", [0, -1])
def test_one_damaged_file_empties_the_folder(compiled, tmp_path, how, which):
    folder = shutil.copytree(compiled, tmp_path / "cache") / folder_of(compiled)
    assert not discard_unless_sealed(folder)
    damage(kernel_files(folder)[which], how)
    assert discard_unless_sealed(folder)
    assert not kernel_files(folder)
    assert not discard_unless_sealed(folder)


def folder_of(root: Path) -> Path:
    return next(root.rglob(SEAL)).parent.relative_to(root)


@pytest.mark.parametrize("seal", ["", "[]", "null", "\x00\xff", None])
def test_files_without_a_good_seal_are_not_trusted(tmp_path, seal):
    (tmp_path / "kernel.nbc").write_bytes(b"code")
    if seal is not None:
        (tmp_path / SEAL).write_text(seal, encoding="utf-8")
    assert discard_unless_sealed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_or_added_file_breaks_the_seal(tmp_path):
    for change in (lambda: (tmp_path / "a.nbc").unlink(), lambda: (tmp_path / "b.nbi").write_bytes(b"")):
        (tmp_path / "a.nbc").write_bytes(b"code")
        write_seal(tmp_path)
        assert not discard_unless_sealed(tmp_path)
        change()
        assert discard_unless_sealed(tmp_path)


def test_an_unwritable_cache_gives_way_to_another(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder_for("cpu").is_relative_to(tmp_path / "home" / ".cache")
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert folder_for("cpu").is_dir()


def test_a_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    need(hasattr(os, "getuid"), "files with owners (POSIX)")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shared = folder_for("cpu")
    assert shared.is_relative_to(tmp_path / "shared")
    shared.chmod(0o777)
    assert folder_for("cpu").is_relative_to(tmp_path / "home")


COLD = """
import sys
import numpy as np
from network_models._elimination import carry, customise
kind = (np.int32, np.float64)[int(sys.argv[1]) % 2]
first, high = np.array([0, 2, 3, 3]), np.array([1, 2, 2], np.int32)
weights = np.empty((3, 2), kind)
carry(np.arange(6), np.array([1, 2, 3, 4, 90, 90], kind), kind(99), weights)
customise(first, high, weights)
print(weights.tolist() == [[1, 2], [3, 4], [5, 5]])
"""


def cold_starts(cache: Path, count: int) -> list[str]:
    """What ``count`` processes say that start at once and compile the same kernels for two kinds of arguments."""
    command = [sys.executable, "-c", COLD]
    begun = [
        subprocess.Popen(
            [*command, str(i)], env={**os.environ, "XDG_CACHE_HOME": str(cache)}, cwd=CHECKOUT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for i in range(count)
    ]  # fmt: skip
    return [process.communicate(timeout=300)[0].strip() for process in begun]


def test_sixteen_cold_starts_at_once_and_then_every_file_damaged(tmp_path):
    """Neither crashes nor changes a result; what is left serves, and each file alone being damaged does no harm."""
    assert cold_starts(tmp_path, 16) == ["True"] * 16
    assert cold_starts(tmp_path, 2) == ["True"] * 2
    for file in kernel_files(tmp_path):
        if file.exists():
            damage(file, "noise")
            assert cold_starts(tmp_path, 1) == ["True"]


def test_the_folder_tells_processors_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder_for("znver4") != folder_for("rocketlake")
