"""Until when a report is on time: due day, days of grace, working days.

The due day itself never moves: a week ends on Sunday, a month on its last day, whatever
holiday that is. What moves is the end of the grace: nobody has to report on a day on
which offices are closed, so it ends with the first working day on or after due day plus
grace (``bot/calendar``).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import calendar
from bot.duties.periods import Period
from models import PlanDuty

_DAY = timedelta(days=1)


def due_on(duty: PlanDuty, period: Period) -> date:
    """The last day on which the work itself is in time."""
    return period.last + duty.due_after_days * _DAY


def last_report_on(duty: PlanDuty, period: Period) -> date:
    """The last day on which a report is still on time."""
    latest = due_on(duty, period) + duty.grace_days * _DAY
    return calendar.in_force().next_working_day(latest)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which this local day is over."""
    return datetime.combine(day + _DAY, time(), zone)


def zone_of(now: datetime) -> ZoneInfo:
    """The zone of the reports, which ``now`` brings along.

    Plain UTC is refused: weeks would begin at seven in the morning, and nobody would see
    it. Callers say ``clock.now().astimezone(settings.zone)``.
    """
    if not isinstance(now.tzinfo, ZoneInfo):
        raise TypeError(f"now must be in the zone of the reports, not {now.tzinfo}")
    return now.tzinfo
