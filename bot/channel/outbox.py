"""The outbox: every message that leaves is a row first.

* A row is added in the transaction of what caused it, under a ``dedupe_key`` that says why
  it exists; adding the same cause twice adds nothing.
* Rows leave by ``claiming`` and ``sender``; outcomes are written by ``outcomes``.
* A status is never lowered: what Zalo, an echo or the person's phone has confirmed stays
  confirmed, whatever a late or lost answer says afterwards.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from bot.channel.inbound import text_digest
from bot.channel.split import split_text
from bot.channel.zalo.errors import Action
from bot.channel.zalo.messages import BUTTON_COUNT_LIMIT
from bot.channel.zalo.messages import Button as Button  # part of what is enqueued
from models import (
    LANE_RANK,
    Contact,
    Lane,
    MessageStatus,
    OutboxMessage,
    SendAttempt,
)

# Zalo's clock and ours: an echo may seem to be a little older than our call.
CLOCK_SKEW = timedelta(seconds=10)
# Attempts that may have sent the message: before the call, without an answer, and with
# Zalo's "send failed", which does not exclude that it was sent.
STARTED = "started"
UNCERTAIN = (STARTED, "unknown", Action.RETRY_CAREFULLY)
NOT_YET_SENT = (MessageStatus.WAITING, MessageStatus.SENDING)
_BEFORE_DELIVERED = (*NOT_YET_SENT, MessageStatus.SENT)


class Reason(StrEnum):
    """Why a message is in its status; sentences: ``content/texts/outbox.toml``."""

    WINDOW_CLOSED = "window_closed"
    PAID_WINDOW = "paid_window"
    NO_MONEY = "no_money"
    NOT_USEFUL_ANY_MORE = "not_useful_any_more"
    NOT_FOLLOWING = "not_following"
    BLOCKED = "blocked"
    INACTIVE = "inactive"
    RECIPIENT_LOST = "recipient_lost"
    KIND_REFUSED = "kind_refused"
    BAD_REQUEST = "bad_request"
    ZALO_REFUSED = "zalo_refused"
    ZALO_UNAVAILABLE = "zalo_unavailable"
    RATE_LIMIT = "rate_limit"
    QUOTA_USED_UP = "quota_used_up"
    ACCOUNT_PROBLEM = "account_problem"
    TOKEN_DEAD = "token_dead"
    OUTCOME_UNKNOWN = "outcome_unknown"
    MAYBE_DELIVERED = "maybe_delivered"
    PERSON_ERASED = "person_erased"
    CANCELLED_BY_PERSON = "cancelled_by_person"
    DISCARDED = "discarded"
    CONFIRMED_BY_HISTORY = "confirmed_by_history"
    CONFIRMED_BY_ECHO = "confirmed_by_echo"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to write. ``about`` is the record it answers ("service:1.001193"), so
    that a person's quoted reply finds it again."""

    text: str
    buttons: tuple[Button, ...] = ()
    quote_message_id: str | None = None
    about: str | None = None


def enqueue(
    session: Session,
    *,
    contact: Contact,
    key: str,
    messages: Sequence[Outgoing],
    lane: Lane,
    now: datetime,
    due_at: datetime | None = None,
    useful_until: datetime | None = None,
) -> int:
    """Add rows ``key:0``, ``key:1``, …, long texts split; rows added, 0 if ``key`` exists."""
    parts = [part for message in messages for part in _parts(message)]
    if not parts or _is_known(session, key):
        return 0
    common = {
        "oa_id": contact.oa_id,
        "contact_id": contact.id,
        "lane": lane,
        "lane_rank": LANE_RANK[lane],
        "status": MessageStatus.WAITING,
        "attempts": 0,
        "due_at": due_at or now,
        "useful_until": useful_until,
        "created_at": now,
    }
    rows = [
        {**common, "dedupe_key": f"{key}:{number}", "content": _to_json(part)}
        for number, part in enumerate(parts)
    ]
    return _insert_new(session, rows)


def find_sent(session: Session, oa_id: str, message_id: str) -> OutboxMessage | None:
    """Our message with this Zalo id."""
    return session.exec(
        select(OutboxMessage).where(
            OutboxMessage.zalo_message_id == message_id, OutboxMessage.oa_id == oa_id
        )
    ).first()


def cancel_open(session: Session, contact: Contact, lane: Lane) -> int:
    """The person wants none of this lane any more; rows cancelled.

    What is being sent in this moment cannot be called back.
    """
    cancelled = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id) == contact.id,
            col(OutboxMessage.lane) == lane,
            col(OutboxMessage.status).in_(
                [MessageStatus.WAITING, MessageStatus.PARKED]
            ),
        )
        .values(status=MessageStatus.CANCELLED, reason=Reason.CANCELLED_BY_PERSON)
    )
    return cancelled.rowcount


# --- what comes back ----------------------------------------------------------------------


def mark_delivered(
    session: Session, oa_id: str, message_ids: Sequence[str], at: datetime
) -> int:
    """The person's phone has these messages; rows that learned something."""
    return _confirm(
        session, oa_id, message_ids, _BEFORE_DELIVERED,
        status=MessageStatus.DELIVERED, delivered_at=at,
    )  # fmt: skip


def mark_seen(
    session: Session, oa_id: str, message_ids: Sequence[str], at: datetime
) -> int:
    """The person has looked at these messages; rows that learned something."""
    return _confirm(
        session, oa_id, message_ids, (*_BEFORE_DELIVERED, MessageStatus.DELIVERED),
        status=MessageStatus.SEEN, seen_at=at,
    )  # fmt: skip


