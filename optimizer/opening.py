"""How a run begins: the tables are read and checked before anything that solves or reports is imported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer._paths import region_path
from optimizer.config import RunConfig
from optimizer.errors import InputError

if TYPE_CHECKING:
    from optimizer.region import Region


@dataclass
class Stopwatch:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)


def open_region(config: RunConfig) -> Region:
    """Read a region and refuse it when its tables have faults."""
    from optimizer.region import read_region

    region = read_region(region_path(config.region.name, config.region.path))
    findings = region.check()
    if findings:
        raise InputError(findings)
    return region
