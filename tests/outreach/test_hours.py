"""When a message may leave, by its kind: pure functions, around Tết and at every border."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendar import Calendar
from bot.outreach.hours import (
    HOURS,
    Kind,
    last_opening_before,
    may_leave,
    moved_to_open_day,
    next_opening,
)
from tests.duties.office import ZONE, at
from tests.outreach import oracle

CALENDAR = Calendar()
MOMENTS = st.integers(0, 2**62).map(lambda seed: oracle.moment(random.Random(seed)))


def test_every_kind_has_its_hours() -> None:
    assert set(HOURS) == set(Kind) == set(oracle.KINDS)


@settings(deadline=None)  # the first use of a year computes its holidays
@given(MOMENTS, st.sampled_from(Kind))
def test_hours_agree_with_the_rules(now: datetime, kind: Kind) -> None:
    allowed = oracle.hours_allow(kind, now)
    assert may_leave(kind, now, CALENDAR, ZONE) == allowed
    assert (next_opening(kind, now, CALENDAR, ZONE) == now) == allowed


@settings(deadline=None)  # the first use of a year computes its holidays
@given(MOMENTS, st.sampled_from(Kind))
def test_openings_are_open_and_on_their_side(now: datetime, kind: Kind) -> None:
    after = next_opening(kind, now, CALENDAR, ZONE)
    before = last_opening_before(kind, now, CALENDAR, ZONE)
    assert before <= now <= after
    assert oracle.hours_allow(kind, after)
    assert oracle.hours_allow(kind, before)
    if before < after:  # nothing is open between them, but for the last minute
        between = before + timedelta(minutes=1)
        while between < after:
            assert not oracle.hours_allow(kind, between)
            between += timedelta(minutes=29)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at("2026-11-18", 16), at("2026-11-18", 16)),
        (at("2026-11-18", 5), at("2026-11-18", 7) + timedelta(minutes=30)),
        (at("2026-11-20", 18), at("2026-11-23", 7) + timedelta(minutes=30)),
        (at("2026-11-21", 9), at("2026-11-23", 7) + timedelta(minutes=30)),
        (at("2026-02-14", 9), at("2026-02-23", 7) + timedelta(minutes=30)),
    ],
)
def test_reminders_know_weekends_and_tet(now: datetime, then: datetime) -> None:
    assert next_opening(Kind.DUTY_REMINDER, now, CALENDAR, ZONE) == then


@pytest.mark.parametrize(
    ("step", "moved"),
    [
        (at("2026-11-22", 8), at("2026-11-20", 8)),  # Sunday: the Friday before
        (at("2026-02-18", 9), at("2026-02-13", 9)),  # in Tết: the last day before it
        (at("2026-11-18", 9), at("2026-11-18", 9)),
    ],
)
def test_a_step_on_a_holiday_moves_to_the_working_day_before(
    step: datetime, moved: datetime
) -> None:
    assert moved_to_open_day(Kind.DUTY_REMINDER, step, CALENDAR, ZONE) == moved


def test_campaigns_may_come_at_the_week_end_but_not_on_holidays() -> None:
    assert may_leave(Kind.CAMPAIGN, at("2026-11-22", 20), CALENDAR, ZONE)
    assert not may_leave(Kind.CAMPAIGN, at("2026-09-02", 10), CALENDAR, ZONE)
    assert not may_leave(Kind.CAMPAIGN, at("2026-04-26", 10), CALENDAR, ZONE)
