"""Numba with a private cache: one folder for each version of the kernels, of Numba and of Python.

Import ``njit`` and ``prange`` from here, so that the cache folder is set before Numba is imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import sys
import tempfile
from pathlib import Path


def _sources() -> str:
    """Fingerprint of the kernels' own sources: a changed kernel never meets an old cache."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def cache_folder() -> Path:
    """Folder of compiled kernels: in the user's cache, or in a temporary folder when that cannot be written."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    name = f"numba{importlib.metadata.version('numba')}-{python}-{_sources()}"
    for root in (os.environ.get("XDG_CACHE_HOME"), str(Path.home() / ".cache")):
        if not root:
            continue
        folder = Path(root) / "chengxiang" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="chengxiang-"))


os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))

from numba import get_num_threads, njit, prange  # noqa: E402

__all__ = ["cache_folder", "get_num_threads", "njit", "prange"]
