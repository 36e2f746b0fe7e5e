"""Deleting what is over: words after 90 days, rows of finished work after a year."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select, update
from sqlmodel import Session, col

from bot.channel import outbox
from models import (
    Conversation,
    EventStatus,
    JobRun,
    MessageStatus,
    OutboxMessage,
    SendAttempt,
    UnansweredQuestion,
    WebhookEvent,
)
from scheduler.clockwork import Result, Workshop

# No statute sets a time for chat logs; ninety days is the owner's choice, told to people
# in the privacy notice. Dead letters keep their payload until somebody decided.
WORDS_KEPT_FOR = timedelta(days=90)
ROWS_KEPT_FOR = timedelta(days=365)

_OVER = (
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.SEEN,
    MessageStatus.EXPIRED,
    MessageStatus.CANCELLED,
    MessageStatus.UNREACHABLE,
    MessageStatus.REFUSED,
)


def prune(workshop: Workshop, now: datetime) -> Result:
    """Each kind in its own short transaction; counts of what went."""
    steps = {
        "conversations": _conversations,
        "parked": outbox.expire_parked,
        "event_words": _event_words,
        "message_words": _message_words,
        "attempts": _attempts,
        "questions": _questions,
        "job_runs": _job_runs,
    }
    result = {}
    for name, step in steps.items():
        with workshop.database.writing() as session:
            result[name] = step(session, now)
    return result


def _conversations(session: Session, now: datetime) -> int:
    return _count(
        session, delete(Conversation).where(col(Conversation.expires_at) < now)
    )


def _event_words(session: Session, now: datetime) -> int:
    return _count(
        session,
        update(WebhookEvent)
        .where(
            col(WebhookEvent.received_at) < now - WORDS_KEPT_FOR,
            col(WebhookEvent.status).in_((EventStatus.DONE, EventStatus.IGNORED)),
            col(WebhookEvent.reason) != "pruned",
        )
        .values(payload={}, reason="pruned"),
    )


def _message_words(session: Session, now: datetime) -> int:
    return _count(
        session,
        update(OutboxMessage)
        .where(
            col(OutboxMessage.created_at) < now - WORDS_KEPT_FOR,
            col(OutboxMessage.status).in_(_OVER),
            col(OutboxMessage.content) != {},
        )
        .values(content={}),
    )


def _attempts(session: Session, now: datetime) -> int:
    old = select(col(OutboxMessage.id)).where(
        col(OutboxMessage.created_at) < now - ROWS_KEPT_FOR
    )
    return _count(
        session, delete(SendAttempt).where(col(SendAttempt.message_id).in_(old))
    )


def _questions(session: Session, now: datetime) -> int:
    return _count(
        session,
        delete(UnansweredQuestion).where(
            col(UnansweredQuestion.asked_at) < now - ROWS_KEPT_FOR
        ),
    )


def _job_runs(session: Session, now: datetime) -> int:
    return _count(
        session, delete(JobRun).where(col(JobRun.started_at) < now - ROWS_KEPT_FOR)
    )


def _count(session: Session, statement: Any) -> int:
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
