"""What is still owed, and who is to be reminded of it: the duties' side of reminders.

Everything is asked for all units at once: a province has thousands, and a plan of the day
is made of one look. When a reminder may leave, and what became of it, is not known here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.duties.deadlines import zone_of
from bot.duties.periods import Period, parse_period, period_of
from bot.duties.plans import among, obligations
from bot.duties.table.cells import OPEN, Cell, cells_of
from bot.errors import OperatorError
from bot.people.officials import serves_on
from models import (
    Absence,
    AdminUnit,
    Cadence,
    Exemption,
    ExemptionState,
    Membership,
    Official,
    PlanDuty,
    Role,
)

# Tết and two week ends: that far a step may move from its day.
SLACK = timedelta(days=14)
_CADENCES = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.YEARLY)


class Anchor(StrEnum):
    DUE = "due"
    ON_TIME_UNTIL = "on_time_until"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder; positive ``days`` are working days."""

    id: str
    to: Role
    anchor: Anchor
    days: Mapping[Cadence, int]
    at: time


class CellAt(NamedTuple):
    """Which cell, as a stored reminder names it."""

    unit_code: str
    duty_id: str
    channel: str
    period: str


@dataclass(frozen=True, slots=True)
class OpenCell:
    """A cell in which something is lacking. ``is_muted``: its unit asked for an exemption,
    and nobody has decided yet."""

    cell: Cell
    at: CellAt
    title: str
    period: Period
    is_muted: bool


