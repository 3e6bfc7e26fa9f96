"""N-1: what a plan loses when one of its works, of any kind, fails for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from optimizer.evaluate import Evaluator, Values

TOGETHER = 512
"""Failures valued in one go."""


class Loss(NamedTuple):
    """What one system loses by one failure.

    ``failed`` is the candidate or road link, ``kind`` its role or ``road``; ``served_lost`` in units a year, the mean over the
    horizon, ``value_lost`` in 10^6 CNY, discounted.
    """

    failed: str
    kind: str
    county: str
    system: str
    served_lost: float
    value_lost: float


def losses(evaluator: Evaluator, left: Values, failed: str, kind: str, county: str) -> Iterator[Loss]:
    """By system, what is lost of the plan's values; systems that lose nothing are left out."""
    for name, base in evaluator.base.items():
        if left[name] is not base:
            served = evaluator.mean(base.served - left[name].served)
            value = evaluator.discounted(base.value - left[name].value)
            if served > 0 or value > 0:
                yield Loss(failed, kind, county, name, served, value)


def failures(evaluator: Evaluator) -> pd.DataFrame:
    """Loss by every single candidate in service that fails for good: rows by value lost, the largest first.

    Returns
    -------
    Columns of :class:`Loss`. A candidate whose failure takes nothing has no row.
    """
    rows: list[Loss] = []
    seq, standing = evaluator.problem.sequence, np.flatnonzero(in_service(evaluator))
    counties, roles = seq["county"].values[seq["candidate_county"].values], seq["candidate_role"].values
    for first in range(0, len(standing), TOGETHER):
        some = standing[first : first + TOGETHER]
        for c, left in zip(some, evaluator.many([{int(c): evaluator.out} for c in some]), strict=True):
            rows += losses(evaluator, left, evaluator.names[c], str(roles[c]), str(counties[c]))
    return ranked(rows)


def in_service(evaluator: Evaluator) -> np.ndarray:
    """(candidate,) whether anything stands there in any period."""
    seq = evaluator.problem.sequence
    stands = (seq["state_option"].values != "") | (seq["capacity"].values > 0)
    return np.asarray(stands[evaluator.states].any(axis=1))


def ranked(rows: list[Loss]) -> pd.DataFrame:
    """Losses as a table, the largest value lost first."""
    table = pd.DataFrame(rows, columns=list(Loss._fields))
    return table.sort_values("value_lost", ascending=False, ignore_index=True, kind="stable")
