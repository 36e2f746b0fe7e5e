"""Periods of reporting: ISO weeks, months, quarters and years of the local calendar.

A period is written "2026-W47", "2026-11", "2026-Q4" or "2026" and is the same text in the
database, in commands and in reports. The reporting week is Monday to Sunday: the ISO
week, whose year may differ from the calendar's around New Year (2026-W01 begins on
2025-12-29).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.errors import OperatorError
from models import Cadence

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_YEAR = re.compile(r"(\d{4})")
_DAY = timedelta(days=1)


class BadPeriodError(ValueError):
    """Not a period, or one that does not exist (2026-W54)."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """``first`` and ``last`` day belong to it; ``key`` is how it is written."""

    first: date
    last: date
    key: str
    cadence: Cadence

    def __str__(self) -> str:
        return self.key

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def next(self) -> Period:
        return period_of(self.last + _DAY, self.cadence)

    @property
    def previous(self) -> Period:
        return period_of(self.first - _DAY, self.cadence)


def period_of(day: date, cadence: Cadence) -> Period:
    """The period of this cadence that holds the day; what is done once counts by year."""
    if cadence == Cadence.WEEKLY:
        year, week, _ = day.isocalendar()
        first = date.fromisocalendar(year, week, 1)
        return Period(first, first + 6 * _DAY, f"{year}-W{week:02}", cadence)
    if cadence == Cadence.MONTHLY:
        first = day.replace(day=1)
        return Period(first, _month_end(first), f"{day:%Y-%m}", cadence)
    if cadence == Cadence.QUARTERLY:
        quarter = (day.month - 1) // 3
        first = date(day.year, 3 * quarter + 1, 1)
        last = _month_end(date(day.year, 3 * quarter + 3, 1))
        return Period(first, last, f"{day.year}-Q{quarter + 1}", cadence)
    first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    return Period(first, last, f"{day.year}", Cadence.YEARLY)


def parse_period(text: str) -> Period:
    """The period that is written so; ``BadPeriodError`` otherwise."""
    try:
        if found := _WEEK.fullmatch(text):
            first = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            return period_of(first, Cadence.WEEKLY)
        if found := _MONTH.fullmatch(text):
            return period_of(date(int(found[1]), int(found[2]), 1), Cadence.MONTHLY)
        if found := _QUARTER.fullmatch(text):
            month = 3 * int(found[2])
            return period_of(date(int(found[1]), month, 1), Cadence.QUARTERLY)
        if found := _YEAR.fullmatch(text):
            return period_of(date(int(found[1]), 1, 1), Cadence.YEARLY)
    except ValueError as error:
        raise BadPeriodError(f"{text!r}: {error}") from error
    raise BadPeriodError(f"{text!r} is not like 2026-W47, 2026-11, 2026-Q4 or 2026")


def period_asked_for(**named: str | None) -> Period:
    """The one period an operator named ("week" = "2026-W47"), in its own form."""
    asked = {name: text for name, text in named.items() if text is not None}
    if len(asked) != 1:
        raise OperatorError(f"name one of: {', '.join(f'--{name}' for name in named)}")
    ((name, text),) = asked.items()
    try:
        period = parse_period(text)
    except BadPeriodError as error:
        raise OperatorError(f"--{name} {error}") from error
    if period.cadence != f"{name}ly":
        raise OperatorError(f"--{name} {text!r} is no {name}")
    return period


def periods_between(first: date, last: date, cadence: Cadence) -> list[Period]:
    """All periods that share a day with ``first`` … ``last``, oldest first."""
    found = []
    period = period_of(first, cadence)
    while period.first <= last:
        found.append(period)
        period = period.next
    return found


def periods_up_to(last: Period, count: int) -> list[Period]:
    """So many in a row that end with this one, oldest first."""
    found = [last]
    while len(found) < count:
        found.insert(0, found[0].previous)
    return found


def _month_end(first: date) -> date:
    following = (first + 31 * _DAY).replace(day=1)
    return following - _DAY
