"""How much is enough: per person, whichever of our accounts he follows.

One campaign a day and three within seven days; one reminder or digest a day (what would be
a second one is merged into the first by its planner). Days are local ones, and seven days
are today and the six before, so that no week of any calendar holds a fourth.

What a message is part of counts once: parts of a long text share the stem of their key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, Executable, bindparam
from sqlmodel import Session, and_, col, func, or_, select
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.channel.reasons import Reason
from models import Contact, MessageKind, MessageStatus, OutboxMessage

_DAY = timedelta(days=1)
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many of these kinds a day, and within seven days (None: no matter)."""

    kinds: frozenset[MessageKind]
    a_day: int
    a_week: int | None = None


CAMPAIGNS = Cap(frozenset({MessageKind.CAMPAIGN}), a_day=1, a_week=3)
NUDGES = Cap(frozenset({MessageKind.DUTY_REMINDER, MessageKind.DIGEST}), a_day=1)
CAPS = {kind: cap for cap in (CAMPAIGNS, NUDGES) for kind in cap.kinds}
# What reached the person, or is just on its way.
_COUNTED = (
    MessageStatus.SENDING,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.SEEN,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """Whose cap is reached, and the first day on which there is room again."""

    reason: Reason
    free_on: date


def occasion_of(key: str) -> str:
    """What the parts "…:0", "…:1" of one message have in common."""
    return key.rpartition(":")[0]


def cap_reached(
    session: Session,
    kind: MessageKind,
    contact_ids: Sequence[int],
    key: str,
    at: datetime,
    zone: ZoneInfo,
    *,
    now: datetime | None = None,
    is_planned: bool = False,
) -> Reached | None:
    """Whether one more would be too much on the day of ``at``; ``key`` is that message's
    own. ``is_planned``: what waits for its hour counts too, on the day it is due.

    What is just being sent counts on the day of ``now`` (``at``, if that is not said), not
    on whatever later day is asked about: it would be in the way for ever.
    """
    cap = CAPS.get(kind)
    if cap is None:
        return None
    today = at.astimezone(zone).date()
    days = _days(
        session, cap, contact_ids, occasion_of(key), now or at, zone, is_planned
    )
    return reached_on(cap, days, today)


def reached_on(cap: Cap, days: Sequence[date], today: date) -> Reached | None:
    """Pure; ``days`` are those of what was sent, one entry for each."""
    reason = _reason(cap, days, today)
    if reason is None:
        return None
    day = today + _DAY
    while _reason(cap, days, day) is not None:
        day += _DAY
    return Reached(reason, day)


def _reason(cap: Cap, days: Sequence[date], day: date) -> Reason | None:
    if days.count(day) >= cap.a_day:
        return Reason.DAILY_CAP
    recent = sum(0 <= (day - one).days < WEEK_DAYS for one in days)
    is_full = cap.a_week is not None and recent >= cap.a_week
    return Reason.WEEKLY_CAP if is_full else None


def _days(
    session: Session,
    cap: Cap,
    contact_ids: Sequence[int],
    own: str,
    at: datetime,
    zone: ZoneInfo,
    is_planned: bool,
) -> list[date]:
    asked = {"contacts": list(contact_ids), "first": _first_instant(at, zone)}
    rows = session.execute(_messages_of_days(cap, is_planned), asked)
    found: dict[str, date] = {}
    for key, sent_at, due_at in rows:
        moment = sent_at or (due_at if is_planned else max(due_at, at))
        if occasion_of(key) != own:
            found[occasion_of(key)] = moment.astimezone(zone).date()
    return list(found.values())


def _first_instant(at: datetime, zone: ZoneInfo) -> datetime:
    """Of the seven days that end with that of ``at``."""
    first_day = at.astimezone(zone).date() - (WEEK_DAYS - 1) * _DAY
    return datetime.combine(first_day, time(), zone)


@cache
def _messages_of_days(cap: Cap, is_planned: bool) -> Executable:
    """Asked before each campaign message leaves: built once, that takes longer than
    running it."""
    return (
        select(
            col(OutboxMessage.dedupe_key),
            col(OutboxMessage.sent_at),
            col(OutboxMessage.due_at),
        )
        .where(*_recent(cap, is_planned=is_planned))
        .order_by(col(OutboxMessage.id).desc())
    )


def _recent(cap: Cap, *, is_planned: bool) -> tuple[ColumnElement[bool], ...]:
    """SQL, of ``contacts`` since ``first``: what counts; what is just on its way counts
    now, but in a plan on the day it is due."""
    first: BindParameter[datetime] = bindparam("first", type_=UTCDateTime())
    unsent: ColumnElement[bool] = col(OutboxMessage.sent_at).is_(None)
    if is_planned:
        unsent = and_(unsent, col(OutboxMessage.due_at) >= first)
    statuses = (*_COUNTED, MessageStatus.WAITING) if is_planned else _COUNTED
    return (
        col(OutboxMessage.contact_id).in_(bindparam("contacts", expanding=True)),
        col(OutboxMessage.kind).in_(sorted(cap.kinds)),
        col(OutboxMessage.status).in_(statuses),
        or_(col(OutboxMessage.sent_at) >= first, unsent),
    )


def who_is_capped(
    session: Session,
    kind: MessageKind,
    contact_ids: Sequence[int],
    at: datetime,
    zone: ZoneInfo,
) -> set[int]:
    """Those of many for whom one more would be too much on the day of ``at``; what waits
    counts too. Three questions to the database, however many they are."""
    cap = CAPS.get(kind)
    if cap is None or not contact_ids:
        return set()
    person_of = _persons(session, contact_ids)
    today = at.astimezone(zone).date()
    asked = {"contacts": list(person_of), "first": _first_instant(at, zone)}
    rows = session.execute(
        select(
            col(OutboxMessage.contact_id),
            col(OutboxMessage.dedupe_key),
            func.coalesce(col(OutboxMessage.sent_at), col(OutboxMessage.due_at)),
        ).where(*_recent(cap, is_planned=True)),
        asked,
    )
    days: dict[str, dict[str, date]] = defaultdict(dict)
    for contact_id, key, moment in rows:
        person = person_of[contact_id]
        days[person][occasion_of(key)] = moment.astimezone(zone).date()
    capped = {
        person
        for person, found in days.items()
        if reached_on(cap, list(found.values()), today) is not None
    }
    return {one for one in contact_ids if person_of[one] in capped}


def _persons(session: Session, contact_ids: Sequence[int]) -> dict[int, str]:
    """These contacts and all others of the same people, each with what joins them."""
    columns = select(Contact.id, Contact.user_id_by_app)
    own = session.exec(columns.where(col(Contact.id).in_(contact_ids))).all()
    apps = [app for _, app in own if app]
    others = session.exec(columns.where(col(Contact.user_id_by_app).in_(apps)))
    found = [*own, *others] if apps else own
    return {number: app or f"contact:{number}" for number, app in found if number}


def same_person(session: Session, contact: Contact) -> list[int]:
    """His contacts with all our accounts, as far as Zalo joins them."""
    if contact.user_id_by_app is None:
        return [contact.id or 0]
    found = session.execute(_of_person(), {"person": contact.user_id_by_app})
    return sorted(one for (one,) in found)


@cache
def _of_person() -> Executable:
    return select(col(Contact.id)).where(
        col(Contact.user_id_by_app) == bindparam("person")
    )
