"""Numba with a private cache: the folder is checked and set before Numba is used.

``kernel`` compiles a function that Python calls, ``inner`` one that only kernels call. The latter gets no wrapper: the
code that unpacks named tuples of dozens of arrays for each function took half of the time of compilation.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import llvmlite.binding  # type: ignore[import-untyped]

from network_models._cache import discard_unless_sealed, folder_for, locked, write_seal

CACHE = folder_for(llvmlite.binding.get_host_cpu_name())
with locked(CACHE):
    discard_unless_sealed(CACHE)
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)

import numba  # noqa: E402
from numba import get_num_threads, njit, prange  # noqa: E402
from numba.core import caching, event  # noqa: E402

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


class _Compilations(event.Listener):
    """Tells the log of a kernel that must be compiled, before the seconds that it takes."""

    def on_start(self, event: Any) -> None:
        dispatcher = event.data["dispatcher"]
        if dispatcher.targetoptions.get("nogil"):
            logging.getLogger("network_models").info("compiling %s, once on this machine", dispatcher.py_func.__qualname__)

    def on_end(self, event: Any) -> None:
        """Nothing to tell."""


event.register("numba:compile", _Compilations())


_jit: Callable[..., Callable[[Callable[..., Any]], Any]] = njit  # whose stubs do not know the options of wrappers


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel: compiled for each form of its arguments and kept; lets go of the interpreter meanwhile.

    Parameters
    ----------
    options
        Of ``numba.njit``: ``parallel``, ``error_model``, ``fastmath``.
    """
    return _jit(cache=True, nogil=True, no_cfunc_wrapper=True, **options)


def inner(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of what kernels call: kept as a part of them. Python must not call it, it would crash (a test looks).

    Parameters
    ----------
    options
        Of ``numba.njit``: ``error_model``, ``fastmath``, ``inline``.
    """
    return _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


@atexit.register
def seal() -> None:
    """Vouch for the kernels compiled so far; a process that dies before this has its kernels compiled again."""
    try:
        with locked(CACHE):
            write_seal(CACHE)
    except OSError as error:
        print(f"chengxiang: compiled kernels are not kept ({error})", file=sys.stderr)


__all__ = ["CACHE", "get_num_threads", "inner", "kernel", "prange", "seal"]