def note_echo(
    session: Session,
    oa_id: str,
    user_id: str,
    message_id: str,
    text_sha256: str | None,
    at: datetime,
) -> bool:
    """Zalo's echo of a message of ours: proof that it was sent, and its id.

    It often comes before the answer of the call, and it is the only proof when that answer
    was lost. A row without id is recognised by person, digest of the text
    (``inbound.text_digest``) and time: an echo of an equal, earlier text is too old.
    """
    known = find_sent(session, oa_id, message_id)
    row = known or _uncertain_row(session, oa_id, user_id, text_sha256, at)
    if row is None:
        return False
    if row.status in NOT_YET_SENT:
        row.status = MessageStatus.SENT
        row.reason = Reason.CONFIRMED_BY_ECHO
        row.sent_at = at
    row.zalo_message_id = message_id
    session.add(row)
    return True


def release_parked(session: Session, contact_id: int, now: datetime) -> int:
    """The person wrote or followed again: what was parked may leave; rows released.

    A person who was unreachable is reachable again.
    """
    expire_parked(session, now, contact_id)
    released = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id) == contact_id,
            col(OutboxMessage.status) == MessageStatus.PARKED,
        )
        .values(status=MessageStatus.WAITING, reason=None, due_at=now, attempts=0)
    )
    session.exec(
        update(Contact)
        .where(col(Contact.id) == contact_id)
        .values(unreachable_reason=None)
    )
    return released.rowcount


def expire_parked(
    session: Session, now: datetime, contact_id: int | None = None
) -> int:
    """Parked messages that nobody needs any more (of one person, or of all)."""
    statement = update(OutboxMessage).where(
        col(OutboxMessage.status) == MessageStatus.PARKED,
        col(OutboxMessage.useful_until) <= now,
    )
    if contact_id is not None:
        statement = statement.where(col(OutboxMessage.contact_id) == contact_id)
    expired = session.exec(
        statement.values(
            status=MessageStatus.EXPIRED, reason=Reason.NOT_USEFUL_ANY_MORE
        )
    )
    return expired.rowcount


def _confirm(
    session: Session,
    oa_id: str,
    message_ids: Sequence[str],
    before: Sequence[MessageStatus],
    **values: object,
) -> int:
    confirmed = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.oa_id) == oa_id,
            col(OutboxMessage.zalo_message_id).in_(message_ids),
            col(OutboxMessage.status).in_(before),
        )
        .values(**values)
    )
    return confirmed.rowcount


def _uncertain_row(
    session: Session, oa_id: str, user_id: str, text_sha256: str | None, at: datetime
) -> OutboxMessage | None:
    rows = session.exec(
        select(OutboxMessage)
        .join(Contact, col(Contact.id) == OutboxMessage.contact_id)
        .where(
            is_open(OutboxMessage),
            col(Contact.oa_id) == oa_id,
            col(Contact.user_id) == user_id,
        )
        .order_by(col(OutboxMessage.id))
    ).all()
    for row in rows:
        begun = call_begun_at(session, row)
        is_ours = begun is not None and at >= begun - CLOCK_SKEW
        if is_ours and digest_of(row) == text_sha256:
            return row
    return None


def call_begun_at(session: Session, row: OutboxMessage) -> datetime | None:
    """When the first call began that may have sent this row without our knowing."""
    return session.exec(
        select(col(SendAttempt.started_at))
        .where(
            col(SendAttempt.message_id) == row.id,
            col(SendAttempt.outcome).in_(UNCERTAIN),
        )
        .order_by(col(SendAttempt.id))
        .limit(1)
    ).first()


def digest_of(row: OutboxMessage) -> str:
    """Of the row's text; an erased row has none, and its digest is no message's."""
    return text_digest(row.content.get("text", ""))


# --- rows and their content -----------------------------------------------------------------


def is_open(row: type[OutboxMessage]) -> ColumnElement[bool]:
    """In the very words of the partial indexes, or SQLite does not use them."""
    words: list[ColumnElement[str]] = [
        literal_column("'waiting'"),
        literal_column("'sending'"),
    ]
    return col(row.status).in_(words)


def _parts(message: Outgoing) -> list[Outgoing]:
    """Split a long text: the quote stays with the first part, buttons with the last."""
    if len(message.buttons) > BUTTON_COUNT_LIMIT:
        raise ValueError(
            f"more than {BUTTON_COUNT_LIMIT} buttons: number them in the text"
        )
    texts = split_text(message.text)
    if not texts:
        raise ValueError("a message needs a text")
    last = len(texts) - 1
    return [
        Outgoing(
            text=text,
            buttons=message.buttons if number == last else (),
            quote_message_id=message.quote_message_id if number == 0 else None,
            about=message.about,
        )
        for number, text in enumerate(texts)
    ]


def _to_json(message: Outgoing) -> dict[str, Any]:
    buttons = [
        {"title": button.title, "payload": button.payload, "url": button.url}
        for button in message.buttons
    ]
    return {
        "text": message.text,
        "buttons": buttons,
        "quote_message_id": message.quote_message_id,
        "about": message.about,
    }


def from_json(content: Mapping[str, Any]) -> Outgoing:
    """The message of a stored row."""
    return Outgoing(
        text=content["text"],
        buttons=tuple(Button(**button) for button in content["buttons"]),
        quote_message_id=content["quote_message_id"],
        about=content["about"],
    )


def _is_known(session: Session, key: str) -> bool:
    found = select(OutboxMessage.id).where(OutboxMessage.dedupe_key == f"{key}:0")
    return session.exec(found).first() is not None


def _insert_new(session: Session, rows: list[dict[str, Any]]) -> int:
    """One INSERT; a row another process added in this moment is left alone."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    statement = insert(OutboxMessage).values(rows)
    added = session.exec(
        statement.on_conflict_do_nothing(index_elements=["dedupe_key"])
    )
    return added.rowcount
