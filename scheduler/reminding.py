"""Who is reminded of what today, and when. Pure: cells, people and calendar in, rows out.

* One message per person and day, all his open cells in it, at the earliest hour of them.
* Of each cell only the newest step that is due counts, once. A step that nobody could plan
  on its day (everything was down) is made up for within ``LOOK_BACK_DAYS``.
* A step of a coming day leaves today if the person's free window closes before it. On its
  day it is made again only if he has written since, and the window is open after all.
* Where nobody is there to be reminded, a row without a person says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from bot.channel.window import FREE_FOR
from bot.duties.periods import Period
from bot.duties.reminding import Anchor, CellAt, OpenCell, Staff, Step
from bot.outreach.hours import Kind, next_opening
from bot.outreach.ladder import Times
from models import Role

LOOK_BACK_DAYS = 3
# Official (None: nobody), step, cell: what a reminder was already made of.
Recorded = tuple[int | None, str, CellAt]


@dataclass(frozen=True, slots=True)
class Item:
    """One open cell in somebody's reminder, and the step that brought it there."""

    at: CellAt
    step: str
    is_muted: bool = False
    is_early: bool = False  # before its day, because of the window

    def to_json(self) -> dict[str, Any]:
        return {
            **self.at._asdict(),
            "step": self.step,
            "is_muted": self.is_muted,
            "is_early": self.is_early,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Item:
        at = CellAt(*(stored[name] for name in CellAt._fields))
        return cls(at, stored["step"], stored["is_muted"], stored["is_early"])


@dataclass(slots=True)
class Planned:
    """One row to be: everything for one person today."""

    official_id: int | None
    unit_code: str
    planned_at: datetime
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Today:
    """All that a plan is made of, beside the cells."""

    now: datetime  # in the zone of the reports
    ladder: Sequence[Step]
    staff: Staff
    wrote_at: Mapping[int, datetime | None]  # officials, when they last wrote
    recorded: Set[Recorded]
    recorded_early: Set[Recorded]
    served: Set[int]  # who had his message today
    times: Times
    _people: dict[tuple[str, Role], list[int]] = field(default_factory=dict)

    @property
    def day(self) -> date:
        return self.now.date()

    def people(self, unit_code: str, to: Role) -> list[int]:
        """Whom a step reminds for a unit; asked for with each of its cells."""
        key = unit_code, to
        if key not in self._people:
            self._people[key] = self.staff.of_step(unit_code, to)
        return self._people[key]


@dataclass(frozen=True, slots=True)
class _Hearer:
    """Whom a step reminds of a unit's cells, and when; the same for all with these days."""

    official: int
    at: datetime
    # what left early is not made again: he has not written since
    is_over_if_early: bool


@dataclass(slots=True)
class _Rungs:
    """Of cells with the same days: what is due today, the next step to come, and by unit
    who hears of them. Asked for with each cell, found out once."""

    due: tuple[Step, datetime] | None
    coming: tuple[Step, datetime] | None
    due_to: dict[str, list[_Hearer]] = field(default_factory=dict)
    coming_to: dict[str, list[_Hearer]] = field(default_factory=dict)


def plan(cells: Iterable[OpenCell], today: Today) -> list[Planned]:
    """The reminders of this day, by person."""
    found: dict[int | str, Planned] = {}
    rungs: dict[tuple[date, date, Period], _Rungs] = {}
    for one in cells:
        marks = one.cell.due_on, one.cell.on_time_until, one.period
        known = rungs.get(marks)
        if known is None:
            known = rungs[marks] = _rungs(one, today)
        if known.due is not None:
            _remind(found, one, known, today)
        if known.coming is not None:
            _remind_early(found, one, known, today)
    return list(found.values())


def _rungs(one: OpenCell, today: Today) -> _Rungs:
    moments = _moments(one, today)
    due = _due_today(moments, today.day)
    if due is not None:
        step, at = due
        is_today = at.date() == today.day
        due = step, max(at, today.now) if is_today else today.now
    return _Rungs(due, _to_come(moments, one.period, today.day))


def _moments(one: OpenCell, today: Today) -> list[tuple[Step, datetime]]:
    """When each step falls for cells like this one."""
    marks = {
        Anchor.DUE: one.cell.due_on,
        Anchor.ON_TIME_UNTIL: one.cell.on_time_until,
    }
    return [
        (
            step,
            today.times.step_at(
                marks[step.anchor], step.days[one.period.cadence], step.at
            ),
        )
        for step in today.ladder
    ]


def _due_today(
    moments: Sequence[tuple[Step, datetime]], day: date
) -> tuple[Step, datetime] | None:
    """The newest step that is due, unless it has been for too long."""
    past = [(step, at) for step, at in moments if at.date() <= day]
    if not past or (day - past[-1][1].date()).days >= LOOK_BACK_DAYS:
        return None
    return past[-1]


def _to_come(
    moments: Sequence[tuple[Step, datetime]], period: Period, day: date
) -> tuple[Step, datetime] | None:
    """The next step for officials; never before the period itself has begun."""
    coming = [
        (step, at)
        for step, at in moments
        if at.date() > day and step.to == Role.OFFICIAL
    ]
    return coming[0] if coming and day >= period.first else None


def _remind(
    found: dict[int | str, Planned], one: OpenCell, rungs: _Rungs, today: Today
) -> None:
    assert rungs.due is not None
    unit_code, (step, at) = one.at.unit_code, rungs.due
    hearers = rungs.due_to.get(unit_code)
    if hearers is None:
        hearers = rungs.due_to[unit_code] = _hearers(unit_code, step, at, today)
    _add(found, hearers, one, Item(one.at, step.id, one.is_muted), today)
    is_nobody = not today.people(unit_code, step.to)
    if is_nobody and (None, step.id, one.at) not in today.recorded:
        row = found.setdefault(f"nobody:{unit_code}", Planned(None, unit_code, at))
        row.items.append(Item(one.at, step.id, one.is_muted))


def _remind_early(
    found: dict[int | str, Planned], one: OpenCell, rungs: _Rungs, today: Today
) -> None:
    assert rungs.coming is not None
    unit_code, (step, at) = one.at.unit_code, rungs.coming
    hearers = rungs.coming_to.get(unit_code)
    if hearers is None:
        hearers = _early_hearers(unit_code, step, at, today)
        rungs.coming_to[unit_code] = hearers
    item = Item(one.at, step.id, one.is_muted, is_early=True)
    _add(found, hearers, one, item, today)


def _hearers(unit_code: str, step: Step, at: datetime, today: Today) -> list[_Hearer]:
    """Of a step that is due. Who had his message today hears no more, and what opens on
    another day only is made up for within the days looked back to."""
    found = []
    for official in today.people(unit_code, step.to):
        wrote_at = today.wrote_at.get(official)
        early = today.times.leaves_early(at, wrote_at, today.now)
        is_open = wrote_at is not None and wrote_at + FREE_FOR > at
        found.append(_Hearer(official, early or at, is_over_if_early=not is_open))
    return _today_only(found, today)


def _early_hearers(
    unit_code: str, step: Step, at: datetime, today: Today
) -> list[_Hearer]:
    """Of a step to come: those whose window closes before it."""
    found = []
    for official in today.people(unit_code, step.to):
        early = today.times.leaves_early(at, today.wrote_at.get(official), today.now)
        if early is not None:
            found.append(_Hearer(official, early, is_over_if_early=True))
    return _today_only(found, today)


def _today_only(hearers: Iterable[_Hearer], today: Today) -> list[_Hearer]:
    opened = (
        replace(one, at=_opening(one.at, today.times))
        for one in hearers
        if one.official not in today.served
    )
    return [one for one in opened if one.at.date() == today.day]


def _add(
    found: dict[int | str, Planned],
    hearers: Iterable[_Hearer],
    one: OpenCell,
    item: Item,
    today: Today,
) -> None:
    for hearer in hearers:
        made = hearer.official, item.step, one.at
        is_over = hearer.is_over_if_early and made in today.recorded_early
        if is_over or made in today.recorded:
            continue
        row = found.get(hearer.official)
        if row is None:
            row = Planned(hearer.official, one.at.unit_code, hearer.at)
            found[hearer.official] = row
        row.planned_at = min(row.planned_at, hearer.at)
        row.items.append(item)


@lru_cache(maxsize=4096)
def _opening(at: datetime, times: Times) -> datetime:
    return next_opening(Kind.DUTY_REMINDER, at, times.calendar, times.zone)


def look_back(day: date) -> date:
    """The first day whose reminders a plan of this day has to know."""
    return day - timedelta(
        days=LOOK_BACK_DAYS + 7
    )  # steps that left before their window
