"""Did you mean ...?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence end: ``. Did you mean 'x'?`` for a near match, ``.`` otherwise."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f". Did you mean {near[0]!r}?" if near else "."