def load_ladder(file: Path) -> tuple[Step, ...]:
    """The steps in their order; ``OperatorError`` names the one that is wrong."""
    try:
        steps = tomllib.loads(file.read_text(encoding="utf-8"))["steps"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise OperatorError(f"{file}: {error}") from error
    return tuple(_step(file, number, step) for number, step in enumerate(steps, 1))


def _step(file: Path, number: int, step: Mapping[str, Any]) -> Step:
    try:
        days = step["days"]
        by_cadence = (
            dict.fromkeys(_CADENCES, days)
            if isinstance(days, int)
            else {cadence: int(days[cadence]) for cadence in _CADENCES}
        )
        return Step(
            id=str(step["id"]),
            to=Role(step["to"]),
            anchor=Anchor(step["anchor"]),
            days=by_cadence,
            at=time.fromisoformat(step["at"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise OperatorError(f"{file}: steps, number {number}: {error!r}") from error


# --- what is owed -----------------------------------------------------------------------------


def periods_to_remind(
    session: Session, now: datetime, ladder: Sequence[Step]
) -> list[Period]:
    """Of each cadence the period before and the one that runs now, if any step of the
    ladder can fall near this day: nobody looks at a year's cells in March."""
    today = now.astimezone(zone_of(now)).date()
    found = []
    for cadence, least, most in _due_days(session):
        leads = [step.days[cadence] for step in ladder]
        first = timedelta(days=min(least + min(leads, default=0), 0)) - SLACK
        last = timedelta(days=most) + SLACK
        running = period_of(today, cadence)
        found += [
            one
            for one in (running.previous, running)
            if one.last + first <= today <= one.last + last
        ]
    return found


def _due_days(session: Session) -> list[tuple[Cadence, int, int]]:
    """Of each cadence in use, between which days around its end its duties fall due."""
    due = col(PlanDuty.due_after_days)
    rows = session.execute(
        select(
            col(PlanDuty.cadence),
            func.min(due),
            func.max(due + col(PlanDuty.grace_days)),
        )
        .where(col(PlanDuty.quota).is_not(None))
        .group_by(col(PlanDuty.cadence))
    )
    found: dict[Cadence, tuple[int, int]] = {}
    for written, least, most in rows:
        # what is done once counts by year
        cadence = Cadence.YEARLY if written == Cadence.ONCE else Cadence(written)
        before = found.get(cadence, (least, most))
        found[cadence] = min(least, before[0]), max(most, before[1])
    return [(cadence, *days) for cadence, days in found.items()]


def open_cells(
    session: Session,
    now: datetime,
    periods: Iterable[Period],
    unit_codes: Sequence[str] | None = None,
) -> list[OpenCell]:
    """All that is lacking in these periods, by these units (all)."""
    wanted = list(periods)
    owed = {period: obligations(session, period, unit_codes) for period in wanted}
    titles = {
        (period.key, one.duty.duty_id): one.duty.short_title
        for period, ones in owed.items()
        for one in ones
    }
    by_key = {period.key: period for period in wanted}
    asked = _asked(session, list(by_key), unit_codes)
    return [
        OpenCell(
            cell,
            CellAt(cell.unit_code, cell.duty_id, cell.channel, cell.period),
            titles[cell.period, cell.duty_id],
            by_key[cell.period],
            is_muted=(cell.unit_code, cell.duty_id, cell.period) in asked,
        )
        for cell in cells_of(session, owed, now, unit_codes)
        if cell.state in OPEN and cell.lacking > 0
    ]


def still_open(
    session: Session, cells: Iterable[CellAt], now: datetime
) -> dict[CellAt, OpenCell]:
    """Those of these cells in which something is lacking still."""
    asked = set(cells)
    if not asked:
        return {}
    periods = [parse_period(key) for key in sorted({one.period for one in asked})]
    units = sorted({one.unit_code for one in asked})
    found = open_cells(session, now, periods, units)
    return {one.at: one for one in found if one.at in asked}


def _asked(
    session: Session, periods: Sequence[str], unit_codes: Sequence[str] | None
) -> set[tuple[str, str, str]]:
    rows = session.execute(
        select(col(Exemption.unit_code), col(Exemption.duty_id), col(Exemption.period))
        .where(
            col(Exemption.state) == ExemptionState.ASKED,
            col(Exemption.period).in_(periods),
            among(col(Exemption.unit_code), unit_codes),
        )
        .distinct()
    )
    return {(unit, duty, period) for unit, duty, period in rows}


# --- who --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Staff:
    """Who serves which unit in which role on one day, and who of them is away."""

    by_unit: Mapping[tuple[str, Role], Sequence[int]]
    parents: Mapping[str, str | None]
    substitutes: Mapping[int, int | None]  # of who is away

    def of_step(self, unit_code: str, to: Role) -> list[int]:
        """Whom a step reminds for a unit; [] when nobody is there."""
        if to == Role.SUPERVISOR:
            return self._above(unit_code)
        found = self._present(unit_code, to)
        if not found and to == Role.OFFICIAL:
            found = self._present(unit_code, Role.LEADER)  # somebody must know
        return found

    def _present(self, unit_code: str, role: Role) -> list[int]:
        """Who is away is represented by his substitute, if he named one who is there."""
        found: list[int] = []
        for official in self.by_unit.get((unit_code, role), ()):
            stand_in: int | None = official
            if official in self.substitutes:
                stand_in = self.substitutes[official]
            is_there = stand_in is not None and stand_in not in self.substitutes
            if is_there and stand_in is not None and stand_in not in found:
                found.append(stand_in)
        return found

    def _above(self, unit_code: str) -> list[int]:
        """The supervisors nearest to the unit."""
        code: str | None = unit_code
        seen: set[str] = set()
        while code is not None and code not in seen:
            seen.add(code)
            if found := self._present(code, Role.SUPERVISOR):
                return found
            code = self.parents.get(code)
        return []


def staff_on(session: Session, day: date) -> Staff:
    """Everybody who has joined and not left."""
    rows = session.execute(
        select(
            col(Membership.unit_code), col(Membership.role), col(Membership.official_id)
        )
        .join(Official, col(Official.id) == col(Membership.official_id))
        .where(
            serves_on(day),
            col(Official.joined_at).is_not(None),
            col(Official.left_at).is_(None),
        )
        .order_by(col(Membership.official_id))
    )
    by_unit: dict[tuple[str, Role], list[int]] = {}
    for unit, role, official in rows:
        by_unit.setdefault((unit, Role(role)), []).append(official)
    parents = session.execute(select(col(AdminUnit.code), col(AdminUnit.parent_code)))
    above: dict[str, str | None] = {}
    for code, parent in parents:
        above[code] = parent
    return Staff(by_unit, above, _away(session, day))


def _away(session: Session, day: date) -> dict[int, int | None]:
    rows = session.execute(
        select(col(Absence.official_id), col(Absence.substitute_id))
        .where(
            col(Absence.since_on) <= day,
            col(Absence.until_on) >= day,
            col(Absence.ended_at).is_(None),
        )
        .order_by(col(Absence.id))
    )
    found: dict[int, int | None] = {}
    for official, substitute in rows:
        found[official] = substitute
    return found
