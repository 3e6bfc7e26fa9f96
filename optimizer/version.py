"""What this program is: its version, the versions it stands on, and a fingerprint of its own source."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__version__ = "0.1.0"

LIBRARIES = ("pyomo", "highspy", "numpy", "numba", "scipy", "pandas", "xarray")


@cache
def versions() -> dict[str, str]:
    """Versions that can change a result: the program's, its source, Python's and the libraries'."""
    found = {"chengxiang": __version__, "source": source_fingerprint(), "python": platform.python_version()}
    return found | {name: _installed(name) for name in LIBRARIES}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@cache
def source_fingerprint() -> str:
    """First 12 hexadecimal digits of the SHA-256 of every Python file of ``optimizer`` and ``network_models``."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for package in (here, here.parent / "network_models"):
        for file in sorted(package.rglob("*.py")):
            digest.update(f"{package.name}/{file.relative_to(package).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
