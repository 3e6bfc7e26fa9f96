"""Network evaluation: pure arrays in, arrays out. Imports nothing of ``optimizer``, and Numba only when used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

KERNELS = {
    "roads": "network_models._dijkstra",
    "hierarchies": "network_models._warm",
    "gas": "network_models.hydraulics.gas_warm",
    "water": "network_models.hydraulics.water_run",
    "pieces": "network_models.pipe_states",
    "floods": "network_models.flood.warm",
    "sequences": "network_models.sequencing.warm",
    "linear": "network_models.linear.warm",
}
"""Groups of kernels and their modules; each offers ``warm()``, which calls every kernel once and yields its name."""


def warm(groups: Iterable[str] = tuple(KERNELS)) -> Iterator[str]:
    """Compile kernels into the private cache; yields the name of a kernel when it is ready.

    Parameters
    ----------
    groups
        Of ``KERNELS``, all by default. What is not compiled beforehand is compiled when it is first called.

    Raises
    ------
    ValueError
        A group that does not exist.
    """
    for group in groups:
        if group not in KERNELS:
            raise ValueError(f"group of kernels: found {group!r}; expected some of {', '.join(KERNELS)}")
        yield from import_module(KERNELS[group]).warm()
    import_module("network_models._numba").seal()
