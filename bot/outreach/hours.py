"""When a message may leave, by its kind. Pure functions.

* Answers, receipts, handover, a reminder a person set himself, alarms to operators: at any
  time. Emergency notices too; that a named person released them is asked in ``choke``.
* Reminders of duties, digests, that people wait for an answer: working days 07:30–17:30.
* Campaigns and broadcasts of articles: 07:30–20:30, not on public holidays; stricter than
  the 07:00–22:00 of Decree 91/2020/NĐ-CP, and inside Zalo's own 06:00–21:59.

Hours are half open: at 17:30 it is too late. ``at`` may be in any zone, what is given back
is in ``zone``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.calendar import Calendar
from models import MessageKind

Kind = MessageKind

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours; ``office_days``: working days only, else all but public holidays."""

    opens: time
    closes: time
    office_days: bool

    def is_open_on(self, day: date, calendar: Calendar) -> bool:
        if self.office_days:
            return calendar.is_working_day(day)
        return not calendar.is_public_holiday(day)


# Nobody is written to about his duties when his office is closed.
OFFICE = Hours(time(7, 30), time(17, 30), office_days=True)
# After breakfast and before the older ones sleep.
DAYTIME = Hours(time(7, 30), time(20, 30), office_days=False)
HOURS: dict[Kind, Hours | None] = {
    Kind.REPLY: None,
    Kind.RECEIPT: None,
    Kind.HANDOVER: None,
    Kind.OWN_REMINDER: None,
    Kind.ALARM: None,
    Kind.EMERGENCY: None,
    Kind.DUTY_REMINDER: OFFICE,
    Kind.DIGEST: OFFICE,
    Kind.DESK_NOTICE: OFFICE,
    Kind.CAMPAIGN: DAYTIME,
    Kind.ARTICLE_BROADCAST: DAYTIME,
}


def may_leave(kind: Kind, at: datetime, calendar: Calendar, zone: ZoneInfo) -> bool:
    """Whether hours and days allow it at this instant."""
    hours = HOURS[kind]
    if hours is None:
        return True
    local = at.astimezone(zone)
    is_time = hours.opens <= local.time() < hours.closes
    return is_time and hours.is_open_on(local.date(), calendar)


def next_opening(
    kind: Kind, at: datetime, calendar: Calendar, zone: ZoneInfo
) -> datetime:
    """The first instant at or after ``at`` at which it may leave."""
    hours, local = HOURS[kind], at.astimezone(zone)
    if hours is None or may_leave(kind, at, calendar, zone):
        return local
    day = local.date()
    if local.time() >= hours.closes:
        day += _DAY
    while not hours.is_open_on(day, calendar):
        day += _DAY
    return datetime.combine(day, hours.opens, zone)


def last_opening_before(
    kind: Kind, at: datetime, calendar: Calendar, zone: ZoneInfo
) -> datetime:
    """The last instant at or before ``at`` at which it may leave, to the minute."""
    hours, local = HOURS[kind], at.astimezone(zone)
    if hours is None or may_leave(kind, at, calendar, zone):
        return local
    day = local.date()
    if local.time() < hours.opens:
        day -= _DAY
    while not hours.is_open_on(day, calendar):
        day -= _DAY
    return datetime.combine(day, hours.closes, zone) - _MINUTE


def moved_to_open_day(
    kind: Kind, at: datetime, calendar: Calendar, zone: ZoneInfo
) -> datetime:
    """The same hour on this day, or on the last open day before it: a step that falls on
    a holiday comes earlier, never later."""
    hours, local = HOURS[kind], at.astimezone(zone)
    if hours is None:
        return local
    day = local.date()
    while not hours.is_open_on(day, calendar):
        day -= _DAY
    return datetime.combine(day, local.time(), zone)
