"""The ladder of reminders at work: planned every half hour, released at their minute.

A planned row is no promise: it is planned anew until it is released. When it is released,
and again when its message is about to leave (``still_owed``), its cells are looked at: what
was credited or exempted meanwhile is in no message. A message that has become wrong is
called back, and what is left of it is written anew.

Whose window is closed gets the last steps as an approved template by phone, where the
operator has one and a budget for it. Who cannot be reached through Zalo at all stays as
``unreachable``, to be called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import and_, delete, insert, literal_column, or_, update
from sqlmodel import Session, col, select

from bot import calendar
from bot.channel import money, outbox
from bot.channel.by_phone import number_from
from bot.channel.claiming import ClaimedMessage
from bot.channel.outbox import Outgoing
from bot.channel.reasons import Reason
from bot.channel.window import Objection, Window, window_of
from bot.conversation.announcing import announce
from bot.conversation.turn import Reply
from bot.duties import reminding
from bot.duties.reminding import CellAt, OpenCell
from bot.duties.table.cells import histories, streak
from bot.outreach.caps import occasion_of
from bot.outreach.choke import Choke, Decision, spread
from bot.outreach.hours import OFFICE, Kind, may_leave
from bot.outreach.ladder import Times
from bot.outreach.phone_templates import template_for
from bot.people import officials, units
from models import (
    Contact,
    Lane,
    MessageStatus,
    Official,
    OutboxMessage,
    PaidBudget,
    Reminder,
    ReminderState,
    Role,
)
from scheduler.clockwork import Result, Workshop
from scheduler.reminding import Item, Planned, Recorded, Today, look_back, plan

log = structlog.get_logger(__name__)

PLANNED_FROM = time(6, 0)  # an hour before the first may leave
ROWS_AT_ONCE = 100
MOST_NAMED = 8  # duties in one message: a phone's screen
MOST_UNITS = 10
PRAISED_FROM_WEEKS, WEEKS_LOOKED_AT = 3, 6
# Why a row was not sent.
NOBODY_THERE, MUTED, TOO_LATE = "nobody_there", "muted", "too_late"
NEVER_WROTE = "never_wrote"
# Then a template by phone may still reach him.
_CLOSED = (Reason.WINDOW_CLOSED, Reason.NOT_FOLLOWING)
_NOT_BROUGHT = (
    MessageStatus.UNREACHABLE, MessageStatus.REFUSED, MessageStatus.DEAD,
)  # fmt: skip
# A step that ended like this was made; other ends leave it to be tried again.
_MADE = (ReminderState.QUEUED, ReminderState.UNREACHABLE)


def plan_reminders(workshop: Workshop, now: datetime) -> Result:
    """Rows of today for everybody who owes something, as it looks now."""
    local = now.astimezone(workshop.zone)
    is_office_day = calendar.in_force().is_working_day(local.date())
    if not is_office_day or not PLANNED_FROM <= local.time() < OFFICE.closes:
        return {}
    with workshop.database.reading() as session:
        today = _today(session, workshop, local)
        periods = reminding.periods_to_remind(session, local, workshop.ladder)
        cells = reminding.open_cells(session, local, periods)
    planned = plan(cells, today)
    with workshop.database.writing() as session:
        _drop_old(session, local)
        _note_unreached(session, local)
        _write(session, planned, local)
    return {"cells": len(cells), "reminders": len(planned)}


def _today(session: Session, workshop: Workshop, local: datetime) -> Today:
    recorded = _recorded(session, look_back(local.date()))
    return Today(
        now=local,
        ladder=workshop.ladder,
        staff=reminding.staff_on(session, local.date()),
        wrote_at=_wrote_at(session),
        recorded=recorded[False],
        recorded_early=recorded[True],
        served=_served(session, local.date()),
        times=Times(calendar.in_force(), workshop.zone),
    )


def _recorded(session: Session, since: date) -> dict[bool, set[Recorded]]:
    """What reminders were made of; True: those that left before their day."""
    is_muted = and_(
        col(Reminder.state) == ReminderState.DROPPED, col(Reminder.reason) == MUTED
    )
    rows = session.execute(
        select(col(Reminder.official_id), col(Reminder.items)).where(
            col(Reminder.day_on) >= since,
            or_(col(Reminder.state).in_(_MADE), is_muted),
        )
    )
    found: dict[bool, set[Recorded]] = {False: set(), True: set()}
    for official, items in rows:
        for item in map(Item.from_json, items):
            found[item.is_early].add((official, item.step, item.at))
    return found


def _served(session: Session, day: date) -> set[int]:
    """Whose message of this day was made already."""
    rows = session.scalars(
        select(Reminder.official_id).where(
            col(Reminder.day_on) == day,
            col(Reminder.official_id).is_not(None),
            col(Reminder.state) != ReminderState.PLANNED,
        )
    )
    return {one for one in rows if one is not None}


def _wrote_at(session: Session) -> dict[int, datetime | None]:
    """Of each official, when he last wrote to any account that can still write to him."""
    apps = select(Contact.user_id_by_app).where(
        col(Contact.official_id).is_not(None), col(Contact.user_id_by_app).is_not(None)
    )
    is_officials = or_(  # a hundred citizens write for each of them
        col(Contact.official_id).is_not(None), col(Contact.user_id_by_app).in_(apps)
    )
    rows = session.execute(
        select(
            col(Contact.official_id),
            col(Contact.user_id_by_app),
            col(Contact.last_interaction_at),
        ).where(
            is_officials,
            col(Contact.unreachable_reason).is_(None),
            col(Contact.is_follower).is_not(False),
            col(Contact.last_interaction_at).is_not(None),
        )
    ).all()
    owner = {app: official for official, app, _ in rows if app and official}
    found: dict[int, datetime | None] = {}
    for official, app, at in rows:
        who = official or owner.get(app)
        if who is not None:
            found[who] = max(at, found.get(who) or at)
    return found


def _drop_old(session: Session, local: datetime) -> None:
    """What was planned before is planned anew; what no day came for is over."""
    waiting = col(Reminder.state) == ReminderState.PLANNED
    session.execute(
        delete(Reminder).where(waiting, col(Reminder.day_on) == local.date())
    )
    session.execute(
        update(Reminder)
        .where(waiting, col(Reminder.day_on) < local.date())
        .values(state=ReminderState.DROPPED, reason=TOO_LATE, settled_at=local)
    )


def _note_unreached(session: Session, local: datetime) -> None:
    """What Zalo did not bring to him is for a call."""
    message = (
        select(OutboxMessage.reason)
        .where(
            col(OutboxMessage.dedupe_key) == col(Reminder.message_key) + ":0",
            col(OutboxMessage.status).in_(_NOT_BROUGHT),
        )
        .scalar_subquery()
    )
    session.execute(
        update(Reminder)
        .where(
            col(Reminder.state) == ReminderState.QUEUED,
            col(Reminder.day_on) >= local.date() - timedelta(days=1),
            message.is_not(None),
        )
        .values(state=ReminderState.UNREACHABLE, reason=message)
        .execution_options(synchronize_session=False)
    )


def _write(session: Session, planned: Sequence[Planned], local: datetime) -> None:
    rows = [
        {
            "official_id": one.official_id,
            "unit_code": one.unit_code,
            "day_on": local.date(),
            "planned_at": one.planned_at,
            "items": [item.to_json() for item in one.items],
            "created_at": local,
        }
        | _first_state(one, local)
        for one in planned
    ]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        session.execute(insert(Reminder), rows[start : start + ROWS_AT_ONCE])


def _first_state(one: Planned, local: datetime) -> dict[str, object]:
    if one.official_id is None:
        return {
            "state": ReminderState.UNREACHABLE, "reason": NOBODY_THERE, "settled_at": local,
        }  # fmt: skip
    if all(item.is_muted for item in one.items):
        return {"state": ReminderState.DROPPED, "reason": MUTED, "settled_at": local}
    return {"state": ReminderState.PLANNED, "reason": None, "settled_at": None}


# --- released -------------------------------------------------------------------------------


def release_reminders(workshop: Workshop, now: datetime) -> Result:
    """What has its hour becomes messages, or says why not."""
    local = now.astimezone(workshop.zone)
    counts: Counter[str] = Counter()
    is_due = (
        # in the words of the partial index
        literal_column("state") == literal_column(f"'{ReminderState.PLANNED}'"),
        col(Reminder.planned_at) <= local,
        col(Reminder.day_on) == local.date(),
    )
    with workshop.database.reading() as session:  # nearly always nothing is due
        if session.exec(select(Reminder.id).where(*is_due).limit(1)).first() is None:
            return {}
    while True:
        with workshop.database.writing() as session:
            rows = session.exec(
                select(Reminder)
                .where(*is_due)
                .order_by(col(Reminder.planned_at), col(Reminder.id))
                .limit(ROWS_AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            items = [[Item.from_json(item) for item in row.items] for row in rows]
            cells = reminding.still_open(
                session, [item.at for ones in items for item in ones], local
            )
            weeks = streaks(session, workshop, items, local)
            for row in rows:
                counts[_release(workshop, session, row, cells, weeks, local)] += 1
        if len(rows) < ROWS_AT_ONCE:
            return dict(counts)


def _release(
    workshop: Workshop,
    session: Session,
    row: Reminder,
    cells: dict[CellAt, OpenCell],
    weeks: Mapping[str, int],
    now: datetime,
) -> str:
    items = [item for item in map(Item.from_json, row.items) if item.at in cells]
    owed = [item for item in items if not cells[item.at].is_muted]
    if not owed:
        reason = MUTED if items else Reason.NO_LONGER_OWED
        return _settle(row, ReminderState.DROPPED, reason, now)
    contact, reason = whom(session, row.official_id or 0, now)
    if contact is None:
        return _by_phone(workshop, session, row, owed, cells, reason, now)
    objection = _objection(workshop, session, contact, now)
    if objection is not None:
        return _settle(row, ReminderState.DROPPED, objection, now)
    row.message_key = f"reminder:{row.id}:{now:%H%M%S}"
    row.items = [item.to_json() for item in items]
    announce(
        session, workshop.texts, contact, row.message_key,
        [reply_of(workshop, owed, cells, weeks)],
        lane=Lane.REMINDER, kind=Kind.DUTY_REMINDER, now=now,
        due_at=_spread(row.official_id or 0, contact, workshop.zone, now),
        useful_until=datetime.combine(now.date(), OFFICE.closes, workshop.zone),
    )  # fmt: skip
    return _settle(row, ReminderState.QUEUED, None, now)


def _objection(
    workshop: Workshop, session: Session, contact: Contact, now: datetime
) -> str | None:
    """Why a reminder may not go to him now."""
    choke = Choke(calendar.in_force(), workshop.zone)
    found = choke.verdict(session, Kind.DUTY_REMINDER, contact, now)
    return None if found.decision == Decision.LEAVE else found.reason or TOO_LATE


def _by_phone(
    workshop: Workshop,
    session: Session,
    row: Reminder,
    owed: Sequence[Item],
    cells: dict[CellAt, OpenCell],
    why_not_by_chat: str,
    now: datetime,
) -> str:
    """As a template, if there is one for this step and money for it; else a call is left."""
    known = officials.contacts_of(session, row.official_id or 0)
    found = template_for(
        workshop.phone_templates,
        {item.step for item in owed if not item.is_early},
        [contact.oa_id for contact in known],
    )
    official = session.get(Official, row.official_id or 0)
    if (
        found is None
        or official is None
        or why_not_by_chat not in _CLOSED
        or number_from(official.phone) is None
        or money.left_of_budget(session, found.oa_id, Lane.REMINDER, now) < found.vnd
    ):
        return _settle(row, ReminderState.UNREACHABLE, why_not_by_chat, now)
    contact = next(one for one in known if one.oa_id == found.oa_id)
    objection = _objection(workshop, session, contact, now)
    if objection is not None:
        return _settle(row, ReminderState.DROPPED, objection, now)
    given = _values(workshop, official, owed, cells)
    message = Outgoing(
        "; ".join(given.values()), by_phone=found.filled(given, official.id or 0)
    )
    row.message_key = f"reminder:{row.id}:{now:%H%M%S}"
    row.items = [item.to_json() for item in owed]
    outbox.enqueue(
        session, contact=contact, key=row.message_key, messages=[message],
        lane=Lane.REMINDER, kind=Kind.DUTY_REMINDER, now=now,
        useful_until=datetime.combine(now.date(), OFFICE.closes, workshop.zone),
    )  # fmt: skip
    return _settle(row, ReminderState.QUEUED, None, now)


def _values(
    workshop: Workshop,
    official: Official,
    owed: Sequence[Item],
    cells: dict[CellAt, OpenCell],
) -> dict[str, str]:
    """All that a template may ask for."""
    places = list(dict.fromkeys(item.at for item in owed))
    names = list(dict.fromkeys(cells[place].cell.unit_name for place in places))
    until = min(cells[place].cell.on_time_until for place in places)
    return {
        "official": official.name,
        "unit": ", ".join(names),
        "count": str(len(places)),
        "duties": "; ".join(dict.fromkeys(cells[place].title for place in places)),
        "until": workshop.texts.render("reminders.day", {"day": until}),
    }


def _settle(
    row: Reminder, state: ReminderState, reason: str | None, now: datetime
) -> str:
    row.state, row.reason, row.settled_at = state, reason, now
    return str(state)


def whom(
    session: Session, official_id: int, now: datetime
) -> tuple[Contact | None, str]:
    """The contact that a message reaches now, or why there is none. What costs money is
    used only where a budget for reminders was set."""
    contact = officials.reachable_contact(session, official_id, now)
    if contact is None or contact.last_interaction_at is None:
        known = officials.contacts_of(session, official_id)
        if any(one.unreachable_reason for one in known):
            return None, next(
                one.unreachable_reason for one in known if one.unreachable_reason
            )
        if any(one.is_follower is False for one in known):
            return None, Reason.NOT_FOLLOWING
        return None, Reason.WINDOW_CLOSED if known else NEVER_WROTE
    if window_of(contact.last_interaction_at, now) == Window.FREE:
        return contact, ""
    budget = session.get(PaidBudget, (contact.oa_id, Lane.REMINDER))
    if budget is not None and budget.monthly_vnd > 0:
        return contact, ""
    return None, Reason.PAID_WINDOW


def _spread(number: int, contact: Contact, zone: ZoneInfo, now: datetime) -> datetime:
    """Not all in one instant, but within the hours."""
    due_at = spread(now, number, contact.last_interaction_at)
    is_open = may_leave(Kind.DUTY_REMINDER, due_at, calendar.in_force(), zone)
    return due_at if is_open else now


# --- right before it leaves ------------------------------------------------------------------------


def still_owed(
    zone: ZoneInfo,
) -> Callable[[Session, ClaimedMessage, datetime], Objection | None]:
    """Objects to a reminder in which anything has been done or exempted since; what is left
    of it is planned for now."""

    def objection(
        session: Session, message: ClaimedMessage, now: datetime
    ) -> Objection | None:
        if message.kind != Kind.DUTY_REMINDER:
            return None
        key, local = occasion_of(message.dedupe_key), now.astimezone(zone)
        row = session.exec(
            select(Reminder).where(col(Reminder.message_key) == key)
        ).first()
        if row is None:
            return None
        items = list(map(Item.from_json, row.items))
        cells = reminding.still_open(session, [item.at for item in items], local)
        if all(item.at in cells for item in items if not item.is_muted) and not any(
            cells[item.at].is_muted for item in items if not item.is_muted
        ):
            return None
        row.state, row.planned_at = ReminderState.PLANNED, local
        row.message_key, row.settled_at = None, None
        session.add(row)
        return Objection(MessageStatus.CANCELLED, Reason.NO_LONGER_OWED)

    return objection


# --- words -------------------------------------------------------------------------------------


def reply_of(
    workshop: Workshop,
    items: Sequence[Item],
    cells: dict[CellAt, OpenCell],
    streak_of: Mapping[str, int],
) -> Reply:
    """What it says: to an official his duties, to those above him who lacks what.
    ``streak_of``: as ``streaks`` found them, for these and perhaps for others."""
    own = _own(workshop, items)
    if not own:
        return _for_supervisor(items, cells)
    unit_codes = _units_of(own)
    weeks = streak_of.get(unit_codes[0], 0) if len(unit_codes) == 1 else 0
    steps = {item.step for item in own if not item.is_early} or {
        item.step for item in own
    }
    places = list(dict.fromkeys(item.at for item in own))  # a cell may have two steps
    return Reply(
        "reminders.own",
        {
            "step": steps.pop() if len(steps) == 1 else "several",
            "rows": [_row(workshop, cells[place]) for place in places[:MOST_NAMED]],
            "more": max(0, len(places) - MOST_NAMED),
            "several_units": len(unit_codes) > 1,
            "unit": cells[own[0].at].cell.unit_name,
            "praise": weeks if weeks >= PRAISED_FROM_WEEKS else 0,
            "units_below": _counted(
                [cells[item.at] for item in items if item not in own]
            ),
        },
    )


def _for_supervisor(items: Sequence[Item], cells: dict[CellAt, OpenCell]) -> Reply:
    counted = _counted([cells[item.at] for item in items])
    return Reply(
        "reminders.supervisor",
        {
            "rows": counted[:MOST_UNITS],
            "more": max(0, len(counted) - MOST_UNITS),
            "cells": len(items),
            "units": len(counted),
        },
    )


def _counted(cells: Iterable[OpenCell]) -> list[dict[str, object]]:
    """Units with how much they lack, the most first."""
    names: Counter[str] = Counter(one.cell.unit_name for one in cells)
    return [{"unit": name, "count": count} for name, count in names.most_common()]


def _row(workshop: Workshop, one: OpenCell) -> dict[str, object]:
    channel = one.cell.channel
    return {
        "unit": one.cell.unit_name,
        "title": one.title,
        "channel": workshop.texts.render(f"report.channel_{channel}")
        if channel
        else "",
        "lacking": one.cell.lacking,
        "quota": one.cell.quota,
        "period": one.period,
        "until": one.cell.on_time_until,
    }


def streaks(
    session: Session,
    workshop: Workshop,
    reminders: Iterable[Sequence[Item]],
    now: datetime,
) -> dict[str, int]:
    """Of each unit that one of these reminders is about alone: the weeks in a row in which
    everything was on time."""
    units_of = [_units_of(_own(workshop, items)) for items in reminders]
    codes = sorted({codes[0] for codes in units_of if len(codes) == 1})
    found = histories(session, codes, WEEKS_LOOKED_AT, now)
    return {code: streak(history) for code, history in found.items()}


def _own(workshop: Workshop, items: Iterable[Item]) -> list[Item]:
    """What he owes himself; the rest is owed by units below him."""
    below = {step.id for step in workshop.ladder if step.to == Role.SUPERVISOR}
    return [item for item in items if item.step not in below]


def _units_of(items: Iterable[Item]) -> list[str]:
    return list(dict.fromkeys(item.at.unit_code for item in items))


# --- to be called ----------------------------------------------------------------------------------


def to_call(session: Session, now: datetime, days: int = 7) -> list[dict[str, object]]:
    """Who could not be reached in the last days, with the number to call, newest first."""
    rows = session.exec(
        select(Reminder, Official)
        .join(Official, col(Official.id) == col(Reminder.official_id), isouter=True)
        .where(
            col(Reminder.state) == ReminderState.UNREACHABLE,
            col(Reminder.day_on) > now.date() - timedelta(days=days),
        )
        .order_by(col(Reminder.day_on).desc(), col(Reminder.id))
    ).all()
    found: list[dict[str, object]] = []
    for row, official in rows:
        found.append(
            {
                "unit": units.name_of(session, row.unit_code),
                "official": official.name if official else None,
                "phone": official.phone if official else None,
                "day_on": row.day_on,
                "reason": row.reason,
                "cells": len(row.items),
            }
        )
    return found
