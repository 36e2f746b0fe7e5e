"""How long an account's people usually do not write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.watching.rhythm import (
    LEAST,
    awake_between,
    longest_usual_gap,
    part_of_week,
    usual_gaps,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def month(*, minutes: float, hours: tuple[int, int], days: range) -> list[datetime]:
    """Four weeks in which somebody writes every so often, on these weekdays."""
    rng = random.Random(3)
    found = []
    moment = local("2026-10-26T00:00")
    while moment < local("2026-11-23T00:00"):
        moment += timedelta(minutes=rng.expovariate(1 / minutes))
        if hours[0] <= moment.hour < hours[1] and moment.weekday() in days:
            found.append(moment)
    return found


def test_a_night_is_no_silence() -> None:
    evening, morning = local("2026-11-23T21:30"), local("2026-11-24T06:30")
    assert awake_between(evening, morning, ZONE) == timedelta(hours=1)
    midnight = local("2026-11-24T00:10")
    assert awake_between(midnight, local("2026-11-24T05:50"), ZONE) == timedelta()
    a_week_later = local("2026-11-30T21:30")
    assert awake_between(evening, a_week_later, ZONE) == timedelta(hours=7 * 16)


def test_a_busy_account_is_never_called_silent_before_two_hours() -> None:
    usual = usual_gaps(month(minutes=3, hours=(6, 22), days=range(7)), ZONE)
    found = longest_usual_gap(usual, local("2026-11-24T09:00"), ZONE)
    assert found == LEAST


def test_a_friday_evening_may_be_followed_by_a_quiet_weekend() -> None:
    usual = usual_gaps(month(minutes=20, hours=(7, 18), days=range(5)), ZONE)
    monday = longest_usual_gap(usual, local("2026-11-23T09:00"), ZONE)
    friday = longest_usual_gap(usual, local("2026-11-27T17:50"), ZONE)
    assert monday is not None
    assert friday is not None
    assert monday < timedelta(hours=5)
    weekend = awake_between(local("2026-11-27T17:50"), local("2026-11-30T07:10"), ZONE)
    assert friday > weekend


def test_parts_of_the_week_with_few_gaps_are_judged_together() -> None:
    usual = usual_gaps(month(minutes=60, hours=(7, 11), days=range(5)), ZONE)
    assert not [part for part in usual if part.startswith("saturday")]
    saturday = longest_usual_gap(usual, local("2026-11-28T09:00"), ZONE)
    assert saturday == timedelta(seconds=usual["others"])


def test_of_a_new_account_nothing_is_said() -> None:
    moments = [local(f"2026-11-2{day}T09:00") for day in range(5)]
    assert usual_gaps(moments, ZONE) == {}
    assert longest_usual_gap({}, local("2026-11-24T09:00"), ZONE) is None
    assert usual_gaps([], ZONE) == {}


def test_one_long_outage_in_the_past_does_not_hide_the_next_one() -> None:
    moments = month(minutes=10, hours=(6, 22), days=range(7))
    outage = local("2026-11-10T08:00"), local("2026-11-13T08:00")
    moments = [m for m in moments if not outage[0] < m < outage[1]]
    found = longest_usual_gap(
        usual_gaps(moments, ZONE), local("2026-11-24T09:00"), ZONE
    )
    assert found is not None
    assert found < timedelta(hours=3)


def test_false_alarms_are_rare_over_simulated_years() -> None:
    """Of a steady account, whose people write by chance only: three a year at most."""
    years = range(4)
    assert sum(_false_alarms(random.Random(seed)) for seed in years) <= 3 * len(years)


def _false_alarms(rng: random.Random) -> int:
    moments = list(_a_year(rng))
    alarms = 0
    for day in range(40, 365, 5):
        now = local("2026-01-01T00:00") + timedelta(days=day)
        past = [m for m in moments if now - timedelta(weeks=4) < m < now]
        usual = usual_gaps(past, ZONE)
        coming = [m for m in moments if now <= m < now + timedelta(days=5)]
        for earlier, later in pairwise(coming):
            longest = longest_usual_gap(usual, earlier, ZONE)
            assert longest is not None
            alarms += awake_between(earlier, later, ZONE) > longest
    return alarms


def _a_year(rng: random.Random) -> Iterator[datetime]:
    """About a dozen messages a working day, three a day at the weekend."""
    moment = local("2026-01-01T06:00")
    while moment.year == 2026:
        a_day = 3 if moment.weekday() >= 5 else 12
        moment += timedelta(hours=rng.expovariate(a_day / 16))
        if 6 <= moment.hour < 22:
            yield moment


def test_each_hour_belongs_to_a_part_of_the_week() -> None:
    start = local("2026-11-23T00:00")
    parts = {part_of_week(start + timedelta(hours=n), ZONE) for n in range(168)}
    assert len(parts) == 12
    assert part_of_week(local("2026-11-22T12:00"), ZONE) == "sunday_afternoon"
