"""The one place that decides whether a message may leave: asked when it is planned, and
again by the sender right before it leaves, because between the two a person may have said
no, a holiday may have begun, and the worker may have slept through the night.

In this order: a campaign may be paused or cancelled; an emergency needs somebody who
released it; news need the person's yes; caps; hours. What must wait is spread over half an hour from the opening, so that what piled
up in the night does not leave in one instant. Whoever answers every message at once (another
bot, mostly) is not answered for ever.

Zalo's windows and money are not decided here but in ``channel/window``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, bindparam
from sqlmodel import Session, col, func, select

from bot.calendar import Calendar
from bot.channel.claiming import ClaimedMessage
from bot.channel.reasons import Reason
from bot.channel.window import FREE_FOR, Objection
from bot.outreach import caps, consent
from bot.outreach.campaigns import stopped
from bot.outreach.hours import HOURS, Kind, may_leave, next_opening
from bot.people import audit
from models import AuditEntry, Contact, MessageStatus, Official, OutboxMessage

SPREAD = timedelta(minutes=30)
# Answers to one person within an hour. Nobody types a question every twelve seconds for an
# hour; a bot that answers each of our messages does.
LOOP_ANSWERS, LOOP_WITHIN = 300, timedelta(hours=1)
# Another worker is sending to this person through another account.
ELSEWHERE_FOR = timedelta(seconds=2)
RELEASED = "emergency.release"


class Decision(StrEnum):
    LEAVE = "leave"
    WAIT = "wait"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``until`` is when a message that waits may leave at the earliest."""

    decision: Decision
    reason: Reason | None = None
    until: datetime | None = None


LEAVE = Verdict(Decision.LEAVE)


@dataclass(frozen=True, slots=True)
class Choke:
    """``objection`` is for the sender; ``verdict`` for whoever plans."""

    calendar: Calendar
    zone: ZoneInfo

    def verdict(
        self,
        session: Session,
        kind: Kind,
        contact: Contact,
        at: datetime,
        *,
        topic: str = "",
        key: str = "",
        is_planned: bool = True,
    ) -> Verdict:
        """Whether a message of this kind may leave at ``at``. ``key`` is its own, if it
        has one already: it is not in its own way."""
        if kind == Kind.EMERGENCY and not is_released(session, topic):
            return Verdict(Decision.NEVER, Reason.NOT_RELEASED)
        if kind in consent.NEEDS_CONSENT and not consent.wants(
            session, contact.id or 0, topic
        ):
            return Verdict(Decision.NEVER, Reason.NOT_WANTED)
        if HOURS[kind] is None:
            return LEAVE
        return self._when(session, kind, contact, at, key, is_planned)

    def _when(
        self,
        session: Session,
        kind: Kind,
        contact: Contact,
        at: datetime,
        key: str,
        is_planned: bool,
    ) -> Verdict:
        """Hours and caps, until both agree."""
        people = [contact.id or 0]
        if kind in caps.CAPS:
            people = caps.same_person(session, contact)
            if not is_planned and len(people) > 1 and not _is_ours(session, contact):
                return Verdict(Decision.WAIT, Reason.ELSEWHERE_NOW, at + ELSEWHERE_FOR)
        reason, moment = None, at
        while True:
            reached = caps.cap_reached(
                session, kind, people, key, moment, self.zone,
                now=at, is_planned=is_planned,
            )  # fmt: skip
            if reached is not None:
                reason = reason or reached.reason
                moment = datetime.combine(reached.free_on, time(), self.zone)
            elif not may_leave(kind, moment, self.calendar, self.zone):
                reason = reason or Reason.OUTSIDE_HOURS
                moment = next_opening(kind, moment, self.calendar, self.zone)
            else:
                return Verdict(Decision.WAIT, reason, moment) if reason else LEAVE

    def objection(
        self, session: Session, message: ClaimedMessage, now: datetime
    ) -> Objection | None:
        """What the sender is told; None lets the message leave."""
        if message.kind == Kind.REPLY:
            if _talks_in_circles(session, message.contact_id, now):
                return Objection(MessageStatus.CANCELLED, Reason.TALKS_IN_CIRCLES)
            return None
        if message.campaign_id is not None:
            refused = stopped.objection(session, message.campaign_id)
            if refused is not None:
                return refused
        contact = session.get_one(Contact, message.contact_id)
        found = self.verdict(
            session, message.kind, contact, now,
            topic=message.topic, key=message.dedupe_key, is_planned=False,
        )  # fmt: skip
        if found.decision == Decision.LEAVE or found.reason is None:
            return None
        if found.decision == Decision.NEVER:
            return Objection(MessageStatus.CANCELLED, found.reason)
        due_at = found.until
        if due_at is not None and found.reason != Reason.ELSEWHERE_NOW:
            due_at = spread(due_at, message.id, message.last_interaction_at)
        return Objection(MessageStatus.WAITING, found.reason, due_at)


def spread(
    opening: datetime, number: int, last_interaction_at: datetime | None = None
) -> datetime:
    """Somewhere in the half hour after the opening, always the same for the same number;
    never behind the end of the person's free window, if that is still ahead."""
    room = SPREAD
    if last_interaction_at is not None:
        left = last_interaction_at + FREE_FOR - opening
        if timedelta() < left < room:
            room = left
    return opening + room * random.Random(number).random()


# --- emergencies ----------------------------------------------------------------------------


def release_emergency(
    session: Session, official: Official, topic: str, now: datetime
) -> None:
    """This person answers for sending ``topic`` (a code) at any hour; it goes into the
    audit log. Who may do so is for the caller to ask (``officials.may``)."""
    if not topic:
        raise ValueError("an emergency notice needs a code of its own")
    audit.record(session, official.pseudonym, RELEASED, f"emergency:{topic}", {}, now)


def is_released(session: Session, topic: str) -> bool:
    return topic != "" and (
        session.exec(
            select(AuditEntry.id).where(
                AuditEntry.subject == f"emergency:{topic}",
                AuditEntry.action == RELEASED,
            )
        ).first()
        is not None
    )


# --- loops, and two accounts at once ----------------------------------------------------------


def _talks_in_circles(session: Session, contact_id: int, now: datetime) -> bool:
    """The last so many answers all left within the hour."""
    oldest = session.exec(
        _answers_sent(), params={"contact": contact_id, "newer": LOOP_ANSWERS - 1}
    ).first()
    return oldest is not None and oldest > now - LOOP_WITHIN


@cache
def _answers_sent() -> Any:
    """When an answer left that ``newer`` ones followed; built once, as each answer asks."""
    return (
        select(OutboxMessage.sent_at)
        .where(
            OutboxMessage.contact_id == bindparam("contact"),
            OutboxMessage.kind == Kind.REPLY,
            col(OutboxMessage.sent_at).is_not(None),
        )
        .order_by(col(OutboxMessage.id).desc())
        .offset(bindparam("newer", type_=Integer()))
        .limit(1)
    )


def _is_ours(session: Session, contact: Contact) -> bool:
    """Whether no other worker is deciding about this very person in this moment. SQLite has
    one writer anyway; on PostgreSQL a lock that nobody waits for and the commit ends."""
    if session.connection().dialect.name != "postgresql":
        return True
    key = func.hashtext(f"person:{contact.user_id_by_app}")
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(key))))
