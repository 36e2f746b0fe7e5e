"""When the occurrences of a job are due, in local time. Pure.

An occurrence is named by its planned time, never by "now": "2026-11-24T10:40" of a job that
comes several times a day, "2026-11-24" of one that comes at most once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

_DAY = timedelta(days=1)
# No schedule rests for longer: a yearly one comes every 366 days at most.
LONGEST_REST_DAYS = 400


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """``due_at`` is aware and local."""

    due_at: datetime
    key: str


class Schedule(Protocol):
    """What the clock asks a schedule."""

    def latest(self, local: datetime) -> Occurrence:
        """The newest occurrence that is due at this local time."""

    def following(self, local: datetime) -> Occurrence:
        """The first one after this local time."""

    @property
    def grace(self) -> timedelta:
        """For how long an occurrence is still worth doing, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class EveryMinutes:
    """One occurrence per slot of the local day."""

    minutes: int

    def latest(self, local: datetime) -> Occurrence:
        slot = (local.hour * 60 + local.minute) // self.minutes * self.minutes
        due_at = local.replace(
            hour=slot // 60, minute=slot % 60, second=0, microsecond=0
        )
        return Occurrence(due_at, f"{due_at:%Y-%m-%dT%H:%M}")

    def following(self, local: datetime) -> Occurrence:
        here = self.latest(local).due_at
        midnight = datetime.combine(here.date() + _DAY, time(), here.tzinfo)
        return self.latest(min(here + timedelta(minutes=self.minutes), midnight))

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class OnDays:
    """One occurrence on each of these days, from this local time on."""

    falls_on: Callable[[date], bool]
    at: time
    grace: timedelta

    def latest(self, local: datetime) -> Occurrence:
        return self._near(local, -_DAY)

    def following(self, local: datetime) -> Occurrence:
        return self._near(local, _DAY)

    def _near(self, local: datetime, step: timedelta) -> Occurrence:
        day = local.date()
        for _ in range(LONGEST_REST_DAYS):
            due_at = datetime.combine(day, self.at, local.tzinfo)
            is_there = due_at <= local if step < timedelta() else due_at > local
            if is_there and self.falls_on(day):
                return Occurrence(due_at, f"{day:%Y-%m-%d}")
            day += step
        raise ValueError("a schedule that never comes")


def every_minutes(minutes: int) -> Schedule:
    return EveryMinutes(minutes)


def daily(hour: int, minute: int = 0) -> Schedule:
    """Caught up later the same day."""
    return OnDays(lambda day: True, time(hour, minute), _rest_of_day(hour, minute))


def weekly(weekday: int, hour: int, minute: int = 0) -> Schedule:
    """``weekday`` 1 is Monday; caught up later the same day."""
    return OnDays(
        lambda day: day.isoweekday() == weekday,
        time(hour, minute),
        _rest_of_day(hour, minute),
    )


def on_days(falls_on: Callable[[date], bool], hour: int, minute: int = 0) -> Schedule:
    """On each day of which this is true; caught up later the same day."""
    return OnDays(falls_on, time(hour, minute), _rest_of_day(hour, minute))


def _rest_of_day(hour: int, minute: int) -> timedelta:
    return _DAY - timedelta(hours=hour, minutes=minute)
