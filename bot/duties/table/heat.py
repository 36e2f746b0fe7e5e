"""The heat map: how each unit did in each of many periods.

The same rules as in ``cells``, but summed up by the database, one query for each period and
duty, and what is owed is worked out once for all units that own the same: nobody can wait
for half a million cells to be judged one by one. A test holds the two against each other.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties import exemptions
from bot.duties.deadlines import due_on, end_of, zone_of
from bot.duties.periods import Period
from bot.duties.plans import among, duties_of, falls_in, plan_of
from bot.duties.table.cells import channels_of
from bot.duties.table.sums import Sum, sums_of
from bot.duties.table.table import TableUnit, Totals
from bot.people.collation import name_key
from models import AdminUnit, Assignment, PlanDuty

Counts = tuple[int, ...]  # the fields of ``Totals``, in their order
FIELDS = len(fields(Totals))


@dataclass(frozen=True, slots=True)
class HeatMap:
    """``counts`` by unit code: the numbers of all periods in one row, because a year of the
    country would be 170,000 objects, and counting them for the garbage collector took a
    third of the time."""

    periods: tuple[Period, ...]
    units: tuple[TableUnit, ...]
    counts: dict[str, array[int]]

    def at(self, unit_code: str, period: Period) -> Totals | None:
        """None for a unit that owed nothing then."""
        if unit_code not in self.counts or period not in self.periods:
            return None
        place = self.periods.index(period) * FIELDS
        found = Totals(*self.counts[unit_code][place : place + FIELDS])
        return found if found.cells else None

    def newest_first(self, unit_code: str) -> Iterator[Totals]:
        """Of the periods in which the unit owed anything."""
        row = self.counts.get(unit_code, ())
        for start in range(len(row) - FIELDS, -1, -FIELDS):
            if row[start]:
                yield Totals(*row[start : start + FIELDS])


class _Share(NamedTuple):
    """One duty of one plan, and the days on which its owner is there to owe it."""

    plan_id: str
    duty_id: str
    since: date
    until: date


Profile = tuple[_Share, ...]  # what a unit owns; most units own the same


@dataclass(frozen=True, slots=True)
class _Duty:
    """A duty in the period in question."""

    width: int  # cells: one for each channel
    is_past_due: bool


@dataclass(frozen=True, slots=True)
class _Owed:
    """What all units of one profile owe in the period in question."""

    duties: dict[str, _Duty]
    cells: int
    past: int  # cells past due


@dataclass(slots=True)
class _Count:
    """What adds up to the ``Totals`` of one unit in one period."""

    on_time: int = 0
    late: int = 0
    waiting: int = 0
    reported: int = 0
    exempt: int = 0
    settled: int = 0  # of the cells past due: reached, waiting or exempt


def heat_map(
    session: Session,
    periods: Sequence[Period],
    now: datetime,
    unit_codes: Sequence[str] | None = None,
) -> HeatMap:
    """All units that owe anything in these periods, by name."""
    names, owners = _owners(session, unit_codes)
    counts: dict[str, array[int]] = {}
    for place, period in enumerate(periods):
        for code, found in _period(session, period, owners, now, unit_codes):
            if code not in counts:
                counts[code] = array("H", [0] * FIELDS * len(periods))
            start = place * FIELDS
            counts[code][start : start + FIELDS] = array("H", found)
    units = sorted(
        (TableUnit(code, names[code]) for code in counts),
        key=lambda unit: (name_key(unit.name), unit.code),
    )
    return HeatMap(tuple(periods), tuple(units), counts)


def _period(
    session: Session,
    period: Period,
    owners: Mapping[Profile, Sequence[str]],
    now: datetime,
    unit_codes: Sequence[str] | None,
) -> Iterator[tuple[str, Counts]]:
    plan = plan_of(session, period)
    if plan is None or plan.valid_to < period.last:
        return
    duties = [
        duty
        for duty in duties_of(session, plan.id)
        if duty.quota is not None and falls_in(duty, period)
    ]
    here = {duty.duty_id: _duty(duty, period, now) for duty in duties}
    owed: dict[str, _Owed] = {}
    for profile, codes in owners.items():
        mine = {
            share.duty_id: here[share.duty_id]
            for share in profile
            if share.plan_id == plan.id
            and share.duty_id in here
            and share.since <= period.last <= share.until
        }
        if mine:
            owed |= dict.fromkeys(codes, _owed(mine))
    sums = sums_of(session, period, duties, now, unit_codes)
    exempt = {key[:2] for key in exemptions.granted(session, [period.key], unit_codes)}
    counted = _counted(sums, owed, exempt)
    for code, one in owed.items():
        yield code, _counts(one, counted[code])


def _owed(duties: dict[str, _Duty]) -> _Owed:
    past = sum(duty.width for duty in duties.values() if duty.is_past_due)
    return _Owed(duties, sum(duty.width for duty in duties.values()), past)


def _counts(owed: _Owed, one: _Count) -> Counts:
    missing = owed.past - one.settled
    done = one.on_time + one.late + one.waiting + one.exempt + missing
    return (
        owed.cells,
        one.on_time,
        one.late,
        missing,
        one.exempt,
        one.waiting,
        owed.cells - done,
        one.reported,
    )


def _duty(duty: PlanDuty, period: Period, now: datetime) -> _Duty:
    past = now >= end_of(due_on(duty, period), zone_of(now))
    return _Duty(len(channels_of(duty)), past)


def _counted(
    sums: Iterable[Sum],
    owed: Mapping[str, _Owed],
    exempt: set[tuple[str, str]],
) -> dict[str, _Count]:
    """By unit; sums of what it does not owe, or is exempt from, are left out."""
    found = {code: _Count() for code in owed}
    for code, duty_id in exempt:
        duty = owed[code].duties.get(duty_id) if code in owed else None
        if duty is not None:
            found[code].exempt += duty.width
            found[code].settled += duty.width if duty.is_past_due else 0
    for code, duty_id, on_time, late, waiting, reported in sums:
        duty = owed[code].duties.get(duty_id) if code in owed else None
        if duty is None or (exempt and (code, duty_id) in exempt):
            continue
        count = found[code]
        count.on_time += on_time
        count.late += late
        count.waiting += waiting
        reached = on_time + late + waiting
        if duty.is_past_due:
            count.settled += reached
            count.reported += reported
        else:
            count.reported += reached
    return found


def _owners(
    session: Session, unit_codes: Sequence[str] | None
) -> tuple[dict[str, str], dict[Profile, list[str]]]:
    """Names by unit code; and who owns the same."""
    rows = session.execute(
        select(
            col(Assignment.unit_code),
            col(AdminUnit.name),
            col(Assignment.plan_id),
            col(Assignment.duty_id),
            col(Assignment.valid_from),
            col(Assignment.valid_to),
            col(AdminUnit.valid_from),
            col(AdminUnit.valid_to),
        )
        .join(AdminUnit, col(AdminUnit.code) == col(Assignment.unit_code))
        .where(among(col(Assignment.unit_code), unit_codes))
    )
    names: dict[str, str] = {}
    shares: dict[str, list[_Share]] = {}
    for code, name, plan_id, duty_id, since, until, begins, ends in rows:
        first = max(since, begins or date.min)
        last = min(until or date.max, ends or date.max)
        names[code] = name
        shares.setdefault(code, []).append(_Share(plan_id, duty_id, first, last))
    owners: dict[Profile, list[str]] = {}
    for code, owned in shares.items():
        owners.setdefault(tuple(sorted(owned)), []).append(code)
    return names, owners
