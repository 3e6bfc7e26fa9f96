"""Numba with a private cache. Import ``njit`` and ``prange`` from here, so that the folder is checked and set first."""

from __future__ import annotations

import atexit
import os
import sys

import llvmlite.binding  # type: ignore[import-untyped]

from network_models._cache import discard_unless_sealed, folder_for, write_seal

CACHE = folder_for(llvmlite.binding.get_host_cpu_name())
discard_unless_sealed(CACHE)
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)

import numba  # noqa: E402
from numba import get_num_threads, njit, prange  # noqa: E402

numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined] # where Numba was imported before this module


@atexit.register
def seal() -> None:
    """Vouch for the kernels compiled so far; a process that dies before this has its kernels compiled again."""
    try:
        write_seal(CACHE)
    except OSError as error:
        print(f"chengxiang: compiled kernels are not kept ({error})", file=sys.stderr)


__all__ = ["CACHE", "get_num_threads", "njit", "prange", "seal"]
