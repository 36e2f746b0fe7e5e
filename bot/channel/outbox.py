"""The outbox: every message that leaves is a row first.

* A row is added in the transaction of what caused it, under a ``dedupe_key`` that says why
  it exists; adding the same cause twice adds nothing.
* Rows leave by ``claiming`` and ``sender``; outcomes are written by ``outcomes``.
* A status is never lowered: what Zalo, an echo or the person's phone has confirmed stays
  confirmed, whatever a late or lost answer says afterwards.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    bindparam,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from bot.channel.inbound import text_digest
from bot.channel.outgoing import Button as Button  # what is enqueued
from bot.channel.outgoing import Outgoing as Outgoing
from bot.channel.outgoing import parts_of, to_json
from bot.channel.reasons import Reason as Reason
from bot.channel.zalo.errors import Action
from bot.db import table_of
from models import (
    KIND_OF_LANE,
    LANE_RANK,
    UNSENT,
    Contact,
    Lane,
    MessageKind,
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
    kind: MessageKind | None = None,
    topic: str = "",
) -> int:
    """Add rows ``key:0``, ``key:1``, …, long texts split; rows added, 0 if ``key`` exists.

    ``kind`` is the lane's usual one unless it is said.
    """
    parts = [part for message in messages for part in parts_of(message)]
    if not parts or _is_known(session, key):
        return 0
    common = {
        "oa_id": contact.oa_id,
        "contact_id": contact.id,
        "lane": lane,
        "lane_rank": LANE_RANK[lane],
        "kind": kind or KIND_OF_LANE[lane],
        "topic": topic,
        "status": MessageStatus.WAITING,
        "attempts": 0,
        "due_at": due_at or now,
        "useful_until": useful_until,
        "created_at": now,
    }
    rows = [
        {**common, "dedupe_key": f"{key}:{number}", "content": to_json(part)}
        for number, part in enumerate(parts)
    ]
    return _insert_new(session, rows)


@dataclass(frozen=True, slots=True)
class Addressee:
    """One of many who get the same; ``reason`` says why it is parked from the start."""

    contact_id: int
    oa_id: str
    due_at: datetime
    reason: Reason | None = None


def enqueue_many(
    session: Session,
    people: Sequence[Addressee],
    *,
    key: str,
    message: Outgoing,
    kind: MessageKind,
    topic: str,
    now: datetime,
    useful_until: datetime,
    campaign: tuple[int, int],
) -> None:
    """Add ``key:CONTACT:0``, … for everybody, in the lane of campaigns; who has his already
    gets no second one. ``campaign`` is its number and that of its list."""
    parts = [to_json(part) for part in parts_of(message)]
    common = {
        "lane": Lane.CAMPAIGN,
        "lane_rank": LANE_RANK[Lane.CAMPAIGN],
        "kind": kind,
        "topic": topic,
        "attempts": 0,
        "useful_until": useful_until,
        "created_at": now,
        "campaign_id": campaign[0],
        "campaign_run": campaign[1],
    }
    rows = [
        {
            **common,
            "dedupe_key": f"{key}:{one.contact_id}:{number}",
            "oa_id": one.oa_id,
            "contact_id": one.contact_id,
            "content": content,
            "status": MessageStatus.PARKED if one.reason else MessageStatus.WAITING,
            "reason": one.reason,
            "due_at": one.due_at,
        }
        for one in people
        for number, content in enumerate(parts)
    ]
    if rows:
        _insert_new(session, rows)


def find_sent(session: Session, oa_id: str, message_id: str) -> OutboxMessage | None:
    """Our message with this Zalo id."""
    return session.exec(
        select(OutboxMessage).where(
            OutboxMessage.zalo_message_id == message_id, OutboxMessage.oa_id == oa_id
        )
    ).first()


def cancel_open(
    session: Session, contact: Contact, kinds: Sequence[MessageKind], topic: str = ""
) -> int:
    """The person wants none of these any more (of one topic, or of all); rows cancelled.

    What is being sent in this moment cannot be called back.
    """
    statement = update(OutboxMessage).where(
        col(OutboxMessage.contact_id) == contact.id,
        col(OutboxMessage.kind).in_(kinds),
        col(OutboxMessage.status).in_([MessageStatus.WAITING, MessageStatus.PARKED]),
    )
    if topic:
        statement = statement.where(col(OutboxMessage.topic) == topic)
    cancelled = session.exec(
        statement.values(
            status=MessageStatus.CANCELLED, reason=Reason.CANCELLED_BY_PERSON
        )
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
    attachment: str | None = None,
) -> bool:
    """Zalo's echo of a message of ours: proof that it was sent, and its id.

    It often comes before the answer of the call, and it is the only proof when that answer
    was lost. A row without id is recognised by person, digest of the text
    (``inbound.text_digest``) and time: an echo of an equal, earlier text is too old. One
    with a picture or a file is recognised by the kind of its ``attachment``, and by the
    caption if the echo has one.
    """
    known = find_sent(session, oa_id, message_id)
    row = known or _uncertain_row(session, oa_id, user_id, text_sha256, at, attachment)
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
    contact = session.get(Contact, contact_id)
    if contact is not None and contact.unreachable_reason is not None:
        contact.unreachable_reason = None
    if session.execute(_some_parked(), {"contact": contact_id}).first() is None:
        return 0  # nearly always: this runs with every message of every person
    expire_parked(session, now, contact_id)
    released = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id) == contact_id,
            col(OutboxMessage.status) == MessageStatus.PARKED,
        )
        .values(status=MessageStatus.WAITING, reason=None, due_at=now, attempts=0)
    )
    return released.rowcount


def release_unpaid(session: Session, oa_id: str, lane: Lane, now: datetime) -> int:
    """There is money again: what was parked for want of it may try; rows released."""
    released = session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.oa_id) == oa_id,
            col(OutboxMessage.lane) == lane,
            col(OutboxMessage.status) == MessageStatus.PARKED,
            col(OutboxMessage.reason).in_([Reason.PAID_WINDOW, Reason.BUDGET_USED_UP]),
        )
        .values(status=MessageStatus.WAITING, reason=None, due_at=now)
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
    session: Session,
    oa_id: str,
    user_id: str,
    text_sha256: str | None,
    at: datetime,
    attachment: str | None,
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
        if is_ours and _is_echo_of(row, text_sha256, attachment):
            return row
    return None


def _is_echo_of(
    row: OutboxMessage, text_sha256: str | None, attachment: str | None
) -> bool:
    asset = row.content.get("asset")
    if asset is None:
        return digest_of(row) == text_sha256
    is_same_kind = asset["kind"] == attachment
    return is_same_kind and text_sha256 in (None, digest_of(row))


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


# --- rows -----------------------------------------------------------------


def is_open(row: type[OutboxMessage]) -> ColumnElement[bool]:
    """In the very words of the partial indexes, or SQLite does not use them."""
    words: list[ColumnElement[str]] = [
        literal_column("'waiting'"),
        literal_column("'sending'"),
    ]
    return col(row.status).in_(words)


def unsent(session: Session) -> list[tuple[Lane, MessageStatus, int, datetime]]:
    """What has not left: by lane and status how many, and since when the oldest is due."""
    rows = session.execute(
        select(
            col(OutboxMessage.lane),
            col(OutboxMessage.status),
            func.count(),
            func.min(col(OutboxMessage.due_at)),
        )
        .where(text(UNSENT))
        .group_by(col(OutboxMessage.lane), col(OutboxMessage.status))
    )
    return [(lane, status, count, due_at) for lane, status, count, due_at in rows]


# --- statements that run with every answer: built once, that takes longer than running ------


@cache
def _some_parked() -> Executable:
    return (
        select(OutboxMessage.id)
        .where(
            col(OutboxMessage.contact_id) == bindparam("contact"),
            col(OutboxMessage.status) == MessageStatus.PARKED,
        )
        .limit(1)
    )


@cache
def _with_key() -> Executable:
    return select(OutboxMessage.id).where(
        col(OutboxMessage.dedupe_key) == bindparam("key")
    )


@cache
def _new_rows(is_sqlite: bool) -> Executable:
    """A row another process added in this moment is left alone."""
    insert = sqlite.insert if is_sqlite else postgresql.insert
    table = table_of(OutboxMessage)
    return insert(table).on_conflict_do_nothing(index_elements=["dedupe_key"])


def _is_known(session: Session, key: str) -> bool:
    found = session.execute(_with_key(), {"key": f"{key}:0"})
    return found.first() is not None


def _insert_new(session: Session, rows: list[dict[str, Any]]) -> int:
    connection = session.connection()
    statement = _new_rows(connection.dialect.name == "sqlite")
    counted = {"preserve_rowcount": True}  # else unknown (-1) at PostgreSQL
    return connection.execute(statement, rows, execution_options=counted).rowcount
