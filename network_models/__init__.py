"""Network evaluation: pure arrays in, arrays out. Imports nothing of ``optimizer``, and Numba only when used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

KERNEL_MODULES = (
    "network_models._dijkstra",
    "network_models._warm",
    "network_models.hydraulics.gas_warm",
    "network_models.hydraulics.water_run",
    "network_models.flood.warm",
    "network_models.sequencing.warm",
)
"""Modules with kernels; each offers ``warm()``, which calls every kernel once and yields its name."""


def warm() -> Iterator[str]:
    """Compile every kernel into the private cache; yields the name of a kernel when it is ready."""
    for module in KERNEL_MODULES:
        yield from import_module(module).warm()
    import_module("network_models._numba").seal()
