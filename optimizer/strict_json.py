"""JSON that every program reads: what is not known is null, never ``Infinity`` or ``NaN``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

UNPROVED = ("bound", "gap")
"""Numbers that are infinite as long as nothing is proved; null in a file."""


def to_text(value: object, indent: int | None = None) -> str:
    """JSON of a value; numbers that are not finite become null."""
    return json.dumps(_known(value), ensure_ascii=False, indent=indent, allow_nan=False)


def from_text(text: str) -> Any:
    """A value from its JSON; a bound or gap that is null is infinite.

    Raises
    ------
    ValueError
        When the text is not JSON.
    """
    return json.loads(text, object_hook=lambda found: {k: _number(k, v) for k, v in found.items()})


def _known(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, (list, tuple)) else value


def _number(key: str, value: object) -> object:
    return math.inf if value is None and key in UNPROVED else value
