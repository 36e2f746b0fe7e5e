"""What the choke point must say, written again from the rules and not from the code.

Everything is counted by hand here: a table of holidays of the tests' own, minutes of the
day, plain lists of what was sent.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

VIETNAM = timedelta(hours=7)  # no summer time
# Public holidays between 2026-01-01 and 2027-02-28 as printed in the newspapers: New Year,
# Tết, giỗ Tổ with its Monday, 30/4, 1/5, the day swapped for 22 August, 2/9 with the day
# before, the day of culture, New Year, Tết.
HOLIDAYS = {
    date.fromisoformat(f"{text}")
    for text in [
        "2026-01-01",
        "2026-02-16",
        "2026-02-17",
        "2026-02-18",
        "2026-02-19",
        "2026-02-20",
        "2026-04-26",
        "2026-04-27",
        "2026-04-30",
        "2026-05-01",
        "2026-08-31",
        "2026-09-01",
        "2026-09-02",
        "2026-11-24",
        "2027-01-01",
        "2027-02-04",
        "2027-02-05",
        "2027-02-06",
        "2027-02-07",
        "2027-02-08",
        "2027-02-09",
        "2027-02-10",
    ]
}
FIRST, LAST = datetime(2026, 1, 5, tzinfo=UTC), datetime(2027, 2, 20, tzinfo=UTC)
AT_ANY_TIME = {"reply", "receipt", "handover", "own_reminder", "alarm"}
OFFICE = {"duty_reminder", "digest"}
DESK = {"desk_notice"}
NEWS = {"campaign", "article_broadcast"}
KINDS = sorted(AT_ANY_TIME | OFFICE | DESK | NEWS | {"emergency"})


def hours_allow(kind: str, at: datetime) -> bool:
    if kind in AT_ANY_TIME or kind == "emergency":
        return True
    local = at.astimezone(UTC) + VIETNAM
    minute = local.hour * 60 + local.minute
    if local.date() in HOLIDAYS:
        return False
    if kind in OFFICE | DESK:
        return local.isoweekday() <= 5 and 450 <= minute < 1050
    return 450 <= minute < 1230


@dataclass
class Person:
    """What is known of somebody: what he said about news, what he was sent."""

    said: list[tuple[str, bool]] = field(default_factory=list)  # topic or "", yes
    sent: list[tuple[str, datetime]] = field(default_factory=list)  # kind, when

    def wants(self, topic: str) -> bool:
        heard = [yes for about, yes in self.said if about in ("", topic)]
        return bool(heard) and heard[-1]


def may_leave(
    person: Person, kind: str, topic: str, at: datetime, released: set[str]
) -> bool:
    if kind == "emergency":
        return topic in released
    if not hours_allow(kind, at):
        return False
    today = (at + VIETNAM).date()
    days = [
        (today - (when + VIETNAM).date()).days
        for other, when in person.sent
        if other == kind or {other, kind} <= OFFICE
    ]
    if kind in OFFICE:
        return 0 not in days
    if kind == "campaign":
        recent = [one for one in days if 0 <= one <= 6]
        return person.wants(topic) and 0 not in days and len(recent) < 3
    return True


def moment(rng: random.Random) -> datetime:
    """Any second, often near the borders of hours and days."""
    at = FIRST + (LAST - FIRST) * rng.random()
    if rng.random() < 0.5:
        local = (at + VIETNAM).replace(minute=0, second=0, microsecond=0)
        local = local.replace(hour=rng.choice((0, 6, 7, 8, 17, 20, 21, 23)))
        local = local.replace(minute=rng.choice((0, 29, 30, 31, 59)))
        at = local - VIETNAM + timedelta(seconds=rng.choice((-1, 0, 1)))
    return at.replace(microsecond=0)
