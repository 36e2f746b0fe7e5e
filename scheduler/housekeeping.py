"""Deleting what is over: words after 90 days, rows of finished work after a year."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Text, and_, cast, delete, or_, select, update
from sqlmodel import Session, col

from bot.channel import outbox
from bot.editing import imports
from bot.feedback import forgetting, pictures
from bot.outreach import own_reminders
from bot.surveys import answering
from models import (
    Absence,
    Alarm,
    AlarmNotice,
    ConsentRequest,
    Conversation,
    DashboardSession,
    EventStatus,
    FoundItem,
    Handover,
    JobRun,
    LoginLink,
    MessageStatus,
    OutboxMessage,
    Reminder,
    SendAttempt,
    UnansweredQuestion,
    WebhookEvent,
    WorkerBeat,
)
from scheduler.clockwork import Result, Workshop

# No statute sets a time for chat logs; ninety days is the owner's choice, told to people
# in the privacy notice. Dead letters keep their payload until somebody decided.
WORDS_KEPT_FOR = timedelta(days=90)
ROWS_KEPT_FOR = timedelta(days=365)
# What is small and frequent: a job of every minute leaves half a million rows a year.
BRIEFLY_KEPT_FOR = timedelta(days=7)

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
        "handovers": _handovers,
        "feedback": forgetting.forget_old,
        "survey_sheets": answering.forget_old,
        "job_runs": _job_runs,
        "consent_requests": _consent_requests,
        "alarms": _alarms,
        "found_items": _found_items,
        "own_reminders": _own_reminders,
        "worker_beats": _worker_beats,
        "reminders": _reminders,
        "logins": _logins,
        "imports": imports.forget_expired,
    }
    result = {}
    for name, step in steps.items():
        with workshop.database.writing() as session:
            result[name] = step(session, now)
    if workshop.feedback_files is not None:
        swept = pictures.sweep(workshop.database, workshop.feedback_files)
        result["feedback_pictures"] = swept
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
            cast(col(OutboxMessage.content), Text)
            != "{}",  # PostgreSQL compares no JSON
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


def _handovers(session: Session, now: datetime) -> int:
    return _count(
        session,
        delete(Handover).where(col(Handover.asked_at) < now - ROWS_KEPT_FOR),
    )


def _job_runs(session: Session, now: datetime) -> int:
    is_slot = col(JobRun.period).contains("T")  # "2026-03-02T10:40": several a day
    return _count(
        session,
        delete(JobRun).where(
            or_(
                col(JobRun.started_at) < now - ROWS_KEPT_FOR,
                and_(is_slot, col(JobRun.started_at) < now - BRIEFLY_KEPT_FOR),
            )
        ),
    )


def _consent_requests(session: Session, now: datetime) -> int:
    """A link that comes again a few days later is still told that it was used."""
    return _count(
        session,
        delete(ConsentRequest).where(
            col(ConsentRequest.expires_at) < now - BRIEFLY_KEPT_FOR
        ),
    )


def _alarms(session: Session, now: datetime) -> int:
    over = select(col(Alarm.id)).where(col(Alarm.ended_at) < now - ROWS_KEPT_FOR)
    notices = delete(AlarmNotice).where(col(AlarmNotice.alarm_id).in_(over))
    session.execute(notices)
    return _count(session, delete(Alarm).where(col(Alarm.id).in_(over)))


def _found_items(session: Session, now: datetime) -> int:
    """Posts that were no credit; so old that they are not judged again."""
    return _count(
        session,
        delete(FoundItem).where(
            col(FoundItem.first_seen_at) < now - ROWS_KEPT_FOR,
            col(FoundItem.proof_id).is_(None),
        ),
    )


def _reminders(session: Session, now: datetime) -> int:
    """Also who was away when."""
    day = (now - ROWS_KEPT_FOR).date()
    session.execute(delete(Absence).where(col(Absence.until_on) < day))
    return _count(session, delete(Reminder).where(col(Reminder.day_on) < day))


def _own_reminders(session: Session, now: datetime) -> int:
    """Written, or cancelled and not taken back."""
    return own_reminders.forget_old(session, now - BRIEFLY_KEPT_FOR)


def _worker_beats(session: Session, now: datetime) -> int:
    """Each start of a worker leaves one."""
    return _count(
        session,
        delete(WorkerBeat).where(col(WorkerBeat.beat_at) < now - BRIEFLY_KEPT_FOR),
    )


def _logins(session: Session, now: datetime) -> int:
    """Links and sessions of the dashboard; who came and went is in the audit log."""
    old = now - BRIEFLY_KEPT_FOR
    return sum(
        _count(session, delete(table).where(col(table.created_at) < old))
        for table in (LoginLink, DashboardSession)
    )


def _count(session: Session, statement: Any) -> int:
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
