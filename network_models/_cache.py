"""The private folder of compiled kernels, and the seal that tells whether its files are as they were written.

Numba unpickles its cache files and runs the machine code in them unseen, so a damaged file ends the process or raises
an unrelated error. The seal lists the SHA-256 of every file; a folder that differs from its seal is emptied before
Numba looks at it, and the kernels are compiled anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SEAL = "seal.json"
LOCK = "lock"
KERNEL_FILES = ("*.nbi", "*.nbc")


def folder_for(cpu: str) -> Path:
    """Folder of the kernels compiled for a processor: in the user's cache, else a temporary one.

    Parameters
    ----------
    cpu
        Name of the processor as LLVM calls it.
    """
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    name = f"numba{importlib.metadata.version('numba')}-{python}-{cpu}-{_sources()}"
    return private_folder(name) or Path(tempfile.mkdtemp(prefix="chengxiang-"))


def private_folder(name: str) -> Path | None:
    """Folder of that name which only we can write, None where there can be none."""
    folders = (root / "chengxiang" / name for root in _roots())
    return next((folder for folder in folders if _ours(folder)), None)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a folder meanwhile, where the system and the folder know locks."""
    try:
        file = (folder / LOCK).open("ab")
    except OSError:
        yield
        return
    with file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def discard_unless_sealed(folder: Path) -> bool:
    """Empty a folder whose files are not exactly those of its seal; whether it was emptied."""
    if _digests(folder) == _sealed(folder):
        return False
    for file in _files(folder):
        file.unlink(missing_ok=True)
    (folder / SEAL).unlink(missing_ok=True)
    return True


def write_seal(folder: Path) -> None:
    """Seal the files of a folder as they are now."""
    digests = _digests(folder)
    if digests == _sealed(folder):
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as file:
        json.dump(digests, file)
    Path(file.name).replace(folder / SEAL)


def _sources() -> str:
    """Fingerprint of the package: a changed kernel never meets an old cache, nor do two versions share one."""
    package, digest = Path(__file__).parent, hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _roots() -> list[Path]:
    """Places for the folder in order of preference; a relative XDG_CACHE_HOME does not count, as its standard says."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    home = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 - Path.home() raises where there is no home
    shared = Path(tempfile.gettempdir()) / f"chengxiang-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    return [root for root in (named, home, shared) if root.is_absolute()]


def _ours(folder: Path) -> bool:
    """Make a folder; whether it can be written by us and by nobody else (what lies there is run as code)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            state = folder.stat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or (state.st_uid == os.getuid() and not state.st_mode & 0o022)


def _files(folder: Path) -> list[Path]:
    return sorted(file for pattern in KERNEL_FILES for file in folder.rglob(pattern))


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for file in _files(folder):
        try:
            found[file.relative_to(folder).as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
        except FileNotFoundError:  # another process empties the folder
            continue
    return found


def _sealed(folder: Path) -> object:
    try:
        return json.loads((folder / SEAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
