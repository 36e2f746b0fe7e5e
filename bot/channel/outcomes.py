"""What became of a claimed row, written in one short transaction.

A proven send always wins: it is recorded even when the row was taken away meanwhile.
Anything else is recorded only while the row is still in the hands of the one who reports
(same lease), so that a late "failed" cannot undo what others found out since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Delete, Update, bindparam, literal_column
from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.channel import money
from bot.channel.claiming import ClaimedMessage
from bot.channel.outbox import STARTED, Reason
from bot.channel.zalo.errors import Call
from bot.db import table_of
from models import (
    Account,
    ApiGeneration,
    Contact,
    MessageStatus,
    OutboxMessage,
    SendAttempt,
)

_ATTEMPTS = table_of(SendAttempt)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The row's next status, and what was learned about its account and person."""

    status: MessageStatus
    reason: Reason | None = None
    due_at: datetime | None = None  # WAITING: when to try again
    look_again_at: datetime | None = None  # SENDING: when to look for it
    is_blameless: bool = False  # the attempt does not count: not this row's fault
    zalo_message_id: str | None = None
    sent_at: datetime | None = None
    calls: Sequence[Call] = ()
    generation: ApiGeneration | None = None
    refuses_buttons: bool = False
    was_free: bool = False  # SENT: Zalo charged nothing
    may_have_left: bool = False  # not SENT, but nobody knows: its price stays set aside
    pause_account_until: datetime | None = None
    unreachable_reason: Reason | None = None


def begin_attempts(
    session: Session, messages: Sequence[ClaimedMessage], now: datetime
) -> None:
    """Write down that calls are about to begin, before they do."""
    session.add_all(
        SendAttempt(
            message_id=message.id,
            started_at=now,
            duration_ms=0,
            endpoint="",
            outcome=STARTED,
        )
        for message in messages
    )


def record_outcome(
    session: Session, message: ClaimedMessage, outcome: Outcome, now: datetime
) -> MessageStatus:
    """Write the outcome; the row's status afterwards."""
    row = session.exec(_row_to_change(), params={"message": message.id}).first()
    _learn(session, message, outcome)
    if row is None:  # the person was erased in this moment
        return MessageStatus.CANCELLED
    _record_calls(session, message, outcome.calls)
    if outcome.status == MessageStatus.SENT:
        _record_sent(row, outcome, now)
        money.settle(session, row, is_spent=not outcome.was_free)
    elif row.status == MessageStatus.SENDING and row.lease_until == message.lease_until:
        _record_other(row, outcome)
        if outcome.status != MessageStatus.SENDING:
            money.settle(session, row, is_spent=outcome.may_have_left)
    session.add(row)
    return MessageStatus(row.status)


@cache
def _row_to_change() -> SelectOfScalar[OutboxMessage]:
    return (
        select(OutboxMessage)
        .where(col(OutboxMessage.id) == bindparam("message"))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _record_sent(row: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    row.zalo_message_id = row.zalo_message_id or outcome.zalo_message_id
    row.sent_at = row.sent_at or outcome.sent_at or now
    row.lease_until = None
    if row.status in (MessageStatus.DELIVERED, MessageStatus.SEEN):
        return
    row.status = MessageStatus.SENT
    row.reason = outcome.reason


def _record_other(row: OutboxMessage, outcome: Outcome) -> None:
    row.status = outcome.status
    row.reason = outcome.reason
    row.due_at = outcome.due_at or row.due_at
    row.lease_until = outcome.look_again_at
    if outcome.is_blameless:
        row.attempts -= 1


def _record_calls(
    session: Session, message: ClaimedMessage, calls: Sequence[Call]
) -> None:
    """Each call gets its row; the first takes over the one written before it."""
    connection = session.connection()
    begun = {"message": message.id, "begun_at": message.claimed_at}
    if not calls:
        connection.execute(_forget_attempt(), begun)
        return
    first, *further = calls
    taken_over = connection.execute(_take_over_attempt(), begun | _fields_of(first))
    if not taken_over.rowcount:
        further = list(calls)
    started_at = message.claimed_at
    for call in further:
        started_at += timedelta(milliseconds=call.duration_ms)
        session.add(
            SendAttempt(
                message_id=message.id, started_at=started_at, **_fields_of(call)
            )
        )


@cache
def _take_over_attempt() -> Update:
    """Built once, as what is asked for each message: building takes longer than running."""
    return update(_ATTEMPTS).where(*_begun())


@cache
def _forget_attempt() -> Delete:
    return delete(_ATTEMPTS).where(*_begun())


def _begun() -> tuple[ColumnElement[bool], ...]:
    return (
        _ATTEMPTS.c.message_id == bindparam("message"),
        _ATTEMPTS.c.outcome == literal_column(f"'{STARTED}'"),
        _ATTEMPTS.c.started_at == bindparam("begun_at"),
    )


def _fields_of(call: Call) -> dict[str, Any]:
    return {
        "duration_ms": call.duration_ms,
        "endpoint": call.endpoint,
        "http_status": call.http_status,
        "zalo_code": call.code,
        "outcome": call.outcome,
    }


def _learn(session: Session, message: ClaimedMessage, outcome: Outcome) -> None:
    learned: dict[str, object] = {}
    if outcome.generation and outcome.generation != message.api_generation:
        learned["api_generation"] = outcome.generation
    if outcome.refuses_buttons:
        learned["takes_buttons"] = False
    if outcome.pause_account_until:
        learned["paused_until"] = outcome.pause_account_until
        learned["pause_reason"] = outcome.reason
    if learned:
        session.exec(
            update(Account).where(col(Account.oa_id) == message.oa_id).values(**learned)
        )
    if outcome.unreachable_reason:
        session.exec(
            update(Contact)
            .where(col(Contact.id) == message.contact_id)
            .values(unreachable_reason=outcome.unreachable_reason)
        )
