"""What of the calendar a month asks for. Pure: days in, entries out."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.outreach.yearly.files import When, YearlyDraft


@dataclass(frozen=True, slots=True)
class Due:
    """``first`` to ``last`` is when it is of use: one day, or a month. ``prepare_on`` is
    when somebody should begin."""

    draft: YearlyDraft
    first: date
    last: date
    prepare_on: date

    def line(self) -> str:
        """For operators."""
        days = f"{self.first} to {self.last}, from {self.prepare_on}"
        return f"{self.draft.key}: {days}: {self.draft.campaign.title}"

    def to_json(self) -> dict[str, str]:
        return {
            "key": self.draft.key,
            "title": self.draft.campaign.title,
            "first": f"{self.first}",
            "last": f"{self.last}",
            "prepare_on": f"{self.prepare_on}",
        }


def due_in(drafts: Iterable[YearlyDraft], year: int, month: int) -> list[Due]:
    """What is on in this month, and what is to be prepared in it; the earliest first."""
    first = date(year, month, 1)
    last = first.replace(day=monthrange(year, month)[1])
    found = [
        one
        for draft in drafts
        for one in _occurrences(draft, (year, year + 1))
        if _touches(one, first, last)
    ]
    by_key: dict[str, Due] = {}
    for one in sorted(found, key=lambda due: (due.first, due.draft.key)):
        by_key.setdefault(one.draft.key, one)  # of two the nearer one
    return list(by_key.values())


def next_of(draft: YearlyDraft, today: date) -> Due | None:
    """The occurrence that is on, or the next one; None for what is over for ever."""
    coming = (
        one
        for one in _occurrences(draft, (today.year, today.year + 1))
        if one.last >= today
    )
    return min(coming, key=lambda one: one.first, default=None)


def _occurrences(draft: YearlyDraft, years: Iterable[int]) -> list[Due]:
    when = draft.when
    found = []
    for year in years:
        for month in when.months:
            first, last = _days(when, year, month)
            if when.valid_from and last < when.valid_from:
                continue
            if when.valid_to and first > when.valid_to:
                continue
            first = max(first, when.valid_from or first)
            last = min(last, when.valid_to or last)
            prepare_on = first - timedelta(days=when.lead_days)
            found.append(Due(draft, first, last, prepare_on))
    return found


def _days(when: When, year: int, month: int) -> tuple[date, date]:
    if when.day is not None:
        day = date(year, month, when.day)
        return day, day
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _touches(one: Due, first: date, last: date) -> bool:
    return (one.first <= last and one.last >= first) or first <= one.prepare_on <= last
