"""Until when a report is on time, around week ends, Tết and other holidays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.duties.deadlines import (
    due_on,
    end_of,
    last_report_on,
)
from bot.duties.periods import parse_period, period_of
from models import Cadence, PlanDuty
from tests.duties.office import ZONE

WEEKLY = PlanDuty(plan_id="2026", duty_id="w", due_after_days=0, grace_days=1)
MONTHLY = PlanDuty(plan_id="2026", duty_id="m", due_after_days=0, grace_days=3)


@pytest.mark.parametrize(
    ("duty", "period", "due", "until"),
    [
        (WEEKLY, "2026-W47", date(2026, 11, 22), date(2026, 11, 23)),
        # Tết of the year Bính Ngọ: off from Monday 16 to Friday 20 February
        (WEEKLY, "2026-W07", date(2026, 2, 15), date(2026, 2, 23)),
        # 30 April and 1 May are Thursday and Friday, then comes the week end
        (MONTHLY, "2026-04", date(2026, 4, 30), date(2026, 5, 4)),
        (MONTHLY, "2026-10", date(2026, 10, 31), date(2026, 11, 3)),
        (WEEKLY, "2026-W53", date(2027, 1, 3), date(2027, 1, 4)),
        (MONTHLY, "2026-12", date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_the_due_day_stays_and_the_grace_ends_on_a_working_day(
    duty: PlanDuty, period: str, due: date, until: date
) -> None:
    found = parse_period(period)
    assert (due_on(duty, found), last_report_on(duty, found)) == (due, until)


@settings(deadline=None)  # the first use of a year computes its holidays
@given(st.dates(date(2025, 1, 1), date(2035, 12, 31)), st.integers(0, 7))
def test_no_grace_ends_before_the_due_day(day: date, grace: int) -> None:
    duty = PlanDuty(plan_id="2026", duty_id="w", due_after_days=0, grace_days=grace)
    period = period_of(day, Cadence.WEEKLY)
    assert last_report_on(duty, period) >= due_on(duty, period) + timedelta(grace)


def test_a_day_is_over_at_local_midnight() -> None:
    assert end_of(date(2026, 11, 23), ZONE).isoformat() == "2026-11-24T00:00:00+07:00"
