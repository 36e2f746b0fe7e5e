"""Digests: what a leader's or supervisor's units did in the period that is over.

On the first working day of a week, a month, a quarter everybody who leads or supervises gets
one message: the counts of his units, who lacks what, what waits for him, and a picture of
the last weeks. What he was to be reminded of on that day stands in it too, so that nobody
hears from us twice a day. Zalo takes no spreadsheet: the file of the month is on the
dashboard, and the message says so. A group of an account that is tied to a unit gets the
counts of that unit too, but no names and numbers of people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from bot import calendar
from bot.channel import groups, outbox
from bot.channel.assets import Asset, keep_asset
from bot.channel.outbox import Outgoing
from bot.duties import reminding
from bot.duties.periods import Period, period_of, periods_up_to
from bot.duties.plans import obligations
from bot.duties.proofs import reviewing
from bot.duties.table.cells import Cell, CellState, cells_of
from bot.duties.table.heat import heat_map
from bot.duties.table.picture import heat_picture
from bot.duties.table.table import totals
from bot.duties.table.wording import period_name, summary
from bot.outreach.choke import Choke, Decision
from bot.outreach.hours import OFFICE, Kind
from bot.people import officials, units
from models import (
    AccountGroup,
    Cadence,
    Contact,
    Lane,
    Membership,
    Official,
    Reminder,
    ReminderState,
    Role,
)
from scheduler.clockwork import Result, Workshop
from scheduler.reminders import reply_of, streaks, to_call, whom
from scheduler.reminding import Item

WEEKS_SHOWN = 8
MOST_UNITS, MOST_CALLS = 8, 3
USEFUL_FOR = timedelta(days=3)


def parts_due(day: date) -> list[Period]:
    """The periods that a digest of this day is about: those whose successor's first
    working day this is."""
    found = []
    for cadence in (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY):
        running = period_of(day, cadence)
        if calendar.in_force().next_working_day(running.first) == day:
            found.append(running.previous)
    return found


def has_digest(day: date) -> bool:
    return bool(parts_due(day))


def send_digests(workshop: Workshop, now: datetime) -> Result:
    """One message for each leader and supervisor, through whichever account he uses."""
    local = now.astimezone(workshop.zone)
    periods = parts_due(local.date())
    if not periods:
        return {}
    with workshop.database.reading() as session:
        people = _people(session, local)
        owed = {period: obligations(session, period) for period in periods}
        cells = cells_of(session, owed, local)
    by_unit: dict[str, list[Cell]] = {}
    for cell in cells:
        by_unit.setdefault(cell.unit_code, []).append(cell)
    pictures: dict[tuple[str, ...], Asset | None] = {}
    counts: Counter[str] = Counter()
    for official_id, theirs in people.items():
        codes = tuple(code for code in theirs if code in by_unit)
        if codes and codes not in pictures:
            pictures[codes] = _picture(workshop, codes, local)
        mine = [cell for code in codes for cell in by_unit[code]]
        with workshop.database.writing() as session:
            official = session.get_one(Official, official_id)
            counts[
                _send(
                    workshop,
                    session,
                    official,
                    periods,
                    mine,
                    pictures.get(codes),
                    local,
                )
            ] += 1
    counts += _to_groups(workshop, periods, by_unit, pictures, local)
    return dict(counts)


def _to_groups(
    workshop: Workshop,
    periods: Sequence[Period],
    by_unit: Mapping[str, Sequence[Cell]],
    pictures: dict[tuple[str, ...], Asset | None],
    now: datetime,
) -> Counter[str]:
    """To each group that a unit's digests go to: the counts, without names or numbers of
    people."""
    counts: Counter[str] = Counter()
    with workshop.database.reading() as session:
        found = [
            (group.contact_id, units.below(session, group.unit_code or "", now.date()))
            for group in groups.tied(session)
        ]
    for contact_id, under in found:
        codes = tuple(unit.code for unit in under if unit.code in by_unit)
        if codes and codes not in pictures:
            pictures[codes] = _picture(workshop, codes, now)
        cells = [cell for code in codes for cell in by_unit[code]]
        with workshop.database.writing() as session:
            sent = _send_to_group(
                workshop, session, contact_id, periods, cells, pictures.get(codes), now
            )
        counts[f"group_{sent}"] += 1
    return counts


def _send_to_group(
    workshop: Workshop,
    session: Session,
    contact_id: int,
    periods: Sequence[Period],
    cells: Sequence[Cell],
    picture: Asset | None,
    now: datetime,
) -> str:
    group = session.get_one(AccountGroup, contact_id)
    unit = units.by_code(session, group.unit_code or "")
    if not cells or unit is None:
        return "nothing_owed"
    contact = session.get_one(Contact, contact_id)
    key = f"digest:{now:%Y-%m-%d}:group:{contact_id}"
    if objection := _objection(workshop, session, contact, key, now):
        return objection
    parts = [_part(workshop, period, cells) for period in periods]
    text = workshop.texts.render(
        "digest_groups.digest", {"unit": unit.name, "parts": parts}
    )
    return _enqueue(workshop, session, contact, key, Outgoing(text, asset=picture), now)


def _people(session: Session, now: datetime) -> dict[int, list[str]]:
    """Leaders and supervisors who are there, with the codes of their units."""
    staff = reminding.staff_on(session, now.date())
    rows = session.exec(
        select(Official)
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(
            col(Membership.role).in_((Role.LEADER, Role.SUPERVISOR)),
            officials.serves_on(now.date()),
            col(Official.joined_at).is_not(None),
            col(Official.left_at).is_(None),
        )
        .order_by(col(Official.id))
        .distinct()
    ).all()
    return {
        one.id or 0: [
            unit.code
            for unit in officials.units_in_care(session, one, Role.LEADER, now.date())
        ]
        for one in rows
        if one.id not in staff.substitutes
    }


def _send(
    workshop: Workshop,
    session: Session,
    official: Official,
    periods: Sequence[Period],
    cells: Sequence[Cell],
    picture: Asset | None,
    now: datetime,
) -> str:
    if not cells:
        return "nothing_owed"
    contact, reason = whom(session, official.id or 0, now)
    if contact is None:
        return f"unreachable_{reason}"
    key = f"digest:{now:%Y-%m-%d}:{official.id}"
    if objection := _objection(workshop, session, contact, key, now):
        return objection
    text = workshop.texts.render(
        "reminders.digest",
        {
            "parts": [_part(workshop, period, cells) for period in periods],
            "reminder": _reminder(workshop, session, official, key, now),
            "to_review": reviewing.count_waiting(session, official, now),
            "calls": _calls(session, cells, now),
            "is_month": any(one.cadence != Cadence.WEEKLY for one in periods),
        },
    )
    return _enqueue(workshop, session, contact, key, Outgoing(text, asset=picture), now)


def _objection(
    workshop: Workshop, session: Session, contact: Contact, key: str, now: datetime
) -> str:
    """Why the choke point does not let it out now; "" where it does."""
    found = Choke(calendar.in_force(), workshop.zone).verdict(
        session, Kind.DIGEST, contact, now, key=f"{key}:0"
    )
    return "" if found.decision == Decision.LEAVE else f"not_sent_{found.reason}"


def _enqueue(
    workshop: Workshop,
    session: Session,
    contact: Contact,
    key: str,
    message: Outgoing,
    now: datetime,
) -> str:
    """Today, or not at all."""
    added = outbox.enqueue(
        session, contact=contact, key=key, messages=[message],
        lane=Lane.REMINDER, kind=Kind.DIGEST, now=now,
        useful_until=datetime.combine(now.date(), OFFICE.closes, workshop.zone),
    )  # fmt: skip
    return "sent" if added else "sent_before"


def _part(
    workshop: Workshop, period: Period, cells: Sequence[Cell]
) -> dict[str, object]:
    mine = [cell for cell in cells if cell.period == period.key]
    lacking: Counter[str] = Counter(
        cell.unit_name for cell in mine if cell.state == CellState.MISSING
    )
    return {
        "period": period_name(workshop.texts, period),
        "summary": summary(workshop.texts, totals(mine)),
        "lacking": lacking.most_common(MOST_UNITS),
        "more": max(0, len(lacking) - MOST_UNITS),
        "is_single": len({cell.unit_code for cell in mine}) == 1,
    }


def _reminder(
    workshop: Workshop, session: Session, official: Official, key: str, now: datetime
) -> str:
    """What he was to be reminded of today; it leaves with the digest and not by itself."""
    row = session.exec(
        select(Reminder).where(
            col(Reminder.official_id) == official.id,
            col(Reminder.day_on) == now.date(),
            col(Reminder.state) == ReminderState.PLANNED,
        )
    ).first()
    if row is None:
        return ""
    items = list(map(Item.from_json, row.items))
    cells = reminding.still_open(session, [item.at for item in items], now)
    owed = [one for one in items if one.at in cells and not cells[one.at].is_muted]
    if not owed:
        return ""
    row.items = [item.to_json() for item in owed]
    row.state, row.message_key, row.settled_at = ReminderState.QUEUED, key, now
    session.add(row)
    weeks = streaks(session, workshop, [owed], now)
    reply = reply_of(workshop, owed, cells, weeks)
    return workshop.texts.render(reply.key, reply.params)


def _calls(
    session: Session, cells: Sequence[Cell], now: datetime
) -> Sequence[Mapping[str, object]]:
    """Who of his units could not be reached in the last week."""
    names = {cell.unit_name for cell in cells}
    found = [one for one in to_call(session, now) if one["unit"] in names]
    seen: dict[object, Mapping[str, object]] = {}
    for one in found:
        seen.setdefault((one["unit"], one["official"]), one)
    return list(seen.values())[:MOST_CALLS]


def _picture(workshop: Workshop, codes: Sequence[str], now: datetime) -> Asset | None:
    """The last weeks of several units; one alone is said in words."""
    if len(codes) < 2 or workshop.files is None:
        return None
    last = period_of(now.date(), Cadence.WEEKLY).previous
    weeks = periods_up_to(last, WEEKS_SHOWN)
    with workshop.database.reading() as session:
        heat = heat_map(session, weeks, now, list(codes))
    return keep_asset(workshop.files, heat_picture(heat, workshop.texts, now))


SENT_AT = time(8, 0)  # before the first step of leaders and supervisors
