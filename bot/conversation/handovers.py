"""People who asked for a person: who waits, who takes care of them, what was said.

A row is open from the asking until an official says that it is done. Meanwhile the bot
keeps quiet in that chat, half an hour after each word of an official (``SILENT_FOR``).
Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.conversation.announcing import speak
from bot.people import audit
from models import (
    Contact,
    EventStatus,
    Handover,
    MessageStatus,
    Official,
    OutboxMessage,
    WebhookEvent,
)

# Long enough for an official to answer without the bot talking between; the citizen wakes
# the bot at once with "menu".
SILENT_FOR = timedelta(minutes=30)
# Zalo passes nothing on to who has been silent for longer.
USEFUL_FOR = timedelta(days=7)
MOST_SHOWN = 100
LAST_LINES = 40  # of a chat: what a person reads before he answers
LONGEST_REPLY = 2000  # one message of Zalo


class TakenError(Exception):
    """Somebody else takes care of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a chat. ``status`` is that of ours; ``what`` names what is no text
    ("image"), and is empty where there are words, or where nothing was kept."""

    at: datetime
    is_ours: bool
    text: str
    what: str = ""
    status: MessageStatus | None = None
    reason: str | None = None


def ask(session: Session, contact: Contact, now: datetime) -> Handover:
    """He waits for a person; asking again while he waits moves him up, no more."""
    found = open_of(session, contact)
    if found is None:
        found = Handover(contact_id=contact.id or 0, oa_id=contact.oa_id, asked_at=now)
    found.asked_at = now
    session.add(found)
    contact.silent_until = now + SILENT_FOR
    return found


def open_of(session: Session, contact: Contact) -> Handover | None:
    return session.scalars(
        select(Handover).where(
            col(Handover.contact_id) == contact.id, col(Handover.done_at).is_(None)
        )
    ).one_or_none()


def taken_in_console(session: Session, contact: Contact, now: datetime) -> None:
    """Somebody answers in Zalo's own console: the bot keeps quiet, and he is no longer
    without anybody. Who it is, Zalo does not say."""
    contact.silent_until = now + SILENT_FOR
    found = open_of(session, contact)
    if found is not None and found.taken_at is None:
        found.taken_at = now


def waiting(session: Session, oa_ids: Collection[str]) -> Sequence[Handover]:
    """Those not done, newest first."""
    return session.scalars(
        select(Handover)
        .where(col(Handover.oa_id).in_(oa_ids), col(Handover.done_at).is_(None))
        .order_by(col(Handover.asked_at).desc(), col(Handover.id).desc())
        .limit(MOST_SHOWN)
    ).all()


def lately_done(
    session: Session, oa_ids: Collection[str], most: int = 20
) -> Sequence[Handover]:
    return session.scalars(
        select(Handover)
        .where(col(Handover.oa_id).in_(oa_ids), col(Handover.done_at).is_not(None))
        .order_by(col(Handover.done_at).desc())
        .limit(most)
    ).all()


# --- what an official does -------------------------------------------------------------------


def take(
    session: Session, handover: Handover, official: Official, now: datetime
) -> None:
    """He takes care of it; ``TakenError`` when somebody else does already."""
    if handover.done_at is not None:
        raise TakenError
    if handover.taken_by_id not in (None, official.id):
        raise TakenError
    if handover.taken_by_id == official.id:
        return
    handover.taken_by_id, handover.taken_at = official.id, now
    session.get_one(Contact, handover.contact_id).silent_until = now + SILENT_FOR
    _record(session, handover, official, "talk.taken", now)


def give_back(
    session: Session, handover: Handover, official: Official, now: datetime
) -> None:
    """Whoever likes may take it; also out of the hands of who forgot it."""
    if handover.done_at is not None or handover.taken_at is None:
        return
    handover.taken_by_id = handover.taken_at = None
    _record(session, handover, official, "talk.given_back", now)


def reply(
    session: Session,
    handover: Handover,
    official: Official,
    text: str,
    key: str,
    now: datetime,
) -> bool:
    """Write to the person; ``key`` is the form's own, so that it is sent once. False: it
    was sent before."""
    take(session, handover, official, now)
    contact = session.get_one(Contact, handover.contact_id)
    key = f"handover:{handover.id}:{key}"
    is_new = speak(session, contact, text, key=key, now=now, useful_for=USEFUL_FOR)
    if is_new:
        contact.silent_until = now + SILENT_FOR
        _record(session, handover, official, "talk.replied", now)
    return is_new


def finish(
    session: Session, handover: Handover, official: Official, now: datetime
) -> None:
    """Done: the bot answers him again."""
    if handover.done_at is not None:
        return
    handover.done_at, handover.done_by_id = now, official.id
    session.get_one(Contact, handover.contact_id).silent_until = None
    _record(session, handover, official, "talk.done", now)


def reopen(
    session: Session, handover: Handover, official: Official, now: datetime
) -> bool:
    """Not done after all; False when he has asked anew, which is open already."""
    contact = session.get_one(Contact, handover.contact_id)
    if handover.done_at is None or open_of(session, contact) is not None:
        return False
    handover.done_at = handover.done_by_id = None
    contact.silent_until = now + SILENT_FOR
    _record(session, handover, official, "talk.reopened", now)
    return True


def _record(
    session: Session, handover: Handover, official: Official, action: str, now: datetime
) -> None:
    session.flush()
    subject = f"handover:{handover.id}"
    audit.record(session, official.pseudonym, action, subject, {}, now)


# --- what was said ---------------------------------------------------------------------------


def last_lines(session: Session, contact_id: int) -> list[Line]:
    """The end of the chat as it is kept here (masked, for ninety days), oldest first."""
    lines = [*_his(session, contact_id), *_ours(session, contact_id)]
    lines.sort(key=lambda line: line.at)
    return lines[-LAST_LINES:]


def last_words(session: Session, contact_ids: Collection[int]) -> dict[int, str]:
    """The last text of each person."""
    newest = (
        select(func.max(col(WebhookEvent.id)))
        .where(
            col(WebhookEvent.contact_id).in_(contact_ids),
            col(WebhookEvent.event_name) == "user_send_text",
        )
        .group_by(col(WebhookEvent.contact_id))
    )
    rows = session.scalars(
        select(WebhookEvent).where(col(WebhookEvent.id).in_(newest))
    ).all()
    return {row.contact_id or 0: _text(row.payload) for row in rows}


def _his(session: Session, contact_id: int) -> Iterator[Line]:
    rows = session.scalars(
        select(WebhookEvent)
        .where(
            col(WebhookEvent.contact_id) == contact_id,
            col(WebhookEvent.event_name).startswith("user_send_", autoescape=True),
            col(WebhookEvent.status) != EventStatus.DEAD,
        )
        .order_by(col(WebhookEvent.id).desc())
        .limit(LAST_LINES)
    )
    for row in rows:
        text = _text(row.payload)
        what = "" if text else row.event_name.removeprefix("user_send_")
        yield Line(row.occurred_at, False, text, "" if what == "text" else what)


def _ours(session: Session, contact_id: int) -> Iterator[Line]:
    rows = session.scalars(
        select(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id) == contact_id,
            col(OutboxMessage.status) != MessageStatus.CANCELLED,
        )
        .order_by(col(OutboxMessage.id).desc())
        .limit(LAST_LINES)
    )
    for row in rows:
        text = str(row.content.get("text") or "")
        what = "" if text or not row.content else "image"
        at = row.sent_at or row.created_at
        yield Line(at, True, text, what, MessageStatus(row.status), row.reason)


def _text(payload: Mapping[str, Any]) -> str:
    message = payload.get("message")
    found = message.get("text") if isinstance(message, Mapping) else None
    return found if isinstance(found, str) else ""
