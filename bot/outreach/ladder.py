"""When the steps of a ladder fall, and for whom they leave today. Pure.

A step falls on its day and hour; on a day on which offices are closed it moves to the
working day before. What is to come after the deadline counts working days instead, so that
nobody is called late too early. If a person's free window closes before the hour of a step,
the step leaves before it closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.calendar import Calendar
from bot.channel.window import FREE_FOR
from bot.outreach.hours import Kind, last_opening_before, moved_to_open_day

_DAY = timedelta(days=1)
KIND = Kind.DUTY_REMINDER
# Between the last minute of an opening and the end of it there must be time to send.
MARGIN = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Times:
    """Calendar and zone of all that follows."""

    calendar: Calendar
    zone: ZoneInfo

    def step_at(self, anchor: date, days: int, at: time) -> datetime:
        """The moment of a step."""
        day = anchor
        for _ in range(max(0, days)):
            day = self.calendar.next_working_day(day + _DAY)
        if days <= 0:
            day += days * _DAY
        moment = datetime.combine(day, at, self.zone)
        return moved_to_open_day(KIND, moment, self.calendar, self.zone)

    def leaves_early(
        self, step_at: datetime, wrote_at: datetime | None, now: datetime
    ) -> datetime | None:
        """When it must leave today because the window closes before its hour; None when it
        need not, or not yet, or it is too late for that."""
        if wrote_at is None:
            return None
        closes = wrote_at + FREE_FOR
        if closes >= step_at or closes <= now:
            return None
        last = last_opening_before(KIND, closes - MARGIN, self.calendar, self.zone)
        is_today = last.date() == now.astimezone(self.zone).date()
        return last if is_today and last > now else None
