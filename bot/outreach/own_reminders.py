"""Reminders a person sets for himself (nhắc việc tự đặt): kept, listed, cancelled, written.

They may leave at any hour, because he chose it. When Zalo's window is closed by then, the
message is parked and leaves first as soon as he writes. What he wanted to be reminded of is
kept until it is written; of a cancelled one for some days, so that it can be taken back.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot.channel.window import FREE_FOR
from models import Contact, MessageStatus, OutboxMessage, OwnReminder

MOST_OPEN = 20  # of one person: a list that still fits on a screen
LONGEST_WHAT = 300
# Whoever comes back after weeks still wants to know what he had meant to do.
USEFUL_FOR = timedelta(days=30)
_CANCELLABLE = (MessageStatus.WAITING, MessageStatus.PARKED)


def add(
    session: Session, contact: Contact, what: str, at: datetime, now: datetime
) -> OwnReminder | None:
    """None when he has too many already. The same twice is one."""
    waiting = open_of(session, contact)
    for one in waiting:
        if one.at == at and one.what == what:
            return one
    if len(waiting) >= MOST_OPEN:
        return None
    reminder = OwnReminder(
        contact_id=contact.id or 0, what=what[:LONGEST_WHAT], at=at, created_at=now
    )
    session.add(reminder)
    session.flush()
    return reminder


def open_of(session: Session, contact: Contact) -> Sequence[OwnReminder]:
    """What is still to come, the next one first."""
    return session.scalars(
        select(OwnReminder)
        .where(
            col(OwnReminder.contact_id) == contact.id,
            col(OwnReminder.done_at).is_(None),
        )
        .order_by(col(OwnReminder.at), col(OwnReminder.id))
    ).all()


def cancel(
    session: Session, contact: Contact, reminder_id: int, now: datetime
) -> OwnReminder | None:
    """Also one that is written and waits to be delivered; None: not his, or over."""
    reminder = session.get(OwnReminder, reminder_id)
    if reminder is None or reminder.contact_id != contact.id or reminder.is_cancelled:
        return None
    if reminder.done_at is not None and not _call_back(session, reminder):
        return None
    reminder.done_at, reminder.is_cancelled = now, True
    session.add(reminder)
    session.flush()
    return reminder


def restore(
    session: Session, contact: Contact, reminder_id: int, now: datetime
) -> OwnReminder | None:
    """Cancelled by mistake; None: not his, not cancelled, or its time has passed."""
    reminder = session.get(OwnReminder, reminder_id)
    if reminder is None or reminder.contact_id != contact.id:
        return None
    if not reminder.is_cancelled or reminder.at <= now or not reminder.what:
        return None
    reminder.done_at, reminder.is_cancelled = None, False
    session.add(reminder)
    session.flush()
    return reminder


def _call_back(session: Session, reminder: OwnReminder) -> bool:
    cancelled = session.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.dedupe_key).startswith(f"{key_of(reminder)}:"),
            col(OutboxMessage.status).in_(_CANCELLABLE),
        )
        .values(status=MessageStatus.CANCELLED, reason="cancelled_by_person")
        .returning(col(OutboxMessage.id))
    )
    return cancelled.first() is not None


def cancel_all(session: Session, contact: Contact, now: datetime) -> int:
    """How many were still to come."""
    waiting = open_of(session, contact)
    for one in waiting:
        one.done_at, one.is_cancelled, one.what = now, True, ""
        session.add(one)
    return len(waiting)


def due(session: Session, now: datetime, most: int) -> Sequence[OwnReminder]:
    """To be written now, the longest overdue first."""
    return session.scalars(
        select(OwnReminder)
        .where(col(OwnReminder.done_at).is_(None), col(OwnReminder.at) <= now)
        .order_by(col(OwnReminder.at), col(OwnReminder.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()


def note_written(session: Session, reminder: OwnReminder, now: datetime) -> None:
    reminder.done_at, reminder.what = now, ""
    session.add(reminder)


def key_of(reminder: OwnReminder) -> str:
    """Of its message in the outbox."""
    return f"own_reminder:{reminder.id}"


def leaves_free(contact: Contact, at: datetime) -> bool:
    """Whether Zalo takes it at that time without money, if he does not write before."""
    last = contact.last_interaction_at
    return last is not None and at - last <= FREE_FOR


def forget_old(session: Session, before: datetime) -> int:
    """Rows that are over since then; how many."""
    gone = session.execute(
        delete(OwnReminder)
        .where(col(OwnReminder.done_at) < before)
        .returning(col(OwnReminder.id))
    )
    return len(gone.all())
