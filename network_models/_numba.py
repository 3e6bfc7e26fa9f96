"""Numba with a private cache. Import ``njit`` and ``prange`` from here, so that the folder is checked and set first."""

from __future__ import annotations

import atexit
import os
import sys

import llvmlite.binding  # type: ignore[import-untyped]

from network_models._cache import discard_unless_sealed, folder_for, locked, write_seal

CACHE = folder_for(llvmlite.binding.get_host_cpu_name())
with locked(CACHE):
    discard_unless_sealed(CACHE)
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)

import numba  # noqa: E402
from numba import get_num_threads, njit, prange  # noqa: E402
from numba.core import caching  # noqa: E402

numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined] # where Numba was imported before this module


class _OneAtATime(caching.IndexDataCacheFile):
    """The files of a kernel: index and code change together even where processes compile it for different arguments.

    Numba writes one after the other, and two processes at once can leave an index that names the code of another
    signature: machine code would be called with arguments it was not made for.
    """

    def save(self, key: object, data: object) -> None:
        with locked(CACHE):
            super().save(key, data)

    def load(self, key: object) -> object:
        with locked(CACHE):
            return super().load(key)


caching.IndexDataCacheFile = _OneAtATime  # type: ignore[misc] # where Numba looks it up


@atexit.register
def seal() -> None:
    """Vouch for the kernels compiled so far; a process that dies before this has its kernels compiled again."""
    try:
        with locked(CACHE):
            write_seal(CACHE)
    except OSError as error:
        print(f"chengxiang: compiled kernels are not kept ({error})", file=sys.stderr)


__all__ = ["CACHE", "get_num_threads", "njit", "prange", "seal"]
