"""Time and money of single transitions, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.model.timetable import Timetable, residual_fraction, split_whole
from optimizer.problem import Lock


def timetable(
    lengths: tuple[int, ...] = (1, 2, 1, 3), rate: float = 0.08, unfinished: bool = False, **how
) -> Timetable:
    draft = Draft(Horizon(2025, lengths, rate, unfinished))
    county = draft.county("A")
    candidate = draft.candidate(
        "p", "s", county, **{k: how.pop(k) for k in ("earliest_year", "latest_year") if k in how}
    )
    lock = how.pop("lock", None)
    draft.option(candidate, "one", overnight_cost=1000, **how)
    if lock:
        draft.locks.append(lock)
    return Timetable(draft.freeze())


def test_split_keeps_sums_and_gives_remainders_to_the_largest_then_earlier():
    assert split_whole(100, np.array([1 / 3, 1 / 3, 1 / 3])) == [34, 33, 33]
    assert split_whole(7, np.array([0.5, 0.5])) == [4, 3]
    assert split_whole(1000, np.array([0.6, 0.4])) == [600, 400]


def test_lead_years_map_to_periods_of_unequal_length():
    table = timetable(lead_years=2)
    # periods begin in 2025, 2026, 2028, 2029; works begun in 2025 are over in 2027, the next period begins in 2028
    assert [table.service(0, t) for t in range(4)] == [2, 2, 4, 4]
    assert table.starts[0] == (0, 1)


def test_no_lead_serves_at_once():
    table = timetable(lead_years=0)
    assert [table.service(0, t) for t in range(4)] == [0, 1, 2, 3]
    assert list(table.under_way(0, 2)) == [2]


def test_spending_falls_into_the_period_of_its_calendar_year():
    table = timetable(lead_years=2, spend_profile=(0.5, 0.3, 0.2))
    assert table.spending(0, 0) == {0: 500, 1: 500}
    assert table.spending(0, 1) == {1: 800, 2: 200}


def test_starts_that_cannot_be_paid_within_the_horizon_are_closed_unless_enabled():
    late = dict(lead_years=1, spend_profile=(0.2,) * 5)
    # paid over five years: a start in 2028 ends in 2032, after the horizon (2025-2031)
    assert timetable(**late).starts[0] == (0, 1)
    assert timetable(unfinished=True, **late).starts[0] == (0, 1, 2, 3)


def test_window_bounds_the_start():
    assert timetable(lead_years=0, earliest_year=2026, latest_year=2028).starts[0] == (1, 2)
    assert timetable(lead_years=0, earliest_year=2027, latest_year=2027).starts[0] == ()


def test_short_lives_are_replaced_within_the_horizon():
    table = timetable(lead_years=0, lifetime=3)
    # in service from 2025: replaced in 2028 (period 2) and 2031 (period 3)
    assert table.spending(0, 0) == {0: 1000, 2: 1000, 3: 1000}
    # at the end (2032) the last replacement is one year old
    assert table.residual(0, 0) == pytest.approx(1000 * residual_fraction(0.08, 3, 1))


def test_residual_value_is_what_is_left_of_the_annuity():
    assert residual_fraction(0.08, 20, 0) == pytest.approx(1.0)
    assert residual_fraction(0.08, 20, 20) == pytest.approx(0.0)
    assert residual_fraction(0.0, 20, 5) == pytest.approx(0.75)
    # 15 of 20 annual instalments left: ratio of the two present values
    factor = [(1 - 1.08**-n) / 0.08 for n in (15, 20)]
    assert residual_fraction(0.08, 20, 5) == pytest.approx(factor[0] / factor[1])


def test_an_asset_whose_life_ends_with_the_horizon_is_worth_nothing():
    assert timetable(lead_years=0, lifetime=7).residual(0, 0) == 0.0


def test_unfinished_works_are_worth_what_was_spent():
    table = timetable(lengths=(1, 1), unfinished=True, lead_years=3, spend_profile=(0.5, 0.3, 0.2))
    assert table.spending(0, 1) == {1: 500}
    assert table.residual(0, 1) == 500.0


def test_works_in_flight_pay_what_remains_and_age_from_their_service_year():
    lock = Lock(0, "in_flight", 2026, ((2024, 50), (2025, 70), (2026, 30), (2040, 9)))
    table = timetable(lifetime=20, lock=lock)
    assert table.starts[0] == ()
    assert table.service_in_flight(0) == 1
    assert table.spending_in_flight(0) == {0: 70, 1: 30}
    assert table.residual_in_flight(0) == pytest.approx(1000 * residual_fraction(0.08, 20, 6))
