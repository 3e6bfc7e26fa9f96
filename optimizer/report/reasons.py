"""Why a project was left out, as far as the plan itself tells."""

from __future__ import annotations

import pandas as pd

MET = 0.995
HALF_PERCENT_OF_POOL = 0.5


def reasons(left_out: pd.DataFrame) -> list[str]:
    """A key of the report's words for each row of :attr:`Views.left_out`.

    Demand already met; the county's own money cannot match the cheapest size; the pool has less left than the cheapest
    size costs; otherwise not worth its cost under the other rules.
    """
    return [_reason(row.served, row.cheapest, row.pool_left, row.county_left) for row in left_out.itertuples()]


def _reason(served: float, cheapest: float, pool_left: float, county_left: float) -> str:
    if served >= MET:
        return "served_already"
    if county_left < 0.1 * cheapest:
        return "county_money"
    if pool_left < max(cheapest, HALF_PERCENT_OF_POOL):
        return "pool_money"
    return "not_worth"
