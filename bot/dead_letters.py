"""Events and messages that gave up: seen, tried again, or laid to rest by an operator.

An event is ``E<id>``, a message ``M<id>``. Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.channel.intake import shape_of
from bot.channel.outbox import Reason
from bot.errors import OperatorError
from bot.people import audit
from models import EventStatus, MessageStatus, OutboxMessage, WebhookEvent


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row that gave up; ``content`` is what was to be handled or sent."""

    key: str
    what: str  # name of the event, or lane of the message
    since: datetime
    attempts: int
    reason: str | None
    content: dict[str, Any]

    def line(self) -> str:
        when = self.since.isoformat(timespec="seconds")
        return (
            f"{self.key}\t{when}\t{self.what}\t{self.attempts} attempts\t{self.reason}"
        )


def dead_letters(session: Session) -> Iterator[DeadLetter]:
    """All of them, events first, oldest first."""
    for event in session.exec(
        select(WebhookEvent)
        .where(WebhookEvent.status == EventStatus.DEAD)
        .order_by(col(WebhookEvent.id))
    ):
        yield _of_event(event)
    for message in session.exec(
        select(OutboxMessage)
        .where(OutboxMessage.status == MessageStatus.DEAD)
        .order_by(col(OutboxMessage.id))
    ):
        yield _of_message(message)


def find(session: Session, key: str) -> DeadLetter:
    """``OperatorError`` when there is no such dead letter."""
    row = _row(session, key)
    return _of_event(row) if isinstance(row, WebhookEvent) else _of_message(row)


def retry(session: Session, key: str, now: datetime) -> None:
    """As if it had just come: all its attempts before it again."""
    row = _row(session, key)
    row.attempts = 0
    row.due_at = now
    row.reason = None
    if isinstance(row, WebhookEvent):
        row.status = EventStatus.WAITING
        row.processed_at = None
    else:
        row.status = MessageStatus.WAITING
        row.lease_until = None
    session.add(row)


def discard(session: Session, key: str) -> None:
    """Nothing more will be tried, and what people wrote goes."""
    row = _row(session, key)
    row.reason = Reason.DISCARDED
    if isinstance(row, WebhookEvent):
        row.status = EventStatus.IGNORED
        row.payload = {"shape": shape_of(row.payload)}
    else:
        row.status = MessageStatus.CANCELLED
    session.add(row)


def settle(session: Session, key: str, *, again: bool, by: str, now: datetime) -> None:
    """Try again or give up for good, and note in the audit log who said so."""
    if again:
        retry(session, key, now)
    else:
        discard(session, key)
    action = "dead.retried" if again else "dead.discarded"
    audit.record(session, by, action, f"dead:{key}", {}, now)


def _row(session: Session, key: str) -> WebhookEvent | OutboxMessage:
    kinds: dict[str, Callable[[int], WebhookEvent | OutboxMessage | None]] = {
        "E": lambda number: session.get(WebhookEvent, number),
        "M": lambda number: session.get(OutboxMessage, number),
    }
    look_up = kinds.get(key[:1].upper())
    if look_up is None or not key[1:].isdecimal():
        raise OperatorError(
            f"{key}: write E and a number for an event, M for a message"
        )
    row = look_up(int(key[1:]))
    if row is None or row.status not in (EventStatus.DEAD, MessageStatus.DEAD):
        raise OperatorError(f"{key}: no such dead letter; 'dead list' shows them")
    return row


def _of_event(row: WebhookEvent) -> DeadLetter:
    return DeadLetter(
        f"E{row.id}", row.event_name, row.received_at, row.attempts, row.reason,
        row.payload,
    )  # fmt: skip


def _of_message(row: OutboxMessage) -> DeadLetter:
    return DeadLetter(
        f"M{row.id}", row.lane, row.created_at, row.attempts, row.reason, row.content
    )
