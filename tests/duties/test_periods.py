"""Weeks, months, quarters and years of the local calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.duties.periods import (
    BadPeriodError,
    parse_period,
    period_of,
    periods_between,
)
from models import Cadence

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
CADENCES = st.sampled_from(Cadence)


@given(DAYS, CADENCES)
def test_every_day_lies_in_its_period(day: date, cadence: Cadence) -> None:
    assert day in period_of(day, cadence)


@given(DAYS, CADENCES)
def test_a_period_reads_back_what_it_writes(day: date, cadence: Cadence) -> None:
    period = period_of(day, cadence)
    assert parse_period(period.key) == period


@given(DAYS, CADENCES)
def test_periods_follow_each_other_without_gap_or_overlap(
    day: date, cadence: Cadence
) -> None:
    period = period_of(day, cadence)
    assert period.next.first == period.last + timedelta(days=1)
    assert period.next.previous == period


@pytest.mark.parametrize(
    ("day", "cadence", "key"),
    [
        (date(2025, 12, 29), Cadence.WEEKLY, "2026-W01"),
        (date(2027, 1, 3), Cadence.WEEKLY, "2026-W53"),
        (date(2027, 1, 4), Cadence.WEEKLY, "2027-W01"),
        (date(2028, 2, 29), Cadence.MONTHLY, "2028-02"),
        (date(2026, 12, 31), Cadence.QUARTERLY, "2026-Q4"),
        (date(2026, 6, 30), Cadence.YEARLY, "2026"),
        (date(2026, 6, 30), Cadence.ONCE, "2026"),
    ],
)
def test_borders_of_the_calendar(day: date, cadence: Cadence, key: str) -> None:
    assert period_of(day, cadence).key == key


@pytest.mark.parametrize(
    "text", ["2026-W54", "2025-W53", "2026-13", "2026-Q5", "26-11", "", "2026-W1", "x"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriodError):
        parse_period(text)


def test_all_weeks_that_touch_a_span_are_listed() -> None:
    found = periods_between(date(2026, 12, 27), date(2027, 1, 4), Cadence.WEEKLY)
    assert [period.key for period in found] == ["2026-W52", "2026-W53", "2027-W01"]
